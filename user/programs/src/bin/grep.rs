//! grep: the lines that match.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::regex::{self, Regex};
use rt::{io, sys};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: grep [-ivnclqhFxE] [-e] PATTERN [FILE]...
Shows the lines of the files, or of standard input, that match.
  -i  upper and lower case are the same   -v  the lines that do not match
  -n  with line numbers                   -c  only count them
  -l  only names of files with matches    -q  show nothing
  -h  without names of files              -x  the whole line must match
  -F  no character is special             -E  accepted, and always so
Patterns: . [a-z] [^a-z] * + ? ( ) | ^ $ and \\ before a special character.
Exit code: 0 something matched, 1 nothing did, 2 an error.";

#[derive(Default)]
struct Wanted {
    invert: bool,
    numbers: bool,
    count: bool,
    list: bool,
    quiet: bool,
    names: bool,
}

fn main(args: Args) -> i32 {
    let mut wanted = Wanted::default();
    let mut how = regex::Options::default();
    let mut pattern = None;
    let mut no_names = false;
    let mut options = args.options("ivnclqhFxEe:", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'i' => how.ignore_case = true,
            b'x' => how.whole_line = true,
            b'F' => how.literal = true,
            b'v' => wanted.invert = true,
            b'n' => wanted.numbers = true,
            b'c' => wanted.count = true,
            b'l' => wanted.list = true,
            b'q' => wanted.quiet = true,
            b'h' => no_names = true,
            b'e' => pattern = Some(value),
            _ => {}
        }
    }
    let mut files = options.operands();
    let Some(pattern) = pattern.or_else(|| files.next()) else {
        options.bad_usage("no pattern");
    };
    wanted.names = files.len() > 1 && !no_names;
    let regex = match Regex::new(&pattern, how) {
        Ok(regex) => regex,
        Err(why) => {
            complain!("{pattern}: {why}");
            return 2;
        }
    };
    let mut found = false;
    let code = filters::each_file(files, |name, file| {
        found |= search(&regex, &wanted, name, file)?;
        if found && wanted.quiet {
            sys::exit(0);
        }
        Ok(())
    });
    match (code, found) {
        (0, true) => 0,
        (0, false) => 1,
        _ => 2,
    }
}

/// Shows what is wanted of one file; whether something matched.
fn search(regex: &Regex, wanted: &Wanted, name: BStr, file: File) -> Result<bool> {
    let mut out = io::stdout();
    let mut reader = LineReader::new(file);
    let mut line = Vec::new();
    let (mut number, mut count) = (0u32, 0u32);
    while reader.next_line(&mut line)? {
        number += 1;
        if regex.is_match(&line) == wanted.invert {
            continue;
        }
        count += 1;
        if wanted.quiet || wanted.list {
            break;
        }
        if wanted.count {
            continue;
        }
        if wanted.names {
            out.write_all(&name)?;
            out.write_all(b":")?;
        }
        if wanted.numbers {
            print!("{number}:");
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    if wanted.list && count > 0 && !wanted.quiet {
        out.write_all(&name)?;
        out.write_all(b"\n")?;
    } else if wanted.count && !wanted.list && !wanted.quiet {
        if wanted.names {
            out.write_all(&name)?;
            out.write_all(b":")?;
        }
        println!("{count}");
    }
    Ok(count > 0)
}
