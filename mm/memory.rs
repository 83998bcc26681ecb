//! Page tables: sharing, copy on write, demand loading (0.11 `mm/memory.c`).
//!
//! # What always holds
//! - A present entry of a slot's tables refers to a page that is counted for it
//!   in `mem_map`, or to a page of the kernel below 1 MB, which is not counted.
//! - A page that several entries refer to is read-only in each of them.
//! - A slot's present directory entries carry the user bit only while its task
//!   runs. Not in 0.11: there, only segment limits keep slots apart, which
//!   QEMU does not check.
//! - Present entries lie in the first `mapped_low` or from page `mapped_high`
//!   of the slot on, so that fork and exit need not look at the rest; `tables`
//!   has a bit for each present directory entry.
//! - Nothing in here sleeps but `do_no_page`, and what calls it.

pub use super::page::{MEMORY_MAX, PAGE_SIZE, Page, nr_free_pages, page_count};

use super::page::{
    add_main_memory, add_reference, free_clear_page, free_page, map_nr, mark_all_used,
};
use crate::arch::boot::setup::boot_info;
use crate::arch::irq::sti;
use crate::arch::paging::{
    ENTRIES, Entry, EntryRef, PageFlags, TABLE_SPAN, dir_entry, lookup, peek, poke, table_entry,
};
use crate::arch::string::copy_words;
use crate::arch::system::{invalidate, page_fault_address};
use crate::fs::buffer::{BLOCK_SIZE, bread_page};
use crate::fs::inode::InodeRef;
use crate::kernel::errno::{EAGAIN, EFAULT, EIO, ENOMEM, Errno};
use crate::kernel::printk::printk;
use crate::kernel::shared::IrqCell;
use crate::kernel::signal::{SIGBUS, SIGKILL, SIGSEGV};
use crate::kernel::task::{RLIMIT_STACK, TASK_SIZE, Task, current, tasks};
use crate::kernel::trace::{self, abi::Event, trace};
use crate::kernel::traps::{NO_CALL, TrapFrame, fix_up};
use crate::kernel::types::{INIT, LinAddr, PhysAddr, UserAddr};

/// How far the stack may grow down from the end of the slot, unless
/// `setrlimit` says otherwise.
pub const STACK_LIMIT: u32 = 8 << 20;
/// A push or `enter` may touch this much below the stack pointer.
const STACK_SLACK: u32 = 32;
/// Pages in a slot.
const SLOT_PAGES: u32 = TASK_SIZE / PAGE_SIZE;

const PRIVATE: PageFlags = PageFlags::PRESENT
    .union(PageFlags::WRITE)
    .union(PageFlags::USER);
const SHARED: PageFlags = PageFlags::PRESENT.union(PageFlags::USER);
const CLEAN: PageFlags = PageFlags::PRESENT.union(PageFlags::DIRTY);

/// How often each thing has happened, for the tests and for F12.
pub struct Counters {
    pub no_page: IrqCell<u32>,
    pub copied: IrqCell<u32>,
    pub given_back: IrqCell<u32>,
    pub zero_filled: IrqCell<u32>,
    pub loaded: IrqCell<u32>,
    pub shared: IrqCell<u32>,
}

/// The counters since boot.
pub static COUNTERS: Counters = Counters {
    no_page: IrqCell::new(0),
    copied: IrqCell::new(0),
    given_back: IrqCell::new(0),
    zero_filled: IrqCell::new(0),
    loaded: IrqCell::new(0),
    shared: IrqCell::new(0),
};

/// A page fault found no memory: says so once for the process, which dies by
/// SIGKILL on its way out of the kernel (0.11 `oom` makes it exit on the spot).
/// Init does not die of a signal: it lets the others run and tries again.
///
/// Erratum `mm-6`.
#[cold]
#[inline(never)]
fn oom(task: &Task) {
    if task.pid.get() == INIT {
        task.counter.set(0);
        return task.attention.set(1);
    }
    if task.signal.get() & 1 << (SIGKILL - 1) == 0 {
        task.with_name(|name| printk!("out of memory: process {} ({name})\n", task.pid.get()));
    }
    task.raise(SIGKILL);
}

// ANCHOR: set_slot_user
/// The directory entries of `task`'s slot carry the user bit from now on, or no
/// more. Not in 0.11. The caller flushes the TLB.
#[inline]
pub fn set_slot_user(task: &Task, user: bool) {
    let mut tables = task.tables.get();
    while tables != 0 {
        let index = tables.trailing_zeros();
        tables &= tables - 1;
        let dir = dir_entry(LinAddr(task.start_code.get().0 + index * TABLE_SPAN));
        let entry = dir.get();
        dir.set(if user {
            entry.with(PageFlags::USER)
        } else {
            entry.without(PageFlags::USER)
        });
    }
}
// ANCHOR_END: set_slot_user

/// Is it the running task, whose directory entries carry the user bit?
fn is_running(task: &Task) -> bool {
    core::ptr::eq(task, &raw const *current())
}

/// Enters `table` as the page table for `addr` in `task`'s slot.
fn add_table(task: &Task, addr: LinAddr, table: Page) {
    let dir = dir_entry(addr);
    debug_assert!(!dir.get().present());
    let flags = if is_running(task) {
        PRIVATE
    } else {
        PRIVATE.difference(PageFlags::USER)
    };
    dir.set(Entry::new(table.into_raw(), flags));
    trace!(TableMade, addr.0, dir.get().0);
    let index = (addr.0 - task.start_code.get().0) / TABLE_SPAN;
    task.tables.set(task.tables.get() | 1 << index);
}

/// The slot's mapped pages lie in these two ranges of page numbers.
fn mapped_ranges(task: &Task) -> [core::ops::Range<u32>; 2] {
    let low = task.mapped_low.get();
    [0..low, task.mapped_high.get().max(low)..SLOT_PAGES]
}

/// Calls `f` for each run of table entries in which `task` may have pages: its
/// first page number in the slot, its length, and its first entry. Skips what
/// has no table, and what was never mapped.
#[inline(always)]
fn for_each_run(task: &Task, mut f: impl FnMut(u32, u32, EntryRef)) {
    let base = task.start_code.get().0;
    for range in mapped_ranges(task) {
        let mut page = range.start;
        while page < range.end {
            let table_end = (page / ENTRIES + 1) * ENTRIES;
            let end = table_end.min(range.end);
            if let Some(entry_ref) = table_entry(LinAddr(base + page * PAGE_SIZE)) {
                f(page, end - page, entry_ref);
            }
            page = end;
        }
    }
}

/// Calls `f` with each present table entry of `task`'s slot and its page
/// number in the slot.
#[inline(always)]
pub(crate) fn for_each_present(task: &Task, mut f: impl FnMut(u32, EntryRef, Entry)) {
    for_each_run(task, |first, entries, mut entry_ref| {
        for page in first..first + entries {
            let entry = entry_ref.get();
            if entry.present() {
                f(page, entry_ref, entry);
            }
            entry_ref = entry_ref.next();
        }
    });
}

/// The pages that `task` has mapped.
pub fn count_pages(task: &Task) -> u32 {
    let mut pages = 0;
    for_each_present(task, |_, _, _| pages += 1);
    pages
}

// ANCHOR: free_page_tables
/// Unmaps every page of `task`'s slot and frees its page tables, on exec and
/// exit (0.11 `free_page_tables`). Pages whose last reference this was are
/// free, and keep their contents.
pub fn free_page_tables(task: &Task) {
    if trace::wants(Event::Unmap) {
        trace::each_unmapped(task); // Traced: Unmap, TableFreed.
    }
    for_each_present(task, |_, entry_ref, entry| {
        entry_ref.clear();
        free_page(entry.page());
    });
    let mut tables = task.tables.replace(0);
    while tables != 0 {
        let index = tables.trailing_zeros();
        tables &= tables - 1;
        let dir = dir_entry(LinAddr(task.start_code.get().0 + index * TABLE_SPAN));
        let table = dir.get().page();
        dir.set(Entry::NONE);
        free_clear_page(table); // no entry is left in it
    }
    task.mapped_low.set(0);
    task.mapped_high.set(SLOT_PAGES);
    trace!(TablesFreed, task.start_code.get().0);
    invalidate();
}
// ANCHOR_END: free_page_tables

// ANCHOR: copy_page_tables
/// Gives `child` every page of `parent`, read-only on both sides, for fork
/// (0.11 `copy_page_tables`). The kernel's own pages, which task 0 has, are
/// shared without being counted and stay writable for task 0.
///
/// # Errors
/// `EAGAIN` when there is no page for a table, or when one of the child's
/// directory entries is occupied, which is said on the console (0.11 panics);
/// what was copied is freed again.
pub fn copy_page_tables(parent: &Task, child: &Task) -> Result<(), Errno> {
    let from = parent.start_code.get().0;
    let to = child.start_code.get().0;
    if slot_is_occupied(child) {
        printk!(
            "copy_page_tables: slot {} has page tables already\n",
            child.nr.get()
        );
        return Err(EAGAIN);
    }
    let mut tables = parent.tables.get();
    if from == 0 {
        tables &= 1; // task 0 is linked below 640 KB; the rest maps memory
    }
    while tables != 0 {
        let index = tables.trailing_zeros();
        tables &= tables - 1;
        let Some(table) = Page::for_table() else {
            free_page_tables(child);
            return Err(EAGAIN);
        };
        add_table(child, LinAddr(to + index * TABLE_SPAN), table);
    }
    child.mapped_low.set(parent.mapped_low.get());
    child.mapped_high.set(parent.mapped_high.get());
    for_each_run(parent, |page, entries, from_ref| {
        if let Some(to_ref) = table_entry(LinAddr(to + page * PAGE_SIZE)) {
            share_entries(from_ref, to_ref, entries);
        }
    });
    if trace::wants(Event::ForkShared) {
        trace::each_shared(parent, child); // Traced: ForkShared, ForkTables.
    }
    invalidate();
    Ok(())
}

/// Copies `entries` entries of one table to another, read-only on both sides
/// (the inner loop of 0.11 `copy_page_tables`).
#[inline(always)]
fn share_entries(mut from_ref: EntryRef, mut to_ref: EntryRef, entries: u32) {
    for _ in 0..entries {
        let entry = from_ref.get();
        if entry.present() {
            let read_only = entry.without(PageFlags::WRITE);
            to_ref.set(read_only);
            if add_reference(entry.page()) {
                from_ref.set(read_only);
            }
        }
        from_ref = from_ref.next();
        to_ref = to_ref.next();
    }
}
// ANCHOR_END: copy_page_tables

/// Has any of the slot's 16 directory entries something in it?
fn slot_is_occupied(task: &Task) -> bool {
    let base = task.start_code.get().0;
    (0..TASK_SIZE / TABLE_SPAN).any(|index| {
        dir_entry(LinAddr(base + index * TABLE_SPAN))
            .get()
            .present()
    })
}

/// Maps `page` at `addr` of `task`'s slot (0.11 `put_page`), with a page table
/// where there is none yet.
///
/// # Errors
/// `ENOMEM` when there is no page for the table.
pub fn put_page(task: &Task, page: Page, addr: UserAddr, dirty: bool) -> Result<(), Errno> {
    let entry_ref = make_table_entry(task, addr)?;
    if entry_ref.get().present() {
        return Ok(()); // mapped while we slept: the page is given back
    }
    let flags = if dirty {
        PRIVATE.union(PageFlags::DIRTY)
    } else {
        PRIVATE
    };
    entry_ref.set(Entry::new(page.into_raw(), flags));
    note_mapped(task, addr);
    trace!(PutPage, task.linear(addr).0, entry_ref.get().0, 1);
    Ok(())
}

/// Widens the ranges that `for_each_present` looks at, so that they hold `addr`.
fn note_mapped(task: &Task, addr: UserAddr) {
    let page = addr.0 / PAGE_SIZE;
    if addr.0 < TASK_SIZE - STACK_LIMIT {
        task.mapped_low.set(task.mapped_low.get().max(page + 1));
    } else {
        task.mapped_high.set(task.mapped_high.get().min(page));
    }
}

/// The table entry for `addr`, with a new table where there is none.
fn make_table_entry(task: &Task, addr: UserAddr) -> Result<EntryRef, Errno> {
    let linear = task.linear(addr);
    if let Some(entry_ref) = table_entry(linear) {
        return Ok(entry_ref);
    }
    add_table(task, linear, Page::for_table().ok_or(ENOMEM)?);
    table_entry(linear).ok_or(ENOMEM)
}

// ANCHOR: un_wp_page
/// Gives write access to the page of a present, read-only entry: to the page
/// itself when no one else refers to it, else to a copy (0.11 `un_wp_page`).
/// The copy is marked dirty, so that it is never shared as a clean page of the
/// program's file.
///
/// # Errors
/// `ENOMEM` when there is no page for the copy.
///
/// Erratum `mm-2`.
#[inline(always)]
fn un_wp_page(entry_ref: EntryRef, entry: Entry, linear: LinAddr) -> Result<(), Errno> {
    let (old, page) = (entry.page(), linear.0 & !(PAGE_SIZE - 1));
    if page_count(old) == 1 {
        give_back(entry_ref, entry);
        trace!(WpGivenBack, page, entry_ref.get().0);
        return Ok(());
    }
    un_share(entry_ref, old)?;
    trace!(WpCopied, page, entry_ref.get().0, old.0, page_count(old));
    Ok(())
}

/// Makes a page writable that no one else refers to.
#[inline(always)]
fn give_back(entry_ref: EntryRef, entry: Entry) {
    entry_ref.set(entry.with(PageFlags::WRITE));
    COUNTERS.given_back.increment();
    invalidate();
}

/// The second half of 0.11 `un_wp_page`.
#[inline(never)]
fn un_share(entry_ref: EntryRef, old: PhysAddr) -> Result<(), Errno> {
    let mut new = Page::alloc().ok_or(ENOMEM)?;
    copy_page(old, &mut new);
    trace!(CopyPage, old.0, new.address().0, page_count(old));
    entry_ref.set(Entry::new(new.into_raw(), PRIVATE.union(PageFlags::DIRTY)));
    free_page(old);
    COUNTERS.copied.increment();
    invalidate();
    Ok(())
}
// ANCHOR_END: un_wp_page

/// Copies the page at `from` (0.11's macro `copy_page`).
#[inline(always)]
fn copy_page(from: PhysAddr, to: &mut Page) {
    let from = from.0 as *const [u8; PAGE_SIZE as usize];
    // SAFETY: `from` is the page of a present entry, so it is memory that the
    // kernel maps to itself, and no `Page` owns it: `to` is another one. No
    // program runs meanwhile.
    copy_words(to.data_mut(), unsafe { &*from });
}

/// A write to a read-only page of `task` (0.11 `do_wp_page`). Text is writable
/// too, by copy: programs of the time write to it.
///
/// # Errors
/// `ENOMEM`; `EFAULT` if nothing is mapped there.
#[inline(always)]
pub fn do_wp_page(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    let linear = task.linear(addr);
    let entry_ref = table_entry(linear).ok_or(EFAULT)?;
    let entry = entry_ref.get();
    if !entry.present() {
        return Err(EFAULT);
    }
    if entry.has(PageFlags::WRITE) {
        Ok(())
    } else {
        un_wp_page(entry_ref, entry, linear)
    }
}

/// Is the page at `addr` of `task` present?
#[inline(always)]
pub fn is_present(task: &Task, addr: UserAddr) -> bool {
    lookup(task.linear(addr)).present()
}

/// Is the page at `addr` of `task` present, writable and shared with no one?
#[inline(always)]
pub fn is_writable(task: &Task, addr: UserAddr) -> bool {
    lookup(task.linear(addr)).has(PageFlags::PRESENT.union(PageFlags::WRITE))
}

// ANCHOR: write_verify
/// Makes the page at `addr` of `task` present, writable and shared with no one,
/// before the kernel writes to it (0.11 `write_verify`, which forgets absent
/// pages). Between this and the write there must be no sleep: use
/// `arch::segment`, which sees to that.
///
/// # Errors
/// `EFAULT` where the program has no memory, `ENOMEM`, `EIO`.
#[inline(always)]
pub fn write_verify(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    if is_writable(task, addr) {
        Ok(())
    } else {
        make_writable(task, addr)
    }
}
// ANCHOR_END: write_verify

#[inline(never)]
fn make_writable(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    loop {
        match table_entry(task.linear(addr)).map(EntryRef::get) {
            Some(entry) if entry.has(PageFlags::PRESENT.union(PageFlags::WRITE)) => return Ok(()),
            Some(entry) if entry.present() => do_wp_page(task, addr)?,
            _ => do_no_page(task, addr)?,
        }
    }
}

/// Makes the page at `addr` of `task` present, before the kernel reads it.
/// Not in 0.11, which lets the fault happen.
///
/// # Errors
/// As for [`write_verify`].
#[inline(always)]
pub fn verify_read(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    if is_present(task, addr) {
        Ok(())
    } else {
        make_present(task, addr)
    }
}

#[inline(never)]
fn make_present(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    loop {
        match table_entry(task.linear(addr)).map(EntryRef::get) {
            Some(entry) if entry.present() => return Ok(()),
            _ => do_no_page(task, addr)?,
        }
    }
}

/// The byte at `addr` of `task`, which need not be the running one. May sleep.
///
/// # Errors
/// As for [`write_verify`].
pub fn read_byte(task: &Task, addr: UserAddr) -> Result<u8, Errno> {
    verify_read(task, addr)?;
    let entry = table_entry(task.linear(addr)).ok_or(EFAULT)?.get();
    Ok(peek(PhysAddr(entry.page().0 + addr.0 % PAGE_SIZE)))
}

/// Stores a byte at `addr` of `task`, which need not be the running one. The
/// page, which may be the program's text, is its own then and marked dirty: the
/// CPU has not seen a write through this entry. May sleep.
///
/// # Errors
/// As for [`write_verify`].
pub fn write_byte(task: &Task, addr: UserAddr, byte: u8) -> Result<(), Errno> {
    write_verify(task, addr)?;
    let entry_ref = table_entry(task.linear(addr)).ok_or(EFAULT)?;
    let entry = entry_ref.get().with(PageFlags::DIRTY);
    entry_ref.set(entry);
    // SAFETY: `write_verify` has made the page that of this program alone, and
    // nobody has slept since.
    unsafe { poke(PhysAddr(entry.page().0 + addr.0 % PAGE_SIZE), byte) };
    Ok(())
}

/// Maps a page of zeros at `addr` (0.11 `get_empty_page`).
///
/// # Errors
/// `ENOMEM`.
pub fn get_empty_page(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    let page = Page::zeroed().ok_or(ENOMEM)?;
    COUNTERS.zero_filled.increment();
    put_page(task, page, addr, false)
}

// ANCHOR: try_to_share
/// Shares `other`'s page at `addr` with `task`, if it is present and clean
/// (0.11 `try_to_share`). Both run the same file, so a clean page there is the
/// page wanted here.
///
/// # Errors
/// `ENOMEM` when there is no page for a table.
fn try_to_share(task: &Task, other: &Task, addr: UserAddr) -> Result<bool, Errno> {
    let Some(from) = table_entry(other.linear(addr)) else {
        return Ok(false);
    };
    let entry = from.get();
    if entry.0 & CLEAN.bits() != PageFlags::PRESENT.bits() || map_nr(entry.page()).is_none() {
        return Ok(false);
    }
    let to = make_table_entry(task, addr)?;
    if to.get().present() {
        return Ok(true);
    }
    from.set(entry.without(PageFlags::WRITE));
    to.set(Entry::new(entry.page(), SHARED));
    add_reference(entry.page());
    note_mapped(task, addr);
    trace!(
        SharePage,
        task.linear(addr).0,
        other.linear(addr).0,
        to.get().0,
        page_count(entry.page())
    );
    COUNTERS.shared.increment();
    invalidate();
    Ok(true)
}
// ANCHOR_END: try_to_share

/// Looks for another process that runs the same file and has a clean page for
/// `addr` (0.11 `share_page`).
///
/// # Errors
/// `ENOMEM` when there is no page for a table.
fn share_page(task: &Task, addr: UserAddr, executable: &InodeRef) -> Result<bool, Errno> {
    let tasks = tasks();
    for other in tasks.users() {
        if core::ptr::eq(other, task) {
            continue;
        }
        let file = other.executable.peek(InodeRef::inode);
        if file.is_some_and(|file| executable.same(file)) && try_to_share(task, other, addr)? {
            return Ok(true);
        }
    }
    Ok(false)
}

// ANCHOR: is_valid
/// May `task` touch `addr`: text, data, bss and heap, or the stack from just
/// below the stack pointer up? Not in 0.11, where any address of the slot
/// becomes a page of zeros.
///
/// Erratum `mm-4`.
fn is_valid(task: &Task, addr: UserAddr) -> bool {
    let heap_end = task.brk.get().0.max(task.end_data.get());
    if addr.0 < heap_end.next_multiple_of(PAGE_SIZE) {
        return true;
    }
    let limit = task.rlim[RLIMIT_STACK].cur.get().min(TASK_SIZE);
    let low = task
        .user_esp()
        .saturating_sub(STACK_SLACK)
        .max(TASK_SIZE - limit);
    addr.0 < task.data_limit() && addr.0 >= low.min(task.start_stack.get().0)
}
// ANCHOR_END: is_valid

// ANCHOR: do_no_page
/// Brings the absent page at `addr` of `task`: shares it, loads it from the
/// program's file, or maps zeros (0.11 `do_no_page`). May sleep.
///
/// # Errors
/// `EFAULT` where the program has no memory, `ENOMEM`, `EIO`.
pub fn do_no_page(task: &Task, addr: UserAddr) -> Result<(), Errno> {
    COUNTERS.no_page.increment();
    if !is_valid(task, addr) {
        return Err(EFAULT);
    }
    let addr = UserAddr(addr.0 & !(PAGE_SIZE - 1));
    if addr.0 >= task.end_data.get() {
        if trace::wants(Event::ZeroFill) {
            trace::zero_page(task, addr); // Traced: ZeroFill, StackGrow.
        }
        return get_empty_page(task, addr);
    }
    match task.executable.get() {
        Some(executable) => load_page(task, addr, &executable),
        None => get_empty_page(task, addr),
    }
}

/// Brings a page of text or data: shares it, or loads it from the file.
#[inline(never)]
fn load_page(task: &Task, addr: UserAddr, executable: &InodeRef) -> Result<(), Errno> {
    if executable.i_text.get() >= 2 && share_page(task, addr, executable)? {
        return Ok(());
    }
    let mut page = Page::alloc().ok_or(ENOMEM)?;
    // Block 0 holds the header.
    let blocks = executable.bmap_page(1 + addr.0 / BLOCK_SIZE as u32)?;
    bread_page(&mut page, executable.i_dev.get(), blocks).map_err(|_| EIO)?;
    COUNTERS.loaded.increment();
    task.faults[1].set(task.faults[1].get().wrapping_add(1));
    let in_file = task.end_data.get() - addr.0;
    if in_file < PAGE_SIZE {
        page.data_mut()[in_file as usize..].fill(0);
    }
    trace!(
        LoadPage,
        task.linear(addr).0,
        page.address().0,
        blocks[0].0 | blocks[1].0 << 16,
        blocks[2].0 | blocks[3].0 << 16,
    );
    put_page(task, page, addr, false)
}
// ANCHOR_END: do_no_page

// ANCHOR: do_page_fault
/// The page-fault handler (0.11 `page_fault`, which decides by the error code
/// alone).
///
/// The most frequent fault comes first, and alone, so that it is over in few
/// instructions: a program has written to a present page of its own slot, which
/// no one else refers to any more.
#[unsafe(no_mangle)]
extern "fastcall" fn do_page_fault(frame: &mut TrapFrame) {
    const PROGRAM_WROTE: u32 = PRESENT | WRITE | USER;
    let linear = page_fault_address();
    let task = current();
    if frame.orig_eax == PROGRAM_WROTE && task.offset_of(linear).is_some() {
        // The CPU has found the entry present, and interrupts are off since.
        if let Some(entry_ref) = table_entry(linear) {
            let entry = entry_ref.get();
            if page_count(entry.page()) == 1 {
                task.faults[0].set(task.faults[0].get().wrapping_add(1));
                frame.orig_eax = NO_CALL;
                return give_back(entry_ref, entry);
            }
        }
    }
    do_other_page_fault(frame, linear);
}

/// The same while page faults are recorded: none of them is quick.
#[unsafe(no_mangle)]
extern "fastcall" fn do_traced_page_fault(frame: &mut TrapFrame) {
    let linear = page_fault_address();
    if frame.was_in_user_mode() {
        trace!(Fault, linear.0, frame.orig_eax, frame.eip, frame.esp);
    }
    do_other_page_fault(frame, linear);
}

/// Bits of the error code of a page fault: the page was present; it was written
/// to; by ring 3.
const PRESENT: u32 = 1;
const WRITE: u32 = 2;
const USER: u32 = 4;

/// All other page faults.
///
/// Asked first is whether the address lies in the running task's own slot: a
/// fault outside it, which is how an attempt on the kernel or a neighbour ends
/// where segment limits are not checked, is SIGSEGV, never a copy on write.
///
/// Erratum `mm-3`.
#[inline(never)]
fn do_other_page_fault(frame: &mut TrapFrame, linear: LinAddr) {
    if frame.interrupts_were_on() {
        sti();
    }
    if !frame.was_in_user_mode() {
        if !fix_up(frame) {
            frame.die_in_kernel("page fault", Some(linear));
        }
        return;
    }
    let task = current();
    task.faults[0].set(task.faults[0].get().wrapping_add(1));
    let error_code = core::mem::replace(&mut frame.orig_eax, NO_CALL);
    let Some(addr) = task.offset_of(linear) else {
        return task.raise_fault(SIGSEGV);
    };
    let result = if error_code & PRESENT != 0 {
        // A present page may only lack write access.
        if error_code & WRITE != 0 {
            do_wp_page(&task, addr)
        } else {
            Err(EFAULT)
        }
    } else {
        do_no_page(&task, addr)
    };
    let Err(error) = result else { return };
    trace!(FaultSignal, linear.0, error);
    raise_for_page(&task, error);
}

/// What becomes of a program whose page cannot be had: the signal that says why.
/// Not in 0.11.
pub fn raise_for_page(task: &Task, error: Errno) {
    match error {
        ENOMEM => oom(task),
        EIO => task.raise_fault(SIGBUS),
        _ => task.raise_fault(SIGSEGV),
    }
}
// ANCHOR_END: do_page_fault

/// Sets up `mem_map` (0.11 `mem_init`): main memory is what lies in the
/// loader's memory map between `start_mem` and `end_mem`. Adds page tables for
/// memory above 16 MB behind the four that `head.S` made.
///
/// Erratum `mm-5`.
pub fn mem_init(start_mem: PhysAddr, end_mem: PhysAddr) {
    for table in 4..end_mem.0.div_ceil(TABLE_SPAN) {
        let place = PhysAddr((1 + table) * PAGE_SIZE);
        dir_entry(LinAddr(table * TABLE_SPAN)).set(Entry::new(place, PRIVATE));
        for page in 0..ENTRIES {
            let addr = table * TABLE_SPAN + page * PAGE_SIZE;
            if let Some(entry_ref) = table_entry(LinAddr(addr)) {
                entry_ref.set(Entry::new(PhysAddr(addr), PRIVATE));
            }
        }
    }
    invalidate();
    mark_all_used();
    for region in boot_info().regions() {
        add_main_memory(region.start.max(start_mem), region.end.min(end_mem));
    }
}

/// Prints how memory is used, for F12 (0.11 `calc_mem`).
pub fn calc_mem() {
    printk!("{} pages free\n", nr_free_pages());
    for task in tasks().users() {
        printk!("slot {}: {} pages\n", task.nr.get(), count_pages(task));
    }
}
