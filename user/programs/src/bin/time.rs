//! time: how long a command takes.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{env, sys};

#[path = "../run.rs"]
mod run;

rt::main!(main);

const USAGE: &str = "usage: time COMMAND [ARGUMENT]...
Runs a command and says how long it took: in all, in its own code, and in the
kernel for it (ticks of 1/100 second).";

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let words = options.operands();
    if words.is_empty() {
        options.bad_usage("no command");
    }
    match measure(words) {
        Ok(code) => code,
        Err(e) => {
            complain!("{e}");
            1
        }
    }
}

fn measure(words: Args) -> Result<i32> {
    let (before, start) = sys::times()?;
    let pid = sys::fork()?;
    if pid == 0 {
        sys::exit(run::exec(words, &env::to_pass_on()));
    }
    let status = sys::wait_for(pid)?;
    let (after, end) = sys::times()?;
    let show = |what: &str, ticks: u32| {
        eprintln!("{what} {:6}.{:02}", ticks / 100, ticks % 100);
    };
    show("real", end.wrapping_sub(start));
    show("user", (after.cutime - before.cutime) as u32);
    show("sys ", (after.cstime - before.cstime) as u32);
    Ok(status.shell_code())
}
