//! mv: moves and renames files.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::{env, mode, path};

const USAGE: &str = "usage: mv [-fi] file new-name
       mv [-fi] file... directory

Renames files, or moves them into a directory. To another file system they are
copied, and then removed.
  -f  do not ask
  -i  ask before a file is overwritten";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("fi", USAGE);
    let mut ask = false;
    while let Some((letter, _)) = options.next() {
        ask = letter == b'i';
    }
    let mut files: Vec<BStr> = options.operands().collect();
    let Some(to) = files.pop().filter(|_| !files.is_empty()) else {
        options.bad_usage("a file and its new name are needed")
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
            path::trim_slashes(to.bytes()).to_vec()
        };
        if ask && sys::lstat(&target).is_ok() && !yes(&target) {
            continue;
        }
        if let Err(e) = move_one(from, &target) {
            complain!("{} to {}: {e}", BStr(from), BStr(&target));
            status = 1;
        }
    }
    status
}

fn move_one(from: &[u8], to: &[u8]) -> Result<()> {
    match sys::rename(from, to) {
        Err(Errno::ENOSYS) => link_over(from, to),
        Err(Errno::EXDEV) => copy_over(from, to),
        result => result,
    }
}

/// Renames on a kernel without `rename`, as 0.11.
fn link_over(from: &[u8], to: &[u8]) -> Result<()> {
    let (old, new) = (sys::lstat(from)?, sys::lstat(to));
    if new.is_ok_and(|n| (n.dev, n.ino) == (old.dev, old.ino)) {
        return Ok(());
    }
    if mode::is_dir(old.mode) {
        return Err(Errno::EISDIR);
    }
    if new.is_ok() {
        sys::unlink(to)?;
    }
    match sys::link(from, to) {
        Err(Errno::EXDEV) => copy_over(from, to),
        Err(e) => Err(e),
        Ok(()) => sys::unlink(from),
    }
}

/// Moves to another file system: cp -rp and rm -r.
fn copy_over(from: &[u8], to: &[u8]) -> Result<()> {
    run(&[b"/bin/cp", b"-rpf", b"--", from, to])?;
    run(&[b"/bin/rm", b"-rf", b"--", from])
}

/// Runs a program and waits for it; EIO if it fails (it has said why).
fn run(args: &[&[u8]]) -> Result<()> {
    let argv: sys::StrVec = args.iter().collect();
    let pid = sys::fork()?;
    if pid == 0 {
        let e = sys::execve(args[0], &argv, &env::to_pass_on());
        complain!("{}: {e}", BStr(args[0]));
        sys::exit_now(127);
    }
    match sys::wait_for(pid)?.exit_code() {
        Some(0) => Ok(()),
        _ => Err(Errno::EIO),
    }
}

fn yes(name: &[u8]) -> bool {
    eprint!("mv: overwrite {}? ", BStr(name));
    let mut answer = [0; 80];
    let n = sys::read(0, &mut answer).unwrap_or(0);
    n > 0 && matches!(answer[0], b'y' | b'Y')
}
