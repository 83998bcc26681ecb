//! scale: whether costs grow with memory, processes, memory in use.
//!
//! Measures the same operations with 2 and with 60 processes, with about 10 and
//! about 90 % of the memory in use. How much there is, in KB, it asks for on the
//! serial line: `##free`. Keys are `PROCESSES_PERCENT_OPERATION`.

#![no_std]
#![no_main]

use measure::*;
use rt::prelude::*;
use rt::sys::{self, Nr};

rt::main!(main);

/// Processes that only sleep, beside tasks 0 and 1, the one that measures and the
/// one that holds memory.
const SLEEPERS: usize = 57;
/// Pages that a sleeper takes: task structure and kernel stack, page table,
/// stack, heap.
const SLEEPER_PAGES: usize = 4;

/// A child that does `f` and sleeps until it is killed; returns when it sleeps.
fn sleeper(f: impl FnOnce()) -> usize {
    let ready = sys::pipe().unwrap_or((-1, -1));
    let pid = call(Nr::Fork, 0, 0, 0);
    if pid == 0 {
        f();
        let _ = sys::write(ready.1, b"!");
        let _ = (sys::close(ready.0), sys::close(ready.1));
        loop {
            sys::pause();
        }
    }
    let mut byte = [0];
    let _ = sys::close(ready.1);
    let _ = sys::read(ready.0, &mut byte);
    let _ = sys::close(ready.0);
    pid as usize
}

/// A child that holds that many pages.
fn hog(pages: usize) -> usize {
    sleeper(|| {
        let start = grow((pages + 1) * PAGE);
        (0..=pages).for_each(|page| touch(start + page * PAGE));
    })
}

/// A child that has so many sleeping children, in a process group of its own: they
/// are nothing to us, `waitpid` would look at our own ones.
fn nursery(children: usize) -> usize {
    sleeper(|| {
        call(Nr::Setpgid, 0, 0, 0);
        (0..children).for_each(|_| {
            sleeper(|| ());
        });
    })
}

/// Ends a process group, and waits for all its processes: they become our
/// children, as we are process 1.
fn end_group(leader: usize) {
    call(
        Nr::Kill,
        leader.wrapping_neg(),
        rt::signal::SIGKILL as usize,
        0,
    );
    while call(Nr::Waitpid, usize::MAX, 0, 0) > 0 {}
}

fn end(pid: usize) {
    call(Nr::Kill, pid, rt::signal::SIGKILL as usize, 0);
    call(Nr::Waitpid, pid, 0, 0);
}

/// All operations in one situation.
fn measure_all(out: i32, situation: &str, heap: usize, file: usize) {
    let print = |key: &str, value| {
        report(out, &rt::alloc::format!("{situation}_{key}"), value);
    };
    let mut fork = u32::MAX;
    let mut rest = u32::MAX;
    for _ in 0..8 {
        let start = now();
        let pid = call(Nr::Fork, 0, 0, 0);
        if pid == 0 {
            call(Nr::Exit, 0, 0, 0);
        }
        let forked = now();
        call(Nr::Waitpid, pid as usize, 0, 0);
        fork = fork.min(forked - start);
        rest = rest.min(now() - forked);
    }
    print("fork", fork);
    print("exit_wait", rest);
    // In a child: shrinking the heap does not give pages back, ending does.
    fork_and(|| print("zero_fill", zero_fill()));
    print("cow_copy", copy_on_write(heap).0);
    let mut byte = [0u8];
    let at = byte.as_mut_ptr() as usize;
    let rewind = || {
        call(Nr::Lseek, file, 0, 0);
    };
    let read = || {
        call(Nr::Read, file, at, 1);
    };
    print("block", least(12, rewind, read));
    let pipe = || {
        if let Ok((reader, writer)) = sys::pipe() {
            call(Nr::Close, reader as usize, 0, 0);
            call(Nr::Close, writer as usize, 0, 0);
        }
    };
    print("page", least(12, || (), pipe));
    print("wake_up", round_trip());
}

/// The situations that a number of processes is measured in.
fn measure_with(out: i32, processes: usize, free: usize, heap: usize, file: usize) {
    let sleepers = (processes > 0).then(|| nursery(processes - 1));
    let used = processes * SLEEPER_PAGES;
    for percent in [10, 90] {
        let hog = hog((free * percent / 100).saturating_sub(used));
        let situation = rt::alloc::format!("{}_{percent}", if processes == 0 { 2 } else { 60 });
        measure_all(out, &situation, heap, file);
        end(hog);
    }
    sleepers.into_iter().for_each(end_group);
}

fn main(args: Args) -> i32 {
    let tty = sys::open("/dev/tty1", 2, 0).unwrap_or(1);
    let _ = sys::write(tty, b"##free?\n");
    let mut line = [0; 32];
    let length = sys::read(tty, &mut line).unwrap_or(0);
    let digits = line[..length]
        .iter()
        .take_while(|byte| byte.is_ascii_digit());
    let kilobytes = digits.fold(0, |number, digit| number * 10 + usize::from(digit - b'0'));
    let heap = grow(17 * PAGE).next_multiple_of(PAGE);
    (0..16).for_each(|page| touch(heap + page * PAGE));
    let file = sys::open(args.name(), 0, 0).unwrap_or(0) as usize;
    for processes in [0, SLEEPERS] {
        measure_with(tty, processes, kilobytes / 4, heap, file);
    }
    let _ = sys::write(tty, b"##done\n");
    loop {
        sys::pause();
    }
}
