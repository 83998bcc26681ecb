//! umount: unmounts a file system.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::{mode, mounts, path};

const USAGE: &str = "usage: umount device|directory

Unmounts a file system, given by its device or by where it is mounted.";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let operands = options.operands();
    let (Some(name), 1) = (operands.get(0), operands.len()) else {
        options.bad_usage("which device?")
    };
    let result = device_of(name.bytes()).and_then(sys::umount);
    match result {
        Ok(()) => 0,
        Err(Errno::EBUSY) => {
            complain!("{name}: a file on it is open, or somebody's working directory");
            1
        }
        Err(Errno::EINVAL) => {
            complain!("{name}: nothing is mounted there, or it is the root");
            1
        }
        Err(e) => {
            complain!("{name}: {e}");
            1
        }
    }
}

/// The device, where the name is that of a directory.
fn device_of(name: &[u8]) -> Result<Vec<u8>> {
    let stat = sys::stat(name)?;
    if !mode::is_dir(stat.mode) {
        return Ok(name.to_vec());
    }
    let above = sys::stat(path::join(name, b".."))?;
    if above.dev == stat.dev {
        // Nothing is mounted there, or it is the root.
        return Err(Errno::EINVAL);
    }
    mounts::of(name)?.device().ok_or(Errno::ENODEV)
}
