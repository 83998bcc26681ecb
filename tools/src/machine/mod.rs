//! Emulators as the tools and tests see them: a machine that was started, its
//! serial line, its monitor.

mod bochs;
mod console;
mod dosbox;
mod qemu;
mod screen;

pub use bochs::{Bochs, BochsSetup};
pub use console::{Console, Line, indent};
pub use dosbox::DosBoxX;
pub use qemu::{Boot, Exit, Qemu, Setup};
