//! chmod: changes permissions.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::{mode, path};

const USAGE: &str = "usage: chmod [-R] mode file...

Changes the permissions of files. The mode is octal (755) or says what to
change: u+x, go-w, a=r, +x, several with commas between.
  -R  directories with all that is in them";

rt::main!(main);

fn main(args: Args) -> i32 {
    // -w and -x are modes, not options: only a first -R is one.
    let mut rest = args;
    let deep = rest.get(0).is_some_and(|a| a == "-R");
    if deep {
        rest.next();
    }
    let help = rest.get(0).is_some_and(|a| a == "--help");
    let options = args.options("R", USAGE);
    if help || rest.len() < 2 {
        let mut options = rest.options("", USAGE);
        if help {
            options.next();
        }
        options.bad_usage("a mode and a file are needed");
    }
    let how = rest.next().unwrap_or_default();
    if mode::apply(how.bytes(), 0).is_none() {
        options.bad_usage("the mode is not understood");
    }
    rest.fold(0, |status, name| {
        status | change(name.bytes(), how.bytes(), deep)
    })
}

/// Changes one file, and what is in it; the exit code.
fn change(name: &[u8], how: &[u8], deep: bool) -> i32 {
    let result = sys::stat(name).and_then(|stat| {
        let bits = mode::apply(how, stat.mode).unwrap_or(stat.mode);
        sys::chmod(name, bits & 0o7777).map(|()| mode::is_dir(stat.mode))
    });
    match result {
        Ok(true) if deep => match rt::dir::names(name) {
            Ok(names) => names.iter().fold(0, |status, n| {
                status | change(&path::join(name, n), how, true)
            }),
            Err(e) => complain(name, e),
        },
        Ok(_) => 0,
        Err(e) => complain(name, e),
    }
}

fn complain(name: &[u8], e: Errno) -> i32 {
    complain!("{}: {e}", BStr(name));
    1
}
