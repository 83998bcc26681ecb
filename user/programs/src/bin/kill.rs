//! kill: sends signals.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::signal;

const USAGE: &str = "usage: kill [-signal] pid...
       kill -l

Sends a signal to processes: TERM, or the one named (-KILL, -9, -s HUP). A
negative number is a process group; put -- before it.
  -l  list the signals";

rt::main!(main);

fn main(mut args: Args) -> i32 {
    let mut number = signal::SIGTERM;
    match args.get(0).map(BStr::bytes) {
        None | Some(b"--help") => {
            let mut options = args.options("", USAGE);
            options.next();
            options.bad_usage("which process?")
        }
        Some(b"-l") => {
            for (number, name) in signal::all() {
                println!("{number:2} {name}");
            }
            return 0;
        }
        Some(b"--") => {
            args.next();
        }
        Some([b'-', name @ ..]) => {
            args.next();
            let name = match name {
                b"s" => args.next().map_or(&b""[..], BStr::bytes),
                _ => name,
            };
            match signal::number(name) {
                Some(n) => number = n,
                None => args
                    .options("", USAGE)
                    .bad_usage("there is no such signal ('kill -l' lists them)"),
            }
            if args.get(0).is_some_and(|a| a == "--") {
                args.next();
            }
        }
        Some(_) => {}
    }
    if args.is_empty() {
        args.options("", USAGE).bad_usage("which process?");
    }
    let mut status = 0;
    for arg in args {
        let result = match rt::num::parse_i32(&arg) {
            Some(pid) => sys::kill(pid, number),
            None => Err(Errno::EINVAL),
        };
        if let Err(e) = result {
            complain!("{arg}: {e}");
            status = 1;
        }
    }
    status
}
