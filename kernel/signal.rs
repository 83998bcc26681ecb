//! Signals (0.11 `kernel/signal.c`; the numbers are those of
//! `include/signal.h`).

use crate::arch::segment::Plain;
use crate::kernel::errno::{EINTR, EINVAL, ERESTARTNOHAND, ERESTARTSYS, Errno, SysResult};
use crate::kernel::exit::{do_exit, is_orphaned_pgrp, tell_father};
use crate::kernel::sched::schedule;
use crate::kernel::task::{Task, TaskState, current};
use crate::kernel::trace::trace;
use crate::kernel::traps::{NO_CALL, TrapFrame};
use crate::kernel::types::{INIT, UserAddr};

pub const SIGHUP: u32 = 1;
pub const SIGINT: u32 = 2;
pub const SIGQUIT: u32 = 3;
pub const SIGILL: u32 = 4;
pub const SIGTRAP: u32 = 5;
#[expect(dead_code, reason = "a program's signal")]
pub const SIGABRT: u32 = 6;
/// 0.11 calls 7 unused; Linux uses it for a fault that the disk causes.
pub const SIGBUS: u32 = 7;
pub const SIGFPE: u32 = 8;
pub const SIGKILL: u32 = 9;
#[expect(dead_code, reason = "a program's signal")]
pub const SIGUSR1: u32 = 10;
pub const SIGSEGV: u32 = 11;
#[expect(dead_code, reason = "a program's signal")]
pub const SIGUSR2: u32 = 12;
pub const SIGPIPE: u32 = 13;
pub const SIGALRM: u32 = 14;
#[expect(dead_code, reason = "a program's signal")]
pub const SIGTERM: u32 = 15;
#[expect(dead_code, reason = "a program's signal")]
pub const SIGSTKFLT: u32 = 16;
pub const SIGCHLD: u32 = 17;
pub const SIGCONT: u32 = 18;
pub const SIGSTOP: u32 = 19;
pub const SIGTSTP: u32 = 20;
pub const SIGTTIN: u32 = 21;
pub const SIGTTOU: u32 = 22;
/// The limits of processor time and of a file's size (0.12 has them not yet).
pub const SIGXCPU: u32 = 24;
pub const SIGXFSZ: u32 = 25;
/// The window's size has changed (0.11 has no number for it).
pub const SIGWINCH: u32 = 28;

/// No SIGCHLD when a child stops.
pub const SA_NOCLDSTOP: u32 = 1;
/// Begin an interrupted call again (later Linux; 0.11 never does).
pub const SA_RESTART: u32 = 0x1000_0000;
/// Do not block the signal while its handler runs.
pub const SA_NOMASK: u32 = 0x4000_0000;
/// Back to the default action when the handler is called.
pub const SA_ONESHOT: u32 = 0x8000_0000;

/// The default action.
pub const SIG_DFL: u32 = 0;
/// Ignore.
pub const SIG_IGN: u32 = 1;

/// The bit of signal `sig` in masks (0.11 `S(n)`).
pub const fn bit(sig: u32) -> u32 {
    1 << (sig - 1)
}

/// Signals that cannot be blocked, caught or ignored.
const UNBLOCKABLE: u32 = bit(SIGKILL) | bit(SIGSTOP);
/// Signals that stop a process.
const STOPPING: u32 = bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);
/// Signals that do nothing by default.
const IGNORED: u32 = bit(SIGCHLD) | bit(SIGCONT) | bit(SIGWINCH);

/// What to do on a signal (0.11 `struct sigaction`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct SigAction {
    /// Address of the handler, or [`SIG_DFL`] or [`SIG_IGN`].
    pub handler: u32,
    /// Signals blocked while it runs.
    pub mask: u32,
    pub flags: u32,
    /// Where the handler returns to: the library's code that puts the
    /// registers back.
    pub restorer: u32,
}

impl SigAction {
    /// The default action.
    pub const DEFAULT: SigAction = SigAction {
        handler: SIG_DFL,
        mask: 0,
        flags: 0,
        restorer: 0,
    };
}

const _: () = assert!(size_of::<SigAction>() == 16);
// SAFETY: four words.
unsafe impl Plain for SigAction {}

impl Task {
    /// Sends signal `sig` (1 to 32) to the task. One that it ignores leaves no
    /// trace; one that it lets through wakes it. May be called by interrupt
    /// handlers. Not in 0.11, which sets the bit and lets `schedule` look.
    ///
    /// Erratum `signal-4`.
    /// Erratum `exit-3`.
    pub fn raise(&self, sig: u32) {
        let bit = bit(sig);
        if self.state() == TaskState::Zombie || self.nr.get().0 == 0 {
            return;
        }
        let handler = self.sigaction[sig as usize - 1].get().handler;
        if self.pid.get() == INIT && handler == SIG_DFL {
            return; // init must not die of a signal, SIGKILL included
        }
        if sig == SIGCONT || sig == SIGKILL {
            self.signal.update(|signals| signals & !STOPPING);
            // A traced one goes on when its tracer says so.
            if self.state() == TaskState::Stopped && (sig == SIGKILL || !self.is_traced()) {
                self.exit_code.set(0);
                self.cont();
            }
        }
        if bit & STOPPING != 0 {
            self.signal.update(|signals| signals & !self::bit(SIGCONT));
        }
        let ignored = handler == SIG_IGN || handler == SIG_DFL && bit & IGNORED != 0;
        if ignored && self.blocked.get() & bit == 0 && !self.is_traced() {
            return;
        }
        self.add_signals(bit);
        trace!(SigSend, sig, self.nr.get().0, self.pid.get().0);
        if self.pending_signals() & bit != 0 && self.state() == TaskState::Interruptible {
            self.set_state(TaskState::Running);
            trace!(WakeSignal, self.nr.get().0, self.pid.get().0, sig);
        }
    }

    /// Lets the task, which is stopped, go on.
    pub fn cont(&self) {
        self.set_state(TaskState::Running);
        trace!(SigCont, self.nr.get().0, self.pid.get().0);
    }

    /// A fault of the running task itself: a signal that it has blocked or
    /// ignores would only repeat the fault for ever, so the default action
    /// takes its place.
    pub fn raise_fault(&self, sig: u32) {
        let action = &self.sigaction[sig as usize - 1];
        if self.blocked.get() & bit(sig) != 0 || action.get().handler == SIG_IGN {
            action.set(SigAction::DEFAULT);
            self.set_blocked(self.blocked.get() & !bit(sig));
        }
        self.add_signals(bit(sig));
    }
}

/// The blocked signals (0.11 `sys_sgetmask`).
pub fn sys_sgetmask() -> SysResult {
    Ok(current().blocked.get() as i32)
}

/// Sets the blocked signals and returns the old ones (0.11 `sys_ssetmask`).
pub fn sys_ssetmask(new_mask: u32) -> SysResult {
    let task = current();
    let old = task.blocked.get();
    task.set_blocked(new_mask & !UNBLOCKABLE);
    Ok(old as i32)
}

/// Writes a signal's old action to `to` (0.11 `save_old`).
fn save_old(action: &SigAction, to: UserAddr) -> Result<(), Errno> {
    to.write(action)
}

/// Reads a signal's new action from `from` (0.11 `get_new`).
fn get_new(from: UserAddr) -> Result<SigAction, Errno> {
    from.read()
}

/// `sig` as an index into `sigaction`, if its action may be changed.
fn action_index(sig: u32) -> Result<usize, Errno> {
    if !(1..=32).contains(&sig) || bit(sig) & UNBLOCKABLE != 0 {
        return Err(EINVAL);
    }
    Ok(sig as usize - 1)
}

/// A signal that is ignored from now on is pending no more.
fn forget_if_ignored(task: &Task, sig: u32, handler: u32) {
    if handler == SIG_IGN || handler == SIG_DFL && bit(sig) & IGNORED != 0 {
        task.signal.update(|signals| signals & !bit(sig));
    }
}

/// Sets a handler that is called once, with no signal blocked meanwhile;
/// returns the old one (0.11 `sys_signal`).
///
/// # Errors
/// `EINVAL`: no such signal, or SIGKILL or SIGSTOP.
pub fn sys_signal(sig: u32, handler: u32, restorer: u32) -> SysResult {
    let index = action_index(sig)?;
    let task = current();
    let new = SigAction {
        handler,
        mask: 0,
        flags: SA_ONESHOT | SA_NOMASK,
        restorer,
    };
    let old = task.sigaction[index].replace(new);
    forget_if_ignored(&task, sig, handler);
    Ok(old.handler as i32)
}

/// Reads and changes the action of a signal; either address may be null (0.11
/// `sys_sigaction`, where `action` must not be).
///
/// # Errors
/// `EINVAL` as for [`sys_signal`], `EFAULT`.
pub fn sys_sigaction(sig: u32, action: UserAddr, old_action: UserAddr) -> SysResult {
    let index = action_index(sig)?;
    let task = current();
    let old = task.sigaction[index].get();
    // Read before the old one is written: both may be the same place.
    let mut new = if action.is_null() {
        old
    } else {
        get_new(action)?
    };
    if !old_action.is_null() {
        save_old(&old, old_action)?;
    }
    if !action.is_null() {
        new.mask = if new.flags & SA_NOMASK != 0 {
            0
        } else {
            (new.mask | bit(sig)) & !UNBLOCKABLE
        };
        task.sigaction[index].set(new);
        forget_if_ignored(&task, sig, new.handler);
    }
    Ok(0)
}

/// Waits for a signal with `mask` blocked instead of the usual ones (0.12
/// `sys_sigsuspend`).
///
/// # Errors
/// Always `EINTR`, after the signal's handler has run. A signal that has none
/// does not end the wait.
pub fn sys_sigsuspend(mask: u32) -> SysResult {
    let task = current();
    let usual = task.saved_mask.take().unwrap_or(task.blocked.get());
    task.saved_mask.set(Some(usual));
    task.set_blocked(mask & !UNBLOCKABLE);
    crate::kernel::sched::sys_pause()
}

/// The blocked signals that have arrived, to `set` (0.12 `sys_sigpending`).
///
/// # Errors
/// `EFAULT`.
pub fn sys_sigpending(set: UserAddr) -> SysResult {
    let task = current();
    set.write(&(task.signal.get() & task.blocked.get()))?;
    Ok(0)
}

/// Takes the next signal that has arrived and is not blocked; SIGKILL before
/// all others. A traced task stops for each of them, and its tracer decides
/// which one it gets, if any.
fn next_signal(task: &Task) -> Option<u32> {
    loop {
        let pending = task.pending_signals();
        if pending == 0 {
            return None;
        }
        let first = pending.trailing_zeros() + 1;
        let sig = if pending & bit(SIGKILL) != 0 {
            SIGKILL
        } else {
            first
        };
        task.signal.update(|signals| signals & !bit(sig));
        if sig == SIGKILL || !task.is_traced() {
            return Some(sig);
        }
        wait_stopped(task, sig);
        match task.exit_code.replace(0) as u32 {
            0 | SIGSTOP => {}
            sig if task.blocked.get() & bit(sig) != 0 => {
                task.add_signals(bit(sig));
            }
            sig => return Some(sig),
        }
    }
}

/// Looks after what keeps the running task from going back to its program: the
/// end of its time slice, signals. What comes up meanwhile sets `attention`
/// again, and we are called again. Not in 0.11: part of `ret_from_sys_call`.
#[unsafe(no_mangle)]
extern "C" fn do_attention(frame: *mut TrapFrame) {
    let task = current();
    task.attention.set(0);
    if task.counter.get() == 0 {
        schedule();
    }
    if task.pending_signals() != 0 {
        do_signal(frame);
    }
}

// ANCHOR: do_signal
/// Acts on the signals that have arrived and are not blocked, on the way back
/// to the program: on all that do not end or divert it, then on one that does
/// (0.11 `do_signal`). Death happens here: nothing of the kernel is held.
///
/// Differs from 0.11: while the task is stopped, a tracer may change the frame,
/// which is why no reference to it lives then.
fn do_signal(frame: *mut TrapFrame) {
    let task = current();
    while let Some(sig) = next_signal(&task) {
        let action = task.sigaction[sig as usize - 1].get();
        match action.handler {
            SIG_IGN => {}
            SIG_DFL if bit(sig) & IGNORED != 0 => {}
            SIG_DFL if bit(sig) & STOPPING != 0 => stop(&task, sig),
            SIG_DFL => {
                trace!(SigDeath, sig);
                do_exit(sig as i32)
            }
            _ => {
                // SAFETY: the frame lies on our kernel stack, below which we
                // run; nobody else uses it while we do not sleep in `stop`.
                return handle(&task, unsafe { &mut *frame }, sig, &action);
            }
        }
    }
    // SAFETY: as above.
    begin_again(unsafe { &mut *frame }, true, true);
    if let Some(mask) = task.saved_mask.take() {
        task.set_blocked(mask);
    }
}
// ANCHOR_END: do_signal

/// Calls the handler of `sig`, or ends the process if its stack has no room.
///
/// Erratum `signal-1`.
fn handle(task: &Task, frame: &mut TrapFrame, sig: u32, action: &SigAction) {
    begin_again(frame, action.flags & SA_RESTART != 0, false);
    if action.flags & SA_ONESHOT != 0 {
        task.sigaction[sig as usize - 1].set(SigAction::DEFAULT);
    }
    if call_handler(task, frame, sig, action).is_err() {
        do_exit(SIGSEGV as i32);
    }
}

/// If a signal has interrupted a system call: begin the call again, or let it
/// return `EINTR`. `again` is for calls in general, `wait_again` for those that
/// wait for a handler.
///
/// Erratum `signal-2`.
fn begin_again(frame: &mut TrapFrame, again: bool, wait_again: bool) {
    const INT_LENGTH: u32 = 2;
    if frame.orig_eax == NO_CALL {
        return;
    }
    let again = match (frame.eax as i32).wrapping_neg() {
        error if error == ERESTARTSYS as i32 => again,
        error if error == ERESTARTNOHAND as i32 => wait_again,
        _ => return,
    };
    if again {
        frame.eax = frame.orig_eax;
        frame.eip = frame.eip.wrapping_sub(INT_LENGTH);
    } else {
        frame.eax = (EINTR as i32).wrapping_neg() as u32;
    }
}

/// Stops the running task until SIGCONT or SIGKILL, and tells its father. A
/// group that no one could continue is not stopped from its terminal.
///
/// Erratum `signal-3`.
fn stop(task: &Task, sig: u32) {
    if sig == SIGSTOP || !is_orphaned_pgrp(task.pgrp.get()) {
        wait_stopped(task, sig);
    }
}

/// Sleeps as a stopped task, with `sig` as what `waitpid` reports of it.
fn wait_stopped(task: &Task, sig: u32) {
    task.exit_code.set(sig as i32);
    task.set_state(TaskState::Stopped);
    trace!(SigStop, sig);
    tell_father(task);
    if task.signal.get() & bit(SIGKILL) != 0 {
        task.cont(); // it came just before
    }
    schedule();
}

/// Lets the program go on in the signal's handler, with a frame on its stack
/// that the library's restorer takes off again: the restorer's address, the
/// signal, the blocked mask unless `SA_NOMASK`, eax, ecx, edx, the flags and
/// the address to go on at. The layout is 0.11's.
fn call_handler(
    task: &Task,
    frame: &mut TrapFrame,
    sig: u32,
    action: &SigAction,
) -> Result<(), Errno> {
    let blocked = task.saved_mask.take().unwrap_or(task.blocked.get());
    let (restorer, flags, eip) = (action.restorer, frame.eflags, frame.eip);
    let [eax, ecx, edx] = [frame.eax, frame.ecx, frame.edx];
    let esp = if action.flags & SA_NOMASK == 0 {
        let esp = frame.esp.wrapping_sub(8 * 4);
        UserAddr(esp).write(&[restorer, sig, blocked, eax, ecx, edx, flags, eip])?;
        esp
    } else {
        let esp = frame.esp.wrapping_sub(7 * 4);
        UserAddr(esp).write(&[restorer, sig, eax, ecx, edx, flags, eip])?;
        task.set_blocked(blocked);
        esp
    };
    task.set_blocked(task.blocked.get() | action.mask);
    const DIRECTION_AND_TRAP: u32 = 0x500;
    frame.eflags &= !DIRECTION_AND_TRAP;
    frame.orig_eax = NO_CALL;
    trace!(SigHandler, sig, action.handler, esp, eip);
    frame.esp = esp;
    frame.eip = action.handler;
    Ok(())
}
