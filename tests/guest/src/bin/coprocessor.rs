//! The coprocessor's numbers belong to a process: across fork, exec, switches
//! and exceptions. With `no387` on the command line, those of the emulated one.

#![no_std]
#![no_main]
use core::arch::asm;
use guest::{child, prelude::*};
use signal::{Action, SIGFPE};

cases! {
    "coprocessor";
    roles fresh;
    after_fork, shared_by_many, after_exec, exceptions, kinds_of_exceptions, untouched_until_used
}

/// Fills the coprocessor's eight registers with numbers from `first` on.
fn load(first: i32) {
    // SAFETY: the soft-float code around uses no coprocessor.
    unsafe { asm!("fninit") };
    for number in first..first + 8 {
        // SAFETY: as above; reads the number.
        unsafe { asm!("fild dword ptr [{}]", in(reg) &raw const number) };
    }
}

/// Takes them out again: are they what `load` put there?
fn holds(first: i32) -> bool {
    let mut right = true;
    for expected in (first..first + 8).rev() {
        let mut number = 0i32;
        // SAFETY: as in `load`; writes the number.
        unsafe { asm!("fistp dword ptr [{}]", in(reg) &raw mut number) };
        right &= core::hint::black_box(number) == expected;
    }
    right
}

/// Father and child both go on with the father's numbers.
fn after_fork() -> Outcome {
    for round in 0..10 {
        load(round * 100);
        let child = Child::run(|| {
            if !holds(round * 100) {
                return 1;
            }
            load(7);
            nap(2);
            i32::from(!holds(7))
        })?;
        check!(holds(round * 100), "the father's, round {round}");
        load(5000 + round);
        let code = child.code()?;
        equal!(code, 0, "the child's, round {round}");
        check!(holds(5000 + round), "after the child's end");
    }
    Ok(())
}

/// Several compute at the same time and are preempted at any moment.
fn shared_by_many() -> Outcome {
    let children = (1..6)
        .map(|number| {
            Child::run(move || {
                let end = child::ticks_now() + 80;
                while child::ticks_now() < end {
                    load(number * 1000);
                    for turn in 0..20_000 {
                        core::hint::black_box(turn);
                    }
                    if !holds(number * 1000) {
                        return 1;
                    }
                }
                0
            })
        })
        .collect::<Result<Vec<Child>>>()?;
    for child in children {
        child.pass()?;
    }
    Ok(())
}

/// What a program finds that uses the coprocessor for the first time: is it what
/// `fninit` leaves?
fn fresh(_: Args) -> i32 {
    let mut environment = [0u32; 7];
    // SAFETY: stores 28 bytes there.
    unsafe { asm!("fnstenv [{}]", in(reg) &raw mut environment) };
    let [control, status, tags, ..] = core::hint::black_box(environment).map(|word| word as u16);
    i32::from((control, status, tags) != (0x37f, 0, 0xffff))
}

/// A new program begins with an empty coprocessor, and its father keeps his.
fn after_exec() -> Outcome {
    load(300);
    Child::exec("/test/coprocessor", &["role:fresh"])?.pass()?;
    check!(holds(300));
    Ok(())
}

fn divide_by_zero() {
    let control = 0x37bu16; // division by zero is not masked
    // SAFETY: the last instruction faults.
    unsafe {
        asm!("fninit", "fldcw word ptr [{}]", "fld1", "fldz", "fdivp", "fwait",
            in(reg) &raw const control);
    }
    for _ in 0..1000 {
        core::hint::spin_loop();
    }
}

fn exceptions() -> Outcome {
    extern "C" fn handler(signal: i32) {
        sys::exit_now(signal);
    }
    equal!(death(divide_by_zero)?, SIGFPE);
    let child = Child::run(|| {
        let _ = signal::set(SIGFPE, Action::Handler(handler));
        divide_by_zero();
        0
    })?;
    equal!(child.code()?, SIGFPE, "the handler's");
    load(40);
    equal!(death(divide_by_zero)?, SIGFPE);
    check!(holds(40), "another's exception is not ours");
    Ok(())
}

/// Each exception that a program asks for is SIGFPE, each other one is none.
fn kinds_of_exceptions() -> Outcome {
    // What provokes it, as the first of two operands and the operation: 0/0, 1/0,
    // 1/3, the largest number times itself, the smallest one squared.
    let provoke = |control: u16, kind: u8| {
        // SAFETY: may fault at the last instruction, with the registers spent.
        unsafe {
            asm!("fninit", "fldcw word ptr [{}]", in(reg) &raw const control);
            match kind {
                0 => asm!("fldz", "fldz", "fdivp", "fwait"),
                1 => asm!("fld1", "fldz", "fdivp", "fwait"),
                2 => asm!(
                    "fld1", "fld1", "fld1", "fld1", "faddp", "faddp", "fdivp", "fwait"
                ),
                _ => {
                    let number = if kind == 3 {
                        f32::MAX
                    } else {
                        f32::MIN_POSITIVE
                    };
                    let mut result = 0f32;
                    asm!("fld dword ptr [{0}]", "fmul st(0), st(0)", "fstp dword ptr [{1}]", "fwait",
                        in(reg) &raw const number, in(reg) &raw mut result);
                }
            }
            asm!("fninit");
        }
    };
    // Invalid, zero divide, inexact, overflow, underflow: bits of the control word.
    for (kind, bit) in [(0, 0x01), (1, 0x04), (2, 0x20), (3, 0x08), (4, 0x10)] {
        equal!(
            death(|| provoke(0x37f & !bit, kind))?,
            SIGFPE,
            "kind {kind}"
        );
        equal!(death(|| provoke(0x37f, kind))?, 0, "kind {kind}, masked");
    }
    Ok(())
}

/// A process that has never used the coprocessor finds it as after a reset,
/// whatever others have left there; a father's control word is his child's.
fn untouched_until_used() -> Outcome {
    fn control() -> u16 {
        let mut word = 0u16;
        // SAFETY: stores the control word.
        unsafe { asm!("fnstcw word ptr [{}]", in(reg) &raw mut word) };
        core::hint::black_box(word)
    }
    load(60);
    let word = 0x27fu16;
    // SAFETY: double precision, all exceptions masked.
    unsafe { asm!("fldcw word ptr [{}]", in(reg) &raw const word) };
    let child = Child::run(|| i32::from(!(control() == 0x27f && holds(60))))?;
    child.pass()?;
    Child::exec("/test/coprocessor", &["role:fresh"])?.pass()?;
    equal!(control(), 0x27f);
    check!(holds(60));
    // SAFETY: back to what a process begins with.
    unsafe { asm!("fninit") };
    equal!(control(), 0x37f);
    Ok(())
}
