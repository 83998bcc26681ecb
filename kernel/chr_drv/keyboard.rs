//! The keyboard: from scan codes to characters (0.11
//! `kernel/chr_drv/keyboard.S`, whose entry is still there; IBM PC/AT Technical
//! Reference, "Keyboard", scan code set 1).

use crate::arch::io::{inb, inb_p, outb, outb_p};
use crate::arch::power::restart;
use crate::kernel::bottom_half;
use crate::kernel::chr_drv::console::{console_exists, foreground_tty, want_console};
use crate::kernel::chr_drv::keymap::{self, CODES, DEFAULT, KeyMap};
use crate::kernel::chr_drv::tty_io::TTY_TABLE;
use crate::kernel::printk::printk;
use crate::kernel::shared::IrqShared;

const DATA: u16 = 0x60;
const STATUS: u16 = 0x64;
const STATUS_OUTPUT_FULL: u8 = 0x01;
const STATUS_INPUT_FULL: u8 = 0x02;
/// The keyboard's command that sets the lights, its "yes" and its "again".
const SET_LEDS: u8 = 0xed;
const ACKNOWLEDGE: u8 = 0xfa;
const RESEND: u8 = 0xfe;
/// Longest wait for the controller, in reads of about a microsecond. It needs
/// 50 of them; 0.11 waits for ever.
const CONTROLLER_TRIES: u32 = 10_000;
/// How often a lights command that the keyboard did not understand is repeated.
const LED_TRIES: u8 = 3;

/// Bits of the shift state.
const LSHIFT: u8 = 0x01;
const RSHIFT: u8 = 0x02;
const LCTRL: u8 = 0x04;
const RCTRL: u8 = 0x08;
const ALT: u8 = 0x10;
const ALTGR: u8 = 0x20;

/// Bits of the lights, as `SET_LEDS` takes them.
const SCROLL_LED: u8 = 1;
const NUM_LED: u8 = 2;
const CAPS_LED: u8 = 4;

/// What the cursor keys and the keypad, 0x47 to 0x53, send as digits.
const NUM_TABLE: &[u8; 13] = b"789-456+1230.";
/// And after ESC [ otherwise; after the digits follows a tilde.
const CUR_TABLE: &[u8; 13] = b"HA5-DGC+YB623";

/// Where in a sequence of bytes from the keyboard we are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prefix {
    None,
    /// After 0xe0: a key that the first PC did not have.
    E0,
    /// After 0xe1: so many bytes of the Pause key are left.
    Pause(u8),
}

/// How far the setting of the lights is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum LedStep {
    Done,
    /// The command has been sent; the lights follow when it is acknowledged.
    Command(u8),
    /// The lights have been sent.
    Lights,
}

/// What a key asks for.
enum Action {
    Nothing,
    /// Type these bytes, up to a 0.
    Type([u8; 4]),
    /// Show this console, and type for it.
    Console(usize),
    /// Print the tasks.
    ShowStat,
    Reboot,
}

/// The keyboard's state.
struct Keyboard {
    map: &'static KeyMap,
    /// Shift, ctrl and alt keys that are down.
    mode: u8,
    leds: u8,
    /// Lock keys that are down, by the bits of their lights: they repeat.
    held_locks: u8,
    prefix: Prefix,
    led_step: LedStep,
}

static KEYBOARD: IrqShared<Keyboard> = IrqShared::new(
    &"the keyboard",
    Keyboard {
        map: &DEFAULT,
        mode: 0,
        leds: NUM_LED,
        held_locks: 0,
        prefix: Prefix::None,
        led_step: LedStep::Done,
    },
);

/// Called by `keyboard_interrupt`: takes one byte from the keyboard.
#[unsafe(no_mangle)]
extern "C" fn do_keyboard() {
    if inb(STATUS) & STATUS_OUTPUT_FULL == 0 {
        outb(0x20, 0x20);
        return;
    }
    let code = inb_p(DATA);
    // The first PC's keyboard wants its byte acknowledged; others do not mind.
    let control = inb_p(0x61);
    outb_p(control | 0x80, 0x61);
    outb_p(control & 0x7f, 0x61);
    outb(0x20, 0x20);
    let action = KEYBOARD.lock().take(code);
    match action {
        Action::Nothing => {}
        Action::Type(bytes) => put_queue(bytes),
        Action::Console(console) => want_console(console),
        Action::ShowStat => bottom_half::mark(bottom_half::STAT),
        Action::Reboot => restart(),
    }
    bottom_half::run_after_interrupt();
}

/// Puts up to four bytes into the read queue of the console that is shown, all
/// or none.
fn put_queue(bytes: [u8; 4]) {
    let tty = foreground_tty();
    let raw = &mut *TTY_TABLE[tty].raw.lock();
    if raw.read_q.left() < bytes.len() {
        return;
    }
    // A NUL can be typed, but only alone: ctrl-space.
    let len = bytes
        .iter()
        .position(|&byte| byte == 0)
        .unwrap_or(bytes.len());
    bytes[..len.max(1)]
        .iter()
        .for_each(|&byte| raw.read_q.put(byte));
    bottom_half::mark(bottom_half::tty(tty));
}

impl Keyboard {
    /// Takes a byte from the keyboard.
    fn take(&mut self, code: u8) -> Action {
        if self.led_step != LedStep::Done && matches!(code, ACKNOWLEDGE | RESEND) {
            self.set_leds_further(code);
            return Action::Nothing;
        }
        match (self.prefix, code) {
            (Prefix::Pause(left), _) => {
                self.prefix = if left > 1 {
                    Prefix::Pause(left - 1)
                } else {
                    Prefix::None
                };
                return Action::Nothing;
            }
            (_, 0xe0) => {
                self.prefix = Prefix::E0;
                return Action::Nothing;
            }
            (_, 0xe1) => {
                self.prefix = Prefix::Pause(2);
                return Action::Nothing;
            }
            _ => {}
        }
        let e0 = self.prefix == Prefix::E0;
        self.prefix = Prefix::None;
        if code & 0x80 == 0 {
            self.key_down(code, e0)
        } else {
            self.key_up(code & 0x7f, e0);
            Action::Nothing
        }
    }

    /// The bit of a shift key. Some keyboards wrap shifts in 0xe0 around the
    /// cursor keys that are not meant (0.11 takes them for real).
    fn shift_bit(code: u8, e0: bool) -> Option<u8> {
        match (code, e0) {
            (0x2a, false) => Some(LSHIFT),
            (0x36, false) => Some(RSHIFT),
            (0x1d, false) => Some(LCTRL),
            (0x1d, true) => Some(RCTRL),
            (0x38, false) => Some(ALT),
            (0x38, true) => Some(ALTGR),
            _ => None,
        }
    }

    /// The light of a lock key.
    fn lock_bit(code: u8, e0: bool) -> Option<u8> {
        match (code, e0) {
            (0x3a, false) => Some(CAPS_LED),
            (0x45, false) => Some(NUM_LED),
            (0x46, false) => Some(SCROLL_LED),
            _ => None,
        }
    }

    fn key_up(&mut self, code: u8, e0: bool) {
        if let Some(bit) = Self::shift_bit(code, e0) {
            self.mode &= !bit;
        }
        if let Some(bit) = Self::lock_bit(code, e0) {
            self.held_locks &= !bit;
        }
    }

    fn key_down(&mut self, code: u8, e0: bool) -> Action {
        if let Some(bit) = Self::shift_bit(code, e0) {
            self.mode |= bit;
            return Action::Nothing;
        }
        if let Some(bit) = Self::lock_bit(code, e0) {
            if self.held_locks & bit == 0 {
                self.held_locks |= bit;
                self.leds ^= bit;
                self.set_leds();
            }
            return Action::Nothing;
        }
        match (code, e0) {
            (0x47..=0x53, _) => self.cursor(code, e0),
            (0x3b..=0x44, false) => self.func(code - 0x3b),
            (0x57, false) => self.func(10),
            (0x58, false) => Action::ShowStat,
            (0x1c, true) => Action::Type([b'\r', 0, 0, 0]),
            (0x35, true) => Action::Type([b'/', 0, 0, 0]),
            (_, true) => Action::Nothing,
            _ => self.do_self(code),
        }
    }

    /// The cursor keys, and the keypad, which is the same without 0xe0.
    fn cursor(&self, code: u8, e0: bool) -> Action {
        const DELETE: u8 = 0x53;
        if code == DELETE && self.mode & (LCTRL | RCTRL) != 0 && self.mode & (ALT | ALTGR) != 0 {
            return Action::Reboot;
        }
        let index = (code - 0x47) as usize;
        let digit = NUM_TABLE[index];
        let digits = self.leds & NUM_LED != 0 && self.mode & (LSHIFT | RSHIFT) == 0;
        if matches!(digit, b'-' | b'+') || !e0 && digits {
            let digit = if digit == b'.' {
                self.map.keypad_point
            } else {
                digit
            };
            return Action::Type([digit, 0, 0, 0]);
        }
        let c = CUR_TABLE[index];
        Action::Type([0x1b, b'[', c, if c.is_ascii_digit() { b'~' } else { 0 }])
    }

    /// Function key `index`, from 0: F1 sends ESC [ [ A, and with alt it shows
    /// the first console, as in 0.12.
    fn func(&self, index: u8) -> Action {
        if self.mode & ALT != 0 && console_exists(index as usize) {
            return Action::Console(index as usize);
        }
        Action::Type([0x1b, b'[', b'[', b'A' + index])
    }

    /// The keys that stand for a character.
    fn do_self(&self, code: u8) -> Action {
        if code as usize >= CODES {
            return Action::Nothing;
        }
        let ctrl = self.mode & (LCTRL | RCTRL) != 0;
        let shift = self.mode & (LSHIFT | RSHIFT) != 0;
        let plain = self.map.plain[code as usize];
        let table = if self.mode & ALTGR != 0 {
            &self.map.altgr
        } else if shift != (self.leds & CAPS_LED != 0 && plain.is_ascii_lowercase()) {
            &self.map.shift
        } else {
            &self.map.plain
        };
        let c = match table[code as usize] {
            0 => return Action::Nothing,
            c if ctrl => match control(c) {
                Some(c) => c,
                None => return Action::Nothing,
            },
            c => c,
        };
        let meta = if self.mode & ALT != 0 { 0x80 } else { 0 };
        Action::Type([c | meta, 0, 0, 0])
    }

    /// Begins to set the lights. The keyboard acknowledges each byte by an
    /// interrupt: nobody waits for it.
    fn set_leds(&mut self) {
        self.led_step = LedStep::Command(LED_TRIES);
        send(SET_LEDS);
    }

    /// The keyboard has answered.
    fn set_leds_further(&mut self, answer: u8) {
        self.led_step = match (self.led_step, answer) {
            (LedStep::Command(_), ACKNOWLEDGE) => {
                send(self.leds);
                LedStep::Lights
            }
            (LedStep::Command(tries), _) if tries > 0 => {
                send(SET_LEDS);
                LedStep::Command(tries - 1)
            }
            _ => LedStep::Done,
        };
    }
}

/// The character that ctrl makes of `c`.
fn control(c: u8) -> Option<u8> {
    match c.to_ascii_uppercase() {
        c @ 0x40..=0x5f => Some(c - 0x40),
        b' ' | b'2' => Some(0),
        b'/' => Some(0x1f),
        b'?' => Some(0x7f),
        c @ (8 | 9 | 13 | 27 | 127) => Some(c),
        _ => None,
    }
}

/// Sends a byte to the keyboard, if the controller takes it in time.
fn send(byte: u8) {
    if kb_wait() {
        outb(byte, DATA);
    }
}

/// Waits until the controller takes a byte; `false` if it never does.
fn kb_wait() -> bool {
    (0..CONTROLLER_TRIES).any(|_| inb_p(STATUS) & STATUS_INPUT_FULL == 0)
}

/// Throws away what was typed before the interrupt was connected: the
/// controller raises none for a byte that it holds already. Not in 0.11.
pub fn empty_controller() {
    const BUFFER: usize = 32;
    for _ in 0..BUFFER {
        if inb_p(STATUS) & STATUS_OUTPUT_FULL == 0 {
            break;
        }
        inb_p(DATA);
    }
}

/// Chooses the layout of this name. Not in 0.11, which is compiled for one.
pub fn choose_map(name: &str) {
    match keymap::find(name) {
        Some(map) => KEYBOARD.lock().map = map,
        None => printk!("keyboard={}: no such layout; going on with us\n", name),
    }
}
