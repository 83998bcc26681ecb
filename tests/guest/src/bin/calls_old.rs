//! The calls that 0.11 has numbers for and nothing behind them, and numbers
//! that stand for no call: ENOSYS, and nothing else happens.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "calls_old"; without_a_function, unknown_numbers, setup_is_over }

fn raw(nr: Nr) -> Result<usize> {
    // SAFETY: these calls do nothing with their arguments.
    unsafe { sys::call(nr, 1, 2, 3) }
}

fn without_a_function() -> Outcome {
    fails!(raw(Nr::Break), ENOSYS);
    fails!(raw(Nr::Stty), ENOSYS);
    fails!(raw(Nr::Gtty), ENOSYS);
    fails!(raw(Nr::Prof), ENOSYS);
    fails!(raw(Nr::Acct), ENOSYS);
    fails!(raw(Nr::Phys), ENOSYS);
    fails!(raw(Nr::Lock), ENOSYS);
    fails!(raw(Nr::Mpx), ENOSYS);
    fails!(raw(Nr::Uselib), ENOSYS);
    Ok(())
}

/// init has called it; 0.11 lets the next caller do it, once.
fn setup_is_over() -> Outcome {
    fails!(raw(Nr::Setup), EPERM);
    Ok(())
}

/// 0.11 gives -1, which is EPERM.
fn unknown_numbers() -> Outcome {
    for number in [87i32, 89, 90, 255, 0x1000, i32::MAX, -1, i32::MIN] {
        let (result, ebx, ecx, edx): (i32, u32, u32, u32);
        // SAFETY: no such call; the registers are looked at afterwards.
        unsafe {
            core::arch::asm!("int 0x80", inlateout("eax") number => result,
                inlateout("ebx") 11 => ebx, inlateout("ecx") 22 => ecx, inlateout("edx") 33 => edx);
        }
        equal!(result, -Errno::ENOSYS.0, "call {number}");
        equal!(
            (ebx, ecx, edx),
            (11, 22, 33),
            "registers after call {number}"
        );
    }
    Ok(())
}
