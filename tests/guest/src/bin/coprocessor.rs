//! The coprocessor's numbers belong to a process: across fork, exec, switches
//! and exceptions. The one program here that uses it.

#![no_std]
#![no_main]
use core::arch::asm;
use guest::{child, prelude::*};
use signal::{Action, SIGFPE};

cases! {
    "coprocessor";
    after_fork, shared_by_many, after_exec, exceptions
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

/// A new program begins with an empty coprocessor, and its father keeps his.
fn after_exec() -> Outcome {
    load(300);
    Child::exec("/bin/true", &[])?.pass()?;
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
