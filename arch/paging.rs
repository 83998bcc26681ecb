//! Page directory and page table entries (Intel 80386 Programmer's Reference
//! Manual, section 5.2).
//!
//! The one page directory lies at physical, and kernel linear, address 0,
//! where no Rust reference may point; so every entry is read and written by an
//! instruction of its own here.

use crate::kernel::types::{LinAddr, PhysAddr};

/// Bytes of a page.
const PAGE_SIZE: u32 = 4096;
/// Number of entries in the directory and in each table.
pub const ENTRIES: u32 = 1024;
/// Bytes of linear address space behind one directory entry.
pub const TABLE_SPAN: u32 = 4 << 20;

bitflags::bitflags! {
    /// The low bits of an entry.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct PageFlags: u32 {
        /// P: the entry maps something.
        const PRESENT = 1 << 0;
        /// R/W: ring 3 may write. The 386 ignores it in ring 0.
        const WRITE = 1 << 1;
        /// U/S: ring 3 may read.
        const USER = 1 << 2;
        /// A: set by the CPU on any access.
        const ACCESSED = 1 << 5;
        /// D: set by the CPU on a write; in tables only.
        const DIRTY = 1 << 6;
    }
}

/// An entry of the page directory or of a page table.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Entry(pub u32);

impl Entry {
    /// Maps nothing.
    pub const NONE: Entry = Entry(0);

    /// Maps the page at `page`.
    #[inline(always)]
    pub const fn new(page: PhysAddr, flags: PageFlags) -> Self {
        Entry(page.0 & 0xffff_f000 | flags.bits())
    }

    /// Where the page or table lies.
    #[inline(always)]
    pub const fn page(self) -> PhysAddr {
        PhysAddr(self.0 & 0xffff_f000)
    }

    /// Are all of `flags` set?
    #[inline(always)]
    pub const fn has(self, flags: PageFlags) -> bool {
        self.0 & flags.bits() == flags.bits()
    }

    /// Does it map something?
    #[inline(always)]
    pub const fn present(self) -> bool {
        self.has(PageFlags::PRESENT)
    }

    /// The entry with `flags` set.
    #[inline(always)]
    #[must_use]
    pub const fn with(self, flags: PageFlags) -> Entry {
        Entry(self.0 | flags.bits())
    }

    /// The entry with `flags` cleared.
    #[inline(always)]
    #[must_use]
    pub const fn without(self, flags: PageFlags) -> Entry {
        Entry(self.0 & !flags.bits())
    }
}

/// The place of an entry. Only this module makes one, always inside the page
/// directory or inside a page that the directory names as a table.
#[derive(Clone, Copy)]
pub struct EntryRef(u32);

impl EntryRef {
    /// Reads the entry.
    #[inline(always)]
    pub fn get(self) -> Entry {
        let value: u32;
        // SAFETY: the address is that of an entry (see the type), a word of
        // memory that holds no Rust object.
        unsafe {
            core::arch::asm!("mov {}, [{}]", lateout(reg) value, in(reg) self.0,
                options(nostack, preserves_flags, readonly));
        }
        Entry(value)
    }

    /// Writes the entry. The page tables of slot 0 map the kernel: they are
    /// written by `mem_init` alone, all others by mm/memory.rs, whose
    /// invariant is that an entry maps only a page that is counted for it.
    #[inline(always)]
    pub(crate) fn set(self, entry: Entry) {
        // SAFETY: as in `get`.
        unsafe {
            core::arch::asm!("mov [{}], {}", in(reg) self.0, in(reg) entry.0,
                options(nostack, preserves_flags));
        }
    }

    /// Writes [`Entry::NONE`].
    #[inline(always)]
    pub(crate) fn clear(self) {
        // SAFETY: as in `get`.
        unsafe {
            core::arch::asm!("mov dword ptr [{}], 0", in(reg) self.0,
                options(nostack, preserves_flags));
        }
    }

    /// The next entry of the same table; the caller stays within it.
    #[inline(always)]
    pub(crate) fn next(self) -> EntryRef {
        EntryRef(self.0 + 4)
    }
}

/// Reads entry `index` of the directory or of a table that it names.
#[inline(always)]
fn read_entry(table: PhysAddr, index: u32) -> Entry {
    let value: u32;
    // SAFETY: as in `EntryRef::get`.
    unsafe {
        core::arch::asm!("mov {}, [{} + 4*{}]", lateout(reg) value, in(reg) table.0,
            in(reg) index, options(nostack, preserves_flags, readonly));
    }
    Entry(value)
}

/// Reads the directory entry for `addr`. The directory lies at 0.
#[inline(always)]
fn read_dir_entry(addr: LinAddr) -> Entry {
    let value: u32;
    // SAFETY: as in `EntryRef::get`.
    unsafe {
        core::arch::asm!("mov {}, [4*{}]", lateout(reg) value, in(reg) addr.0 / TABLE_SPAN,
            options(nostack, preserves_flags, readonly));
    }
    Entry(value)
}

/// The table entry for `addr` as it is now; nothing where there is no table.
#[inline(always)]
pub fn lookup(addr: LinAddr) -> Entry {
    let dir = read_dir_entry(addr);
    if dir.present() {
        read_entry(dir.page(), addr.0 / PAGE_SIZE % ENTRIES)
    } else {
        Entry::NONE
    }
}

/// The directory entry for `addr` (0.11 `pg_dir`).
#[inline(always)]
pub fn dir_entry(addr: LinAddr) -> EntryRef {
    EntryRef((addr.0 >> 20) & 0xffc)
}

/// The table entry for `addr`, if the directory names a table for it.
#[inline(always)]
pub fn table_entry(addr: LinAddr) -> Option<EntryRef> {
    let dir = read_dir_entry(addr);
    dir.present()
        .then(|| EntryRef(dir.page().0 + ((addr.0 >> 10) & 0xffc)))
}

/// The byte at a physical address below 64 MB, which the kernel maps to itself;
/// for `/dev/mem`. Also at address 0, where no Rust pointer may point.
pub fn peek(addr: PhysAddr) -> u8 {
    let value: u8;
    // SAFETY: reads one byte, and any byte of memory may be read; what it
    // belongs to is not told to the compiler, which so cannot rely on it.
    unsafe {
        core::arch::asm!("mov {}, [{}]", out(reg_byte) value, in(reg) addr.0,
            options(nostack, preserves_flags, readonly));
    }
    value
}

/// Stores a byte at a physical address.
///
/// # Safety
/// The address lies in a page that a program's table entry maps: no Rust object
/// is there.
pub unsafe fn poke(addr: PhysAddr, value: u8) {
    // SAFETY: the caller's promise.
    unsafe {
        core::arch::asm!("mov [{}], {}", in(reg) addr.0, in(reg_byte) value,
            options(nostack, preserves_flags));
    }
}
