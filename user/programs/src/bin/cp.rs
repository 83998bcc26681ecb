//! cp: copies files.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::abi::{Stat, Utimbuf};
use rt::{mode, path};

const USAGE: &str = "usage: cp [-fipr] file copy
       cp [-fipr] file... directory

Copies files.
  -f  remove a copy that cannot be written, and try again
  -i  ask before a file is overwritten
  -p  keep owner, permissions and times
  -r  directories with all that is in them; devices as devices";

rt::main!(main);

#[derive(Clone, Copy, Default)]
struct How {
    force: bool,
    ask: bool,
    keep: bool,
    deep: bool,
}

fn main(args: Args) -> i32 {
    let mut options = args.options("fiprR", USAGE);
    let mut how = How::default();
    while let Some((letter, _)) = options.next() {
        match letter {
            b'f' => how.force = true,
            b'i' => how.ask = true,
            b'p' => how.keep = true,
            _ => how.deep = true,
        }
    }
    let mut files: Vec<BStr> = options.operands().collect();
    let Some(to) = files.pop().filter(|_| !files.is_empty()) else {
        options.bad_usage("a file and the name of its copy are needed")
    };
    let into = sys::stat(to).is_ok_and(|s| mode::is_dir(s.mode));
    if files.len() > 1 && !into {
        options.bad_usage("with several files, the last argument is a directory");
    }
    let mut status = 0;
    for file in files {
        let from = path::trim_slashes(file.bytes());
        let target = if into {
            path::join(&to, path::basename(from))
        } else {
            to.to_vec()
        };
        status |= copy(from, &target, how);
    }
    status
}

/// Copies one file, or a directory; the exit code.
fn copy(from: &[u8], to: &[u8], how: How) -> i32 {
    let stat = match sys::stat(from) {
        Ok(stat) => stat,
        Err(e) => return fail(from, e),
    };
    if let Ok(there) = sys::stat(to) {
        if (there.dev, there.ino) == (stat.dev, stat.ino) {
            complain!("{} and {} are the same file", BStr(from), BStr(to));
            return 1;
        }
        if how.ask && !mode::is_dir(there.mode) && !yes(to) {
            return 0;
        }
    }
    let status = if mode::is_dir(stat.mode) {
        copy_dir(from, to, &stat, how)
    } else if mode::is_device(stat.mode) && how.deep {
        sys::mknod(to, stat.mode, stat.rdev).map_or_else(|e| fail(to, e), |()| 0)
    } else {
        copy_file(from, to, &stat, how)
    };
    if status == 0 && how.keep {
        keep(to, &stat);
    }
    status
}

fn copy_dir(from: &[u8], to: &[u8], stat: &Stat, how: How) -> i32 {
    if !how.deep {
        complain!(
            "{}: is a directory (cp -r copies it with its contents)",
            BStr(from)
        );
        return 1;
    }
    if to.len() > from.len() && to.starts_with(from) && to[from.len()] == b'/' {
        complain!("{}: cannot be copied into itself", BStr(from));
        return 1;
    }
    match sys::mkdir(to, stat.mode & 0o777 | 0o700) {
        Ok(()) | Err(Errno::EEXIST) => {}
        Err(e) => return fail(to, e),
    }
    match rt::dir::names(from) {
        Ok(names) => names.iter().fold(0, |status, name| {
            status | copy(&path::join(from, name), &path::join(to, name), how)
        }),
        Err(e) => fail(from, e),
    }
}

fn copy_file(from: &[u8], to: &[u8], stat: &Stat, how: How) -> i32 {
    let mut input = match File::open(from) {
        Ok(file) => file,
        Err(e) => return fail(from, e),
    };
    let create = || {
        let flags = sys::O_WRONLY | sys::O_CREAT | sys::O_TRUNC;
        File::open_with(to, flags, stat.mode & 0o777)
    };
    let mut output = create();
    if output.is_err() && how.force && sys::unlink(to).is_ok() {
        output = create();
    }
    let result = output.and_then(|mut file| {
        rt::io::copy(&mut input, &mut file)?;
        file.close()
    });
    result.map_or_else(|e| fail(to, e), |()| 0)
}

/// Gives the copy owner, permissions and times of the original. What is not
/// allowed is left out.
fn keep(to: &[u8], stat: &Stat) {
    let times = Utimbuf {
        actime: stat.atime,
        modtime: stat.mtime,
    };
    let _ = sys::utime(to, Some(times));
    let _ = sys::chown(to, stat.uid, stat.gid);
    let _ = sys::chmod(to, stat.mode & 0o7777);
}

fn fail(name: &[u8], e: Errno) -> i32 {
    complain!("{}: {e}", BStr(name));
    1
}

fn yes(name: &[u8]) -> bool {
    eprint!("cp: overwrite {}? ", BStr(name));
    let mut answer = [0; 80];
    let n = sys::read(0, &mut answer).unwrap_or(0);
    n > 0 && matches!(answer[0], b'y' | b'Y')
}
