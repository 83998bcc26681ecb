//! Tracing: `/dev/trace`, character device 1,12, and `trace=` on the command
//! line. Not in 0.11. What there is to know of it: `docs/tracing.md`.
//!
//! A place worth telling of says `trace!(Event, argument, ...)`, up to four words.
//! As long as that kind of event is not recorded it costs one test of a byte and a
//! jump that is not taken; system calls cost nothing, as another entry stands in
//! their gate while they are traced (`system_call.S`).
//!
//! Records go into a ring of pages that are taken when recording begins, and, with
//! the word `ttyS1` in `trace=`, over the second serial line as they come, so that
//! none is lost.

pub mod abi;

use self::abi::*;
use crate::arch::boot::setup::boot_info;
use crate::arch::irq::irq_save;
use crate::arch::paging::{TABLE_SPAN, dir_entry};
use crate::arch::segment::UserSlice;
use crate::arch::tsc;
use crate::kernel::chr_drv::serial;
use crate::kernel::errno::{EINVAL, ENOMEM, ESRCH, Errno, SysResult};
use crate::kernel::sched::jiffies;
use crate::kernel::shared::IrqCell;
use crate::kernel::system_call::set_call_gate;
use crate::kernel::task::{TASK_SIZE, Task, current, tasks, try_current};
use crate::kernel::traps::{TrapFrame, set_page_fault_gate};
use crate::kernel::types::{LinAddr, PhysAddr, Pid, UserAddr};
use crate::mm::memory::{MEMORY_MAX, PAGE_SIZE, Page, for_each_present, nr_free_pages, page_count};
use crate::mm::page::{LOW_MEM, USED};

/// Most pages of the ring, and the part of the free memory that it may take.
const PAGES_MAX: u32 = 64;
const PART_OF_FREE: u32 = 16;
/// Records in a page.
const PER_PAGE: u32 = PAGE_SIZE / RECORD_SIZE as u32;

/// Which kinds are recorded.
static MASK: IrqCell<u32> = IrqCell::new(0);
/// Only events of tasks with the flag `recorded`?
static FILTER: IrqCell<bool> = IrqCell::new(false);
/// Do records go over the second line, too?
static STREAM: IrqCell<bool> = IrqCell::new(false);
static HAS_TIME: IrqCell<bool> = IrqCell::new(false);
/// The process that began to record, 0 for the command line.
static OWNER: IrqCell<i32> = IrqCell::new(0);
/// The ring's pages, and how many there are.
static RING: [IrqCell<u32>; PAGES_MAX as usize] = [const { IrqCell::new(0) }; PAGES_MAX as usize];
static PAGES: IrqCell<u32> = IrqCell::new(0);
/// Records put in, and read or lost, since recording began.
static HEAD: IrqCell<u32> = IrqCell::new(0);
static TAIL: IrqCell<u32> = IrqCell::new(0);

/// Is this kind of event recorded?
#[inline(always)]
pub fn wants(event: Event) -> bool {
    cfg!(not(feature = "untraced")) && MASK.get() & event.class() != 0
}

/// Records an event with up to four words, if its kind is recorded; the words are
/// evaluated only then.
macro_rules! trace {
    ($event:ident) => {
        trace!($event, 0, 0, 0, 0)
    };
    ($event:ident, $a:expr $(,)?) => {
        trace!($event, $a, 0, 0, 0)
    };
    ($event:ident, $a:expr, $b:expr $(,)?) => {
        trace!($event, $a, $b, 0, 0)
    };
    ($event:ident, $a:expr, $b:expr, $c:expr $(,)?) => {
        trace!($event, $a, $b, $c, 0)
    };
    ($event:ident, $a:expr, $b:expr, $c:expr, $d:expr $(,)?) => {
        if $crate::kernel::trace::wants($crate::kernel::trace::abi::Event::$event) {
            $crate::arch::system::record_event::<
                { $crate::kernel::trace::abi::Event::$event as u32 },
            >([$a as u32, $b as u32, $c as u32, $d as u32]);
        }
    };
}
pub(crate) use trace;

/// Records an event of the running task, where tracing is on anyhow.
fn record(event: Event, a: u32, b: u32, c: u32, d: u32) {
    trace_record(event as u32, a, b, c, d);
}

/// Records an event of the running task; `asm.S` calls it for `trace!`.
#[unsafe(no_mangle)]
extern "C" fn trace_record(event: u32, a: u32, b: u32, c: u32, d: u32) {
    let args = [a, b, c, d];
    match try_current() {
        Some(task) if !FILTER.get() || task.recorded.get() => {
            put(event as u8, task.nr.get().0, task.pid.get().0 as u16, args)
        }
        Some(_) => {}
        None => put(event as u8, 0, 0, args),
    }
}

fn record_of(task: &Task, event: Event, args: [u32; 4]) {
    put(event as u8, task.nr.get().0, task.pid.get().0 as u16, args);
}

/// A page of zeros comes into being: of the heap, or of the stack.
#[cold]
#[inline(never)]
pub fn zero_page(task: &Task, addr: UserAddr) {
    let (linear, brk) = (task.linear(addr).0, task.brk.get().0);
    if addr.0 < brk {
        record(Event::ZeroFill, linear, task.end_data.get(), brk, 0);
    } else {
        let esp = task.user_esp();
        record(Event::StackGrow, linear, esp, task.start_stack.get().0, 0);
    }
}

/// Puts a record into the ring and on the line.
#[inline(never)]
fn put(event: u8, nr: u8, pid: u16, args: [u32; 4]) {
    let _irq = irq_save();
    let record = Record {
        event,
        nr,
        pid,
        tick: jiffies().0,
        time: if HAS_TIME.get() { tsc::read() } else { [0; 2] },
        args,
    };
    if PAGES.get() != 0 {
        // SAFETY: a place of the ring, and interrupts are off.
        unsafe { place(HEAD.get()).write(record) };
        HEAD.increment();
    }
    if STREAM.get() {
        // SAFETY: a record is 32 bytes without padding.
        serial::send_raw(unsafe { &*(&raw const record).cast::<[u8; RECORD_SIZE]>() });
    }
}

/// Where the record with this number lies. There is a ring.
fn place(number: u32) -> *mut Record {
    let place = number % (PAGES.get() * PER_PAGE);
    let page = RING[(place / PER_PAGE % PAGES_MAX) as usize].get();
    (page + place % PER_PAGE * RECORD_SIZE as u32) as *mut Record
}

/// Looks for `trace=` on the command line: names of kinds, `all`, and `ttyS1`,
/// with commas between them. Call it when there is memory.
pub fn init() {
    let Some(words) = boot_info().option("trace") else {
        return;
    };
    let mut mask = 0;
    for word in words.split(',') {
        match CLASSES.iter().position(|name| *name == word) {
            Some(class) => mask |= 1 << class,
            None if word == "all" => mask = ALL,
            None if word == "ttyS1" => STREAM.set(serial::prepare_trace()),
            None => {}
        }
    }
    if enable(mask).is_ok() && mask != 0 {
        snapshot();
    }
}

/// Does the trace go over serial line `line`, so that it is no terminal's?
pub fn uses_line(line: usize) -> bool {
    line == 1 && STREAM.get()
}

fn enable(mask: u32) -> Result<(), Errno> {
    let starts = mask != 0 && MASK.get() == 0;
    if starts && PAGES.get() == 0 {
        HAS_TIME.set(tsc::exists());
        HEAD.set(0);
        TAIL.set(0);
        let wanted = (nr_free_pages() / PART_OF_FREE).clamp(1, PAGES_MAX);
        for (number, place) in (1..=wanted).zip(&RING) {
            place.set(Page::alloc().ok_or(ENOMEM)?.into_raw().0);
            PAGES.set(number);
        }
    }
    MASK.set(mask & ALL);
    set_call_gate(wants(Event::SysEnter));
    set_page_fault_gate(wants(Event::Fault));
    if starts {
        let words = [mask, HAS_TIME.get() as u32, VERSION, PAGES.get()];
        put(Event::Start as u8, 0, 0, words);
    }
    Ok(())
}

/// Ends recording and gives the ring back.
fn stop() -> Result<(), Errno> {
    enable(0)?;
    filter(0)?;
    let pages = PAGES.get();
    PAGES.set(0);
    for place in RING.iter().take(pages as usize) {
        // SAFETY: `enable` gave the page away to this place, which is none of the
        // ring's any more.
        drop(unsafe { Page::from_raw(PhysAddr(place.get())) });
    }
    Ok(())
}

/// Only events of `pid` and of those marked before, or of all for 0.
fn filter(pid: i32) -> Result<(), Errno> {
    let tasks = tasks();
    if pid == 0 {
        tasks.iter().for_each(|task| task.recorded.set(false));
    } else {
        tasks.find(Pid(pid)).ok_or(ESRCH)?.recorded.set(true);
    }
    FILTER.set(pid != 0);
    Ok(())
}

/// `ioctl` on `/dev/trace`: `abi.rs` says what the commands do.
///
/// # Errors
/// `EPERM` for all but root, `EINVAL` for an unknown command, and what `abi.rs`
/// says.
pub fn trace_ioctl(cmd: u32, arg: UserAddr) -> SysResult {
    current().require_suser()?;
    match cmd {
        TRACE_ENABLE => {
            OWNER.set(current().pid.get().0);
            enable(arg.0)?;
        }
        TRACE_MASK => {
            if OWNER.get() != 0 && tasks().find(Pid(OWNER.get())).is_none() {
                stop()?; // it was killed
            }
            return Ok(MASK.get() as i32);
        }
        TRACE_PID => filter(arg.0 as i32)?,
        TRACE_SNAPSHOT => snapshot(),
        TRACE_RELEASE => stop()?,
        _ => return Err(EINVAL),
    }
    Ok(0)
}

/// Takes the next record out of the ring; says so if some were overwritten.
fn next() -> Option<Record> {
    let _irq = irq_save();
    let (head, tail) = (HEAD.get(), TAIL.get());
    let (there, room) = (head.wrapping_sub(tail), PAGES.get() * PER_PAGE);
    if there == 0 || room == 0 {
        return None;
    }
    if there > room {
        TAIL.set(head.wrapping_sub(room));
        return Some(Record {
            event: Event::Lost as u8,
            tick: jiffies().0,
            args: [there - room, 0, 0, 0],
            ..Record::default()
        });
    }
    TAIL.increment();
    // SAFETY: a place of the ring that was written; interrupts are off.
    Some(unsafe { place(tail).read() })
}

/// Reads whole records from `/dev/trace`, as many as there are and fit; 0 when
/// there is none.
///
/// # Errors
/// `EFAULT`, `ENOMEM`.
#[inline(never)]
pub fn trace_read(buf: UserSlice) -> SysResult {
    const SIZE: u32 = RECORD_SIZE as u32;
    let mut done = 0;
    while buf.len() - done >= SIZE
        && let Some(record) = next()
    {
        // SAFETY: a record is 32 bytes without padding.
        let bytes = unsafe { &*(&raw const record).cast::<[u8; RECORD_SIZE]>() };
        buf.part(done, SIZE).copy_out(bytes)?;
        done += SIZE;
    }
    Ok(done as i32)
}

/// Four words of 16 bytes.
pub fn words(bytes: [u8; 16]) -> [u32; 4] {
    let mut words = [0; 4];
    for (word, part) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_le_bytes([part[0], part[1], part[2], part[3]]);
    }
    words
}

/// Records the kernel's tables, whatever the filter: all slots with what they map,
/// but for slot 0, which maps all memory, and the counts of `mem_map`.
fn snapshot() {
    let tasks = tasks();
    record(Event::SnapBegin, tasks.iter().count() as u32, 0, 0, 0);
    for task in tasks.iter() {
        let [state, father, counter] = [
            task.state() as u32,
            task.father.get().0 as u32,
            task.counter.get() as u32,
        ];
        let page = &raw const *task as u32;
        record_of(task, Event::SnapTask, [state, father, page, counter]);
        record_of(task, Event::SnapName, words(task.comm.get()));
        if task.nr.get().0 != 0 {
            each_table(task, Event::SnapTable);
            for_each_present(task, |page, _, entry| {
                let lin = task.start_code.get().0 + page * PAGE_SIZE;
                record_of(task, Event::SnapEntry, [lin, entry.0, 0, 0]);
            });
        }
    }
    let (mut start, mut end) = (0, 0);
    for page in (LOW_MEM..MEMORY_MAX).step_by(PAGE_SIZE as usize) {
        let count = page_count(PhysAddr(page));
        if count == USED {
            continue;
        }
        if start == 0 {
            start = page;
        }
        end = page + PAGE_SIZE;
        if count != 0 {
            put(Event::SnapCount as u8, 0, 0, [page, count as u32, 0, 0]);
        }
    }
    record(Event::SnapEnd, start, end, nr_free_pages(), 0);
}

/// Records each directory entry of the task's slot that is present.
fn each_table(task: &Task, event: Event) {
    for index in 0..TASK_SIZE / TABLE_SPAN {
        let lin = task.start_code.get().0 + index * TABLE_SPAN;
        let dir = dir_entry(LinAddr(lin)).get();
        if dir.present() {
            record_of(task, event, [lin, dir.0, 0, 0]);
        }
    }
}

/// Records each page that `child` has got from `parent`, after fork has copied the
/// tables.
#[cold]
#[inline(never)]
pub fn each_shared(parent: &Task, child: &Task) {
    let (mut pages, nr) = (0, child.nr.get().0 as u32);
    for_each_present(child, |page, _, entry| {
        let [from, to] = [parent, child].map(|task| task.start_code.get().0 + page * PAGE_SIZE);
        let count = page_count(entry.page());
        record(Event::ForkShared, from, to, entry.0, count as u32);
        pages += 1;
    });
    let tables = child.tables.get().count_ones();
    record(Event::ForkTables, nr, pages, tables, 0);
}

/// Records each page and each table that `task` is about to lose. The count is
/// what is left of it.
#[cold]
#[inline(never)]
pub fn each_unmapped(task: &Task) {
    for_each_present(task, |page, _, entry| {
        let lin = task.start_code.get().0 + page * PAGE_SIZE;
        let count = page_count(entry.page());
        let left = if count == USED { count } else { count - 1 };
        record(Event::Unmap, lin, entry.0, left as u32, 0);
    });
    each_table(task, Event::TableFreed);
}

/// System calls, by bits, whose first argument is the name of a file, and those
/// with a second one.
const NAME_FIRST: [u32; 4] = bits(&[
    5, 8, 9, 10, 11, 12, 14, 15, 16, 18, 21, 22, 30, 33, 38, 39, 40, 51, 61, 83, 84, 85,
]);
const NAME_SECOND: [u32; 4] = bits(&[9, 21, 38, 83]);
const SYS_WRITE: u32 = 4;
const fn bits(calls: &[u32]) -> [u32; 4] {
    let (mut bits, mut index) = ([0; 4], 0);
    while index < calls.len() {
        bits[calls[index] as usize / 32] |= 1 << (calls[index] % 32);
        index += 1;
    }
    bits
}

/// Most text that is recorded of one argument, in pieces of 16 bytes.
const TEXT_PIECES: u32 = 3;

/// Records a system call and the beginning of the names, or of the text, that it
/// is given. May sleep, to read those.
#[inline(never)]
pub fn enter_call(frame: &TrapFrame) {
    let (call, [ebx, ecx, edx]) = (frame.orig_eax, [frame.ebx, frame.ecx, frame.edx]);
    if current().nr.get().0 == 0 {
        return; // its pause, at each interrupt
    }
    record(Event::SysEnter, call, ebx, ecx, edx);
    let word = call as usize / 32 % 4;
    let is_in = |calls: &[u32; 4]| calls[word] & 1 << (call % 32) != 0;
    if call == SYS_WRITE {
        record_text(UserAddr(ecx), edx);
    } else if is_in(&NAME_FIRST) {
        record_text(UserAddr(ebx), u32::MAX);
        if is_in(&NAME_SECOND) {
            record_text(UserAddr(ecx), u32::MAX);
        }
    }
}

/// Records a call's result.
pub fn leave_call(call: u32, result: i32) {
    if current().nr.get().0 != 0 {
        trace!(SysExit, call, result);
    }
}

fn record_text(from: UserAddr, len: u32) {
    let limit = current().data_limit().saturating_sub(from.0);
    let mut left = len.min(limit).min(TEXT_PIECES * 16);
    let mut at = from;
    while left > 0 {
        let mut piece = [0; 16];
        let part = left.min(16);
        let copied = at
            .slice(part)
            .and_then(|text| text.copy_in(&mut piece[..part as usize]));
        if copied.is_err() {
            return;
        }
        let [a, b, c, d] = words(piece);
        record(Event::SysText, a, b, c, d);
        if len == u32::MAX && piece.contains(&0) {
            return;
        }
        (at, left) = (at.add(part), left - part);
    }
}
