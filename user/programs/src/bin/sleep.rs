//! sleep: waits.

#![no_std]
#![no_main]

use rt::prelude::*;

const USAGE: &str = "usage: sleep seconds...

Waits as many seconds as the numbers add up to. A number may have an m
(minutes) or an h (hours) behind it.";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("", USAGE);
    while options.next().is_some() {}
    let operands = options.operands();
    if operands.is_empty() {
        options.bad_usage("how long?");
    }
    let mut total = 0u32;
    for text in operands {
        let Some(seconds) = parse(text.bytes()) else {
            options.bad_usage("a number of seconds is needed")
        };
        total = total.saturating_add(seconds);
    }
    // A signal that was caught, or a stop, ends a sleep early.
    while total > 0 {
        total = sys::sleep(total);
    }
    0
}

fn parse(text: &[u8]) -> Option<u32> {
    let (digits, unit) = match text {
        [digits @ .., b's'] => (digits, 1),
        [digits @ .., b'm'] => (digits, 60),
        [digits @ .., b'h'] => (digits, 3600),
        _ => (text, 1),
    };
    rt::num::parse_u32(digits)?.checked_mul(unit)
}
