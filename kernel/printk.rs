//! Kernel messages (0.11 `kernel/printk.c` and `kernel/vsprintf.c`).
//!
//! 0.11 formats with its own `vsprintf` into a static buffer and hands that to
//! `tty_write`. Here `core::fmt` formats, piece by piece, into a ring, which is
//! emptied to the screen and, with `console=ttyS0` on the command line, to the
//! first serial line too.
//!
//! Works from the first line of `main()` on, in interrupt handlers and in a
//! panic. Where interrupts are off the text waits in the ring until they are on
//! again, because a serial line takes a millisecond for a character; not so
//! before they are first turned on, and in a panic. A screen that is in use at
//! the very moment of a panic is written to directly.

use crate::arch::boot::setup::boot_info;
use crate::kernel::bottom_half;
use crate::kernel::chr_drv::{console, serial};
use crate::kernel::shared::{IrqCell, IrqShared};
use core::fmt::{self, Write};

/// Prints to the console like `format!`; end lines with `\n` yourself.
macro_rules! printk {
    ($($arg:tt)*) => {
        $crate::kernel::printk::print(::core::format_args!($($arg)*))
    };
}

pub(crate) use printk;

/// Bytes that can wait to be printed.
const WAITING_MAX: usize = 2048;
/// Bytes that are taken out of the ring at once.
const PIECE: usize = 64;

/// Do messages go to the first serial line too?
static TO_SERIAL: IrqCell<bool> = IrqCell::new(false);

/// Text that waits to be printed; what does not fit is lost.
struct Waiting {
    bytes: [u8; WAITING_MAX],
    first: usize,
    len: usize,
}

static WAITING: IrqShared<Waiting> = IrqShared::anonymous(Waiting {
    bytes: [0; WAITING_MAX],
    first: 0,
    len: 0,
});

impl Waiting {
    fn put(&mut self, text: &[u8]) {
        for &byte in text.iter().take(WAITING_MAX - self.len) {
            self.bytes[(self.first + self.len) % WAITING_MAX] = byte;
            self.len += 1;
        }
    }

    fn take(&mut self, piece: &mut [u8; PIECE]) -> usize {
        let len = self.len.min(PIECE);
        for byte in &mut piece[..len] {
            *byte = self.bytes[self.first];
            self.first = (self.first + 1) % WAITING_MAX;
        }
        self.len -= len;
        len
    }
}

/// Where kernel messages go first.
struct Log;

impl Write for Log {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        WAITING.lock().put(text.as_bytes());
        Ok(())
    }
}

fn put(text: &[u8]) {
    console::print(text);
    if TO_SERIAL.get() {
        serial::print(text);
    }
}

/// Finds the screen and, with `console=ttyS0`, the first serial line. Call it
/// right after `read_boot_params`; what is printed before goes to a colour
/// screen of 80 by 25.
pub fn init() {
    console::find_screen(&boot_info().bda);
    if boot_info().option("console") == Some("ttyS0") {
        log_to_serial();
        if !TO_SERIAL.get() {
            printk!("console=ttyS0: there is no serial port at 0x3f8\n");
        }
    }
}

/// Is the first serial line the console?
pub fn to_serial() -> bool {
    TO_SERIAL.get()
}

/// Prints to the first serial line from now on, if there is one.
pub fn log_to_serial() {
    if !TO_SERIAL.get() {
        TO_SERIAL.set(serial::prepare_log());
    }
}

/// Prints at once from now on, and what waits: this is a panic.
pub fn log_at_once() {
    bottom_half::end();
    log_to_serial();
    flush();
}

/// Prints what waits.
pub fn flush() {
    let mut piece = [0; PIECE];
    loop {
        let len = WAITING.lock().take(&mut piece);
        if len == 0 {
            return;
        }
        put(&piece[..len]);
    }
}

/// What [`printk!`] calls (0.11 `printk`).
///
/// Erratum `misc-3`.
pub fn print(message: fmt::Arguments) {
    // The ring reports no errors.
    let _ = Log.write_fmt(message);
    if bottom_half::must_wait() {
        bottom_half::mark(bottom_half::LOG);
    } else {
        flush();
    }
}
