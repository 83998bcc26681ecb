//! halt, also called `reboot` and `poweroff`: stops the machine.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::sys::{self, RebootCommand};

rt::main!(main);

const USAGE: &str = "usage: halt [-p] [-r] [-n]    or    reboot, poweroff
Writes all data to the disks and stops the machine. Only for root.
  -p  switch it off (as poweroff)    -r  start it again (as reboot)
  -n  do not write the data first";

fn main(args: Args) -> i32 {
    let name = args.name();
    let mut command = match rt::path::basename(&name) {
        b"reboot" => RebootCommand::Restart,
        b"poweroff" => RebootCommand::PowerOff,
        _ => RebootCommand::Halt,
    };
    let mut write = true;
    let mut options = args.options("prnf", USAGE);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'p' => command = RebootCommand::PowerOff,
            b'r' => command = RebootCommand::Restart,
            b'n' => write = false,
            _ => {}
        }
    }
    if write {
        sys::sync();
    }
    // It comes back only if it failed.
    if let Err(e) = sys::reboot(command) {
        complain!("{e}");
    }
    1
}
