//! ptrace, as a debugger uses it.

#![no_std]
#![no_main]
use core::arch::{asm, global_asm};
use guest::prelude::*;
use signal::{Action, SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGTRAP, SIGUSR1};

cases! {
    "calls_ptrace";
    not_traced, reads_and_writes, registers, no_privileges_by_registers, breakpoint,
    breakpoint_is_private, single_steps, signals_pass_the_tracer, exec_stops, attach_and_detach,
    attach_is_for_owners, killing, tracer_dies, traced_dies, wild_addresses, absent_pages
}

const TRACEME: u32 = 0;
const PEEKTEXT: u32 = 1;
const PEEKUSER: u32 = 3;
const POKETEXT: u32 = 4;
const POKEUSER: u32 = 6;
const CONT: u32 = 7;
const KILL: u32 = 8;
const STEP: u32 = 9;
const ATTACH: u32 = 0x10;
const DETACH: u32 = 0x11;
const EBX: usize = 0;
const EAX: usize = 6;
const GS: usize = 10;
const ORIG_EAX: usize = 11;
const EIP: usize = 12;
const EFL: usize = 14;
const ESP: usize = 15;

/// The call itself; it has a fourth argument, in esi.
fn ptrace(request: u32, pid: i32, addr: usize, data: usize) -> Result<usize> {
    let _ = Nr::Ptrace;
    let result: i32;
    // SAFETY: peeks write one word to `data`, which is a word of the caller's,
    // or bad on purpose. esi cannot be named, so it is exchanged by hand.
    unsafe {
        asm!("xchg esi, edi", "int 0x80", "xchg esi, edi",
            inlateout("eax") Nr::Ptrace as i32 => result,
            in("ebx") request, in("ecx") pid, in("edx") addr, inout("edi") data => _);
    }
    if result < 0 {
        Err(Errno(-result))
    } else {
        Ok(result as usize)
    }
}

fn peek_with(request: u32, pid: i32, addr: usize) -> Result<u32> {
    let mut word = 0u32;
    ptrace(request, pid, addr, (&raw mut word).expose_provenance())?;
    Ok(core::hint::black_box(word))
}

fn peek(pid: i32, addr: usize) -> Result<u32> {
    peek_with(PEEKTEXT, pid, addr)
}

fn poke(pid: i32, addr: usize, word: u32) -> Result<usize> {
    ptrace(POKETEXT, pid, addr, word as usize)
}

fn register(pid: i32, index: usize) -> Result<u32> {
    peek_with(PEEKUSER, pid, index * 4)
}

fn set_register(pid: i32, index: usize, value: u32) -> Result<usize> {
    ptrace(POKEUSER, pid, index * 4, value as usize)
}

/// Waits for a report of `pid`: the signal it stopped with.
fn stopped(pid: i32) -> core::result::Result<i32, Failure> {
    let (who, status) = sys::waitpid(pid, 0)?;
    match status.stop_signal() {
        Some(signal) if who == pid => Ok(signal),
        _ => Err(Failure(format!("{who} reports {status:?}, no stop"))),
    }
}

/// A child that is traced and has stopped with SIGSTOP, before it runs `f`.
fn traced(f: impl FnOnce() -> i32) -> core::result::Result<Child, Failure> {
    let child = Child::run(|| {
        if ptrace(TRACEME, 0, 0, 0).is_err() {
            return 99;
        }
        let _ = sys::kill(sys::getpid(), SIGSTOP);
        f()
    })?;
    equal!(stopped(child.pid)?, SIGSTOP);
    Ok(child)
}

fn go_on(child: &Child, signal: i32) -> Result<usize> {
    ptrace(CONT, child.pid, 0, signal as usize)
}

// A function in text, small enough to know each of its instructions: it gives
// 7 * 6.
global_asm!(
    ".globl traced_function, traced_middle",
    ".balign 16",
    "traced_function:",
    "    mov eax, 7",
    "traced_middle:",
    "    imul eax, eax, 6",
    "    ret",
);

unsafe extern "C" {
    fn traced_function() -> i32;
    fn traced_middle();
}

fn call_it() -> i32 {
    // SAFETY: the function above, which changes eax alone.
    unsafe { traced_function() }
}

fn middle() -> usize {
    traced_middle as unsafe extern "C" fn() as usize
}

fn not_traced() -> Outcome {
    let (go, child) = sleeper()?;
    fails!(
        {
            let _ = Nr::Ptrace;
            peek(child.pid, 0x1000)
        },
        ESRCH
    );
    fails!(ptrace(CONT, child.pid, 0, 0), ESRCH);
    fails!(ptrace(KILL, child.pid, 0, 0), ESRCH);
    fails!(ptrace(DETACH, child.pid, 0, 0), ESRCH);
    fails!(ptrace(ATTACH, 31_999, 0, 0), ESRCH);
    fails!(ptrace(99, child.pid, 0, 0), ESRCH);
    go.open();
    child.pass()?;
    // Traced, but it runs.
    let child = Child::run(|| {
        let _ = ptrace(TRACEME, 0, 0, 0);
        let twice = ptrace(TRACEME, 0, 0, 0);
        nap(20);
        i32::from(twice != Err(Errno::EPERM))
    })?;
    nap(5);
    fails!(ptrace(CONT, child.pid, 0, 0), ESRCH);
    fails!(ptrace(ATTACH, child.pid, 0, 0), EPERM);
    child.pass()?;
    fails!(
        {
            let _ = Nr::Ptrace;
            ptrace(ATTACH, sys::getpid(), 0, 0)
        },
        EPERM
    );
    fails!(ptrace(ATTACH, 1, 0, 0), EPERM);
    Ok(())
}

fn reads_and_writes() -> Outcome {
    area::fill(0, 0x11);
    area::fill(1, 0x22);
    let child = traced(|| i32::from(area::get(0, 4094) != 0xdd || area::get(1, 1) != 0xaa))?;
    let at = area::address(0);
    equal!(peek(child.pid, at)?, 0x1111_1111);
    equal!(peek(child.pid, at + 4094)?, 0x2222_1111, "across a page");
    poke(child.pid, at + 4094, 0xaabb_ccdd)?;
    equal!(peek(child.pid, at + 4094)?, 0xaabb_ccdd);
    equal!(area::get(0, 4094), 0x11, "ours is another page");
    equal!(area::get(1, 0), 0x22);
    let page = peep::find(child.pid)?.entry(at);
    check!(page & peep::D != 0, "dirty");
    go_on(&child, 0)?;
    child.pass()
}

fn registers() -> Outcome {
    let child = Child::run(|| {
        let _ = ptrace(TRACEME, 0, 0, 0);
        let (a, b): (u32, u32);
        // SAFETY: int3 stops; the tracer changes two registers.
        unsafe {
            asm!("int3", inout("eax") 0x1234_5678u32 => a, inout("ecx") 0x9abc_def0u32 => b);
        }
        i32::from((a, b) != (5, 6))
    })?;
    equal!(stopped(child.pid)?, SIGTRAP);
    equal!(register(child.pid, EAX)?, 0x1234_5678);
    equal!(register(child.pid, 1)?, 0x9abc_def0);
    let eip = register(child.pid, EIP)? as usize;
    equal!(peek(child.pid, eip - 1)? & 0xff, 0xcc, "behind the int3");
    let esp = register(child.pid, ESP)? as usize;
    check!(esp > 0x380_0000 && esp < 0x400_0000, "{esp:#x}");
    equal!(
        (register(child.pid, 13)?, register(child.pid, 16)?),
        (0x0f, 0x17),
        "cs, ss"
    );
    set_register(child.pid, EAX, 5)?;
    set_register(child.pid, 1, 6)?;
    for wrong in [17 * 4, 1000, 2, usize::MAX - 3] {
        fails!(peek_with(PEEKUSER, child.pid, wrong), EIO);
        fails!(
            {
                let _ = Nr::Ptrace;
                ptrace(POKEUSER, child.pid, wrong, 0)
            },
            EIO
        );
    }
    fails!(ptrace(PEEKUSER, child.pid, 0, 0x200_0000), EFAULT);
    fails!(ptrace(CONT, child.pid, 0, 33), EIO);
    fails!(ptrace(10, child.pid, 0, 0), EIO);
    fails!(ptrace(u32::MAX, child.pid, 0, 0), EIO);
    go_on(&child, 0)?;
    child.pass()
}

/// No selector, no IOPL, no interrupt flag, no NT, no VM.
fn no_privileges_by_registers() -> Outcome {
    let child = traced(|| 0)?;
    let pid = child.pid;
    for index in [7, 8, 9, GS, 13, 16] {
        let now = register(pid, index)?;
        set_register(pid, index, now)?; // the same is no change
        for wrong in [0x08, 0x10, now ^ 4, now & !3, 0x7f] {
            if wrong != now {
                fails!(set_register(pid, index, wrong), EIO);
            }
        }
        equal!(register(pid, index)?, now);
    }
    let flags = register(pid, EFL)?;
    check!(flags & 0x200 != 0);
    set_register(pid, EFL, !0x100)?;
    equal!(register(pid, EFL)? & 0xffff_f22a, flags & 0xffff_f22a);
    equal!(
        register(pid, EFL)? & 0xcd5,
        0xcd5,
        "those of ring 3 are set"
    );
    set_register(pid, EFL, 0)?;
    check!(register(pid, EFL)? & 0x200 != 0, "the interrupt flag stays");
    go_on(&child, 0)?;
    child.pass()
}

fn breakpoint() -> Outcome {
    let child = traced(|| i32::from(call_it() != 54))?;
    let pid = child.pid;
    let old = peek(pid, middle())?;
    poke(pid, middle(), old & !0xff | 0xcc)?;
    go_on(&child, 0)?;
    equal!(stopped(pid)?, SIGTRAP);
    equal!(register(pid, EIP)? as usize, middle() + 1);
    equal!(register(pid, EAX)?, 7);
    poke(pid, middle(), old)?;
    set_register(pid, EIP, middle() as u32)?;
    set_register(pid, EAX, 9)?; // 9 * 6
    go_on(&child, 0)?;
    child.pass()
}

/// Text is shared until it is written to: neither we nor a program that is
/// started later from the same file see the breakpoint.
fn breakpoint_is_private() -> Outcome {
    let child = traced(|| 0)?;
    poke(child.pid, middle(), 0xcccc_cccc)?;
    equal!(call_it(), 42);
    equal!(peek(child.pid, middle())?, 0xcccc_cccc);
    Child::run(|| i32::from(call_it() != 42))?.pass()?;
    let page = peep::find(child.pid)?.entry(middle());
    check!(
        page & peep::D != 0 && page & peep::W != 0,
        "entry {page:#x}"
    );
    ptrace(KILL, child.pid, 0, 0)?;
    equal!(child.wait()?.term_signal(), Some(SIGKILL));
    Ok(())
}

fn single_steps() -> Outcome {
    let child = traced(|| i32::from(call_it() != 42))?;
    let pid = child.pid;
    let old = peek(pid, middle() - 5)?;
    poke(pid, middle() - 5, old & !0xff | 0xcc)?; // at its first instruction
    go_on(&child, 0)?;
    equal!(stopped(pid)?, SIGTRAP);
    poke(pid, middle() - 5, old)?;
    set_register(pid, EIP, middle() as u32 - 5)?;
    let mut places = vec![];
    for _ in 0..3 {
        ptrace(STEP, pid, 0, 0)?;
        equal!(stopped(pid)?, SIGTRAP);
        places.push(register(pid, EIP)? as usize - middle());
        check!(register(pid, EFL)? & 0x100 == 0, "no trap flag is left");
    }
    equal!(places[..2], [0, 3]);
    equal!(register(pid, EAX)?, 42);
    // Through system calls and all the rest, one instruction at a time.
    let mut steps = 0;
    loop {
        ptrace(STEP, pid, 0, 0)?;
        let (_, status) = sys::waitpid(pid, 0)?;
        if let Some(code) = status.exit_code() {
            equal!(code, 0);
            break;
        }
        equal!(status.stop_signal(), Some(SIGTRAP));
        steps += 1;
        check!(steps < 100_000, "does not end");
    }
    check!(steps > 5, "{steps} steps");
    core::mem::forget(child); // waited for already
    Ok(())
}

extern "C" fn exit_5(_: i32) {
    sys::exit_now(5);
}

/// The tracer sees each signal first and decides which one arrives.
fn signals_pass_the_tracer() -> Outcome {
    let child = traced(|| {
        let _ = signal::set(SIGUSR1, Action::Handler(exit_5));
        let _ = signal::set(SIGTERM, Action::Ignore);
        let me = sys::getpid();
        let _ = sys::kill(me, SIGUSR1); // swallowed
        let _ = sys::kill(me, SIGTERM); // ignored, but reported
        let _ = sys::kill(me, SIGCONT); // nothing by default, but reported
        let _ = sys::kill(me, SIGTERM); // becomes SIGUSR1
        0
    })?;
    for (reported, instead) in [(SIGUSR1, 0), (SIGTERM, 0), (SIGCONT, 0), (SIGTERM, SIGUSR1)] {
        go_on(&child, 0)?;
        equal!(stopped(child.pid)?, reported);
        if instead != 0 {
            go_on(&child, instead)?;
        }
    }
    equal!(child.code()?, 5);
    Ok(())
}

fn exec_stops() -> Outcome {
    let child = traced(|| {
        let argv = ["/bin/true"].iter().collect();
        let _ = sys::execve("/bin/true", &argv, &rt::sys::StrVec::new());
        9
    })?;
    go_on(&child, 0)?;
    equal!(stopped(child.pid)?, SIGTRAP);
    let eip = register(child.pid, EIP)? as usize;
    check!(eip < 0x10_0000, "entry {eip:#x}");
    peek(child.pid, eip)?;
    let argc = peek(child.pid, register(child.pid, ESP)? as usize)?;
    equal!(argc, 1, "what the new program finds on its stack");
    go_on(&child, 0)?;
    child.pass()
}

fn attach_and_detach() -> Outcome {
    let (go, child) = sleeper()?;
    ptrace(ATTACH, child.pid, 0, 0)?;
    equal!(stopped(child.pid)?, SIGSTOP);
    fails!(ptrace(ATTACH, child.pid, 0, 0), EPERM);
    let eip = register(child.pid, EIP)?;
    equal!(
        peek(child.pid, eip as usize - 2)? & 0xffff,
        0x80cd,
        "it waits in a call"
    );
    equal!(register(child.pid, ORIG_EAX)?, Nr::Read as u32);
    // SIGCONT does not take it from its tracer.
    child.kill(SIGCONT)?;
    nap(3);
    equal!(register(child.pid, EBX)?, register(child.pid, EBX)?);
    ptrace(DETACH, child.pid, 0, 0)?;
    fails!(peek(child.pid, eip as usize), ESRCH);
    go.open();
    child.pass()?;
    // A stopped one, and a stranger's child, whose father is told at the end.
    let (go, grown) = sleeper()?;
    grown.kill(SIGSTOP)?;
    sys::waitpid(grown.pid, sys::WUNTRACED)?;
    Child::test(|| {
        ptrace(ATTACH, grown.pid, 0, 0)?;
        equal!(stopped(grown.pid)?, SIGSTOP);
        equal!(peek_with(PEEKUSER, grown.pid, EIP * 4).is_ok(), true);
        ptrace(CONT, grown.pid, 0, 0)?;
        go.open();
        let (who, status) = sys::waitpid(grown.pid, 0)?;
        equal!(
            (who, status.exit_code()),
            (grown.pid, Some(0)),
            "the tracer is told first"
        );
        fails!(sys::waitpid(grown.pid, 0), ECHILD);
        Ok(())
    })?
    .pass()?;
    grown.pass()
}

fn attach_is_for_owners() -> Outcome {
    let (go, child) = sleeper()?;
    let pid = child.pid;
    Child::test(|| {
        sys::setuid(1000)?;
        fails!(ptrace(ATTACH, pid, 0, 0), EPERM);
        let (go, own) = sleeper()?;
        ptrace(ATTACH, own.pid, 0, 0)?;
        equal!(stopped(own.pid)?, SIGSTOP);
        ptrace(DETACH, own.pid, 0, 0)?;
        go.open();
        own.pass()
    })?
    .pass()?;
    go.open();
    child.pass()
}

fn killing() -> Outcome {
    let child = traced(|| 0)?;
    ptrace(KILL, child.pid, 0, 0)?;
    equal!(child.wait()?.term_signal(), Some(SIGKILL));
    let child = traced(|| 0)?;
    child.kill(SIGKILL)?; // from anyone
    equal!(child.wait()?.term_signal(), Some(SIGKILL));
    let child = traced(|| 0)?;
    go_on(&child, SIGTERM)?;
    equal!(child.wait()?.term_signal(), Some(SIGTERM));
    Ok(())
}

/// What it traced goes on, as if it had never been traced.
fn tracer_dies() -> Outcome {
    let (go, child) = sleeper()?;
    Child::test(|| {
        ptrace(ATTACH, child.pid, 0, 0)?;
        equal!(stopped(child.pid)?, SIGSTOP);
        Ok(())
    })?
    .pass()?;
    child.kill(SIGCONT)?; // as after any stop
    go.open();
    child.pass()
}

fn traced_dies() -> Outcome {
    let child = traced(|| {
        // SAFETY: faults.
        unsafe { area::poke(0x200_0000, 1) };
        0
    })?;
    go_on(&child, 0)?;
    equal!(
        stopped(child.pid)?,
        signal::SIGSEGV,
        "the fault, before it kills"
    );
    go_on(&child, signal::SIGSEGV)?;
    equal!(child.wait()?.term_signal(), Some(signal::SIGSEGV));
    Ok(())
}

fn wild_addresses() -> Outcome {
    let child = traced(|| 0)?;
    for address in [
        0x200_0000usize,
        0x3ff_fffd,
        0x400_0000,
        0x8000_0000,
        usize::MAX - 1,
    ] {
        fails!(peek(child.pid, address), EIO);
        fails!(poke(child.pid, address, 0), EIO);
    }
    go_on(&child, 0)?;
    child.pass()
}

/// Pages that the child has not touched yet come from its file, or as zeros.
fn absent_pages() -> Outcome {
    let child = traced(|| i32::from(area::get(40, 8) != 0x78))?;
    let at = area::address(40);
    equal!(peep::find(child.pid)?.entry(at), 0, "not there yet");
    equal!(peek(child.pid, at)?, 0);
    poke(child.pid, at + 8, 0x1234_5678)?;
    equal!(peek(child.pid, at + 8)?, 0x1234_5678);
    go_on(&child, 0)?;
    child.pass()
}
