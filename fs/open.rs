//! Opening and closing files, and changing what inodes say (0.11 `fs/open.c`).

use super::buffer::check_disk_change;
use super::fifo::{fifo_open, is_fifo};
use super::file_table::{FileRef, free_fd, mode_of_flags};
use super::inode::{Inode, InodeRef};
use super::namei::{MAY_EXEC, MAY_WRITE, check_permission, namei, open_namei};
use super::super_block::get_super;
use super::{
    O_ACCMODE, O_CREAT, O_EXCL, O_NOCTTY, O_RDWR, O_TRUNC, O_WRONLY, S_IFMT, S_ISGID, S_ISUID,
};
use crate::kernel::chr_drv::tty_io::tty_open;
use crate::kernel::errno::{EACCES, EBADF, EINVAL, ENOTDIR, ENXIO, EPERM, EROFS, Errno, SysResult};
use crate::kernel::sched::current_time;
use crate::kernel::shared::HandleCell;
use crate::kernel::task::{NR_OPEN, current};
use crate::kernel::types::{Dev, UserAddr};

/// How full the file system on the device is (0.11 `sys_ustat`): `struct ustat`
/// of `include/sys/types.h`. Gives `ENOSYS` there.
///
/// # Errors
/// `EINVAL` if none is mounted there, `EFAULT`.
pub fn sys_ustat(dev: u16, ubuf: UserAddr) -> SysResult {
    let sb = get_super(Dev(dev)).ok_or(EINVAL)?;
    let (zones, inodes) = sb.free_counts();
    let mut ustat = [0u8; 18]; // the names of disk and pack stay empty
    ustat[..4].copy_from_slice(&zones.to_le_bytes());
    ustat[4..6].copy_from_slice(&(inodes as u16).to_le_bytes());
    ubuf.write(&ustat)?;
    Ok(0)
}

/// `EROFS` where nothing may be written.
fn require_writable(inode: &Inode) -> Result<(), Errno> {
    if inode.sb()?.s_rd_only.get() {
        Err(EROFS)
    } else {
        Ok(())
    }
}

/// `EPERM` unless the running task owns the inode, or is root.
fn require_owner(inode: &Inode) -> Result<(), Errno> {
    if current().euid.get() == inode.i_uid.get() || current().suser() {
        require_writable(inode)
    } else {
        Err(EPERM)
    }
}

/// Sets the times of last access and change (0.11 `sys_utime`).
///
/// Differs from 0.11: for the owner and root only; now, the null pointer, for
/// everybody who may write the file.
pub fn sys_utime(filename: UserAddr, times: UserAddr) -> SysResult {
    let inode = namei(filename)?;
    let [actime, modtime] = if times.is_null() {
        if require_owner(&inode).is_err() {
            check_permission(&inode, MAY_WRITE)?;
        }
        [current_time(); 2]
    } else {
        require_owner(&inode)?;
        times.read::<[i32; 2]>()?
    };
    inode.i_atime.set(actime);
    inode.i_mtime.set(modtime);
    inode.touch_ctime();
    Ok(0)
}

/// May the real user do this (0.11 `sys_access`)?
///
/// Differs from 0.11, which shifts the group's rights too far.
///
/// Erratum `ids-3`.
pub fn sys_access(filename: UserAddr, mode: u16) -> SysResult {
    let mode = mode & 7;
    let inode = namei(filename)?;
    if mode & MAY_WRITE != 0 && (inode.is_regular() || inode.is_dir()) {
        require_writable(&inode)?;
    }
    let task = current();
    let i_mode = inode.i_mode.get();
    let shift = if task.uid.get() == inode.i_uid.get() {
        6
    } else if task.gid.get() == inode.i_gid.get() as u16
        || task.groups.get().contains(inode.i_gid.get())
    {
        3
    } else {
        0
    };
    let root = task.uid.get() == 0 && (mode & MAY_EXEC == 0 || i_mode & 0o111 != 0);
    if i_mode >> shift & 7 & mode == mode || root {
        Ok(0)
    } else {
        Err(EACCES)
    }
}

/// Puts the directory into a place of the running task.
fn set_dir(filename: UserAddr, place: &HandleCell<InodeRef>) -> SysResult {
    let inode = namei(filename)?;
    if !inode.is_dir() {
        return Err(ENOTDIR);
    }
    check_permission(&inode, MAY_EXEC)?;
    drop(place.replace(Some(inode)));
    Ok(0)
}

/// 0.11 `sys_chdir`.
pub fn sys_chdir(filename: UserAddr) -> SysResult {
    set_dir(filename, &current().pwd)
}

/// 0.11 `sys_chroot`.
///
/// Differs from 0.11: for root only.
pub fn sys_chroot(filename: UserAddr) -> SysResult {
    current().require_suser()?;
    set_dir(filename, &current().root)
}

/// 0.11 `sys_chmod`.
pub fn sys_chmod(filename: UserAddr, mode: u16) -> SysResult {
    let inode = namei(filename)?;
    require_owner(&inode)?;
    let mut mode = mode & 0o7777;
    if !current().suser() && !current().in_group_p(inode.i_gid.get() as u16) {
        mode &= !S_ISGID;
    }
    inode.i_mode.set(inode.i_mode.get() & S_IFMT | mode);
    inode.touch_ctime();
    Ok(0)
}

/// 0.11 `sys_chown`. The owner -1, 65535, stays as it is, and so does the group.
///
/// # Errors
/// `EPERM` for all but root.
pub fn sys_chown(filename: UserAddr, uid: u16, gid: u16) -> SysResult {
    const UNCHANGED: u16 = u16::MAX;
    let inode = namei(filename)?;
    current().require_suser()?;
    require_writable(&inode)?;
    if uid != UNCHANGED {
        inode.i_uid.set(uid);
    }
    if gid != UNCHANGED {
        inode.i_gid.set(gid as u8);
    }
    if inode.is_regular() {
        inode.i_mode.set(inode.i_mode.get() & !(S_ISUID | S_ISGID));
    }
    inode.touch_ctime();
    Ok(0)
}

/// Opens a file, and creates it with O_CREAT (0.11 `sys_open`).
///
/// # Errors
/// `EMFILE`, `ENFILE`, where 0.11 gives `EINVAL`; those of `open_namei`;
/// `ENXIO` if there is no such device; those of `fifo_open`.
pub fn sys_open(filename: UserAddr, flag: u32, mode: u16) -> SysResult {
    let fd = free_fd(0)?;
    let file = FileRef::new()?;
    let inode = open_namei(filename, flag, mode)?;
    let flag = flag | implied_access(flag);
    let mode = mode_of_flags(flag);
    let kept = flag & !(O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY);
    if is_fifo(&inode) {
        fifo_open(&file, inode, mode, kept)?;
    } else {
        open_device(&inode, flag)?;
        file.open(inode, mode, kept);
    }
    let task = current();
    task.close_on_exec
        .set(task.close_on_exec.get() & !(1 << fd));
    drop(task.filp[fd].replace(Some(file)));
    Ok(fd as i32)
}

/// The access that O_RDONLY means together with other flags: with O_TRUNC writing
/// too, as in 0.11; with O_CREAT and O_EXCL, which give a file that nobody else
/// has written, both. 0.11 never looks at the mode in `write`, and its `mount` and
/// `umount` make /etc/mtab out of a lock file that they create so.
fn implied_access(flag: u32) -> u32 {
    const OWN_NEW_FILE: u32 = O_CREAT | O_EXCL;
    if flag & O_ACCMODE != 0 {
        0
    } else if flag & OWN_NEW_FILE == OWN_NEW_FILE {
        O_RDWR
    } else if flag & O_TRUNC != 0 {
        O_WRONLY
    } else {
        0
    }
}

/// What opening a device does besides.
fn open_device(inode: &Inode, flag: u32) -> Result<(), Errno> {
    let task = current();
    let dev = inode.device();
    if inode.is_chr() && dev.major() == 4 {
        tty_open(dev.minor() as usize, flag & O_NOCTTY != 0)?;
    } else if inode.is_chr() && dev.major() == 5 && task.tty.get() < 0 {
        return Err(ENXIO);
    } else if inode.is_blk() {
        check_disk_change(dev);
    }
    Ok(())
}

/// 0.11 `sys_creat`.
pub fn sys_creat(pathname: UserAddr, mode: u16) -> SysResult {
    sys_open(pathname, O_CREAT | O_TRUNC | O_WRONLY, mode)
}

/// Closes the running task's file `fd`, if it is open. Not in 0.11.
pub(super) fn close_fd(fd: usize) -> bool {
    let task = current();
    task.close_on_exec
        .set(task.close_on_exec.get() & !(1 << fd));
    task.filp[fd].take().is_some()
}

/// 0.11 `sys_close`.
///
/// # Errors
/// `EBADF`; 0.11 gives `EINVAL`.
pub fn sys_close(fd: u32) -> SysResult {
    let fd = fd as usize;
    if fd < NR_OPEN && close_fd(fd) {
        Ok(0)
    } else {
        Err(EBADF)
    }
}
