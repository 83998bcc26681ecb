//! find: files below a directory.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{dir, glob, io, mode, num, path, sys};

rt::main!(main);

const USAGE: &str = "usage: find [DIRECTORY]... [-name PATTERN] [-type f|d|b|c|p|l] [-size [+-]KB]
            [-newer FILE] [-maxdepth N]
Shows the names of all files below the directories (.) that fit.";

/// Deepest nesting: what the stack bears with ease.
const MAX_DEPTH: u32 = 64;

#[derive(Default)]
struct Test {
    name: Option<BStr<'static>>,
    kind: Option<u16>,
    /// Size in KB: more than, less than, or equal.
    size: Option<(u8, u32)>,
    newer: Option<u32>,
    max_depth: Option<u32>,
}

fn main(args: Args) -> i32 {
    if args.get(0).is_some_and(|arg| arg == "--help") {
        println!("{USAGE}");
        return 0;
    }
    let mut starts = Vec::new();
    let mut words = args;
    while let Some(word) = words.get(0)
        && word.first() != Some(&b'-')
    {
        starts.push(word);
        words.next();
    }
    let test = match read_test(words) {
        Ok(test) => test,
        Err(message) => {
            complain!("{message}\n'find --help' tells more");
            return 2;
        }
    };
    if starts.is_empty() {
        starts.push(BStr(b"."));
    }
    let mut code = 0;
    for start in starts {
        walk(&start, 0, &test, &mut code);
    }
    code
}

fn read_test(mut words: Args) -> core::result::Result<Test, String> {
    let mut test = Test::default();
    while let Some(word) = words.next() {
        if word == "-print" {
            continue;
        }
        let value = words
            .next()
            .ok_or_else(|| format!("{word}: a value is missing"))?;
        let bad = || format!("{word} {value}: makes no sense");
        match word.bytes() {
            b"-name" => test.name = Some(value),
            b"-type" => test.kind = Some(kind(&value).ok_or_else(bad)?),
            b"-maxdepth" => test.max_depth = Some(num::parse_u32(&value).ok_or_else(bad)?),
            b"-newer" => {
                let stat = sys::stat(value).map_err(|e| format!("{value}: {e}"))?;
                test.newer = Some(stat.mtime);
            }
            b"-size" => {
                let sign = value.first().copied().filter(|b| matches!(b, b'+' | b'-'));
                let digits = &value[usize::from(sign.is_some())..];
                let digits = digits.strip_suffix(b"k").unwrap_or(digits);
                let n = num::parse_u32(digits).ok_or_else(bad)?;
                test.size = Some((sign.unwrap_or(b'='), n));
            }
            _ => return Err(format!("{word}: unknown")),
        }
    }
    Ok(test)
}

fn kind(letter: &[u8]) -> Option<u16> {
    Some(match letter {
        b"f" => mode::S_IFREG,
        b"d" => mode::S_IFDIR,
        b"b" => mode::S_IFBLK,
        b"c" => mode::S_IFCHR,
        b"p" => mode::S_IFIFO,
        b"l" => mode::S_IFLNK,
        _ => return None,
    })
}

impl Test {
    fn fits(&self, name: &[u8], stat: &rt::abi::Stat) -> bool {
        let kb = (stat.size as u32).div_ceil(1024);
        self.name
            .is_none_or(|pattern| glob::matches(&pattern, path::basename(name)))
            && self
                .kind
                .is_none_or(|kind| stat.mode & mode::S_IFMT == kind)
            && self.newer.is_none_or(|time| stat.mtime > time)
            && self.size.is_none_or(|(sign, n)| match sign {
                b'+' => kb > n,
                b'-' => kb < n,
                _ => kb == n,
            })
    }
}

fn walk(name: &[u8], depth: u32, test: &Test, code: &mut i32) {
    let mut fail = |e: Errno| {
        complain!("{}: {e}", BStr(name));
        *code = 1;
    };
    let stat = match sys::lstat(name) {
        Ok(stat) => stat,
        Err(e) => return fail(e),
    };
    if test.fits(name, &stat) {
        let _ = io::stdout().write_all(name);
        println!();
    }
    if !mode::is_dir(stat.mode) || depth >= test.max_depth.unwrap_or(MAX_DEPTH) {
        return;
    }
    match dir::names(name) {
        Ok(names) => {
            for entry in names {
                walk(&path::join(name, &entry), depth + 1, test, code);
            }
        }
        Err(e) => fail(e),
    }
}
