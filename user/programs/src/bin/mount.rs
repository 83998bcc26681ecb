//! mount: mounts a file system, or lists those that are mounted.

#![no_std]
#![no_main]

use rt::mounts;
use rt::prelude::*;

const USAGE: &str = "usage: mount [-r] device directory
       mount

Mounts the Minix file system on a block device at a directory. Without
arguments, lists what is mounted.
  -r  nothing will be written to it";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("r", USAGE);
    let mut read_only = false;
    while options.next().is_some() {
        read_only = true;
    }
    let operands = options.operands();
    match (operands.get(0), operands.get(1), operands.len()) {
        (None, ..) => list(),
        (Some(device), Some(dir), 2) => match sys::mount(device, dir, read_only) {
            Ok(()) => 0,
            Err(e) => {
                complain!("{device} on {dir}: {e}{}", hint(e));
                1
            }
        },
        _ => options.bad_usage("a device and a directory are needed"),
    }
}

/// What the error means here.
fn hint(e: Errno) -> &'static str {
    match e {
        Errno::EINVAL => " (is there a Minix file system, version 1, on it?)",
        Errno::EBUSY => " (is it mounted already, or is the directory in use?)",
        Errno::EPERM => " (only root mounts)",
        _ => "",
    }
}

fn list() -> i32 {
    match mounts::list() {
        Ok(list) => {
            for mount in list {
                let device = mount.device().unwrap_or_else(|| b"?".to_vec());
                println!("{} on {}", BStr(&device), BStr(&mount.dir));
            }
            0
        }
        Err(e) => {
            complain!("/: {e}");
            1
        }
    }
}
