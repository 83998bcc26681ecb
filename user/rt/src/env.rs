//! The environment, and finding programs in `PATH`.

use alloc::vec::Vec;

use rtcore::{BStr, path};

use crate::args::env_at;
use crate::sys::{self, StrVec};

/// Where programs are looked for when `PATH` is not set.
pub const DEFAULT_PATH: &[u8] = b"/bin:/usr/bin";

/// All variables of the environment, as (name, value).
pub fn vars() -> impl Iterator<Item = (BStr<'static>, BStr<'static>)> {
    strings().map(|s| s.split_once(b'=').unwrap_or((s, BStr(b""))))
}

/// The environment strings, `NAME=value`.
pub fn strings() -> impl Iterator<Item = BStr<'static>> {
    (0..).map_while(env_at)
}

/// The value of a variable.
pub fn var(name: &str) -> Option<BStr<'static>> {
    vars().find(|(n, _)| *n == name).map(|(_, value)| value)
}

/// The environment as it came, to be passed to [`sys::execve`].
pub fn to_pass_on() -> StrVec {
    strings().collect()
}

/// The files that `name` may mean: itself if it holds a slash, else `name` in
/// each folder of `search` (a `PATH` value).
pub fn candidates<'a>(name: &'a [u8], search: &'a [u8]) -> impl Iterator<Item = Vec<u8>> + 'a {
    let direct = name.contains(&b'/');
    search
        .split(|&b| b == b':')
        .take(if direct { 1 } else { usize::MAX })
        .map(move |dir| {
            if direct {
                name.to_vec()
            } else {
                path::join(dir, name)
            }
        })
}

/// The first executable regular file that `name` may mean.
pub fn find_program(name: &[u8]) -> Option<Vec<u8>> {
    let search = var("PATH").map_or(DEFAULT_PATH, BStr::bytes);
    candidates(name, search).find(|file| {
        sys::stat(file).is_ok_and(|s| rtcore::mode::is_reg(s.mode))
            && sys::access(file, sys::X_OK).is_ok()
    })
}
