//! Sleeping and waking (0.11 `kernel/sched.c`: `sleep_on` and its kin live in
//! `sched.rs`; this is the queue they use).
//!
//! 0.11 chains the sleepers of a queue through their kernel stacks and loses
//! some of them (`docs/differences.md`). Here a queue is the set of the slots
//! that wait on it: 64 bits. A task can be in several sets at once, which
//! `select` needs, no memory is tied to a stack, and no wake-up is lost.

use crate::arch::irq::irq_save;
use crate::kernel::errno::{ERESTARTSYS, Errno};
use crate::kernel::sched::schedule;
use crate::kernel::task::{TaskState, current, tasks};
use crate::kernel::trace::trace;
use crate::kernel::types::TaskNr;
use core::cell::Cell;

/// The tasks that wait for one event.
pub struct WaitQueue {
    /// Bit n of the two words: slot n waits.
    waiting: [Cell<u32>; 2],
}

// SAFETY: one CPU; `waiting` is changed with interrupts off only.
unsafe impl Sync for WaitQueue {}

impl Default for WaitQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitQueue {
    /// A queue in which no one waits.
    pub const fn new() -> Self {
        WaitQueue {
            waiting: [const { Cell::new(0) }; 2],
        }
    }

    /// Enters the running task, which goes on running. `state` is the state in
    /// which the next `schedule()` will find it, unless it is woken first.
    pub fn prepare(&self, state: TaskState) {
        let task = current();
        let nr = task.nr.get().0;
        let _irq = irq_save();
        let word = &self.waiting[nr as usize / 32];
        word.set(word.get() | 1 << (nr % 32));
        task.set_state(state);
        trace!(Sleep, &raw const *self, state);
    }

    /// Takes the running task out again and makes it runnable.
    pub fn finish(&self) {
        let task = current();
        let nr = task.nr.get().0;
        let _irq = irq_save();
        let word = &self.waiting[nr as usize / 32];
        word.set(word.get() & !(1 << (nr % 32)));
        task.set_state(TaskState::Running);
        trace!(Awake);
    }

    /// Makes all that wait here runnable (0.11 `wake_up`). May be called by
    /// interrupt handlers.
    #[inline(always)]
    pub fn wake_up(&self) {
        if !self.is_empty() {
            self.wake_all();
        }
    }

    #[inline(never)]
    fn wake_all(&self) {
        let _irq = irq_save();
        let tasks = tasks();
        for (index, word) in self.waiting.iter().enumerate() {
            let mut bits = word.replace(0);
            while bits != 0 {
                let nr = bits.trailing_zeros();
                bits &= bits - 1;
                let task = tasks.get(TaskNr((index as u32 * 32 + nr) as u8));
                if let Some(task) = task
                    && matches!(
                        task.state(),
                        TaskState::Interruptible | TaskState::Uninterruptible
                    )
                {
                    task.set_state(TaskState::Running);
                    trace!(Wake, task.nr.get().0, task.pid.get().0, &raw const *self);
                }
            }
        }
    }

    /// Does no one wait here?
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.waiting[0].get() | self.waiting[1].get() == 0
    }

    // ANCHOR: wait_while
    /// Sleeps, deaf to signals, for as long as `busy()` holds (0.11
    /// `sleep_on`). The test is made after the task has entered the queue,
    /// so a wake-up between test and sleep is not lost; `busy` itself must
    /// not sleep.
    ///
    /// Erratum `sched-1`.
    pub fn wait_while(&self, mut busy: impl FnMut() -> bool) {
        while busy() {
            self.prepare(TaskState::Uninterruptible);
            if busy() {
                schedule();
            }
            self.finish();
        }
    }
    // ANCHOR_END: wait_while

    /// Sleeps for as long as `busy()` holds, but no longer than until a
    /// signal is there (0.11 `interruptible_sleep_on`): then `ERESTARTSYS`,
    /// which becomes `EINTR` unless the call is begun again.
    ///
    /// Erratum `sched-2`.
    pub fn wait_while_interruptible(&self, mut busy: impl FnMut() -> bool) -> Result<(), Errno> {
        while busy() {
            if current().pending_signals() != 0 {
                return Err(ERESTARTSYS);
            }
            self.prepare(TaskState::Interruptible);
            if busy() && current().pending_signals() == 0 {
                schedule();
            }
            self.finish();
        }
        Ok(())
    }
}
