//! test, also called `[`: conditions for the shell.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{io, mode, num};

rt::main!(main);

const USAGE: &str = "usage: test EXPRESSION    or    [ EXPRESSION ]
Exit code: 0 it is true, 1 it is false, 2 it makes no sense.
  -e -f -d -b -c -p -h FILE  exists; is a file, directory, block or character
                             device, pipe, symbolic link
  -r -w -x FILE              may be read, written, executed
  -s FILE                    is not empty      -u -g -k FILE  set-id, sticky bit
  A -nt B, A -ot B           is newer, older   -t FD          is a terminal
  -z TEXT, -n TEXT, TEXT     is empty; is not
  A = B, A != B              are the same text, are not
  A -eq -ne -lt -le -gt -ge B  numbers
  ! E, E -a E, E -o E, ( E )   not, and, or";

fn main(args: Args) -> i32 {
    let mut words: Vec<BStr> = args.collect();
    if words.len() == 1 && words[0] == "--help" {
        println!("{USAGE}");
        return 0;
    }
    let name = args.name();
    if rt::path::basename(&name) == b"[" && words.pop().is_none_or(|last| last != "]") {
        complain!("a ] is missing at the end");
        return 2;
    }
    let mut parser = Parser {
        words: &words,
        depth: 0,
    };
    let result = parser.all();
    match result {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(text) => {
            complain!("{text}");
            2
        }
    }
}

struct Parser<'a> {
    words: &'a [BStr<'static>],
    depth: u32,
}

type Answer = core::result::Result<bool, String>;

impl Parser<'_> {
    /// The whole expression. One to three words are decided by their number, so
    /// that texts which look like operators do no harm.
    fn all(&mut self) -> Answer {
        match *self.words {
            [] => Ok(false),
            [word] => Ok(!word.is_empty()),
            [not, word] if not == "!" => Ok(word.is_empty()),
            [left, operator, right] if is_binary(operator) => binary(left, operator, right),
            [not, a, b] if not == "!" => {
                self.words = &self.words[1..];
                let _ = (a, b);
                self.all().map(|x| !x)
            }
            _ => {
                let answer = self.either()?;
                match self.words.first() {
                    None => Ok(answer),
                    Some(word) => Err(format!("{word}: not expected here")),
                }
            }
        }
    }

    fn next_is(&mut self, text: &str) -> bool {
        let yes = self.words.first().is_some_and(|word| *word == text);
        if yes {
            self.words = &self.words[1..];
        }
        yes
    }

    fn either(&mut self) -> Answer {
        let mut answer = self.both()?;
        while self.next_is("-o") {
            answer |= self.both()?;
        }
        Ok(answer)
    }

    fn both(&mut self) -> Answer {
        let mut answer = self.single()?;
        while self.next_is("-a") {
            answer &= self.single()?;
        }
        Ok(answer)
    }

    fn single(&mut self) -> Answer {
        if let [left, operator, right, ..] = *self.words
            && is_binary(operator)
        {
            self.words = &self.words[3..];
            return binary(left, operator, right);
        }
        self.depth += 1;
        if self.depth > 100 {
            return Err("the expression is too deep".to_owned());
        }
        let answer = self.simple();
        self.depth -= 1;
        answer
    }

    fn simple(&mut self) -> Answer {
        if self.next_is("!") {
            return self.single().map(|x| !x);
        }
        if self.next_is("(") {
            let answer = self.either()?;
            if !self.next_is(")") {
                return Err("a ) is missing".to_owned());
            }
            return Ok(answer);
        }
        match *self.words {
            [operator, word, ..] if is_unary(operator) => {
                self.words = &self.words[2..];
                unary(operator[1], word)
            }
            [word, ..] => {
                self.words = &self.words[1..];
                Ok(!word.is_empty())
            }
            [] => Err("something is missing at the end".to_owned()),
        }
    }
}

fn is_unary(word: BStr) -> bool {
    matches!(word.bytes(), [b'-', letter] if b"efdbcphLrwxsugktzn".contains(letter))
}

fn is_binary(word: BStr) -> bool {
    let known = [
        "=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot",
    ];
    known.iter().any(|k| word == *k)
}

fn unary(letter: u8, word: BStr) -> Answer {
    let stat = || sys::stat(word);
    let kind = |kind: u16| stat().is_ok_and(|s| s.mode & mode::S_IFMT == kind);
    let bit = |bit: u16| stat().is_ok_and(|s| s.mode & bit != 0);
    Ok(match letter {
        b'z' => word.is_empty(),
        b'n' => !word.is_empty(),
        b'e' => stat().is_ok(),
        b'f' => kind(mode::S_IFREG),
        b'd' => kind(mode::S_IFDIR),
        b'b' => kind(mode::S_IFBLK),
        b'c' => kind(mode::S_IFCHR),
        b'p' => kind(mode::S_IFIFO),
        b'h' | b'L' => sys::lstat(word).is_ok_and(|s| mode::is_link(s.mode)),
        b'u' => bit(mode::S_ISUID),
        b'g' => bit(mode::S_ISGID),
        b'k' => bit(mode::S_ISVTX),
        b's' => stat().is_ok_and(|s| s.size > 0),
        b'r' => sys::access(word, sys::R_OK).is_ok(),
        b'w' => sys::access(word, sys::W_OK).is_ok(),
        b'x' => sys::access(word, sys::X_OK).is_ok(),
        _ => io::is_terminal(number(word)?),
    })
}

fn binary(left: BStr, operator: BStr, right: BStr) -> Answer {
    let times = || (sys::stat(left).ok(), sys::stat(right).ok());
    match operator.bytes() {
        b"=" | b"==" => return Ok(left == right),
        b"!=" => return Ok(left != right),
        b"-nt" => return Ok(matches!(times(), (Some(a), Some(b)) if a.mtime > b.mtime)),
        b"-ot" => return Ok(matches!(times(), (Some(a), Some(b)) if a.mtime < b.mtime)),
        _ => {}
    }
    let (a, b) = (number(left)?, number(right)?);
    Ok(match operator.bytes() {
        b"-eq" => a == b,
        b"-ne" => a != b,
        b"-lt" => a < b,
        b"-le" => a <= b,
        b"-gt" => a > b,
        _ => a >= b,
    })
}

fn number(word: BStr) -> core::result::Result<i32, String> {
    num::parse_i32(word.trim_ascii()).ok_or_else(|| format!("{word}: not a number"))
}
