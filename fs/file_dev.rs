//! Reading and writing regular files (0.11 `fs/file_dev.c`), and reading
//! directories.

use super::buffer::bread;
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
    let pos = filp.f_pos.get();
    let buf = buf.part(0, inode.i_size.get().saturating_sub(pos));
    let mut done = 0;
    let result = loop {
        if done == buf.len() {
            break Ok(());
        }
        match read_block(
            inode,
            pos + done,
            buf.part(done, BLOCK - (pos + done) % BLOCK),
        ) {
            Ok(count) => done += count,
            Err(error) => break Err(error),
        }
    };
    filp.f_pos.set(pos + done);
    inode.i_atime.set(current_time());
    finish(done, result)
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
#[inline]
fn read_block(inode: &Inode, pos: u32, to: UserSlice) -> Result<u32, Errno> {
    let block = inode.bmap(pos / BLOCK)?;
    if block.0 == 0 {
        to.write_pages(|_, chunk| chunk.clear())?;
    } else {
        let buffer = bread(inode.i_dev.get(), block)?;
        let start = (pos % BLOCK) as usize;
        to.write_pages(|offset, chunk| {
            let from = start + offset;
            chunk.copy_from(&buffer.data()[from..from + chunk.len()]);
        })?;
    }
    Ok(to.len())
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
    let mut done = 0;
    let result = loop {
        if done == buf.len() {
            break Ok(());
        }
        match write_block(
            inode,
            pos + done,
            buf.part(done, BLOCK - (pos + done) % BLOCK),
        ) {
            Ok(count) => done += count,
            Err(error) => break Err(error),
        }
        if pos + done > inode.i_size.get() {
            inode.i_size.set(pos + done);
        }
    };
    if done != 0 {
        filp.f_pos.set(pos + done);
        inode.touch_mtime();
    }
    finish(done, result)
}

/// Writes a piece that lies in one block of the file.
#[inline]
fn write_block(inode: &Inode, pos: u32, from: UserSlice) -> Result<u32, Errno> {
    let block = inode.create_block(pos / BLOCK)?;
    let buffer = bread(inode.i_dev.get(), block)?;
    let start = (pos % BLOCK) as usize;
    let result = from.read_pages(|offset, chunk| {
        let to = start + offset;
        chunk.copy_to(&mut buffer.data_mut()[to..to + chunk.len()]);
        buffer.mark_dirty();
    });
    result.map(|()| from.len())
}
