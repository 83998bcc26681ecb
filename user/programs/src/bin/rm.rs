//! rm: removes files.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::{mode, path};

const USAGE: &str = "usage: rm [-fir] file...

Removes files.
  -f  no error for a file that is not there
  -i  ask before each
  -r  directories with all that is in them";

rt::main!(main);

#[derive(Clone, Copy, Default)]
struct How {
    force: bool,
    ask: bool,
    deep: bool,
}

fn main(args: Args) -> i32 {
    let mut options = args.options("firR", USAGE);
    let mut how = How::default();
    while let Some((letter, _)) = options.next() {
        match letter {
            b'f' => how.force = true,
            b'i' => how.ask = true,
            _ => how.deep = true,
        }
    }
    let operands = options.operands();
    if operands.is_empty() && !how.force {
        options.bad_usage("which file?");
    }
    let mut status = 0;
    for name in operands {
        let name = path::trim_slashes(name.bytes());
        if matches!(path::basename(name), b"." | b".." | b"/") {
            complain!("{}: this cannot be removed", BStr(name));
            status = 1;
            continue;
        }
        status |= remove(name, how);
    }
    status
}

/// Removes one file, or a directory; the exit code.
fn remove(name: &[u8], how: How) -> i32 {
    let text = BStr(name);
    let stat = match sys::lstat(name) {
        Ok(stat) => stat,
        Err(Errno::ENOENT) if how.force => return 0,
        Err(e) => {
            complain!("{text}: {e}");
            return 1;
        }
    };
    let dir = mode::is_dir(stat.mode);
    if dir && !how.deep {
        complain!("{text}: is a directory (rm -r removes it with its contents)");
        return 1;
    }
    let mut status = 0;
    if dir {
        match rt::dir::names(name) {
            Ok(names) => {
                for entry in names {
                    status |= remove(&path::join(name, &entry), how);
                }
            }
            Err(e) => {
                complain!("{text}: {e}");
                return 1;
            }
        }
    }
    if how.ask && !yes(text) {
        return status;
    }
    let result = if dir {
        sys::rmdir(name)
    } else {
        sys::unlink(name)
    };
    if let Err(e) = result {
        complain!("{text}: {e}");
        return 1;
    }
    status
}

fn yes(name: BStr) -> bool {
    eprint!("rm: remove {name}? ");
    let mut answer = [0; 80];
    let n = sys::read(0, &mut answer).unwrap_or(0);
    n > 0 && matches!(answer[0], b'y' | b'Y')
}
