//! mkdir: makes directories.

#![no_std]
#![no_main]

use rt::prelude::*;

use rt::path;

const USAGE: &str = "usage: mkdir [-p] [-m mode] directory...

Makes directories.
  -m  permissions, in octal (else 777 less the umask)
  -p  make the directories above, too; no error if it is there already";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("m:p", USAGE);
    let (mut mode, mut parents) = (0o777, false);
    while let Some((letter, value)) = options.next() {
        match letter {
            b'p' => parents = true,
            _ => match rt::mode::apply(value.bytes(), 0o777) {
                Some(bits) => {
                    mode = bits;
                    sys::umask(0);
                }
                None => options.bad_usage("the mode is not understood"),
            },
        }
    }
    let operands = options.operands();
    if operands.is_empty() {
        options.bad_usage("which directory?");
    }
    let mut status = 0;
    for name in operands {
        let result = if parents {
            make_all(name.bytes(), mode)
        } else {
            sys::mkdir(path::trim_slashes(name.bytes()), mode)
        };
        if let Err(e) = result {
            complain!("{name}: {e}");
            status = 1;
        }
    }
    status
}

/// Makes a directory and those above it that are missing.
fn make_all(name: &[u8], mode: u16) -> Result<()> {
    let name = path::trim_slashes(name);
    match sys::mkdir(name, mode) {
        Err(Errno::EEXIST) if sys::stat(name)?.mode & rt::mode::S_IFMT == rt::mode::S_IFDIR => {
            Ok(())
        }
        Err(Errno::ENOENT) if path::dirname(name) != b"." => {
            make_all(path::dirname(name), 0o777)?;
            sys::mkdir(name, mode)
        }
        result => result,
    }
}
