//! Reading and writing regular files (0.11 `fs/file_dev.c`), and reading
//! directories.

use super::buffer::{bread, bread_cached};
use super::file_table::File;
use super::inode::Inode;
use super::{BLOCK_SIZE, O_APPEND};
use crate::arch::segment::UserSlice;
use crate::kernel::errno::{EFBIG, Errno, SysResult};
use crate::kernel::sched::current_time;
use crate::kernel::signal::SIGXFSZ;
use crate::kernel::task::{RLIM_INFINITY, RLIMIT_FSIZE, current};

const BLOCK: u32 = BLOCK_SIZE as u32;

/// Reads at the file's position up to the file's end (0.11 `file_read`). Holes
/// read as zeros.
///
/// # Errors
/// `EIO`, `EFAULT`, if nothing has been read.
pub fn file_read(inode: &Inode, filp: &File, buf: UserSlice) -> SysResult {
    // Two readers of one open file must not read the same piece; and no block
    // is given away while it is being read.
    let _lock = inode.lock_contents();
    let start = filp.f_pos.get();
    let mut left = buf.part(0, inode.i_size.get().saturating_sub(start));
    let mut pos = start;
    let mut result = Ok(());
    while !left.is_empty() {
        let piece = left.take_front(BLOCK - pos % BLOCK);
        result = read_block(inode, pos, piece);
        if result.is_err() {
            break;
        }
        pos += piece.len();
    }
    filp.f_pos.set(pos);
    inode.i_atime.set(current_time());
    finish(pos - start, result)
}

/// What most reads are: a piece of one block, which the cache has, to one page,
/// which is there, while nobody changes the file. All of that may be done at
/// once, without the locks and loops of [`file_read`], because nothing sleeps.
/// `None`, with nothing done, if it is not so.
#[inline(always)]
pub fn file_read_now(inode: &Inode, filp: &File, buf: UserSlice) -> Option<i32> {
    let (pos, len) = (filp.f_pos.get(), buf.len());
    let start = pos % BLOCK;
    let left = inode.i_size.get().checked_sub(pos)?;
    if len > left || len > BLOCK - start || inode.contents_locked() {
        return None;
    }
    let mut chunk = buf.writable_now()?;
    let block = inode.direct_block(pos / BLOCK)?;
    let buffer = bread_cached(inode.i_dev.get(), block)?;
    buffer.copy_to_user(start as usize, &mut chunk);
    filp.f_pos.set(pos + len);
    inode.i_atime.set(current_time());
    Some(len as i32)
}

/// What a call gives that has moved `done` bytes before `result`.
fn finish(done: u32, result: Result<(), Errno>) -> SysResult {
    if done != 0 {
        Ok(done as i32)
    } else {
        result.map(|()| 0)
    }
}

/// Reads a piece that lies in one block of the file.
#[inline(always)]
fn read_block(inode: &Inode, pos: u32, to: UserSlice) -> Result<(), Errno> {
    let block = inode.bmap(pos / BLOCK)?;
    if block.0 == 0 {
        return to.write_pages(|_, chunk| chunk.clear());
    }
    let buffer = bread(inode.i_dev.get(), block)?;
    let start = (pos % BLOCK) as usize;
    to.write_pages(|offset, chunk| buffer.copy_to_user(start + offset, chunk))
}

/// Writes at the file's position, or at its end if it was opened for appending
/// (0.11 `file_write`).
///
/// Differs from 0.11: where the end is cannot change while an appending writer
/// sleeps; the lock on the contents keeps other writers away.
///
/// # Errors
/// `ENOSPC`, `EFBIG`, `EIO`, `EFAULT`, if nothing has been written.
///
/// Erratum `files-3`.
pub fn file_write(inode: &Inode, filp: &File, buf: UserSlice) -> SysResult {
    let _lock = inode.lock_contents();
    let append = filp.f_flags.get() & O_APPEND != 0;
    let pos = if append {
        inode.i_size.get()
    } else {
        filp.f_pos.get()
    };
    // Positions are `off_t`: 31 bits, which is also what "no limit" is.
    let limit = current().rlim[RLIMIT_FSIZE].cur.get();
    let buf = buf.part(0, limit.saturating_sub(pos));
    if buf.is_empty() {
        if limit != RLIM_INFINITY {
            current().raise(SIGXFSZ);
        }
        return Err(EFBIG);
    }
    let mut left = buf;
    let mut end = pos;
    let mut result = Ok(());
    while !left.is_empty() {
        let piece = left.take_front(BLOCK - end % BLOCK);
        result = write_block(inode, end, piece);
        if result.is_err() {
            break;
        }
        end += piece.len();
        if end > inode.i_size.get() {
            inode.i_size.set(end);
        }
    }
    if end != pos {
        filp.f_pos.set(end);
        inode.touch_mtime();
    }
    finish(end - pos, result)
}

/// Writes a piece that lies in one block of the file.
#[inline(always)]
fn write_block(inode: &Inode, pos: u32, from: UserSlice) -> Result<(), Errno> {
    let block = inode.create_block(pos / BLOCK)?;
    let buffer = bread(inode.i_dev.get(), block)?;
    let start = (pos % BLOCK) as usize;
    from.read_pages(|offset, chunk| buffer.copy_from_user(start + offset, chunk))
}
