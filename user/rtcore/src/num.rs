//! Numbers in arguments.

/// An unsigned decimal number; `None` if there is anything else, nothing, or
/// too much.
pub fn parse_u32(text: &[u8]) -> Option<u32> {
    parse_radix(text, 10)
}

/// An unsigned number to the base `radix` (2 to 36).
pub fn parse_radix(text: &[u8], radix: u32) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0u32, |value, &b| {
        let digit = (b as char).to_digit(radix)?;
        value.checked_mul(radix)?.checked_add(digit)
    })
}

/// A decimal number with an optional sign.
pub fn parse_i32(text: &[u8]) -> Option<i32> {
    match text {
        [b'-', rest @ ..] => 0i32.checked_sub_unsigned(parse_u32(rest)?),
        [b'+', rest @ ..] | rest => i32::try_from(parse_u32(rest)?).ok(),
    }
}

/// A number as C writes it: `123`, `0x7f`, `0177`.
pub fn parse_c(text: &[u8]) -> Option<u32> {
    match text {
        [b'0', b'x' | b'X', rest @ ..] => parse_radix(rest, 16),
        [b'0', rest @ ..] if !rest.is_empty() => parse_radix(rest, 8),
        _ => parse_u32(text),
    }
}

/// A count with an optional unit: `12`, `4k` (1024), `1m` (1024 * 1024),
/// `3b` (512).
pub fn parse_size(text: &[u8]) -> Option<u32> {
    let (digits, unit) = match text {
        [digits @ .., b'k' | b'K'] => (digits, 1024),
        [digits @ .., b'm' | b'M'] => (digits, 1024 * 1024),
        [digits @ .., b'b'] => (digits, 512),
        _ => (text, 1),
    };
    parse_u32(digits)?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(parse_u32(b"4294967295"), Some(u32::MAX));
        assert_eq!(parse_u32(b"4294967296"), None);
        assert_eq!(parse_u32(b""), None);
        assert_eq!(parse_u32(b"1x"), None);
        assert_eq!(parse_i32(b"-2147483648"), Some(i32::MIN));
        assert_eq!(parse_i32(b"2147483648"), None);
        assert_eq!(parse_i32(b"+7"), Some(7));
        assert_eq!(parse_i32(b"-"), None);
        assert_eq!(parse_c(b"0x7f"), Some(127));
        assert_eq!(parse_c(b"010"), Some(8));
        assert_eq!(parse_c(b"0"), Some(0));
        assert_eq!(parse_size(b"4k"), Some(4096));
        assert_eq!(parse_size(b"k"), None);
    }
}
