//! hexdump: bytes as numbers and characters.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{io, num};

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: hexdump [-vC] [-s SKIP] [-n LENGTH] [FILE]...
Shows bytes as hexadecimal numbers and as characters, 16 in a line.
  -s SKIP    begin so many bytes later (0x10, 4k)
  -n LENGTH  only so many bytes
  -v         show repeated lines too, which otherwise become one *";

fn main(args: Args) -> i32 {
    let (mut skip, mut length, mut verbose) = (0, u32::MAX, false);
    let mut options = args.options("vCs:n:", USAGE);
    while let Some((letter, value)) = options.next() {
        let number = num::parse_c(&value).or_else(|| num::parse_size(&value));
        match (letter, number) {
            (b'v', _) => verbose = true,
            (b's', Some(n)) => skip = n,
            (b'n', Some(n)) => length = n,
            (b'C', _) => {}
            _ => options.bad_usage("a number is needed"),
        }
    }
    filters::each_file(options.operands(), |_, file| {
        dump(file, skip, length, verbose)
    })
}

fn dump(mut file: File, skip: u32, mut length: u32, verbose: bool) -> Result<()> {
    let start = skip_bytes(&mut file, skip)?;
    let mut at = start;
    let mut before: Option<[u8; 16]> = None;
    let mut starred = false;
    let mut buf = [0; 1024];
    while length > 0 {
        let most = buf.len().min(length as usize);
        let n = file.read_full(&mut buf[..most])?;
        if n == 0 {
            break;
        }
        length -= n as u32;
        for line in buf[..n].chunks(16) {
            let whole = <[u8; 16]>::try_from(line).ok();
            if !verbose && whole.is_some() && whole == before {
                if !starred {
                    println!("*");
                }
                starred = true;
            } else {
                show(at, line)?;
                starred = false;
            }
            before = whole;
            at = at.wrapping_add(line.len() as u32);
        }
    }
    if at != start {
        println!("{at:08x}");
    }
    Ok(())
}

/// Goes forward by seeking, or by reading where that is not possible; the
/// position reached.
fn skip_bytes(file: &mut File, skip: u32) -> Result<u32> {
    if skip == 0 || file.seek(skip as i32, sys::SEEK_SET).is_ok() {
        return Ok(skip);
    }
    let mut buf = [0; 512];
    let mut at = 0;
    while at < skip {
        let most = buf.len().min((skip - at) as usize);
        match file.read_full(&mut buf[..most])? {
            0 => break,
            n => at += n as u32,
        }
    }
    Ok(at)
}

/// One line: `00000010  68 65 6c 6c 6f ...  |hello...|`.
fn show(at: u32, bytes: &[u8]) -> Result<()> {
    let digit = |n: u8| b"0123456789abcdef"[usize::from(n & 15)];
    let mut line = [b' '; 78];
    for (i, place) in line[..8].iter_mut().enumerate() {
        *place = digit((at >> (28 - 4 * i)) as u8);
    }
    for (i, &byte) in bytes.iter().enumerate() {
        let place = 10 + 3 * i + usize::from(i >= 8);
        line[place] = digit(byte >> 4);
        line[place + 1] = digit(byte);
        line[61 + i] = if matches!(byte, b' '..=b'~') {
            byte
        } else {
            b'.'
        };
    }
    let end = 61 + bytes.len();
    line[60] = b'|';
    line[end] = b'|';
    io::stdout().write_all(&line[..=end])?;
    io::stdout().write_all(b"\n")
}
