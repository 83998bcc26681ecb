//! The Minix file system, files and devices (0.11 `fs/`, and the constants of
//! `include/linux/fs.h`, `include/fcntl.h` and `include/sys/stat.h`).
//!
//! # Locks, from the outside in
//! A task that holds one of these may wait for those further down, never for
//! one further up:
//! 1. the rename lock (`namei.rs`) and the mount lock (`super.rs`);
//! 2. the contents of a directory ([`inode::Inode::lock_contents`]), a
//!    directory before the directories inside it;
//! 3. the contents of a file that is no directory;
//! 4. an inode's record, `i_lock`: it is being read, written or freed;
//! 5. a buffer that is being read or written (`b_lock`), a place in the
//!    request queue.
//!
//! A page fault takes locks from 4 on only, so user memory may be reached while
//! the others are held: the file of a running program cannot be written or
//! truncated (`ETXTBSY`), and so its pages need no lock on its contents.

pub mod bitmap;
pub mod block_dev;
pub mod buffer;
pub mod char_dev;
pub mod exec;
pub mod fcntl;
pub mod fifo;
pub mod file_dev;
pub mod file_table;
pub mod inode;
pub mod ioctl;
pub mod namei;
pub mod open;
pub mod pipe;
pub mod read_write;
pub mod select;
pub mod stat;
#[path = "super.rs"]
pub mod super_block;
pub mod truncate;

use crate::kernel::wait::WaitQueue;
use core::cell::Cell;

/// Bytes of a block, which is also a zone.
pub const BLOCK_SIZE: usize = 1024;
/// Longest name in a directory; longer ones are cut.
pub const NAME_LEN: usize = 14;
/// Bytes of a directory entry: the inode's number and the name.
pub const DIR_ENTRY_SIZE: usize = 2 + NAME_LEN;
/// Directory entries in a block.
pub const DIR_ENTRIES_PER_BLOCK: u32 = (BLOCK_SIZE / DIR_ENTRY_SIZE) as u32;

/// Type bits of a mode.
pub const S_IFMT: u16 = 0o170000;
pub const S_IFREG: u16 = 0o100000;
pub const S_IFBLK: u16 = 0o060000;
pub const S_IFDIR: u16 = 0o040000;
pub const S_IFCHR: u16 = 0o020000;
pub const S_IFIFO: u16 = 0o010000;
/// A symbolic link (0.12).
pub const S_IFLNK: u16 = 0o120000;
/// Run with the rights of the file's owner, of its group.
pub const S_ISUID: u16 = 0o4000;
pub const S_ISGID: u16 = 0o2000;
/// In a directory: only a file's owner may remove it.
pub const S_ISVTX: u16 = 0o1000;

/// Flags of `open`.
pub const O_ACCMODE: u32 = 0o3;
pub const O_RDONLY: u32 = 0;
pub const O_WRONLY: u32 = 0o1;
pub const O_RDWR: u32 = 2;
pub const O_CREAT: u32 = 0o100;
pub const O_EXCL: u32 = 0o200;
pub const O_NOCTTY: u32 = 0o400;
pub const O_TRUNC: u32 = 0o1000;
pub const O_APPEND: u32 = 0o2000;
pub const O_NONBLOCK: u32 = 0o4000;

/// Which way data goes (0.11's `READ` and `WRITE`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rw {
    Read,
    Write,
}

/// The 16-bit number at byte `at` of a block; the disk is little-endian.
#[inline(always)]
pub fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

/// The 32-bit number at byte `at` of a block.
#[inline(always)]
pub fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

/// Stores a 16-bit number at byte `at` of a block.
#[inline(always)]
pub fn put_le16(bytes: &mut [u8], at: usize, value: u16) {
    bytes[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

/// Stores a 32-bit number at byte `at` of a block.
#[inline(always)]
pub fn put_le32(bytes: &mut [u8], at: usize, value: u32) {
    bytes[at..at + 4].copy_from_slice(&value.to_le_bytes());
}

/// A lock that a task may hold while it sleeps, and that others sleep for.
/// Not in 0.11, whose `lock_inode` and `lock_super` each build their own.
pub struct SleepLock {
    taken: Cell<bool>,
    wait: WaitQueue,
}

// SAFETY: one CPU; only tasks touch it, and they change hands at sleeps only,
// never between the test of `taken` and its setting.
unsafe impl Sync for SleepLock {}

impl Default for SleepLock {
    fn default() -> Self {
        Self::new()
    }
}

impl SleepLock {
    /// A free lock.
    pub const fn new() -> Self {
        SleepLock {
            taken: Cell::new(false),
            wait: WaitQueue::new(),
        }
    }

    /// Sleeps until the lock is free, and takes it (0.11 `lock_inode` and
    /// `lock_super`). A task must not take a lock twice: it would sleep for
    /// ever.
    #[inline]
    pub fn lock(&self) -> SleepGuard<'_> {
        self.wait();
        self.taken.set(true);
        SleepGuard { lock: self }
    }

    /// Sleeps until the lock is free; it may be taken again at the next
    /// sleep (0.11 `wait_on_inode` and `wait_on_super`).
    #[inline(always)]
    pub fn wait(&self) {
        if self.taken.get() {
            self.wait.wait_while(|| self.taken.get());
        }
    }

    /// Is it taken?
    #[inline(always)]
    pub fn is_locked(&self) -> bool {
        self.taken.get()
    }
}

/// Holds a [`SleepLock`]. Unlike the guards of `kernel::shared` it may live
/// across a sleep.
pub struct SleepGuard<'a> {
    lock: &'a SleepLock,
}

impl Drop for SleepGuard<'_> {
    /// 0.11 `unlock_inode` and `free_super`.
    #[inline]
    fn drop(&mut self) {
        self.lock.taken.set(false);
        self.lock.wait.wake_up();
    }
}
