//! User memory, through the `fs` segment (0.11 `include/asm/segment.h`).
//!
//! `fs` holds the running task's own data segment whenever the kernel works
//! for it. A [`UserAddr`] is an allegation. It becomes a [`UserSlice`] when its
//! range lies within the task's segment, checked in software because QEMU does
//! not check segment limits. Then the bytes are reached page by page: *fault
//! in, unshare, copy, with no sleep between*, because the 386 ignores the
//! write protection of pages in ring 0, so that a write to a shared page would
//! reach the sibling. [`UserChunk`] is a piece so prepared; it forbids sleep
//! for as long as it lives.
//!
//! Reaching user memory may load a page from disk: except for a `UserChunk`
//! everything here is a sleep point.

use crate::kernel::errno::{EFAULT, Errno};
use crate::kernel::shared::NoSleep;
use crate::kernel::task::current;
use crate::kernel::types::UserAddr;
use crate::mm::memory::{PAGE_SIZE, verify_read, write_verify};
use core::arch::asm;
use core::mem::{MaybeUninit, size_of};

/// Types that may be copied to and from user space as they are.
///
/// # Safety
/// Any bit pattern is a valid value, and there is no padding (whose bytes
/// would leak what the kernel's stack holds).
pub unsafe trait Plain: Copy {}

macro_rules! plain {
    ($($name:ty),*) => {$(
        // SAFETY: an integer.
        unsafe impl Plain for $name {}
    )*};
}
plain!(u8, i8, u16, i16, u32, i32);
// SAFETY: an array of plain values has no padding.
unsafe impl<T: Plain, const N: usize> Plain for [T; N] {}

/// A range of the running task's memory that lies within its segment.
#[derive(Clone, Copy)]
pub struct UserSlice {
    addr: u32,
    len: u32,
}

impl UserAddr {
    /// Is it the null pointer?
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// The address `bytes` further on; wraps, and is checked when it is used.
    #[must_use]
    pub const fn add(self, bytes: u32) -> UserAddr {
        UserAddr(self.0.wrapping_add(bytes))
    }

    /// The `len` bytes from here on, if they lie within the running task's
    /// segment.
    ///
    /// # Errors
    /// `EFAULT`.
    #[inline]
    pub fn slice(self, len: u32) -> Result<UserSlice, Errno> {
        let end = self.0.checked_add(len).ok_or(EFAULT)?;
        if end > current().data_limit() {
            return Err(EFAULT);
        }
        Ok(UserSlice { addr: self.0, len })
    }

    /// Reads a value from here (0.11 `get_fs_byte`, `get_fs_word`,
    /// `get_fs_long`).
    ///
    /// # Errors
    /// `EFAULT`, `ENOMEM`.
    #[inline(always)]
    pub fn read<T: Plain>(self) -> Result<T, Errno> {
        let mut value = MaybeUninit::<T>::zeroed();
        // SAFETY: the bytes of `value` are initialised, and ours to write.
        let bytes = unsafe {
            core::slice::from_raw_parts_mut(value.as_mut_ptr().cast::<u8>(), size_of::<T>())
        };
        let range = self.slice(size_of::<T>() as u32)?;
        if range.is_in_one_page() {
            verify_read(&current(), self)?;
            UserChunk::new(range.addr, range.len).copy_to(bytes);
        } else {
            range.copy_in(bytes)?;
        }
        // SAFETY: every byte is initialised, and any bits are a `T`.
        Ok(unsafe { value.assume_init() })
    }

    /// Writes a value to here (0.11 `put_fs_byte`, `put_fs_word`,
    /// `put_fs_long`).
    ///
    /// # Errors
    /// `EFAULT`, `ENOMEM`.
    #[inline(always)]
    pub fn write<T: Plain>(self, value: &T) -> Result<(), Errno> {
        // SAFETY: `T` is plain: all its bytes are initialised.
        let bytes = unsafe {
            core::slice::from_raw_parts((&raw const *value).cast::<u8>(), size_of::<T>())
        };
        let range = self.slice(size_of::<T>() as u32)?;
        if range.is_in_one_page() {
            write_verify(&current(), self)?;
            UserChunk::new(range.addr, range.len).copy_from(bytes);
            Ok(())
        } else {
            range.copy_out(bytes)
        }
    }
}

impl UserSlice {
    /// Where it begins.
    pub const fn addr(self) -> UserAddr {
        UserAddr(self.addr)
    }

    /// How many bytes.
    pub const fn len(self) -> u32 {
        self.len
    }

    /// Is it empty?
    pub const fn is_empty(self) -> bool {
        self.len == 0
    }

    /// Does it end in the page in which it begins?
    #[inline(always)]
    const fn is_in_one_page(self) -> bool {
        self.addr % PAGE_SIZE + self.len <= PAGE_SIZE
    }

    /// The part from byte `from` on, `len` bytes long, cut at our end.
    #[must_use]
    pub fn part(self, from: u32, len: u32) -> UserSlice {
        let from = from.min(self.len);
        UserSlice {
            addr: self.addr + from,
            len: len.min(self.len - from),
        }
    }

    /// Fills `to`, which is as long as we are, from user memory. Do not pass
    /// bytes that a guard holds: this may sleep (see [`Self::read_pages`]).
    ///
    /// # Errors
    /// `EFAULT`, `ENOMEM`.
    #[inline(never)]
    pub fn copy_in(self, to: &mut [u8]) -> Result<(), Errno> {
        debug_assert!(to.len() == self.len as usize);
        self.read_pages(|offset, chunk| chunk.copy_to(&mut to[offset..offset + chunk.len()]))
    }

    /// Copies `from`, which is as long as we are, to user memory. Do not pass
    /// bytes that a guard holds: this may sleep (see [`Self::write_pages`]).
    ///
    /// # Errors
    /// `EFAULT`, `ENOMEM`.
    #[inline(never)]
    pub fn copy_out(self, from: &[u8]) -> Result<(), Errno> {
        debug_assert!(from.len() == self.len as usize);
        self.write_pages(|offset, chunk| chunk.copy_from(&from[offset..offset + chunk.len()]))
    }

    /// Calls `f` for the piece in each page, present and readable, with the
    /// piece's offset in the slice. `f` must not sleep and may take guards.
    ///
    /// # Errors
    /// `EFAULT`, `ENOMEM`; earlier pages have been handed out by then.
    #[inline]
    pub fn read_pages(self, mut f: impl FnMut(usize, &UserChunk)) -> Result<(), Errno> {
        self.pages(|offset, addr, len| {
            verify_read(&current(), UserAddr(addr))?;
            f(offset, &UserChunk::new(addr, len));
            Ok(())
        })
    }

    /// Calls `f` for the piece in each page, present, writable and shared
    /// with no one, with the piece's offset in the slice. `f` must not
    /// sleep and may take guards (0.11 `verify_area`).
    ///
    /// # Errors
    /// `EFAULT`, `ENOMEM`; earlier pages have been handed out by then.
    ///
    /// Erratum `mm-1`.
    #[inline]
    pub fn write_pages(self, mut f: impl FnMut(usize, &mut UserChunk)) -> Result<(), Errno> {
        self.pages(|offset, addr, len| {
            write_verify(&current(), UserAddr(addr))?;
            f(offset, &mut UserChunk::new(addr, len));
            Ok(())
        })
    }

    #[inline(always)]
    fn pages(self, mut f: impl FnMut(usize, u32, u32) -> Result<(), Errno>) -> Result<(), Errno> {
        let (mut addr, mut left) = (self.addr, self.len);
        while left > 0 {
            let len = left.min(PAGE_SIZE - addr % PAGE_SIZE);
            f((addr - self.addr) as usize, addr, len)?;
            addr += len;
            left -= len;
        }
        Ok(())
    }
}

/// A piece of user memory within one page that has just been made present and,
/// where it is borrowed mutably, writable and unshared. It stays so until
/// someone sleeps, which this value forbids.
pub struct UserChunk {
    addr: u32,
    len: u32,
    _no_sleep: NoSleep,
}

impl UserChunk {
    #[inline(always)]
    fn new(addr: u32, len: u32) -> Self {
        UserChunk {
            addr,
            len,
            _no_sleep: NoSleep::new("a piece of user memory"),
        }
    }

    /// How many bytes.
    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Copies the piece to `to`, which is just as long.
    #[inline(always)]
    pub fn copy_to(&self, to: &mut [u8]) {
        assert!(to.len() == self.len as usize);
        // SAFETY: reads `len` bytes through `fs`, which the page check before
        // has found present, and writes as many to `to`; words first, then what
        // is left. esi is LLVM's own and cannot be named, so it is exchanged by
        // hand with a register that cannot be it. A fault here is impossible;
        // were it to happen all the same, the handler panics, naming the
        // address.
        unsafe {
            let (mut from, mut to) = (self.addr, to.as_mut_ptr());
            asm!(
                "xchg esi, eax",
                "rep movs dword ptr es:[edi], dword ptr fs:[esi]",
                "xchg esi, eax",
                inout("eax") from,
                inout("edi") to,
                inout("ecx") self.len / 4 => _,
                options(nostack, preserves_flags)
            );
            if !self.len.is_multiple_of(4) {
                asm!(
                    "xchg esi, eax",
                    "rep movs byte ptr es:[edi], byte ptr fs:[esi]",
                    "mov esi, eax",
                    inout("eax") from => _,
                    inout("edi") to => _,
                    inout("ecx") self.len % 4 => _,
                    options(nostack, preserves_flags)
                );
            }
        }
    }

    /// Where the first 0 in the piece is.
    #[inline]
    pub fn find_zero(&self) -> Option<u32> {
        let left: u32;
        let found: u8;
        // SAFETY: reads at most `len` bytes through `es`, which is the user's
        // segment meanwhile; writes nothing.
        unsafe {
            asm!(
                "push es",
                "push fs",
                "pop es",
                "repne scasb",
                "sete dl",
                "pop es",
                in("al") 0u8,
                inout("ecx") self.len => left,
                inout("edi") self.addr => _,
                out("dl") found,
            );
        }
        (found != 0).then(|| self.len - left - 1)
    }

    /// Copies `from`, which is just as long, to the piece.
    #[inline(always)]
    pub fn copy_from(&mut self, from: &[u8]) {
        assert!(from.len() == self.len as usize);
        // SAFETY: as for `copy_to`, the other way round: `es` is the user's
        // segment meanwhile, and the page belongs to the running task alone.
        unsafe {
            let (mut from, mut to) = (from.as_ptr(), self.addr);
            asm!(
                "xchg esi, eax",
                "push es",
                "push fs",
                "pop es",
                "rep movsd",
                "pop es",
                "xchg esi, eax",
                inout("eax") from,
                inout("edi") to,
                inout("ecx") self.len / 4 => _,
                options(preserves_flags)
            );
            if !self.len.is_multiple_of(4) {
                asm!(
                    "xchg esi, eax",
                    "push es",
                    "push fs",
                    "pop es",
                    "rep movsb",
                    "pop es",
                    "mov esi, eax",
                    inout("eax") from => _,
                    inout("edi") to => _,
                    inout("ecx") self.len % 4 => _,
                    options(preserves_flags)
                );
            }
        }
    }

    /// Fills the piece with zeros.
    pub fn clear(&mut self) {
        // SAFETY: as for `copy_from`.
        unsafe {
            asm!(
                "push es",
                "push fs",
                "pop es",
                "rep stosb",
                "pop es",
                in("al") 0u8,
                inout("ecx") self.len => _,
                inout("edi") self.addr => _,
            );
        }
    }
}
