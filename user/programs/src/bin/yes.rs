//! yes: says yes until nobody listens.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

const USAGE: &str = "usage: yes [WORD]...
Writes a line with the words, or `y`, again and again.";

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let mut line = Vec::new();
    for word in options.operands() {
        if !line.is_empty() {
            line.push(b' ');
        }
        line.extend_from_slice(&word);
    }
    if line.is_empty() {
        line.push(b'y');
    }
    line.push(b'\n');
    let block = line.repeat(1024usize.div_ceil(line.len()));
    loop {
        if let Err(e) = rt::io::write_all(1, &block) {
            complain!("{e}");
            return 1;
        }
    }
}
