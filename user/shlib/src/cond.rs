//! The conditions of `test` and `[`.

/// Answers questions about files.
pub trait Files {
    /// Whether a file is what the letter asks (`f` a file, `d` a directory,
    /// `r` readable, ...; for `t`, the name is a descriptor).
    fn is(&mut self, letter: u8, name: &[u8]) -> bool;
    /// When it was last written, seconds since 1970; `None` if it is not there.
    fn modified(&mut self, name: &[u8]) -> Option<u32>;
}

/// How deep `!` and `(` may be nested.
const DEPTH: u32 = 100;
/// Letters of the questions about files.
const FILE_TESTS: &[u8] = b"bcdefghkLprstuwx";

struct Evaluator<'a> {
    args: &'a [&'a [u8]],
    files: &'a mut dyn Files,
    depth: u32,
}

/// Whether the condition holds: the arguments of `test` (those of `[` without
/// the `]`). No arguments are false.
///
/// # Errors
/// What is wrong with it, for people.
pub fn evaluate(args: &[&[u8]], files: &mut dyn Files) -> Result<bool, &'static str> {
    let mut evaluator = Evaluator {
        args,
        files,
        depth: 0,
    };
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
        self.depth += 1;
        if self.depth > DEPTH {
            return Err("too many brackets");
        }
        let value = self.not_or_primary();
        self.depth -= 1;
        value
    }

    fn not_or_primary(&mut self) -> Result<bool, &'static str> {
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
            return self.compare(left, op, right);
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
                    _ if FILE_TESTS.contains(&letter) => Ok(self.files.is(letter, operand)),
                    _ => Err("unknown operator"),
                }
            }
            _ => Ok(!first.is_empty()),
        }
    }

    fn compare(&mut self, left: &[u8], op: &[u8], right: &[u8]) -> Result<bool, &'static str> {
        match op {
            b"=" | b"==" => return Ok(left == right),
            b"!=" => return Ok(left != right),
            b"-nt" | b"-ot" => {
                let times = (self.files.modified(left), self.files.modified(right));
                let newer = op == b"-nt";
                return Ok(
                    matches!(times, (Some(a), Some(b)) if if newer { a > b } else { a < b }),
                );
            }
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
}

fn is_binary(op: &[u8]) -> bool {
    matches!(
        op,
        b"=" | b"=="
            | b"!="
            | b"-eq"
            | b"-ne"
            | b"-lt"
            | b"-le"
            | b"-gt"
            | b"-ge"
            | b"-nt"
            | b"-ot"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    struct Fake;

    impl Files for Fake {
        fn is(&mut self, letter: u8, name: &[u8]) -> bool {
            letter == b'f' && name == b"here"
        }
        fn modified(&mut self, name: &[u8]) -> Option<u32> {
            match name {
                b"old" => Some(1),
                b"new" => Some(2),
                _ => None,
            }
        }
    }

    fn test(text: &str) -> Result<bool, &'static str> {
        let args: Vec<&[u8]> = text.split(' ').map(str::as_bytes).collect();
        evaluate(&args, &mut Fake)
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
            ("new -nt old", true),
            ("new -ot old", false),
            ("new -nt none", false),
        ] {
            assert_eq!(test(text), Ok(value), "{text}");
        }
        assert_eq!(evaluate(&[], &mut Fake), Ok(false));
    }

    #[test]
    fn complains() {
        for text in ["a b", "x -lt 3", "-Q file", "( a", "a = b c", "-f here x"] {
            assert!(test(text).is_err(), "{text}");
        }
        assert!(test(&"( ".repeat(200)).is_err());
        assert!(test(&["! "; 200].concat()).is_err());
    }
}
