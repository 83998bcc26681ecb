//! sort: lines in order.

#![no_std]
#![no_main]

use core::cmp::Ordering;

use rt::prelude::*;
use rt::{io, num};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: sort [-rnufb] [-t C] [-k FIELD[,LAST]] [-o OUTPUT] [FILE]...
Sorts the lines of all files, or of standard input.
  -r  backwards            -n  by the number at the start
  -u  equal lines once     -f  upper and lower case are the same
  -b  blanks at the start of the key do not count
  -k  compare from this field on (to the last one); fields count from 1
  -t  the character between fields (otherwise blanks)
  -o  write to this file, which may be one of those that are read";

#[derive(Default)]
struct Order {
    reverse: bool,
    numeric: bool,
    unique: bool,
    fold: bool,
    skip_blanks: bool,
    separator: Option<u8>,
    first: usize,
    last: usize,
}

fn main(args: Args) -> i32 {
    let mut order = Order {
        last: usize::MAX,
        ..Order::default()
    };
    let mut output = None;
    let mut options = args.options("rnufbt:k:o:", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'r' => order.reverse = true,
            b'n' => order.numeric = true,
            b'u' => order.unique = true,
            b'f' => order.fold = true,
            b'b' => order.skip_blanks = true,
            b't' => match value.bytes() {
                [c] => order.separator = Some(*c),
                _ => options.bad_usage("-t needs one character"),
            },
            b'k' if !order.set_key(value) => options.bad_usage("-k needs FIELD or FIELD,LAST"),
            b'k' => {}
            _ => output = Some(value),
        }
    }
    let mut text = Vec::new();
    let code = filters::each_file(options.operands(), |_, mut file| {
        file.read_to_end(&mut text)?;
        if text.last().is_some_and(|&b| b != b'\n') {
            text.push(b'\n');
        }
        Ok(())
    });
    if code != 0 {
        return 2;
    }
    let mut lines: Vec<&[u8]> = text.split_inclusive(|&b| b == b'\n').collect();
    // Equal lines keep their order: they lie in memory in the order of the input.
    lines.sort_unstable_by(|a, b| order.compare(a, b).then(a.as_ptr().cmp(&b.as_ptr())));
    if order.unique {
        lines.dedup_by(|a, b| order.keys(a, b) == Ordering::Equal);
    }
    match write(&lines, output) {
        Ok(()) => 0,
        Err(e) => {
            complain!("{}: {e}", output.unwrap_or(BStr(b"standard output")));
            2
        }
    }
}

fn write(lines: &[&[u8]], output: Option<BStr>) -> Result<()> {
    if let Some(name) = output {
        let mut file = File::create(name)?;
        let mut buffer = Vec::with_capacity(1024);
        for line in lines {
            if buffer.len() + line.len() > 1024 {
                file.write_all(&buffer)?;
                buffer.clear();
            }
            buffer.extend_from_slice(line);
        }
        return file.write_all(&buffer);
    }
    lines
        .iter()
        .try_for_each(|line| io::stdout().write_all(line))
}

impl Order {
    fn set_key(&mut self, text: BStr) -> bool {
        let (first, last) = match text.split_once(b',') {
            Some((first, last)) => (num::parse_u32(&first), num::parse_u32(&last)),
            None => (num::parse_u32(&text), Some(u32::MAX)),
        };
        let (Some(first @ 1..), Some(last @ 1..)) = (first, last) else {
            return false;
        };
        (self.first, self.last) = (first as usize - 1, last as usize);
        first <= last
    }

    fn compare(&self, a: &[u8], b: &[u8]) -> Ordering {
        let order = self.keys(a, b);
        // Lines whose keys are equal are compared as a whole.
        let order = if self.unique {
            order
        } else {
            order.then_with(|| a.cmp(b))
        };
        if self.reverse { order.reverse() } else { order }
    }

    fn keys(&self, a: &[u8], b: &[u8]) -> Ordering {
        let (a, b) = (self.key(a), self.key(b));
        if self.numeric {
            number(a).cmp(&number(b))
        } else if self.fold {
            a.iter()
                .map(u8::to_ascii_uppercase)
                .cmp(b.iter().map(u8::to_ascii_uppercase))
        } else {
            a.cmp(b)
        }
    }

    /// The part of a line that counts.
    fn key<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let start = self.field_start(line, self.first);
        let end = match self.last {
            usize::MAX => line.len(),
            last => self.field_end(line, last),
        };
        let mut key = &line[start.min(end)..end];
        if self.skip_blanks {
            key = key.trim_ascii_start();
        }
        key
    }

    /// Where field `index` (from 0) starts. Without a separator, the blanks
    /// before a field belong to it.
    fn field_start(&self, line: &[u8], index: usize) -> usize {
        let end = if index == 0 {
            return 0;
        } else {
            self.field_end(line, index)
        };
        (end + usize::from(self.separator.is_some())).min(line.len())
    }

    /// Where the first `count` fields end.
    fn field_end(&self, line: &[u8], count: usize) -> usize {
        let mut at = 0;
        for field in 0..count {
            if let Some(separator) = self.separator {
                at += usize::from(field > 0 && at < line.len());
                at += line[at..].iter().take_while(|b| **b != separator).count();
            } else {
                let blank = |b: &&u8| matches!(**b, b' ' | b'\t');
                at += line[at..].iter().take_while(blank).count();
                at += line[at..].iter().take_while(|b| !blank(b)).count();
            }
        }
        at
    }
}

/// The number at the start of a key: sign, digits, and a fraction.
fn number(key: &[u8]) -> (i64, u32) {
    let key = key.trim_ascii_start();
    let (negative, digits) = match key {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, key),
    };
    let whole = digits.iter().take_while(|b| b.is_ascii_digit());
    let length = whole.clone().count();
    let value = whole.fold(0i64, |n, b| {
        n.saturating_mul(10).saturating_add(i64::from(b - b'0'))
    });
    let mut fraction = 0;
    if digits.get(length) == Some(&b'.') {
        let places = digits[length + 1..].iter().copied().chain([b'0'; 9]);
        for b in places
            .map(|b| if b.is_ascii_digit() { b } else { b'0' })
            .take(9)
        {
            fraction = fraction * 10 + u32::from(b - b'0');
        }
    }
    match (negative, fraction) {
        (false, _) => (value, fraction),
        (true, 0) => (-value, 0),
        // -1.25 is -2 and 0.75: then pairs are ordered as the numbers are.
        (true, _) => (-value - 1, 1_000_000_000 - fraction),
    }
}
