//! System calls. Names and numbers are 0.11's (`include/unistd.h`), then
//! 0.12's from 72 on, then one of our own (reboot, 88).
//!
//! Every function but the `unsafe` ones is safe for any argument: the kernel
//! checks. Paths may be anything that is a byte string; one that holds a NUL
//! is ENOENT.

use core::arch::asm;
use core::mem::MaybeUninit;

use alloc::vec::Vec;
use rtcore::BStr;

use crate::abi::*;
use crate::{Errno, Result, io};

mod files;
mod nr;
mod process;

pub use files::*;
pub use nr::Nr;
pub use process::*;

/// Open for reading.
pub const O_RDONLY: i32 = 0;
/// Open for writing.
pub const O_WRONLY: i32 = 1;
/// Open for both.
pub const O_RDWR: i32 = 2;
/// Create the file if it is not there.
pub const O_CREAT: i32 = 0o100;
/// With `O_CREAT`: it must not be there.
pub const O_EXCL: i32 = 0o200;
/// Do not make it the controlling terminal.
pub const O_NOCTTY: i32 = 0o400;
/// Empty the file.
pub const O_TRUNC: i32 = 0o1000;
/// Every write goes to the end.
pub const O_APPEND: i32 = 0o2000;
/// Do not wait.
pub const O_NONBLOCK: i32 = 0o4000;

/// `lseek` from the start.
pub const SEEK_SET: i32 = 0;
/// `lseek` from the position.
pub const SEEK_CUR: i32 = 1;
/// `lseek` from the end.
pub const SEEK_END: i32 = 2;

/// `access`: the file is there.
pub const F_OK: i32 = 0;
/// `access`: execute.
pub const X_OK: i32 = 1;
/// `access`: write.
pub const W_OK: i32 = 2;
/// `access`: read.
pub const R_OK: i32 = 4;

/// `fcntl`: lowest free descriptor from the argument up.
pub const F_DUPFD: i32 = 0;
/// `fcntl`: read the close-on-exec flag.
pub const F_GETFD: i32 = 1;
/// `fcntl`: set the close-on-exec flag.
pub const F_SETFD: i32 = 2;
/// `fcntl`: read the open flags.
pub const F_GETFL: i32 = 3;
/// `fcntl`: set `O_APPEND` and `O_NONBLOCK`.
pub const F_SETFL: i32 = 4;

/// `waitpid`: do not wait.
pub const WNOHANG: i32 = 1;
/// `waitpid`: report stopped children, too.
pub const WUNTRACED: i32 = 2;

/// The system call itself: number and up to three arguments; what the kernel
/// returned in eax.
///
/// # Safety
/// Where the call takes pointers, they must be valid for what the kernel does
/// with them.
pub unsafe fn raw(nr: Nr, a: usize, b: usize, c: usize) -> i32 {
    let result: i32;
    // SAFETY: int 0x80 preserves every register but eax; memory is only
    // written through pointers that the caller vouches for.
    unsafe {
        asm!(
            "int 0x80",
            inlateout("eax") nr as i32 => result,
            in("ebx") a,
            in("ecx") b,
            in("edx") c,
        );
    }
    result
}

/// [`raw`], with a negative result as an error.
///
/// # Safety
/// As [`raw`].
pub unsafe fn call(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: the caller's promise.
    let result = unsafe { raw(nr, a, b, c) };
    if result < 0 && result > -4096 {
        Err(Errno(-result))
    } else {
        Ok(result as usize)
    }
}

/// [`call`] for calls without pointers.
fn plain(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: private; used only for calls whose arguments are numbers.
    unsafe { call(nr, a, b, c) }
}

/// Longest path that is passed on, with its NUL.
const PATH_SIZE: usize = 1024;

/// Runs a call whose first argument is a path: `path` with a NUL behind it.
fn with_path(nr: Nr, path: &[u8], b: usize, c: usize) -> Result<usize> {
    let mut buf = [MaybeUninit::<u8>::uninit(); PATH_SIZE];
    if path.len() >= PATH_SIZE {
        return Err(Errno::ENAMETOOLONG);
    }
    if path.contains(&0) {
        return Err(Errno::ENOENT);
    }
    for (to, &from) in buf.iter_mut().zip(path.iter().chain(&[0])) {
        to.write(from);
    }
    // SAFETY: the path is NUL-terminated and lives during the call; b and c
    // are numbers, or pointers that our callers in this module vouch for.
    unsafe { call(nr, buf.as_ptr().expose_provenance(), b, c) }
}

/// Runs `f` with the address of a default `T` that the kernel fills.
fn filled<T: Default>(f: impl FnOnce(usize) -> Result<usize>) -> Result<T> {
    let mut value = T::default();
    f((&raw mut value).expose_provenance())?;
    Ok(value)
}

/// A list of strings as `execve` takes it.
#[derive(Clone, Default, Debug)]
pub struct StrVec {
    /// The strings, a NUL behind each.
    bytes: Vec<u8>,
    /// Where each string starts.
    starts: Vec<u32>,
}

impl StrVec {
    /// An empty list.
    pub const fn new() -> Self {
        StrVec {
            bytes: Vec::new(),
            starts: Vec::new(),
        }
    }

    /// Adds a string (what is behind a NUL in it is dropped).
    pub fn push(&mut self, string: impl AsRef<[u8]>) {
        self.starts.push(self.bytes.len() as u32);
        self.bytes.extend_from_slice(&until_nul(string.as_ref()));
        self.bytes.push(0);
    }

    /// How many strings there are.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    /// The strings.
    pub fn iter(&self) -> impl Iterator<Item = BStr<'_>> {
        self.starts
            .iter()
            .map(|&s| until_nul(&self.bytes[s as usize..]))
    }

    /// The table of pointers, with a null pointer at its end.
    fn pointers(&self) -> Vec<*const u8> {
        let pointer = |&s: &u32| self.bytes[s as usize..].as_ptr();
        let ends = core::iter::once(core::ptr::null());
        self.starts.iter().map(pointer).chain(ends).collect()
    }
}

impl<S: AsRef<[u8]>> FromIterator<S> for StrVec {
    fn from_iter<I: IntoIterator<Item = S>>(strings: I) -> Self {
        let mut list = StrVec::new();
        for string in strings {
            list.push(string);
        }
        list
    }
}
