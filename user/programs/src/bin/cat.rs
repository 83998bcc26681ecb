//! cat: files one after the other.

#![no_std]
#![no_main]

use rt::prelude::*;

const USAGE: &str = "usage: cat [-n] [file...]

Writes the files one after the other to standard output; '-' or no file is
standard input.
  -n  number the lines";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("n", USAGE);
    let mut numbered = false;
    while options.next().is_some() {
        numbered = true;
    }
    let mut files: Vec<BStr> = options.operands().collect();
    if files.is_empty() {
        files.push(BStr(b"-"));
    }
    let mut status = 0;
    let mut line = 0;
    for name in files {
        if let Err(e) = show(name, numbered, &mut line) {
            if e == Errno::EPIPE {
                return 1;
            }
            complain!("{name}: {e}");
            status = 1;
        }
    }
    status
}

fn show(name: BStr, numbered: bool, count: &mut u32) -> Result<()> {
    let mut file = File::open_or_stdin(name)?;
    if rt::mode::is_dir(file.stat()?.mode) {
        return Err(Errno::EISDIR);
    }
    if !numbered {
        // Straight through, so that a terminal's lines appear as they come.
        rt::io::flush()?;
        return rt::io::copy(&mut file, &mut Fd1).map(drop);
    }
    let mut reader = LineReader::new(file);
    let mut text = Vec::new();
    while reader.next_raw(&mut text)? {
        *count += 1;
        print!("{count:6}  ");
        rt::io::stdout().write_all(&text)?;
    }
    Ok(())
}

/// Standard output without the buffer.
struct Fd1;

impl Write for Fd1 {
    fn write_all(&mut self, bytes: &[u8]) -> Result<()> {
        rt::io::write_all(1, bytes)
    }
}
