//! cut: parts of lines.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{io, select};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: cut (-c LIST | -f LIST [-d C] [-s]) [FILE]...
Shows parts of each line: characters, or fields between tabs.
  -c LIST  these characters, such as 1,3-5,8-
  -f LIST  these fields    -d C  they are separated by C
  -s       leave out lines without a separator";

fn main(args: Args) -> i32 {
    let (mut list, mut by_field) = (None, false);
    let (mut separator, mut only) = (b'\t', false);
    let mut options = args.options("b:c:f:d:s", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b's' => only = true,
            b'd' => match value.bytes() {
                [c] => separator = *c,
                _ => options.bad_usage("-d needs one character"),
            },
            _ => {
                by_field = letter == b'f';
                list = select::parse_list(&value);
                if list.is_none() {
                    options.bad_usage("a list is like 1,3-5,8-");
                }
            }
        }
    }
    let Some(list) = list else {
        options.bad_usage("-c or -f is needed");
    };
    filters::each_file(options.operands(), |_, file| {
        let mut reader = LineReader::new(file);
        let (mut line, mut result) = (Vec::new(), Vec::new());
        while reader.next_line(&mut line)? {
            result.clear();
            if !by_field {
                let chosen = (1..).zip(&line).filter(|(n, _)| select::in_list(&list, *n));
                result.extend(chosen.map(|(_, b)| b));
            } else if line.contains(&separator) {
                fields(&line, separator, &list, &mut result);
            } else if only {
                continue;
            } else {
                result.extend_from_slice(&line);
            }
            result.push(b'\n');
            io::stdout().write_all(&result)?;
        }
        Ok(())
    })
}

fn fields(line: &[u8], separator: u8, list: &[(u32, u32)], result: &mut Vec<u8>) {
    let all = line.split(|&b| b == separator);
    for (n, field) in (1..).zip(all).filter(|(n, _)| select::in_list(list, *n)) {
        if !result.is_empty() || n > first_chosen(list) {
            result.push(separator);
        }
        result.extend_from_slice(field);
    }
}

/// The lowest position in a list.
fn first_chosen(list: &[(u32, u32)]) -> u32 {
    list.iter().map(|part| part.0).min().unwrap_or(1)
}
