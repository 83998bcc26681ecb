//! Byte strings that print: file names, arguments, lines.
//!
//! Unix names are bytes, not UTF-8. [`BStr`] is a `&[u8]` that can be
//! compared with a `&str` and shown in a message.

use core::fmt::{self, Write};
use core::ops::Deref;

/// A borrowed byte string, usually a file name or an argument.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct BStr<'a>(pub &'a [u8]);

impl<'a> BStr<'a> {
    /// The bytes, with the life time of what they were borrowed from.
    pub const fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, if it is valid UTF-8.
    pub fn to_str(self) -> Option<&'a str> {
        core::str::from_utf8(self.0).ok()
    }

    /// Splits at the first `separator`: what is before it and what is behind it.
    pub fn split_once(self, separator: u8) -> Option<(BStr<'a>, BStr<'a>)> {
        let at = self.0.iter().position(|&b| b == separator)?;
        Some((BStr(&self.0[..at]), BStr(&self.0[at + 1..])))
    }

    /// Where `needle` first occurs.
    pub fn find(self, needle: &[u8]) -> Option<usize> {
        if needle.is_empty() {
            return Some(0);
        }
        self.0.windows(needle.len()).position(|w| w == needle)
    }
}

impl Deref for BStr<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.0
    }
}

impl AsRef<[u8]> for BStr<'_> {
    fn as_ref(&self) -> &[u8] {
        self.0
    }
}

impl<'a> From<&'a [u8]> for BStr<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        BStr(bytes)
    }
}

impl<'a> From<&'a str> for BStr<'a> {
    fn from(text: &'a str) -> Self {
        BStr(text.as_bytes())
    }
}

impl PartialEq<str> for BStr<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for BStr<'_> {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

/// ASCII as it is, every other byte as `?`: a terminal of 1991 knows no UTF-8.
/// To write the bytes unchanged, use a `Write` of the crate `rt`.
impl fmt::Display for BStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Byte by byte: small, and messages are short.
        for &b in self.0 {
            f.write_char(if b.is_ascii() { b.into() } else { '?' })?;
        }
        for _ in self.0.len()..f.width().unwrap_or(0) {
            f.write_char(' ')?;
        }
        Ok(())
    }
}

impl fmt::Debug for BStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;

    #[test]
    fn shows_bytes_that_are_no_text() {
        assert_eq!(format!("{}", BStr(b"a\xff\xfeb")), "a??b");
        assert_eq!(format!("[{:5}]", BStr(b"ab")), "[ab   ]");
    }

    #[test]
    fn searches() {
        assert_eq!(BStr(b"hello").find(b"ll"), Some(2));
        assert_eq!(BStr(b"hello").find(b"lx"), None);
        assert_eq!(
            BStr(b"a=b=c").split_once(b'='),
            Some((BStr(b"a"), BStr(b"b=c")))
        );
    }
}
