//! What the bench programs share: counting instructions, and operations to
//! count.
//!
//! Under QEMU's `-icount shift=0,sleep=off` the time stamp counter counts
//! executed guest instructions, so one reading before and one after an
//! operation give its cost exactly, kernel and program together. The minimum
//! over the runs leaves out timer interrupts. `rdtsc` is no 386 instruction:
//! these programs are for the emulator only.

#![no_std]

use core::arch::asm;
use rt::sys::{self, Nr, raw};

/// Bytes of a page.
pub const PAGE: usize = 4096;

/// The time stamp counter's low half: instructions executed so far.
#[inline(always)]
pub fn now() -> u32 {
    let low: u32;
    // SAFETY: reads the counter; every CPU that QEMU offers has it.
    unsafe { asm!("rdtsc", out("eax") low, out("edx") _, options(nostack)) };
    low
}

/// The cost of `f`, without that of the two readings.
#[inline(always)]
pub fn cost(f: impl FnOnce()) -> u32 {
    let empty = {
        let start = now();
        now() - start
    };
    let start = now();
    f();
    now() - start - empty
}

/// The least of `runs` costs, each with a preparation that is not counted.
pub fn least(runs: usize, mut prepare: impl FnMut(), mut f: impl FnMut()) -> u32 {
    (0..runs)
        .map(|_| {
            prepare();
            cost(&mut f)
        })
        .min()
        .unwrap_or(0)
}

/// A system call whose arguments are numbers or point to what lives long enough.
#[inline(always)]
pub fn call(nr: Nr, a: usize, b: usize, c: usize) -> i32 {
    // SAFETY: the callers pass numbers, or buffers that they own.
    unsafe { raw(nr, a, b, c) }
}

/// The address of a NUL-terminated path.
pub fn path(text: &'static core::ffi::CStr) -> usize {
    text.as_ptr() as usize
}

/// Prints one figure.
pub fn report(out: i32, key: &str, value: u32) {
    report_of(out, key, value, 1);
}

/// Prints one figure, which is what was counted divided by `count`.
pub fn report_of(out: i32, key: &str, value: u32, count: u32) {
    mark();
    let line = rt::alloc::format!("##bench {key} {value} {count}\n");
    let _ = sys::write(out, line.as_bytes());
}

/// Two readings with nothing in between: for who reads a trace of the program,
/// the end of what belongs to a figure.
fn mark() {
    // SAFETY: reads the counter; every CPU that QEMU offers has it.
    unsafe { asm!("rdtsc", "rdtsc", out("eax") _, out("edx") _, options(nostack)) };
}

/// Forks; the child does `f` and exits; waits.
#[inline(always)]
pub fn fork_and(f: impl FnOnce()) {
    let pid = call(Nr::Fork, 0, 0, 0);
    if pid == 0 {
        f();
        call(Nr::Exit, 0, 0, 0);
    }
    call(Nr::Waitpid, pid as usize, 0, 0);
}

/// Moves the end of the heap by `bytes`; returns where it was.
pub fn grow(bytes: usize) -> usize {
    let old = call(Nr::Brk, 0, 0, 0) as usize;
    call(Nr::Brk, old + bytes, 0, 0);
    old
}

/// Writes to the first byte of the page at `address`.
#[inline(always)]
pub fn touch(address: usize) {
    // SAFETY: the address lies in heap that `grow` has got, or in a buffer, and
    // no one else uses it meanwhile.
    unsafe { (address as *mut u8).write_volatile(1) };
}

/// The least cost of a fault that copies a page, and of one that finds it has
/// only one owner left: in a child, the first write copies, and then the page is
/// the parent's alone. `heap`: 16 pages that have been touched.
pub fn copy_on_write(heap: usize) -> (u32, u32) {
    let mut least_copy = u32::MAX;
    let mut least_back = u32::MAX;
    for run in 0..8 {
        let page = heap + (2 * run + 1) * PAGE;
        let pipe = sys::pipe().unwrap_or((-1, -1));
        let pid = call(Nr::Fork, 0, 0, 0);
        if pid == 0 {
            let copy = cost(|| touch(page));
            let _ = sys::write(pipe.1, &copy.to_le_bytes());
            call(Nr::Exit, 0, 0, 0);
        }
        let mut bytes = [0; 4];
        let _ = sys::read(pipe.0, &mut bytes);
        call(Nr::Waitpid, pid as usize, 0, 0);
        least_copy = least_copy.min(u32::from_le_bytes(bytes));
        least_back = least_back.min(cost(|| touch(page)));
        let _ = (sys::close(pipe.0), sys::close(pipe.1));
    }
    (least_copy, least_back)
}

/// The least cost of the first touch of a page of new heap.
pub fn zero_fill() -> u32 {
    let mut page = grow(20 * PAGE).next_multiple_of(PAGE);
    let costs = (0..16).map(|_| {
        page += PAGE;
        cost(|| touch(page))
    });
    costs.min().unwrap_or(0)
}

/// One byte to another process and one back.
pub fn round_trip() -> u32 {
    const ROUNDS: usize = 32;
    let (Ok(there), Ok(back)) = (sys::pipe(), sys::pipe()) else {
        return 0;
    };
    let mut byte = [0u8];
    let at = byte.as_mut_ptr() as usize;
    let pid = call(Nr::Fork, 0, 0, 0);
    if pid == 0 {
        for _ in 0..ROUNDS {
            call(Nr::Read, there.0 as usize, at, 1);
            call(Nr::Write, back.1 as usize, at, 1);
        }
        call(Nr::Exit, 0, 0, 0);
    }
    let trip = || {
        call(Nr::Write, there.1 as usize, at, 1);
        call(Nr::Read, back.0 as usize, at, 1);
    };
    let best = least(ROUNDS, || (), trip);
    call(Nr::Waitpid, pid as usize, 0, 0);
    for fd in [there.0, there.1, back.0, back.1] {
        let _ = sys::close(fd);
    }
    best
}
