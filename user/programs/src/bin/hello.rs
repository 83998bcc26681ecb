//! hello: the smallest program, to show how one is written.

#![no_std]
#![no_main]

use rt::prelude::*;

rt::main!(main);

fn main(args: Args) -> i32 {
    println!(
        "Hello from process {}, started as {}.",
        sys::getpid(),
        args.name()
    );
    for arg in args {
        println!("  argument: {arg}");
    }
    0
}
