//! Whole pages of this program's own, in bss, to be written to and looked at.

use core::cell::UnsafeCell;

/// Bytes of a page.
pub const PAGE: usize = 4096;
/// Pages of the area.
pub const PAGES: usize = 64;

#[repr(C, align(4096))]
struct Area(UnsafeCell<[[u8; PAGE]; PAGES]>);

// SAFETY: one thread; all access is by volatile reads and writes of bytes.
unsafe impl Sync for Area {}

static AREA: Area = Area(UnsafeCell::new([[0; PAGE]; PAGES]));

/// Address of page `index`, as the program and the kernel know it.
pub fn address(index: usize) -> usize {
    assert!(index < PAGES);
    AREA.0.get().expose_provenance() + index * PAGE
}

/// Pointer to byte `offset` of page `index`.
pub fn pointer(index: usize, offset: usize) -> *mut u8 {
    assert!(index < PAGES && offset < PAGE);
    // SAFETY: inside the area.
    unsafe { AREA.0.get().cast::<u8>().add(index * PAGE + offset) }
}

/// A byte of page `index`.
pub fn get(index: usize, offset: usize) -> u8 {
    // SAFETY: inside the area.
    unsafe { pointer(index, offset).read_volatile() }
}

/// Sets a byte of page `index`.
pub fn set(index: usize, offset: usize, value: u8) {
    // SAFETY: inside the area.
    unsafe { pointer(index, offset).write_volatile(value) }
}

/// Fills page `index`.
pub fn fill(index: usize, value: u8) {
    for offset in 0..PAGE {
        set(index, offset, value);
    }
}

/// Has page `index` this value in every byte?
pub fn is_filled(index: usize, value: u8) -> bool {
    (0..PAGE).all(|offset| get(index, offset) == value)
}

/// Writes at any address of this process.
///
/// # Safety
/// The address is of memory that belongs to no Rust object, or faults.
pub unsafe fn poke(address: usize, value: u8) {
    // SAFETY: the caller's promise.
    unsafe {
        core::arch::asm!("mov byte ptr [{}], {}", in(reg) address, in(reg_byte) value, options(nostack))
    }
}

/// Reads at any address of this process, or faults.
pub fn peek(address: usize) -> u8 {
    let value: u8;
    // SAFETY: only reads; a fault is what the caller wants to see.
    unsafe {
        core::arch::asm!("mov {}, byte ptr [{}]", out(reg_byte) value, in(reg) address,
            options(nostack, readonly));
    }
    value
}
