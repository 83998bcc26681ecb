//! Port input and output (0.11 `include/asm/io.h`).
//!
//! A port is a device's register. The functions are safe because no port of a
//! PC that this kernel drives can break memory safety by itself, with two
//! exceptions that their drivers must respect: the DMA controllers, which write
//! to memory, and the interrupt controllers, whose vectors `sched_init` sets.

/// Reads a byte from `port`.
#[inline(always)]
pub fn inb(port: u16) -> u8 {
    // SAFETY: ring 0 may execute `in`; it touches no memory.
    unsafe { x86::io::inb(port) }
}

/// Reads a byte from `port` and gives a slow device time (0.11 `inb_p`).
#[inline(always)]
pub fn inb_p(port: u16) -> u8 {
    let value = inb(port);
    io_delay();
    value
}

/// Writes `value` to `port`.
#[inline(always)]
pub fn outb(value: u8, port: u16) {
    // SAFETY: ring 0 may execute `out`; see the module's head for DMA.
    unsafe { x86::io::outb(port, value) }
}

/// Writes `value` to `port` and gives a slow device time (0.11 `outb_p`).
#[inline(always)]
pub fn outb_p(value: u8, port: u16) {
    outb(value, port);
    io_delay();
}

/// Writes a 16-bit `value` to `port`.
#[inline(always)]
pub fn outw(value: u16, port: u16) {
    // SAFETY: as for `outb`.
    unsafe { x86::io::outw(port, value) }
}

/// About a microsecond: a write to port 0x80, the power-on self test's
/// display, which exists on every PC and does nothing.
#[inline(always)]
fn io_delay() {
    outb(0, 0x80);
}

/// Fills `words` from `port` (0.11 `port_read`, `rep insw`).
pub fn port_read(port: u16, words: &mut [u16]) {
    // SAFETY: `rep insw` writes exactly `words.len()` 16-bit values from edi
    // up, all inside `words`, which we borrow mutably; the direction flag is
    // clear in all Rust code.
    unsafe {
        core::arch::asm!("rep insw", in("dx") port, inout("edi") words.as_mut_ptr() => _,
            inout("ecx") words.len() => _, options(nostack, preserves_flags));
    }
}

/// Writes `words` to `port` (0.11 `port_write`, `rep outsw`).
pub fn port_write(port: u16, words: &[u16]) {
    // SAFETY: `rep outsw` reads exactly `words.len()` 16-bit values from esi
    // up, all inside `words`. LLVM reserves esi, so it is saved by hand.
    unsafe {
        core::arch::asm!("xchg esi, eax", "rep outsw", "mov esi, eax",
            inout("eax") words.as_ptr() => _, in("dx") port,
            inout("ecx") words.len() => _, options(nostack, preserves_flags));
    }
}
