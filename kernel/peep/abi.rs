//! Commands and structures of `/dev/peep`. TEST ONLY, not in 0.11.
//!
//! This file is compiled into the kernel and into the guest tests, so that the
//! two cannot disagree. All structures consist of words of 32 bits.

/// Fills an [`Info`].
pub const PEEP_INFO: u32 = 0x7000;
/// Ends the emulator: the argument itself is the code, 0 for success.
pub const PEEP_EXIT: u32 = 0x7001;
/// Fills a [`TaskInfo`] for the slot in its first word; `ESRCH` if it is empty.
pub const PEEP_TASK: u32 = 0x7002;
/// Fills a [`Walk`]: how an address of a slot is mapped.
pub const PEEP_WALK: u32 = 0x7003;
/// The argument is a physical address; the result is its count in `mem_map`.
pub const PEEP_COUNT: u32 = 0x7004;
/// Fills [`Words`] from physical memory.
pub const PEEP_READ: u32 = 0x7005;
/// Fills a [`Mapper`], the `index`-th of a page; `ENOENT` behind the last one.
pub const PEEP_MAPPER: u32 = 0x7006;
/// Takes all free pages but [`Hog::leave`] and checks each one.
pub const PEEP_HOG: u32 = 0x7007;
/// Frees what [`PEEP_HOG`] took; the result is the number of pages.
pub const PEEP_UNHOG: u32 = 0x7008;
/// One of the `FORCE_` numbers.
pub const PEEP_FORCE: u32 = 0x7009;
/// Reads a word at a linear address through the kernel's data segment, which
/// may fault: fills a [`Probe`].
pub const PEEP_PROBE: u32 = 0x700a;
/// Fills the argument, [`CMDLINE_MAX`] bytes, with the command line and zeros.
pub const PEEP_CMDLINE: u32 = 0x700b;
/// Panics. The argument is in the message.
pub const PEEP_PANIC: u32 = 0x700c;
/// The argument is an index; the result is that entry of the page directory
/// without its accessed bit.
pub const PEEP_DIR: u32 = 0x700d;

/// Bytes of a command line, the closing zero included.
pub const CMDLINE_MAX: usize = 1024;

/// Makes the directory entry that the next fork would fill first occupied.
pub const FORCE_OCCUPY: u32 = 1;
/// Undoes [`FORCE_OCCUPY`].
pub const FORCE_VACATE: u32 = 2;
/// Forks with a data base that is not the code base; the result is fork's.
pub const FORCE_UNEQUAL: u32 = 3;
/// Forks with both bases off a multiple of 64 MB; the result is fork's.
pub const FORCE_MISALIGN: u32 = 4;

/// About the machine and the kernel.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Info {
    /// The running task's slot.
    pub current: u32,
    /// Clock ticks since boot.
    pub jiffies: u32,
    /// Address of the GDT.
    pub gdt: u32,
    /// First address that `mem_map` counts.
    pub low_mem: u32,
    /// First address behind what `mem_map` counts.
    pub high_mem: u32,
    /// End of the last usable region in the loader's memory map.
    pub memory_end: u32,
    /// Pages of main memory (not marked used), free and taken.
    pub main_pages: u32,
    /// Lowest and highest page of main memory.
    pub first_main: u32,
    pub last_main: u32,
    /// Free pages.
    pub free_pages: u32,
    /// Pages that [`PEEP_HOG`] holds.
    pub hogged: u32,
    /// `mm::memory::COUNTERS`.
    pub no_page: u32,
    pub wp_page: u32,
    pub copied: u32,
    pub given_back: u32,
    pub zero_filled: u32,
    pub loaded: u32,
    pub shared: u32,
    /// Inodes of the table in use, open files of the table in use.
    pub inodes: u32,
    pub files: u32,
    /// Buffers that someone holds.
    pub buffers: u32,
    /// The RAM disk: address and bytes.
    pub ramdisk: u32,
    pub ramdisk_len: u32,
    /// Bytes of the deepest kernel stack so far, and those there are.
    pub deepest_stack: u32,
    pub stack_size: u32,
    /// Descriptors: the kernel's code and data.
    pub kernel_code: [u32; 2],
    pub kernel_data: [u32; 2],
    /// CR0 and CR3.
    pub cr0: u32,
    pub cr3: u32,
}

/// About one task: 0.11's `task_struct` and what belongs to it.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct TaskInfo {
    /// The slot: the request.
    pub nr: u32,
    /// Where the `Task` lies.
    pub address: u32,
    pub state: u32,
    pub counter: i32,
    pub priority: i32,
    pub signal: u32,
    pub blocked: u32,
    pub exit_code: i32,
    pub start_code: u32,
    pub end_code: u32,
    pub end_data: u32,
    pub brk: u32,
    pub start_stack: u32,
    pub pid: i32,
    pub father: i32,
    pub pgrp: i32,
    pub session: i32,
    pub leader: u32,
    pub uid: u32,
    pub euid: u32,
    pub suid: u32,
    pub gid: u32,
    pub egid: u32,
    pub sgid: u32,
    pub alarm: u32,
    pub utime: u32,
    pub stime: u32,
    pub cutime: u32,
    pub cstime: u32,
    pub start_time: u32,
    pub used_math: u32,
    pub tty: i32,
    pub umask: u32,
    pub close_on_exec: u32,
    /// Addresses of inodes in the table, 0 for none.
    pub pwd: u32,
    pub root: u32,
    pub executable: u32,
    /// Their counts.
    pub pwd_count: u32,
    pub root_count: u32,
    pub executable_count: u32,
    /// Mapped pages.
    pub pages: u32,
    /// Stack pointer in ring 3.
    pub user_esp: u32,
    pub canary: u32,
    /// The three descriptors of the LDT.
    pub ldt: [[u32; 2]; 3],
    /// The slot's descriptors in the GDT.
    pub gdt_tss: [u32; 2],
    pub gdt_ldt: [u32; 2],
    /// Addresses of the TSS and the LDT.
    pub tss_address: u32,
    pub ldt_address: u32,
    /// The TSS's 26 words.
    pub tss: [u32; 26],
    /// Addresses of the open files, 0 for none, and their counts.
    pub filp: [u32; 20],
    pub f_count: [u32; 20],
    /// The 16 directory entries of the slot.
    pub dir: [u32; 16],
    /// Handler, mask, flags, restorer of each signal.
    pub sigaction: [[u32; 4]; 32],
    /// Name of the program.
    pub comm: [u8; 16],
}

/// How an address is mapped.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Walk {
    /// Request: the slot and the address in it.
    pub nr: u32,
    pub addr: u32,
    /// Directory and table entry; 0 for none.
    pub dir: u32,
    pub entry: u32,
}

/// How many words one [`PEEP_READ`] reads.
pub const WORDS: usize = 64;

/// A piece of physical memory.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Words {
    /// Request: the address, a multiple of 4.
    pub addr: u32,
    /// What lies there.
    pub words: [u32; WORDS],
}

/// One place where a page is mapped.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Mapper {
    /// Request: the page and which of its mappers.
    pub page: u32,
    pub index: u32,
    /// The slot, the address in it, and the table entry.
    pub nr: u32,
    pub addr: u32,
    pub entry: u32,
}

/// All of memory taken, and what was wrong with it.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Hog {
    /// Request: so many pages stay free.
    pub leave: u32,
    /// Pages taken now.
    pub taken: u32,
    /// Pages outside main memory or not aligned.
    pub bad_range: u32,
    /// Pages handed out whose count was not 0 before or not 1 afterwards.
    pub bad_count: u32,
    /// Pages that hold a task, a page table, a mapped page or the RAM disk.
    pub bad_owner: u32,
    /// Pages handed out twice.
    pub bad_twice: u32,
}

/// A read through the kernel's data segment.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Probe {
    /// Request: the offset in the kernel's data segment.
    pub addr: u32,
    /// Did it fault? And if not: what was there.
    pub faulted: u32,
    pub value: u32,
}

const _: () = assert!(size_of::<Info>() == 31 * 4);
const _: () = assert!(size_of::<TaskInfo>() == (53 + 26 + 20 + 20 + 16 + 128 + 4 + 2) * 4);
