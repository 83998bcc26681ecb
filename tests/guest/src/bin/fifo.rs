//! Named pipes: who waits for whom at `open`, what is read, and when it is gone.

#![no_std]
#![no_main]
use core::sync::atomic::{AtomicBool, Ordering::Relaxed};
use guest::child::until;
use guest::prelude::*;
use rt::sys::{O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY};
use signal::{Action, SIGALRM, SIGPIPE};

cases! {
    "fifo";
    reader_waits, writer_waits, a_short_visit_is_enough, without_waiting, ends, forgets, one_process,
    interrupted, unlinked, as_a_file, big_transfer
}

const PATH: &str = "/tmp/fifo";

/// Runs `f` with a fresh named pipe.
fn with_fifo(f: impl FnOnce() -> Outcome) -> Outcome {
    let _ = sys::unlink(PATH);
    sys::mknod(PATH, 0o010666, 0)?;
    let result = f();
    let _ = sys::unlink(PATH);
    result
}

/// Does the child sleep?
fn sleeps(child: &Child) -> bool {
    until(100, || {
        peep::find(child.pid).is_ok_and(|task| task.state == 1)
    })
}

/// All that comes until the end.
fn read_all(fd: i32) -> rt::Result<Vec<u8>> {
    let mut all = Vec::new();
    let mut buf = [0; 512];
    loop {
        match sys::read(fd, &mut buf)? {
            0 => return Ok(all),
            length => all.extend_from_slice(&buf[..length]),
        }
    }
}

fn reader_waits() -> Outcome {
    with_fifo(|| {
        let reader = Child::test(|| {
            let fd = sys::open(PATH, O_RDONLY, 0)?;
            equal!(read_all(fd)?, b"through it");
            Ok(())
        })?;
        check!(sleeps(&reader), "open does not wait for a writer");
        let fd = sys::open(PATH, O_WRONLY, 0)?;
        equal!(sys::write(fd, b"through it")?, 10);
        sys::close(fd)?;
        reader.pass()
    })
}

fn writer_waits() -> Outcome {
    with_fifo(|| {
        let writer = Child::test(|| {
            let fd = sys::open(PATH, O_WRONLY, 0)?;
            equal!(sys::write(fd, b"early")?, 5);
            Ok(())
        })?;
        check!(sleeps(&writer), "open does not wait for a reader");
        let fd = sys::open(PATH, O_RDONLY, 0)?;
        equal!(read_all(fd)?, b"early");
        writer.pass()
    })
}

/// A writer that has gone before the reader runs again lets him go on all the
/// same.
fn a_short_visit_is_enough() -> Outcome {
    with_fifo(|| {
        let reader = Child::test(|| {
            equal!(read_all(sys::open(PATH, O_RDONLY, 0)?)?, b"");
            Ok(())
        })?;
        check!(sleeps(&reader));
        sys::close(sys::open(PATH, O_WRONLY | O_NONBLOCK, 0)?)?;
        reader.pass()
    })
}

fn without_waiting() -> Outcome {
    with_fifo(|| {
        fails!(sys::open(PATH, O_WRONLY | O_NONBLOCK, 0), ENXIO);
        let reader = sys::open(PATH, O_RDONLY | O_NONBLOCK, 0)?;
        equal!(sys::read(reader, &mut [0; 4])?, 0, "no one writes");
        let writer = sys::open(PATH, O_WRONLY | O_NONBLOCK, 0)?;
        fails!(sys::read(reader, &mut [0; 4]), EAGAIN);
        let mut filled = 0;
        while let Ok(length) = sys::write(writer, &[7; 1000]) {
            filled += length;
        }
        fails!(sys::write(writer, &[7; 1000]), EAGAIN);
        check!(filled >= 3000, "{filled} bytes fit");
        let mut buf = [0; 4096];
        equal!(sys::read(reader, &mut buf)?, filled);
        Ok(())
    })
}

/// End of file without writers, SIGPIPE and EPIPE without readers.
fn ends() -> Outcome {
    with_fifo(|| {
        let reader = sys::open(PATH, O_RDONLY | O_NONBLOCK, 0)?;
        let first = sys::open(PATH, O_WRONLY, 0)?;
        let second = sys::open(PATH, O_WRONLY, 0)?;
        sys::write(first, b"a")?;
        sys::close(first)?;
        sys::write(second, b"b")?;
        sys::close(second)?;
        equal!(read_all(reader)?, b"ab");
        let writer = sys::open(PATH, O_WRONLY, 0)?;
        sys::close(reader)?;
        equal!(death(|| _ = sys::write(writer, b"c"))?, SIGPIPE);
        signal::set(SIGPIPE, Action::Ignore)?;
        fails!(sys::write(writer, b"c"), EPIPE);
        Ok(())
    })
}

/// What no one has read is gone with the last close, and its page is free.
fn forgets() -> Outcome {
    with_fifo(|| {
        let free = peep::info()?.free_pages;
        let both = sys::open(PATH, O_RDWR, 0)?;
        sys::write(both, b"lost")?;
        equal!(peep::info()?.free_pages, free - 1, "its page");
        sys::close(both)?;
        equal!(peep::info()?.free_pages, free);
        let reader = sys::open(PATH, O_RDONLY | O_NONBLOCK, 0)?;
        equal!(sys::read(reader, &mut [0; 4])?, 0);
        Ok(())
    })
}

/// Both directions in one process; two files of the same pipe.
fn one_process() -> Outcome {
    with_fifo(|| {
        let both = sys::open(PATH, O_RDWR, 0)?;
        let reader = sys::open(PATH, O_RDONLY, 0)?;
        equal!(sys::write(both, b"xyz")?, 3);
        let mut buf = [0; 2];
        equal!((sys::read(reader, &mut buf)?, &buf), (2, b"xy"));
        equal!((sys::read(both, &mut buf)?, buf[0]), (1, b'z'));
        fails!(sys::lseek(both, 0, rt::sys::SEEK_SET), ESPIPE);
        let stat = sys::fstat(both)?;
        equal!((stat.mode, stat.size), (0o010644, 0));
        Ok(())
    })
}

static RANG: AtomicBool = AtomicBool::new(false);

extern "C" fn ring(_: i32) {
    RANG.store(true, Relaxed);
}

/// A signal ends the wait in `open`; nothing is left behind.
fn interrupted() -> Outcome {
    with_fifo(|| {
        signal::set(SIGALRM, Action::Handler(ring))?;
        sys::alarm(1);
        fails!(sys::open(PATH, O_RDONLY, 0), EINTR);
        check!(RANG.load(Relaxed));
        fails!(sys::open(PATH, O_WRONLY | O_NONBLOCK, 0), ENXIO);
        Ok(())
    })
}

/// A name that is removed does not matter to those who have it open.
fn unlinked() -> Outcome {
    with_fifo(|| {
        let both = sys::open(PATH, O_RDWR, 0)?;
        sys::unlink(PATH)?;
        sys::write(both, b"still")?;
        let mut buf = [0; 5];
        equal!((sys::read(both, &mut buf)?, &buf), (5, b"still"));
        fails!(sys::open(PATH, O_RDONLY, 0), ENOENT);
        Ok(())
    })
}

/// The inode on disk stays as it is: no zones, no length. (The disk is checked
/// behind this program.)
fn as_a_file() -> Outcome {
    with_fifo(|| {
        let both = sys::open(PATH, O_RDWR, 0)?;
        sys::write(both, b"not on disk")?;
        sys::chmod(PATH, 0o600)?;
        sys::sync();
        sys::close(both)?;
        let stat = sys::stat(PATH)?;
        equal!((stat.mode, stat.size, stat.nlink), (0o010600, 0, 1));
        let truncated = sys::open(PATH, O_RDWR | sys::O_TRUNC, 0)?;
        sys::close(truncated)?;
        Ok(())
    })
}

/// More than it holds, from two writers, whose pieces stay whole.
fn big_transfer() -> Outcome {
    with_fifo(|| {
        const PIECE: usize = 500;
        let reader = sys::open(PATH, O_RDONLY | O_NONBLOCK, 0)?;
        let writers = [b'a', b'b'].map(|sign| {
            Child::test(move || {
                let fd = sys::open(PATH, O_WRONLY, 0)?;
                for _ in 0..40 {
                    equal!(sys::write(fd, &[sign; PIECE])?, PIECE);
                }
                Ok(())
            })
        });
        let mut all = Vec::new();
        let mut buf = [0; 300];
        let done = until(1000, || {
            while let Ok(length @ 1..) = sys::read(reader, &mut buf) {
                all.extend_from_slice(&buf[..length]);
            }
            all.len() >= 80 * PIECE
        });
        check!(done, "{} bytes came", all.len());
        for piece in all.chunks(PIECE) {
            check!(piece.iter().all(|sign| *sign == piece[0]), "mixed");
        }
        for writer in writers {
            writer?.pass()?;
        }
        Ok(())
    })
}
