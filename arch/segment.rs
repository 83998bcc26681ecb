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
use crate::mm::memory::{PAGE_SIZE, is_present, is_writable, verify_read, write_verify};
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
        let range = self.slice(size_of::<T>() as u32)?;
        let mut value = MaybeUninit::<T>::uninit();
        let to = value.as_mut_ptr().cast::<u8>();
        if range.is_in_one_page() {
            verify_read(&current(), self)?;
            if is_few_words::<T>() {
                for at in (0..size_of::<T>()).step_by(4) {
                    // SAFETY: within `value`; the page is present.
                    unsafe {
                        to.add(at)
                            .cast::<u32>()
                            .write_unaligned(get_fs_long(self.0 + at as u32))
                    };
                }
            } else {
                // SAFETY: `value` has that many bytes; the page is present.
                unsafe { copy_from_fs(self.0, to, range.len) };
            }
        } else {
            value = MaybeUninit::zeroed();
            // SAFETY: the bytes of `value` are initialised, and ours to write.
            range.copy_in(unsafe { core::slice::from_raw_parts_mut(to, size_of::<T>()) })?;
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
        let range = self.slice(size_of::<T>() as u32)?;
        let from = (&raw const *value).cast::<u8>();
        if !range.is_in_one_page() {
            // SAFETY: `T` is plain: all its bytes are initialised.
            return range.copy_out(unsafe { core::slice::from_raw_parts(from, size_of::<T>()) });
        }
        write_verify(&current(), self)?;
        if is_few_words::<T>() {
            for at in (0..size_of::<T>()).step_by(4) {
                // SAFETY: within `value`; the page is writable and unshared.
                unsafe {
                    put_fs_long(
                        from.add(at).cast::<u32>().read_unaligned(),
                        self.0 + at as u32,
                    )
                };
            }
        } else {
            // SAFETY: `value` has that many bytes; the page is writable and
            // unshared.
            unsafe { copy_to_fs(from, self.0, range.len) };
        }
        Ok(())
    }
}

/// Is a `T` better moved word by word than by a string instruction, which has
/// to be set up?
const fn is_few_words<T>() -> bool {
    size_of::<T>().is_multiple_of(4) && size_of::<T>() <= 32
}

/// The word at `addr` of the running task (0.11 `get_fs_long`).
///
/// # Safety
/// Its page has just been found present.
#[inline(always)]
unsafe fn get_fs_long(addr: u32) -> u32 {
    let value;
    // SAFETY: the caller's promise. A fault here is impossible; were it to
    // happen all the same, the handler panics, naming the address.
    unsafe {
        asm!("mov {}, fs:[{}]", lateout(reg) value, in(reg) addr,
            options(nostack, preserves_flags, readonly));
    }
    value
}

/// Stores a word at `addr` of the running task (0.11 `put_fs_long`).
///
/// # Safety
/// Its page has just been made writable and is no one else's.
#[inline(always)]
unsafe fn put_fs_long(value: u32, addr: u32) {
    // SAFETY: the caller's promise, as for `get_fs_long`.
    unsafe {
        asm!("mov fs:[{}], {}", in(reg) addr, in(reg) value,
            options(nostack, preserves_flags));
    }
}

/// Copies `len` bytes from `addr` of the running task: words first, then what
/// is left.
///
/// # Safety
/// They lie in one page that has just been found present, and there is room
/// for them at `to`.
#[inline(always)]
unsafe fn copy_from_fs(addr: u32, to: *mut u8, len: u32) {
    // SAFETY: the caller's promise, as for `get_fs_long`. esi is LLVM's own and
    // cannot be named, so it is exchanged by hand with a register that cannot
    // be it.
    unsafe {
        asm!(
            "xchg esi, eax",
            "rep movs dword ptr es:[edi], dword ptr fs:[esi]",
            "mov ecx, edx",
            "rep movs byte ptr es:[edi], byte ptr fs:[esi]",
            "mov esi, eax",
            inout("eax") addr => _,
            inout("edi") to => _,
            inout("ecx") len / 4 => _,
            in("edx") len % 4,
            options(nostack, preserves_flags)
        );
    }
}

/// Copies `len` bytes to `addr` of the running task.
///
/// # Safety
/// They lie in one page that has just been made writable and is no one else's;
/// `from` has as many.
#[inline(always)]
unsafe fn copy_to_fs(from: *const u8, addr: u32, len: u32) {
    // SAFETY: as for `copy_from_fs`, the other way round: `es` is the user's
    // segment meanwhile.
    unsafe {
        asm!(
            "xchg esi, eax",
            "push es",
            "push fs",
            "pop es",
            "rep movsd",
            "mov ecx, edx",
            "rep movsb",
            "pop es",
            "mov esi, eax",
            inout("eax") from => _,
            inout("edi") addr => _,
            inout("ecx") len / 4 => _,
            in("edx") len % 4,
            options(preserves_flags)
        );
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

    /// Takes off the first `len` bytes, or all that there are.
    #[inline(always)]
    pub fn take_front(&mut self, len: u32) -> UserSlice {
        let len = len.min(self.len);
        let front = UserSlice {
            addr: self.addr,
            len,
        };
        self.addr += len;
        self.len -= len;
        front
    }

    /// All of it, to be read, if it lies in one page that is present. Never
    /// sleeps: for the short way of who knows the long one too.
    #[inline(always)]
    pub fn readable_now(self) -> Option<UserChunk> {
        let ready = self.is_in_one_page() && is_present(&current(), self.addr());
        ready.then(|| UserChunk::new(self.addr, self.len))
    }

    /// The same, to be written, if it is the running task's own.
    #[inline(always)]
    pub fn writable_now(self) -> Option<UserChunk> {
        let ready = self.is_in_one_page() && is_writable(&current(), self.addr());
        ready.then(|| UserChunk::new(self.addr, self.len))
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
            _no_sleep: NoSleep::new(&"a piece of user memory"),
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
        // SAFETY: the page is present since before this value was made, and
        // `to` has the length.
        unsafe { copy_from_fs(self.addr, to.as_mut_ptr(), self.len) };
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
        // SAFETY: the page is writable and belongs to the running task alone
        // since before this value was made; `from` has the length.
        unsafe { copy_to_fs(from.as_ptr(), self.addr, self.len) };
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
