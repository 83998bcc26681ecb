//! which: where a command lies.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{env, io, mode, sys};

rt::main!(main);

const USAGE: &str = "usage: which [-a] COMMAND...
Shows which file the shell would run for each command.
  -a  all that are found in PATH, not only the first
Exit code: 1 if one is not found. The shell's own commands are not files.";

fn main(args: Args) -> i32 {
    let mut all = false;
    let mut options = args.options("a", USAGE);
    while options.next().is_some() {
        all = true;
    }
    let names = options.operands();
    if names.is_empty() {
        options.bad_usage("no command");
    }
    let search = env::var("PATH").map_or(env::DEFAULT_PATH, BStr::bytes);
    let mut code = 0;
    for name in names {
        let mut found = env::candidates(&name, search)
            .filter(|file| {
                sys::stat(file).is_ok_and(|s| mode::is_reg(s.mode))
                    && sys::access(file, sys::X_OK).is_ok()
            })
            .peekable();
        if found.peek().is_none() {
            complain!("{name}: not found in {}", BStr(search));
            code = 1;
        }
        for file in found.take(if all { usize::MAX } else { 1 }) {
            let _ = io::stdout().write_all(&file);
            println!();
        }
    }
    code
}
