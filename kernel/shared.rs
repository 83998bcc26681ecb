//! How the kernel holds shared state. Not in 0.11, where everything is a global.
//!
//! The whole rule, which `docs/state.md` explains with examples:
//!
//! 1. The kernel is not preempted. It changes hands only where a task sleeps,
//!    that is in `schedule()`; between two sleeps a task has the kernel alone,
//!    but for interrupt handlers.
//! 2. State that only tasks touch is a [`Shared`]; [`Shared::lock`] gives the
//!    one reference to it. State that interrupt handlers touch too is an
//!    [`IrqShared`]; interrupts are off while it is held. Single words that a
//!    handler reads or writes are [`IrqCell`]s.
//! 3. Nothing of this is held across a sleep: every guard is counted, and
//!    `schedule()` panics, naming the last one taken, if the count is not zero.
//! 4. A lock found taken is a bug on one CPU and a panic with its name, never a
//!    spin.
//! 5. What must live across a sleep is a handle with a count (inode, file,
//!    buffer, page), which releases itself; its fields are `Cell`s, read anew
//!    after each sleep. A handle kept in a shared place is a [`HandleCell`].

use crate::arch::irq::{IrqGuard, irq_save};
use core::cell::{Cell, UnsafeCell};
use core::marker::PhantomData;
use core::ops::{Deref, DerefMut};

/// How many guards are alive, and the name of the last one taken.
static HELD: IrqCell<u32> = IrqCell::new(0);
static LAST_HELD: IrqCell<Option<Name>> = IrqCell::new(None);

/// What something is called in a panic. The name of a name, because that is one
/// word, which each guard stores.
pub type Name = &'static &'static str;

/// What has no name of its own.
const ANONYMOUS: Name = &"an element of a table";

/// Proof that no sleep happens while it lives: `schedule()` panics otherwise.
pub struct NoSleep {
    _not_send: PhantomData<*mut ()>,
}

impl NoSleep {
    /// Forbids sleeping until the value is dropped; `name` is for the panic.
    #[inline(always)]
    pub fn new(name: Name) -> Self {
        Self::maybe_named(Some(name))
    }

    #[inline(always)]
    fn maybe_named(name: Option<Name>) -> Self {
        HELD.increment();
        LAST_HELD.set(name);
        NoSleep {
            _not_send: PhantomData,
        }
    }
}

impl Drop for NoSleep {
    #[inline(always)]
    fn drop(&mut self) {
        HELD.decrement();
    }
}

/// Panics if anything is held that must not live across a sleep. Called by
/// `schedule()`.
#[inline(always)]
pub fn assert_may_sleep() {
    if HELD.get() != 0 {
        panic!(
            "sleeping while holding {}",
            LAST_HELD.get().unwrap_or(ANONYMOUS)
        );
    }
}

/// State that tasks share and no interrupt handler touches.
pub struct Shared<T> {
    name: Option<Name>,
    taken: Cell<bool>,
    value: UnsafeCell<T>,
}

// SAFETY: one CPU; `taken` admits one guard at a time, and an interrupt handler
// that tried to take it in between would either find it free and give it back
// before the interrupted code goes on, or panic.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    /// A new shared value; `name` appears in the panic of a double lock.
    pub const fn new(name: Name, value: T) -> Self {
        Shared {
            name: Some(name),
            taken: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// A value without a name, for the elements of large tables: all zero
    /// bytes if `value` is, so that the table takes no room in the image.
    pub const fn anonymous(value: T) -> Self {
        Shared {
            name: None,
            taken: Cell::new(false),
            value: UnsafeCell::new(value),
        }
    }

    /// The one reference to the value. Panics with the name if it is taken.
    #[inline(always)]
    pub fn lock(&self) -> SharedGuard<'_, T> {
        if self.taken.get() {
            panic!("{} is taken already", self.name.unwrap_or(ANONYMOUS));
        }
        self.taken.set(true);
        SharedGuard {
            shared: self,
            _no_sleep: NoSleep::maybe_named(self.name),
        }
    }

    /// The same, or nothing if it is taken: for messages, which must get out
    /// even where a panic interrupts the holder.
    pub fn try_lock(&self) -> Option<SharedGuard<'_, T>> {
        if self.taken.get() {
            None
        } else {
            Some(self.lock())
        }
    }
}

/// Holds a [`Shared`] value.
pub struct SharedGuard<'a, T> {
    shared: &'a Shared<T>,
    _no_sleep: NoSleep,
}

impl<T> Deref for SharedGuard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: `taken` is set, so this guard is the only way to the value.
        unsafe { &*self.shared.value.get() }
    }
}

impl<T> DerefMut for SharedGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above, and we are borrowed mutably.
        unsafe { &mut *self.shared.value.get() }
    }
}

impl<T> Drop for SharedGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        self.shared.taken.set(false);
    }
}

/// State that interrupt handlers touch as well: interrupts are off while it is
/// held, so hold it for a few instructions only.
pub struct IrqShared<T>(Shared<T>);

impl<T> IrqShared<T> {
    /// A new shared value; `name` appears in the panic of a double lock.
    pub const fn new(name: Name, value: T) -> Self {
        IrqShared(Shared::new(name, value))
    }

    /// A value without a name: see [`Shared::anonymous`].
    pub const fn anonymous(value: T) -> Self {
        IrqShared(Shared::anonymous(value))
    }

    /// The one reference to the value, with interrupts off.
    #[inline(always)]
    pub fn lock(&self) -> IrqSharedGuard<'_, T> {
        let irq = irq_save();
        IrqSharedGuard {
            guard: self.0.lock(),
            _irq: irq,
        }
    }
}

/// Holds an [`IrqShared`] value. The fields' order matters: the value is given
/// back before interrupts come on.
pub struct IrqSharedGuard<'a, T> {
    guard: SharedGuard<'a, T>,
    _irq: IrqGuard,
}

impl<T> Deref for IrqSharedGuard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        &self.guard
    }
}

impl<T> DerefMut for IrqSharedGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.guard
    }
}

/// A plain value of at most one machine word that interrupt handlers may read
/// and write too: each access is a single instruction.
#[repr(transparent)]
pub struct IrqCell<T: Copy>(UnsafeCell<T>);

// SAFETY: one CPU; each access is one instruction (checked in `get` and `set`),
// so an interrupt sees the old or the new value and nothing between.
unsafe impl<T: Copy + Send> Sync for IrqCell<T> {}

impl<T: Copy> IrqCell<T> {
    const ONE_WORD: () = assert!(size_of::<T>() <= size_of::<usize>() && size_of::<T>() != 3);

    /// A new cell.
    pub const fn new(value: T) -> Self {
        IrqCell(UnsafeCell::new(value))
    }

    /// The value now.
    #[inline(always)]
    pub fn get(&self) -> T {
        let () = Self::ONE_WORD;
        // SAFETY: the pointer is ours and aligned; volatile because a handler
        // may change the value at any time.
        unsafe { self.0.get().read_volatile() }
    }

    /// Stores `value`.
    #[inline(always)]
    pub fn set(&self, value: T) {
        let () = Self::ONE_WORD;
        // SAFETY: as in `get`; no reference to the value is ever handed out.
        unsafe { self.0.get().write_volatile(value) }
    }

    /// Replaces the value by `f` of it, with interrupts off in between.
    #[inline(always)]
    pub fn update(&self, f: impl FnOnce(T) -> T) {
        let _irq = irq_save();
        self.set(f(self.get()));
    }
}

impl IrqCell<u32> {
    /// Adds one, wrapping. Handlers that change the cell must leave it as they
    /// found it.
    #[inline(always)]
    pub fn increment(&self) {
        // SAFETY: one CPU; the word is ours, and no reference to it is ever
        // handed out. Not volatile, so that it is one instruction.
        unsafe { *self.0.get() = (*self.0.get()).wrapping_add(1) }
    }

    /// Takes one off, wrapping; as [`Self::increment`].
    #[inline(always)]
    pub fn decrement(&self) {
        // SAFETY: as above.
        unsafe { *self.0.get() = (*self.0.get()).wrapping_sub(1) }
    }
}

/// A place in a shared structure that holds a handle or none.
#[repr(transparent)]
pub struct HandleCell<T>(Cell<Option<T>>);

impl<T> HandleCell<T> {
    /// An empty place.
    pub const fn empty() -> Self {
        HandleCell(Cell::new(None))
    }

    /// Puts `handle` in and gives back what was there. Drop the result where a
    /// sleep is allowed: releasing a handle may sleep.
    #[inline(always)]
    #[must_use = "dropping the old handle may sleep: do it on purpose"]
    pub fn replace(&self, handle: Option<T>) -> Option<T> {
        self.0.replace(handle)
    }

    /// Takes the handle out.
    #[inline(always)]
    pub fn take(&self) -> Option<T> {
        self.0.take()
    }

    /// Is nothing here?
    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        // SAFETY: one CPU; looking at the discriminant calls no other code.
        unsafe { (*self.0.as_ptr()).is_none() }
    }
}

/// A handle whose copies count.
///
/// # Safety
/// `clone` touches the count of what the handle names and nothing else; above
/// all, no [`HandleCell`].
pub unsafe trait Handle: Clone {}

impl<T: Handle> HandleCell<T> {
    /// What the handle in here names, without another handle. `f` is a method
    /// of the handle that only reads it.
    #[inline(always)]
    pub fn peek<R: Copy + 'static>(&self, f: fn(&T) -> R) -> Option<R> {
        // SAFETY: one CPU; a plain function, without access to this cell other
        // than by way of statics, which hold no handles to itself.
        unsafe { (*self.0.as_ptr()).as_ref().map(f) }
    }

    /// Another handle to the same thing. Cloning a handle never sleeps.
    #[inline(always)]
    pub fn get(&self) -> Option<T> {
        // SAFETY: one CPU, and by the promise of `Handle` nothing changes this
        // place while the handle in it is cloned.
        unsafe { (*self.0.as_ptr()).clone() }
    }
}

// SAFETY: `clone` adds one to a count.
unsafe impl Handle for crate::fs::inode::InodeRef {}
// SAFETY: as above.
unsafe impl Handle for crate::fs::file_table::FileRef {}
// SAFETY: as above.
unsafe impl Handle for crate::fs::buffer::BufferRef {}
