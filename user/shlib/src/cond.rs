//! The conditions of `test` and `[`.

/// Asks about a file: the letter of the question (`f`, `d`, `r`, ...) and the
/// name (for `t`, a descriptor).
pub type Probe<'a> = &'a mut dyn FnMut(u8, &[u8]) -> bool;

/// Letters of the questions about files.
const FILE_TESTS: &[u8] = b"bcdefghkLprstuwx";

struct Evaluator<'a> {
    args: &'a [&'a [u8]],
    probe: Probe<'a>,
}

/// Whether the condition holds: the arguments of `test` (those of `[` without
/// the `]`). No arguments are false.
///
/// # Errors
/// What is wrong with it, for people.
pub fn evaluate(args: &[&[u8]], probe: Probe) -> Result<bool, &'static str> {
    let mut evaluator = Evaluator { args, probe };
    if args.is_empty() {
        return Ok(false);
    }
    let value = evaluator.or()?;
    if evaluator.args.is_empty() {
        Ok(value)
    } else {
        Err("too many arguments")
    }
}

impl<'a> Evaluator<'a> {
    fn take(&mut self, word: &[u8]) -> bool {
        let here = self.args.first() == Some(&word);
        if here {
            self.args = &self.args[1..];
        }
        here
    }

    fn next(&mut self) -> Result<&'a [u8], &'static str> {
        let (first, rest) = self.args.split_first().ok_or("an argument is missing")?;
        self.args = rest;
        Ok(first)
    }

    fn or(&mut self) -> Result<bool, &'static str> {
        let mut value = self.and()?;
        while self.take(b"-o") {
            value |= self.and()?;
        }
        Ok(value)
    }

    fn and(&mut self) -> Result<bool, &'static str> {
        let mut value = self.not()?;
        while self.take(b"-a") {
            value &= self.not()?;
        }
        Ok(value)
    }

    fn not(&mut self) -> Result<bool, &'static str> {
        if self.args.len() > 1 && !self.has_binary() && self.take(b"!") {
            return self.not().map(|value| !value);
        }
        self.primary()
    }

    /// Whether the second of at least three arguments is an operator.
    fn has_binary(&self) -> bool {
        self.args.len() > 2 && is_binary(self.args[1])
    }

    fn primary(&mut self) -> Result<bool, &'static str> {
        if self.has_binary() {
            let (left, op, right) = (self.next()?, self.next()?, self.next()?);
            return compare(left, op, right);
        }
        if self.args.len() > 1 && self.take(b"(") {
            let value = self.or()?;
            return if self.take(b")") {
                Ok(value)
            } else {
                Err("a ')' is missing")
            };
        }
        let first = self.next()?;
        match *first {
            [b'-', letter] if !self.args.is_empty() => {
                let operand = self.next()?;
                match letter {
                    b'n' => Ok(!operand.is_empty()),
                    b'z' => Ok(operand.is_empty()),
                    _ if FILE_TESTS.contains(&letter) => Ok((self.probe)(letter, operand)),
                    _ => Err("unknown operator"),
                }
            }
            _ => Ok(!first.is_empty()),
        }
    }
}

fn is_binary(op: &[u8]) -> bool {
    matches!(
        op,
        b"=" | b"==" | b"!=" | b"-eq" | b"-ne" | b"-lt" | b"-le" | b"-gt" | b"-ge"
    )
}

fn compare(left: &[u8], op: &[u8], right: &[u8]) -> Result<bool, &'static str> {
    match op {
        b"=" | b"==" => return Ok(left == right),
        b"!=" => return Ok(left != right),
        _ => {}
    }
    let number = |text: &[u8]| rtcore::num::parse_i32(text.trim_ascii());
    let (Some(left), Some(right)) = (number(left), number(right)) else {
        return Err("a number is needed");
    };
    Ok(match op {
        b"-eq" => left == right,
        b"-ne" => left != right,
        b"-lt" => left < right,
        b"-le" => left <= right,
        b"-gt" => left > right,
        _ => left >= right,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn test(text: &str) -> Result<bool, &'static str> {
        let args: Vec<&[u8]> = text.split(' ').map(str::as_bytes).collect();
        evaluate(&args, &mut |letter, name| letter == b'f' && name == b"here")
    }

    #[test]
    fn holds_or_not() {
        for (text, value) in [
            ("a", true),
            ("", false),
            ("a = a", true),
            ("a != a", false),
            ("3 -lt 10", true),
            ("-3 -ge 2", false),
            ("-f here", true),
            ("-d here", false),
            ("! -f there", true),
            ("-n x -a -z y", false),
            ("-n x -o -z y", true),
            ("( a = b ) -o x", true),
            ("! = !", true),
            ("-f = -f", true),
            ("-f", true),
            ("!", true),
        ] {
            assert_eq!(test(text), Ok(value), "{text}");
        }
        assert_eq!(evaluate(&[], &mut |_, _| true), Ok(false));
    }

    #[test]
    fn complains() {
        for text in ["a b", "x -lt 3", "-Q file", "( a", "a = b c", "-f here x"] {
            assert!(test(text).is_err(), "{text}");
        }
    }
}
