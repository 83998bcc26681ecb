//! pwd: the working directory.

#![no_std]
#![no_main]

use rt::prelude::*;

const USAGE: &str = "usage: pwd

Prints the path of the working directory.";

rt::main!(main);

fn main(args: Args) -> i32 {
    while args.options("", USAGE).next().is_some() {}
    match rt::dir::current() {
        Ok(path) => {
            println!("{}", BStr(&path));
            0
        }
        Err(e) => {
            complain!("cannot find the way up to the root: {e}");
            1
        }
    }
}
