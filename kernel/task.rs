//! The process table and `task_struct` (0.11 `include/linux/sched.h`).

use crate::arch::desc::{Descriptor, Tss};
use crate::arch::irq::irq_save;
use crate::fs::file_table::FileRef;
use crate::fs::inode::InodeRef;
use crate::kernel::errno::{EPERM, Errno};
use crate::kernel::shared::{HandleCell, IrqCell, NoSleep};
use crate::kernel::signal::SigAction;
use crate::kernel::traps::TrapFrame;
use crate::kernel::types::{LinAddr, Pid, TaskNr, Ticks, UserAddr};
use crate::kernel::wait::WaitQueue;
use crate::mm::memory::STACK_LIMIT;
use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomData;
use core::ops::Deref;
use core::ptr::NonNull;

/// Slots: tasks, and parts of the linear address space.
pub const NR_TASKS: usize = 64;
/// Open files of one process.
pub const NR_OPEN: usize = 20;
/// Bytes of linear address space in one slot.
pub const TASK_SIZE: u32 = 0x400_0000;
/// Bytes of the page that holds a `Task` and its kernel stack.
pub const KERNEL_STACK_PAGE: u32 = 4096;
/// Stands between the `Task` and its kernel stack, which grows towards it.
pub const STACK_CANARY: u32 = 0x5AFE_57AC;
/// What the unused part of a kernel stack is filled with where its deepest use
/// is to be measured.
pub const STACK_FILL: u32 = 0xA5A5_A5A5;

/// Kinds of limits (0.12 `RLIM_NLIMITS`, `include/sys/resource.h`).
pub const RLIM_NLIMITS: usize = 6;
/// Seconds of processor time.
pub const RLIMIT_CPU: usize = 0;
/// Bytes of a file that is written.
pub const RLIMIT_FSIZE: usize = 1;
/// Bytes of data, bss and heap.
pub const RLIMIT_DATA: usize = 2;
/// Bytes of the stack.
pub const RLIMIT_STACK: usize = 3;
/// No limit.
pub const RLIM_INFINITY: u32 = 0x7fff_ffff;
/// Supplementary groups of a process (0.12).
pub const NGROUPS: usize = 32;

/// A limit (0.12 `struct rlimit`).
#[repr(C)]
pub struct RLimit {
    /// The one in force.
    pub cur: IrqCell<u32>,
    /// What it may be raised to.
    pub max: IrqCell<u32>,
}

impl RLimit {
    const fn new(cur: u32) -> Self {
        RLimit {
            cur: IrqCell::new(cur),
            max: IrqCell::new(RLIM_INFINITY),
        }
    }
}

/// Supplementary groups: a Minix inode's group is one byte.
#[derive(Clone, Copy)]
pub struct Groups {
    pub count: u8,
    pub list: [u8; NGROUPS],
}

impl Groups {
    /// None.
    pub const NONE: Groups = Groups {
        count: 0,
        list: [0; NGROUPS],
    };

    /// Is `group` among them?
    pub fn contains(&self, group: u8) -> bool {
        self.list[..self.count as usize].contains(&group)
    }
}

/// What a task is doing (0.11's numbers).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum TaskState {
    /// On the CPU or ready for it.
    Running = 0,
    /// Asleep until an event or a signal.
    Interruptible = 1,
    /// Asleep until an event.
    Uninterruptible = 2,
    /// Dead, waiting for its father.
    Zombie = 3,
    /// Stopped by a signal, until SIGCONT.
    Stopped = 4,
}

/// Bit n of the two words: the task in slot n is runnable. Not in 0.11, which
/// looks at all 64 slots.
static RUNNABLE: [IrqCell<u32>; 2] = [const { IrqCell::new(0) }; 2];

/// Bit n of the two words: slot n holds a task. Not in 0.11.
static IN_USE: [IrqCell<u32>; 2] = [const { IrqCell::new(0) }; 2];

/// The numbers of the bits set in `words`, from the lowest up; or from the
/// highest down, by `next_back`.
struct Bits([u32; 2]);

impl Iterator for Bits {
    type Item = u8;
    #[inline(always)]
    fn next(&mut self) -> Option<u8> {
        let word = usize::from(self.0[0] == 0);
        let bits = self.0[word];
        if bits == 0 {
            return None;
        }
        self.0[word] = bits & (bits - 1);
        Some((word as u32 * 32 + bits.trailing_zeros()) as u8)
    }
}

impl DoubleEndedIterator for Bits {
    #[inline(always)]
    fn next_back(&mut self) -> Option<u8> {
        let word = usize::from(self.0[1] != 0);
        let bit = self.0[word].checked_ilog2()?;
        self.0[word] &= !(1 << bit);
        Some((word as u32 * 32 + bit) as u8)
    }
}

/// Calls `f` for each runnable task but task 0, from the last slot down.
#[inline(always)]
pub fn for_each_runnable(tasks: &Tasks, mut f: impl FnMut(&Task)) {
    for (index, word) in RUNNABLE.iter().enumerate().rev() {
        let mut bits = word.get();
        if index == 0 {
            bits &= !1;
        }
        while let Some(bit) = bits.checked_ilog2() {
            bits &= !(1 << bit);
            if let Some(task) = tasks.get(TaskNr((index as u32 * 32 + bit) as u8)) {
                f(task);
            }
        }
    }
}

/// A process: 0.11's `task_struct`. It lies at the start of a page whose rest
/// is its kernel stack.
///
/// Every field is a cell, so any number of `&Task` may exist; `IrqCell`s are
/// those that interrupt handlers touch as well. The first six are at offsets
/// that `system_call.S` knows.
#[repr(C)]
pub struct Task {
    state: IrqCell<TaskState>,
    /// Ticks left of its time slice.
    pub counter: IrqCell<i32>,
    /// Ticks of a full time slice, from `nice`.
    pub priority: Cell<i32>,
    /// Signals that have arrived: bit n-1 for signal n.
    pub signal: IrqCell<u32>,
    /// Signals that wait until they are let through; see [`Task::set_blocked`].
    pub blocked: IrqCell<u32>,
    /// Is there anything to look after on the way back to the program: the end
    /// of the time slice, or a signal? Not in 0.11, which tests all that could
    /// be on each return.
    pub attention: IrqCell<u32>,
    pub sigaction: [Cell<SigAction>; 32],
    /// For `waitpid`: 0x100 times the exit code, or the signal that killed it.
    pub exit_code: Cell<i32>,
    /// Linear address of the slot.
    pub start_code: Cell<LinAddr>,
    /// Length of the text.
    pub end_code: Cell<u32>,
    /// Length of text and data.
    pub end_data: Cell<u32>,
    /// End of the heap.
    pub brk: Cell<UserAddr>,
    /// Where the stack began, just under the arguments.
    pub start_stack: Cell<UserAddr>,
    pub pid: Cell<Pid>,
    pub father: Cell<Pid>,
    pub pgrp: Cell<Pid>,
    pub session: Cell<Pid>,
    /// Is it the leader of its session?
    pub leader: Cell<bool>,
    pub uid: Cell<u16>,
    pub euid: Cell<u16>,
    pub suid: Cell<u16>,
    pub gid: Cell<u16>,
    pub egid: Cell<u16>,
    pub sgid: Cell<u16>,
    /// Not in 0.11, like the next four.
    pub groups: Cell<Groups>,
    pub rlim: [RLimit; RLIM_NLIMITS],
    /// Page faults, and how many of them waited for the disk; in all, and of
    /// children waited for.
    pub faults: [Cell<u32>; 2],
    pub cfaults: [Cell<u32>; 2],
    /// Who traces it (`ptrace`), or 0.
    pub tracer: Cell<Pid>,
    /// Bit n of the two words: slot n may hold a child or a tracee; no other slot
    /// does. Not in 0.11, which looks at every task.
    pub children: Cell<[u32; 2]>,
    /// When SIGALRM is due, or 0.
    pub alarm: IrqCell<Ticks>,
    /// When an interruptible sleep ends, or 0 (0.12).
    pub timeout: IrqCell<Ticks>,
    /// Ticks spent in ring 3 and in ring 0, and those of children waited for.
    pub utime: IrqCell<Ticks>,
    pub stime: IrqCell<Ticks>,
    pub cutime: Cell<Ticks>,
    pub cstime: Cell<Ticks>,
    pub start_time: Cell<Ticks>,
    /// Has it used the coprocessor?
    pub used_math: Cell<bool>,
    /// Sleeps here in `waitpid`. Not in 0.11.
    pub child_exit: WaitQueue,
    /// Its controlling terminal: the index of the tty, or -1.
    pub tty: Cell<i32>,
    pub umask: Cell<u16>,
    pub pwd: HandleCell<InodeRef>,
    pub root: HandleCell<InodeRef>,
    pub executable: HandleCell<InodeRef>,
    /// Bit n: close file n on exec.
    pub close_on_exec: Cell<u32>,
    pub filp: [HandleCell<FileRef>; NR_OPEN],
    /// The name of the program, for `ps`. Not in 0.11.
    pub comm: Cell<[u8; 16]>,
    /// Its slot. Not in 0.11, which searches `task[]` for it.
    pub nr: Cell<TaskNr>,
    /// Bit n: directory entry n of its 16 is present. Not in 0.11; it and the
    /// next two keep fork and exit from looking at what was never mapped.
    pub tables: Cell<u32>,
    /// Its mapped pages lie below this page of its slot ...
    pub mapped_low: Cell<u32>,
    /// ... or from this one on.
    pub mapped_high: Cell<u32>,
    /// Set while `sigsuspend` waits: the mask to put back. Not in 0.11.
    pub saved_mask: Cell<Option<u32>>,
    /// The end of the data segment, so that it need not be pieced together
    /// from LDT entry 2.
    limit: Cell<u32>,
    /// The local descriptor table: null, code, data.
    pub ldt: [Cell<Descriptor>; 3],
    pub tss: UnsafeCell<Tss>,
    /// Are its events recorded where not all tasks' are (`kernel/trace.rs`)? Its
    /// children inherit it. Not in 0.11.
    pub recorded: Cell<bool>,
    /// [`STACK_CANARY`], for as long as the kernel stack has not overflowed.
    pub canary: Cell<u32>,
}

const _: () = assert!(core::mem::offset_of!(Task, state) == 0); // TASK_STATE

/// Task 0's name for itself.
const SWAPPER: [u8; 16] = *b"swapper\0\0\0\0\0\0\0\0\0";

impl Task {
    /// Task 0, before it first runs (0.11 `INIT_TASK`): runnable, priority 15,
    /// its segments the kernel's first 640 KB.
    pub const fn first() -> Task {
        Task {
            state: IrqCell::new(TaskState::Running),
            counter: IrqCell::new(15),
            priority: Cell::new(15),
            signal: IrqCell::new(0),
            blocked: IrqCell::new(0),
            attention: IrqCell::new(0),
            sigaction: [const { Cell::new(SigAction::DEFAULT) }; 32],
            exit_code: Cell::new(0),
            start_code: Cell::new(LinAddr(0)),
            end_code: Cell::new(0),
            end_data: Cell::new(0),
            brk: Cell::new(UserAddr(0)),
            start_stack: Cell::new(UserAddr(TASK_SIZE)),
            pid: Cell::new(Pid(0)),
            father: Cell::new(Pid(-1)),
            pgrp: Cell::new(Pid(0)),
            session: Cell::new(Pid(0)),
            leader: Cell::new(false),
            uid: Cell::new(0),
            euid: Cell::new(0),
            suid: Cell::new(0),
            gid: Cell::new(0),
            egid: Cell::new(0),
            sgid: Cell::new(0),
            groups: Cell::new(Groups::NONE),
            rlim: [
                RLimit::new(RLIM_INFINITY),
                RLimit::new(RLIM_INFINITY),
                RLimit::new(RLIM_INFINITY),
                RLimit::new(STACK_LIMIT),
                RLimit::new(RLIM_INFINITY),
                RLimit::new(RLIM_INFINITY),
            ],
            faults: [const { Cell::new(0) }; 2],
            cfaults: [const { Cell::new(0) }; 2],
            tracer: Cell::new(Pid(0)),
            children: Cell::new([0; 2]),
            alarm: IrqCell::new(Ticks(0)),
            timeout: IrqCell::new(Ticks(0)),
            utime: IrqCell::new(Ticks(0)),
            stime: IrqCell::new(Ticks(0)),
            cutime: Cell::new(Ticks(0)),
            cstime: Cell::new(Ticks(0)),
            start_time: Cell::new(Ticks(0)),
            used_math: Cell::new(false),
            child_exit: WaitQueue::new(),
            tty: Cell::new(-1),
            umask: Cell::new(0o22),
            pwd: HandleCell::empty(),
            root: HandleCell::empty(),
            executable: HandleCell::empty(),
            close_on_exec: Cell::new(0),
            filp: [const { HandleCell::empty() }; NR_OPEN],
            comm: Cell::new(SWAPPER),
            nr: Cell::new(TaskNr(0)),
            tables: Cell::new(0),
            mapped_low: Cell::new(0),
            mapped_high: Cell::new(TASK_SIZE / 4096),
            saved_mask: Cell::new(None),
            limit: Cell::new(160 * 4096),
            ldt: [
                Cell::new(Descriptor::NULL),
                Cell::new(Descriptor::user(LinAddr(0), 160, true)),
                Cell::new(Descriptor::user(LinAddr(0), 160, false)),
            ],
            tss: UnsafeCell::new(Tss::new()),
            recorded: Cell::new(false),
            canary: Cell::new(STACK_CANARY),
        }
    }

    /// What it is doing.
    #[inline(always)]
    pub fn state(&self) -> TaskState {
        self.state.get()
    }

    /// Changes what it is doing, and with that whether `schedule` considers it.
    #[inline]
    pub fn set_state(&self, state: TaskState) {
        let nr = self.nr.get().0;
        let word = &RUNNABLE[nr as usize / 32];
        let bit = 1 << (nr % 32);
        let _irq = irq_save();
        self.state.set(state);
        let others = word.get() & !bit;
        word.set(if state == TaskState::Running {
            others | bit
        } else {
            others
        });
    }

    /// Is it the superuser (0.11 `suser`)?
    pub fn suser(&self) -> bool {
        self.euid.get() == 0
    }

    /// `EPERM` unless it is the superuser.
    pub fn require_suser(&self) -> Result<(), Errno> {
        if self.suser() { Ok(()) } else { Err(EPERM) }
    }

    /// Is `group` its effective or one of its supplementary groups (0.12
    /// `in_group_p`)?
    #[inline(never)]
    pub fn in_group_p(&self, group: u16) -> bool {
        group == self.egid.get()
            || u8::try_from(group).is_ok_and(|group| self.groups.get().contains(group))
    }

    /// Is it traced?
    #[inline(always)]
    pub fn is_traced(&self) -> bool {
        self.tracer.get() != Pid(0)
    }

    /// Who waits for it: its tracer or its father.
    pub fn parent(&self) -> Pid {
        if self.is_traced() {
            self.tracer.get()
        } else {
            self.father.get()
        }
    }

    /// The task in slot `nr` is a child or a tracee from now on; or no longer.
    pub fn adopt(&self, nr: TaskNr, child: bool) {
        let mut children = self.children.get();
        let bit = 1 << (nr.0 % 32);
        let word = &mut children[nr.0 as usize / 32];
        *word = if child { *word | bit } else { *word & !bit };
        self.children.set(children);
    }

    /// Signals that have arrived and are not blocked.
    #[inline(always)]
    pub fn pending_signals(&self) -> u32 {
        self.signal.get() & !self.blocked.get()
    }

    /// Adds to the signals that have arrived.
    pub fn add_signals(&self, signals: u32) {
        self.signal.update(|old| old | signals);
        self.attention.set(1);
    }

    /// Changes which signals wait; one that did may be let through now.
    pub fn set_blocked(&self, mask: u32) {
        self.blocked.set(mask);
        self.attention.set(1);
    }

    /// The end of its data segment (0.11 `get_limit(0x17)`): addresses from
    /// here on are not its own.
    #[inline(always)]
    pub fn data_limit(&self) -> u32 {
        self.limit.get()
    }

    /// Sets the segments of a program that begin at the slot (LDT entries 1 and
    /// 2; 0.11 `set_limit`, `set_base`).
    pub fn set_segments(&self, code: Descriptor, data: Descriptor) {
        self.ldt[1].set(code);
        self.ldt[2].set(data);
        self.limit.set(data.limit_in_bytes());
    }

    /// The linear address of `addr` in its slot.
    #[inline(always)]
    pub fn linear(&self, addr: UserAddr) -> LinAddr {
        debug_assert!(addr.0 < TASK_SIZE);
        LinAddr(self.start_code.get().0.wrapping_add(addr.0))
    }

    /// The address in its slot that `linear` is, if it is one.
    #[inline(always)]
    pub fn offset_of(&self, linear: LinAddr) -> Option<UserAddr> {
        let offset = linear.0.wrapping_sub(self.start_code.get().0);
        (offset < TASK_SIZE).then_some(UserAddr(offset))
    }

    /// Where the trap frame of an entry from ring 3 lies: at the very end of
    /// the page, where the CPU begins to push.
    #[inline(always)]
    pub(super) fn user_frame(&self) -> *mut TrapFrame {
        let page = &raw const *self as u32;
        (page + KERNEL_STACK_PAGE - size_of::<TrapFrame>() as u32) as *mut TrapFrame
    }

    /// Its stack pointer in ring 3. 0 for a task that was never there.
    #[inline(always)]
    pub fn user_esp(&self) -> u32 {
        // SAFETY: the frame lies in the page of this Task, behind the Task
        // (`offsets.rs` checks the sizes), and is plain memory. It is written
        // by the CPU when the task enters the kernel, and by fork.
        unsafe { (&raw const (*self.user_frame()).esp).read_volatile() }
    }

    /// Stores the stack pointer in ring 3 of a task that has not run yet.
    pub(crate) fn set_user_esp(&self, esp: u32) {
        // SAFETY: as above; a task that has not run has nothing on its stack.
        unsafe { (&raw mut (*self.user_frame()).esp).write_volatile(esp) }
    }

    /// The program's name.
    pub fn with_name<R>(&self, f: impl FnOnce(&str) -> R) -> R {
        let comm = self.comm.get();
        let len = comm
            .iter()
            .position(|&byte| byte == 0)
            .unwrap_or(comm.len());
        f(core::str::from_utf8(&comm[..len]).unwrap_or("?"))
    }
}

/// The pointers of `task[]`, and the running task's.
///
/// The pointers are valid from `set_task` to `clear_task`, which `release()`
/// calls for zombies only, never for the running task.
struct TaskTable([Cell<Option<NonNull<Task>>>; NR_TASKS]);

/// A cell for the pointer to the running task.
#[repr(transparent)]
struct CurrentTask(Cell<Option<NonNull<Task>>>);

// SAFETY: one CPU, and every access is one word. Interrupt handlers read both
// fields; only tasks change them, with single stores.
unsafe impl Sync for TaskTable {}
// SAFETY: as for `TaskTable`.
unsafe impl Sync for CurrentTask {}

static TABLE: TaskTable = TaskTable([const { Cell::new(None) }; NR_TASKS]);

/// `system_call.S` knows it by this name.
#[unsafe(export_name = "current")]
static CURRENT: CurrentTask = CurrentTask(Cell::new(None));

/// The running task. A value of this type lives on that task's own kernel
/// stack, so the task outlives it; it cannot be sent or kept elsewhere.
#[derive(Clone, Copy)]
pub struct Current {
    _not_send: PhantomData<*mut ()>,
}

/// The running task (0.11 `current`).
#[inline(always)]
pub fn current() -> Current {
    Current {
        _not_send: PhantomData,
    }
}

impl Deref for Current {
    type Target = Task;
    #[inline(always)]
    fn deref(&self) -> &Task {
        // SAFETY: `current` is set before the first task runs (`sched_init`)
        // and names the task whose kernel stack we are on; `release` frees
        // only zombies, which run no more. So the Task lives at least as long
        // as `self`, which cannot leave this stack (`!Send`).
        unsafe { CURRENT.0.get().unwrap_unchecked().as_ref() }
    }
}

/// The process table, for looking at other tasks. They may be released while
/// we sleep, so no sleep is possible while this lives.
pub struct Tasks {
    _no_sleep: NoSleep,
}

/// The process table (0.11 `task[]`).
#[inline(always)]
pub fn tasks() -> Tasks {
    Tasks {
        _no_sleep: NoSleep::new(&"the process table"),
    }
}

impl Tasks {
    /// The task in slot `nr`, if there is one.
    #[inline(always)]
    pub fn get(&self, nr: TaskNr) -> Option<&Task> {
        let slot = TABLE.0.get(nr.0 as usize)?.get()?;
        // SAFETY: pointers in the table are valid until `clear_task`, which
        // happens in `release`, called by `waitpid` of the running task: not
        // while `self` lives, unless the running task itself calls it, which
        // takes `Tasks` by mutable reference.
        Some(unsafe { slot.as_ref() })
    }

    /// All tasks, from slot 0 up.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Task> {
        Bits(IN_USE.each_ref().map(IrqCell::get)).filter_map(|nr| self.get(TaskNr(nr)))
    }

    /// All tasks but task 0 (0.11's loops from `LAST_TASK` down to 1).
    pub fn users(&self) -> impl DoubleEndedIterator<Item = &Task> {
        let [low, high] = IN_USE.each_ref().map(IrqCell::get);
        Bits([low & !1, high]).filter_map(|nr| self.get(TaskNr(nr)))
    }

    /// The tasks that may be children or tracees of `task`, and no others that
    /// are: see [`Task::children`].
    pub fn children_of(&self, task: &Task) -> impl Iterator<Item = &Task> {
        let [low, high] = task.children.get();
        Bits([low & IN_USE[0].get(), high & IN_USE[1].get()]).filter_map(|nr| self.get(TaskNr(nr)))
    }

    /// The task with number `pid`.
    pub fn find(&self, pid: Pid) -> Option<&Task> {
        self.users().find(|task| task.pid.get() == pid)
    }

    /// The first free slot, not slot 0.
    pub fn free_slot(&self) -> Option<TaskNr> {
        let [low, high] = IN_USE.each_ref().map(|word| !word.get());
        Bits([low & !1, high]).next().map(TaskNr)
    }

    /// Puts a task into an empty slot.
    ///
    /// # Safety
    /// `task` points to a `Task` that stays valid until [`Tasks::clear_task`].
    pub unsafe fn set_task(&mut self, nr: TaskNr, task: NonNull<Task>) {
        IN_USE[nr.0 as usize / 32].update(|bits| bits | 1 << (nr.0 % 32));
        TABLE.0[nr.0 as usize].set(Some(task));
    }

    /// Empties slot `nr` and gives back its page. The `&mut self` proves that
    /// no reference to any task of this table guard is left.
    ///
    /// # Safety
    /// The task is not the running one and no other [`Tasks`] exists.
    pub unsafe fn clear_task(&mut self, nr: TaskNr) -> Option<NonNull<Task>> {
        IN_USE[nr.0 as usize / 32].update(|bits| bits & !(1 << (nr.0 % 32)));
        TABLE.0[nr.0 as usize].replace(None)
    }
}

/// The running task, or nothing while the kernel starts up: for a panic.
pub fn try_current() -> Option<Current> {
    CURRENT.0.get().map(|_| current())
}

/// Makes the task in slot `nr` the running one; part of `switch_to`.
///
/// # Safety
/// The CPU switches to that task before any code calls [`current`].
#[inline(always)]
pub unsafe fn set_current(nr: TaskNr) {
    CURRENT.0.set(TABLE.0[nr.0 as usize].get());
}
