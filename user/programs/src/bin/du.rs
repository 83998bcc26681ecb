//! du: blocks that files take.

#![no_std]
#![no_main]

use rt::abi::Stat;
use rt::prelude::*;
use rt::{mode, path};

const USAGE: &str = "usage: du [-as] [file...]

Shows how many blocks of 1 KB directories take with all that is in them.
  -a  files, too
  -s  only the sum for each argument";

rt::main!(main);

struct Count {
    files: bool,
    sums_only: bool,
    /// Files with several names that were counted already.
    seen: Vec<(u16, u16)>,
    status: i32,
}

fn main(args: Args) -> i32 {
    let mut options = args.options("as", USAGE);
    let mut count = Count {
        files: false,
        sums_only: false,
        seen: Vec::new(),
        status: 0,
    };
    while let Some((letter, _)) = options.next() {
        match letter {
            b'a' => count.files = true,
            _ => count.sums_only = true,
        }
    }
    let mut names: Vec<BStr> = options.operands().collect();
    if names.is_empty() {
        names.push(BStr(b"."));
    }
    for name in names {
        count.add(&name, true);
    }
    count.status
}

/// Blocks that a file takes on a Minix file system, those that hold block
/// numbers included.
fn blocks(stat: &Stat) -> u32 {
    if mode::is_device(stat.mode) {
        return 0;
    }
    let data = stat.size.cast_unsigned().div_ceil(1024);
    // Seven numbers are in the inode, 512 in a block of numbers.
    match data {
        0..=7 => data,
        8..=519 => data + 1,
        _ => data + 2 + (data - 519).div_ceil(512),
    }
}

impl Count {
    fn fail(&mut self, name: &[u8], e: Errno) -> u32 {
        complain!("{}: {e}", BStr(name));
        self.status = 1;
        0
    }

    /// Counts a file, or a directory with what is in it.
    fn add(&mut self, name: &[u8], top: bool) -> u32 {
        let stat = match sys::lstat(name) {
            Ok(stat) => stat,
            Err(e) => return self.fail(name, e),
        };
        let dir = mode::is_dir(stat.mode);
        if !dir && stat.nlink > 1 {
            let id = (stat.dev, stat.ino);
            if self.seen.contains(&id) {
                return 0;
            }
            self.seen.push(id);
        }
        let mut sum = blocks(&stat);
        if dir {
            match rt::dir::names(name) {
                Ok(names) => {
                    for entry in names {
                        sum += self.add(&path::join(name, &entry), false);
                    }
                }
                Err(e) => sum += self.fail(name, e),
            }
        }
        if top || (!self.sums_only && (dir || self.files)) {
            println!("{sum:<7} {}", BStr(name));
        }
        sum
    }
}
