//! Runtime of user programs.
//!
//! A program is one file:
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! use rt::prelude::*;
//!
//! rt::main!(main);
//!
//! fn main(args: Args) -> i32 {
//!     for name in args {
//!         if let Err(e) = show(name) {
//!             complain!("{name}: {e}");   // "prog: name: No such file ..." to fd 2
//!             return 1;
//!         }
//!     }
//!     0
//! }
//! # fn show(_: BStr) -> Result<()> { Ok(()) }
//! ```
//!
//! What is where:
//! - [`args`]: [`Args`](args::Args) (iterates the operands, not the name), [`Options`](args::Options)
//!   (`-la`, `--help`), [`env`]: variables, `PATH` search
//! - [`io`]: [`File`](io::File), [`Write`](io::Write), [`LineReader`](io::LineReader), buffered standard
//!   output behind `print!`, `println!` and [`io::stdout`]
//! - [`sys`]: every system call, as `Result<_, Errno>`
//! - [`abi`]: the structures of the binary interface; [`signal`]; [`dir`]: reading directories;
//!   [`users`]: `/etc/passwd` and `/etc/group`; [`tasks`]: `/dev/ps`; [`mounts`]
//! - hardware-free helpers from `rtcore`: [`BStr`], [`path`], [`num`], [`mode`], [`time`], [`glob`]
//!
//! `String`, `Vec`, `Box`, `format!` work (`extern crate alloc` is done here: `rt::alloc`).
//! Standard output is flushed by `return` from `main`, [`sys::exit`], [`sys::fork`], [`sys::execve`],
//! before standard input is read, and at each new line if it is a terminal.

#![no_std]

pub extern crate alloc;

pub mod abi;
pub mod args;
pub mod dir;
pub mod env;
mod heap;
pub mod io;
pub mod mounts;
pub mod signal;
mod start;
pub mod sys;
pub mod tasks;
pub mod users;

pub use rtcore::{BStr, Errno, bytes, errno, glob, mode, num, path, regex, select, time};

/// Result of a system call.
pub type Result<T> = core::result::Result<T, Errno>;

/// What almost every program wants.
pub mod prelude {
    pub use crate::args::{Args, Options};
    pub use crate::io::{File, LineReader, Read, Write};
    pub use crate::{BStr, Errno, Result};
    pub use crate::{complain, eprint, eprintln, print, println, sys};
    pub use alloc::{borrow::ToOwned, boxed::Box, format, string::String, string::ToString};
    pub use alloc::{vec, vec::Vec};
}

/// Names the program's main function: `fn main(args: Args) -> i32`, whose
/// result is the exit code.
#[macro_export]
macro_rules! main {
    ($main:path) => {
        // SAFETY: the one definition of this symbol in a program; the runtime
        // declares it with the same signature.
        #[allow(unsafe_code)]
        #[unsafe(no_mangle)]
        fn rt_main(args: $crate::args::Args) -> i32 {
            $main(args)
        }
    };
}

/// Writes formatted text to standard output (buffered). Errors are remembered
/// and make the exit code 1.
#[macro_export]
macro_rules! print {
    ($($arg:tt)*) => { $crate::io::print_args(format_args!($($arg)*)) };
}

/// [`print!`] and a new line.
#[macro_export]
macro_rules! println {
    () => { $crate::print!("\n") };
    ($($arg:tt)*) => { $crate::io::println_args(format_args!($($arg)*)) };
}

/// Writes formatted text to standard error, at once.
#[macro_export]
macro_rules! eprint {
    ($($arg:tt)*) => { $crate::io::eprint_args(format_args!($($arg)*), false) };
}

/// [`eprint!`] and a new line.
#[macro_export]
macro_rules! eprintln {
    () => { $crate::eprint!("\n") };
    ($($arg:tt)*) => { $crate::io::eprint_args(format_args!($($arg)*), true) };
}

/// An error message: the program's name, a colon, the text, a new line, to
/// standard error.
#[macro_export]
macro_rules! complain {
    ($($arg:tt)*) => { $crate::io::complain_args(format_args!($($arg)*)) };
}
