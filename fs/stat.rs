//! What an inode says of itself (0.11 `fs/stat.c`).

use super::file_table::current_file;
use super::inode::Inode;
use super::namei::namei;
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
        st_mode: inode.i_mode.get(),
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

/// As [`sys_stat`]: there are no symbolic links. Not in 0.11.
pub fn sys_lstat(filename: UserAddr, statbuf: UserAddr) -> SysResult {
    sys_stat(filename, statbuf)
}

/// 0.11 `sys_fstat`.
///
/// # Errors
/// `EBADF`, `EFAULT`.
pub fn sys_fstat(fd: u32, statbuf: UserAddr) -> SysResult {
    let inode = current_file(fd)?.inode()?;
    cp_stat(&inode, statbuf)?;
    Ok(0)
}

/// `EINVAL` for whatever exists: nothing is a symbolic link. Not in 0.11.
///
/// # Errors
/// As `namei`, and `EINVAL`.
pub fn sys_readlink(path: UserAddr, _buf: UserAddr, _count: i32) -> SysResult {
    namei(path)?;
    Err(EINVAL)
}
