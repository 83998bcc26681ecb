//! mknod: makes device nodes and pipes.

#![no_std]
#![no_main]

use rt::abi::makedev;
use rt::prelude::*;
use rt::{mode, num};

rt::main!(main);

const USAGE: &str = "usage: mknod [-m MODE] NAME b|c MAJOR MINOR
       mknod [-m MODE] NAME p
Makes a block or character device, for root only, or a pipe with a name.
  -m MODE  its permissions, such as 600 or u=rw (otherwise 666 less the umask)";

fn main(args: Args) -> i32 {
    let mut exact = None;
    let mut options = args.options("m:", USAGE);
    while let Some((_, value)) = options.next() {
        match mode::apply(&value, 0o666) {
            Some(bits) => exact = Some(bits & 0o777),
            None => options.bad_usage("-m needs a mode such as 600"),
        }
    }
    let words = options.operands();
    let number = |i| {
        words
            .get(i)
            .and_then(|w| num::parse_c(&w))
            .and_then(|n| u8::try_from(n).ok())
    };
    let kind = words.get(1).unwrap_or_default();
    let (kind, dev) = match (kind.bytes(), words.len(), number(2), number(3)) {
        (b"p", 2, ..) => (mode::S_IFIFO, 0),
        (b"b", 4, Some(major), Some(minor)) => (mode::S_IFBLK, makedev(major, minor)),
        (b"c" | b"u", 4, Some(major), Some(minor)) => (mode::S_IFCHR, makedev(major, minor)),
        _ => options.bad_usage("NAME, kind and two numbers from 0 to 255 are needed"),
    };
    let name = words.get(0).unwrap_or_default();
    let result = sys::mknod(name, kind | exact.unwrap_or(0o666), dev)
        .and_then(|()| exact.map_or(Ok(()), |bits| sys::chmod(name, bits)));
    match result {
        Ok(()) => 0,
        Err(e) => {
            complain!("{name}: {e}");
            1
        }
    }
}
