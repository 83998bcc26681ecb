//! sync: writes everything that is waiting to its disk.

#![no_std]
#![no_main]

use rt::prelude::*;

const USAGE: &str = "usage: sync

Writes what the kernel keeps in memory to the disks.";

rt::main!(main);

fn main(args: Args) -> i32 {
    while args.options("", USAGE).next().is_some() {}
    sys::sync();
    0
}
