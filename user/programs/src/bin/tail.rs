//! tail: the last lines.

#![no_std]
#![no_main]

use rt::alloc::collections::VecDeque;
use rt::prelude::*;
use rt::{io, num};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: tail [-f] [-n LINES | -c BYTES] [FILE]...
Shows the last lines (10) of each file, or of standard input.
  -n LINES  so many lines; also -LINES; +LINES: from this line on
  -c BYTES  so many bytes (k and m are units)
  -f        go on showing what is added to the (last) file, until ^C";

#[derive(Clone, Copy)]
enum Part {
    LastLines(u32),
    FromLine(u32),
    LastBytes(u32),
}

fn main(args: Args) -> i32 {
    let mut part = Part::LastLines(10);
    let mut follow = false;
    let mut digits = None;
    let mut options = args.options("fn:c:0123456789", USAGE);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'f' => follow = true,
            b'n' => match value.strip_prefix(b"+") {
                Some(text) => match num::parse_u32(text) {
                    Some(n) => part = Part::FromLine(n),
                    None => options.bad_usage("-n needs a number"),
                },
                None => match num::parse_u32(&value) {
                    Some(n) => part = Part::LastLines(n),
                    None => options.bad_usage("-n needs a number"),
                },
            },
            b'c' => match num::parse_size(&value) {
                Some(n) => part = Part::LastBytes(n),
                None => options.bad_usage("-c needs a number"),
            },
            digit => {
                let n: u32 = digits.unwrap_or(0);
                digits = Some(n.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
            }
        }
    }
    if let Some(n) = digits {
        part = Part::LastLines(n);
    }
    let files = options.operands();
    let mut shown = 0;
    filters::each_file(files, |name, mut file| {
        if files.len() > 1 {
            println!("{}==> {name} <==", if shown == 0 { "" } else { "\n" });
        }
        shown += 1;
        match part {
            Part::LastLines(n) => last_lines(&mut file, n)?,
            Part::FromLine(n) => from_line(&mut file, n)?,
            Part::LastBytes(n) => last_bytes(&mut file, n)?,
        }
        if follow && shown >= files.len() {
            go_on(&mut file)?;
        }
        Ok(())
    })
}

fn last_lines(file: &mut File, count: u32) -> Result<()> {
    let mut kept: VecDeque<Vec<u8>> = VecDeque::new();
    let mut reader = LineReader::new(file);
    let mut line = Vec::new();
    while reader.next_raw(&mut line)? {
        // The oldest line's memory becomes the next line's.
        let old = if kept.len() as u32 >= count {
            kept.pop_front()
        } else {
            None
        };
        if count > 0 {
            kept.push_back(core::mem::replace(&mut line, old.unwrap_or_default()));
        }
    }
    for line in &kept {
        io::stdout().write_all(line)?;
    }
    Ok(())
}

fn from_line(file: &mut File, first: u32) -> Result<()> {
    let mut reader = LineReader::new(file);
    let mut line = Vec::new();
    let mut number = 0;
    while reader.next_raw(&mut line)? {
        number += 1;
        if number >= first {
            io::stdout().write_all(&line)?;
        }
    }
    Ok(())
}

fn last_bytes(file: &mut File, count: u32) -> Result<()> {
    let size = file.seek(0, sys::SEEK_END).unwrap_or(0) as u32;
    if size > 0 {
        file.seek(size.saturating_sub(count) as i32, sys::SEEK_SET)?;
        return io::copy(file, &mut io::stdout()).map(drop);
    }
    // A pipe: keeps twice what is wanted at most.
    let count = count as usize;
    let mut kept = Vec::new();
    let mut buf = [0; 1024];
    loop {
        let n = file.read_full(&mut buf)?;
        if n == 0 {
            break;
        }
        kept.extend_from_slice(&buf[..n]);
        if kept.len() >= 2 * count + buf.len() {
            kept.drain(..kept.len() - count);
        }
    }
    let start = kept.len().saturating_sub(count);
    io::stdout().write_all(&kept[start..])
}

/// Shows what is added, once a second.
fn go_on(file: &mut File) -> Result<()> {
    loop {
        io::copy(file, &mut io::stdout())?;
        io::flush()?;
        sys::sleep(1);
    }
}
