//! Scheduling, sleeping, timers (0.11 `kernel/sched.c`).

use crate::arch::desc::{Stub, load_first_task, set_intr_gate, set_task_descriptors};
use crate::arch::io::{inb_p, outb, outb_p};
use crate::arch::irq::{cli, irq_save, sti, sti_hlt};
use crate::arch::system::{clts, fnclex, fninit, fnsave, frstor, invalidate, jump_to_task, stts};
use crate::kernel::blk_drv::floppy::{FD_DOR, SELECTED};
use crate::kernel::bottom_half;
use crate::kernel::errno::{ERESTARTNOHAND, SysResult};
use crate::kernel::peep;
use crate::kernel::printk::printk;
use crate::kernel::shared::{IrqCell, IrqShared, assert_may_sleep};
use crate::kernel::signal::{SIGALRM, SIGKILL, SIGXCPU};
use crate::kernel::system_call::set_call_gate;
use crate::kernel::task::{
    KERNEL_STACK_PAGE, RLIM_INFINITY, RLIMIT_CPU, STACK_CANARY, Task, TaskState, current,
    for_each_runnable, set_current, tasks,
};
use crate::kernel::trace::{self, abi::Event, trace};
use crate::kernel::types::{TaskNr, Ticks};
use crate::kernel::wait::WaitQueue;
use crate::mm::memory::{calc_mem, count_pages, set_slot_user};
use core::fmt::{self, Write};
use core::ptr::NonNull;

/// Clock ticks in a second.
pub const HZ: u32 = 100;
/// What the 8253 counts down from, at 1.193182 MHz, for one tick.
const LATCH: u32 = 1_193_182 / HZ;

/// Clock ticks since boot.
static JIFFIES: IrqCell<u32> = IrqCell::new(0);
/// The time of boot, in seconds since 1970.
static STARTUP_TIME: IrqCell<i32> = IrqCell::new(0);
/// The slot whose numbers the coprocessor holds, or [`NO_MATH`].
static LAST_TASK_USED_MATH: IrqCell<u8> = IrqCell::new(NO_MATH);
const NO_MATH: u8 = u8::MAX;

/// Clock ticks since boot (0.11 `jiffies`).
#[inline(always)]
pub fn jiffies() -> Ticks {
    Ticks(JIFFIES.get())
}

/// Seconds since 1970 (0.11 `CURRENT_TIME`).
pub fn current_time() -> i32 {
    STARTUP_TIME.get().wrapping_add((JIFFIES.get() / HZ) as i32)
}

/// Sets the clock: `now` in seconds since 1970.
pub fn set_current_time(now: i32) {
    STARTUP_TIME.set(now.wrapping_sub((JIFFIES.get() / HZ) as i32));
}

/// Task 0 and its kernel stack: one page, like every task's.
#[repr(C, align(4096))]
struct TaskUnion {
    task: Task,
    stack: [u8; KERNEL_STACK_PAGE as usize - size_of::<Task>()],
}
// SAFETY: reached as the task of slot 0 only; all its fields are cells that
// tasks and interrupt handlers of one CPU use one after the other.
unsafe impl Sync for TaskUnion {}

static INIT_TASK: TaskUnion = TaskUnion {
    task: Task::first(),
    stack: [0; KERNEL_STACK_PAGE as usize - size_of::<Task>()],
};

/// One line about a task, for F12 (0.11 `show_task`). How much of its kernel
/// stack was never used is known where fork fills it, for the tests.
fn show_task(task: &Task) {
    task.with_name(|name| {
        printk!(
            "{}: pid={}, state={:?}, father={}, {}",
            task.nr.get(),
            task.pid.get(),
            task.state(),
            task.father.get(),
            name,
        );
    });
    if let Some((used, size)) = peep::stack_use(task) {
        printk!(
            ", {} (of {}) bytes of kernel stack unused",
            size - used,
            size
        );
    }
    printk!("\n");
}

/// Prints all tasks, and memory (0.11 `show_stat`).
pub fn show_stat() {
    tasks().iter().for_each(show_task);
    calc_mem();
}

/// The first line of `/dev/ps`.
pub const PS_HEADER: &str =
    "PID PPID PGRP SID UID STATE PRI CNT TTY START UTIME STIME PAGES NAME\n";

/// Writes the line of `/dev/ps` for the task in slot `nr`, nothing if there is
/// none. Not in 0.11.
///
/// # Errors
/// Those of `out`.
pub fn write_ps_line(nr: TaskNr, out: &mut dyn Write) -> fmt::Result {
    let tasks = tasks();
    let Some(task) = tasks.get(nr) else {
        return Ok(());
    };
    let state = match task.state() {
        TaskState::Running => 'R',
        TaskState::Interruptible => 'S',
        TaskState::Uninterruptible => 'D',
        TaskState::Zombie => 'Z',
        TaskState::Stopped => 'T',
    };
    write!(
        out,
        "{} {} {} {} {} {state} {} {} {} {} {} {} {} ",
        task.pid.get(),
        task.father.get(),
        task.pgrp.get(),
        task.session.get(),
        task.uid.get(),
        task.priority.get(),
        task.counter.get(),
        task.tty.get(),
        task.start_time.get(),
        task.utime.get(),
        task.stime.get(),
        count_pages(task),
    )?;
    task.with_name(|name| writeln!(out, "{name}"))
}

/// Gives the coprocessor to the running task, whose first instruction for it
/// since the last switch this is (0.11 `math_state_restore`).
pub fn math_state_restore() {
    let task = current();
    let nr = task.nr.get().0;
    clts();
    let last = LAST_TASK_USED_MATH.get();
    if last == nr {
        return;
    }
    if last != NO_MATH
        && let Some(owner) = tasks().get(TaskNr(last))
    {
        // SAFETY: there is a coprocessor (this is its trap), TS is clear, and
        // the owner's TSS holds the space; no one else touches it.
        unsafe { fnsave(&raw mut (*owner.tss.get()).i387) };
    }
    LAST_TASK_USED_MATH.set(nr);
    if task.used_math.get() {
        // SAFETY: as above; `used_math` says that the state was saved there.
        unsafe { frstor(&raw const (*task.tss.get()).i387) };
    } else {
        // SAFETY: as above.
        unsafe { fninit() };
        task.used_math.set(true);
    }
}

/// Stores the coprocessor's numbers in the running task's TSS, if they are its
/// own, so that fork can copy them. The next use loads them again: 0.11 leaves
/// the parent with an empty coprocessor.
///
/// Erratum `fork-1`.
pub fn math_state_save() {
    let task = current();
    if LAST_TASK_USED_MATH.get() == task.nr.get().0 {
        clts();
        // SAFETY: the task has used it, so there is one; TS is clear.
        unsafe { fnsave(&raw mut (*task.tss.get()).i387) };
        LAST_TASK_USED_MATH.set(NO_MATH);
        stts();
    }
}

/// The task in slot `nr` needs the coprocessor's numbers no more.
pub fn math_state_drop(task: &Task) {
    if LAST_TASK_USED_MATH.get() == task.nr.get().0 {
        LAST_TASK_USED_MATH.set(NO_MATH);
        stts();
    }
    task.used_math.set(false);
}

/// Drops the coprocessor's pending exceptions. They may be those of a task that
/// does not run: the running one must not get at its numbers by this.
pub fn math_clear_exceptions() {
    clts();
    // SAFETY: there is a coprocessor, which has just reported an error, and TS
    // is clear.
    unsafe { fnclex() };
    if LAST_TASK_USED_MATH.get() != current().nr.get().0 {
        stts();
    }
}

/// Calls `f` with the task whose numbers the coprocessor holds.
pub fn math_owner(f: impl FnOnce(&Task)) {
    if let Some(task) = tasks().get(TaskNr(LAST_TASK_USED_MATH.get())) {
        f(task);
    }
}

// ANCHOR: schedule
/// Runs the runnable task with the most ticks left; when all have used up
/// theirs, hands out new ones: half of what is left plus the priority, so that
/// who sleeps saves some (0.11 `schedule`). Task 0 runs when no one else can.
///
/// 0.11 also looks for alarms and signals here; they wake their task at once
/// now (`do_timer`, `Task::raise`).
#[unsafe(no_mangle)]
pub extern "C" fn schedule() {
    assert_may_sleep();
    if current().canary.get() != STACK_CANARY {
        panic!("kernel stack overflow in process {}", current().pid.get());
    }
    let next = loop {
        let tasks = tasks();
        let mut best = -1;
        let mut next = TaskNr(0);
        for_each_runnable(&tasks, |task| {
            let counter = task.counter.get();
            if counter > best {
                (best, next) = (counter, task.nr.get());
            }
        });
        if best != 0 {
            break next;
        }
        trace!(Recharge);
        for task in tasks.users() {
            task.counter
                .update(|counter| (counter >> 1) + task.priority.get());
        }
    };
    if next.0 == 0 {
        // Task 0 has no time slice, but 0 would mean that one has ended.
        INIT_TASK.task.counter.set(INIT_TASK.task.priority.get());
    }
    switch_to(next);
}
// ANCHOR_END: schedule

// ANCHOR: switch_to
/// Switches to the task in slot `next`; returns when it is our turn again
/// (0.11's macro `switch_to`). The directory entries of both slots change, and
/// CR3 is loaded here because the CPU does not: it is the same for all tasks.
fn switch_to(next: TaskNr) {
    let old = current();
    if old.nr.get() == next {
        return;
    }
    let _irq = irq_save();
    trace!(
        Switch,
        old.nr.get().0,
        next.0,
        old.state(),
        old.counter.get()
    );
    set_slot_user(&old, false);
    if let Some(task) = tasks().get(next) {
        set_slot_user(task, true);
    }
    invalidate();
    // SAFETY: `schedule` found `next` in the table, so its TSS is set up, and
    // it is not the running task. Interrupts are off between the two.
    unsafe {
        set_current(next);
        jump_to_task(next);
    }
    if LAST_TASK_USED_MATH.get() == current().nr.get().0 {
        clts();
    }
}
// ANCHOR_END: switch_to

/// Sleeps until a signal comes that has a handler (0.11 `sys_pause`). Task 0
/// calls it when there is nothing to do: the CPU halts until the next
/// interrupt. 0.11 returns 0 here.
///
/// # Errors
/// Always `EINTR`, after the handler has run.
///
/// Erratum `sched-3`.
pub fn sys_pause() -> SysResult {
    let task = current();
    if task.nr.get().0 == 0 {
        // Off, so that what an interrupt makes runnable now is not overlooked.
        cli();
        let mut idle = true;
        for_each_runnable(&tasks(), |_| idle = false);
        if idle {
            sti_hlt();
        } else {
            sti();
        }
        schedule();
        return Ok(0);
    }
    while task.pending_signals() == 0 {
        task.set_state(TaskState::Interruptible);
        trace!(Pause);
        if task.pending_signals() == 0 {
            schedule();
        }
        task.set_state(TaskState::Running);
    }
    Err(ERESTARTNOHAND)
}

// 0.11's sleep_on, interruptible_sleep_on and wake_up are the methods of
// `kernel::wait::WaitQueue`.

// The floppy drives' motors are here because the timer runs them.

/// What is in the floppy controller's digital output register, which cannot be
/// read: bits 0 and 1 the selected drive, 2 no reset, 3 interrupts and DMA, 4 to
/// 7 the motors (0.11 `current_DOR`).
pub static CURRENT_DOR: IrqCell<u8> = IrqCell::new(0x0c);
const DOR_MOTORS: u8 = 0xf0;
const FLOPPY_DRIVES: usize = 4;
static WAIT_MOTOR: [WaitQueue; FLOPPY_DRIVES] = [const { WaitQueue::new() }; FLOPPY_DRIVES];
/// Ticks until the motor has its speed, and until it is turned off.
static MON_TIMER: [IrqCell<u32>; FLOPPY_DRIVES] = [const { IrqCell::new(0) }; FLOPPY_DRIVES];
static MOFF_TIMER: [IrqCell<u32>; FLOPPY_DRIVES] = [const { IrqCell::new(0) }; FLOPPY_DRIVES];

/// Turns the drive's motor on, to stay so until `floppy_off`, and selects the
/// drive unless another one is in use; the ticks until it is ready (0.11
/// `ticks_to_floppy_on`).
pub fn ticks_to_floppy_on(drive: usize) -> u32 {
    let _irq = irq_save();
    MOFF_TIMER[drive].set(100 * HZ); // very long
    let old = CURRENT_DOR.get();
    let mut dor = old | 0x10 << drive;
    if !SELECTED.get() {
        dor = dor & !3 | drive as u8;
    }
    if dor != old {
        outb(dor, FD_DOR);
        CURRENT_DOR.set(dor);
        let wait = if (dor ^ old) & DOR_MOTORS != 0 {
            HZ / 2
        } else {
            2
        };
        MON_TIMER[drive].update(|ticks| ticks.max(wait));
    }
    MON_TIMER[drive].get()
}

/// Turns the drive's motor on and sleeps until it has its speed (0.11
/// `floppy_on`).
pub fn floppy_on(drive: usize) {
    WAIT_MOTOR[drive].wait_while(|| ticks_to_floppy_on(drive) > 0);
}

/// The drive's motor is not needed any more: it goes off in three seconds (0.11
/// `floppy_off`).
pub fn floppy_off(drive: usize) {
    MOFF_TIMER[drive].set(3 * HZ);
}

/// A tick for the motors that run (0.11 `do_floppy_timer`).
#[cold]
fn do_floppy_timer() {
    for drive in 0..FLOPPY_DRIVES {
        let motor = 0x10 << drive;
        let (on, off) = (&MON_TIMER[drive], &MOFF_TIMER[drive]);
        if CURRENT_DOR.get() & motor == 0 {
            continue;
        }
        if on.get() > 0 {
            on.set(on.get() - 1);
            if on.get() == 0 {
                WAIT_MOTOR[drive].wake_up();
            }
        } else if off.get() > 0 {
            off.set(off.get() - 1);
        } else {
            CURRENT_DOR.set(CURRENT_DOR.get() & !motor);
            outb(CURRENT_DOR.get(), FD_DOR);
        }
    }
}

/// Timers at once.
const TIME_REQUESTS: usize = 16;

#[derive(Clone, Copy)]
struct Timer {
    due: u32,
    action: fn(),
}

static TIMER_LIST: IrqShared<[Option<Timer>; TIME_REQUESTS]> =
    IrqShared::new(&"the timer list", [None; TIME_REQUESTS]);
/// When the first timer is due, and the first alarm; [`NEVER`] for none.
static NEXT_TIMER: IrqCell<u32> = IrqCell::new(NEVER);
static NEXT_ALARM: IrqCell<u32> = IrqCell::new(NEVER);
const NEVER: u32 = u32::MAX;

/// Has the time `due` come?
fn is_due(due: u32) -> bool {
    due != NEVER && (JIFFIES.get().wrapping_sub(due) as i32) >= 0
}

/// Calls `action` in `ticks` ticks, from the timer interrupt (0.11
/// `add_timer`); at once if `ticks` is 0. Returns `false` when there are too
/// many timers, where 0.11 panics.
pub fn add_timer(ticks: u32, action: fn()) -> bool {
    if ticks == 0 {
        action();
        return true;
    }
    let due = JIFFIES.get().wrapping_add(ticks);
    let mut list = TIMER_LIST.lock();
    let Some(place) = list.iter_mut().find(|timer| timer.is_none()) else {
        return false;
    };
    *place = Some(Timer { due, action });
    let next = NEXT_TIMER.get();
    if next == NEVER || (due.wrapping_sub(next) as i32) < 0 {
        NEXT_TIMER.set(due);
    }
    true
}

/// Runs the timers that are due. Each is taken out of the list before it runs,
/// so that it may add itself again.
fn run_timers() {
    loop {
        let mut list = TIMER_LIST.lock();
        let mut next = NEVER;
        let mut action = None;
        for place in list.iter_mut() {
            match place {
                Some(timer) if action.is_none() && is_due(timer.due) => {
                    action = Some(timer.action);
                    *place = None;
                }
                Some(timer) if next == NEVER || (timer.due.wrapping_sub(next) as i32) < 0 => {
                    next = timer.due;
                }
                _ => {}
            }
        }
        NEXT_TIMER.set(next);
        drop(list);
        match action {
            Some(action) => action(),
            None => return,
        }
    }
}

/// Lets the next interruptible sleep of the running task end at tick `due`; 0
/// for never (0.12's `current->timeout`). Any number of tasks may have one.
pub fn set_timeout(due: u32) {
    current().timeout.set(Ticks(due));
    if due != 0 {
        NEXT_ALARM.update(|next| next.min(due));
    }
}

/// Sends SIGALRM to the tasks whose alarm is due, and wakes those whose time
/// to wait is over.
fn run_alarms() {
    let mut next = NEVER;
    let mut test = |cell: &IrqCell<Ticks>| {
        let due = cell.get().0;
        let over = due != 0 && is_due(due);
        if over {
            cell.set(Ticks(0));
        } else if due != 0 {
            next = next.min(due);
        }
        over
    };
    for task in tasks().users() {
        if test(&task.alarm) {
            task.raise(SIGALRM);
        }
        if test(&task.timeout) && task.state() == TaskState::Interruptible {
            task.set_state(TaskState::Running);
            trace!(WakeTimeout, task.nr.get().0, task.pid.get().0);
        }
    }
    NEXT_ALARM.set(next);
}

/// SIGXCPU each second beyond the limit of processor time, SIGKILL at the hard
/// limit (0.12 knows `RLIMIT_CPU` and does not look at it).
fn check_cpu_limit(task: &Task) {
    let limit = &task.rlim[RLIMIT_CPU];
    let used = task.utime.get().0.wrapping_add(task.stime.get().0);
    if used.is_multiple_of(HZ) && used / HZ >= limit.cur.get() {
        task.raise(if used / HZ >= limit.max.get() {
            SIGKILL
        } else {
            SIGXCPU
        });
    }
}

/// The timer interrupt, 100 times a second, with interrupts off (0.11
/// `do_timer`). `cpl` is the privilege level of what was interrupted. The way
/// out of the interrupt calls `schedule` when the time slice has ended and a
/// program, not the kernel, was running.
#[unsafe(no_mangle)]
extern "C" fn do_timer(cpl: u32) {
    JIFFIES.set(JIFFIES.get().wrapping_add(1));
    let task = current();
    let time = if cpl != 0 { &task.utime } else { &task.stime };
    time.set(Ticks(time.get().0.wrapping_add(1)));
    if task.rlim[RLIMIT_CPU].cur.get() != RLIM_INFINITY {
        check_cpu_limit(&task);
    }
    if is_due(NEXT_TIMER.get()) {
        run_timers();
    }
    if is_due(NEXT_ALARM.get()) {
        run_alarms();
    }
    if CURRENT_DOR.get() & DOR_MOTORS != 0 {
        do_floppy_timer();
    }
    let counter = task.counter.get();
    if counter > 0 {
        task.counter.set(counter - 1);
        if counter == 1 {
            task.attention.set(1);
        }
    }
    bottom_half::run_after_interrupt();
}

/// SIGALRM in `seconds`, or none for 0; returns the seconds that were left of
/// the last one (0.11 `sys_alarm`).
pub fn sys_alarm(seconds: i32) -> SysResult {
    let task = current();
    let now = JIFFIES.get();
    let old = match task.alarm.get().0 {
        0 => 0,
        due => due.wrapping_sub(now).div_ceil(HZ) as i32,
    };
    if seconds > 0 {
        // At most 248 days: half of what the tick counter distinguishes.
        let ticks = (seconds as u32).min(i32::MAX as u32 / HZ) * HZ;
        let due = now.wrapping_add(ticks).max(1);
        task.alarm.set(Ticks(due));
        NEXT_ALARM.update(|next| if next == NEVER { due } else { next.min(due) });
    } else {
        task.alarm.set(Ticks(0));
    }
    Ok(old)
}

/// 0.11 `sys_getpid`.
pub fn sys_getpid() -> SysResult {
    Ok(current().pid.get().0)
}

/// 0.11 `sys_getppid`.
pub fn sys_getppid() -> SysResult {
    Ok(current().father.get().0)
}

/// 0.11 `sys_getuid`.
pub fn sys_getuid() -> SysResult {
    Ok(current().uid.get() as i32)
}

/// 0.11 `sys_geteuid`.
pub fn sys_geteuid() -> SysResult {
    Ok(current().euid.get() as i32)
}

/// 0.11 `sys_getgid`.
pub fn sys_getgid() -> SysResult {
    Ok(current().gid.get() as i32)
}

/// 0.11 `sys_getegid`.
pub fn sys_getegid() -> SysResult {
    Ok(current().egid.get() as i32)
}

/// Longest time slice that the superuser may give himself.
const PRIORITY_MAX: i32 = 35;

/// Takes `increment` ticks off the time slice, not below 1; only the superuser
/// may add some (0.11 `sys_nice`, which ignores others and has no upper bound).
pub fn sys_nice(increment: i32) -> SysResult {
    let task = current();
    if increment < 0 {
        task.require_suser()?;
    }
    let priority = task.priority.get().saturating_sub(increment);
    task.priority.set(priority.clamp(1, PRIORITY_MAX));
    Ok(0)
}

unsafe extern "C" {
    fn timer_interrupt();
}

/// Makes what runs now task 0, starts the clock and opens the system call gate
/// (0.11 `sched_init`).
pub fn sched_init() {
    let task = &INIT_TASK.task;
    // All of slot 0's tables, which map physical memory; task 0 itself is
    // linked below 640 KB.
    task.tables.set(0xffff);
    task.mapped_low.set(160);
    // SAFETY: the page is static; slot 0's descriptors are set before the CPU
    // uses them; the TSS is filled by the CPU at the first switch, but for the
    // kernel stack, which an entry from ring 3 needs before.
    unsafe {
        let tss = task.tss.get();
        (*tss).esp0 = (&raw const INIT_TASK) as u32 + KERNEL_STACK_PAGE;
        (*tss).ss0 = 0x10;
        (*tss).ldt = crate::arch::desc::ldt_selector(TaskNr(0)) as u32;
        set_task_descriptors(TaskNr(0), task);
        tasks().set_task(TaskNr(0), NonNull::from(task));
        set_current(TaskNr(0));
        load_first_task();
    }
    task.set_state(TaskState::Running);
    outb_p(0x36, 0x43); // counter 0, mode 3, low byte then high byte
    outb_p(LATCH as u8, 0x40);
    outb(((LATCH >> 8) & 0xff) as u8, 0x40);
    set_intr_gate(0x20, timer_interrupt as Stub);
    outb(inb_p(0x21) & !0x01, 0x21);
    set_call_gate(trace::wants(Event::SysEnter));
}
