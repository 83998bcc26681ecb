//! The kernel seen through `/dev/peep` (kernel/peep.rs).

use rt::prelude::*;

#[path = "../../../kernel/peep/abi.rs"]
mod abi;
pub use abi::*;

/// Present, writable, user, accessed, dirty: bits of an entry.
pub const P: u32 = 1;
/// Writable.
pub const W: u32 = 2;
/// Ring 3 may use it.
pub const U: u32 = 4;
/// Accessed.
pub const A: u32 = 0x20;
/// Dirty.
pub const D: u32 = 0x40;

/// Bytes of a slot.
pub const SLOT: u32 = 0x400_0000;

/// One command, with a number.
///
/// # Errors
/// What the command gives; ENXIO without the word `peep` on the command line.
pub fn command(command: u32, argument: u32) -> Result<i32> {
    let device = sys::open("/dev/peep", sys::O_RDONLY, 0)?;
    // SAFETY: the callers here pass numbers, or addresses of structures that
    // fit the command.
    let result = unsafe { sys::ioctl(device, command, argument as usize) };
    sys::close(device)?;
    result
}

fn ask<T>(number: u32, mut request: T) -> Result<T> {
    command(number, (&raw mut request).expose_provenance() as u32)?;
    // The kernel has written to it behind the compiler's back.
    Ok(core::hint::black_box(request))
}

/// About the machine and the kernel.
///
/// # Errors
/// ENXIO.
pub fn info() -> Result<Info> {
    ask(PEEP_INFO, Info::default())
}

/// The task in slot `nr`.
///
/// # Errors
/// ESRCH if the slot is empty.
pub fn task(nr: u32) -> Result<TaskInfo> {
    // SAFETY: words and bytes; all zeros is a value.
    let mut request: TaskInfo = unsafe { core::mem::zeroed() };
    request.nr = nr;
    ask(PEEP_TASK, request)
}

/// All tasks.
pub fn tasks() -> impl Iterator<Item = TaskInfo> {
    (0..64).filter_map(|nr| task(nr).ok())
}

/// The task with this number.
///
/// # Errors
/// ESRCH.
pub fn find(pid: i32) -> Result<TaskInfo> {
    tasks()
        .find(|task| task.nr != 0 && task.pid == pid)
        .ok_or(Errno::ESRCH)
}

/// This process.
///
/// # Errors
/// ENXIO.
pub fn me() -> Result<TaskInfo> {
    task(info()?.current)
}

/// Free pages and those that this process has mapped, tables included: the same
/// before and after whatever gives everything back.
///
/// # Errors
/// ENXIO.
pub fn free_and_mine() -> Result<u32> {
    let (info, me) = (info()?, me()?);
    let tables = me.dir.iter().filter(|entry| *entry & P != 0).count();
    Ok(info.free_pages + me.pages + tables as u32)
}

/// The table entry for `addr` in slot `nr`; 0 if nothing is mapped.
///
/// # Errors
/// EINVAL.
pub fn entry(nr: u32, addr: usize) -> Result<u32> {
    Ok(walk(nr, addr)?.entry)
}

/// Directory and table entry for `addr` in slot `nr`.
///
/// # Errors
/// EINVAL.
pub fn walk(nr: u32, addr: usize) -> Result<Walk> {
    ask(
        PEEP_WALK,
        Walk {
            nr,
            addr: addr as u32,
            ..Walk::default()
        },
    )
}

/// The count in `mem_map` of the page with this entry.
///
/// # Errors
/// ENXIO.
pub fn count(entry: u32) -> Result<u32> {
    command(PEEP_COUNT, entry & !0xfff).map(|count| count as u32)
}

/// 64 words of physical memory.
///
/// # Errors
/// EINVAL.
pub fn read(addr: u32) -> Result<[u32; WORDS]> {
    Ok(ask(
        PEEP_READ,
        Words {
            addr,
            words: [0; WORDS],
        },
    )?
    .words)
}

/// Entry `index` of the page directory.
///
/// # Errors
/// EINVAL.
pub fn directory(index: u32) -> Result<u32> {
    command(PEEP_DIR, index).map(|entry| entry as u32)
}

/// Every place that maps the page.
pub fn mappers(page: u32) -> Vec<Mapper> {
    let at = |index| {
        ask(
            PEEP_MAPPER,
            Mapper {
                page: page & !0xfff,
                index,
                ..Mapper::default()
            },
        )
    };
    (0..).map_while(|index| at(index).ok()).collect()
}

/// Takes all free pages but `leave`; given back when the value is dropped.
///
/// # Errors
/// ENXIO.
pub fn hog(leave: u32) -> Result<HeldPages> {
    ask(
        PEEP_HOG,
        Hog {
            leave,
            ..Hog::default()
        },
    )
    .map(HeldPages)
}

/// Pages taken by [`hog`], and what was found of them.
#[derive(Debug)]
pub struct HeldPages(pub Hog);

impl Drop for HeldPages {
    fn drop(&mut self) {
        let _ = command(PEEP_UNHOG, 0);
    }
}

/// The kernel reads a word at this offset in its data segment.
///
/// # Errors
/// ENXIO.
pub fn probe(addr: u32) -> Result<Probe> {
    ask(
        PEEP_PROBE,
        Probe {
            addr,
            ..Probe::default()
        },
    )
}

/// The kernel's command line.
///
/// # Errors
/// ENXIO.
pub fn cmdline() -> Result<Vec<u8>> {
    let mut text = vec![0u8; CMDLINE_MAX];
    let len = command(PEEP_CMDLINE, text.as_mut_ptr().expose_provenance() as u32)?;
    text.truncate(len as usize);
    Ok(text)
}

/// Is `word` on the kernel's command line?
pub fn flag(word: &str) -> bool {
    cmdline().is_ok_and(|line| {
        line.split(|b| *b == b' ')
            .any(|have| have == word.as_bytes())
    })
}

/// Base and limit (last byte) of a descriptor.
pub fn base_and_limit(words: [u32; 2]) -> (u32, u32) {
    let [low, high] = words;
    let base = low >> 16 | (high & 0xff) << 16 | high & 0xff00_0000;
    let limit = low & 0xffff | high & 0xf_0000;
    (
        base,
        if high & 1 << 23 != 0 {
            limit << 12 | 0xfff
        } else {
            limit
        },
    )
}

/// What tests ask of a task.
pub trait TaskExt {
    /// Its table entry for an address.
    fn entry(&self, addr: usize) -> u32;
}

impl TaskExt for TaskInfo {
    fn entry(&self, addr: usize) -> u32 {
        entry(self.nr, addr).unwrap_or(0)
    }
}
