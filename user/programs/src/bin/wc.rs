//! wc: counts lines, words and bytes.

#![no_std]
#![no_main]

use rt::io;
use rt::prelude::*;

#[path = "../filters.rs"]
mod filters;

rt::main!(main);

const USAGE: &str = "usage: wc [-lwc] [FILE]...
Counts the lines, words and bytes of each file, or of standard input.
  -l  lines only    -w  words only    -c  bytes only";

#[derive(Clone, Copy, Default)]
struct Counts {
    lines: u32,
    words: u32,
    bytes: u32,
}

fn main(args: Args) -> i32 {
    let mut columns = [false; 3];
    let mut options = args.options("lwc", USAGE);
    while let Some((letter, _)) = options.next() {
        columns[match letter {
            b'l' => 0,
            b'w' => 1,
            _ => 2,
        }] = true;
    }
    if columns == [false; 3] {
        columns = [true; 3];
    }
    let files = options.operands();
    let mut total = Counts::default();
    let code = filters::each_file(files, |name, mut file| {
        let counts = count(&mut file)?;
        total.lines += counts.lines;
        total.words += counts.words;
        total.bytes += counts.bytes;
        show(
            counts,
            columns,
            if files.is_empty() { BStr(b"") } else { name },
        );
        Ok(())
    });
    if files.len() > 1 {
        show(total, columns, BStr(b"total"));
    }
    code
}

fn count(file: &mut File) -> Result<Counts> {
    let mut counts = Counts::default();
    let mut in_word = false;
    let mut buf = [0; 4096];
    loop {
        let n = file.read_full(&mut buf)?;
        if n == 0 {
            return Ok(counts);
        }
        counts.bytes += n as u32;
        for &byte in &buf[..n] {
            let space = matches!(byte, b' ' | 9..=13);
            counts.lines += u32::from(byte == b'\n');
            counts.words += u32::from(in_word && space);
            in_word = !space;
        }
        // A word that the end of the input ends.
        if n < buf.len() {
            counts.words += u32::from(in_word);
            return Ok(counts);
        }
    }
}

fn show(counts: Counts, columns: [bool; 3], name: BStr) {
    let numbers = [counts.lines, counts.words, counts.bytes];
    let one = columns.iter().filter(|c| **c).count() == 1;
    for (number, _) in numbers.iter().zip(columns).filter(|(_, wanted)| *wanted) {
        if one {
            print!("{number}");
        } else {
            print!("{number:7}");
        }
    }
    if !name.is_empty() {
        print!(" ");
        let _ = io::stdout().write_all(&name);
    }
    println!();
}
