//! Death, and who is told of it (0.11 `kernel/exit.c`).

use crate::arch::desc::clear_task_descriptors;
use crate::arch::power::halt;
use crate::fs::buffer::sys_sync;
use crate::fs::exec::set_executable;
use crate::kernel::chr_drv::tty_io;
use crate::kernel::errno::{ECHILD, EINVAL, EPERM, ERESTARTSYS, ESRCH, Errno, SysResult};
use crate::kernel::printk::printk;
use crate::kernel::sched::{math_state_drop, schedule};
use crate::kernel::signal::{SA_NOCLDSTOP, SIGCHLD, SIGCONT, SIGHUP};
use crate::kernel::task::{Task, TaskState, current, tasks};
use crate::kernel::trace::trace;
use crate::kernel::types::{INIT, Pid, TaskNr, Ticks, UserAddr};
use crate::kernel::{peep, ptrace};
use crate::mm::memory::{Page, free_page_tables};

/// `waitpid`: do not wait.
const WNOHANG: u32 = 1;
/// `waitpid`: report stopped children too.
const WUNTRACED: u32 = 2;

// ANCHOR: release
/// Frees the page of a dead task and its slot (0.11 `release`).
fn release(nr: TaskNr, pid: Pid) {
    let mut tasks = tasks();
    match tasks.get(nr) {
        Some(task) if task.state() == TaskState::Zombie => peep::note_stack(task),
        _ => panic!("releasing slot {nr}, which holds no zombie"),
    }
    clear_task_descriptors(nr);
    // SAFETY: a zombie never runs again, so it is not the running task; this
    // `Tasks` is the only one, as `waitpid` holds none across the call.
    if let Some(task) = unsafe { tasks.clear_task(nr) } {
        let page = crate::kernel::types::PhysAddr(task.as_ptr() as u32);
        trace!(Release, nr.0, pid.0, page.0);
        // SAFETY: fork took the page with `into_raw`; its handles were taken
        // out by `do_exit`, and nothing points to it any more.
        drop(unsafe { Page::from_raw(page) });
    }
}
// ANCHOR_END: release

/// Sends `sig` to `task` if the running process may: same user, superuser, or
/// SIGCONT within the session (0.11 `send_sig`). Signal 0 only asks.
///
/// # Errors
/// `EPERM`, `EINVAL`.
fn send_sig(sig: u32, task: &Task) -> Result<(), Errno> {
    let sender = current();
    if sig > 32 {
        return Err(EINVAL);
    }
    let same_user = [sender.uid.get(), sender.euid.get()]
        .iter()
        .any(|&id| id == task.uid.get() || id == task.suid.get());
    let same_session = sig == SIGCONT && sender.session.get() == task.session.get();
    if !same_user && !same_session && !sender.suser() {
        return Err(EPERM);
    }
    if sig != 0 {
        task.raise(sig);
    }
    Ok(())
}

/// SIGHUP to all of the running session leader's session (0.11 `kill_session`).
fn kill_session() {
    let leader = current();
    for task in tasks().users() {
        if task.session.get() == leader.session.get() && !core::ptr::eq(task, &raw const *leader) {
            task.raise(SIGHUP);
            task.raise(SIGCONT);
        }
    }
}

/// The running session leader's session has no terminal any more. 0.11 leaves
/// it to those who have it.
pub fn abandon_terminal() {
    let leader = current();
    tasks()
        .users()
        .filter(|task| task.session.get() == leader.session.get())
        .for_each(|task| task.tty.set(-1));
}

/// SIGHUP to the leader of `session`, whose terminal was hung up. Not in 0.11.
pub fn hang_up_session(session: Pid) {
    if session.0 <= 0 {
        return;
    }
    let tasks = tasks();
    if let Some(leader) = tasks.find(session) {
        leader.raise(SIGHUP);
        leader.raise(SIGCONT);
    }
}

/// Sends `sig` to every process of group `pgrp`, without asking who may. Used
/// by the terminals; may be called by interrupt handlers. Not in 0.11, whose
/// `tty_intr` does it itself.
pub fn kill_pg(pgrp: Pid, sig: u32) {
    if pgrp.0 <= 0 {
        return;
    }
    tasks()
        .users()
        .filter(|task| task.pgrp.get() == pgrp)
        .for_each(|task| task.raise(sig));
}

/// Has group `pgrp` a member whose father is in another group of the same
/// session, so that someone can continue it when it stops? Not in 0.11.
pub fn is_orphaned_pgrp(pgrp: Pid) -> bool {
    let tasks = tasks();
    !tasks
        .users()
        .filter(|task| task.pgrp.get() == pgrp)
        .any(|task| {
            tasks.find(task.father.get()).is_some_and(|father| {
                father.pgrp.get() != pgrp && father.session.get() == task.session.get()
            })
        })
}

/// Sends `sig` to process `pid`; to the caller's group for 0, to everyone but
/// init and the caller for -1, to group `-pid` below (0.11 `sys_kill`).
///
/// # Errors
/// `ESRCH` if there is no such process, `EPERM` if there is, but none of them
/// may be sent a signal; `EINVAL`.
///
/// Erratum `exit-2`.
pub fn sys_kill(pid: i32, sig: u32) -> SysResult {
    let sender = current();
    let wanted = |task: &Task| match pid {
        0 => task.pgrp.get() == sender.pgrp.get(),
        -1 => task.pid.get() != INIT && task.pid.get() != sender.pid.get(),
        1.. => task.pid.get() == Pid(pid),
        _ => task.pgrp.get().0 == pid.wrapping_neg(),
    };
    let mut result = Err(ESRCH);
    for task in tasks().users().filter(|&task| wanted(task)) {
        match send_sig(sig, task) {
            Ok(()) => result = Ok(0),
            Err(error) if result == Err(ESRCH) => result = Err(error),
            Err(_) => {}
        }
    }
    result
}

/// SIGCHLD to the father of `task`, or to its tracer, and wakes him if he waits, whether he lets
/// the signal through or not (0.11 `tell_father`). A lost father is no fatal
/// matter: init takes over.
///
/// Erratum `exit-1`.
pub fn tell_father(task: &Task) {
    let tasks = tasks();
    let father = tasks.find(task.parent()).or_else(|| {
        task.tracer.set(Pid(0));
        tasks.find(INIT).inspect(|init| hand_over(task, init))
    });
    if let Some(father) = father {
        let stopped = task.state() == TaskState::Stopped;
        let wanted = father.sigaction[SIGCHLD as usize - 1].get().flags & SA_NOCLDSTOP == 0;
        if !stopped || wanted {
            father.raise(SIGCHLD);
        }
        father.child_exit.wake_up();
    }
}

/// Makes `task` a child of `init`.
fn hand_over(task: &Task, init: &Task) {
    task.father.set(INIT);
    init.adopt(task.nr.get(), true);
}

/// Init has ended, with this code as `waitpid` would tell it, and nobody looks
/// after processes any more: writes what is not on the disks yet and stops the
/// machine. In 0.11 it goes on without.
fn init_has_ended(code: i32) -> ! {
    let (how, number) = match code & 0x7f {
        0 => ("with code", code >> 8),
        signal => ("by signal", signal),
    };
    printk!("init has ended {how} {number}: try another init=, or a shell that works.\n");
    if sys_sync().is_ok() {
        printk!("The disks are written.\n");
    }
    halt()
}

// ANCHOR: do_exit
/// The end of the running process (0.11 `do_exit`): memory, files and inodes
/// are given back, children go to init, the father is told. What is left is a
/// zombie, whose page the father's `waitpid` frees.
///
/// Called only where nothing is held: from `sys_exit` and from `do_signal`.
pub fn do_exit(code: i32) -> ! {
    let task = current();
    if task.pid.get() == INIT {
        init_has_ended(code);
    }
    trace!(ExitBegin, code);
    ptrace::wait_for_tracer(&task);
    free_page_tables(&task);
    trace!(
        ExitFiles,
        task.filp.iter().filter(|file| !file.is_empty()).count()
    );
    for file in &task.filp {
        drop(file.take());
    }
    drop(task.pwd.take());
    drop(task.root.take());
    set_executable(&task, None);
    if task.leader.get() {
        if let Ok(tty) = usize::try_from(task.tty.get()) {
            tty_io::leader_exit(tty);
            abandon_terminal();
        }
        kill_session();
    }
    math_state_drop(&task);
    task.alarm.set(Ticks(0));
    let pid = task.pid.get();
    for child in tasks().children_of(&task) {
        let traced = child.tracer.get() == pid;
        if child.father.get() == pid {
            if let Some(init) = tasks().find(INIT) {
                hand_over(child, init);
            }
        } else if !traced {
            continue;
        }
        if traced {
            child.tracer.set(Pid(0));
        }
        match child.state() {
            TaskState::Zombie => tell_father(child),
            // No one else would let it go on.
            TaskState::Stopped if traced => child.cont(),
            _ => {}
        }
    }
    task.exit_code.set(code);
    task.set_state(TaskState::Zombie);
    trace!(ExitZombie, task.father.get().0, code);
    tell_father(&task);
    schedule();
    panic!("a zombie was scheduled");
}
// ANCHOR_END: do_exit

/// 0.11 `sys_exit`.
pub fn sys_exit(error_code: i32) -> SysResult {
    do_exit((error_code & 0xff) << 8)
}

/// A child that has something to report.
struct Report {
    nr: TaskNr,
    pid: Pid,
    status: i32,
    dead: bool,
}

/// Looks for a child of the running process that `pid` selects.
///
/// # Errors
/// `ECHILD` if there is none, dead or alive.
fn find_child(pid: i32, options: u32) -> Result<Option<Report>, Errno> {
    let father = current();
    let mut found = Err(ECHILD);
    for task in tasks().children_of(&father) {
        let selected = match pid {
            -1 => true,
            0 => task.pgrp.get() == father.pgrp.get(),
            1.. => task.pid.get() == Pid(pid),
            _ => task.pgrp.get().0 == pid.wrapping_neg(),
        };
        let ours = task.parent() == father.pid.get();
        if !selected || !ours && task.father.get() != father.pid.get() {
            continue;
        }
        found = Ok(None);
        let wanted = options & WUNTRACED != 0 || task.is_traced();
        let status = match task.state() {
            _ if !ours => continue, // first its tracer is told
            TaskState::Zombie => task.exit_code.get(),
            // A stopped child is reported once: its exit code is cleared then.
            TaskState::Stopped if wanted && task.exit_code.get() != 0 => {
                task.exit_code.get() << 8 | 0x7f
            }
            _ => continue,
        };
        let dead = task.state() == TaskState::Zombie;
        return Ok(Some(Report {
            nr: task.nr.get(),
            pid: task.pid.get(),
            status,
            dead,
        }));
    }
    found
}

/// Waits until a child has died (or stopped) and releases it (0.11
/// `sys_waitpid`). The status goes to `stat_addr`, if that is not null, before
/// the child is released: a bad address loses nothing.
///
/// # Errors
/// `ECHILD`, `EINTR`, `EFAULT`.
///
/// Erratum `signal-5`.
pub fn sys_waitpid(pid: i32, stat_addr: UserAddr, options: u32) -> SysResult {
    let father = current();
    loop {
        if let Some(child) = find_child(pid, options)? {
            if !stat_addr.is_null() {
                stat_addr.write(&child.status)?;
            }
            trace!(WaitFound, child.nr.0, child.pid.0, child.status);
            reap(&child);
            return Ok(child.pid.0);
        }
        if options & WNOHANG != 0 {
            return Ok(0);
        }
        if father.pending_signals() != 0 {
            return Err(ERESTARTSYS);
        }
        father.child_exit.prepare(TaskState::Interruptible);
        // One that died just now has told us before we were in the queue.
        let ready = !matches!(find_child(pid, options), Ok(None));
        if !ready && father.pending_signals() == 0 {
            schedule();
        }
        father.child_exit.finish();
    }
}

/// Takes note of a child's report; a dead one is released, and its times are
/// added to the father's.
fn reap(child: &Report) {
    let father = current();
    let tasks = tasks();
    let Some(task) = tasks
        .get(child.nr)
        .filter(|task| task.pid.get() == child.pid)
    else {
        return;
    };
    if !child.dead {
        // It may have gone on, and died, while the status was written.
        if task.state() == TaskState::Stopped {
            task.exit_code.set(0);
        }
        return;
    }
    if task.father.get() != father.pid.get() {
        // We have only traced it: now its father is told.
        task.tracer.set(Pid(0));
        return tell_father(task);
    }
    for (sum, own) in father
        .cfaults
        .iter()
        .zip(task.faults.iter().zip(&task.cfaults))
    {
        sum.set(
            sum.get()
                .wrapping_add(own.0.get())
                .wrapping_add(own.1.get()),
        );
    }
    let add =
        |sum: &core::cell::Cell<Ticks>, more: u32| sum.set(Ticks(sum.get().0.wrapping_add(more)));
    add(
        &father.cutime,
        task.utime.get().0.wrapping_add(task.cutime.get().0),
    );
    add(
        &father.cstime,
        task.stime.get().0.wrapping_add(task.cstime.get().0),
    );
    drop(tasks);
    father.adopt(child.nr, false);
    release(child.nr, child.pid);
}
