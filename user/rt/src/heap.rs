//! The heap: a bucket allocator on top of `brk`.
//!
//! Sizes are rounded up to a power of two; a freed block goes to the list of
//! its size and is handed out again from there. Nothing is given back to the
//! kernel before the program ends. The block at the end of the heap grows in
//! place, so that one large growing `Vec` copies nothing.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr;

use crate::sys;

/// Smallest block: 16 bytes.
const MIN_SHIFT: u32 = 4;
/// Largest block: 32 MB.
const CLASSES: usize = 22;
/// The heap end moves by whole pages.
const PAGE: usize = 4096;

struct State {
    /// Heads of the free lists; a free block's first word points to the next.
    free: [*mut u8; CLASSES],
    /// First byte not handed out.
    next: usize,
    /// The heap's end as the kernel knows it.
    end: usize,
    /// Set while a call is at work: a signal handler that allocates finds it.
    busy: bool,
}

struct Heap(UnsafeCell<State>);

// SAFETY: a process has one thread; signal handlers are kept out by `busy`.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State {
    free: [ptr::null_mut(); CLASSES],
    next: 0,
    end: 0,
    busy: false,
}));

/// The list for blocks that hold `layout`; `None` if none is large enough.
fn class_of(layout: Layout) -> Option<usize> {
    let size = layout
        .size()
        .max(1 << MIN_SHIFT)
        .checked_next_power_of_two()?;
    let class = (size.trailing_zeros() - MIN_SHIFT) as usize;
    (class < CLASSES).then_some(class)
}

const fn class_size(class: usize) -> usize {
    1 << (class as u32 + MIN_SHIFT)
}

impl State {
    /// Moves the heap's end so that `self.next + size` lies below it.
    fn reserve(&mut self, size: usize) -> bool {
        if self.end == 0 {
            self.end = sys::brk(0);
            self.next = self.end.next_multiple_of(1 << MIN_SHIFT);
        }
        let Some(need) = self.next.checked_add(size) else {
            return false;
        };
        if need > self.end {
            let want = need.next_multiple_of(PAGE);
            if sys::brk(want) < want {
                return false;
            }
            self.end = want;
        }
        true
    }

    /// A new block from the end of the heap.
    fn carve(&mut self, size: usize, align: usize) -> *mut u8 {
        if !self.reserve(0) {
            return ptr::null_mut();
        }
        let start = self.next.next_multiple_of(align.max(1 << MIN_SHIFT));
        if !self.reserve(start - self.next + size) {
            return ptr::null_mut();
        }
        self.next = start + size;
        ptr::with_exposed_provenance_mut(start)
    }

    fn alloc(&mut self, layout: Layout) -> *mut u8 {
        let Some(class) = class_of(layout) else {
            return ptr::null_mut();
        };
        let head = self.free[class];
        // Blocks on the lists are aligned to 16 only.
        if head.is_null() || layout.align() > 1 << MIN_SHIFT {
            return self.carve(class_size(class), layout.align());
        }
        // SAFETY: a block on a list is free, at least 16 bytes long and
        // aligned to 16; its first word was written by `dealloc`.
        self.free[class] = unsafe { head.cast::<*mut u8>().read() };
        head
    }

    /// # Safety
    /// `block` came from `alloc` with this layout and is not used any more.
    unsafe fn dealloc(&mut self, block: *mut u8, layout: Layout) {
        let Some(class) = class_of(layout) else {
            return;
        };
        // SAFETY: the block is ours again (caller), 16 bytes or more.
        unsafe { block.cast::<*mut u8>().write(self.free[class]) };
        self.free[class] = block;
    }

    /// Makes the last block of the heap `new` bytes long where it is.
    fn grow_last(&mut self, block: *mut u8, old: usize, new: usize) -> bool {
        if block.addr() + old != self.next || !self.reserve(new - old) {
            return false;
        }
        self.next += new - old;
        true
    }
}

impl Heap {
    /// Runs `f` on the state, or gives `none` if a signal handler came in
    /// between.
    fn with<R>(&self, none: R, f: impl FnOnce(&mut State) -> R) -> R {
        let state = self.0.get();
        // SAFETY: one thread; the volatile flag keeps a handler from making a
        // second reference while this one is at work.
        unsafe {
            if (&raw const (*state).busy).read_volatile() {
                return none;
            }
            (&raw mut (*state).busy).write_volatile(true);
            let result = f(&mut *state);
            (&raw mut (*state).busy).write_volatile(false);
            result
        }
    }
}

// SAFETY: blocks are disjoint (carved once from the heap's end, or taken off a
// list), aligned, and as large as their class.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.with(ptr::null_mut(), |state| state.alloc(layout))
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise is the same.
        self.with((), |state| unsafe { state.dealloc(block, layout) });
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: size and alignment are valid by the caller's promise.
        let new_layout = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let (Some(old), Some(new)) = (class_of(layout), class_of(new_layout)) else {
            return ptr::null_mut();
        };
        let (old, new) = (class_size(old), class_size(new));
        if new == old {
            return block;
        }
        if new > old && self.with(false, |state| state.grow_last(block, old, new)) {
            return block;
        }
        // SAFETY: the caller's promise; the new block is another one, and
        // both hold the smaller of the two sizes.
        unsafe {
            let copy = self.alloc(new_layout);
            if !copy.is_null() {
                ptr::copy_nonoverlapping(block, copy, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            copy
        }
    }
}
