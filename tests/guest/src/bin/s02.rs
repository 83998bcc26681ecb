//! S2: the LDT holds null, code and data; a program cannot reach another slot
//! or the kernel, and the attempt kills it with SIGSEGV.

#![no_std]
#![no_main]
use core::arch::asm;
use guest::prelude::*;
use signal::{SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

cases! {
    "S02";
    segment_limits, near_accesses, near_jumps, far_jumps, segment_registers, privileged_instructions,
    interrupt_gates, flags_stay, nested_task, exceptions, ways_back
}

/// Code and data begin with the slot and end with it. (0.11's code segment ends
/// with the text; `change_ldt` in fs/exec.rs says why not here.)
fn segment_limits() -> Outcome {
    let me = peep::me()?;
    let base = me.nr * peep::SLOT;
    equal!(peep::base_and_limit(me.ldt[1]), (base, peep::SLOT - 1));
    equal!(peep::base_and_limit(me.ldt[2]), (base, peep::SLOT - 1));
    for selector in [0x0f, 0x17] {
        let limit: u32;
        // SAFETY: lsl only reads a descriptor's limit.
        unsafe { asm!("lsl {}, {}", out(reg) limit, in(reg) selector) };
        equal!(limit, peep::SLOT - 1, "lsl of {selector:#x}");
    }
    Ok(())
}

/// Addresses that lead out of the slot, from this program's point of view:
/// the kernel's page directory and text, main memory, and pages of `other`.
fn outside(other: &peep::TaskInfo) -> core::result::Result<Vec<usize>, Failure> {
    let me = peep::me()?;
    let offset = |linear: u32| linear.wrapping_sub(me.start_code) as usize;
    Ok(vec![
        offset(0),
        offset(0x11000),
        offset(0x10_0000),
        offset(peep::info()?.last_main),
        offset(other.start_code),
        offset(other.start_code + area::address(0) as u32),
        offset(me.start_code + peep::SLOT),
        offset(me.start_code - 4),
        0x8000_0000,
        0xffff_fffc,
    ])
}

/// Reads and writes outside of the slot.
fn near_accesses() -> Outcome {
    area::fill(0, 0x66);
    let (go, child) = sleeper()?;
    for address in outside(&peep::find(child.pid)?)? {
        equal!(
            death(|| _ = area::peek(address))?,
            SIGSEGV,
            "reading {address:#x}"
        );
        equal!(
            // SAFETY: outside of this process: the write must fault.
            death(|| unsafe { area::poke(address, 0) })?,
            SIGSEGV,
            "writing {address:#x}"
        );
    }
    go.open();
    child.pass()
}

/// Jumps outside of the slot.
fn near_jumps() -> Outcome {
    let (go, child) = sleeper()?;
    for address in outside(&peep::find(child.pid)?)? {
        equal!(
            // SAFETY: does not come back.
            death(|| unsafe { asm!("call {}", in(reg) address) })?,
            SIGSEGV,
            "to {address:#x}"
        );
    }
    go.open();
    child.pass()
}

/// Far jumps and calls through selectors that are not the program's own.
fn far_jumps() -> Outcome {
    let nr = peep::info()?.current;
    // The kernel's code, its data, this task's TSS and LDT, another task's
    // TSS, an LDT entry that is not there, the null selector.
    let selectors = [
        0x08,
        0x10,
        (4 + 2 * nr) << 3,
        (5 + 2 * nr) << 3,
        4 << 3,
        0x1f,
        0,
        0x17,
    ];
    for selector in selectors {
        let target = [0x11000u32, selector];
        // SAFETY: must fault.
        let jump = || unsafe { asm!("jmp fword ptr [{}]", in(reg) &target) };
        equal!(death(jump)?, SIGSEGV, "jump through {selector:#x}");
        // SAFETY: must fault.
        let call = || unsafe { asm!("call fword ptr [{}]", in(reg) &target) };
        equal!(death(call)?, SIGSEGV, "call through {selector:#x}");
    }
    Ok(())
}

/// Selectors that must not be loaded into data segment registers.
fn segment_registers() -> Outcome {
    let nr = peep::info()?.current;
    for selector in [
        0x08u32,
        0x10,
        (4 + 2 * nr) << 3,
        (5 + 2 * nr) << 3,
        0x1f,
        0x7f,
        0xfff8,
    ] {
        equal!(
            // SAFETY: must fault.
            death(|| unsafe { asm!("mov ds, {0:e}", in(reg) selector) })?,
            SIGSEGV,
            "ds {selector:#x}"
        );
        equal!(
            // SAFETY: must fault.
            death(|| unsafe { asm!("mov es, {0:e}", in(reg) selector) })?,
            SIGSEGV,
            "es {selector:#x}"
        );
        equal!(
            // SAFETY: must fault.
            death(|| unsafe { asm!("mov gs, {0:e}", in(reg) selector) })?,
            SIGSEGV,
            "gs {selector:#x}"
        );
        equal!(
            // SAFETY: must fault.
            death(|| unsafe { asm!("mov ss, {0:e}", in(reg) selector) })?,
            SIGSEGV,
            "ss {selector:#x}"
        );
    }
    // The null selector may be loaded, but not used.
    // SAFETY: must fault at the read.
    let null = || unsafe { asm!("mov es, {0:e}", "mov al, es:[0]", in(reg) 0, out("al") _) };
    equal!(death(null)?, SIGSEGV, "reading through the null selector");
    Ok(())
}

macro_rules! dies {
    ($signal:ident: $($instruction:literal),+) => {$(
        // SAFETY: must fault.
        equal!(death(|| unsafe { asm!($instruction, out("eax") _, out("edx") _) })?, $signal, $instruction);
    )+};
}

/// Instructions of ring 0.
fn privileged_instructions() -> Outcome {
    dies! { SIGSEGV:
        "cli", "sti", "hlt", "in al, 0x60", "out 0x80, al", "mov cr0, eax", "mov eax, cr0",
        "mov cr3, eax", "mov dr7, eax", "clts", "lmsw ax", "lgdt [esp]", "lidt [esp]", "ltr ax",
        "lldt ax"
    }
    Ok(())
}

/// Software interrupts through gates that are the CPU's or the devices' own.
fn interrupt_gates() -> Outcome {
    dies! { SIGSEGV:
        "int 0", "int 8", "int 13", "int 14", "int 0x20", "int 0x21", "int 0x27", "int 0x2e",
        "int 0x30", "int 0x81", "int 0xff"
    }
    Ok(())
}

/// popf changes neither IOPL nor the interrupt flag, and the kernel gives back
/// neither after a signal handler that asked for them.
fn flags_stay() -> Outcome {
    let flags: u32;
    // SAFETY: changes flags that ring 3 may not change.
    unsafe {
        asm!("pushfd", "pop {0:e}", "or {0:e}, 0x3000", "and {0:e}, 0xfffffdff", "push {0:e}",
            "popfd", "pushfd", "pop {0:e}", out(reg) flags);
    }
    equal!(flags & 0x3000, 0, "IOPL");
    equal!(flags & 0x200, 0x200, "interrupt flag");
    Ok(())
}

/// `iret` with NT set asks the CPU for a task that is not there.
fn nested_task() -> Outcome {
    // SAFETY: must fault.
    let iret = || unsafe {
        asm!("pushfd", "pop eax", "or eax, 0x4000", "push eax", "popfd", "iretd", out("eax") _);
    };
    equal!(death(iret)?, SIGSEGV);
    // A system call with NT set works, and so does everything after it.
    let call = Child::run(|| {
        // SAFETY: getpid with NT set.
        unsafe {
            asm!("pushfd", "pop eax", "or eax, 0x4000", "push eax", "popfd", "mov eax, 20",
                "int 0x80", out("eax") _);
        }
        for _ in 0..100 {
            sys::getppid();
        }
        0
    })?;
    let code = call.code()?;
    check!(
        code == 0 || code == 128 + SIGSEGV,
        "a system call with NT set: {code}"
    );
    Ok(())
}

/// Other exceptions kill with the signal that belongs to them.
fn exceptions() -> Outcome {
    dies! { SIGILL: "ud2" }
    dies! { SIGTRAP: "int3" }
    // SAFETY: must fault.
    let divide = || unsafe {
        asm!("xor edx, edx", "xor ecx, ecx", "div ecx", out("eax") _, out("ecx") _, out("edx") _)
    };
    equal!(death(divide)?, SIGFPE, "div by 0");
    // SAFETY: must fault.
    let overflow = || unsafe { asm!("mov al, 127", "add al, 1", "into", out("al") _) };
    equal!(death(overflow)?, SIGSEGV, "into");
    let bounds = [5u32, 6];
    // SAFETY: must fault.
    let bound = || unsafe { asm!("bound {}, [{}]", in(reg) 7, in(reg) &bounds) };
    equal!(death(bound)?, SIGSEGV, "bound");
    // SAFETY: must fault at the instruction after popfd.
    let trap = || unsafe { asm!("pushfd", "or dword ptr [esp], 0x100", "popfd", "nop") };
    equal!(death(trap)?, SIGTRAP, "trap flag");
    Ok(())
}

/// The kernel's own way back to the program leads out of the code segment: to a
/// signal's handler there, and behind a call in the slot's last bytes.
fn ways_back() -> Outcome {
    const KILL: u32 = 37;
    const SIGNAL: u32 = 48;
    const SIGUSR1: u32 = 10;
    for handler in [peep::SLOT, 0x8000_0000, 0xf000_0000, 0xffff_fffe] {
        let own = |me: u32| {
            // SAFETY: sends this process a signal whose handler is nowhere.
            unsafe {
                asm!("int 0x80", inout("eax") SIGNAL => _, in("ebx") SIGUSR1, in("ecx") handler,
                    in("edx") 0);
                asm!("int 0x80", inout("eax") KILL => _, in("ebx") me, in("ecx") SIGUSR1);
            }
        };
        equal!(
            death(|| own(sys::getpid() as u32))?,
            SIGSEGV,
            "handler at {handler:#x}"
        );
    }
    const GETPID: u32 = 20;
    let last = peep::SLOT as usize - 2;
    // SAFETY: the slot's last word is nobody's; the jump does not come back.
    let call = || unsafe {
        area::poke(last, 0xcd);
        area::poke(last + 1, 0x80);
        asm!("jmp {}", in(reg) last, in("eax") GETPID);
    };
    equal!(death(call)?, SIGSEGV, "call at the end of the slot");
    Ok(())
}
