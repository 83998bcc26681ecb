//! false: does nothing, unsuccessfully.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

const USAGE: &str = "usage: false
Does nothing; its exit code is 1.";

fn main(args: Args) -> i32 {
    if args.get(0).is_some_and(|arg| arg == "--help") {
        println!("{USAGE}");
    }
    1
}
