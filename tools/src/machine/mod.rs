//! Emulators as the tools and tests see them: a machine that was started, its
//! serial line, its monitor.

mod bochs;
mod console;
mod qemu;
mod screen;

pub use bochs::{Bochs, BochsSetup};
pub use console::{Console, Line, indent};
pub use qemu::{Boot, Exit, Qemu, Setup};
