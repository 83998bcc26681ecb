//! From a physical page back to every linear address that maps it. Not in
//! 0.11, where it takes a search of the whole directory and all tables; here
//! the search is confined to what live tasks have mapped.

use super::memory::for_each_present;
use super::page::PAGE_SIZE;
use crate::arch::paging::Entry;
use crate::kernel::task::tasks;
use crate::kernel::types::{PhysAddr, TaskNr, UserAddr};

/// Calls `f` with the slot, the address in it, and the table entry of each
/// place of a live task that maps the page at `page`. Slot 0, which maps all
/// memory, is left out.
pub fn for_each_mapper(page: PhysAddr, mut f: impl FnMut(TaskNr, UserAddr, Entry)) {
    let page = PhysAddr(page.0 & !(PAGE_SIZE - 1));
    for task in tasks().users() {
        for_each_present(task, |number, _, entry| {
            if entry.page() == page {
                f(task.nr.get(), UserAddr(number * PAGE_SIZE), entry);
            }
        });
    }
}
