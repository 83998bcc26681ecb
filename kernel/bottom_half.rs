//! What interrupt handlers leave for later, with interrupts on. Not in 0.11,
//! whose handlers do everything with interrupts off; Linux 1.0 has it in
//! `kernel/softirq.c`.
//!
//! A handler takes what the hardware holds, marks the work that follows from it
//! and, when it has told the 8259, calls [`run_after_interrupt`]. Echo, line
//! editing, signals and drawing then run with interrupts on, on a stack of their
//! own: the interrupted task's is small. They never run twice at once, and never
//! while anything of type [`BhShared`] is held: then the last guard's drop runs
//! them.

use crate::arch::irq::{cli, interrupts_enabled, sti};
use crate::arch::system::call_on_stack;
use crate::kernel::chr_drv::console::change_console;
use crate::kernel::chr_drv::tty_io::{NR_TTYS, do_tty_interrupt};
use crate::kernel::printk;
use crate::kernel::sched::show_stat;
use crate::kernel::shared::{IrqCell, Name, Shared, SharedGuard};
use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};

/// Words of the stack. `make check` knows how much is used: see `stack
/// kernel::bottom_half::serve_all` in `tools/stack-rules.txt`.
const STACK_WORDS: usize = 384;

/// The stack on which marked work is done.
struct Stack(UnsafeCell<[u32; STACK_WORDS]>);
// SAFETY: `run` alone uses it, which never runs twice at once.
unsafe impl Sync for Stack {}

static STACK: Stack = Stack(UnsafeCell::new([0; STACK_WORDS]));

/// Messages wait to be printed.
pub const LOG: u32 = 1 << 8;
/// Another console is to be shown.
pub const SWITCH: u32 = 1 << 9;
/// The list of tasks is to be printed.
pub const STAT: u32 = 1 << 10;

/// Terminal `nr` has input, or room for output.
pub const fn tty(nr: usize) -> u32 {
    1 << nr
}

/// The marks that are set.
static PENDING: IrqCell<u32> = IrqCell::new(0);
/// How many guards live.
static HELD: IrqCell<u32> = IrqCell::new(0);
/// Is [`run`] under way?
static RUNNING: IrqCell<bool> = IrqCell::new(false);
/// Do interrupts come, so that work may be put off?
static LIVE: IrqCell<bool> = IrqCell::new(false);

/// Interrupts are about to come: messages from where they are off wait from
/// now on.
pub fn begin() {
    LIVE.set(true);
}

/// There will be no more interrupts: a panic.
pub fn end() {
    LIVE.set(false);
}

/// Must what takes long be put off, because interrupts are off?
pub fn must_wait() -> bool {
    LIVE.get() && !interrupts_enabled()
}

/// Marks work. What is marked by a handler is done after it, other work when
/// the next guard is dropped, or at the next tick.
pub fn mark(work: u32) {
    PENDING.update(|pending| pending | work);
}

/// The last thing that a handler calls, with interrupts off and the 8259 told:
/// does what is marked, unless the handler has interrupted someone who does it
/// already, or will.
#[inline(always)]
pub fn run_after_interrupt() {
    if PENDING.get() != 0 && HELD.get() == 0 && !RUNNING.get() {
        run();
    }
}

/// Does what is marked. Interrupts are off before and afterwards, so that the
/// handlers of an interrupt storm do not pile up on one stack.
#[inline(never)]
fn run() {
    RUNNING.set(true);
    // SAFETY: nobody else is on that stack while `RUNNING` is set; the words
    // below its end are its own.
    unsafe { call_on_stack(STACK.0.get().add(1).cast(), serve_all) };
    RUNNING.set(false);
}

extern "C" fn serve_all() {
    loop {
        let work = PENDING.get();
        if work == 0 {
            break;
        }
        PENDING.set(0);
        sti();
        serve(work);
        cli();
    }
}

fn serve(work: u32) {
    if work & LOG != 0 {
        printk::flush();
    }
    if work & SWITCH != 0 {
        change_console();
    }
    if work & STAT != 0 {
        show_stat();
    }
    for nr in 0..NR_TTYS {
        if work & tty(nr) != 0 {
            do_tty_interrupt(nr);
        }
    }
}

/// State of tasks and of what interrupt handlers leave for later, but not of
/// the handlers themselves: interrupts stay on while it is held.
pub struct BhShared<T>(Shared<T>);

impl<T> BhShared<T> {
    /// A new shared value; `name` appears in the panic of a double lock.
    pub const fn new(name: Name, value: T) -> Self {
        BhShared(Shared::new(name, value))
    }

    /// A value without a name: see [`Shared::anonymous`].
    pub const fn anonymous(value: T) -> Self {
        BhShared(Shared::anonymous(value))
    }

    /// The one reference to the value.
    #[inline(always)]
    pub fn lock(&self) -> BhGuard<'_, T> {
        let held = Held::new();
        BhGuard {
            guard: self.0.lock(),
            _held: held,
        }
    }

    /// The same, or nothing if it is taken (see [`Shared::try_lock`]).
    pub fn try_lock(&self) -> Option<BhGuard<'_, T>> {
        let held = Held::new();
        Some(BhGuard {
            guard: self.0.try_lock()?,
            _held: held,
        })
    }
}

/// Holds a [`BhShared`] value. The fields' order matters: the value is given
/// back before the work that waits for it is done.
pub struct BhGuard<'a, T> {
    guard: SharedGuard<'a, T>,
    _held: Held,
}

impl<T> Deref for BhGuard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for BhGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// Work is put off while this lives.
struct Held;

impl Held {
    #[inline(always)]
    fn new() -> Self {
        HELD.increment();
        Held
    }
}

impl Drop for Held {
    #[inline(always)]
    fn drop(&mut self) {
        HELD.decrement();
        if PENDING.get() != 0 {
            catch_up();
        }
    }
}

/// Does what was put off, unless something is still held, or interrupts are
/// off: then the next tick does it.
#[cold]
fn catch_up() {
    if interrupts_enabled() {
        cli();
        run_after_interrupt();
        sti();
    }
}
