//! Signals: sending, blocking, waiting, handlers and restarts.

#![no_std]
#![no_main]
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use guest::prelude::*;
use signal::{
    Action, SA_NOMASK, SA_ONESHOT, SIGALRM, SIGCHLD, SIGCONT, SIGKILL, SIGSTOP, SIGTERM, SIGUSR1,
    SIGUSR2, bit,
};

cases! {
    "calls_signals";
    numbers, one_shot, masks, pending, suspend, suspend_waits_for_a_handler, pause_waits_for_a_handler,
    restart, interrupted_then_ignored, stop_and_go_on, death_status, fork_and_handlers, no_stack
}

const BAD: usize = 0x200_0000;
const SA_RESTART: u32 = 0x1000_0000;

fn raw(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: addresses are of this program's own buffers, or bad on purpose.
    unsafe { sys::call(nr, a, b, c) }
}

static COUNT: AtomicI32 = AtomicI32::new(0);
static LAST: AtomicI32 = AtomicI32::new(0);
static MASK: AtomicI32 = AtomicI32::new(0);

extern "C" fn note(signal: i32) {
    COUNT.store(COUNT.load(Relaxed) + 1, Relaxed);
    LAST.store(signal, Relaxed);
    MASK.store(sys::sgetmask() as i32, Relaxed);
}

fn me(signal: i32) -> Result<()> {
    sys::kill(sys::getpid(), signal)
}

fn numbers() -> Outcome {
    for wrong in [
        0usize,
        33,
        1000,
        usize::MAX,
        SIGKILL as usize,
        SIGSTOP as usize,
    ] {
        fails!(raw(Nr::Sigaction, wrong, 0, 0), EINVAL);
        fails!(raw(Nr::Signal, wrong, 1, 0), EINVAL);
    }
    fails!(raw(Nr::Sigaction, SIGUSR1 as usize, BAD, 0), EFAULT);
    fails!(raw(Nr::Sigaction, SIGUSR1 as usize, 0, BAD), EFAULT);
    fails!(raw(Nr::Sigpending, BAD, 0, 0), EFAULT);
    equal!(signal::get(SIGUSR1)?.handler, 0);
    Ok(())
}

/// signal(): the handler runs once, with nothing blocked.
fn one_shot() -> Outcome {
    equal!(signal::signal(SIGUSR1, Action::Handler(note))?, 0);
    let action = signal::get(SIGUSR1)?;
    equal!(action.flags, SA_ONESHOT | SA_NOMASK);
    me(SIGUSR1)?;
    equal!(
        (COUNT.load(Relaxed), LAST.load(Relaxed), MASK.load(Relaxed)),
        (1, SIGUSR1, 0)
    );
    equal!(signal::get(SIGUSR1)?.handler, 0, "back to the default");
    equal!(death(|| _ = me(SIGUSR1))?, SIGUSR1);
    Ok(())
}

/// sigaction(): stays; the signal and the mask are blocked meanwhile.
fn masks() -> Outcome {
    signal::set_with(
        SIGUSR1,
        Action::Handler(note),
        bit(SIGTERM) | bit(SIGKILL),
        0,
    )?;
    equal!(sys::ssetmask(bit(SIGALRM)), 0);
    me(SIGUSR1)?;
    let expected = bit(SIGTERM) | bit(SIGUSR1) | bit(SIGALRM);
    equal!(MASK.load(Relaxed) as u32, expected);
    equal!(sys::sgetmask(), bit(SIGALRM), "afterwards");
    me(SIGUSR1)?;
    equal!(COUNT.load(Relaxed), 2);
    equal!(sys::ssetmask(u32::MAX), bit(SIGALRM));
    equal!(
        sys::sgetmask(),
        !(bit(SIGKILL) | bit(SIGSTOP)),
        "two cannot be blocked"
    );
    sys::ssetmask(0);
    Ok(())
}

fn pending() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(note))?;
    sys::ssetmask(bit(SIGUSR1) | bit(SIGUSR2));
    equal!(sys::sigpending()?, 0);
    me(SIGUSR1)?;
    me(SIGUSR1)?;
    equal!(sys::sigpending()?, bit(SIGUSR1));
    equal!(COUNT.load(Relaxed), 0);
    Child::test(|| {
        equal!(sys::sigpending()?, 0, "not inherited");
        equal!(sys::sgetmask(), bit(SIGUSR1) | bit(SIGUSR2), "inherited");
        Ok(())
    })?
    .pass()?;
    sys::ssetmask(0);
    equal!(COUNT.load(Relaxed), 1, "two are one");
    // Ignoring takes back what has come.
    sys::ssetmask(bit(SIGUSR2));
    me(SIGUSR2)?;
    signal::set(SIGUSR2, Action::Ignore)?;
    equal!(sys::sigpending()?, 0);
    sys::ssetmask(0);
    Ok(())
}

fn suspend() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(note))?;
    sys::ssetmask(bit(SIGUSR1));
    me(SIGUSR1)?;
    fails!(raw(Nr::Sigsuspend, 0, 0, bit(SIGTERM) as usize), EINTR);
    equal!((COUNT.load(Relaxed), LAST.load(Relaxed)), (1, SIGUSR1));
    equal!(
        MASK.load(Relaxed) as u32,
        bit(SIGTERM) | bit(SIGUSR1),
        "in the handler"
    );
    equal!(sys::sgetmask(), bit(SIGUSR1), "afterwards");
    Ok(())
}

/// Child that sends `signals` to its father, some ticks apart.
fn sender(signals: &'static [i32]) -> Result<Child> {
    let father = sys::getpid();
    Child::run(move || {
        for &signal in signals {
            nap(8);
            let _ = sys::kill(father, signal);
        }
        nap(30); // its SIGCHLD comes late
        0
    })
}

/// Signals that are ignored do not end it; its mask holds all the time.
fn suspend_waits_for_a_handler() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(note))?;
    signal::set(SIGUSR2, Action::Ignore)?;
    sys::ssetmask(bit(SIGUSR1) | bit(SIGCHLD) | bit(SIGCONT));
    me(SIGCONT)?; // pending, and nothing by default
    let child = sender(&[SIGUSR2, SIGCONT, SIGUSR1])?;
    fails!(raw(Nr::Sigsuspend, 0, 0, 0), EINTR);
    equal!((COUNT.load(Relaxed), LAST.load(Relaxed)), (1, SIGUSR1));
    equal!(sys::sgetmask(), bit(SIGUSR1) | bit(SIGCHLD) | bit(SIGCONT));
    sys::ssetmask(0);
    child.pass()
}

fn pause_waits_for_a_handler() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(note))?;
    let child = sender(&[SIGCONT, SIGUSR1])?;
    fails!(raw(Nr::Pause, 0, 0, 0), EINTR);
    equal!(COUNT.load(Relaxed), 1);
    child.pass()
}

/// A read from a pipe gives EINTR, or begins again with SA_RESTART.
fn restart() -> Outcome {
    let (from, to) = sys::pipe()?;
    for (flags, again) in [(0, false), (SA_RESTART, true)] {
        signal::set_with(SIGUSR1, Action::Handler(note), 0, flags)?;
        let father = sys::getpid();
        let child = Child::run(|| {
            nap(10);
            let _ = sys::kill(father, SIGUSR1);
            nap(10);
            let _ = sys::write(to, b"x");
            0
        })?;
        let result = sys::read(from, &mut [0; 4]);
        if again {
            equal!(result, Ok(1));
        } else {
            equal!(result, Err(Errno::EINTR));
            equal!(sys::read(from, &mut [0; 4])?, 1);
        }
        child.pass()?;
    }
    equal!(COUNT.load(Relaxed), 2);
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

/// Two signals at once, one without and one with a handler: the call is
/// interrupted, not begun again.
fn interrupted_then_ignored() -> Outcome {
    let (from, to) = sys::pipe()?;
    signal::set(SIGCONT, Action::Handler(note))?;
    let child = Child::test(|| {
        fails!(sys::read(from, &mut [0; 4]), EINTR);
        equal!(COUNT.load(Relaxed), 1);
        Ok(())
    })?;
    nap(8);
    child.kill(SIGSTOP)?;
    nap(4);
    child.kill(SIGCONT)?;
    child.pass()?;
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

fn stop_and_go_on() -> Outcome {
    let (go, child) = sleeper()?;
    child.kill(SIGSTOP)?;
    let (pid, status) = sys::waitpid(child.pid, sys::WUNTRACED)?;
    equal!((pid, status.stop_signal()), (child.pid, Some(SIGSTOP)));
    equal!(
        sys::waitpid(child.pid, sys::WUNTRACED | sys::WNOHANG)?.0,
        0,
        "told once"
    );
    child.kill(SIGUSR1)?; // waits
    equal!(sys::waitpid(child.pid, sys::WNOHANG)?.0, 0);
    child.kill(SIGCONT)?;
    equal!(sys::wait_for(child.pid)?.term_signal(), Some(SIGUSR1));
    go.close();
    // SIGKILL ends a stopped one.
    let (go, child) = sleeper()?;
    child.kill(SIGSTOP)?;
    sys::waitpid(child.pid, sys::WUNTRACED)?;
    child.kill(SIGKILL)?;
    equal!(child.wait()?.term_signal(), Some(SIGKILL));
    go.close();
    Ok(())
}

fn death_status() -> Outcome {
    for signal in [SIGTERM, SIGKILL, SIGUSR1, SIGALRM] {
        let child = Child::run(|| {
            let _ = me(signal);
            0
        })?;
        equal!(child.wait()?.0, signal, "the number itself");
    }
    Ok(())
}

/// Handlers are inherited by fork; exec resets them and keeps what is ignored.
fn fork_and_handlers() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(note))?;
    Child::test(|| {
        me(SIGUSR1)?;
        equal!(COUNT.load(Relaxed), 1);
        Ok(())
    })?
    .pass()?;
    signal::set(SIGTERM, Action::Ignore)?;
    let child = Child::exec("/bin/sh", &["-c", "kill -TERM $$; kill -USR1 $$; exit 3"])?;
    equal!(child.wait()?.term_signal(), Some(SIGUSR1));
    Ok(())
}

/// A handler for which the stack has no room ends the process.
fn no_stack() -> Outcome {
    signal::set(SIGALRM, Action::Handler(note))?;
    equal!(
        death(|| {
            sys::alarm(1);
            // SAFETY: does not come back: the stack pointer is wild.
            unsafe { core::arch::asm!("mov esp, 0x2000000", "2:", "jmp 2b", options(noreturn)) }
        })?,
        signal::SIGSEGV
    );
    Ok(())
}
