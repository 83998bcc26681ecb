//! Character devices: the screen, the keyboard, the serial lines and the
//! terminals made of them (0.11 `kernel/chr_drv/`).

pub mod console;
pub mod cook;
pub mod keyboard;
pub mod keymap;
pub mod look;
pub mod serial;
pub mod termios;
pub mod tty;
pub mod tty_io;
pub mod tty_ioctl;
pub mod vc;
pub mod video;

pub use tty_io::chr_dev_init;
