//! ln: further names for files.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::{mode, path};

const USAGE: &str = "usage: ln [-fs] file [new-name]
       ln [-fs] file... directory

Gives files further names. Without a new name, the same one in the working
directory.
  -f  replace a file that has the new name
  -s  symbolic links (where the file system knows them)";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("fs", USAGE);
    let (mut force, mut symbolic) = (false, false);
    while let Some((letter, _)) = options.next() {
        match letter {
            b'f' => force = true,
            _ => symbolic = true,
        }
    }
    let mut files: Vec<BStr> = options.operands().collect();
    let to = match files.len() {
        0 => options.bad_usage("which file?"),
        1 => BStr(b"."),
        _ => files.pop().unwrap_or_default(),
    };
    let into = sys::stat(to).is_ok_and(|s| mode::is_dir(s.mode));
    if files.len() > 1 && !into {
        options.bad_usage("with several files, the last argument is a directory");
    }
    let mut status = 0;
    for file in files {
        let name = if into {
            path::join(&to, path::basename(&file))
        } else {
            to.to_vec()
        };
        if force && sys::lstat(&name).is_ok_and(|s| !mode::is_dir(s.mode)) {
            let _ = sys::unlink(&name);
        }
        let result = if symbolic {
            sys::symlink(file, &name)
        } else {
            sys::link(file, &name)
        };
        if let Err(e) = result {
            let hint = match e {
                Errno::EPERM | Errno::ENOSYS if symbolic => {
                    " (this file system has no symbolic links)"
                }
                _ => "",
            };
            complain!("{} -> {file}: {e}{hint}", BStr(&name));
            status = 1;
        }
    }
    status
}
