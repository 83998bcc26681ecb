//! Exceptions from ring 3: each becomes its signal, which ends the process or
//! reaches its handler; the machine goes on.

#![no_std]
#![no_main]
use core::arch::asm;
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use guest::prelude::*;
use signal::{Action, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

cases! {
    "faults";
    handlers_get_the_number, blocked_or_ignored, stack_segment, alignment, single_steps, breakpoint_goes_on,
    odd_instructions, wrong_stack, in_a_handler
}

fn divide() {
    // SAFETY: must fault.
    unsafe {
        asm!("xor edx, edx", "xor ecx, ecx", "div ecx", out("eax") _, out("ecx") _, out("edx") _)
    };
}

/// The quotient does not fit: the same exception.
fn divide_too_far() {
    // SAFETY: must fault.
    unsafe {
        asm!("mov eax, 0x80000000", "cdq", "mov ecx, -1", "idiv ecx",
            out("eax") _, out("ecx") _, out("edx") _)
    };
}

fn invalid() {
    // SAFETY: must fault.
    unsafe { asm!("ud2") };
}

fn overflow() {
    // SAFETY: must fault.
    unsafe { asm!("mov al, 127", "add al, 1", "into", out("al") _) };
}

fn bound() {
    let bounds = [5u32, 6];
    // SAFETY: must fault.
    unsafe { asm!("bound {}, [{}]", in(reg) 7, in(reg) &bounds) };
}

fn breakpoint() {
    // SAFETY: a trap.
    unsafe { asm!("int3") };
}

fn trap_flag() {
    // SAFETY: traps behind the instruction that follows popfd.
    unsafe { asm!("pushfd", "or dword ptr [esp], 0x100", "popfd", "nop") };
}

fn privileged() {
    // SAFETY: must fault.
    unsafe { asm!("hlt") };
}

fn nested_task() {
    // SAFETY: must fault.
    unsafe {
        asm!("pushfd", "pop eax", "or eax, 0x4000", "push eax", "popfd", "iretd", out("eax") _)
    };
}

fn segment() {
    // SAFETY: must fault.
    unsafe { asm!("mov es, {0:e}", in(reg) 0x7f) };
}

fn page() {
    area::peek(0x0200_0000);
}

/// What is done wrong, and its signal.
const ALL: [(&str, fn(), i32); 11] = [
    ("divide", divide, SIGFPE),
    ("divide too far", divide_too_far, SIGFPE),
    ("invalid opcode", invalid, SIGILL),
    ("overflow", overflow, SIGSEGV),
    ("bound", bound, SIGSEGV),
    ("breakpoint", breakpoint, SIGTRAP),
    ("trap flag", trap_flag, SIGTRAP),
    ("privileged", privileged, SIGSEGV),
    ("nested task", nested_task, SIGSEGV),
    ("segment", segment, SIGSEGV),
    ("page", page, SIGSEGV),
];

extern "C" fn leave(number: i32) {
    sys::exit_now(40 + number);
}

fn handlers_get_the_number() -> Outcome {
    for (name, wrong, signal) in ALL {
        equal!(death(wrong)?, signal, "{name}");
        let child = Child::run(|| {
            let _ = signal::set(signal, Action::Handler(leave));
            wrong();
            0
        })?;
        equal!(child.code()?, 40 + signal, "{name}, with a handler");
    }
    Ok(())
}

/// A fault cannot wait, and who ignores it cannot go on: such a process ends
/// instead of running into it for ever.
fn blocked_or_ignored() -> Outcome {
    for (name, wrong, signal) in [
        ("divide", divide as fn(), SIGFPE),
        ("invalid opcode", invalid, SIGILL),
        ("page", page, SIGSEGV),
    ] {
        let ignored = death(|| {
            let _ = signal::set(signal, Action::Ignore);
            wrong();
        })?;
        equal!(ignored, signal, "{name}, ignored");
        let blocked = death(|| {
            sys::ssetmask(signal::bit(signal));
            wrong();
        })?;
        equal!(blocked, signal, "{name}, blocked");
    }
    Ok(())
}

/// A push beyond the stack segment's end. QEMU knows no such ends; there the
/// page is missing.
fn stack_segment() -> Outcome {
    // SAFETY: must fault.
    let push =
        || unsafe { asm!("mov eax, esp", "mov esp, 2", "push ebx", "mov esp, eax", out("eax") _) };
    let signal = death(push)?;
    check!(matches!(signal, SIGBUS | SIGSEGV), "signal {signal}");
    Ok(())
}

/// The flag for alignment checks: the 386 has none, and on a 486 the kernel's
/// bit in CR0 is off, so it does nothing.
fn alignment() -> Outcome {
    let words = [0x1122_3344u32, 0x5566_7788];
    let found: u32;
    // SAFETY: reads four bytes of the array; the flags are put back.
    unsafe {
        asm!("pushfd", "pushfd", "or dword ptr [esp], 0x40000", "popfd",
            "mov {0:e}, [{1} + 1]", "popfd", out(reg) found, in(reg) &words);
    }
    equal!(found, 0x8811_2233);
    Ok(())
}

static STEPS: AtomicI32 = AtomicI32::new(0);

extern "C" fn count(_: i32) {
    STEPS.store(STEPS.load(Relaxed) + 1, Relaxed);
}

/// The trap flag stops behind one instruction, and is cleared then; a system
/// call in between is not stepped through.
fn single_steps() -> Outcome {
    signal::set(SIGTRAP, Action::Handler(count))?;
    trap_flag();
    equal!(STEPS.load(Relaxed), 1);
    let pid: i32;
    // SAFETY: getpid, with the trap flag.
    unsafe {
        asm!("pushfd", "or dword ptr [esp], 0x100", "popfd", "int 0x80", "nop",
            inlateout("eax") 20 => pid);
    }
    equal!(pid, sys::getpid());
    check!((1..=2).contains(&STEPS.load(Relaxed)));
    Ok(())
}

/// A breakpoint's handler returns behind it.
fn breakpoint_goes_on() -> Outcome {
    signal::set(SIGTRAP, Action::Handler(count))?;
    breakpoint();
    breakpoint();
    equal!(STEPS.load(Relaxed), 2);
    Ok(())
}

/// Instructions that are none, too long, or locked for nothing; they lie in the
/// heap, so that no tool takes them for mistakes in the program.
fn odd_instructions() -> Outcome {
    let runs = |code: &[u8]| {
        let code = code.to_vec();
        // SAFETY: must fault.
        death(move || unsafe { asm!("call {}", in(reg) code.as_ptr()) })
    };
    equal!(runs(&[0xf0, 0x90])?, SIGILL, "lock nop");
    equal!(runs(&[0x8d, 0xc0])?, SIGILL, "lea of a register");
    let signal = runs(&[0x2e; 20])?;
    check!(matches!(signal, SIGILL | SIGSEGV), "too long: {signal}");
    equal!(runs(&[0xc3])?, 0, "ret");
    Ok(())
}

/// A signal finds no stack to be delivered on: the process ends.
fn wrong_stack() -> Outcome {
    for stack in [0usize, 8, 0x0200_0000, 0x8000_0000, 0xffff_fff0] {
        let child = Child::run(|| {
            let _ = signal::set(SIGILL, Action::Handler(leave));
            // SAFETY: must fault, with a stack that is none.
            unsafe { asm!("mov esp, {}", "ud2", in(reg) stack, options(noreturn)) }
        })?;
        let signal = child.wait()?.term_signal();
        check!(signal.is_some(), "esp {stack:#x}: {signal:?}");
    }
    Ok(())
}

extern "C" fn fault_again(_: i32) {
    divide();
}

/// A handler that does the same wrong thing.
fn in_a_handler() -> Outcome {
    let signal = death(|| {
        let _ = signal::set(SIGFPE, Action::Handler(fault_again));
        divide();
    })?;
    check!(matches!(signal, SIGFPE | SIGSEGV), "signal {signal}");
    Ok(())
}
