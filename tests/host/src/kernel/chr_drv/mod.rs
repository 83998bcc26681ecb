//! The kernel's character devices, over [`crate::machine`]'s video memory.

#[path = "../../../../../kernel/chr_drv/console.rs"]
pub mod console;
#[path = "../../../../../kernel/chr_drv/cook.rs"]
pub mod cook;
#[path = "../../../../../kernel/chr_drv/keyboard.rs"]
pub mod keyboard;
#[path = "../../../../../kernel/chr_drv/keymap.rs"]
pub mod keymap;
#[path = "../../../../../kernel/chr_drv/look.rs"]
pub mod look;
#[path = "../../../../../kernel/chr_drv/serial.rs"]
pub mod serial;
#[path = "../../../../../kernel/chr_drv/termios.rs"]
pub mod termios;
#[path = "../../../../../kernel/chr_drv/tty.rs"]
pub mod tty;
#[path = "../../../../../kernel/chr_drv/tty_io.rs"]
pub mod tty_io;
#[path = "../../../../../kernel/chr_drv/vc.rs"]
pub mod vc;
pub use crate::machine::video;
