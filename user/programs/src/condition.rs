//! What `test` and the shell's `[` ask about files. A program takes it in by
//! `#[path = "../condition.rs"] mod condition;`.

use rt::prelude::*;
use rt::{io, mode, num};

use shlib::cond;

/// Answers from the file system.
struct Files;

impl cond::Files for Files {
    fn is(&mut self, letter: u8, name: &[u8]) -> bool {
        let access = |how| sys::access(name, how).is_ok();
        let kind = |kind| sys::stat(name).is_ok_and(|s| s.mode & mode::S_IFMT == kind);
        let bit = |bit| sys::stat(name).is_ok_and(|s| s.mode & bit != 0);
        match letter {
            b'r' => access(sys::R_OK),
            b'w' => access(sys::W_OK),
            b'x' => access(sys::X_OK),
            b'f' => kind(mode::S_IFREG),
            b'd' => kind(mode::S_IFDIR),
            b'b' => kind(mode::S_IFBLK),
            b'c' => kind(mode::S_IFCHR),
            b'p' => kind(mode::S_IFIFO),
            b'h' | b'L' => sys::lstat(name).is_ok_and(|s| mode::is_link(s.mode)),
            b'u' => bit(mode::S_ISUID),
            b'g' => bit(mode::S_ISGID),
            b'k' => bit(mode::S_ISVTX),
            b's' => sys::stat(name).is_ok_and(|s| s.size > 0),
            b't' => num::parse_i32(name).is_some_and(io::is_terminal),
            _ => sys::stat(name).is_ok(),
        }
    }

    fn modified(&mut self, name: &[u8]) -> Option<u32> {
        sys::stat(name).ok().map(|s| s.mtime)
    }
}

/// `test` or `[`: whether the condition in the words behind the name holds.
///
/// # Errors
/// What is wrong with it, for people.
pub fn test(name: &[u8], mut words: Vec<&[u8]>) -> core::result::Result<bool, &'static str> {
    let bracket = rt::path::basename(name) == b"[";
    if bracket && words.pop() != Some(b"]") {
        return Err("the ']' is missing");
    }
    cond::evaluate(&words, &mut Files)
}
