//! head: the first lines.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{io, num};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: head [-n LINES | -c BYTES] [FILE]...
Shows the first lines (10) of each file, or of standard input.
  -n LINES  so many lines; also -LINES
  -c BYTES  so many bytes (k and m are units)";

fn main(args: Args) -> i32 {
    let mut lines = 10;
    let mut bytes = None;
    let mut digits = None;
    let mut options = args.options("n:c:0123456789", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'n' => match num::parse_u32(&value) {
                Some(n) => lines = n,
                None => options.bad_usage("-n needs a number"),
            },
            b'c' => match num::parse_size(&value) {
                Some(n) => bytes = Some(n),
                None => options.bad_usage("-c needs a number"),
            },
            digit => {
                let n: u32 = digits.unwrap_or(0);
                digits = Some(n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
            }
        }
    }
    let lines = digits.unwrap_or(lines);
    let files = options.operands();
    let mut first = true;
    filters::each_file(files, |name, file| {
        if files.len() > 1 {
            println!("{}==> {name} <==", if first { "" } else { "\n" });
            first = false;
        }
        match bytes {
            Some(n) => show_bytes(file, n),
            None => show_lines(file, lines),
        }
    })
}

fn show_lines(file: File, count: u32) -> Result<()> {
    let mut reader = LineReader::new(file);
    let mut line = Vec::new();
    for _ in 0..count {
        if !reader.next_raw(&mut line)? {
            break;
        }
        io::stdout().write_all(&line)?;
    }
    Ok(())
}

fn show_bytes(mut file: File, mut count: u32) -> Result<()> {
    let mut buf = [0; 1024];
    while count > 0 {
        let most = buf.len().min(count as usize);
        let n = file.read_full(&mut buf[..most])?;
        if n == 0 {
            break;
        }
        io::stdout().write_all(&buf[..n])?;
        count -= n as u32;
    }
    Ok(())
}
