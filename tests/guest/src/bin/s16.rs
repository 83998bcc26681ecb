//! S16: signals: bitmap, handlers, mask, restorer; SIGKILL; default actions;
//! delivery during sleep.

#![no_std]
#![no_main]
use core::arch::asm;
use core::sync::atomic::{AtomicI32, AtomicU32, Ordering::Relaxed};
use guest::child::{ticks_now, until};
use guest::prelude::*;
use signal::*;

cases! {
    "S16";
    handler_is_called, registers_survive, blocked_while_handled, nomask_nests, oneshot, old_signal_call,
    mask_holds_back, sigsuspend_opens, default_actions, kill_cannot_be_stopped, ignored_signals,
    sleeping_read, sleeping_write, sleeping_wait, sleeping_pause, stop_and_continue, kill_addresses,
    kill_permissions, alarm_rings, many_at_once, handler_without_stack, fault_in_handler, bad_numbers
}

static LAST: AtomicI32 = AtomicI32::new(0);
static COUNT: AtomicU32 = AtomicU32::new(0);
static MASK: AtomicU32 = AtomicU32::new(0);

extern "C" fn note(number: i32) {
    LAST.store(number, Relaxed);
    COUNT.store(COUNT.load(Relaxed) + 1, Relaxed);
    MASK.store(sys::sgetmask(), Relaxed);
}

fn kill_me(number: i32) -> rt::Result<()> {
    sys::kill(sys::getpid(), number)
}

fn handler_is_called() -> Outcome {
    for number in (1..=31).filter(|n| *n != SIGKILL && *n != SIGSTOP) {
        set(number, Action::Handler(note))?;
        kill_me(number)?;
        equal!(LAST.load(Relaxed), number);
    }
    equal!(COUNT.load(Relaxed), 29);
    equal!(sys::sgetmask(), 0);
    Ok(())
}

/// Everything in the registers and flags is as before after the restorer, with
/// the mask on the stack and without.
fn registers_survive() -> Outcome {
    for flags in [0, SA_NOMASK] {
        set_with(SIGUSR1, Action::Handler(note), 0, flags)?;
        let pid = sys::getpid();
        let (eax, ecx, edx, edi, eflags): (u32, u32, u32, u32, u32);
        // SAFETY: kill(pid, SIGUSR1) with known values in the registers.
        unsafe {
            asm!("stc", "int 0x80", "pushfd", "pop {flags:e}", flags = out(reg) eflags,
                inout("eax") 37 => eax, in("ebx") pid, inout("ecx") SIGUSR1 => ecx,
                inout("edx") 0x1234_5678 => edx, inout("edi") 0x8765_4321u32 => edi);
        }
        equal!(
            (eax, ecx, edx, edi),
            (0, SIGUSR1 as u32, 0x1234_5678, 0x8765_4321)
        );
        equal!(
            eflags & 0x601,
            0x201,
            "carry set, direction clear, interrupts on"
        );
    }
    equal!(COUNT.load(Relaxed), 2);
    Ok(())
}

extern "C" fn again(number: i32) {
    let count = COUNT.load(Relaxed) + 1;
    COUNT.store(count, Relaxed);
    if count < 3 {
        let _ = kill_me(number);
        // With the signal blocked nothing has happened so far.
        LAST.store(COUNT.load(Relaxed) as i32, Relaxed);
    }
}

/// The signal itself and those in the mask wait until the handler is done.
fn blocked_while_handled() -> Outcome {
    set_with(SIGUSR1, Action::Handler(note), bit(SIGTERM), 0)?;
    kill_me(SIGUSR1)?;
    equal!(MASK.load(Relaxed), bit(SIGUSR1) | bit(SIGTERM));
    COUNT.store(0, Relaxed);
    set(SIGUSR2, Action::Handler(again))?;
    kill_me(SIGUSR2)?;
    equal!(COUNT.load(Relaxed), 3);
    equal!(
        LAST.load(Relaxed),
        2,
        "count inside the second handler, after kill"
    );
    equal!(sys::sgetmask(), 0);
    Ok(())
}

extern "C" fn nested(number: i32) {
    let count = COUNT.load(Relaxed) + 1;
    COUNT.store(count, Relaxed);
    if count < 3 {
        let _ = kill_me(number);
        LAST.store(LAST.load(Relaxed) + COUNT.load(Relaxed) as i32, Relaxed);
    }
}

/// With SA_NOMASK the handler is entered again at once.
fn nomask_nests() -> Outcome {
    set_with(SIGUSR1, Action::Handler(nested), 0, SA_NOMASK)?;
    kill_me(SIGUSR1)?;
    equal!(COUNT.load(Relaxed), 3);
    equal!(LAST.load(Relaxed), 6, "both outer handlers saw 3");
    Ok(())
}

fn oneshot() -> Outcome {
    set_with(SIGUSR1, Action::Handler(note), 0, SA_ONESHOT)?;
    kill_me(SIGUSR1)?;
    equal!(COUNT.load(Relaxed), 1);
    equal!(get(SIGUSR1)?.handler, 0);
    equal!(death(|| _ = kill_me(SIGUSR1))?, SIGUSR1);
    Ok(())
}

/// The call `signal` gives back the old handler, and is one-shot.
fn old_signal_call() -> Outcome {
    equal!(signal::signal(SIGUSR1, Action::Handler(note))?, 0);
    equal!(
        signal::signal(SIGUSR1, Action::Handler(note))?,
        (note as *const ()).addr()
    );
    kill_me(SIGUSR1)?;
    equal!(COUNT.load(Relaxed), 1);
    equal!(MASK.load(Relaxed), 0, "nothing is blocked");
    equal!(signal::signal(SIGUSR1, Action::Ignore)?, 0);
    Ok(())
}

/// A blocked signal waits, is shown by sigpending, and comes once.
fn mask_holds_back() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    equal!(sys::ssetmask(bit(SIGUSR1)), 0);
    for _ in 0..3 {
        kill_me(SIGUSR1)?;
    }
    equal!(COUNT.load(Relaxed), 0);
    equal!(sys::sigpending()?, bit(SIGUSR1));
    equal!(peep::me()?.signal, bit(SIGUSR1), "the bitmap");
    equal!(sys::ssetmask(0), bit(SIGUSR1));
    equal!(COUNT.load(Relaxed), 1);
    equal!(sys::sigpending()?, 0);
    // SIGKILL and SIGSTOP cannot be blocked.
    sys::ssetmask(!0);
    equal!(sys::sgetmask(), !(bit(SIGKILL) | bit(SIGSTOP)));
    Ok(())
}

fn sigsuspend_opens() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    sys::ssetmask(bit(SIGUSR1) | bit(SIGUSR2));
    kill_me(SIGUSR1)?;
    equal!(sys::sigsuspend(bit(SIGUSR2)), Errno::EINTR);
    equal!(COUNT.load(Relaxed), 1);
    equal!(
        sys::sgetmask(),
        bit(SIGUSR1) | bit(SIGUSR2),
        "the old mask is back"
    );
    Ok(())
}

/// Which signals kill, which stop, which do nothing.
fn default_actions() -> Outcome {
    for number in 1..=22 {
        match number {
            SIGCHLD | SIGCONT => {
                equal!(
                    death(|| _ = kill_me(number))?,
                    0,
                    "signal {number} does nothing"
                );
            }
            SIGSTOP | SIGTSTP | SIGTTIN | SIGTTOU => {
                let (go, child) = sleeper()?;
                child.kill(number)?;
                let (pid, status) = sys::waitpid(child.pid, rt::sys::WUNTRACED)?;
                equal!((pid, status.stop_signal()), (child.pid, Some(number)));
                child.kill(SIGCONT)?;
                go.open();
                child.pass()?;
            }
            _ => equal!(
                death(|| _ = kill_me(number))?,
                number,
                "signal {number} kills"
            ),
        }
    }
    Ok(())
}

/// SIGKILL can be neither caught nor ignored nor blocked, and reaches a
/// stopped process and one that sleeps with all blocked.
fn kill_cannot_be_stopped() -> Outcome {
    for number in [SIGKILL, SIGSTOP] {
        fails!(set(number, Action::Ignore), EINVAL);
        fails!(set(number, Action::Handler(note)), EINVAL);
        fails!(signal::signal(number, Action::Ignore), EINVAL);
    }
    let ready = Gate::new()?;
    let deaf = Child::run(|| {
        sys::ssetmask(!0);
        ready.open();
        loop {
            sys::pause();
        }
    })?;
    ready.wait()?;
    deaf.kill(SIGTERM)?;
    nap(3);
    equal!(sys::waitpid(deaf.pid, rt::sys::WNOHANG)?.0, 0);
    deaf.kill(SIGKILL)?;
    equal!(deaf.wait()?.term_signal(), Some(SIGKILL));
    let (_go, stopped) = sleeper()?;
    stopped.kill(SIGSTOP)?;
    sys::waitpid(stopped.pid, rt::sys::WUNTRACED)?;
    equal!(peep::find(stopped.pid)?.state, 4);
    stopped.kill(SIGKILL)?;
    equal!(stopped.wait()?.term_signal(), Some(SIGKILL));
    Ok(())
}

fn ignored_signals() -> Outcome {
    set(SIGTERM, Action::Ignore)?;
    kill_me(SIGTERM)?;
    equal!(peep::me()?.signal & bit(SIGTERM), 0, "no trace is left");
    // What waits is forgotten when it is ignored from now on.
    sys::ssetmask(bit(SIGUSR1));
    kill_me(SIGUSR1)?;
    set(SIGUSR1, Action::Ignore)?;
    equal!(sys::sigpending()?, 0);
    set(SIGUSR1, Action::Default)?;
    sys::ssetmask(0);
    Ok(())
}

/// Sends SIGUSR1 to this process when it sleeps; the sender.
fn disturb() -> rt::Result<Child> {
    let pid = sys::getpid();
    Child::run(|| {
        let asleep = until(500, || peep::find(pid).is_ok_and(|task| task.state == 1));
        if !asleep {
            return 9;
        }
        i32::from(sys::kill(pid, SIGUSR1).is_err())
    })
}

/// A call that sleeps ends with EINTR when a handler has run.
fn sleeping_read() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    let (from, to) = sys::pipe()?;
    let sender = disturb()?;
    fails!(sys::read(from, &mut [0]), EINTR);
    equal!(COUNT.load(Relaxed), 1);
    sender.pass()?;
    // Asked for, the call begins again instead.
    const SA_RESTART: u32 = 0x1000_0000;
    set_with(SIGUSR1, Action::Handler(note), 0, SA_RESTART)?;
    let sender = disturb()?;
    let writer = Child::run(|| {
        let _ = until(500, || COUNT.load(Relaxed) == 2);
        nap(20);
        i32::from(sys::write(to, b"x").is_err())
    })?;
    equal!(sys::read(from, &mut [0])?, 1);
    equal!(COUNT.load(Relaxed), 2);
    sender.pass()?;
    writer.pass()
}

fn sleeping_write() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    let (_from, to) = sys::pipe()?;
    sys::fcntl(to, rt::sys::F_SETFL, sys::O_NONBLOCK)?;
    while sys::write(to, &[0; 16]).is_ok() {}
    sys::fcntl(to, rt::sys::F_SETFL, 0)?;
    let sender = disturb()?;
    fails!(sys::write(to, &[0; 512]), EINTR);
    sender.pass()
}

fn sleeping_wait() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    let (go, child) = sleeper()?;
    let sender = disturb()?;
    fails!(sys::waitpid(child.pid, 0), EINTR);
    sender.pass()?;
    go.open();
    child.pass()
}

fn sleeping_pause() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    let sender = disturb()?;
    // SAFETY: pause has no arguments.
    let result = unsafe { rt::sys::call(Nr::Pause, 0, 0, 0) };
    equal!(result, Err(Errno::EINTR));
    equal!(COUNT.load(Relaxed), 1);
    sender.pass()
}

/// A stopped process does not run until SIGCONT; its father is told once.
fn stop_and_continue() -> Outcome {
    let child = Child::run(|| {
        loop {
            core::hint::black_box(());
        }
    })?;
    child.kill(SIGSTOP)?;
    equal!(
        sys::waitpid(child.pid, rt::sys::WUNTRACED)?.1.stop_signal(),
        Some(SIGSTOP)
    );
    equal!(
        sys::waitpid(child.pid, rt::sys::WUNTRACED | rt::sys::WNOHANG)?.0,
        0,
        "told once"
    );
    let before = peep::find(child.pid)?;
    nap(10);
    let after = peep::find(child.pid)?;
    equal!((after.state, after.utime), (4, before.utime));
    // Signals wait while it is stopped.
    child.kill(SIGTERM)?;
    nap(3);
    equal!(peep::find(child.pid)?.state, 4);
    child.kill(SIGCONT)?;
    equal!(child.wait()?.term_signal(), Some(SIGTERM));
    Ok(())
}

/// kill: a process, the group, a group by number, everyone else.
fn kill_addresses() -> Outcome {
    set(SIGUSR1, Action::Handler(note))?;
    let group = || -> core::result::Result<Child, Failure> {
        let ready = Gate::new()?;
        let child = Child::run(|| {
            let _ = sys::setpgid(0, 0);
            let _ = set(SIGUSR1, Action::Default);
            ready.open();
            loop {
                sys::pause();
            }
        })?;
        ready.wait()?;
        Ok(child)
    };
    let other = group()?;
    sys::kill(0, SIGUSR1)?;
    equal!(COUNT.load(Relaxed), 1, "own group");
    equal!(
        sys::waitpid(other.pid, rt::sys::WNOHANG)?.0,
        0,
        "another group"
    );
    sys::kill(-other.pid, SIGUSR1)?;
    equal!(other.wait()?.term_signal(), Some(SIGUSR1));
    equal!(COUNT.load(Relaxed), 1);
    sys::kill(sys::getpid(), 0)?;
    fails!(sys::kill(32000, 0), ESRCH);
    fails!(sys::kill(-32000, SIGUSR1), ESRCH);
    Ok(())
}

/// Only the same user and root may send signals; -1 never reaches init.
fn kill_permissions() -> Outcome {
    let (go, roots) = sleeper()?;
    let user = Child::test(|| {
        sys::setuid(12)?;
        fails!(sys::kill(1, SIGTERM), EPERM);
        fails!(sys::kill(roots.pid, SIGTERM), EPERM);
        fails!(sys::kill(roots.pid, 0), EPERM);
        sys::kill(sys::getpid(), 0)?;
        Ok(())
    })?;
    user.pass()?;
    let everyone = Child::run(|| {
        let _ = sys::setuid(12);
        // To all that this user may reach: none but itself, which is left out.
        match sys::kill(-1, SIGTERM) {
            Err(Errno::EPERM) | Err(Errno::ESRCH) => 0,
            _ => 1,
        }
    })?;
    everyone.pass()?;
    // Not even root reaches init with a signal that init does not catch.
    sys::kill(1, SIGKILL)?;
    check!(peep::find(1).is_ok());
    go.open();
    roots.pass()
}

fn alarm_rings() -> Outcome {
    set(SIGALRM, Action::Handler(note))?;
    equal!(sys::alarm(100), 0);
    let left = sys::alarm(1);
    check!((99..=100).contains(&left), "{left} s were left");
    let start = ticks_now();
    sys::pause();
    let took = ticks_now() - start;
    equal!(LAST.load(Relaxed), SIGALRM);
    check!((90..=115).contains(&took), "{took} ticks");
    equal!(sys::alarm(0), 0);
    // Without a handler it kills.
    let child = Child::run(|| {
        let _ = set(SIGALRM, Action::Default);
        sys::alarm(1);
        loop {
            core::hint::black_box(());
        }
    })?;
    equal!(child.wait()?.term_signal(), Some(SIGALRM));
    Ok(())
}

/// All that are let through at once are handled, each once.
fn many_at_once() -> Outcome {
    // Not SIGCONT: it and the signals that stop a process take each other away.
    let numbers: Vec<i32> = (1..=31)
        .filter(|n| ![SIGKILL, SIGSTOP, SIGCONT].contains(n))
        .collect();
    sys::ssetmask(!0);
    for number in &numbers {
        set(*number, Action::Handler(note))?;
        kill_me(*number)?;
    }
    equal!(COUNT.load(Relaxed), 0);
    sys::ssetmask(0);
    equal!(COUNT.load(Relaxed), numbers.len() as u32);
    Ok(())
}

/// Where the stack pointer leads nowhere there is no room for the frame: the
/// process dies by SIGSEGV, the kernel goes on.
fn handler_without_stack() -> Outcome {
    for esp in [0x10u32, 0x2000_0000, 0xffff_fff0, 0x0300_0000] {
        let number = death(|| {
            let _ = set(SIGUSR1, Action::Handler(note));
            let pid = sys::getpid();
            // SAFETY: kill(pid, SIGUSR1) with a stack pointer that is of no use.
            unsafe {
                asm!("mov esp, {0:e}", "mov ecx, 10", "int 0x80", in(reg) esp, in("eax") 37,
                    in("ebx") pid, options(noreturn));
            }
        })?;
        equal!(number, SIGSEGV, "esp {esp:#x}");
    }
    Ok(())
}

extern "C" fn wild(_: i32) {
    area::peek(0x2000_0000);
}

/// A fault inside the handler of that very fault kills.
fn fault_in_handler() -> Outcome {
    let number = death(|| {
        let _ = set(SIGSEGV, Action::Handler(wild));
        area::peek(0x2000_0000);
    })?;
    equal!(number, SIGSEGV);
    // Ignored or blocked, a fault kills all the same.
    for way in [true, false] {
        let number = death(|| {
            if way {
                let _ = set(SIGSEGV, Action::Ignore);
            } else {
                sys::ssetmask(bit(SIGSEGV));
            }
            area::peek(0x2000_0000);
        })?;
        equal!(number, SIGSEGV);
    }
    Ok(())
}

fn bad_numbers() -> Outcome {
    fails!(get(0), EINVAL);
    fails!(get(33), EINVAL);
    fails!(get(-1), EINVAL);
    fails!(sys::kill(sys::getpid(), 33), EINVAL);
    fails!(sys::kill(sys::getpid(), -1), EINVAL);
    Ok(())
}
