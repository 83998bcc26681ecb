//! S17: pipes: one page, writers and readers sleep and wake; SIGPIPE, end of
//! file; 1 byte to 1 MB, both ends dying.

#![no_std]
#![no_main]
use guest::child::until;
use guest::prelude::*;
use signal::{Action, SIGKILL, SIGPIPE};

cases! {
    "S17";
    every_size, one_megabyte, writer_sleeps_at_a_page, reader_sleeps, short_reads, end_of_file, broken_pipe,
    writer_killed, reader_killed, many_writers, one_page, fstat_and_seek, wrong_end, nonblocking
}

/// Byte number `at` of the test pattern.
fn byte(at: usize) -> u8 {
    (at * 7 + at / 251) as u8
}

/// Sends `size` bytes in pieces of `piece` through a pipe and checks them.
fn transfer(size: usize, piece: usize) -> Outcome {
    let (from, to) = sys::pipe()?;
    let writer = Child::run(|| {
        let _ = sys::close(from);
        let mut at = 0;
        while at < size {
            let bytes: Vec<u8> = (at..size.min(at + piece)).map(byte).collect();
            if rt::io::write_all(to, &bytes).is_err() {
                return 1;
            }
            at += bytes.len();
        }
        0
    })?;
    sys::close(to)?;
    let mut at = 0;
    let mut buf = vec![0; 5000];
    loop {
        let read = sys::read(from, &mut buf)?;
        if read == 0 {
            break;
        }
        for (offset, got) in buf[..read].iter().enumerate() {
            if *got != byte(at + offset) {
                return Err(Failure(format!("byte {} is {got}", at + offset)));
            }
        }
        at += read;
    }
    equal!(at, size, "bytes");
    sys::close(from)?;
    writer.pass()
}

fn every_size() -> Outcome {
    for size in [
        1, 2, 3, 511, 512, 4094, 4095, 4096, 4097, 8191, 8192, 10_000, 65_536,
    ] {
        transfer(size, size)?;
        transfer(size, 100.min(size))?;
    }
    Ok(())
}

fn one_megabyte() -> Outcome {
    transfer(1 << 20, 1 << 16)?;
    transfer(1 << 20, 4096)?;
    transfer(1 << 20, 1000)
}

/// Is the process asleep?
fn asleep(pid: i32) -> bool {
    until(300, || peep::find(pid).is_ok_and(|task| task.state == 1))
}

/// A pipe holds a page (less one byte in 0.11's ring); the writer sleeps then
/// and goes on when someone reads.
fn writer_sleeps_at_a_page() -> Outcome {
    let (from, to) = sys::pipe()?;
    let done = Gate::new()?;
    let writer = Child::run(|| {
        let code = i32::from(rt::io::write_all(to, &[5; 6000]).is_err());
        done.open();
        code
    })?;
    check!(asleep(writer.pid), "the writer does not sleep");
    let mut waiting = 0;
    let got = core::hint::black_box(&mut waiting);
    // SAFETY: TIOCINQ (FIONREAD) fills a word, where pipes know it.
    let known = unsafe { sys::ioctl(from, abi::TIOCINQ, (&raw mut *got).expose_provenance()) };
    if known.is_ok() {
        check!(
            (4095..=4096).contains(core::hint::black_box(&waiting)),
            "{waiting} bytes wait"
        );
    }
    let mut buf = [0; 4096];
    let mut total = 0;
    while total < 6000 {
        total += sys::read(from, &mut buf)?;
    }
    equal!(total, 6000);
    done.wait()?;
    writer.pass()
}

fn reader_sleeps() -> Outcome {
    let (from, to) = sys::pipe()?;
    let reader = Child::run(|| {
        let mut buf = [0; 10];
        i32::from(sys::read(from, &mut buf) != Ok(3) || buf[..3] != *b"abc")
    })?;
    check!(asleep(reader.pid), "the reader does not sleep");
    sys::write(to, b"abc")?;
    reader.pass()
}

/// A read returns what there is and does not wait for the rest.
fn short_reads() -> Outcome {
    let (from, to) = sys::pipe()?;
    sys::write(to, b"12345")?;
    let mut buf = [0; 100];
    equal!(sys::read(from, &mut buf[..2])?, 2);
    equal!(sys::read(from, &mut buf)?, 3);
    equal!(buf[..3], *b"345");
    equal!(sys::read(from, &mut [])?, 0);
    equal!(sys::write(to, &[])?, 0);
    Ok(())
}

/// Without writers a read gives what is left, then 0, again and again.
fn end_of_file() -> Outcome {
    let (from, to) = sys::pipe()?;
    sys::write(to, b"rest")?;
    sys::close(to)?;
    let mut buf = [0; 10];
    equal!(sys::read(from, &mut buf)?, 4);
    for _ in 0..3 {
        equal!(sys::read(from, &mut buf)?, 0);
    }
    // A sleeping reader wakes when the last writer closes.
    let (from, to) = sys::pipe()?;
    let reader = Child::run(|| {
        let _ = sys::close(to);
        i32::from(sys::read(from, &mut [0; 10]) != Ok(0))
    })?;
    check!(asleep(reader.pid), "the reader does not sleep");
    sys::close(to)?;
    reader.pass()
}

/// Without readers a write is SIGPIPE, or EPIPE where that is ignored.
fn broken_pipe() -> Outcome {
    let (from, to) = sys::pipe()?;
    sys::close(from)?;
    equal!(death(|| _ = sys::write(to, b"x"))?, SIGPIPE);
    signal::set(SIGPIPE, Action::Ignore)?;
    fails!(sys::write(to, b"x"), EPIPE);
    Ok(())
}

/// A writer that dies in the middle of a long write: what it wrote arrives, then
/// the end.
fn writer_killed() -> Outcome {
    let (from, to) = sys::pipe()?;
    let writer = Child::run(|| i32::from(rt::io::write_all(to, &[7; 100_000]).is_err()))?;
    sys::close(to)?;
    check!(asleep(writer.pid), "the writer does not sleep");
    writer.kill(SIGKILL)?;
    equal!(writer.wait()?.term_signal(), Some(SIGKILL));
    let mut all = vec![];
    File::from_fd(from).read_to_end(&mut all)?;
    check!((4095..=4096).contains(&all.len()), "{} bytes", all.len());
    check!(all.iter().all(|b| *b == 7));
    Ok(())
}

/// A reader that dies while the writer sleeps: the writer gets SIGPIPE.
fn reader_killed() -> Outcome {
    let (from, to) = sys::pipe()?;
    let (ready, never) = (Gate::new()?, Gate::new()?);
    let reader = Child::run(|| {
        ready.open();
        i32::from(never.wait().is_err())
    })?;
    ready.wait()?;
    let writer = Child::run(|| {
        let _ = sys::close(from);
        i32::from(rt::io::write_all(to, &[7; 100_000]).is_err())
    })?;
    sys::close(from)?;
    check!(asleep(writer.pid), "the writer does not sleep");
    reader.kill(SIGKILL)?;
    reader.wait()?;
    equal!(writer.wait()?.term_signal(), Some(SIGPIPE));
    Ok(())
}

/// Five writers: lines that fit a page are never torn.
fn many_writers() -> Outcome {
    let (from, to) = sys::pipe()?;
    let mut writers = vec![];
    for letter in b'a'..=b'e' {
        writers.push(Child::run(|| {
            let mut line = [letter; 97];
            line[96] = b'\n';
            i32::from((0..200).any(|_| sys::write(to, &line) != Ok(97)))
        })?);
    }
    sys::close(to)?;
    let mut all = vec![];
    File::from_fd(from).read_to_end(&mut all)?;
    equal!(all.len(), 5 * 200 * 97);
    for line in all.chunks(97) {
        check!(
            line[..96].iter().all(|b| *b == line[0]) && line[96] == b'\n',
            "a torn line"
        );
    }
    for writer in writers {
        writer.pass()?;
    }
    Ok(())
}

/// A pipe takes one page and one inode, and gives both back.
fn one_page() -> Outcome {
    peep::free_and_mine()?;
    let (pages, before) = (peep::free_and_mine()?, peep::info()?);
    let (from, to) = sys::pipe()?;
    let during = peep::info()?;
    equal!(peep::free_and_mine()?, pages - 1);
    equal!(
        (during.inodes, during.files),
        (before.inodes + 1, before.files + 2)
    );
    sys::write(to, &[1; 3000])?;
    equal!(peep::free_and_mine()?, pages - 1);
    sys::close(from)?;
    sys::close(to)?;
    equal!(peep::free_and_mine()?, pages);
    equal!(peep::info()?.inodes, before.inodes);
    Ok(())
}

fn fstat_and_seek() -> Outcome {
    let (from, to) = sys::pipe()?;
    fails!(sys::lseek(from, 0, sys::SEEK_SET), ESPIPE);
    fails!(sys::lseek(to, 10, sys::SEEK_CUR), ESPIPE);
    let stat = sys::fstat(from)?;
    equal!(stat.mode & 0o170000, 0o010000, "a fifo");
    Ok(())
}

/// Each end is for one direction.
fn wrong_end() -> Outcome {
    let (from, to) = sys::pipe()?;
    fails!(sys::write(from, b"x"), EBADF);
    fails!(sys::read(to, &mut [0]), EBADF);
    Ok(())
}

fn nonblocking() -> Outcome {
    let (from, to) = sys::pipe()?;
    for fd in [from, to] {
        sys::fcntl(fd, rt::sys::F_SETFL, sys::O_NONBLOCK)?;
    }
    fails!(sys::read(from, &mut [0]), EAGAIN);
    let mut written = 0;
    let error = loop {
        match sys::write(to, &[1; 100]) {
            Ok(number) => written += number,
            Err(error) => break error,
        }
        check!(written < 10_000);
    };
    equal!(error, Errno::EAGAIN);
    check!(written >= 4000, "{written} bytes");
    Ok(())
}
