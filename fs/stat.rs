//! What an inode says of itself (0.11 `fs/stat.c`).

use super::S_IFIFO;
use super::file_table::current_file;
use super::inode::Inode;
use super::namei::{link_text, lnamei, namei};
use crate::arch::segment::Plain;
use crate::kernel::errno::{EINVAL, Errno, SysResult};
use crate::kernel::types::UserAddr;

/// What `stat` stores (0.11 `struct stat`, `include/sys/stat.h`). The two bytes
/// that C leaves unused are fields here, so that nothing of the kernel's stack
/// shows in them.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Stat {
    st_dev: u16,
    st_ino: u16,
    st_mode: u16,
    st_nlink: u8,
    unused1: u8,
    st_uid: u16,
    st_gid: u8,
    unused2: u8,
    st_rdev: u16,
    unused3: u16,
    st_size: i32,
    st_atime: i32,
    st_mtime: i32,
    st_ctime: i32,
}

const _: () = assert!(size_of::<Stat>() == 32);
// SAFETY: integers only, and no padding: the sizes of the fields add up to 32.
unsafe impl Plain for Stat {}

/// Stores what is known of the inode (0.11 `cp_stat`).
fn cp_stat(inode: &Inode, statbuf: UserAddr) -> Result<(), Errno> {
    statbuf.write(&Stat {
        st_dev: inode.i_dev.get().0,
        st_ino: inode.i_num.get().0,
        // Differs from 0.11, where a pipe is nothing.
        st_mode: if inode.i_pipe.get() {
            S_IFIFO | 0o600
        } else {
            inode.i_mode.get()
        },
        st_nlink: inode.i_nlinks.get(),
        unused1: 0,
        st_uid: inode.i_uid.get(),
        st_gid: inode.i_gid.get(),
        unused2: 0,
        st_rdev: inode.device().0,
        unused3: 0,
        st_size: inode.i_size.get() as i32,
        st_atime: inode.i_atime.get(),
        st_mtime: inode.i_mtime.get(),
        st_ctime: inode.i_ctime.get(),
    })
}

/// 0.11 `sys_stat`.
///
/// # Errors
/// As `namei`, and `EFAULT`.
pub fn sys_stat(filename: UserAddr, statbuf: UserAddr) -> SysResult {
    let inode = namei(filename)?;
    cp_stat(&inode, statbuf)?;
    Ok(0)
}

/// As [`sys_stat`], of a symbolic link itself (0.12 `sys_lstat`).
///
/// # Errors
/// As `namei`, and `EFAULT`.
pub fn sys_lstat(filename: UserAddr, statbuf: UserAddr) -> SysResult {
    let inode = lnamei(filename)?;
    cp_stat(&inode, statbuf)?;
    Ok(0)
}

/// 0.11 `sys_fstat`.
///
/// # Errors
/// `EBADF`, `EFAULT`.
pub fn sys_fstat(fd: u32, statbuf: UserAddr) -> SysResult {
    let inode = current_file(fd)?.inode()?;
    cp_stat(inode, statbuf)?;
    Ok(0)
}

/// Stores up to `count` bytes of what a symbolic link says at `buf`, without a
/// final 0; returns how many (0.12 `sys_readlink`).
///
/// # Errors
/// As `namei`, and `EINVAL` if it is no link or `count` is not positive.
pub fn sys_readlink(path: UserAddr, buf: UserAddr, count: i32) -> SysResult {
    let count = u32::try_from(count)
        .ok()
        .filter(|&count| count != 0)
        .ok_or(EINVAL)?;
    let inode = lnamei(path)?;
    if !inode.is_link() {
        return Err(EINVAL);
    }
    let (text, len) = link_text(&inode)?;
    let len = len.min(count);
    buf.slice(len)?.write_pages(|offset, chunk| {
        chunk.copy_from(&text.data()[offset..offset + chunk.len()]);
    })?;
    Ok(len as i32)
}
