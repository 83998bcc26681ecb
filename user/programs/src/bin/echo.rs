//! echo: its arguments.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

fn main(mut args: Args) -> i32 {
    if args.len() == 1 && args.get(0).is_some_and(|a| a == "--help") {
        println!(
            "usage: echo [-n] [word...]\n\nWrites the words; with -n, without a new line behind them."
        );
        return 0;
    }
    let bare = args.get(0).is_some_and(|a| a == "-n");
    if bare {
        args.next();
    }
    let words: Vec<&[u8]> = args.map(BStr::bytes).collect();
    let mut line = words.join(&b' ');
    if !bare {
        line.push(b'\n');
    }
    // An error shows up in the exit code, when the buffer is written.
    let _ = rt::io::stdout().write_all(&line);
    0
}
