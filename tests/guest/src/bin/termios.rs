//! The rest of terminals: what `ioctl` knows, flow control, job control's
//! signals, several consoles, the serial line's speed.

#![no_std]
#![no_main]
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use guest::child::{ticks_now, until};
use guest::keyboard;
use guest::prelude::*;
use guest::terminal::{change, in_session, open, read, reset, sleeps};
use rt::sys::{O_NOCTTY, O_NONBLOCK, O_RDWR, WNOHANG, WUNTRACED};
use signal::{Action, SIGCONT, SIGHUP, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH};

cases! {
    "termios";
    pause_between_characters, vmin_more_than_asked_for, exclusive, window_size, simulated_typing,
    waiting_characters, stop_and_start, keyboard_stops_output, flushing, draining, speed,
    giving_up, taking, no_terminal, leaders_death, suspend_key, background_write, background_change,
    orphans, waiting_once, other_consoles
}

/// Requests of `ioctl` (`include/termios.h`).
const TCSBRK: u32 = 0x5409;
const TCXONC: u32 = 0x540a;
const TCFLSH: u32 = 0x540b;
const TIOCEXCL: u32 = 0x540c;
const TIOCNXCL: u32 = 0x540d;
const TIOCOUTQ: u32 = 0x5411;
const TIOCSTI: u32 = 0x5412;
const TIOCGWINSZ: u32 = 0x5413;
const TIOCSWINSZ: u32 = 0x5414;
const TIOCNOTTY: u32 = 0x5422;
/// Bits of the modes.
const TOSTOP: u32 = 0o400;
const CBAUD: u32 = 0o17;
const B1200: u32 = 9;

/// An `ioctl` with a number.
fn control(tty: i32, request: u32, argument: usize) -> rt::Result<i32> {
    // SAFETY: used with requests that take numbers.
    unsafe { sys::ioctl(tty, request, argument) }
}

/// An `ioctl` that fills in a value.
fn get<T: Default>(tty: i32, request: u32) -> rt::Result<T> {
    let mut value = T::default();
    // SAFETY: used with requests that fill a T.
    unsafe { sys::ioctl(tty, request, (&raw mut value).expose_provenance()) }?;
    Ok(value)
}

/// An `ioctl` that takes a value from memory.
fn give<T>(tty: i32, request: u32, value: T) -> rt::Result<i32> {
    // SAFETY: used with requests that read a T.
    unsafe { sys::ioctl(tty, request, (&raw const value).expose_provenance()) }
}

/// Without line editing; as before when it is dropped.
struct Uncooked(i32);

impl Uncooked {
    fn new(tty: i32, min: u8, time: u8) -> rt::Result<Uncooked> {
        change(tty, |settings| {
            settings.lflag &= !(abi::ICANON | abi::ECHO);
            settings.cc[abi::VMIN] = min;
            settings.cc[abi::VTIME] = time;
        })?;
        Ok(Uncooked(tty))
    }
}

impl Drop for Uncooked {
    fn drop(&mut self) {
        let _ = reset(self.0);
    }
}

/// VMIN and VTIME: the time runs from character to character, and not before the
/// first.
fn pause_between_characters() -> Outcome {
    let tty = open()?;
    let _uncooked = Uncooked::new(tty, 10, 3)?;
    let reader = Child::test(|| {
        equal!(read(tty)?, "ab");
        Ok(())
    })?;
    check!(sleeps(&reader));
    nap(60);
    equal!(sys::waitpid(reader.pid, WNOHANG)?.0, 0, "it still waits");
    let start = ticks_now();
    keyboard::type_text("ab")?;
    reader.pass()?;
    let passed = ticks_now() - start;
    check!((25..=60).contains(&passed), "{passed} ticks");
    Ok(())
}

/// A read of less than VMIN characters waits for those only.
fn vmin_more_than_asked_for() -> Outcome {
    let tty = open()?;
    let _uncooked = Uncooked::new(tty, 200, 0)?;
    keyboard::type_text("abcdef")?;
    let mut buf = [0; 4];
    equal!((sys::read(tty, &mut buf)?, &buf), (4, b"abcd"));
    Ok(())
}

/// TIOCEXCL keeps others out, but not the superuser, until the last close.
fn exclusive() -> Outcome {
    let other = || {
        let child = Child::run(|| {
            let _ = sys::setuid(77);
            match sys::open("/dev/tty5", O_RDWR | O_NOCTTY, 0) {
                Ok(_) => 0,
                Err(Errno::EBUSY) => 1,
                Err(_) => 2,
            }
        })?;
        child.code()
    };
    sys::chmod("/dev/tty5", 0o666)?;
    let tty = sys::open("/dev/tty5", O_RDWR | O_NOCTTY, 0)?;
    equal!(other()?, 0);
    control(tty, TIOCEXCL, 0)?;
    equal!(other()?, 1, "EBUSY");
    sys::close(sys::open("/dev/tty5", O_RDWR | O_NOCTTY, 0)?)?;
    control(tty, TIOCNXCL, 0)?;
    equal!(other()?, 0);
    control(tty, TIOCEXCL, 0)?;
    sys::close(tty)?;
    equal!(other()?, 0, "the last close ends it");
    sys::chmod("/dev/tty5", 0o620)?;
    Ok(())
}

static LAST: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(number: i32) {
    LAST.store(number, Relaxed);
}

/// The screen's size is what it is; a serial line's is what was told, and its
/// foreground group hears of a change.
fn window_size() -> Outcome {
    let screen = open()?;
    equal!(get::<[u16; 4]>(screen, TIOCGWINSZ)?[..2], [25, 80]);
    fails!(give(screen, TIOCSWINSZ, [40u16, 80, 0, 0]), EINVAL);
    let before = {
        let serial = sys::open("/dev/tty1", O_RDWR | O_NOCTTY, 0)?;
        let before: [u16; 4] = get(serial, TIOCGWINSZ)?;
        sys::close(serial)?;
        before
    };
    let child = Child::test(|| {
        sys::setsid()?;
        let serial = sys::open("/dev/tty2", O_RDWR, 0)?;
        signal::set(SIGWINCH, Action::Handler(note))?;
        give(serial, TIOCSWINSZ, [50u16, 132, 1, 2])?;
        equal!(get::<[u16; 4]>(serial, TIOCGWINSZ)?, [50, 132, 1, 2]);
        check!(until(50, || LAST.load(Relaxed) == SIGWINCH), "no SIGWINCH");
        LAST.store(0, Relaxed);
        give(serial, TIOCSWINSZ, [50u16, 132, 1, 2])?;
        nap(5);
        equal!(LAST.load(Relaxed), 0, "nothing has changed");
        give(serial, TIOCSWINSZ, [0u16; 4])?;
        Ok(())
    })?;
    child.pass()?;
    let serial = sys::open("/dev/tty1", O_RDWR | O_NOCTTY, 0)?;
    equal!(
        get::<[u16; 4]>(serial, TIOCGWINSZ)?,
        before,
        "the other line's"
    );
    Ok(())
}

/// TIOCSTI: only for the own terminal, or by the superuser.
fn simulated_typing() -> Outcome {
    let tty = open()?;
    for c in *b"typed\n" {
        give(tty, TIOCSTI, c)?;
    }
    equal!(read(tty)?, "typed\n");
    let other = Child::run(|| {
        let _ = sys::setuid(77);
        i32::from(give(tty, TIOCSTI, b'x') != Err(Errno::EPERM))
    })?;
    other.pass()?;
    in_session(|tty| {
        sys::setuid(77)?;
        give(tty, TIOCSTI, b'\n')?;
        equal!(read(tty)?, "\n");
        Ok(())
    })
}

/// How much can be read, and is not sent yet.
fn waiting_characters() -> Outcome {
    let tty = open()?;
    equal!(get::<i32>(tty, abi::TIOCINQ)?, 0);
    keyboard::type_text("four\nmore")?;
    nap(3);
    equal!(get::<i32>(tty, abi::TIOCINQ)?, 9);
    equal!(read(tty)?, "four\n");
    keyboard::type_text("\n")?;
    equal!(read(tty)?, "more\n");
    equal!(get::<i32>(tty, TIOCOUTQ)?, 0);
    Ok(())
}

/// TCXONC stops and starts the output.
fn stop_and_start() -> Outcome {
    let tty = open()?;
    sys::write(tty, b"\x1b[2J\x1b[H")?;
    control(tty, TCXONC, 0)?;
    sys::write(tty, b"held back")?;
    equal!(get::<i32>(tty, TIOCOUTQ)?, 9);
    check!(!keyboard::screen().contains("held back"));
    control(tty, TCXONC, 1)?;
    equal!(get::<i32>(tty, TIOCOUTQ)?, 0);
    check!(keyboard::screen().contains("held back"));
    fails!(control(tty, TCXONC, 9), EINVAL);
    // A writer who has to wait for room is woken.
    control(tty, TCXONC, 0)?;
    let writer = Child::run(|| i32::from(sys::write(tty, &[b'.'; 3000]) != Ok(3000)))?;
    check!(sleeps(&writer), "3000 characters fit");
    control(tty, TCXONC, 1)?;
    writer.pass()
}

/// ^S and ^Q.
fn keyboard_stops_output() -> Outcome {
    let tty = open()?;
    sys::write(tty, b"\x1b[2J\x1b[H")?;
    keyboard::type_text("\u{13}")?;
    nap(3);
    sys::write(tty, b"later")?;
    keyboard::type_text("line\n")?;
    equal!(read(tty)?, "line\n", "input goes on");
    check!(!keyboard::screen().contains("later"));
    keyboard::type_text("\u{11}")?;
    check!(until(50, || keyboard::screen().contains("later")));
    Ok(())
}

/// TCFLSH throws away what was typed, what was written, or both.
fn flushing() -> Outcome {
    let tty = open()?;
    sys::write(tty, b"\x1b[2J\x1b[H")?;
    keyboard::type_text("lost\n")?;
    nap(3);
    control(tty, TCFLSH, 0)?;
    control(tty, TCXONC, 0)?;
    sys::write(tty, b"gone")?;
    control(tty, TCFLSH, 1)?;
    equal!(get::<i32>(tty, TIOCOUTQ)?, 0);
    sys::write(tty, b"seen")?;
    control(tty, TCXONC, 1)?;
    let screen = keyboard::screen();
    check!(
        screen.contains("seen") && !screen.contains("gone"),
        "{screen}"
    );
    keyboard::type_text("kept\n")?;
    equal!(read(tty)?, "kept\n");
    fails!(control(tty, TCFLSH, 7), EINVAL);
    Ok(())
}

/// TCSBRK with a number and TCSETSW wait until all is out.
fn draining() -> Outcome {
    let tty = open()?;
    for wait in [
        (|tty| control(tty, TCSBRK, 1).map(drop)) as fn(i32) -> rt::Result<()>,
        |tty| change(tty, |_| {}),
    ] {
        control(tty, TCXONC, 0)?;
        sys::write(tty, b"to come out")?;
        let waiter = Child::run(|| i32::from(wait(tty).is_err()))?;
        check!(sleeps(&waiter), "it does not wait");
        control(tty, TCXONC, 1)?;
        waiter.pass()?;
    }
    Ok(())
}

/// A serial line's speed is the chip's divisor.
fn speed() -> Outcome {
    const LINE_CONTROL: i32 = 0x3fb;
    const DIVISOR: i32 = 0x3f8;
    let divisor = || -> rt::Result<u16> {
        let port = sys::open("/dev/port", O_RDWR, 0)?;
        let at = |address: i32| sys::lseek(port, address, rt::sys::SEEK_SET);
        let mut control = [0];
        at(LINE_CONTROL)?;
        sys::read(port, &mut control)?;
        at(LINE_CONTROL)?;
        sys::write(port, &[control[0] | 0x80])?;
        let mut bytes = [0; 2];
        at(DIVISOR)?;
        sys::read(port, &mut bytes)?;
        at(LINE_CONTROL)?;
        sys::write(port, &control)?;
        sys::close(port)?;
        Ok(u16::from_le_bytes(bytes))
    };
    let tty = sys::open("/dev/tty1", O_RDWR | O_NOCTTY, 0)?;
    let before = sys::tcgetattr(tty)?;
    let own = divisor()?;
    change(tty, |settings| {
        settings.cflag = settings.cflag & !CBAUD | B1200
    })?;
    let slow = divisor()?;
    sys::tcsetattr(tty, abi::TCSETSW, &before)?;
    equal!(slow, 96, "1200 bits a second");
    equal!(divisor()?, own);
    Ok(())
}

/// TIOCNOTTY: a process without its terminal; the leader's whole session.
fn giving_up() -> Outcome {
    in_session(|tty| {
        let child = Child::test(|| {
            control(tty, TIOCNOTTY, 0)?;
            equal!(peep::me()?.tty, -1);
            fails!(sys::open("/dev/tty", O_RDWR, 0), ENXIO);
            fails!(control(tty, TIOCNOTTY, 0), ENOTTY);
            Ok(())
        })?;
        child.pass()?;
        equal!(peep::me()?.tty, 0, "the others keep it");
        let (go, other) = sleeper()?;
        signal::set(SIGHUP, Action::Handler(note))?;
        control(tty, TIOCNOTTY, 0)?;
        equal!(peep::me()?.tty, -1);
        equal!(peep::find(other.pid).map_or(9, |task| task.tty), -1);
        go.close();
        equal!(other.wait()?.term_signal(), Some(SIGHUP));
        // It is free for another session, and for us again.
        let tty = sys::open("/dev/tty0", O_RDWR, 0)?;
        equal!((peep::me()?.tty, sys::tcgetpgrp(tty)?), (0, sys::getpgrp()));
        Ok(())
    })
}

/// TIOCSCTTY: by a session's leader without a terminal, if no one has it.
fn taking() -> Outcome {
    in_session(|tty| {
        let other = Child::test(|| {
            equal!(control(tty, abi::TIOCSCTTY, 0)?, 0, "it is ours");
            sys::setsid()?;
            fails!(control(tty, abi::TIOCSCTTY, 0), EPERM); // it is taken
            let spare = sys::open("/dev/tty5", O_RDWR | O_NOCTTY, 0)?;
            equal!(peep::me()?.tty, -1, "O_NOCTTY");
            control(spare, abi::TIOCSCTTY, 0)?;
            equal!(peep::me()?.tty, 5);
            fails!(control(tty, abi::TIOCSCTTY, 0), EPERM); // has one
            Ok(())
        })?;
        other.pass()
    })
}

/// /dev/tty without a terminal, and minors that are none.
fn no_terminal() -> Outcome {
    let child = Child::test(|| {
        sys::setsid()?;
        fails!(sys::open("/dev/tty", O_RDWR, 0), ENXIO);
        Ok(())
    })?;
    child.pass()?;
    sys::mknod("/tmp/tty9", 0o020666, abi::makedev(4, 9))?;
    let result = sys::open("/tmp/tty9", O_RDWR, 0);
    sys::unlink("/tmp/tty9")?;
    fails!(result, ENXIO);
    let file = sys::open("/etc/passwd", 0, 0)?;
    fails!(sys::tcgetattr(file), ENOTTY);
    Ok(())
}

/// The leader's death hangs up the session and frees the terminal.
fn leaders_death() -> Outcome {
    let (told, ready) = (Gate::new()?, Gate::new()?);
    let leader = Child::test(|| {
        let tty = guest::terminal::own_session()?;
        let child = Child::run(|| {
            let _ = signal::set(SIGHUP, Action::Handler(note));
            ready.open();
            while LAST.load(Relaxed) == 0 {
                nap(1);
            }
            // The terminal is no longer ours.
            let gone = peep::me().is_ok_and(|me| me.tty == -1);
            if gone && LAST.load(Relaxed) == SIGHUP {
                told.open();
            }
            0
        })?;
        ready.wait()?;
        equal!(sys::tcgetpgrp(tty)?, sys::getpgrp());
        core::mem::forget(child);
        Ok(())
    })?;
    leader.pass()?;
    let reader = Child::run(|| i32::from(told.wait().is_err()))?;
    check!(
        until(300, || sys::waitpid(reader.pid, WNOHANG)
            .is_ok_and(|(pid, _)| pid == reader.pid)),
        "no SIGHUP"
    );
    in_session(|_| Ok(()))
}

/// ^Z stops the foreground group, SIGCONT continues it; its father is told once.
fn suspend_key() -> Outcome {
    in_session(|tty| {
        let (go, child) = sleeper()?;
        sys::setpgid(child.pid, child.pid)?;
        sys::tcsetpgrp(tty, child.pid)?;
        keyboard::type_text("\u{1a}")?;
        let (pid, status) = sys::waitpid(child.pid, WUNTRACED)?;
        equal!((pid, status.stop_signal()), (child.pid, Some(SIGTSTP)));
        equal!(
            sys::waitpid(child.pid, WUNTRACED | WNOHANG)?.0,
            0,
            "reported once"
        );
        go.open();
        nap(5);
        equal!(sys::waitpid(child.pid, WNOHANG)?.0, 0, "it does not run");
        child.kill(SIGCONT)?;
        child.pass()
    })
}

/// Output from the background: free, or with TOSTOP SIGTTOU.
fn background_write() -> Outcome {
    in_session(|tty| {
        let writes = || {
            let _ = sys::setpgid(0, 0);
            i32::from(sys::write(tty, b"from behind\n") != Ok(12))
        };
        Child::run(writes)?.pass()?;
        change(tty, |settings| settings.lflag |= TOSTOP)?;
        let child = Child::run(writes)?;
        let (_, status) = sys::waitpid(child.pid, WUNTRACED)?;
        equal!(status.stop_signal(), Some(SIGTTOU));
        sys::tcsetpgrp(tty, child.pid)?;
        child.kill(SIGCONT)?;
        child.pass()?;
        // Who ignores the signal writes.
        sys::tcsetpgrp(tty, sys::getpgrp())?;
        let deaf = Child::run(|| {
            let _ = signal::set(SIGTTOU, Action::Ignore);
            writes()
        })?;
        deaf.pass()?;
        change(tty, |settings| settings.lflag &= !TOSTOP)?;
        Ok(())
    })
}

/// Changing the settings from the background: SIGTTOU, whatever TOSTOP is.
fn background_change() -> Outcome {
    in_session(|tty| {
        let child = Child::run(|| {
            let _ = sys::setpgid(0, 0);
            i32::from(change(tty, |_| {}).is_err())
        })?;
        let (_, status) = sys::waitpid(child.pid, WUNTRACED)?;
        equal!(status.stop_signal(), Some(SIGTTOU));
        sys::tcsetpgrp(tty, child.pid)?;
        child.kill(SIGCONT)?;
        child.pass()
    })
}

/// A group whom no one could continue gets EIO in place of a stop; so does who
/// ignores SIGTTIN.
fn orphans() -> Outcome {
    in_session(|tty| {
        let deaf = Child::run(|| {
            let _ = sys::setpgid(0, 0);
            let _ = signal::set(SIGTTIN, Action::Ignore);
            i32::from(read(tty) != Err(Errno::EIO))
        })?;
        deaf.pass()?;
        let (from, to) = sys::pipe()?;
        let father = Child::run(|| {
            let _ = sys::setpgid(0, 0);
            let orphan = Child::run(|| {
                nap(10);
                let word: &[u8] = match read(tty) {
                    Err(Errno::EIO) => b"EIO",
                    _ => b"bad",
                };
                let _ = sys::write(to, word);
                0
            });
            core::mem::forget(orphan);
            0
        })?;
        father.pass()?;
        let mut word = [0; 3];
        sys::read(from, &mut word)?;
        equal!(&word, b"EIO");
        Ok(())
    })
}

/// Two who wait for the same terminal: one line, one reader.
fn waiting_once() -> Outcome {
    let tty = open()?;
    let readers = [0, 1].map(|_| {
        Child::run(|| match read(tty).as_deref() {
            Ok("first\n") => 1,
            Ok("second\n") => 2,
            _ => 9,
        })
    });
    let [a, b] = readers;
    let (a, b) = (a?, b?);
    check!(sleeps(&a) && sleeps(&b));
    keyboard::type_text("first\n")?;
    nap(5);
    keyboard::type_text("second\n")?;
    equal!(a.code()? + b.code()?, 3);
    Ok(())
}

/// The other consoles have queues and screens of their own.
fn other_consoles() -> Outcome {
    let first = open()?;
    let second = sys::open("/dev/tty3", O_RDWR | O_NOCTTY | O_NONBLOCK, 0)?;
    sys::write(second, b"\x1b[2J\x1b[Hon the second")?;
    sys::write(first, b"\x1b[2J\x1b[Hon the first")?;
    let screen = keyboard::screen();
    check!(
        screen.contains("on the first") && screen.contains("on the second"),
        "{screen}"
    );
    keyboard::type_text("first\n")?;
    equal!(read(first)?, "first\n");
    fails!(sys::read(second, &mut [0; 9]), EAGAIN);
    // Alt-F2, a line, alt-F1.
    keyboard::scancodes(&[0x38, 0x3c, 0xbc, 0xb8])?;
    keyboard::type_text("second\n")?;
    keyboard::scancodes(&[0x38, 0x3b, 0xbb, 0xb8])?;
    check!(until(50, || sys::read(second, &mut [0; 9]) == Ok(7)));
    keyboard::type_text("back\n")?;
    equal!(read(first)?, "back\n");
    change(second, |settings| settings.lflag &= !abi::ECHO)?;
    check!(sys::tcgetattr(first)?.lflag & abi::ECHO != 0, "settings");
    reset(second)?;
    Ok(())
}
