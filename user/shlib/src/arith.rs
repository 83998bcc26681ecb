//! Integer arithmetic of `$((...))`: 32 bits, the operators of C without
//! assignment and `?:`.

use alloc::vec::Vec;

use crate::scan::name_len;

/// Operators by how strongly they bind, weakest first.
static LEVELS: [&[&str]; 10] = [
    &["||"],
    &["&&"],
    &["|"],
    &["^"],
    &["&"],
    &["==", "!="],
    &["<=", ">=", "<", ">"],
    &["<<", ">>"],
    &["+", "-"],
    &["*", "/", "%"],
];

/// All operators, longest first, to cut the text.
static ALL: [&str; 18] = [
    "||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "|", "^", "&", "<", ">", "+", "-", "*", "/",
    "%",
];

struct Evaluator<'a> {
    rest: &'a [u8],
    value_of: &'a dyn Fn(&[u8]) -> Option<Vec<u8>>,
}

/// The value of an expression; `value_of` gives the values of variables (one
/// that is not set counts as 0).
///
/// # Errors
/// What is wrong with it, for people.
pub fn evaluate(
    text: &[u8],
    value_of: &dyn Fn(&[u8]) -> Option<Vec<u8>>,
) -> Result<i32, &'static str> {
    let mut evaluator = Evaluator {
        rest: text,
        value_of,
    };
    evaluator.skip_blanks();
    if evaluator.rest.is_empty() {
        return Ok(0);
    }
    let value = evaluator.binary(0)?;
    if evaluator.rest.is_empty() {
        Ok(value)
    } else {
        Err("arithmetic: cannot make sense of the expression")
    }
}

impl Evaluator<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }

    fn operator(&self) -> Option<&'static str> {
        ALL.into_iter()
            .find(|op| self.rest.starts_with(op.as_bytes()))
    }

    fn binary(&mut self, level: usize) -> Result<i32, &'static str> {
        let Some(operators) = LEVELS.get(level) else {
            return self.unary();
        };
        let mut left = self.binary(level + 1)?;
        while let Some(op) = self.operator().filter(|op| operators.contains(op)) {
            self.rest = &self.rest[op.len()..];
            let right = self.binary(level + 1)?;
            left = apply(op, left, right)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<i32, &'static str> {
        self.skip_blanks();
        let [sign @ (b'-' | b'+' | b'!' | b'~'), rest @ ..] = self.rest else {
            return self.atom();
        };
        self.rest = rest;
        let value = self.unary()?;
        Ok(match sign {
            b'-' => value.wrapping_neg(),
            b'!' => i32::from(value == 0),
            b'~' => !value,
            _ => value,
        })
    }

    fn atom(&mut self) -> Result<i32, &'static str> {
        let value = if let [b'(', rest @ ..] = self.rest {
            self.rest = rest;
            let value = self.binary(0)?;
            let [b')', rest @ ..] = self.rest else {
                return Err("arithmetic: a ')' is missing");
            };
            self.rest = rest;
            value
        } else {
            let name = name_len(self.rest);
            let digits = self
                .rest
                .iter()
                .take_while(|b| b.is_ascii_alphanumeric())
                .count();
            let (text, rest) = self.rest.split_at(name.max(digits));
            self.rest = rest;
            if name > 0 {
                match (self.value_of)(text) {
                    Some(value) if !value.is_empty() => number(&value)?,
                    _ => 0,
                }
            } else {
                number(text)?
            }
        };
        self.skip_blanks();
        Ok(value)
    }
}

/// A number, decimal, octal (`017`) or hexadecimal (`0x1f`), with a sign.
fn number(text: &[u8]) -> Result<i32, &'static str> {
    let (negative, digits) = match text.trim_ascii() {
        [b'-', rest @ ..] => (true, rest),
        rest => (false, rest),
    };
    let value = rtcore::num::parse_c(digits).ok_or("arithmetic: a number is needed")?;
    let value = value.cast_signed();
    Ok(if negative {
        value.wrapping_neg()
    } else {
        value
    })
}

fn apply(op: &str, a: i32, b: i32) -> Result<i32, &'static str> {
    Ok(match op {
        "||" => i32::from(a != 0 || b != 0),
        "&&" => i32::from(a != 0 && b != 0),
        "|" => a | b,
        "^" => a ^ b,
        "&" => a & b,
        "==" => i32::from(a == b),
        "!=" => i32::from(a != b),
        "<=" => i32::from(a <= b),
        ">=" => i32::from(a >= b),
        "<" => i32::from(a < b),
        ">" => i32::from(a > b),
        "<<" => a.wrapping_shl(b.cast_unsigned()),
        ">>" => a.wrapping_shr(b.cast_unsigned()),
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "*" => a.wrapping_mul(b),
        "/" | "%" if b == 0 => return Err("arithmetic: division by zero"),
        "/" => a.wrapping_div(b),
        _ => a.wrapping_rem(b),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eval(text: &str) -> Result<i32, &'static str> {
        evaluate(text.as_bytes(), &|name| match name {
            b"x" => Some(b"7".to_vec()),
            b"n" => Some(b"-3".to_vec()),
            _ => None,
        })
    }

    #[test]
    fn values() {
        for (text, value) in [
            ("1+2*3", 7),
            (" ( 1 + 2 ) * 3 ", 9),
            ("x+1", 8),
            ("n-x", -10),
            ("unset + 1", 1),
            ("10-3-2", 5),
            ("7/2", 3),
            ("-7 % 4", -3),
            ("1<2 && 2<=2", 1),
            ("!x", 0),
            ("1 << 4 | 1", 17),
            ("0x10 + 010", 24),
            ("3 == 3 != 0", 1),
            ("- -5", 5),
            ("", 0),
        ] {
            assert_eq!(eval(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn errors() {
        for text in ["1/0", "1+", "(1", "1 2", "1 = 2", "0x", "*"] {
            assert!(eval(text).is_err(), "{text}");
        }
        assert_eq!(eval("2147483647 + 1"), Ok(i32::MIN));
        assert_eq!(eval("-2147483648 / -1"), Ok(i32::MIN));
    }
}
