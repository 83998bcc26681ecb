//! test, also called `[`: conditions for the shell.

#![no_std]
#![no_main]

use rt::prelude::*;

#[path = "../condition.rs"]
mod condition;

rt::main!(main);

const USAGE: &str = "usage: test EXPRESSION    or    [ EXPRESSION ]
Exit code: 0 it is true, 1 it is false, 2 it makes no sense.
  -e -f -d -b -c -p -h FILE  exists; is a file, directory, block or character
                             device, pipe, symbolic link
  -r -w -x FILE              may be read, written, executed
  -s FILE                    is not empty      -u -g -k FILE  set-id, sticky bit
  A -nt B, A -ot B           is newer, older   -t FD          is a terminal
  -z TEXT, -n TEXT, TEXT     is empty; is not
  A = B, A != B              are the same text, are not
  A -eq -ne -lt -le -gt -ge B  numbers
  ! E, E -a E, E -o E, ( E )   not, and, or";

fn main(args: Args) -> i32 {
    let words: Vec<&[u8]> = args.map(BStr::bytes).collect();
    if words == [b"--help"] {
        println!("{USAGE}");
        return 0;
    }
    match condition::test(&args.name(), words) {
        Ok(holds) => i32::from(!holds),
        Err(message) => {
            complain!("{message}");
            2
        }
    }
}
