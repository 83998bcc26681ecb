//! Calls on files, directories, file systems and terminals.

use super::*;

/// Opens a file: the descriptor. `mode` is for a file that `O_CREAT` makes.
///
/// # Errors
/// ENOENT, EACCES, EISDIR, EEXIST, EMFILE, ENFILE, ENXIO, ETXTBSY, ...
pub fn open(path: impl AsRef<[u8]>, flags: i32, mode: u16) -> Result<i32> {
    with_path(Nr::Open, path.as_ref(), flags as usize, mode.into()).map(|fd| fd as i32)
}

/// Creates or empties a file, open for writing.
///
/// # Errors
/// As [`open`].
pub fn creat(path: impl AsRef<[u8]>, mode: u16) -> Result<i32> {
    with_path(Nr::Creat, path.as_ref(), mode.into(), 0).map(|fd| fd as i32)
}

/// Closes a descriptor.
///
/// # Errors
/// EBADF.
pub fn close(fd: i32) -> Result<()> {
    plain(Nr::Close, fd as usize, 0, 0).map(drop)
}

/// Reads at most `buf.len()` bytes; 0 at the end. Reading descriptor 0 flushes
/// standard output first.
///
/// # Errors
/// EBADF, EINTR, EIO, EISDIR, ...
pub fn read(fd: i32, buf: &mut [u8]) -> Result<usize> {
    if fd == 0 {
        let _ = io::flush();
    }
    let address = buf.as_mut_ptr().expose_provenance();
    // SAFETY: the kernel writes at most buf.len() bytes to it.
    unsafe { call(Nr::Read, fd as usize, address, buf.len()) }
}

/// Writes; the bytes that were written, maybe fewer.
///
/// # Errors
/// EBADF, EINTR, EIO, EPIPE, ENOSPC, ...
pub fn write(fd: i32, bytes: &[u8]) -> Result<usize> {
    let address = bytes.as_ptr().expose_provenance();
    // SAFETY: the kernel reads bytes.len() bytes.
    unsafe { call(Nr::Write, fd as usize, address, bytes.len()) }
}

/// Moves the position of a descriptor: `whence` is `SEEK_...`.
///
/// # Errors
/// EBADF, ESPIPE, EINVAL.
pub fn lseek(fd: i32, offset: i32, whence: i32) -> Result<i32> {
    let at = plain(Nr::Lseek, fd as usize, offset as usize, whence as usize)?;
    Ok(at as i32)
}

/// A second name for a file.
///
/// # Errors
/// EXDEV, EEXIST, EPERM for a directory, EMLINK, ...
pub fn link(old: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Result<()> {
    two_paths(Nr::Link, old.as_ref(), new.as_ref())
}

/// Renames within a file system.
///
/// # Errors
/// EXDEV, ENOENT, ENOSYS on a kernel without it (0.11), ...
pub fn rename(old: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Result<()> {
    two_paths(Nr::Rename, old.as_ref(), new.as_ref())
}

/// A symbolic link at `new` that names `target`.
///
/// # Errors
/// ENOSYS where the file system knows none, EEXIST, ...
pub fn symlink(target: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> Result<()> {
    two_paths(Nr::Symlink, target.as_ref(), new.as_ref())
}

/// Mounts the file system on the block device `device` at the folder `dir`.
///
/// # Errors
/// EPERM, ENOTBLK, EBUSY, ENOTDIR, EINVAL, ...
pub fn mount(device: impl AsRef<[u8]>, dir: impl AsRef<[u8]>, read_only: bool) -> Result<()> {
    let dir = terminated(dir.as_ref())?;
    let address = dir.as_ptr().expose_provenance();
    with_path(Nr::Mount, device.as_ref(), address, read_only.into()).map(drop)
}

/// Unmounts the file system on a block device.
///
/// # Errors
/// EPERM, ENOTBLK, EBUSY, EINVAL, ...
pub fn umount(device: impl AsRef<[u8]>) -> Result<()> {
    with_path(Nr::Umount, device.as_ref(), 0, 0).map(drop)
}

/// `path` with a NUL behind it.
fn terminated(path: &[u8]) -> Result<Vec<u8>> {
    if path.contains(&0) {
        return Err(Errno::ENOENT);
    }
    let mut copy = Vec::with_capacity(path.len() + 1);
    copy.extend_from_slice(path);
    copy.push(0);
    Ok(copy)
}

fn two_paths(nr: Nr, first: &[u8], second: &[u8]) -> Result<()> {
    let second = terminated(second)?;
    with_path(nr, first, second.as_ptr().expose_provenance(), 0).map(drop)
}

/// Removes a name; the file goes with the last name and the last descriptor.
///
/// # Errors
/// ENOENT, EPERM, EISDIR, EBUSY, ...
pub fn unlink(path: impl AsRef<[u8]>) -> Result<()> {
    with_path(Nr::Unlink, path.as_ref(), 0, 0).map(drop)
}

/// Makes a directory.
///
/// # Errors
/// EEXIST, ENOENT, ENOSPC, EACCES, ...
pub fn mkdir(path: impl AsRef<[u8]>, mode: u16) -> Result<()> {
    with_path(Nr::Mkdir, path.as_ref(), mode.into(), 0).map(drop)
}

/// Removes an empty directory.
///
/// # Errors
/// ENOTEMPTY, ENOTDIR, EBUSY, ...
pub fn rmdir(path: impl AsRef<[u8]>) -> Result<()> {
    with_path(Nr::Rmdir, path.as_ref(), 0, 0).map(drop)
}

/// Makes a file of any kind: `mode` holds the kind, `dev` the device number.
///
/// # Errors
/// EPERM, EEXIST, ENOSPC, ...
pub fn mknod(path: impl AsRef<[u8]>, mode: u16, dev: u16) -> Result<()> {
    with_path(Nr::Mknod, path.as_ref(), mode.into(), dev.into()).map(drop)
}

/// Sets the permission bits.
///
/// # Errors
/// ENOENT, EPERM, ...
pub fn chmod(path: impl AsRef<[u8]>, mode: u16) -> Result<()> {
    with_path(Nr::Chmod, path.as_ref(), mode.into(), 0).map(drop)
}

/// Sets owner and group.
///
/// # Errors
/// ENOENT, EPERM, ...
pub fn chown(path: impl AsRef<[u8]>, uid: u16, gid: u8) -> Result<()> {
    with_path(Nr::Chown, path.as_ref(), uid.into(), gid.into()).map(drop)
}

/// Sets the times of a file: (read, written), or both to now.
///
/// # Errors
/// ENOENT, EPERM, EACCES.
pub fn utime(path: impl AsRef<[u8]>, times: Option<Utimbuf>) -> Result<()> {
    let address = times
        .as_ref()
        .map_or(0, |t| (&raw const *t).expose_provenance());
    with_path(Nr::Utime, path.as_ref(), address, 0).map(drop)
}

/// Whether the real user may do what `how` (`R_OK` ...) says.
///
/// # Errors
/// EACCES, ENOENT, ...
pub fn access(path: impl AsRef<[u8]>, how: i32) -> Result<()> {
    with_path(Nr::Access, path.as_ref(), how as usize, 0).map(drop)
}

/// About a file, a symbolic link followed.
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR, ...
pub fn stat(path: impl AsRef<[u8]>) -> Result<Stat> {
    filled(|address| with_path(Nr::Stat, path.as_ref(), address, 0))
}

/// About a file, or about the symbolic link itself. On a kernel without
/// symbolic links this is [`stat`].
///
/// # Errors
/// ENOENT, EACCES, ENOTDIR, ...
pub fn lstat(path: impl AsRef<[u8]>) -> Result<Stat> {
    match filled(|address| with_path(Nr::Lstat, path.as_ref(), address, 0)) {
        Err(Errno::ENOSYS) => stat(path),
        result => result,
    }
}

/// About an open file.
///
/// # Errors
/// EBADF.
pub fn fstat(fd: i32) -> Result<Stat> {
    // SAFETY: `filled` passes the address of a whole Stat.
    filled(|address| unsafe { call(Nr::Fstat, fd as usize, address, 0) })
}

/// What a symbolic link names.
///
/// # Errors
/// EINVAL if it is none, ENOSYS, ENOENT, ...
pub fn readlink(path: impl AsRef<[u8]>) -> Result<Vec<u8>> {
    let mut buf = alloc::vec![0; 1024];
    let address = buf.as_mut_ptr().expose_provenance();
    let len = with_path(Nr::Readlink, path.as_ref(), address, buf.len())?;
    buf.truncate(len);
    Ok(buf)
}

/// Room on the file system of device `dev`.
///
/// # Errors
/// EINVAL if it is not mounted, ENOSYS.
pub fn ustat(dev: u16) -> Result<Ustat> {
    // SAFETY: `filled` passes the address of a whole Ustat.
    filled(|address| unsafe { call(Nr::Ustat, dev.into(), address, 0) })
}

/// Writes everything that is waiting to its disk.
pub fn sync() {
    let _ = plain(Nr::Sync, 0, 0, 0);
}

/// Changes the working directory.
///
/// # Errors
/// ENOENT, ENOTDIR, EACCES.
pub fn chdir(path: impl AsRef<[u8]>) -> Result<()> {
    with_path(Nr::Chdir, path.as_ref(), 0, 0).map(drop)
}

/// Changes the root directory.
///
/// # Errors
/// EPERM, ENOENT, ENOTDIR, EACCES.
pub fn chroot(path: impl AsRef<[u8]>) -> Result<()> {
    with_path(Nr::Chroot, path.as_ref(), 0, 0).map(drop)
}

/// Sets the mask that takes bits away from the modes of new files; the old one.
pub fn umask(mask: u16) -> u16 {
    plain(Nr::Umask, mask.into(), 0, 0).unwrap_or(0) as u16
}

/// A second descriptor for the same open file, the lowest that is free.
///
/// # Errors
/// EBADF, EMFILE.
pub fn dup(fd: i32) -> Result<i32> {
    plain(Nr::Dup, fd as usize, 0, 0).map(|fd| fd as i32)
}

/// Makes `new` a descriptor for what `old` is.
///
/// # Errors
/// EBADF, EMFILE.
pub fn dup2(old: i32, new: i32) -> Result<i32> {
    plain(Nr::Dup2, old as usize, new as usize, 0).map(|fd| fd as i32)
}

/// `F_...` on a descriptor.
///
/// # Errors
/// EBADF, EMFILE, EINVAL.
pub fn fcntl(fd: i32, command: i32, argument: i32) -> Result<i32> {
    plain(Nr::Fcntl, fd as usize, command as usize, argument as usize).map(|r| r as i32)
}

/// A pipe: the ends for reading and for writing.
///
/// # Errors
/// EMFILE, ENFILE.
pub fn pipe() -> Result<(i32, i32)> {
    // SAFETY: `filled` passes the address of two integers.
    let fds: [i32; 2] = filled(|address| unsafe { call(Nr::Pipe, address, 0, 0) })?;
    Ok((fds[0], fds[1]))
}

/// A device command.
///
/// # Errors
/// EBADF, ENOTTY, EINVAL.
///
/// # Safety
/// `argument` must be what the command takes: a number, or the address of the
/// right structure.
pub unsafe fn ioctl(fd: i32, command: u32, argument: usize) -> Result<i32> {
    // SAFETY: the caller's promise.
    unsafe { call(Nr::Ioctl, fd as usize, command as usize, argument) }.map(|r| r as i32)
}

/// The settings of a terminal.
///
/// # Errors
/// ENOTTY if it is none, EBADF.
pub fn tcgetattr(fd: i32) -> Result<Termios> {
    // SAFETY: TCGETS takes the address of a Termios.
    filled(|address| unsafe { call(Nr::Ioctl, fd as usize, TCGETS as usize, address) })
}

/// Changes the settings of a terminal: `how` is `TCSETS`, `TCSETSW` or `TCSETSF`.
///
/// # Errors
/// EINVAL for another command; ENOTTY, EBADF.
pub fn tcsetattr(fd: i32, how: u32, settings: &Termios) -> Result<()> {
    if !(TCSETS..=TCSETSF).contains(&how) {
        return Err(Errno::EINVAL);
    }
    // SAFETY: the three commands take the address of a Termios.
    unsafe { ioctl(fd, how, (&raw const *settings).expose_provenance()) }.map(drop)
}

/// The process group in the foreground of a terminal.
///
/// # Errors
/// ENOTTY, EBADF.
pub fn tcgetpgrp(fd: i32) -> Result<i32> {
    // SAFETY: TIOCGPGRP takes the address of an integer.
    filled(|address| unsafe { call(Nr::Ioctl, fd as usize, TIOCGPGRP as usize, address) })
}

/// Puts a process group into the foreground of a terminal.
///
/// # Errors
/// ENOTTY, EBADF, EPERM.
pub fn tcsetpgrp(fd: i32, pgrp: i32) -> Result<()> {
    // SAFETY: TIOCSPGRP takes the address of an integer.
    unsafe { ioctl(fd, TIOCSPGRP, (&raw const pgrp).expose_provenance()) }.map(drop)
}

/// Waits until a descriptor in a set (bit = number) can be read or written, or
/// the time is over (`None`: for ever). The sets are replaced by what is ready;
/// the number of descriptors ready.
///
/// # Errors
/// EBADF, EINTR.
pub fn select(
    count: i32,
    read: Option<&mut FdSet>,
    write: Option<&mut FdSet>,
    except: Option<&mut FdSet>,
    timeout: Option<&mut Timeval>,
) -> Result<i32> {
    let address = |set: Option<&mut FdSet>| set.map_or(0, |s| (&raw mut *s).expose_provenance());
    let block: [usize; 5] = [
        count as usize,
        address(read),
        address(write),
        address(except),
        timeout.map_or(0, |t| (&raw mut *t).expose_provenance()),
    ];
    // SAFETY: 0.12 passes the five arguments in a block; the sets and the time
    // live during the call.
    unsafe { call(Nr::Select, block.as_ptr().expose_provenance(), 0, 0) }.map(|n| n as i32)
}
