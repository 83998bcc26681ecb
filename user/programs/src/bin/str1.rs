//! str1: watch a stack grow.
//!
//! The program of the notes on 0.11: a recursion at least six deep, with a
//! local array of 2 KB at each level that is cleared, so that the stack grows
//! into a new page at every other level. It is installed as str1, str2 and
//! str3: run them at once and see that they do not disturb each other, though
//! their arrays have the same addresses.

#![no_std]
#![no_main]

use core::hint::black_box;

use rt::prelude::*;
use rt::{num, tasks};

const USAGE: &str = "usage: str1 [-d depth] [-t ticks]

Calls itself, with an array of 2 KB on the stack at each level, and shows how
the kernel gives the stack one page after the other. Try: str1 & str2 & str3
  -d  how deep (6)
  -t  pause at each level, in ticks of 1/100 s (100)";

/// Size of the array at each level.
const SIZE: usize = 2048;
const PAGE: usize = 4096;

rt::main!(main);

/// What the levels have in common.
struct Run {
    pid: i32,
    depth: u32,
    pause: u32,
    /// Number of the lowest stack page that was written to so far.
    lowest: usize,
    /// Pages that the stack grew by.
    grown: u32,
}

fn main(args: Args) -> i32 {
    let mut options = args.options("d:t:", USAGE);
    let (mut depth, mut pause) = (6, 100);
    while let Some((letter, value)) = options.next() {
        let Some(number) = num::parse_u32(&value) else {
            options.bad_usage("a number is needed")
        };
        match letter {
            b'd' => depth = number,
            _ => pause = number,
        }
    }
    let mark = 0u8;
    let mut run = Run {
        pid: sys::getpid(),
        depth: depth.max(1),
        pause,
        lowest: (&raw const mark).addr() / PAGE,
        grown: 0,
    };
    let before = pages(run.pid);
    let wrong = level(&mut run, 1);
    let after = pages(run.pid);
    print!("{} [{}] done: ", rt::args::program_name(), run.pid);
    print!("the stack grew by {} pages", run.grown);
    if let (Some(before), Some(after)) = (before, after) {
        print!(", {before} pages mapped at the start, {after} now");
    }
    println!(" (unwinding gives none back, exit does)");
    if wrong > 0 {
        complain!("{wrong} bytes of the arrays were not what was written");
    }
    i32::from(wrong > 0)
}

/// Pages that this process has mapped, where the kernel tells.
fn pages(pid: i32) -> Option<u32> {
    let list = tasks::list().ok()?;
    list.iter().find(|t| t.pid == pid).map(|t| t.pages)
}

/// One level; how many bytes were wrong on the way back.
#[inline(never)]
fn level(run: &mut Run, depth: u32) -> u32 {
    let mut array = [0xffu8; SIZE];
    black_box(&mut array).fill(0);
    let start = (&raw const array).addr();
    let page = start / PAGE;
    print!("{} [{}] ", rt::args::program_name(), run.pid);
    print!(
        "level {depth}: array at {start:#010x}..{:#010x}, ",
        start + SIZE
    );
    if page < run.lowest {
        run.grown += (run.lowest - page) as u32;
        run.lowest = page;
        println!("new stack page {page:#07x}");
    } else {
        println!("in page {page:#07x} as before");
    }
    // Each level leaves its mark and finds it again on the way back, whatever
    // other processes wrote to the same address meanwhile.
    let mark = (run.pid as u8).wrapping_add(depth as u8);
    black_box(&mut array).fill(mark);
    pause(run.pause);
    let wrong = if depth < run.depth {
        level(run, depth + 1)
    } else {
        0
    };
    wrong + black_box(&array).iter().filter(|&&b| b != mark).count() as u32
}

/// Sleeps whole seconds, and spends what is left looking at the clock.
fn pause(ticks: u32) {
    let _ = rt::io::flush();
    let now = || sys::times().map_or(0, |t| t.1);
    let start = now();
    if ticks >= 100 {
        let mut left = ticks / 100;
        while left > 0 {
            left = sys::sleep(left);
        }
        return;
    }
    while now().wrapping_sub(start) < ticks {}
}
