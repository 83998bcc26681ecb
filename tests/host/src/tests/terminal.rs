//! Line editing, signals, echo.

use crate::kernel::chr_drv::termios::*;
use crate::kernel::chr_drv::tty_io::TTY_TABLE;
use crate::kernel::errno::{EAGAIN, ERESTARTSYS};
use crate::kernel::types::Pid;
use crate::machine::Machine;
use proptest::prelude::*;

/// Changes the settings of the screen's terminal.
fn set(change: impl FnOnce(&mut Termios)) {
    change(&mut TTY_TABLE[0].lock().termios);
}

fn reads(m: &Machine, typed: &[u8]) -> String {
    m.type_text(typed);
    String::from_utf8_lossy(&m.read(0, 2000).unwrap_or_default()).into_owned()
}

#[test]
fn a_line_is_read_when_it_is_complete() {
    let m = Machine::start();
    m.type_text(b"hal");
    assert_eq!(m.read(0, 10), Err(EAGAIN));
    assert_eq!(reads(&m, b"lo\rnext"), "hallo\n");
    assert_eq!(m.read(0, 10), Err(EAGAIN));
    assert_eq!(
        (m.line(0), m.line(1)),
        ("hallo".to_string(), "next".to_string())
    );
}

#[test]
fn a_long_line_is_read_in_parts() {
    let m = Machine::start();
    m.type_text(&[b'x'; 200]);
    m.type_text(b"\n");
    let mut all = Vec::new();
    while let Ok(part) = m.read(0, 70) {
        all.extend(part);
    }
    assert_eq!(all.len(), 201);
}

#[test]
fn erase_word_and_line() {
    let m = Machine::start();
    assert_eq!(reads(&m, b"abx\x7fc\x08d\n"), "abd\n");
    assert_eq!(reads(&m, b"one two  \x17three\n"), "one three\n");
    assert_eq!(reads(&m, b"nonsense\x15good\n"), "good\n");
    assert_eq!(reads(&m, b"\x7f\x7f\x17\x15x\n"), "x\n");
    assert_eq!(
        [0, 1, 2, 3].map(|y| m.line(y)),
        ["abd", "one three", "good", "x"]
    );
}

#[test]
fn erasing_takes_tabs_and_control_characters_off_the_screen() {
    let m = Machine::start();
    m.write(0, b"# ");
    m.type_text(b"a\tb\x7f\x7f");
    assert_eq!(m.cursor(), (3, 0));
    m.type_text(b"\x16\x01\x7f");
    assert_eq!((m.cursor(), m.line(0)), ((3, 0), "# a".to_string()));
    m.type_text(b"\t\t\x15");
    assert_eq!((m.cursor(), m.line(0)), ((2, 0), "#".to_string()));
}

#[test]
fn end_of_file() {
    let m = Machine::start();
    assert_eq!(reads(&m, b"no line\x04"), "no line");
    m.type_text(b"\x04");
    assert_eq!(m.read(0, 10), Ok(vec![]));
    assert_eq!(m.read(0, 10), Err(EAGAIN));
    // Where the buffer ends just before it, it does not end the next read too.
    m.type_text(b"abc\x04");
    assert_eq!(m.read(0, 3).as_deref(), Ok(&b"abc"[..]));
    assert_eq!(m.read(0, 3), Err(EAGAIN));
    // A NUL that was typed is no end of file.
    assert_eq!(reads(&m, b"a\x16\0b\n"), "a\0b\n");
}

#[test]
fn a_full_line_still_takes_its_end() {
    let m = Machine::start();
    m.type_text(&[b'x'; 3000]);
    assert_eq!(reads(&m, b"\n").len(), 1023);
    assert_eq!(reads(&m, b"again\n"), "again\n");
}

#[test]
fn signals() {
    let m = Machine::start();
    m.type_text(b"abc\x03");
    m.type_text(b"\x1c\x1a");
    assert_eq!(m.signals(), [(7, 2), (7, 3), (7, 20)]);
    assert_eq!(reads(&m, b"x\n"), "x\n");
    set(|t| t.c_lflag |= NOFLSH);
    assert_eq!(reads(&m, b"kept\x03!\n"), "kept!\n");
    m.signals();
    set(|t| t.c_lflag &= !ISIG);
    assert_eq!(reads(&m, b"a\x03\n"), "a\x03\n");
    assert_eq!(m.signals(), []);
}

#[test]
fn the_next_character_can_be_taken_literally() {
    let m = Machine::start();
    assert_eq!(reads(&m, b"\x16\x03\x16\x7f\x16\x16\n"), "\x03\x7f\x16\n");
    assert_eq!((m.signals(), m.line(0)), (vec![], "^C^?^V".to_string()));
}

#[test]
fn input_flags() {
    let m = Machine::start();
    for (flags, typed, read) in [
        (0, &b"a\rb\n"[..], "a\rb\n"),
        (ICRNL, b"a\r", "a\n"),
        (IGNCR, b"a\rb\n", "ab\n"),
        (INLCR | ICRNL, b"a\r", "a\n"),
        (IUCLC, b"ABC\n", "abc\n"),
        (ISTRIP, b"\xe1\xe2\n", "ab\n"),
    ] {
        set(|t| t.c_iflag = flags);
        assert_eq!(reads(&m, typed), read, "c_iflag {flags:o}");
    }
}

#[test]
fn output_flags() {
    let m = Machine::start();
    for (flags, written, sent) in [
        (0, &b"a\nb"[..], &b"a\nb"[..]),
        (OPOST, b"a\nb", b"a\nb"),
        (OPOST | ONLCR, b"a\nb", b"a\r\nb"),
        (OPOST | OCRNL, b"a\rb", b"a\nb"),
        (OPOST | OCRNL | ONLCR, b"a\rb", b"a\r\nb"),
        (OPOST | OLCUC, b"abC", b"ABC"),
        (OPOST | ONOCR, b"\ra\r", b"a\r"),
        (OPOST | XTABS, b"ab\tc", b"ab      c"),
    ] {
        let mut tty = TTY_TABLE[1].lock();
        tty.termios.c_oflag = flags;
        tty.column = 0;
        drop(tty);
        m.write(1, written);
        m.transmit_all();
        assert_eq!(m.sent(), sent, "c_oflag {flags:o}");
    }
}

#[test]
fn echo_flags() {
    let m = Machine::start();
    set(|t| t.c_lflag &= !ECHO);
    assert_eq!(reads(&m, b"secret\x7f\x15more\n"), "more\n");
    assert_eq!((m.line(0), m.cursor()), (String::new(), (0, 0)));
    set(|t| t.c_lflag |= ECHONL);
    m.type_text(b"x\n");
    assert_eq!(m.cursor(), (0, 1));
}

#[test]
fn without_icanon_characters_come_at_once() {
    let m = Machine::start();
    set(|t| t.c_lflag &= !(ICANON | ECHO));
    assert_eq!(reads(&m, b"a\x7f\x04\x15"), "a\x7f\x04\x15");
    // More than fits waits in the raw queue.
    m.type_text(&[b'y'; 2000]);
    assert_eq!(reads(&m, b"").len(), 2000);
}

#[test]
fn the_background_is_stopped() {
    let m = Machine::start();
    TTY_TABLE[0].lock().pgrp = Pid(8);
    assert_eq!(m.read(0, 1), Err(ERESTARTSYS));
    assert_eq!(m.signals(), [(7, 21)], "SIGTTIN");
    m.write(0, b"output is free");
    set(|t| t.c_lflag |= TOSTOP);
    let slice = crate::arch::segment::UserSlice::over(&mut [b'x']);
    let written = crate::kernel::chr_drv::tty_io::tty_write(0, slice);
    assert_eq!(
        (written, m.signals()),
        (Err(ERESTARTSYS), vec![(7, 22)]),
        "SIGTTOU"
    );
}

proptest! {
    /// Whatever is typed under whatever settings: nothing panics, and what is
    /// read is no longer than what was typed.
    #[test]
    fn any_input_under_any_settings(
        bytes in prop::collection::vec(any::<u8>().prop_filter("no beep", |&c| c != 7), 0..1500),
        iflag in 0u32..0o40000,
        oflag in 0u32..0o100000,
        lflag in 0u32..0o200000,
        cc in prop::array::uniform17(any::<u8>()),
    ) {
        let m = Machine::start();
        set(|t| {
            (t.c_iflag, t.c_oflag, t.c_lflag, t.c_cc) = (iflag, oflag, lflag, cc);
        });
        m.type_text(&bytes);
        let mut total = 0;
        while let Ok(part) = m.read(0, 300) {
            if part.is_empty() && TTY_TABLE[0].lock().secondary.is_empty() {
                break;
            }
            total += part.len();
        }
        prop_assert!(total <= bytes.len() + 200, "answers to queries aside");
        let (x, y) = m.cursor();
        prop_assert!(x < 80 && y < 25);
    }
}
