//! The part of the shell that needs no kernel: reading the language
//! ([`parse`]), replacing `$x` and `*` ([`expand`]), arithmetic ([`arith`])
//! and the conditions of `test` ([`cond`]).
//!
//! The language is the POSIX shell's, without aliases and job names other
//! than `%n`.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod arith;
pub mod ast;
pub mod cond;
pub mod expand;
pub mod parse;
mod scan;

use alloc::string::String;

/// What is wrong with a piece of shell text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// The text ends in the middle of a command: read another line.
    Incomplete,
    /// It is no valid command: the line, counted from 1, and what is wrong.
    Syntax(u32, String),
}
