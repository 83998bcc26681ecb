//! Kernel messages (0.11 `kernel/printk.c` and `kernel/vsprintf.c`).
//!
//! 0.11 formats with its own `vsprintf` into a static buffer and hands that to
//! `tty_write`. Here `core::fmt` formats, piece by piece and without a buffer,
//! straight to the screen and, with `console=ttyS0` on the command line, to the
//! first serial line too.
//!
//! Works from the first line of `main()` on, in interrupt handlers and in a
//! panic: no piece waits for an interrupt, and a screen that is in use at that
//! very moment (a panic inside the console driver) is written to directly.

use crate::arch::boot::setup::boot_info;
use crate::kernel::chr_drv::{console, serial};
use crate::kernel::shared::IrqCell;
use core::fmt::{self, Write};

/// Prints to the console like `format!`; end lines with `\n` yourself.
macro_rules! printk {
    ($($arg:tt)*) => {
        $crate::kernel::printk::print(::core::format_args!($($arg)*))
    };
}

pub(crate) use printk;

/// Do messages go to the first serial line too?
static TO_SERIAL: IrqCell<bool> = IrqCell::new(false);

/// Where kernel messages go.
struct Log;

impl Write for Log {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        console::print(text);
        if TO_SERIAL.get() {
            serial::print(text);
        }
        Ok(())
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

/// Prints to the first serial line from now on, if there is one.
pub fn log_to_serial() {
    if !TO_SERIAL.get() {
        TO_SERIAL.set(serial::prepare_log());
    }
}

/// What [`printk!`] calls (0.11 `printk`).
pub fn print(message: fmt::Arguments) {
    // Neither screen nor serial line reports errors.
    let _ = Log.write_fmt(message);
}
