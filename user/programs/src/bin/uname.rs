//! uname: name and version of the system.

#![no_std]
#![no_main]

use rt::abi::until_nul;
use rt::prelude::*;

rt::main!(main);

const USAGE: &str = "usage: uname [-snrvma]
Shows what the system is called.
  -s  system (default)   -n  this machine's name   -r  release
  -v  version            -m  kind of machine       -a  all of it";

fn main(args: Args) -> i32 {
    let mut wanted = [false; 5];
    let mut options = args.options("snrvma", USAGE);
    while let Some((letter, _)) = options.next() {
        match b"snrvm".iter().position(|&l| l == letter) {
            Some(at) => wanted[at] = true,
            None => wanted = [true; 5],
        }
    }
    if wanted == [false; 5] {
        wanted[0] = true;
    }
    let name = match sys::uname() {
        Ok(name) => name,
        Err(e) => {
            complain!("{e}");
            return 1;
        }
    };
    let fields = [
        &name.sysname,
        &name.nodename,
        &name.release,
        &name.version,
        &name.machine,
    ];
    let mut before = "";
    for (field, _) in fields.iter().zip(wanted).filter(|(_, wanted)| *wanted) {
        print!("{before}{}", until_nul(*field));
        before = " ";
    }
    println!();
    0
}
