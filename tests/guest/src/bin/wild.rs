//! A wild address, outside text, data, bss, heap, arguments and a growing
//! stack, is SIGSEGV, and a program can catch it.

#![no_std]
#![no_main]
use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use guest::prelude::*;
use signal::{Action, SIGSEGV};

cases! {
    "wild";
    between_heap_and_stack, heap_ends_at_brk, below_the_stack, stack_grows, stack_limit, arguments_are_there,
    caught_and_left, caught_and_mended, calls_give_efault, text_and_data_are_there
}

fn dies_at(address: usize) -> Outcome {
    equal!(
        death(|| _ = area::peek(address))?,
        SIGSEGV,
        "reading {address:#x}"
    );
    equal!(
        // SAFETY: memory that this process does not have: the write must fault.
        death(|| unsafe { area::poke(address, 1) })?,
        SIGSEGV,
        "writing {address:#x}"
    );
    equal!(
        // SAFETY: must fault.
        death(|| unsafe { asm!("call {}", in(reg) address) })?,
        SIGSEGV,
        "calling {address:#x}"
    );
    Ok(())
}

fn between_heap_and_stack() -> Outcome {
    let pages = peep::me()?.pages;
    for address in [
        0x0100_0000,
        0x0200_0000,
        0x0300_0000,
        0x0370_0000,
        0x03f0_0000,
    ] {
        dies_at(address)?;
    }
    check!(peep::me()?.pages <= pages + 2);
    Ok(())
}

/// The heap's last page is there to its end, the next one is not.
fn heap_ends_at_brk() -> Outcome {
    let start = sys::brk(0).next_multiple_of(PAGE);
    dies_at(start + 10 * PAGE)?;
    equal!(sys::brk(start + 10 * PAGE + 1), start + 10 * PAGE + 1);
    equal!(area::peek(start + 9 * PAGE), 0);
    equal!(
        area::peek(start + 11 * PAGE - 1),
        0,
        "the rest of the last page"
    );
    dies_at(start + 11 * PAGE)?;
    // brk refuses what would run into the stack or below the data.
    let end = sys::brk(0);
    for wild in [0x03ff_f000, 0x0400_0000, 0xffff_f000, 0x1000] {
        equal!(sys::brk(wild), end, "brk({wild:#x})");
    }
    Ok(())
}

fn stack_pointer() -> usize {
    let esp: usize;
    // SAFETY: reads the stack pointer.
    unsafe { asm!("mov {}, esp", out(reg) esp) };
    esp
}

/// More than 32 bytes below the stack pointer there is nothing (unless the
/// stack was once deeper).
fn below_the_stack() -> Outcome {
    dies_at((stack_pointer() & !0xfff) - 20 * PAGE)?;
    dies_at(stack_pointer() - 0x10_0000)
}

#[inline(never)]
fn deep(level: u32) -> u32 {
    let mut room = core::hint::black_box([level as u8; PAGE]);
    core::hint::black_box(&mut room)[1] = 1;
    if level == 0 {
        0
    } else {
        1 + deep(level - 1) + u32::from(core::hint::black_box(room)[2] == 0xfe)
    }
}

/// 4 MB of stack; `enter` and `pusha` just below the stack pointer.
fn stack_grows() -> Outcome {
    let child = Child::run(|| i32::from(deep(1000) < 1000))?;
    child.pass()?;
    let push = Child::run(|| {
        // SAFETY: pushes at the edge of a page that is not there yet, with the
        // old stack pointer put back.
        unsafe {
            asm!("mov {0}, esp", "sub esp, 0x6000", "and esp, 0xfffff000", "pushad", "pushad",
                "mov esp, {0}", out(reg) _, options(preserves_flags));
        }
        0
    })?;
    push.pass()
}

/// A recursion without end: SIGSEGV, after a stack of some MB, not all memory.
fn stack_limit() -> Outcome {
    let free = peep::info()?.free_pages;
    if free < 2300 {
        // With less memory than the limit the process runs out of it first.
        let code = death(|| _ = deep(100_000))?;
        check!(code == SIGSEGV || code == signal::SIGKILL, "signal {code}");
        return Ok(());
    }
    equal!(death(|| _ = deep(100_000))?, SIGSEGV);
    Ok(())
}

/// Arguments and environment may be read to the end of the slot.
fn arguments_are_there() -> Outcome {
    let start = peep::me()?.start_stack as usize;
    for address in start..peep::SLOT as usize {
        area::peek(address);
    }
    dies_at(peep::SLOT as usize)
}

extern "C" fn leave(number: i32) {
    sys::exit_now(40 + number);
}

fn caught_and_left() -> Outcome {
    for address in [
        0x0200_0000usize,
        0x8000_0000,
        0xffff_fff0,
        peep::SLOT as usize,
    ] {
        let child = Child::run(|| {
            let _ = signal::set(SIGSEGV, Action::Handler(leave));
            area::peek(address);
            0
        })?;
        equal!(child.code()?, 40 + SIGSEGV, "at {address:#x}");
    }
    Ok(())
}

/// Where the handler's brk is to reach, and how often it ran.
static END: AtomicUsize = AtomicUsize::new(0);
static TIMES: AtomicUsize = AtomicUsize::new(0);

extern "C" fn mend(_: i32) {
    TIMES.store(TIMES.load(Relaxed) + 1, Relaxed);
    sys::brk(END.load(Relaxed));
}

/// The handler makes the memory valid and returns: the instruction is run
/// again, and works.
fn caught_and_mended() -> Outcome {
    signal::set(SIGSEGV, Action::Handler(mend))?;
    let address = sys::brk(0).next_multiple_of(PAGE) + 50 * PAGE;
    END.store(address + PAGE, Relaxed);
    // SAFETY: heap from the handler on.
    unsafe { area::poke(address, 7) };
    equal!(area::peek(address), 7);
    equal!(TIMES.load(Relaxed), 1);
    Ok(())
}

/// The kernel gives EFAULT instead of a signal for the same addresses.
fn calls_give_efault() -> Outcome {
    let file = sys::open("/etc/passwd", sys::O_RDONLY, 0)?;
    let out = sys::open("/tmp/wild", sys::O_CREAT | sys::O_RDWR, 0o600)?;
    for address in [0x0200_0000usize, 0x03f0_0000, 0x8000_0000] {
        // SAFETY: the kernel must refuse the addresses.
        unsafe {
            equal!(
                rt::sys::call(Nr::Read, file as usize, address, 10),
                Err(Errno::EFAULT)
            );
            equal!(
                rt::sys::call(Nr::Write, out as usize, address, 10),
                Err(Errno::EFAULT)
            );
            equal!(rt::sys::call(Nr::Uname, address, 0, 0), Err(Errno::EFAULT));
            equal!(
                rt::sys::call(Nr::Stat, address, area::address(0), 0),
                Err(Errno::EFAULT)
            );
        }
    }
    // A buffer that ends outside: what was read before counts, or EFAULT.
    let start = sys::brk(0).next_multiple_of(PAGE);
    sys::brk(start + PAGE);
    // SAFETY: heap that only this case knows, and behind it.
    let result = unsafe { rt::sys::call(Nr::Read, file as usize, start + PAGE - 5, 100) };
    check!(matches!(result, Ok(5) | Err(Errno::EFAULT)), "{result:?}");
    sys::unlink("/tmp/wild")?;
    Ok(())
}

/// Everything that the program has can be read.
fn text_and_data_are_there() -> Outcome {
    let me = peep::me()?;
    for address in (0..me.brk as usize).step_by(1024) {
        area::peek(address);
    }
    Ok(())
}
