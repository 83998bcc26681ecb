//! fork (0.11 `kernel/fork.c`).

use crate::arch::desc::{
    FIRST_LDT_ENTRY, FIRST_TSS_ENTRY, KERNEL_DS, ldt_selector, set_task_descriptors,
};
use crate::kernel::errno::{EAGAIN, EINVAL, Errno, SysResult};
use crate::kernel::peep;
use crate::kernel::printk::printk;
use crate::kernel::sched::{jiffies, math_state_save};
use crate::kernel::shared::{HandleCell, IrqCell};
use crate::kernel::task::{
    KERNEL_STACK_PAGE, NR_OPEN, STACK_FILL, TASK_SIZE, Task, TaskState, current, tasks,
};
use crate::kernel::trace::trace;
use crate::kernel::traps::TrapFrame;
use crate::kernel::types::{LinAddr, Pid, TaskNr, Ticks};
use crate::kernel::wait::WaitQueue;
use crate::mm::memory::{Page, copy_page_tables};
use core::ptr::NonNull;

/// The highest process number; then they begin again.
const PID_MAX: i32 = 32767;

/// What task 0's only child is called until it executes a program.
const INIT_NAME: [u8; 16] = *b"init\0\0\0\0\0\0\0\0\0\0\0\0";

/// The last process number that was given away (0.11 `last_pid`).
static LAST_PID: IrqCell<i32> = IrqCell::new(0);

/// The lowest number above [`LAST_PID`] that a process, group or session may
/// have: those in between are free. Numbers only come into use by fork. Not in
/// 0.11, which looks at every task for each number.
static NEXT_USED: IrqCell<i32> = IrqCell::new(0);

// 0.11's verify_area is in `arch::segment`: `UserSlice::write_pages` checks page
// by page, just before it writes.

// ANCHOR: copy_mem
/// Gives the child its slot of linear space and its father's pages (0.11
/// `copy_mem`).
///
/// # Errors
/// `EAGAIN` when there is no page; `EINVAL` when the father's code and data
/// segments are not the same slot, which 0.11 panics about.
fn copy_mem(nr: TaskNr, child: &Task) -> Result<(), Errno> {
    let parent = current();
    let code = parent.ldt[1].get();
    let data = parent.ldt[2].get();
    let base = data.base();
    if code.base() != base || !base.0.is_multiple_of(TASK_SIZE) {
        printk!(
            "copy_mem: code at {:#x}, data at {:#x}\n",
            code.base().0,
            base.0
        );
        return Err(EINVAL);
    }
    if data.limit_in_bytes() < code.limit_in_bytes() {
        printk!("copy_mem: bad data limit\n");
        return Err(EINVAL);
    }
    let new_base = LinAddr(nr.0 as u32 * TASK_SIZE);
    child.start_code.set(new_base);
    child.set_segments(code.with_base(new_base), data.with_base(new_base));
    trace!(ForkSegments, nr.0, new_base.0, data.limit_in_bytes());
    copy_page_tables(&parent, child)
}
// ANCHOR_END: copy_mem

// ANCHOR: copy_process
/// Makes a copy of the running task in slot `nr` (0.11 `copy_process`): first
/// the task_struct, then memory, then files and inodes, at last the GDT
/// entries and the place in `task[]`; only then is it made runnable. Nothing
/// in between sleeps.
///
/// # Errors
/// As for [`copy_mem`], and `EAGAIN` when there is no page for the task_struct.
fn copy_process(nr: TaskNr, pid: Pid, frame: &TrapFrame) -> Result<(), Errno> {
    math_state_save();
    let parent = current();
    let mut page = Page::alloc().ok_or(EAGAIN)?;
    trace!(ForkPage, nr.0, page.address().0);
    if peep::enabled() {
        for word in page.data_mut().chunks_exact_mut(4) {
            word.copy_from_slice(&STACK_FILL.to_le_bytes());
        }
    }
    let place = page.address().0 as *mut Task;
    // SAFETY: the page is ours, page-aligned, and larger than a Task. The
    // parent's bits are valid for all fields but the handles, which it still
    // owns, and the wait queue: those are overwritten, without being dropped,
    // before a reference to the child is made.
    let child = unsafe {
        core::ptr::copy_nonoverlapping(&raw const *parent, place, 1);
        (&raw mut (*place).pwd).write(HandleCell::empty());
        (&raw mut (*place).root).write(HandleCell::empty());
        (&raw mut (*place).executable).write(HandleCell::empty());
        (&raw mut (*place).filp).write([const { HandleCell::empty() }; NR_OPEN]);
        (&raw mut (*place).child_exit).write(WaitQueue::new());
        &*place
    };
    child.nr.set(nr);
    child.set_state(TaskState::Uninterruptible);
    child.pid.set(pid);
    child.father.set(parent.pid.get());
    child.counter.set(parent.priority.get());
    child.signal.set(0);
    child.attention.set(0);
    child.alarm.set(Ticks(0));
    child.timeout.set(Ticks(0));
    child.tracer.set(Pid(0));
    child.children.set([0; 2]);
    for count in child.faults.iter().chain(&child.cfaults) {
        count.set(0);
    }
    child.leader.set(false); // leadership is not inherited
    child.utime.set(Ticks(0));
    child.stime.set(Ticks(0));
    child.cutime.set(Ticks(0));
    child.cstime.set(Ticks(0));
    child.start_time.set(jiffies());
    child.tables.set(0);
    child.saved_mask.set(None);
    if parent.nr.get().0 == 0 {
        child.comm.set(INIT_NAME);
    }
    trace!(
        ForkCopied,
        nr.0,
        pid.0,
        child.counter.get(),
        child.father.get().0
    );
    set_tss(child, frame, nr, page.address().0 + KERNEL_STACK_PAGE);
    trace!(ForkTss, nr.0, frame.eip, frame.esp, ldt_selector(nr));
    child.set_user_esp(frame.esp);
    copy_mem(nr, child)?;
    for (to, from) in child.filp.iter().zip(&parent.filp) {
        drop(to.replace(from.get()));
    }
    drop(child.pwd.replace(parent.pwd.get()));
    drop(child.root.replace(parent.root.get()));
    crate::fs::exec::set_executable(child, parent.executable.get());
    trace!(
        ForkFiles,
        nr.0,
        child.filp.iter().filter(|file| !file.is_empty()).count(),
        child.pwd.get().map_or(0, |inode| inode.count() - 1),
        child.executable.get().map_or(0, |inode| inode.i_text.get()),
    );
    set_task_descriptors(nr, child);
    trace!(
        ForkGdt,
        nr.0,
        FIRST_TSS_ENTRY as u32 + 2 * nr.0 as u32,
        FIRST_LDT_ENTRY as u32 + 2 * nr.0 as u32
    );
    page.into_raw();
    // SAFETY: the page now belongs to the process table, until `release`.
    unsafe { tasks().set_task(nr, NonNull::from(child)) };
    parent.adopt(nr, true);
    child.set_state(TaskState::Running);
    trace!(ForkReady, nr.0, pid.0);
    Ok(())
}
// ANCHOR_END: copy_process

/// The child goes on where its father's system call returns, with 0 in eax.
fn set_tss(child: &Task, frame: &TrapFrame, nr: TaskNr, stack_top: u32) {
    // SAFETY: the child is not known to anyone yet; its TSS is ours.
    let tss = unsafe { &mut *child.tss.get() };
    tss.back_link = 0;
    tss.esp0 = stack_top;
    tss.ss0 = KERNEL_DS as u32;
    tss.cr3 = 0;
    tss.eip = frame.eip;
    tss.eflags = frame.eflags;
    tss.eax = 0;
    tss.ecx = frame.ecx;
    tss.edx = frame.edx;
    tss.ebx = frame.ebx;
    tss.esp = frame.esp;
    tss.ebp = frame.ebp;
    tss.esi = frame.esi;
    tss.edi = frame.edi;
    tss.es = frame.es & 0xffff;
    tss.cs = frame.cs & 0xffff;
    tss.ss = frame.ss & 0xffff;
    tss.ds = frame.ds & 0xffff;
    tss.fs = frame.fs & 0xffff;
    tss.gs = crate::arch::system::user_gs();
    tss.ldt = ldt_selector(nr) as u32;
    tss.trace_bitmap = 0x8000_0000;
}

// ANCHOR: find_empty_process
/// Finds a free slot and a process number that is no live process's, group's or
/// session's (0.11 `find_empty_process`, which forgets groups and sessions).
///
/// # Errors
/// `EAGAIN` when all slots are taken.
///
/// Erratum `fork-2`.
fn find_empty_process() -> Result<(TaskNr, Pid), Errno> {
    let tasks = tasks();
    let nr = tasks.free_slot().ok_or(EAGAIN)?;
    loop {
        let mut next = LAST_PID.get() + 1;
        if next > PID_MAX {
            next = 1;
            NEXT_USED.set(0);
        }
        LAST_PID.set(next);
        if next < NEXT_USED.get() {
            return Ok((nr, Pid(next)));
        }
        let mut taken = false;
        let mut above = PID_MAX + 1;
        for task in tasks.users() {
            for Pid(used) in [task.pid.get(), task.pgrp.get(), task.session.get()] {
                taken |= used == next;
                if used > next && used < above {
                    above = used;
                }
            }
        }
        NEXT_USED.set(above);
        if !taken {
            return Ok((nr, Pid(next)));
        }
    }
}
// ANCHOR_END: find_empty_process

/// Creates a copy of the running process; returns the child's number, and 0 in
/// the child (0.11 `sys_fork` in `system_call.s`).
///
/// # Errors
/// `EAGAIN`: no slot or no memory.
pub fn sys_fork(frame: &TrapFrame) -> SysResult {
    let (nr, pid) = find_empty_process()?;
    trace!(ForkSlot, nr.0, pid.0);
    if let Err(error) = copy_process(nr, pid, frame) {
        trace!(ForkFailed, nr.0, error);
        return Err(error);
    }
    Ok(pid.0)
}
