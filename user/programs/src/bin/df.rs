//! df: room on file systems.

#![no_std]
#![no_main]

use rt::mounts::{self, Mount};
use rt::prelude::*;

const USAGE: &str = "usage: df [file...]

Shows blocks of 1 KB and inodes, all and free, of the mounted file systems, or
of those that the files are on.";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let mut status = 0;
    let mut list = Vec::new();
    for name in options.operands() {
        match mounts::of(&name) {
            Ok(mount) => list.push(mount),
            Err(e) => {
                complain!("{name}: {e}");
                status = 1;
            }
        }
    }
    if options.operands().is_empty() {
        match mounts::list() {
            Ok(all) => list = all,
            Err(e) => {
                complain!("/: {e}");
                return 1;
            }
        }
    }
    println!("Device        Blocks    Used    Free Use%  Inodes   Free Mounted on");
    for mount in list {
        if let Err(e) = show(&mount) {
            complain!("{}: {e}", BStr(&mount.dir));
            status = 1;
        }
    }
    status
}

fn show(mount: &Mount) -> Result<()> {
    let free = sys::ustat(mount.dev)?;
    let device = mount.device().unwrap_or_else(|| b"?".to_vec());
    let blocks_free = free.tfree.cast_unsigned();
    print!("{:12} ", BStr(&device));
    match mount.size() {
        Ok(size) => {
            let used = size.blocks.saturating_sub(blocks_free);
            let percent = (used * 100).div_ceil(size.blocks.max(1));
            print!("{:7} {used:7} {blocks_free:7} {percent:3}% ", size.blocks);
            print!("{:7} {:6} ", size.inodes, free.tinode);
        }
        // Only root reads the device; the free ones anybody may know.
        Err(_) => {
            print!("{:>7} {:>7} {blocks_free:7} {:>4} ", "-", "-", "-");
            print!("{:>7} {:6} ", "-", free.tinode);
        }
    }
    println!("{}", BStr(&mount.dir));
    Ok(())
}
