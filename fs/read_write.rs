//! `lseek`, `read` and `write` (0.11 `fs/read_write.c`).

use super::block_dev::{block_read, block_write};
use super::char_dev::{is_null_block, rw_char};
use super::file_dev::{file_read, file_read_now, file_write};
use super::file_table::{FMODE_READ, FMODE_WRITE, File, current_file};
use super::inode::Inode;
use super::pipe::{read_pipe, read_pipe_now, write_pipe, write_pipe_now};
use super::{O_NONBLOCK, Rw, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFLNK, S_IFMT, S_IFREG};
use crate::kernel::blk_drv::ll_rw_blk::blk_size;
use crate::kernel::errno::{EINVAL, EISDIR, ESPIPE, SysResult};
use crate::kernel::types::UserAddr;

/// Moves the position of file `fd`: `origin` 0 from the start, 1 from where it
/// is, 2 from the end (0.11 `sys_lseek`).
///
/// # Errors
/// `EBADF`, `ESPIPE` for pipes and terminals, `EINVAL` for a negative result.
pub fn sys_lseek(fd: u32, offset: i32, origin: u32) -> SysResult {
    let file = current_file(fd)?;
    let inode = file.inode()?;
    if !has_position(inode) {
        return Err(ESPIPE);
    }
    if origin != 0 {
        return seek_from(file, inode, offset, origin);
    }
    if offset < 0 {
        return Err(EINVAL);
    }
    file.f_pos.set(offset as u32);
    Ok(offset)
}

/// Regular files, directories, links and block devices have positions, which
/// one of two bits of their modes tells; memory devices, major 1, have them, and
/// other character devices and pipes have not.
#[inline(always)]
fn has_position(inode: &Inode) -> bool {
    const _: () = assert!(S_IFBLK & S_IFDIR != 0 && S_IFLNK & S_IFREG != 0);
    const _: () = assert!((S_IFCHR | S_IFIFO) & (S_IFREG | S_IFDIR) == 0);
    inode.i_mode.get() & (S_IFREG | S_IFDIR) != 0 || inode.is_chr() && inode.device().major() == 1
}

/// The rest of [`sys_lseek`]: from where the position is, or from the end.
#[inline(never)]
fn seek_from(file: &File, inode: &Inode, offset: i32, origin: u32) -> SysResult {
    let base = match origin {
        1 => file.f_pos.get(),
        2 if inode.is_blk() => blk_size(inode.device()).unwrap_or(0) * super::BLOCK_SIZE as u32,
        2 => inode.i_size.get(),
        _ => return Err(EINVAL),
    };
    let pos = (base as i32)
        .checked_add(offset)
        .filter(|&pos| pos >= 0)
        .ok_or(EINVAL)?;
    file.f_pos.set(pos as u32);
    Ok(pos)
}

/// Reads up to `count` bytes from file `fd` (0.11 `sys_read`).
///
/// # Errors
/// `EBADF`, also if it is not open for reading; `EINVAL`, `EFAULT`, `EINTR`,
/// `EIO`, `EAGAIN`.
pub fn sys_read(fd: u32, buf: UserAddr, count: i32) -> SysResult {
    let file = current_file(fd)?;
    file.require(FMODE_READ)?;
    if count <= 0 {
        return if count == 0 { Ok(0) } else { Err(EINVAL) };
    }
    let buf = buf.slice(count as u32)?;
    let inode = file.inode()?;
    if inode.i_stream.get() {
        return match read_pipe_now(inode, buf) {
            Some(count) => Ok(count),
            None => read_pipe(inode, buf, file.has_flag(O_NONBLOCK)),
        };
    }
    if inode.is_regular() {
        return match file_read_now(inode, file, buf) {
            Some(count) => Ok(count),
            None => file_read(inode, file, buf),
        };
    }
    match inode.i_mode.get() & S_IFMT {
        S_IFDIR => file_read(inode, file, buf),
        S_IFCHR => {
            let nonblock = file.has_flag(O_NONBLOCK);
            rw_char(Rw::Read, inode.device(), buf, &file.f_pos, nonblock)
        }
        S_IFBLK if is_null_block(inode.device()) => Ok(0),
        S_IFBLK => block_read(inode.device(), &file.f_pos, buf),
        _ => Err(EINVAL),
    }
}

/// Writes `count` bytes to file `fd` (0.11 `sys_write`).
///
/// # Errors
/// `EBADF`, also if it is not open for writing; `EINVAL`, `EFAULT`, `EINTR`,
/// `EIO`, `EAGAIN`, `ENOSPC`, `EPIPE`.
///
/// Erratum `files-1`.
pub fn sys_write(fd: u32, buf: UserAddr, count: i32) -> SysResult {
    let file = current_file(fd)?;
    // Differs from 0.11, which lets everybody write to every open file.
    file.require(FMODE_WRITE)?;
    if count <= 0 {
        return if count == 0 { Ok(0) } else { Err(EINVAL) };
    }
    let buf = buf.slice(count as u32)?;
    let inode = file.inode()?;
    if inode.i_stream.get() {
        return match write_pipe_now(inode, buf) {
            Some(count) => Ok(count),
            None => write_pipe(inode, buf, file.has_flag(O_NONBLOCK)),
        };
    }
    if inode.is_regular() {
        return file_write(inode, file, buf);
    }
    match inode.i_mode.get() & S_IFMT {
        S_IFCHR => {
            let nonblock = file.has_flag(O_NONBLOCK);
            rw_char(Rw::Write, inode.device(), buf, &file.f_pos, nonblock)
        }
        S_IFBLK if is_null_block(inode.device()) => Ok(count),
        S_IFBLK => block_write(inode.device(), &file.f_pos, buf),
        S_IFDIR => Err(EISDIR),
        _ => Err(EINVAL),
    }
}
