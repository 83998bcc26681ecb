//! Pages of main memory: `mem_map`, and the handle that owns a page
//! (the first part of 0.11 `mm/memory.c`: `get_free_page`, `free_page`).
//!
//! Finding a free page does not scan: a bitmap of the free pages, with one
//! word of summary for each 32 words of it, and one word over the summary, leads
//! to the highest free page in three steps. Freed pages keep their contents; who
//! needs a clear page gets it cleared then. But page tables are clear when they
//! are freed: a few of them are kept aside to be page tables again.

use crate::arch::string::clear_words;
use crate::kernel::shared::IrqCell;
use crate::kernel::trace::trace;
use crate::kernel::types::PhysAddr;
use core::num::NonZeroU32;

/// Bytes in a page.
pub const PAGE_SIZE: u32 = 4096;
/// `mem_map` begins at 1 MB.
pub const LOW_MEM: u32 = 0x10_0000;
/// Physical memory that the kernel uses: slot 0 maps it, so 64 MB.
pub const MEMORY_MAX: u32 = 0x400_0000;
/// Entries in `mem_map`.
pub const PAGING_PAGES: usize = ((MEMORY_MAX - LOW_MEM) / PAGE_SIZE) as usize;
/// The count of a page that is not main memory (0.11 `USED`).
pub const USED: u8 = 100;

/// How many clear pages are kept aside: two page tables for each of two
/// processes.
const MOST_CLEAR: usize = 4;
const WORDS: usize = PAGING_PAGES.div_ceil(32);
const SUMMARY_WORDS: usize = WORDS.div_ceil(32);

/// All counts, and which of them are 0. Touched by tasks only; the cells are
/// `IrqCell`s because those are `Sync` and compile to single instructions.
struct MemMap {
    count: [IrqCell<u8>; PAGING_PAGES],
    /// Bit p%32 of word p/32: page p is free.
    free: [IrqCell<u32>; WORDS],
    /// Bit w%32 of word w/32: word w of `free` is not 0.
    summary: [IrqCell<u32>; SUMMARY_WORDS],
    /// Bit w: word w of `summary` is not 0.
    top: IrqCell<u32>,
    /// Free pages, whether in the bitmap or kept aside.
    free_pages: IrqCell<u32>,
    /// The first `clear_pages` are free pages of zeros that are not in the
    /// bitmap.
    clear: [IrqCell<u32>; MOST_CLEAR],
    clear_pages: IrqCell<u32>,
}

const _: () = assert!(SUMMARY_WORDS <= 32);

static MEM_MAP: MemMap = MemMap {
    count: [const { IrqCell::new(0) }; PAGING_PAGES],
    free: [const { IrqCell::new(0) }; WORDS],
    summary: [const { IrqCell::new(0) }; SUMMARY_WORDS],
    top: IrqCell::new(0),
    free_pages: IrqCell::new(0),
    clear: [const { IrqCell::new(0) }; MOST_CLEAR],
    clear_pages: IrqCell::new(0),
};

/// The index of a page in `mem_map` (0.11 `MAP_NR`); `None` below 1 MB and
/// from 64 MB up.
#[inline(always)]
pub fn map_nr(page: PhysAddr) -> Option<usize> {
    let index = (page.0 / PAGE_SIZE).wrapping_sub(LOW_MEM / PAGE_SIZE) as usize;
    (index < PAGING_PAGES).then_some(index)
}

/// How many entries of page tables and other owners refer to the page.
#[inline(always)]
pub fn page_count(page: PhysAddr) -> u8 {
    map_nr(page).map_or(USED, |index| MEM_MAP.count[index].get())
}

/// Free pages of main memory.
pub fn nr_free_pages() -> u32 {
    MEM_MAP.free_pages.get()
}

fn mark_free(index: usize) {
    let word = &MEM_MAP.free[index / 32];
    word.set(word.get() | 1 << (index % 32));
    let summary = &MEM_MAP.summary[index / 1024];
    summary.set(summary.get() | 1 << (index / 32 % 32));
    MEM_MAP.top.set(MEM_MAP.top.get() | 1 << (index / 1024));
    MEM_MAP.free_pages.set(MEM_MAP.free_pages.get() + 1);
}

/// Marks everything as not main memory (the first loop of 0.11 `mem_init`).
pub(super) fn mark_all_used() {
    MEM_MAP.count.iter().for_each(|count| count.set(USED));
}

/// Declares `[start, end)` main memory, all of it free (the last loop of 0.11
/// `mem_init`). Call it once for each piece.
pub(super) fn add_main_memory(start: PhysAddr, end: PhysAddr) {
    let mut page = start.0.next_multiple_of(PAGE_SIZE).max(LOW_MEM);
    while page + PAGE_SIZE <= end.0.min(MEMORY_MAX) {
        if let Some(index) = map_nr(PhysAddr(page))
            && MEM_MAP.count[index].get() == USED
        {
            MEM_MAP.count[index].set(0);
            mark_free(index);
        }
        page += PAGE_SIZE;
    }
}

// ANCHOR: take_free_page
/// Takes the highest free page; its contents are garbage, its count is 1.
#[inline]
fn take_free_page() -> Option<PhysAddr> {
    let Some(block) = MEM_MAP.top.get().checked_ilog2() else {
        return take_clear_page();
    };
    let summary = MEM_MAP.summary.get(block as usize)?;
    let index = block * 32 + summary.get().checked_ilog2()?;
    let word = MEM_MAP.free.get(index as usize)?;
    let bit = word.get().checked_ilog2()?;
    word.set(word.get() & !(1 << bit));
    if word.get() == 0 {
        summary.set(summary.get() & !(1 << (index % 32)));
        if summary.get() == 0 {
            MEM_MAP.top.set(MEM_MAP.top.get() & !(1 << block));
        }
    }
    let page = index * 32 + bit;
    MEM_MAP.count.get(page as usize)?.set(1);
    MEM_MAP.free_pages.decrement();
    let page = PhysAddr(LOW_MEM + page * PAGE_SIZE);
    trace!(PageAlloc, page.0, MEM_MAP.free_pages.get());
    Some(page)
}

/// Takes a page of zeros, if one has been kept aside; its count is 1.
#[inline(always)]
fn take_clear_page() -> Option<PhysAddr> {
    let last = (MEM_MAP.clear_pages.get() as usize).checked_sub(1)?;
    let page = PhysAddr(MEM_MAP.clear.get(last)?.get());
    MEM_MAP.clear_pages.set(last as u32);
    MEM_MAP.count.get(map_nr(page)?)?.set(1);
    MEM_MAP.free_pages.decrement();
    trace!(PageAlloc, page.0, MEM_MAP.free_pages.get());
    Some(page)
}

/// As [`free_page`], for a page that is full of zeros and has no other owner.
pub(super) fn free_clear_page(page: PhysAddr) {
    let aside = MEM_MAP.clear.get(MEM_MAP.clear_pages.get() as usize);
    match (aside, map_nr(page)) {
        (Some(place), Some(index)) if MEM_MAP.count[index].get() == 1 => {
            MEM_MAP.count[index].set(0);
            place.set(page.0);
            MEM_MAP.clear_pages.increment();
            MEM_MAP.free_pages.increment();
            trace!(PageFree, page.0, MEM_MAP.free_pages.get());
        }
        _ => free_page(page),
    }
}
// ANCHOR_END: take_free_page

/// One more reference to a page of main memory; true. Pages that `mem_map` does
/// not count (the kernel's own) are left alone; false.
///
/// Crate-private: whoever calls it has put the page into a page table.
#[inline(always)]
pub(super) fn add_reference(page: PhysAddr) -> bool {
    let Some(index) = map_nr(page) else {
        return false;
    };
    let count = &MEM_MAP.count[index];
    debug_assert!(count.get() != 0 && count.get() < USED);
    count.set(count.get() + 1);
    true
}

// ANCHOR: free_page
/// Gives back one reference to a page; at 0 the page is free and may be handed
/// out again (0.11 `free_page`). Pages below 1 MB are the kernel's: nothing
/// happens.
///
/// Crate-private: whoever calls it has taken the page out of a page table.
#[inline(always)]
pub(super) fn free_page(page: PhysAddr) {
    if let Some(index) = map_nr(page) {
        let count = &MEM_MAP.count[index];
        let references = count.get();
        // Neither 0, nor 1, nor USED: the last one, and what should not happen.
        if (2..USED).contains(&references) {
            return count.set(references - 1);
        }
    }
    free_last(page);
}
// ANCHOR_END: free_page

/// The rest of [`free_page`]: the last reference, and what should not happen.
#[inline(never)]
fn free_last(page: PhysAddr) {
    if page.0 < LOW_MEM {
        return;
    }
    let Some(index) = map_nr(page) else {
        panic!("trying to free nonexistent page {:#x}", page.0);
    };
    let count = &MEM_MAP.count[index];
    match count.get() {
        0 => panic!("trying to free free page {:#x}", page.0),
        USED => panic!(
            "trying to free page {:#x}, which is not main memory",
            page.0
        ),
        _ => {
            count.set(0);
            mark_free(index);
            trace!(PageFree, page.0, MEM_MAP.free_pages.get());
        }
    }
}

/// A page of main memory that this value owns; dropping it gives it back.
pub struct Page {
    /// Never 0, so that an absent page takes no more room than a present one.
    address: NonZeroU32,
}

impl Page {
    /// A page with garbage in it, for who overwrites it whole. `None` when
    /// memory is full.
    #[inline]
    pub fn alloc() -> Option<Page> {
        take_free_page()
            .and_then(|page| NonZeroU32::new(page.0))
            .map(|address| Page { address })
    }

    /// A page of zeros (0.11 `get_free_page`). `None` when memory is full.
    #[inline]
    pub fn zeroed() -> Option<Page> {
        let mut page = Page::alloc()?;
        clear_words(page.data_mut());
        Some(page)
    }

    /// A page of zeros for a page table: one that is still clear since it was a
    /// page table, if there is one. `None` when memory is full.
    pub fn for_table() -> Option<Page> {
        match take_clear_page().and_then(|page| NonZeroU32::new(page.0)) {
            Some(address) => Some(Page { address }),
            None => Page::zeroed(),
        }
    }

    /// Where it lies; also its address in the kernel's segment.
    #[inline(always)]
    pub fn address(&self) -> PhysAddr {
        PhysAddr(self.address.get())
    }

    /// Its contents.
    #[inline(always)]
    pub fn data(&self) -> &[u8; PAGE_SIZE as usize] {
        // SAFETY: a page of main memory, mapped to itself for the kernel, and
        // ours alone: no other value and no page table refers to it.
        unsafe { &*(self.address.get() as *const [u8; PAGE_SIZE as usize]) }
    }

    /// Its contents, for writing.
    #[inline(always)]
    pub fn data_mut(&mut self) -> &mut [u8; PAGE_SIZE as usize] {
        // SAFETY: as for `data`, and borrowed mutably.
        unsafe { &mut *(self.address.get() as *mut [u8; PAGE_SIZE as usize]) }
    }

    /// Hands the page over to a page table or to the process table, which
    /// gives it back with [`free_page`] or [`Page::from_raw`].
    #[inline(always)]
    pub(crate) fn into_raw(self) -> PhysAddr {
        let address = self.address();
        core::mem::forget(self);
        address
    }

    /// Takes a page back that [`Page::into_raw`] gave away.
    ///
    /// # Safety
    /// The page came from `into_raw`, and its new owner has let go of it.
    pub(crate) unsafe fn from_raw(address: PhysAddr) -> Page {
        // SAFETY: pages lie above 1 MB.
        let address = unsafe { NonZeroU32::new_unchecked(address.0) };
        Page { address }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        free_page(self.address());
    }
}
