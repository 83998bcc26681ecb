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
        let width = f.width().unwrap_or(0);
        let mut rest = self.0;
        while !rest.is_empty() {
            let len = rest
                .iter()
                .position(|b| !b.is_ascii())
                .unwrap_or(rest.len());
            // ASCII is UTF-8.
            f.write_str(core::str::from_utf8(&rest[..len]).unwrap_or_default())?;
            rest = &rest[len..];
            if let [_, behind @ ..] = rest {
                f.write_str("?")?;
                rest = behind;
            }
        }
        for _ in self.0.len()..width {
            f.write_str(" ")?;
        }
        Ok(())
    }
}

impl fmt::Debug for BStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A fixed buffer that takes formatted text, for code that must not allocate.
/// What does not fit is cut off.
pub struct FixedBuf<const N: usize> {
    bytes: [u8; N],
    used: usize,
}

impl<const N: usize> FixedBuf<N> {
    /// An empty buffer.
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            used: 0,
        }
    }

    /// What was written so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }
}

impl<const N: usize> Default for FixedBuf<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> Write for FixedBuf<N> {
    fn write_str(&mut self, s: &str) -> fmt::Result {
        let take = s.len().min(N - self.used);
        self.bytes[self.used..self.used + take].copy_from_slice(&s.as_bytes()[..take]);
        self.used += take;
        Ok(())
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

    #[test]
    fn cuts_what_does_not_fit() {
        let mut buf = FixedBuf::<4>::new();
        write!(buf, "{}", 123456).unwrap();
        assert_eq!(buf.as_bytes(), b"1234");
    }
}
