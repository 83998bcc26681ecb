//! clear: an empty screen.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

const USAGE: &str = "usage: clear
Clears the screen.";

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    print!("\x1b[H\x1b[J");
    0
}
