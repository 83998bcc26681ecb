//! Faults of 0.11 that no other program looks at: lost wake-ups, numbers of groups that are given away again, masks
//! that hold SIGKILL off, exec and pending signals.

#![no_std]
#![no_main]
use guest::{child, prelude::*};
use rt::sys::StrVec;
use signal::{Action, SIGKILL, SIGTERM, SIGUSR1, SIGUSR2, bit};

cases! {
    "errata";
    roles masks_after_exec;
    all_who_wait_wake, number_of_a_group_stays, sigkill_passes_every_mask, exec_keeps_masks,
    stopped_children, write_to_a_pipe_is_interrupted
}

/// Twenty wait for the same pipe: twenty bytes wake them all.
fn all_who_wait_wake() -> Outcome {
    const WAITERS: usize = 20;
    let (from, to) = sys::pipe()?;
    for _ in 0..5 {
        let children = (0..WAITERS)
            .map(|_| Child::run(|| i32::from(sys::read(from, &mut [0]) != Ok(1))))
            .collect::<Result<Vec<Child>>>()?;
        nap(3);
        for part in [1, 3, 16] {
            equal!(sys::write(to, &[0; 16][..part])?, part);
            nap(1);
        }
        for child in children {
            child.pass()?;
        }
    }
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

/// A group whose leader is gone keeps its number while it has a member: no new
/// process gets it, once around.
fn number_of_a_group_stays() -> Outcome {
    let (from, to) = sys::pipe()?;
    let (pids_from, pids_to) = sys::pipe()?;
    let leader = Child::run(|| {
        let _ = sys::setpgid(0, 0);
        if let Ok(member) = Child::run(|| {
            let _ = sys::close(to);
            let _ = sys::write(pids_to, b"x");
            let _ = sys::read(from, &mut [0]);
            0
        }) {
            core::mem::forget(member);
        }
        0
    })?;
    let group = leader.pid;
    leader.pass()?;
    sys::read(pids_from, &mut [0])?;
    sys::kill(-group, 0)?;
    let first = sys::fork()?;
    if first == 0 {
        sys::exit_now(0);
    }
    sys::wait_for(first)?;
    let mut around = false;
    let mut last = first;
    let mut found = false;
    while !(around && last >= first) {
        let pid = sys::fork()?;
        if pid == 0 {
            sys::exit_now(0);
        }
        sys::wait_for(pid)?;
        around |= pid < last;
        found |= pid == group;
        last = pid;
    }
    sys::kill(-group, 0)?;
    sys::close(to)?;
    check!(!found, "{group} was given away");
    for fd in [from, pids_from, pids_to] {
        sys::close(fd)?;
    }
    check!(child::until(200, || sys::kill(-group, 0) == Err(Errno::ESRCH)));
    Ok(())
}

fn sigkill_passes_every_mask() -> Outcome {
    let (from, to) = sys::pipe()?;
    let ready = Gate::new()?;
    let child = Child::run(|| {
        sys::ssetmask(u32::MAX);
        for number in 1..=32 {
            let _ = signal::set(number, Action::Ignore);
        }
        ready.open();
        let _ = sys::read(from, &mut [0]);
        0
    })?;
    ready.wait()?;
    nap(2);
    child.kill(SIGTERM)?;
    nap(2);
    equal!(
        sys::waitpid(child.pid, sys::WNOHANG)?.0,
        0,
        "it still waits"
    );
    child.kill(SIGKILL)?;
    equal!(child.wait()?.term_signal(), Some(SIGKILL));
    ready.close();
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}

/// What the program started by the next case finds.
fn masks_after_exec(_: Args) -> i32 {
    let ignored = signal::get(SIGUSR2).is_ok_and(|action| action.handler == 1);
    let reset = signal::get(SIGTERM).is_ok_and(|action| action.handler == 0);
    let mask = sys::sgetmask() == bit(SIGUSR1);
    let pending = sys::sigpending() == Ok(bit(SIGUSR1));
    i32::from(ignored) | i32::from(reset) << 1 | i32::from(mask) << 2 | i32::from(pending) << 3
}

extern "C" fn nothing(_: i32) {}

/// The mask, what is pending and what is ignored stay; handlers do not.
fn exec_keeps_masks() -> Outcome {
    let child = Child::run(|| {
        let _ = signal::set(SIGTERM, Action::Handler(nothing));
        let _ = signal::set(SIGUSR2, Action::Ignore);
        sys::ssetmask(bit(SIGUSR1));
        let _ = sys::kill(sys::getpid(), SIGUSR1);
        let path = "/test/errata";
        let argv: StrVec = [path, "role:masks_after_exec"].iter().collect();
        let _ = sys::execve(path, &argv, &StrVec::new());
        99
    })?;
    equal!(child.code()?, 0b1111);
    Ok(())
}

/// A child that stops does not end a wait without WUNTRACED.
fn stopped_children() -> Outcome {
    let (go, sleeper) = sleeper()?;
    sleeper.kill(signal::SIGSTOP)?;
    nap(2);
    equal!(sys::waitpid(sleeper.pid, sys::WNOHANG)?.0, 0);
    sleeper.kill(signal::SIGCONT)?;
    go.open();
    sleeper.pass()
}

/// A writer that waits for room is woken by a signal.
fn write_to_a_pipe_is_interrupted() -> Outcome {
    let (from, to) = sys::pipe()?;
    let child = Child::test(|| {
        signal::set(SIGUSR1, Action::Handler(nothing))?;
        let filled = sys::write(to, &[0; 4095])?;
        equal!(filled, 4095);
        fails!(sys::write(to, b"x"), EINTR);
        Ok(())
    })?;
    nap(6);
    child.kill(SIGUSR1)?;
    child.pass()?;
    sys::close(from)?;
    sys::close(to)?;
    Ok(())
}
