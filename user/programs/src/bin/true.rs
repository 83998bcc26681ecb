//! true: does nothing, successfully.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

const USAGE: &str = "usage: true
Does nothing; its exit code is 0.";

fn main(args: Args) -> i32 {
    if args.get(0).is_some_and(|arg| arg == "--help") {
        println!("{USAGE}");
    }
    0
}
