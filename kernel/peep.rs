//! The peep-hole: `/dev/peep`, character device 1,11. TEST ONLY, not in 0.11.
//!
//! The device is there only when the word `peep` is on the kernel's command
//! line; otherwise every call gives `ENXIO`. With it, the guest tests look at
//! the kernel's tables, take all memory, force cases that cannot happen, and
//! end the emulator. Nothing else in the kernel depends on it, but for the
//! measuring of kernel stacks, which fork and exit prepare.

pub mod abi;

use self::abi::*;
use crate::arch::boot::setup::boot_info;
use crate::arch::desc::{FIRST_LDT_ENTRY, FIRST_TSS_ENTRY, gdt_address, gdt_entry};
use crate::arch::io::outb;
use crate::arch::irq::irq_save;
use crate::arch::paging::{ENTRIES, Entry, PageFlags, TABLE_SPAN, dir_entry, table_entry};
use crate::arch::probe::{control_registers, read_word};
use crate::arch::segment::Plain;
use crate::fs::{buffer, file_table, inode};
use crate::kernel::blk_drv::ramdisk;
use crate::kernel::errno::{EINVAL, ENOENT, ENOMEM, ENXIO, ESRCH, Errno, SysResult};
use crate::kernel::sched::jiffies;
use crate::kernel::shared::IrqCell;
use crate::kernel::task::{KERNEL_STACK_PAGE, STACK_FILL, TASK_SIZE, Task, current, tasks};
use crate::kernel::traps::TrapFrame;
use crate::kernel::types::{LinAddr, PhysAddr, TaskNr, UserAddr};
use crate::mm::memory::{
    COUNTERS, MEMORY_MAX, PAGE_SIZE, Page, count_pages, nr_free_pages, page_count,
};
use crate::mm::page::{LOW_MEM, USED};
use crate::mm::rmap::for_each_mapper;

// SAFETY: all of them consist of 32-bit words and arrays of such (and bytes),
// without padding; any bits are valid.
unsafe impl Plain for Info {}
// SAFETY: as above.
unsafe impl Plain for TaskInfo {}
// SAFETY: as above.
unsafe impl Plain for Walk {}
// SAFETY: as above.
unsafe impl Plain for Words {}
// SAFETY: as above.
unsafe impl Plain for Mapper {}
// SAFETY: as above.
unsafe impl Plain for Hog {}
// SAFETY: as above.
unsafe impl Plain for Probe {}

/// Whether the command line has been looked at, and what it said.
static STATE: IrqCell<u8> = IrqCell::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const THERE: u8 = 2;

/// The deepest use of a kernel stack, in bytes, of tasks that are gone.
static DEEPEST: IrqCell<u32> = IrqCell::new(0);
/// The last page that `PEEP_HOG` took; its first word is the one before it.
static HOGGED: IrqCell<u32> = IrqCell::new(0);
static HOGGED_COUNT: IrqCell<u32> = IrqCell::new(0);
/// The directory entry that `FORCE_OCCUPY` has filled, 0 for none.
static OCCUPIED: IrqCell<u32> = IrqCell::new(0);

/// Bytes of a kernel stack.
const STACK_SIZE: u32 = KERNEL_STACK_PAGE - size_of::<Task>() as u32;

/// Is the peep-hole open? Call it when the boot information is there.
pub fn enabled() -> bool {
    if STATE.get() == UNKNOWN {
        STATE.set(if boot_info().flag("peep") {
            THERE
        } else {
            ABSENT
        });
    }
    STATE.get() == THERE
}

/// Bytes of its kernel stack that `task` has ever used, and those there are:
/// what lies above the first word that fork's filling is no longer in. `None`
/// where fork fills no stacks, and for task 0, which was not forked.
pub fn stack_use(task: &Task) -> Option<(u32, u32)> {
    if !enabled() || task.nr.get().0 == 0 {
        return None;
    }
    let page = &raw const *task as u32;
    let end = page + KERNEL_STACK_PAGE;
    let mut at = page + size_of::<Task>() as u32;
    // SAFETY: words of the task's own page behind the Task, plain memory. They
    // may belong to a running stack, so they are read volatile.
    while at < end && unsafe { (at as *const u32).read_volatile() } == STACK_FILL {
        at += 4;
    }
    Some((end - at, STACK_SIZE))
}

/// Remembers how deep the kernel stack of `task` was, before it is released.
pub fn note_stack(task: &Task) {
    if let Some((used, _)) = stack_use(task) {
        DEEPEST.set(DEEPEST.get().max(used));
    }
}

/// `ioctl` on `/dev/peep`: `abi.rs` says what the commands do.
///
/// # Errors
/// `ENXIO` without the word `peep` on the command line, `EPERM` for all but
/// root, `EINVAL` for an unknown command, and what `abi.rs` says.
pub fn peep_ioctl(cmd: u32, arg: UserAddr) -> SysResult {
    if !enabled() {
        return Err(ENXIO);
    }
    current().require_suser()?;
    match cmd {
        PEEP_INFO => answer::<Info>(arg, fill_info),
        PEEP_EXIT => leave_emulator(arg.0 as u8),
        PEEP_TASK => answer::<TaskInfo>(arg, fill_task),
        PEEP_WALK => answer::<Walk>(arg, fill_walk),
        PEEP_COUNT => Ok(page_count(PhysAddr(arg.0)) as i32),
        PEEP_READ => answer::<Words>(arg, fill_words),
        PEEP_MAPPER => answer::<Mapper>(arg, fill_mapper),
        PEEP_HOG => {
            let mut leave = 0;
            answer::<Hog>(arg, |to| {
                leave = to.leave;
                hog(to)
            })?;
            // The page of the answer is free again by now.
            hog(&mut Hog {
                leave,
                ..Hog::default()
            })
            .map(|()| 0)
        }
        PEEP_UNHOG => Ok(unhog()),
        PEEP_FORCE => force(arg.0),
        PEEP_PROBE => answer::<Probe>(arg, probe),
        PEEP_CMDLINE => command_line(arg),
        PEEP_PANIC => panic!("asked for by /dev/peep: {:#x}", arg.0),
        PEEP_DIR if arg.0 < ENTRIES => {
            let entry = dir_entry(LinAddr(arg.0 * TABLE_SPAN)).get();
            Ok(entry.without(PageFlags::ACCESSED).0 as i32)
        }
        _ => Err(EINVAL),
    }
}

/// Reads a request from user space, lets `f` complete it, and writes it back.
/// The structure lies in a page of its own, not on the kernel stack, whose
/// depth is measured here.
fn answer<T: Plain>(arg: UserAddr, f: impl FnOnce(&mut T) -> Result<(), Errno>) -> SysResult {
    const { assert!(size_of::<T>() <= PAGE_SIZE as usize && align_of::<T>() <= 4) };
    let size = size_of::<T>();
    let mut page = Page::zeroed().ok_or(ENOMEM)?;
    arg.slice(size as u32)?
        .copy_in(&mut page.data_mut()[..size])?;
    // SAFETY: the page is ours, aligned, long enough, and any bits are a `T`.
    f(unsafe { &mut *page.data_mut().as_mut_ptr().cast::<T>() })?;
    arg.slice(size as u32)?.copy_out(&page.data()[..size])?;
    Ok(0)
}

fn fill_info(to: &mut Info) -> Result<(), Errno> {
    to.current = current().nr.get().0 as u32;
    to.jiffies = jiffies().0;
    to.gdt = gdt_address().0;
    to.low_mem = LOW_MEM;
    to.high_mem = MEMORY_MAX;
    to.memory_end = boot_info()
        .regions()
        .iter()
        .map(|r| r.end.0)
        .max()
        .unwrap_or(0);
    to.main_pages = 0;
    for page in (LOW_MEM..MEMORY_MAX).step_by(PAGE_SIZE as usize) {
        if page_count(PhysAddr(page)) != USED {
            if to.main_pages == 0 {
                to.first_main = page;
            }
            to.last_main = page;
            to.main_pages += 1;
        }
    }
    to.free_pages = nr_free_pages() + 1; // the page of this very answer
    to.hogged = HOGGED_COUNT.get();
    to.no_page = COUNTERS.no_page.get();
    to.wp_page = COUNTERS.copied.get() + COUNTERS.given_back.get();
    to.copied = COUNTERS.copied.get();
    to.given_back = COUNTERS.given_back.get();
    to.zero_filled = COUNTERS.zero_filled.get();
    to.loaded = COUNTERS.loaded.get();
    to.shared = COUNTERS.shared.get();
    to.inodes = inode::used_count();
    to.files = file_table::used_count();
    to.buffers = buffer::stats().in_use;
    (to.ramdisk, to.ramdisk_len) = ramdisk();
    tasks().users().for_each(note_stack);
    to.deepest_stack = DEEPEST.get();
    to.stack_size = STACK_SIZE;
    to.kernel_code = gdt_entry(1).words();
    to.kernel_data = gdt_entry(2).words();
    [to.cr0, to.cr3] = control_registers();
    Ok(())
}

/// Address and count of what a handle leads to; zeros for none.
macro_rules! handle {
    ($cell:expr, $count:ident) => {
        match $cell.get() {
            Some(handle) => (&raw const *handle as u32, handle.$count() as u32 - 1),
            None => (0, 0),
        }
    };
}

fn fill_task(to: &mut TaskInfo) -> Result<(), Errno> {
    let tasks = tasks();
    let task = tasks.get(TaskNr(to.nr as u8)).ok_or(ESRCH)?;
    fill_process(to, task);
    fill_memory(to, task);
    fill_handles(to, task);
    Ok(())
}

/// Identity, scheduling, signals.
fn fill_process(to: &mut TaskInfo, task: &Task) {
    to.address = &raw const *task as u32;
    to.state = task.state() as u32;
    to.counter = task.counter.get();
    to.priority = task.priority.get();
    to.signal = task.signal.get();
    to.blocked = task.blocked.get();
    to.exit_code = task.exit_code.get();
    to.pid = task.pid.get().0;
    to.father = task.father.get().0;
    to.pgrp = task.pgrp.get().0;
    to.session = task.session.get().0;
    to.leader = task.leader.get() as u32;
    [to.uid, to.euid, to.suid] = [&task.uid, &task.euid, &task.suid].map(|id| id.get() as u32);
    [to.gid, to.egid, to.sgid] = [&task.gid, &task.egid, &task.sgid].map(|id| id.get() as u32);
    to.alarm = task.alarm.get().0;
    to.utime = task.utime.get().0;
    to.stime = task.stime.get().0;
    to.cutime = task.cutime.get().0;
    to.cstime = task.cstime.get().0;
    to.start_time = task.start_time.get().0;
    to.used_math = task.used_math.get() as u32;
    to.tty = task.tty.get();
    to.umask = task.umask.get() as u32;
    to.comm = task.comm.get();
    for (words, action) in to.sigaction.iter_mut().zip(&task.sigaction) {
        let action = action.get();
        *words = [action.handler, action.mask, action.flags, action.restorer];
    }
}

/// The slot: segments, descriptors, TSS, page directory.
fn fill_memory(to: &mut TaskInfo, task: &Task) {
    let nr = task.nr.get().0;
    to.start_code = task.start_code.get().0;
    to.end_code = task.end_code.get();
    to.end_data = task.end_data.get();
    to.brk = task.brk.get().0;
    to.start_stack = task.start_stack.get().0;
    to.pages = count_pages(task);
    to.user_esp = task.user_esp();
    to.canary = task.canary.get();
    for (words, descriptor) in to.ldt.iter_mut().zip(&task.ldt) {
        *words = descriptor.get().words();
    }
    to.gdt_tss = gdt_entry(FIRST_TSS_ENTRY as u8 + 2 * nr).words();
    to.gdt_ldt = gdt_entry(FIRST_LDT_ENTRY as u8 + 2 * nr).words();
    to.tss_address = task.tss.get() as u32;
    to.ldt_address = task.ldt.as_ptr() as u32;
    for (index, word) in to.tss.iter_mut().enumerate() {
        // SAFETY: the TSS begins with the 26 words that the CPU knows.
        *word = unsafe { task.tss.get().cast::<u32>().add(index).read_volatile() };
    }
    for (index, entry) in to.dir.iter_mut().enumerate() {
        let linear = nr as u32 * TASK_SIZE + index as u32 * TABLE_SPAN;
        *entry = dir_entry(LinAddr(linear)).get().0;
    }
}

/// Inodes and files.
fn fill_handles(to: &mut TaskInfo, task: &Task) {
    to.close_on_exec = task.close_on_exec.get();
    (to.pwd, to.pwd_count) = handle!(task.pwd, count);
    (to.root, to.root_count) = handle!(task.root, count);
    (to.executable, to.executable_count) = handle!(task.executable, count);
    for (index, file) in task.filp.iter().enumerate() {
        (to.filp[index], to.f_count[index]) = handle!(file, count);
    }
}

fn fill_walk(to: &mut Walk) -> Result<(), Errno> {
    if to.addr >= TASK_SIZE || to.nr >= 64 {
        return Err(EINVAL);
    }
    let linear = LinAddr(to.nr * TASK_SIZE + to.addr);
    to.dir = dir_entry(linear).get().0;
    to.entry = table_entry(linear).map_or(0, |entry| entry.get().0);
    Ok(())
}

fn fill_words(to: &mut Words) -> Result<(), Errno> {
    let Words { addr, words } = to;
    if *addr % 4 != 0 || *addr > MEMORY_MAX - 4 * WORDS as u32 {
        return Err(EINVAL);
    }
    for (word, at) in words.iter_mut().zip((*addr..).step_by(4)) {
        *word = read_word(at).ok_or(EINVAL)?;
    }
    Ok(())
}

fn fill_mapper(to: &mut Mapper) -> Result<(), Errno> {
    let mut index = 0;
    let mut found = Err(ENOENT);
    for_each_mapper(PhysAddr(to.page), |nr, addr, entry| {
        if index == to.index {
            [to.nr, to.addr, to.entry] = [nr.0 as u32, addr.0, entry.0];
            found = Ok(());
        }
        index += 1;
    });
    found
}

/// What every word of a hogged page but the first two holds.
const GARBAGE: u8 = 0xdb;

/// Takes pages until only `leave` are free, fills
/// them with garbage, links them, and checks each. In a page: the address of
/// the one before it, and how many there were before it.
fn hog(to: &mut Hog) -> Result<(), Errno> {
    while nr_free_pages() > to.leave {
        let mut page = Page::alloc().ok_or(ENOMEM)?;
        check_fresh(to, page.address());
        let data = page.data_mut();
        data.fill(GARBAGE);
        data[..4].copy_from_slice(&HOGGED.get().to_le_bytes());
        data[4..8].copy_from_slice(&HOGGED_COUNT.get().to_le_bytes());
        HOGGED.set(page.into_raw().0);
        HOGGED_COUNT.set(HOGGED_COUNT.get() + 1);
        to.taken += 1;
    }
    // A page that was handed out twice breaks the numbering.
    let mut at = HOGGED.get();
    for number in (0..HOGGED_COUNT.get()).rev() {
        if read_word(at + 4) != Some(number) {
            to.bad_twice += 1;
            break;
        }
        at = read_word(at).unwrap_or(0);
    }
    Ok(())
}

/// Counts what is wrong with a page that has just been handed out.
fn check_fresh(to: &mut Hog, page: PhysAddr) {
    let regions = boot_info().regions();
    let usable = regions
        .iter()
        .any(|r| page >= r.start && page.0 + PAGE_SIZE <= r.end.0);
    if !page.0.is_multiple_of(PAGE_SIZE) || page.0 < LOW_MEM || !usable {
        to.bad_range += 1;
    }
    if page_count(page) != 1 {
        to.bad_count += 1;
    }
    let mut owned = tasks().iter().any(|task| &raw const *task as u32 == page.0);
    owned |= (0..ENTRIES).any(|index| {
        let entry = dir_entry(LinAddr(index * TABLE_SPAN)).get();
        entry.present() && entry.page() == page
    });
    let (start, len) = ramdisk();
    owned |= len != 0 && page.0 + PAGE_SIZE > start && page.0 < start + len;
    for_each_mapper(page, |_, _, _| owned = true);
    if owned {
        to.bad_owner += 1;
    }
}

/// Address and bytes of the RAM disk.
fn ramdisk() -> (u32, u32) {
    let range = ramdisk::range();
    (range.start.0, range.end.0 - range.start.0)
}

fn unhog() -> i32 {
    let (count, mut at) = (HOGGED_COUNT.get(), HOGGED.get());
    HOGGED_COUNT.set(0);
    HOGGED.set(0);
    for _ in 0..count {
        let before = read_word(at).unwrap_or(0);
        // SAFETY: `hog` gave the page away with `into_raw` to this list.
        drop(unsafe { Page::from_raw(PhysAddr(at)) });
        at = before;
    }
    count as i32
}

fn force(what: u32) -> SysResult {
    match what {
        FORCE_OCCUPY => occupy(),
        FORCE_VACATE => vacate(),
        FORCE_UNEQUAL => fork_with_bases(0x40_0000, 0),
        FORCE_MISALIGN => fork_with_bases(0x1000, 0x1000),
        _ => Err(EINVAL),
    }
}

/// Puts a page table into the middle of the slot that fork takes next.
fn occupy() -> SysResult {
    let nr = tasks().free_slot().ok_or(ESRCH)?;
    let linear = nr.0 as u32 * TASK_SIZE + 5 * TABLE_SPAN;
    if OCCUPIED.get() != 0 || dir_entry(LinAddr(linear)).get().present() {
        return Err(EINVAL);
    }
    let table = Page::zeroed().ok_or(ENOMEM)?;
    dir_entry(LinAddr(linear)).set(Entry::new(table.into_raw(), PageFlags::PRESENT));
    OCCUPIED.set(linear);
    Ok(nr.0 as i32)
}

fn vacate() -> SysResult {
    let linear = LinAddr(OCCUPIED.get());
    OCCUPIED.set(0);
    let entry = dir_entry(linear).get();
    if linear.0 == 0 || !entry.present() {
        return Err(EINVAL);
    }
    dir_entry(linear).set(Entry::NONE);
    // SAFETY: `occupy` gave the page away to this entry, which is empty now.
    drop(unsafe { Page::from_raw(entry.page()) });
    Ok(0)
}

/// Calls fork with the bases of the caller's code and data moved by so many
/// bytes. Interrupts stay off, so that the CPU does not load the descriptors.
fn fork_with_bases(code: u32, data: u32) -> SysResult {
    let task = current();
    let page = &raw const *task as u32;
    let frame = (page + KERNEL_STACK_PAGE - size_of::<TrapFrame>() as u32) as *const TrapFrame;
    let moved = |index: usize, by: u32| {
        let descriptor = task.ldt[index].get();
        descriptor.with_base(LinAddr(descriptor.base().0 + by))
    };
    let _irq = irq_save();
    let old = (
        task.ldt[1].replace(moved(1, code)),
        task.ldt[2].replace(moved(2, data)),
    );
    // SAFETY: the frame that `SAVE_ALL` left when this call entered the kernel
    // from ring 3; nothing changes it before we return.
    let result = crate::kernel::fork::sys_fork(unsafe { &*frame });
    task.ldt[1].set(old.0);
    task.ldt[2].set(old.1);
    result
}

fn probe(to: &mut Probe) -> Result<(), Errno> {
    let value = read_word(to.addr);
    to.faulted = value.is_none() as u32;
    to.value = value.unwrap_or(0);
    Ok(())
}

fn command_line(arg: UserAddr) -> SysResult {
    let mut page = Page::zeroed().ok_or(ENOMEM)?;
    let text = boot_info().cmdline().as_bytes();
    let len = text.len().min(CMDLINE_MAX - 1);
    page.data_mut()[..len].copy_from_slice(&text[..len]);
    arg.slice(CMDLINE_MAX as u32)?
        .copy_out(&page.data()[..CMDLINE_MAX])?;
    Ok(len as i32)
}

/// Ends the emulator: QEMU by its `isa-debug-exit` device, which makes the exit
/// code `2 * code + 1`, Bochs by the word that its port 0x8900 waits for.
fn leave_emulator(code: u8) -> SysResult {
    outb(code, 0xf4);
    for byte in *b"Shutdown" {
        outb(byte, 0x8900);
    }
    Ok(0)
}
