//! fork, exec, exit, wait, and what happens when there is no more of something.

#![no_std]
#![no_main]
use guest::{child, prelude::*};
use rt::sys::StrVec;

cases! {
    "calls_procs";
    exit_codes, waiting, no_more_slots, no_more_memory, exec_errors, scripts, exec_busy,
    all_files, full_disk, no_more_inodes
}

const BAD: usize = 0x200_0000;

fn raw(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: addresses are of this program's own buffers, or bad on purpose.
    unsafe { sys::call(nr, a, b, c) }
}

/// An exec that must fail.
fn exec(path: &str, arg: &[u8]) -> Result<()> {
    let argv: StrVec = [path.as_bytes(), arg].iter().collect();
    Err(sys::execve(path, &argv, &StrVec::new()))
}

fn exit_codes() -> Outcome {
    for code in [0, 1, 127, 255, 256, 511, -1] {
        let child = Child::run(|| {
            let _ = raw(Nr::Exit, code as usize, 0, 0);
            99
        })?;
        equal!(child.wait()?.0, (code & 0xff) << 8);
    }
    Ok(())
}

fn waiting() -> Outcome {
    fails!(sys::waitpid(-1, 0), ECHILD);
    fails!(sys::waitpid(31_999, 0), ECHILD);
    fails!(sys::waitpid(1, sys::WNOHANG), ECHILD);
    let (go, child) = sleeper()?;
    equal!(sys::waitpid(-1, sys::WNOHANG)?.0, 0);
    fails!(sys::waitpid(-31_999, 0), ECHILD); // no child in that group
    go.open();
    // The status cannot be stored: the child is still there afterwards.
    check!(child::until(100, || {
        raw(Nr::Waitpid, child.pid as usize, BAD, sys::WNOHANG as usize) == Err(Errno::EFAULT)
    }));
    equal!(
        raw(Nr::Waitpid, -1i32 as usize, 0, 0)?,
        child.pid as usize,
        "no address: no status"
    );
    fails!(sys::waitpid(child.pid, 0), ECHILD);
    core::mem::forget(child);
    // Blocking or ignoring SIGCHLD changes nothing.
    sys::ssetmask(signal::bit(signal::SIGCHLD));
    Child::run(|| 0)?.pass()?;
    sys::ssetmask(0);
    signal::set(signal::SIGCHLD, signal::Action::Ignore)?;
    Child::run(|| 0)?.pass()?;
    // An orphan's father is init.
    let (from, to) = sys::pipe()?;
    Child::run(|| {
        let orphan = Child::run(|| {
            child::until(100, || sys::getppid() == 1);
            let _ = sys::write(to, &[sys::getppid() as u8]);
            0
        });
        core::mem::forget(orphan);
        0
    })?
    .pass()?;
    let mut father = [0];
    sys::read(from, &mut father)?;
    equal!(father, [1]);
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

fn no_more_slots() -> Outcome {
    let (from, to) = sys::pipe()?;
    let mut children: Vec<Child> = Vec::with_capacity(64);
    let error = loop {
        match Child::run(|| {
            let _ = sys::close(to);
            let _ = sys::read(from, &mut [0]);
            0
        }) {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
        check!(children.len() < 64);
    };
    equal!(error, Errno::EAGAIN);
    fails!(sys::fork(), EAGAIN);
    check!(children.len() > 50, "{} children", children.len());
    sys::close(to)?;
    for child in children {
        child.pass()?;
    }
    sys::close(from)?;
    Child::run(|| 0)?.pass()
}

fn no_more_memory() -> Outcome {
    drop(peep::hog(0)?);
    if let (Ok((from, to)), Ok(pid)) = (sys::pipe(), sys::fork()) {
        if pid == 0 {
            sys::exit_now(0);
        }
        sys::wait_for(pid)?;
        sys::close(from)?;
        sys::close(to)?;
    }
    let held = peep::hog(0)?;
    let fork = sys::fork();
    if fork == Ok(0) {
        sys::exit_now(0);
    }
    // A page or two may have come back meanwhile.
    let mut pipes = [(-1, -1); 4];
    let mut pipe = Ok(());
    for place in &mut pipes {
        match sys::pipe() {
            Ok(ends) => *place = ends,
            Err(error) => pipe = Err(error),
        }
    }
    drop(held);
    for (from, to) in pipes.into_iter().filter(|ends| ends.0 >= 0) {
        sys::close(from)?;
        sys::close(to)?;
    }
    if let Ok(pid) = fork {
        sys::wait_for(pid)?;
    }
    fails!(
        {
            let _ = Nr::Fork;
            fork
        },
        EAGAIN
    );
    fails!(
        {
            let _ = Nr::Pipe;
            pipe
        },
        ENOMEM
    );
    // exec finds no page for the arguments, and the old program goes on.
    Child::test(|| {
        // Once before, so that the call's own pages are there.
        let _ = exec("/no/such/program", b"x");
        drop(peep::hog(0)?);
        let held = peep::hog(0)?;
        let result = exec("/bin/true", b"x");
        drop(held);
        fails!(
            {
                let _ = Nr::Execve;
                result
            },
            ENOMEM
        );
        Ok(())
    })?
    .pass()
}

fn file(path: &str, text: &[u8], mode: u16) -> Result<()> {
    let fd = sys::creat(path, 0o600)?;
    sys::write(fd, text)?;
    sys::close(fd)?;
    sys::chmod(path, mode)
}

fn exec_errors() -> Outcome {
    let execve = exec;
    let _ = Nr::Execve;
    let path = "/tmp/program";
    fails!(execve("/bin/nothing", b""), ENOENT);
    fails!(execve("/bin", b""), EACCES);
    fails!(execve("/dev/null", b""), EACCES);
    file(path, b"not a program", 0o600)?;
    fails!(execve(path, b""), EACCES);
    for text in [&b""[..], b"x", b"\x0b\x01\0\0 too short", &[0; 2000]] {
        file(path, text, 0o755)?;
        fails!(
            {
                let _ = Nr::Execve;
                execve(path, b"")
            },
            ENOEXEC
        );
    }
    // Sizes that wrap around, or are more than the slot.
    for sizes in [
        [0xffff_f000u32, 0x2000, 0],
        [0, 0, 0x400_0000],
        [0x1000, 0x7fff_f000, 0x8000_0000],
    ] {
        let mut header = vec![0x0b, 1, 0, 0];
        sizes
            .iter()
            .for_each(|size| header.extend_from_slice(&size.to_le_bytes()));
        header.resize(1024 + 4096, 0);
        file(path, &header, 0o755)?;
        fails!(execve(path, b""), ENOEXEC);
    }
    sys::unlink(path)?;
    let long = vec![b'x'; 40_000];
    let argv: StrVec = [&long, &long, &long, &long].iter().collect();
    let execve = || Err::<(), _>(sys::execve("/bin/true", &argv, &StrVec::new()));
    fails!(
        {
            let _ = Nr::Execve;
            execve()
        },
        E2BIG
    );
    fails!(
        raw(
            Nr::Execve,
            c"/bin/true".as_ptr().expose_provenance(),
            BAD,
            0
        ),
        EFAULT
    );
    fails!(raw(Nr::Execve, BAD, 0, 0), EFAULT);
    let bad = [BAD, 0];
    let argv = bad.as_ptr().expose_provenance();
    fails!(
        raw(
            Nr::Execve,
            c"/bin/true".as_ptr().expose_provenance(),
            argv,
            0
        ),
        EFAULT
    );
    Ok(())
}

fn scripts() -> Outcome {
    let path = "/tmp/script";
    file(path, b"#! /bin/sh -e\nexit $#\n", 0o755)?;
    equal!(Child::exec(path, &["a", "b"])?.code()?, 2);
    file(path, b"#!\n", 0o755)?;
    fails!(
        {
            let _ = Nr::Execve;
            exec(path, b"")
        },
        ENOEXEC
    );
    file(path, b"#!/bin/nothing\n", 0o755)?;
    fails!(
        {
            let _ = Nr::Execve;
            exec(path, b"")
        },
        ENOENT
    );
    file(path, b"#!/tmp/script\n", 0o755)?; // itself
    check!(exec(path, b"").is_err());
    let mut long = vec![b'x'; 300];
    long[..2].copy_from_slice(b"#!");
    file(path, &long, 0o755)?;
    fails!(
        {
            let _ = Nr::Execve;
            exec(path, b"")
        },
        ENOEXEC
    );
    sys::unlink(path)?;
    Ok(())
}

/// What is open for writing is not executed.
fn exec_busy() -> Outcome {
    let path = "/tmp/busy";
    file(path, b"#!/bin/sh\n", 0o755)?;
    let fd = sys::open(path, sys::O_WRONLY, 0)?;
    fails!(
        {
            let _ = Nr::Execve;
            exec(path, b"")
        },
        ETXTBSY
    );
    sys::close(fd)?;
    Child::exec(path, &[])?.pass()?;
    sys::unlink(path)?;
    Ok(())
}

/// The system's table of open files.
fn all_files() -> Outcome {
    let (from, to) = sys::pipe()?;
    let (full_from, full_to) = sys::pipe()?;
    let mut children = vec![];
    for _ in 0..12 {
        children.push(Child::run(|| {
            let _ = sys::close(to);
            let mut full = 0u8;
            for _ in 0..20 {
                match sys::open("/etc/passwd", 0, 0) {
                    Err(Errno::ENFILE) => full = 1,
                    Err(Errno::EMFILE) | Ok(_) => {}
                    Err(_) => full = 2,
                }
            }
            let _ = sys::write(full_to, &[full]);
            let _ = sys::read(from, &mut [0]);
            0
        })?);
    }
    let mut told = [0; 12];
    for place in &mut told {
        sys::read(full_from, core::slice::from_mut(place))?;
    }
    let (open, pipe) = (sys::open("/etc/passwd", 0, 0), sys::pipe());
    sys::close(to)?;
    for child in children {
        child.pass()?;
    }
    sys::close(from)?;
    sys::close(full_from)?;
    sys::close(full_to)?;
    check!(told.contains(&1) && !told.contains(&2), "{told:?}");
    fails!(
        {
            let _ = Nr::Open;
            open
        },
        ENFILE
    );
    fails!(
        {
            let _ = Nr::Pipe;
            pipe
        },
        ENFILE
    );
    sys::close(sys::open("/etc/passwd", 0, 0)?)?;
    Ok(())
}

/// No block is left: ENOSPC, from everything that needs one.
fn full_disk() -> Outcome {
    sys::mkdir("/tmp/fulldir", 0o755)?;
    // So many entries that the next one needs a block.
    for n in 0..62 {
        sys::link("/etc/passwd", format!("/tmp/fulldir/{n}"))?;
    }
    let fd = sys::creat("/tmp/fill", 0o600)?;
    let block = [0x55; 1024];
    let error = loop {
        match sys::write(fd, &block) {
            Ok(_) => {}
            Err(error) => break error,
        }
    };
    let link = sys::link("/etc/passwd", "/tmp/fulldir/more");
    let mkdir = sys::mkdir("/tmp/another", 0o755);
    let open = sys::open("/tmp/fulldir/new", sys::O_CREAT, 0o600);
    let mknod = sys::mknod("/tmp/fulldir/node", 0o600, 0);
    let symlink = sys::symlink("x", "/tmp/link");
    let write = sys::write(fd, &block);
    sys::close(fd)?;
    sys::unlink("/tmp/fill")?;
    for n in 0..62 {
        sys::unlink(format!("/tmp/fulldir/{n}"))?;
    }
    sys::rmdir("/tmp/fulldir")?;
    equal!(error, Errno::ENOSPC);
    fails!(
        {
            let _ = Nr::Link;
            link
        },
        ENOSPC
    );
    fails!(
        {
            let _ = Nr::Mkdir;
            mkdir
        },
        ENOSPC
    );
    fails!(
        {
            let _ = Nr::Open;
            open
        },
        ENOSPC
    );
    fails!(
        {
            let _ = Nr::Mknod;
            mknod
        },
        ENOSPC
    );
    fails!(
        {
            let _ = Nr::Symlink;
            symlink
        },
        ENOSPC
    );
    fails!(
        {
            let _ = Nr::Write;
            write
        },
        ENOSPC
    );
    Ok(())
}

/// No inode is left.
fn no_more_inodes() -> Outcome {
    sys::mkdir("/tmp/many", 0o755)?;
    let mut made = 0;
    let error = loop {
        match sys::mknod(format!("/tmp/many/{made}"), 0o600, 0) {
            Ok(()) => made += 1,
            Err(error) => break error,
        }
    };
    let open = sys::creat("/tmp/onemore", 0o600);
    for n in 0..made {
        sys::unlink(format!("/tmp/many/{n}"))?;
    }
    sys::rmdir("/tmp/many")?;
    equal!(error, Errno::ENOSPC);
    fails!(
        {
            let _ = Nr::Creat;
            open
        },
        ENOSPC
    );
    Ok(())
}
