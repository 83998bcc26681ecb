//! rmdir: removes empty directories.

#![no_std]
#![no_main]

use rt::prelude::*;

const USAGE: &str = "usage: rmdir directory...

Removes directories that are empty.";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let operands = options.operands();
    if operands.is_empty() {
        options.bad_usage("which directory?");
    }
    let mut status = 0;
    for name in operands {
        if let Err(e) = sys::rmdir(rt::path::trim_slashes(name.bytes())) {
            complain!("{name}: {e}");
            status = 1;
        }
    }
    status
}
