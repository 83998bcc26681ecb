//! Finding the end of things in shell text: quotes, `$(...)`, words.

use crate::Error;
use crate::parse::Parser;

/// Whether the byte ends a word unless it is quoted.
pub fn is_meta(b: u8) -> bool {
    matches!(
        b,
        b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')'
    )
}

/// Whether a name may start with the byte.
pub fn is_name_start(b: u8) -> bool {
    b.is_ascii_alphabetic() || b == b'_'
}

/// Length of the name that `text` starts with.
pub fn name_len(text: &[u8]) -> usize {
    match text.first() {
        Some(&b) if is_name_start(b) => text
            .iter()
            .take_while(|&&b| is_name_start(b) || b.is_ascii_digit())
            .count(),
        _ => 0,
    }
}

/// The index behind the word at `at` (`at` itself if no word is there).
pub fn word(src: &[u8], mut at: usize) -> Result<usize, Error> {
    while let Some(&b) = src.get(at) {
        if is_meta(b) {
            break;
        }
        at = element(src, at, true)?;
    }
    Ok(at)
}

/// The index behind one element of a word: a byte, `\x`, a quoted string, a
/// `$` with all that belongs to it. `single` tells whether `'` quotes.
pub fn element(src: &[u8], at: usize, single: bool) -> Result<usize, Error> {
    match src[at] {
        b'\\' if matches!(src[at + 1..], [] | [b'\n']) => Err(Error::Incomplete),
        b'\\' => Ok(at + 2),
        b'\'' if single => until(src, at + 1, b'\''),
        b'"' => double_quoted(src, at + 1),
        b'`' => backquoted(src, at + 1),
        b'$' => dollar(src, at),
        _ => Ok(at + 1),
    }
}

/// The index behind the next `end`.
fn until(src: &[u8], at: usize, end: u8) -> Result<usize, Error> {
    let len = src[at..].iter().position(|&b| b == end);
    len.map(|len| at + len + 1).ok_or(Error::Incomplete)
}

/// The index behind the closing `"`.
fn double_quoted(src: &[u8], mut at: usize) -> Result<usize, Error> {
    loop {
        match src.get(at) {
            None => return Err(Error::Incomplete),
            Some(b'"') => return Ok(at + 1),
            Some(_) => at = element(src, at, false)?,
        }
    }
}

/// The index behind the closing back quote.
fn backquoted(src: &[u8], mut at: usize) -> Result<usize, Error> {
    loop {
        match src.get(at) {
            None => return Err(Error::Incomplete),
            Some(b'`') => return Ok(at + 1),
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

/// The index behind what the `$` at `at` starts.
fn dollar(src: &[u8], at: usize) -> Result<usize, Error> {
    match src[at + 1..] {
        [b'(', b'(', ..] => arithmetic(src, at + 3),
        [b'(', ..] => substitution(src, at + 2),
        [b'{', ..] => braces(src, at + 2),
        [b, ..] if is_name_start(b) => Ok(at + 1 + name_len(&src[at + 1..])),
        [b, ..] if b.is_ascii_digit() || b"?$!#@*-".contains(&b) => Ok(at + 2),
        _ => Ok(at + 1),
    }
}

/// The index behind the `))` that closes `$((`.
fn arithmetic(src: &[u8], mut at: usize) -> Result<usize, Error> {
    let mut depth = 2;
    while depth > 0 {
        match src.get(at) {
            None => return Err(Error::Incomplete),
            Some(b'(') => depth += 1,
            Some(b')') => depth -= 1,
            Some(_) => {}
        }
        at += 1;
    }
    Ok(at)
}

/// The index behind the `)` that closes `$(`.
fn substitution(src: &[u8], at: usize) -> Result<usize, Error> {
    Parser::new(&src[at..], false)
        .skip_to_paren()
        .map(|len| at + len)
}

/// The index behind the `}` that closes `${`.
fn braces(src: &[u8], mut at: usize) -> Result<usize, Error> {
    loop {
        match src.get(at) {
            None => return Err(Error::Incomplete),
            Some(b'}') => return Ok(at + 1),
            Some(_) => at = element(src, at, true)?,
        }
    }
}
