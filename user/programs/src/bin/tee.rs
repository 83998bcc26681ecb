//! tee: copies its input to files as well.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::signal::{self, Action};
use rt::{io, sys};

rt::main!(main);

const USAGE: &str = "usage: tee [-ai] [FILE]...
Copies standard input to standard output and to each file.
  -a  add to the files    -i  go on after ^C";

fn main(args: Args) -> i32 {
    let mut how = sys::O_WRONLY | sys::O_CREAT | sys::O_TRUNC;
    let mut options = args.options("ai", USAGE);
    while let Some((letter, _)) = options.next() {
        if letter == b'a' {
            how = sys::O_WRONLY | sys::O_CREAT | sys::O_APPEND;
        } else {
            let _ = signal::set(signal::SIGINT, Action::Ignore);
        }
    }
    let mut code = 0;
    let mut outputs = vec![(BStr(b"standard output"), File::from_fd(1))];
    for name in options.operands() {
        match File::open_with(name, how, 0o666) {
            Ok(file) => outputs.push((name, file)),
            Err(e) => {
                complain!("{name}: {e}");
                code = 1;
            }
        }
    }
    let mut buf = [0; 1024];
    loop {
        match io::Stdin.read(&mut buf) {
            Ok(0) => return code,
            Ok(n) => outputs.retain_mut(|(name, file)| {
                // One that fails is left out from then on; the others go on.
                let result = file.write_all(&buf[..n]);
                if let Err(e) = result {
                    complain!("{name}: {e}");
                    code = 1;
                }
                result.is_ok()
            }),
            Err(Errno::EINTR) => {}
            Err(e) => {
                complain!("{e}");
                return 1;
            }
        }
    }
}
