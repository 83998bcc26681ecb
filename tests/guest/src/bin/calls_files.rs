//! Descriptors: open, close, read, write, lseek, dup, fcntl, ioctl, pipe,
//! select, fstat.

#![no_std]
#![no_main]
use abi::Timeval;
use guest::{child, prelude::*};
use signal::{Action, SIGPIPE, SIGUSR1};

cases! {
    "calls_files";
    bad_descriptors, bad_addresses, modes, counts, positions, duplicates, flags, all_descriptors,
    creating, pipes, pipe_without_reader, terminals_and_others, selecting, select_waits,
    select_many_times, fstat_tells
}

const BAD: usize = 0x200_0000;

fn raw(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: addresses are of this program's own buffers, or bad on purpose.
    unsafe { sys::call(nr, a, b, c) }
}

fn bad_descriptors() -> Outcome {
    for fd in [19, 20, 64, -1, i32::MIN] {
        fails!(sys::read(fd, &mut [0]), EBADF);
        fails!(sys::write(fd, &[0]), EBADF);
        fails!(sys::lseek(fd, 0, 0), EBADF);
        fails!(sys::close(fd), EBADF);
        fails!(sys::dup(fd), EBADF);
        fails!(sys::dup2(fd, 5), EBADF);
        fails!(sys::fcntl(fd, sys::F_GETFL, 0), EBADF);
        fails!(raw(Nr::Ioctl, fd as usize, 0x5401, 0), EBADF);
        fails!(sys::fstat(fd), EBADF);
    }
    fails!(sys::dup2(1, 20), EBADF);
    fails!(sys::dup2(1, -1), EBADF);
    Ok(())
}

fn bad_addresses() -> Outcome {
    let fd = sys::open("/etc/passwd", sys::O_RDONLY, 0)?;
    let out = sys::creat("/tmp/bad", 0o600)?;
    for address in [BAD, 0x400_0000, 0x7fff_ffff, usize::MAX - 3] {
        fails!(raw(Nr::Read, fd as usize, address, 10), EFAULT);
        fails!(raw(Nr::Write, out as usize, address, 10), EFAULT);
        fails!(raw(Nr::Fstat, fd as usize, address, 0), EFAULT);
        fails!(raw(Nr::Pipe, address, 0, 0), EFAULT);
        fails!(raw(Nr::Open, address, 0, 0), EFAULT);
        fails!(raw(Nr::Select, address, 0, 0), EFAULT);
    }
    equal!(sys::fstat(out)?.size, 0);
    sys::close(fd)?;
    sys::close(out)?;
    sys::unlink("/tmp/bad")?;
    Ok(())
}

/// Descriptors do what they were opened for.
fn modes() -> Outcome {
    let path = "/tmp/modes";
    let write = sys::creat(path, 0o600)?;
    fails!(sys::read(write, &mut [0]), EBADF);
    equal!(sys::write(write, b"abc")?, 3);
    let read = sys::open(path, sys::O_RDONLY, 0)?;
    fails!(sys::write(read, b"x"), EBADF);
    let both = sys::open(path, sys::O_RDWR, 0)?;
    equal!(sys::write(both, b"A")?, 1);
    let mut text = [0; 8];
    equal!(sys::read(both, &mut text)?, 2);
    equal!(sys::read(read, &mut text)?, 3);
    equal!(text[..3], *b"Abc");
    for fd in [write, read, both] {
        sys::close(fd)?;
    }
    sys::unlink(path)?;
    Ok(())
}

fn counts() -> Outcome {
    let fd = sys::open("/tmp/counts", sys::O_RDWR | sys::O_CREAT, 0o600)?;
    let mut byte = [0u8];
    fails!(
        raw(
            Nr::Read,
            fd as usize,
            byte.as_mut_ptr().expose_provenance(),
            usize::MAX
        ),
        EINVAL
    );
    fails!(
        raw(
            Nr::Write,
            fd as usize,
            byte.as_ptr().expose_provenance(),
            usize::MAX
        ),
        EINVAL
    );
    equal!(sys::write(fd, &[])?, 0);
    equal!(sys::read(fd, &mut [])?, 0);
    equal!(sys::read(fd, &mut byte)?, 0, "the end");
    sys::close(fd)?;
    sys::unlink("/tmp/counts")?;
    Ok(())
}

fn positions() -> Outcome {
    let fd = sys::open("/tmp/positions", sys::O_RDWR | sys::O_CREAT, 0o600)?;
    equal!(sys::lseek(fd, 5000, sys::SEEK_SET)?, 5000);
    equal!(sys::write(fd, b"end")?, 3);
    equal!(sys::lseek(fd, -3, sys::SEEK_END)?, 5000);
    equal!(sys::lseek(fd, -4990, sys::SEEK_CUR)?, 10);
    let mut hole = [7; 10];
    equal!(sys::read(fd, &mut hole)?, 10);
    equal!(hole, [0; 10]);
    fails!(sys::lseek(fd, -1, sys::SEEK_SET), EINVAL);
    fails!(sys::lseek(fd, -21, sys::SEEK_CUR), EINVAL);
    fails!(sys::lseek(fd, i32::MAX, sys::SEEK_END), EINVAL);
    fails!(sys::lseek(fd, 0, 3), EINVAL);
    equal!(
        sys::lseek(fd, 0, sys::SEEK_CUR)?,
        20,
        "failures move nothing"
    );
    sys::close(fd)?;
    let (from, to) = sys::pipe()?;
    fails!(sys::lseek(from, 0, 0), ESPIPE);
    fails!(sys::lseek(to, 0, 0), ESPIPE);
    sys::close(from)?;
    sys::close(to)?;
    sys::unlink("/tmp/positions")?;
    Ok(())
}

fn duplicates() -> Outcome {
    let fd = sys::open("/tmp/dup", sys::O_RDWR | sys::O_CREAT, 0o600)?;
    let twin = sys::dup(fd)?;
    sys::write(fd, b"12345")?;
    equal!(sys::lseek(twin, 0, sys::SEEK_CUR)?, 5, "one position");
    equal!(sys::dup2(fd, twin)?, twin);
    equal!(sys::dup2(fd, fd)?, fd);
    fails!(sys::dup2(19, twin), EBADF);
    equal!(sys::lseek(twin, 0, sys::SEEK_CUR)?, 5, "still open");
    equal!(sys::fcntl(fd, sys::F_DUPFD, 15)?, 15);
    fails!(sys::fcntl(fd, sys::F_DUPFD, 20), EINVAL);
    fails!(sys::fcntl(fd, sys::F_DUPFD, -1), EINVAL);
    sys::close(15)?;
    sys::close(twin)?;
    sys::close(fd)?;
    sys::unlink("/tmp/dup")?;
    Ok(())
}

fn flags() -> Outcome {
    let fd = sys::open("/tmp/flags", sys::O_RDWR | sys::O_CREAT, 0o600)?;
    equal!(sys::fcntl(fd, sys::F_GETFL, 0)?, sys::O_RDWR);
    equal!(sys::fcntl(fd, sys::F_GETFD, 0)?, 0);
    sys::fcntl(fd, sys::F_SETFD, 1)?;
    equal!(sys::fcntl(fd, sys::F_GETFD, 0)?, 1);
    let twin = sys::dup(fd)?;
    equal!(
        sys::fcntl(twin, sys::F_GETFD, 0)?,
        0,
        "a duplicate stays open on exec"
    );
    sys::write(fd, b"123")?;
    sys::fcntl(fd, sys::F_SETFL, sys::O_APPEND | sys::O_CREAT | 3)?;
    equal!(
        sys::fcntl(twin, sys::F_GETFL, 0)?,
        sys::O_RDWR | sys::O_APPEND,
        "one file"
    );
    sys::lseek(fd, 0, sys::SEEK_SET)?;
    sys::write(twin, b"45")?;
    equal!(sys::fstat(fd)?.size, 5);
    fails!(sys::fcntl(fd, 99, 0), EINVAL);
    let shell = format!("exec 3>&-; echo x >&{fd}");
    let child = Child::exec("/bin/sh", &["-c", &shell])?;
    check!(child.code()? != 0, "closed on exec");
    let shell = format!("echo x >&{twin}");
    equal!(Child::exec("/bin/sh", &["-c", &shell])?.code()?, 0);
    equal!(sys::fstat(fd)?.size, 7);
    sys::close(fd)?;
    sys::close(twin)?;
    sys::unlink("/tmp/flags")?;
    Ok(())
}

fn all_descriptors() -> Outcome {
    let first = sys::dup(0)?;
    let mut last = first;
    while let Ok(fd) = sys::dup(0) {
        last = fd;
    }
    equal!(last, 19);
    fails!(sys::dup(0), EMFILE);
    fails!(sys::fcntl(0, sys::F_DUPFD, 0), EMFILE);
    fails!(sys::open("/etc/passwd", 0, 0), EMFILE);
    fails!(sys::pipe(), EMFILE);
    sys::close(7)?;
    fails!(sys::pipe(), EMFILE); // one is not enough
    equal!(sys::dup(0)?, 7, "the lowest");
    for fd in first..20 {
        sys::close(fd)?;
    }
    Ok(())
}

fn creating() -> Outcome {
    let path = "/tmp/creating";
    fails!(sys::open(path, sys::O_RDWR, 0), ENOENT);
    let old = sys::umask(0o27);
    let fd = sys::open(path, sys::O_RDWR | sys::O_CREAT | sys::O_EXCL, 0o6666)?;
    sys::umask(old);
    equal!(sys::fstat(fd)?.mode, 0o106640);
    fails!(sys::open(path, sys::O_CREAT | sys::O_EXCL, 0), EEXIST);
    sys::write(fd, &[1; 3000])?;
    let again = sys::creat(path, 0)?;
    equal!(sys::fstat(fd)?.size, 0, "emptied");
    equal!(
        sys::fstat(fd)?.mode,
        0o106640,
        "an existing file keeps its mode"
    );
    sys::close(again)?;
    sys::close(fd)?;
    sys::unlink(path)?;
    fails!(sys::open("/tmp", sys::O_RDWR, 0), EISDIR);
    fails!(sys::open("/", sys::O_WRONLY, 0), EISDIR);
    fails!(sys::creat("/tmp", 0o600), EISDIR);
    fails!(sys::open("/tmp/a/b", sys::O_CREAT, 0), ENOENT);
    fails!(sys::open("/etc/passwd/x", 0, 0), ENOTDIR);
    fails!(sys::open("", 0, 0), ENOENT);
    fails!(sys::open([b'x'; 1023], 0, 0), ENOENT);
    let long: Vec<u8> = core::iter::repeat_n(b'/', 2000).chain(*b"\0").collect();
    fails!(
        raw(Nr::Open, long.as_ptr().expose_provenance(), 0, 0),
        ENAMETOOLONG
    );
    sys::mknod("/tmp/nodev", 0o020666, abi::makedev(77, 0))?;
    match sys::open("/tmp/nodev", 0, 0) {
        Ok(fd) => {
            check!(
                sys::read(fd, &mut [0]).is_err(),
                "a device that is not there"
            );
            sys::close(fd)?;
        }
        Err(error) => equal!(error, Errno::ENXIO),
    }
    sys::unlink("/tmp/nodev")?;
    sys::mknod("/tmp/fifo", 0o010666, 0)?;
    fails!(
        sys::open("/tmp/fifo", sys::O_WRONLY | sys::O_NONBLOCK, 0),
        ENXIO
    );
    sys::unlink("/tmp/fifo")?;
    // A program that runs cannot be written to.
    let (go, child) = (Gate::new()?, Gate::new()?);
    let sleeper = Child::exec("/bin/sleep", &["5"])?;
    let busy = child::until(100, || {
        sys::open("/bin/sleep", sys::O_WRONLY, 0)
            .map(sys::close)
            .err()
            == Some(Errno::ETXTBSY)
    });
    check!(busy, "sleep runs");
    fails!(sys::open("/bin/sleep", sys::O_RDWR, 0), ETXTBSY);
    fails!(sys::creat("/bin/sleep", 0), ETXTBSY);
    drop(sleeper);
    go.close();
    child.close();
    Ok(())
}

fn pipes() -> Outcome {
    let (from, to) = sys::pipe()?;
    fails!(sys::write(from, b"x"), EBADF);
    fails!(sys::read(to, &mut [0]), EBADF);
    equal!(sys::write(to, b"hello")?, 5);
    let mut text = [0; 100];
    equal!(sys::read(from, &mut text)?, 5, "what there is");
    sys::fcntl(from, sys::F_SETFL, sys::O_NONBLOCK)?;
    sys::fcntl(to, sys::F_SETFL, sys::O_NONBLOCK)?;
    fails!(sys::read(from, &mut text), EAGAIN);
    while sys::write(to, &[1; 512]).is_ok() {}
    fails!(sys::write(to, &[1; 512]), EAGAIN);
    let child = Child::run(|| {
        let _ = sys::close(to);
        let _ = sys::fcntl(from, sys::F_SETFL, 0);
        let mut total = 0;
        while let Ok(count @ 1..) = sys::read(from, &mut [0; 1000]) {
            total += count;
        }
        i32::from(total < 3584)
    })?;
    sys::close(to)?;
    child.pass()?; // it has seen the end
    sys::close(from)?;
    Ok(())
}

fn pipe_without_reader() -> Outcome {
    let (from, to) = sys::pipe()?;
    sys::close(from)?;
    equal!(death(|| _ = sys::write(to, b"x"))?, SIGPIPE);
    signal::set(SIGPIPE, Action::Ignore)?;
    fails!(sys::write(to, b"x"), EPIPE);
    sys::close(to)?;
    Ok(())
}

fn terminals_and_others() -> Outcome {
    const TCGETS: usize = 0x5401;
    let mut settings = abi::Termios::default();
    let address = (&raw mut settings).expose_provenance();
    let tty = sys::open(
        "/dev/tty2",
        sys::O_RDWR | sys::O_NOCTTY | sys::O_NONBLOCK,
        0,
    )?;
    raw(Nr::Ioctl, tty as usize, TCGETS, address)?;
    fails!(raw(Nr::Ioctl, tty as usize, TCGETS, BAD), EFAULT);
    fails!(raw(Nr::Ioctl, tty as usize, 0x5499, address), EINVAL);
    fails!(sys::read(tty, &mut [0]), EAGAIN);
    fails!(sys::lseek(tty, 0, 0), ESPIPE);
    // The group in front can be set by a process of the terminal's session.
    fails!(raw(Nr::Ioctl, tty as usize, 0x5410, address), ENOTTY);
    sys::close(tty)?;
    let file = sys::open("/etc/passwd", 0, 0)?;
    fails!(raw(Nr::Ioctl, file as usize, TCGETS, address), ENOTTY);
    sys::close(file)?;
    let null = sys::open("/dev/null", sys::O_RDWR, 0)?;
    fails!(raw(Nr::Ioctl, null as usize, TCGETS, address), ENOTTY);
    sys::close(null)?;
    let peep = sys::open("/dev/peep", 0, 0)?;
    fails!(raw(Nr::Ioctl, peep as usize, 0x1234, 0), EINVAL);
    Child::test(|| {
        sys::setuid(1000)?;
        fails!(raw(Nr::Ioctl, peep as usize, 0x7001, 0), EPERM);
        Ok(())
    })?
    .pass()?;
    sys::close(peep)?;
    let full = sys::open("/dev/full", sys::O_WRONLY, 0)?;
    fails!(sys::write(full, b"x"), ENOSPC);
    sys::close(full)?;
    Ok(())
}

/// Sets of descriptors as select takes them.
fn select(width: i32, sets: [u32; 2], ticks: Option<i32>) -> Result<(i32, [u32; 2], Timeval)> {
    let [mut read, mut write] = sets;
    let mut time = ticks.map(|t| Timeval {
        sec: t / 100,
        usec: t % 100 * 10_000,
    });
    let count = sys::select(
        width,
        Some(&mut read),
        Some(&mut write),
        None,
        time.as_mut(),
    )?;
    Ok((count, [read, write], time.unwrap_or_default()))
}

fn selecting() -> Outcome {
    let (from, to) = sys::pipe()?;
    let (r, w) = (1 << from, 1 << to);
    equal!(select(20, [r, w], Some(0))?.1, [0, w], "empty");
    sys::write(to, b"x")?;
    equal!(select(20, [r, w], Some(0))?.1, [r, w]);
    equal!(select(20, [r, w], None)?.0, 2);
    equal!(
        select(from + 1, [r, w], None)?.1,
        [r, 0],
        "the width counts"
    );
    sys::fcntl(to, sys::F_SETFL, sys::O_NONBLOCK)?;
    while sys::write(to, &[1; 512]).is_ok() {}
    while sys::write(to, &[1]).is_ok() {}
    equal!(select(20, [r, w], Some(0))?.1, [r, 0], "full");
    let file = sys::open("/etc/passwd", 0, 0)?;
    let f = 1 << file;
    equal!(
        select(20, [f, f], None)?.1,
        [f, f],
        "files are always ready"
    );
    sys::close(to)?;
    while sys::read(from, &mut [0; 512])? != 0 {}
    equal!(
        select(20, [r, 0], None)?.1,
        [r, 0],
        "the end is something to read"
    );
    sys::close(from)?;
    fails!(sys::select(20, Some(&mut { r }), None, None, None), EBADF);
    fails!(sys::select(-1, None, None, None, None), EINVAL);
    let mut wrong = Timeval {
        sec: 0,
        usec: 1_000_000,
    };
    fails!(sys::select(0, None, None, None, Some(&mut wrong)), EINVAL);
    wrong = Timeval { sec: -1, usec: 0 };
    fails!(sys::select(0, None, None, None, Some(&mut wrong)), EINVAL);
    sys::close(file)?;
    Ok(())
}

fn select_waits() -> Outcome {
    let (from, to) = sys::pipe()?;
    let r = 1 << from;
    let start = child::ticks_now();
    let (count, sets, left) = select(20, [r, 0], Some(20))?;
    equal!((count, sets, left.sec, left.usec), (0, [0, 0], 0, 0));
    let waited = child::ticks_now() - start;
    check!((19..30).contains(&waited), "{waited} ticks");
    let child = Child::run(|| {
        nap(10);
        i32::from(sys::write(to, b"x") != Ok(1))
    })?;
    let (count, sets, left) = select(20, [r, 0], Some(500))?;
    equal!((count, sets), (1, [r, 0]));
    check!(left.sec >= 3 && left.sec < 5, "left: {left:?}");
    child.pass()?;
    let father = sys::getpid();
    extern "C" fn nothing(_: i32) {}
    signal::set(SIGUSR1, Action::Handler(nothing))?;
    let child = Child::run(|| {
        nap(10);
        i32::from(sys::kill(father, SIGUSR1).is_err())
    })?;
    fails!(sys::select(0, None, None, None, None), EINTR);
    child.pass()?;
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

/// Long times that are not waited for leave nothing behind.
fn select_many_times() -> Outcome {
    let (from, to) = sys::pipe()?;
    for _ in 0..100 {
        equal!(select(20, [0, 1 << to], Some(100_000))?.0, 1);
    }
    let children: Vec<Child> = (0..20)
        .map(|_| Child::run(|| select(0, [0, 0], Some(15)).map_or(1, |r| r.0)))
        .collect::<Result<_>>()?;
    for child in children {
        child.pass()?;
    }
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

fn fstat_tells() -> Outcome {
    let (from, to) = sys::pipe()?;
    equal!(sys::fstat(from)?.mode & 0o170000, 0o010000);
    sys::close(from)?;
    sys::close(to)?;
    let null = sys::open("/dev/null", 0, 0)?;
    let stat = sys::fstat(null)?;
    equal!(
        (stat.mode & 0o170000, stat.rdev),
        (0o020000, abi::makedev(1, 3))
    );
    equal!(stat.ino, sys::stat("/dev/null")?.ino);
    sys::close(null)?;
    Ok(())
}
