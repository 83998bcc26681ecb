//! chroot: runs a command with another root directory.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{env, sys};

#[path = "../run.rs"]
mod run;

rt::main!(main);

const USAGE: &str = "usage: chroot DIRECTORY [COMMAND [ARGUMENT]...]
Runs a command (/bin/sh) for which the directory is the root. Only for root.";

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let mut words = options.operands();
    let Some(directory) = words.next() else {
        options.bad_usage("no directory");
    };
    if let Err(e) = sys::chroot(directory).and_then(|()| sys::chdir("/")) {
        complain!("{directory}: {e}");
        return 1;
    }
    let environment = env::to_pass_on();
    if !words.is_empty() {
        return run::exec(words, &environment);
    }
    let error = sys::execve("/bin/sh", &["sh"].into_iter().collect(), &environment);
    complain!("/bin/sh in {directory}: {error}");
    127
}
