//! Terminals: settings, lines with erase and kill, end of file, signals from
//! the keyboard, raw input, output on the screen. The keys are typed through
//! the keyboard controller.

#![no_std]
#![no_main]
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use guest::child::{ticks_now, until};
use guest::keyboard;
use guest::prelude::*;
use guest::terminal::{change, in_session, open, read, sleeps};
use rt::sys::{O_NOCTTY, O_NONBLOCK, O_RDWR};
use signal::{Action, SIGINT, SIGQUIT, SIGTTIN};

cases! {
    "tty";
    settings, line_with_erase_and_kill, end_of_file, echo_on_screen, raw_input, raw_timeout, shift_and_caps,
    interrupt_key, quit_key, controlling_terminal, background_read_stops, foreground_group, nonblocking_read,
    read_into_shared_page, screen_output, escape_sequences, two_lines, flush_on_change
}

fn settings() -> Outcome {
    let tty = open()?;
    let before = sys::tcgetattr(tty)?;
    equal!((before.cc[abi::VINTR], before.cc[4]), (3, 4), "^C, ^D");
    change(tty, |settings| {
        settings.lflag &= !abi::ECHO;
        settings.cc[abi::VINTR] = 7;
    })?;
    let after = sys::tcgetattr(tty)?;
    equal!(
        (after.lflag, after.cc[abi::VINTR]),
        (before.lflag & !abi::ECHO, 7)
    );
    sys::tcsetattr(tty, abi::TCSETS, &before)?;
    fails!(sys::lseek(tty, 0, rt::sys::SEEK_SET), ESPIPE);
    // SAFETY: an unknown command takes no address.
    fails!(unsafe { sys::ioctl(tty, 0x54ff, 0) }, EINVAL);
    Ok(())
}

fn line_with_erase_and_kill() -> Outcome {
    let tty = open()?;
    keyboard::type_text("hello\n")?;
    equal!(read(tty)?, "hello\n");
    keyboard::type_text("abc\u{7f}\u{7f}x\n")?;
    equal!(read(tty)?, "ax\n", "erase");
    keyboard::type_text("wrong\u{15}right\n")?;
    equal!(read(tty)?, "right\n", "^U");
    // Erase does not go beyond the line.
    keyboard::type_text("\u{7f}\u{7f}y\n")?;
    equal!(read(tty)?, "y\n");
    // A line is read in pieces if the buffer is small.
    keyboard::type_text("pieces\n")?;
    let mut buf = [0; 3];
    equal!((sys::read(tty, &mut buf)?, &buf), (3, b"pie"));
    equal!(read(tty)?, "ces\n");
    Ok(())
}

fn end_of_file() -> Outcome {
    let tty = open()?;
    keyboard::type_text("\u{4}")?;
    equal!(read(tty)?, "", "^D alone");
    keyboard::type_text("ab\u{4}")?;
    equal!(read(tty)?, "ab", "^D behind text ends the read");
    keyboard::type_text("c\n")?;
    equal!(read(tty)?, "c\n");
    Ok(())
}

fn echo_on_screen() -> Outcome {
    let tty = open()?;
    sys::write(tty, b"\x1b[2J\x1b[1;1H")?;
    keyboard::type_text("visible\n")?;
    equal!(read(tty)?, "visible\n");
    check!(
        keyboard::screen().contains("visible"),
        "{}",
        keyboard::screen()
    );
    change(tty, |settings| settings.lflag &= !abi::ECHO)?;
    keyboard::type_text("secret\n")?;
    equal!(read(tty)?, "secret\n");
    check!(!keyboard::screen().contains("secret"));
    change(tty, |settings| settings.lflag |= abi::ECHO)?;
    Ok(())
}

/// Each key at once, without its being changed, when VMIN is 1.
fn raw_input() -> Outcome {
    let tty = open()?;
    let before = sys::tcgetattr(tty)?;
    change(tty, |settings| {
        settings.lflag &= !(abi::ICANON | abi::ECHO | abi::ISIG);
        settings.cc[abi::VMIN] = 1;
        settings.cc[abi::VTIME] = 0;
    })?;
    let result = (|| -> Outcome {
        keyboard::type_text("x")?;
        equal!(read(tty)?, "x");
        let keys = "\u{3}\u{4}\u{13}\u{11}";
        keyboard::type_text(keys)?;
        let mut text = read(tty)?;
        while text.len() < keys.len() {
            text += &read(tty)?;
        }
        equal!(text, keys, "^C, ^D, ^S and ^Q are characters");
        // An arrow is an escape sequence.
        keyboard::scancodes(&[0xe0, 0x48, 0xe0, 0xc8])?;
        let mut text = read(tty)?;
        while text.len() < 3 {
            text += &read(tty)?;
        }
        equal!(text, "\x1b[A");
        change(tty, |settings| settings.cc[abi::VMIN] = 3)?;
        keyboard::type_text("abc")?;
        equal!(read(tty)?, "abc", "VMIN 3");
        Ok(())
    })();
    sys::tcsetattr(tty, abi::TCSETSF, &before)?;
    result
}

/// VMIN 0, VTIME 3: nothing comes for 0.3 s.
fn raw_timeout() -> Outcome {
    let tty = open()?;
    let before = sys::tcgetattr(tty)?;
    change(tty, |settings| {
        settings.lflag &= !(abi::ICANON | abi::ECHO);
        settings.cc[abi::VMIN] = 0;
        settings.cc[abi::VTIME] = 3;
    })?;
    let start = ticks_now();
    let result = read(tty);
    let passed = ticks_now() - start;
    change(tty, |settings| settings.cc[abi::VTIME] = 0)?;
    let at_once = read(tty);
    sys::tcsetattr(tty, abi::TCSETSF, &before)?;
    equal!(result?, "");
    check!((25..=40).contains(&passed), "{passed} ticks");
    equal!(at_once?, "", "VMIN 0, VTIME 0");
    Ok(())
}

fn shift_and_caps() -> Outcome {
    let tty = open()?;
    keyboard::type_text("aBc\n")?;
    equal!(read(tty)?, "aBc\n");
    let caps = [0x3a, 0xba];
    keyboard::scancodes(&caps)?;
    keyboard::type_text("abC\n")?;
    keyboard::scancodes(&caps)?;
    let text = read(tty)?;
    check!(
        text == "ABc\n" || text == "ABC\n",
        "with caps lock: {text:?}"
    );
    keyboard::type_text("a\n")?;
    equal!(read(tty)?, "a\n", "caps lock off");
    Ok(())
}

static LAST: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(number: i32) {
    LAST.store(number, Relaxed);
}

/// ^C: SIGINT to the foreground group, the line is dropped.
fn interrupt_key() -> Outcome {
    in_session(|tty| {
        signal::set(SIGINT, Action::Handler(note))?;
        keyboard::type_text("dropped\u{3}")?;
        check!(until(100, || LAST.load(Relaxed) == SIGINT), "no SIGINT");
        keyboard::type_text("kept\n")?;
        equal!(read(tty)?, "kept\n");
        // A sleeping reader is woken.
        let sleeper = Child::run(|| {
            let _ = signal::set(SIGINT, Action::Default);
            let _ = read(tty);
            0
        })?;
        check!(sleeps(&sleeper));
        keyboard::type_text("\u{3}")?;
        equal!(sleeper.wait()?.term_signal(), Some(SIGINT));
        Ok(())
    })
}

fn quit_key() -> Outcome {
    in_session(|_| {
        signal::set(SIGQUIT, Action::Handler(note))?;
        keyboard::type_text("\u{1c}")?;
        check!(until(100, || LAST.load(Relaxed) == SIGQUIT), "no SIGQUIT");
        Ok(())
    })
}

/// The leader's end takes the terminal from its session; /dev/tty is it while
/// it lasts.
fn controlling_terminal() -> Outcome {
    in_session(|tty| {
        let same = sys::open("/dev/tty", O_RDWR, 0)?;
        equal!(sys::tcgetpgrp(same)?, sys::tcgetpgrp(tty)?);
        sys::write(same, b"")?;
        keyboard::type_text("both\n")?;
        equal!(read(same)?, "both\n");
        Ok(())
    })?;
    // Afterwards another session can have it.
    in_session(|_| Ok(()))
}

/// A read by a group that is not in the foreground stops it, SIGTTIN.
fn background_read_stops() -> Outcome {
    in_session(|tty| {
        let child = Child::run(|| {
            let _ = sys::setpgid(0, 0);
            i32::from(read(tty) != Ok("late\n".to_string()))
        })?;
        let (pid, status) = sys::waitpid(child.pid, rt::sys::WUNTRACED)?;
        equal!((pid, status.stop_signal()), (child.pid, Some(SIGTTIN)));
        // In the foreground it goes on.
        sys::tcsetpgrp(tty, child.pid)?;
        child.kill(signal::SIGCONT)?;
        keyboard::type_text("late\n")?;
        child.pass()
    })
}

fn foreground_group() -> Outcome {
    in_session(|tty| {
        let (go, child) = sleeper()?;
        sys::setpgid(child.pid, child.pid)?;
        sys::tcsetpgrp(tty, child.pid)?;
        equal!(sys::tcgetpgrp(tty)?, child.pid);
        signal::set(SIGINT, Action::Handler(note))?;
        keyboard::type_text("\u{3}")?;
        equal!(
            child.wait()?.term_signal(),
            Some(SIGINT),
            "the foreground group"
        );
        equal!(LAST.load(Relaxed), 0, "not the background group");
        go.close();
        Ok(())
    })
}

fn nonblocking_read() -> Outcome {
    open()?;
    let tty = sys::open("/dev/tty0", O_RDWR | O_NOCTTY | O_NONBLOCK, 0)?;
    fails!(sys::read(tty, &mut [0; 10]), EAGAIN);
    keyboard::type_text("now\n")?;
    equal!(read(tty)?, "now\n");
    Ok(())
}

/// S12 for terminals: a read into a page that is shared with the parent.
fn read_into_shared_page() -> Outcome {
    let tty = open()?;
    area::fill(0, 0xc3);
    let ready = Gate::new()?;
    let child = Child::test(|| {
        let page = peep::me()?.entry(area::address(0)) & !0xfff;
        equal!(peep::count(page)?, 2);
        ready.open();
        // SAFETY: a page of the area.
        let length = unsafe { rt::sys::call(Nr::Read, tty as usize, area::address(0), 100) }?;
        equal!(length, 7);
        equal!(area::get(0, 0), b's');
        check!(peep::me()?.entry(area::address(0)) & !0xfff != page);
        Ok(())
    })?;
    ready.wait()?;
    check!(sleeps(&child));
    keyboard::type_text("shared\n")?;
    child.pass()?;
    check!(area::is_filled(0, 0xc3), "the parent's page has changed");
    Ok(())
}

/// Text goes where the cursor is; lines beyond the last scroll.
fn screen_output() -> Outcome {
    let tty = open()?;
    sys::write(tty, b"\x1b[2J\x1b[1;1Hfirst\n\ttab\rX\n")?;
    let screen = keyboard::screen();
    check!(screen.contains("first"), "{screen}");
    check!(screen.contains("X       tab"), "{screen}");
    for line in 0..30 {
        sys::write(tty, format!("line {line} end\n").as_bytes())?;
    }
    let screen = keyboard::screen();
    check!(
        screen.contains("line 29 end") && screen.contains("line 10 end"),
        "{screen}"
    );
    Ok(())
}

fn escape_sequences() -> Outcome {
    let tty = open()?;
    sys::write(tty, b"\x1b[2J\x1b[5;10Hplace\x1b[5;1H\x1b[3CHERE\x1b[K")?;
    let screen = keyboard::screen();
    check!(
        screen.contains("   HERE") && !screen.contains("place"),
        "{screen}"
    );
    sys::write(tty, b"\x1b[2J\x1b[2;1Hone\x1b[3;1Htwo\x1b[2;1H\x1b[L")?;
    let screen = keyboard::screen();
    check!(screen.contains("one") && screen.contains("two"), "{screen}");
    sys::write(tty, b"\x1b[M\x1b[M")?;
    let screen = keyboard::screen();
    check!(
        !screen.contains("one") && screen.contains("two"),
        "{screen}"
    );
    // Nonsense does no harm.
    sys::write(
        tty,
        b"\x1b[999;999H\x1b[;;;;;;;;;;;;;;;;;;;m\x1b[99999999999A\x1b[9999L\x1b[9999M\x1bZ\x1b[m",
    )?;
    sys::write(tty, b"\x1b[2J\x1b[1;1Hfine\n")?;
    check!(keyboard::screen().contains("fine"));
    Ok(())
}

/// Two lines that were typed ahead are two reads.
fn two_lines() -> Outcome {
    let tty = open()?;
    keyboard::type_text("one\ntwo\n")?;
    equal!(read(tty)?, "one\n");
    equal!(read(tty)?, "two\n");
    Ok(())
}

/// TCSETSF drops what was typed before.
fn flush_on_change() -> Outcome {
    let tty = open()?;
    keyboard::type_text("old\n")?;
    nap(2);
    let settings = sys::tcgetattr(tty)?;
    sys::tcsetattr(tty, abi::TCSETSF, &settings)?;
    keyboard::type_text("new\n")?;
    equal!(read(tty)?, "new\n");
    Ok(())
}
