//! The kernel's own source files for the screen, the keyboard, the serial lines,
//! the terminals and the hard disks, compiled for the host around hardware made of plain
//! memory ([`machine`]). What they need from the rest of the kernel is here in
//! the least form that compiles; a call that would sleep fails instead, since
//! nothing could ever wake it.

#![cfg(test)]
#![allow(
    dead_code,
    reason = "the kernel's files offer more than these tests call"
)]
#![allow(
    clippy::upper_case_acronyms,
    reason = "names are those of 0.11 and of the field"
)]

mod arch;
mod disk;
mod fs;
mod kernel;
mod machine;
mod tests;
