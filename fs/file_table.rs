//! Open files (0.11 `fs/file_table.c`, `struct file`).
//!
//! [`FileRef`] is a counted handle: each file descriptor has one, and each call
//! while it works on the file. The last one to go closes the file.

use super::buffer::sync_dev;
use super::char_dev::is_null_block;
use super::fifo::fifo_close;
use super::inode::{Inode, InodeRef};
use super::{O_ACCMODE, O_WRONLY};
use crate::kernel::chr_drv::tty_io::tty_close;
use crate::kernel::errno::{EBADF, ENFILE, Errno};
use crate::kernel::shared::HandleCell;
use crate::kernel::task::{NR_OPEN, current};
use core::cell::Cell;
use core::ops::Deref;

/// The terminals' major number.
const TTY_MAJOR: u8 = 4;

/// Files that may be open at once. 0.11 has 64.
pub const NR_FILE: usize = 128;

/// Bits of `f_mode`: it may be read, it may be written.
pub const FMODE_READ: u16 = 1;
pub const FMODE_WRITE: u16 = 2;

/// An open file (0.11 `struct file`).
pub struct File {
    /// What it is open for. 0.11 looks at this for pipes only.
    pub f_mode: Cell<u16>,
    /// The flags of `open`, as `fcntl` shows them.
    pub f_flags: Cell<u32>,
    f_count: Cell<u16>,
    f_inode: HandleCell<InodeRef>,
    /// Where the next read or write begins, in bytes.
    pub f_pos: Cell<u32>,
}

// SAFETY: one CPU, touched by tasks only, which change hands at sleeps only.
unsafe impl Sync for File {}

/// 0.11 `file_table[]`.
static FILE_TABLE: [File; NR_FILE] = [const {
    File {
        f_mode: Cell::new(0),
        f_flags: Cell::new(0),
        f_count: Cell::new(0),
        f_inode: HandleCell::empty(),
        f_pos: Cell::new(0),
    }
}; NR_FILE];

/// What a file is open for, from the flags of `open`.
pub fn mode_of_flags(flags: u32) -> u16 {
    match flags & O_ACCMODE {
        0 => FMODE_READ,
        O_WRONLY => FMODE_WRITE,
        _ => FMODE_READ | FMODE_WRITE,
    }
}

/// A counted handle to an open file.
pub struct FileRef(&'static File);

impl FileRef {
    /// A place in the table, not open yet.
    ///
    /// # Errors
    /// `ENFILE` if there is none; 0.11 gives `EINVAL`.
    pub fn new() -> Result<FileRef, Errno> {
        let file = FILE_TABLE
            .iter()
            .find(|file| file.f_count.get() == 0)
            .ok_or(ENFILE)?;
        file.f_count.set(1);
        file.f_mode.set(0);
        file.f_flags.set(0);
        file.f_pos.set(0);
        Ok(FileRef(file))
    }

    /// Opens it: from now on it stands for the inode.
    pub fn open(&self, inode: InodeRef, mode: u16, flags: u32) {
        if mode & FMODE_READ != 0 {
            inode.i_readers.set(inode.i_readers.get() + 1);
        }
        if mode & FMODE_WRITE != 0 {
            inode.i_writers.set(inode.i_writers.get() + 1);
        }
        self.f_mode.set(mode);
        self.f_flags.set(flags);
        drop(self.f_inode.replace(Some(inode)));
    }
}

impl File {
    /// The inode it stands for, for as long as the file is open: see
    /// [`current_file`].
    ///
    /// # Errors
    /// `EBADF` if it is not open yet: another descriptor of the task is being
    /// opened.
    #[inline]
    pub fn inode(&self) -> Result<&'static Inode, Errno> {
        self.f_inode.peek(InodeRef::inode).ok_or(EBADF)
    }

    /// `EBADF` unless it is open for this.
    #[inline(always)]
    pub fn require(&self, mode: u16) -> Result<(), Errno> {
        if self.f_mode.get() & mode != 0 {
            Ok(())
        } else {
            Err(EBADF)
        }
    }

    /// How many handles there are, for the tests. Not in 0.11.
    pub fn count(&self) -> u16 {
        self.f_count.get()
    }

    /// Has the flag been set?
    #[inline(always)]
    pub fn has_flag(&self, flag: u32) -> bool {
        self.f_flags.get() & flag != 0
    }
}

impl Clone for FileRef {
    #[inline(always)]
    fn clone(&self) -> Self {
        self.0.f_count.set(self.0.f_count.get() + 1);
        FileRef(self.0)
    }
}

impl Deref for FileRef {
    type Target = File;
    #[inline(always)]
    fn deref(&self) -> &File {
        self.0
    }
}

impl Drop for FileRef {
    #[inline]
    fn drop(&mut self) {
        let count = self.0.f_count.get();
        if count == 1 {
            close(self.0);
        }
        self.0.f_count.set(self.0.f_count.get() - 1);
    }
}

/// The last handle goes: lets go of the inode. May sleep.
#[inline(never)]
fn close(file: &'static File) {
    let Some(inode) = file.f_inode.take() else {
        return;
    };
    let mode = file.f_mode.replace(0);
    if mode & FMODE_READ != 0 {
        inode.i_readers.set(inode.i_readers.get() - 1);
    }
    if mode & FMODE_WRITE != 0 {
        inode.i_writers.set(inode.i_writers.get() - 1);
    }
    if inode.i_stream.get() {
        inode.i_wait.wake_up();
        inode.i_wait2.wake_up();
        if !inode.i_pipe.get() {
            fifo_close(&inode);
        }
    }
    // 0.11 writes a device's blocks in `iput`, even where it was only looked at.
    if mode & FMODE_WRITE != 0 && inode.is_blk() && !is_null_block(inode.device()) {
        sync_dev(inode.device());
    }
    if mode != 0 && inode.is_chr() && inode.device().major() == TTY_MAJOR {
        tty_close(inode.device().minor() as usize);
    }
}

/// How many files are open, for the tests. Not in 0.11.
pub fn used_count() -> u32 {
    FILE_TABLE
        .iter()
        .filter(|file| file.f_count.get() != 0)
        .count() as u32
}

/// The running task's file `fd`, for the length of a system call. No count is
/// needed, as in 0.11: only the task itself closes its descriptors, and it is
/// in this call. Not in 0.11, where each call looks itself.
///
/// # Errors
/// `EBADF`.
#[inline(always)]
pub fn current_file(fd: u32) -> Result<&'static File, Errno> {
    current()
        .filp
        .get(fd as usize)
        .and_then(|slot| slot.peek(|file| file.0))
        .ok_or(EBADF)
}

/// Another handle to the running task's file `fd`, to keep.
///
/// # Errors
/// `EBADF`.
pub fn current_file_ref(fd: u32) -> Result<FileRef, Errno> {
    current()
        .filp
        .get(fd as usize)
        .and_then(|slot| slot.get())
        .ok_or(EBADF)
}

/// The running task's lowest free descriptor from `from` on.
///
/// # Errors
/// `EMFILE` if there is none; 0.11 gives `EINVAL`.
///
/// Erratum `files-2`.
pub fn free_fd(from: usize) -> Result<usize, Errno> {
    (from..NR_OPEN)
        .find(|&fd| current().filp[fd].is_empty())
        .ok_or(crate::kernel::errno::EMFILE)
}
