//! touch: makes files, or sets their times to now.

#![no_std]
#![no_main]

use rt::prelude::*;

const USAGE: &str = "usage: touch [-c] file...

Sets the times of files to now; makes those that are not there.
  -c  do not make files";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("c", USAGE);
    let mut create = true;
    while options.next().is_some() {
        create = false;
    }
    let operands = options.operands();
    if operands.is_empty() {
        options.bad_usage("which file?");
    }
    let mut status = 0;
    for name in operands {
        let result = match sys::utime(name, None) {
            Err(Errno::ENOENT) if create => {
                File::open_with(name, sys::O_WRONLY | sys::O_CREAT, 0o666).and_then(File::close)
            }
            Err(Errno::ENOENT) => Ok(()),
            result => result,
        };
        if let Err(e) = result {
            complain!("{name}: {e}");
            status = 1;
        }
    }
    status
}
