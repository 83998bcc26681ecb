//! `memcpy` and its kin (0.11 `include/string.h`): the compiler calls them for
//! every copy whose size it does not know, or that is large.
//!
//! The 386 moves four bytes an iteration with `rep movsd`, which is what a page
//! copy should cost. The versions that come with Rust's `compiler_builtins`
//! are loops.

use core::arch::asm;

/// Copies a block or a page, without the call and the odd bytes of `memcpy`.
#[inline(always)]
pub fn copy_words<const N: usize>(to: &mut [u8; N], from: &[u8; N]) {
    const { assert!(N.is_multiple_of(4)) };
    // SAFETY: both have `N` bytes and do not overlap. As in `memcpy`.
    unsafe {
        asm!(
            "xchg esi, eax",
            "rep movsd",
            "mov esi, eax",
            inout("eax") from.as_ptr() => _,
            inout("edi") to.as_mut_ptr() => _,
            inout("ecx") N / 4 => _,
            options(nostack, preserves_flags)
        );
    }
}

/// Fills a block or a page with zeros, likewise.
#[inline(always)]
pub fn clear_words<const N: usize>(to: &mut [u8; N]) {
    const { assert!(N.is_multiple_of(4)) };
    // SAFETY: it has `N` bytes.
    unsafe {
        asm!(
            "rep stosd",
            in("eax") 0,
            inout("edi") to.as_mut_ptr() => _,
            inout("ecx") N / 4 => _,
            options(nostack, preserves_flags)
        );
    }
}

/// Copies `n` bytes, words first.
///
/// # Safety
/// As C's `memcpy`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memcpy(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    // SAFETY: the caller's promise; the direction flag is clear in all our
    // code. esi cannot be named, so it is exchanged by hand with a register
    // that cannot be it.
    unsafe {
        asm!(
            "xchg esi, eax",
            "mov ecx, edx",
            "shr ecx, 2",
            "rep movsd",
            "mov ecx, edx",
            "and ecx, 3",
            "rep movsb",
            "mov esi, eax",
            inout("eax") from => _,
            in("edx") n,
            inout("edi") to => _,
            out("ecx") _,
            options(nostack)
        );
    }
    to
}

/// Copies `n` bytes between places that may overlap.
///
/// # Safety
/// As C's `memmove`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memmove(to: *mut u8, from: *const u8, n: usize) -> *mut u8 {
    if (to as usize).wrapping_sub(from as usize) >= n {
        // SAFETY: the target does not begin inside the source, so copying
        // upwards reads each byte before it is overwritten.
        return unsafe { memcpy(to, from, n) };
    }
    // SAFETY: the caller's promise; downwards, from the last byte, with the
    // direction flag set for just this instruction.
    unsafe {
        asm!(
            "xchg esi, eax",
            "std",
            "rep movsb",
            "cld",
            "mov esi, eax",
            inout("eax") from.wrapping_add(n).wrapping_sub(1) => _,
            inout("edi") to.wrapping_add(n).wrapping_sub(1) => _,
            inout("ecx") n => _,
            options(nostack)
        );
    }
    to
}

/// Fills `n` bytes with the low byte of `value`, words first.
///
/// # Safety
/// As C's `memset`.
#[unsafe(no_mangle)]
unsafe extern "C" fn memset(to: *mut u8, value: i32, n: usize) -> *mut u8 {
    let word = (value as u8 as u32).wrapping_mul(0x0101_0101);
    // SAFETY: the caller's promise.
    unsafe {
        asm!(
            "mov ecx, edx",
            "shr ecx, 2",
            "rep stosd",
            "mov ecx, edx",
            "and ecx, 3",
            "rep stosb",
            in("eax") word,
            in("edx") n,
            inout("edi") to => _,
            out("ecx") _,
            options(nostack, preserves_flags)
        );
    }
    to
}
