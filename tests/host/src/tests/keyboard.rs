//! From scan codes to what a program reads.

use crate::kernel::chr_drv::keyboard::choose_map;
use crate::kernel::chr_drv::tty_io::TTY_TABLE;
use crate::machine::Machine;

const SHIFT: u8 = 0x2a;
const CTRL: u8 = 0x1d;
const ALT: u8 = 0x38;
const CAPS: u8 = 0x3a;
const UP: u8 = 0x80;

/// What arrives without line editing.
fn typed(m: &Machine, codes: &[u8]) -> Vec<u8> {
    TTY_TABLE[0].lock().termios.c_lflag = 0;
    TTY_TABLE[0].lock().termios.c_iflag = 0;
    m.keys(codes);
    m.read(0, 100).unwrap_or_default()
}

#[test]
fn letters_digits_and_shift() {
    let m = Machine::start();
    assert_eq!(
        typed(&m, &[0x1e, 0x1e | UP, 0x30, 0x02, 0x39, 0x1c]),
        b"ab1 \r"
    );
    assert_eq!(typed(&m, &[SHIFT, 0x1e, 0x02, SHIFT | UP, 0x1e]), b"A!a");
    assert_eq!(typed(&m, &[0x0e, 0x0f, 0x01]), b"\x7f\t\x1b");
    // A key that is held comes again and again.
    assert_eq!(typed(&m, &[0x1e, 0x1e, 0x1e, 0x1e | UP]), b"aaa");
}

#[test]
fn caps_lock_turns_letters_only() {
    let m = Machine::start();
    // It repeats while it is held, which must not toggle it again.
    assert_eq!(
        typed(&m, &[CAPS, CAPS, CAPS | UP, 0x1e, 0x02, 0x1a]),
        b"A1["
    );
    assert_eq!(typed(&m, &[SHIFT, 0x1e, 0x1a, SHIFT | UP]), b"a{");
    assert_eq!(typed(&m, &[CAPS, CAPS | UP, 0x1e]), b"a");
}

#[test]
fn control_characters() {
    let m = Machine::start();
    let with = |code| typed(&m, &[CTRL, code, CTRL | UP]);
    assert_eq!(with(0x2e), b"\x03");
    assert_eq!(with(0x1a), b"\x1b");
    assert_eq!(with(0x2b), b"\x1c");
    assert_eq!(with(0x39), b"\0");
    assert_eq!(with(0x35), b"\x1f");
    assert_eq!(with(0x04), b"");
    // Caps lock makes no difference.
    typed(&m, &[CAPS, CAPS | UP]);
    assert_eq!(with(0x2e), b"\x03");
    typed(&m, &[CAPS, CAPS | UP]);
}

#[test]
fn cursor_keys_and_keypad() {
    let m = Machine::start();
    let arrows = [0xe0, 0x48, 0xe0, 0xc8, 0xe0, 0x50, 0xe0, 0x4d, 0xe0, 0x4b];
    assert_eq!(typed(&m, &arrows), b"\x1b[A\x1b[B\x1b[C\x1b[D");
    assert_eq!(
        typed(&m, &[0xe0, 0x47, 0xe0, 0x4f, 0xe0, 0x49]),
        b"\x1b[H\x1b[Y\x1b[5~"
    );
    assert_eq!(typed(&m, &[0x47, 0x4c, 0x53, 0x4a, 0x4e, 0x37]), b"75.-+*");
    assert_eq!(typed(&m, &[SHIFT, 0x48, SHIFT | UP]), b"\x1b[A");
    assert_eq!(typed(&m, &[0xe0, 0x1c, 0xe0, 0x35]), b"\r/");
    // The shifts that some keyboards wrap around a cursor key mean nothing.
    assert_eq!(
        typed(&m, &[0xe0, 0x2a, 0xe0, 0x48, 0xe0, 0xaa, 0x1e]),
        b"\x1b[Aa"
    );
}

#[test]
fn function_keys() {
    let m = Machine::start();
    assert_eq!(typed(&m, &[0x3b, 0x44, 0x57]), b"\x1b[[A\x1b[[J\x1b[[K");
}

#[test]
fn pause_and_unknown_keys_type_nothing() {
    let m = Machine::start();
    assert_eq!(typed(&m, &[0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5, 0x1e]), b"a");
    assert_eq!(
        typed(&m, &[0xe0, 0x5b, 0xe0, 0xdb, 0x7f, 0x00, 0xff, 0x1e]),
        b"a"
    );
}

#[test]
fn alt_sets_the_eighth_bit_and_altgr_has_a_table() {
    let m = Machine::start();
    assert_eq!(typed(&m, &[ALT, 0x1e, ALT | UP]), b"\xe1");
    assert_eq!(typed(&m, &[0xe0, ALT, 0x03, 0x1e, 0xe0, ALT | UP]), b"@");
}

#[test]
fn lights_are_set_step_by_step() {
    let m = Machine::start();
    m.sent_to_keyboard();
    m.keys(&[0x46, 0x46 | UP]);
    assert_eq!(m.sent_to_keyboard(), [0xed]);
    m.keys(&[0xfe]);
    assert_eq!(m.sent_to_keyboard(), [0xed], "asked for again");
    m.keys(&[0xfa]);
    assert_eq!(m.sent_to_keyboard(), [3], "scroll lock and num lock");
    m.keys(&[0xfa, 0x46, 0x46 | UP, 0xfa, 0xfa]);
    assert_eq!(m.sent_to_keyboard(), [0xed, 2]);
    assert_eq!(typed(&m, &[0x1e]), b"a");
}

#[test]
fn layouts() {
    let m = Machine::start();
    choose_map("de");
    assert_eq!(
        typed(&m, &[0x15, 0x2c, SHIFT, 0x08, SHIFT | UP, 0x53]),
        b"zy/,"
    );
    choose_map("fr");
    assert_eq!(typed(&m, &[0x10, SHIFT, 0x02, SHIFT | UP]), b"a1");
    choose_map("none");
    assert_eq!(typed(&m, &[0x10]), b"a", "unknown: as it was");
    choose_map("us");
    assert_eq!(typed(&m, &[0x10]), b"q");
}
