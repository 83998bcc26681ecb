//! stat: all that the inode of a file says.

#![no_std]
#![no_main]

use rt::abi::{Stat, major, minor};
use rt::prelude::*;
use rt::time::gmtime;
use rt::users::Table;
use rt::{mode, sys};

rt::main!(main);

const USAGE: &str = "usage: stat [-L] FILE...
Shows all that is known about files.
  -L  of a symbolic link, show what it points to";

fn main(args: Args) -> i32 {
    let mut follow = false;
    let mut options = args.options("L", USAGE);
    while options.next().is_some() {
        follow = true;
    }
    let files = options.operands();
    if files.is_empty() {
        options.bad_usage("no file");
    }
    let (users, groups) = (Table::users(), Table::groups());
    let mut code = 0;
    for name in files {
        let stat = if follow {
            sys::stat(name)
        } else {
            sys::lstat(name)
        };
        match stat {
            Ok(stat) => show(name, &stat, &users, &groups),
            Err(e) => {
                complain!("{name}: {e}");
                code = 1;
            }
        }
    }
    code
}

fn kind(mode_bits: u16) -> &'static str {
    match mode_bits & mode::S_IFMT {
        mode::S_IFREG => "regular file",
        mode::S_IFDIR => "directory",
        mode::S_IFCHR => "character device",
        mode::S_IFBLK => "block device",
        mode::S_IFIFO => "pipe",
        mode::S_IFLNK => "symbolic link",
        _ => "unknown kind",
    }
}

fn show(name: BStr, s: &Stat, users: &Table, groups: &Table) {
    let text = mode::text(s.mode);
    let unknown = BStr(b"?");
    print!("  File: {name}");
    if mode::is_link(s.mode)
        && let Ok(target) = sys::readlink(name)
    {
        print!(" -> {}", BStr(&target));
    }
    println!();
    println!(
        "  Kind: {}    Size: {}    Links: {}",
        kind(s.mode),
        s.size,
        s.nlink
    );
    print!(
        "Device: {},{}    Inode: {}",
        major(s.dev),
        minor(s.dev),
        s.ino
    );
    if mode::is_device(s.mode) {
        print!("    Is device: {},{}", major(s.rdev), minor(s.rdev));
    }
    println!();
    println!(
        "  Mode: {:04o} {}    Owner: {} {}    Group: {} {}",
        s.mode & 0o7777,
        BStr(&text),
        s.uid,
        users.name(u32::from(s.uid)).unwrap_or(unknown),
        s.gid,
        groups.name(u32::from(s.gid)).unwrap_or(unknown),
    );
    println!("  Read: {}", gmtime(s.atime));
    println!("Modify: {}", gmtime(s.mtime));
    println!("Change: {}", gmtime(s.ctime));
}
