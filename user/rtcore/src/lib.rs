//! The part of the user runtime that needs no kernel.
//!
//! Everything in here is plain computation, so `cargo test` runs it on the
//! host. Programs use it through the crate `rt`, which re-exports it.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod bytes;
pub mod errno;
pub mod glob;
pub mod mode;
pub mod num;
pub mod path;
pub mod regex;
pub mod select;
pub mod time;

pub use bytes::BStr;
pub use errno::Errno;
