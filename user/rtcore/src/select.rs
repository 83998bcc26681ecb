//! Selections: lists of positions as `cut` takes them, sets of bytes as `tr`
//! takes them.

use alloc::vec::Vec;

use crate::num;

/// Reads a list such as `1,3-5,7-` (positions from 1) as pairs of first and
/// last; `None` if it makes no sense.
pub fn parse_list(text: &[u8]) -> Option<Vec<(u32, u32)>> {
    text.split(|&b| b == b',')
        .map(|part| {
            let dash = part.iter().position(|&b| b == b'-');
            let (first, last) = match dash {
                None => {
                    let n = num::parse_u32(part)?;
                    (n, n)
                }
                Some(0) if part.len() == 1 => return None,
                Some(0) => (1, num::parse_u32(&part[1..])?),
                Some(at) if at + 1 == part.len() => (num::parse_u32(&part[..at])?, u32::MAX),
                Some(at) => (
                    num::parse_u32(&part[..at])?,
                    num::parse_u32(&part[at + 1..])?,
                ),
            };
            (first >= 1 && first <= last).then_some((first, last))
        })
        .collect()
}

/// Whether a position is in a list.
pub fn in_list(list: &[(u32, u32)], position: u32) -> bool {
    list.iter().any(|&(a, b)| (a..=b).contains(&position))
}

/// Writes out a set of bytes: `a-z`, `\n`, `\011`, `[:upper:]`; `None` if it
/// makes no sense.
pub fn expand_set(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut set = Vec::new();
    while !text.is_empty() {
        if text.starts_with(b"[:") {
            let end = text.windows(2).position(|w| w == b":]")?;
            let test = class(text.get(2..end)?)?;
            set.extend((0..=255u8).filter(|b| test(*b)));
            text = &text[end + 2..];
            continue;
        }
        let low = take_byte(&mut text)?;
        if text.len() > 1 && text[0] == b'-' {
            text = &text[1..];
            let high = take_byte(&mut text)?;
            if high < low {
                return None;
            }
            set.extend(low..=high);
        } else {
            set.push(low);
        }
    }
    Some(set)
}

/// One byte, perhaps written with a backslash.
fn take_byte(text: &mut &[u8]) -> Option<u8> {
    let (&first, rest) = text.split_first()?;
    *text = rest;
    if first != b'\\' {
        return Some(first);
    }
    let digits = rest
        .iter()
        .take(3)
        .take_while(|b| (b'0'..=b'7').contains(b))
        .count();
    if digits > 0 {
        *text = &rest[digits..];
        return u8::try_from(num::parse_radix(&rest[..digits], 8)?).ok();
    }
    let (&escaped, rest) = rest.split_first()?;
    *text = rest;
    Some(match escaped {
        b'n' => b'\n',
        b't' => b'\t',
        b'r' => b'\r',
        b'b' => 8,
        b'a' => 7,
        b'f' => 12,
        b'v' => 11,
        other => other,
    })
}

/// The test for a class of characters: `upper`, `digit`, ...
pub(crate) fn class(name: &[u8]) -> Option<fn(u8) -> bool> {
    Some(match name {
        b"upper" => |b| b.is_ascii_uppercase(),
        b"lower" => |b| b.is_ascii_lowercase(),
        b"alpha" => |b| b.is_ascii_alphabetic(),
        b"digit" => |b| b.is_ascii_digit(),
        b"alnum" => |b| b.is_ascii_alphanumeric(),
        b"space" => |b| matches!(b, b' ' | 9..=13),
        b"punct" => |b| b.is_ascii_punctuation(),
        b"xdigit" => |b| b.is_ascii_hexdigit(),
        b"cntrl" => |b| b.is_ascii_control(),
        b"print" => |b| matches!(b, b' '..=b'~'),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists() {
        let list = parse_list(b"1,3-5,8-").unwrap();
        let chosen: Vec<u32> = (1..=10).filter(|&n| in_list(&list, n)).collect();
        assert_eq!(chosen, [1, 3, 4, 5, 8, 9, 10]);
        assert_eq!(parse_list(b"-2"), Some([(1, 2)].to_vec()));
        for bad in ["", "0", "3-2", "a", "1,,2", "-", "1-x"] {
            assert_eq!(parse_list(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn sets() {
        assert_eq!(expand_set(b"a-e").unwrap(), b"abcde");
        assert_eq!(expand_set(b"a-").unwrap(), b"a-");
        assert_eq!(expand_set(br"\n\t\\\101\0").unwrap(), b"\n\t\\A\0");
        assert_eq!(expand_set(br"\101-C").unwrap(), b"ABC");
        assert_eq!(expand_set(b"x[:digit:]").unwrap(), b"x0123456789");
        for bad in ["z-a", "[:nope:]", "[:", "\\", r"\777", "[:]"] {
            assert_eq!(expand_set(bad.as_bytes()), None, "{bad}");
        }
    }
}
