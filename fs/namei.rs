//! Names, and the calls that change directories (0.11 `fs/namei.c`).
//!
//! Who looks something up in a directory or changes it holds the lock on the
//! directory's contents from the look to the change, or until the inode that
//! was found has a handle. That keeps an inode from being freed in between.

use super::bitmap::new_inode;
use super::buffer::{BufferRef, bread};
use super::inode::{Inode, InodeRef, ROOT_INO, iget};
use super::super_block::mount_point;
use super::truncate::truncate;
use super::{
    BLOCK_SIZE, DIR_ENTRIES_PER_BLOCK, DIR_ENTRY_SIZE, O_ACCMODE, O_CREAT, O_EXCL, O_TRUNC,
    O_WRONLY, S_IFBLK, S_IFCHR, S_IFDIR, S_IFIFO, S_IFMT, S_IFREG, S_ISVTX, le16, le32, put_le16,
};
use crate::kernel::errno::{
    EACCES, EBUSY, EEXIST, EFBIG, EINVAL, EIO, EISDIR, EMLINK, ENOENT, ENOTDIR, ENOTEMPTY, EPERM,
    EROFS, ETXTBSY, EXDEV, Errno, SysResult,
};
use crate::kernel::printk::printk;
use crate::kernel::task::current;
use crate::kernel::types::{Block, Ino, UserAddr, Zone};

mod path;
mod rename;
mod symlink;

pub use rename::sys_rename;
pub use symlink::{link_text, sys_symlink};

use path::{Name, Path, PathReader};

/// Rights, as bits of a mode.
pub const MAY_EXEC: u16 = 1;
pub const MAY_WRITE: u16 = 2;
pub const MAY_READ: u16 = 4;

/// Most names of one file: its count is one byte on disk.
const LINK_MAX: u8 = 250;

/// The rights that a way of opening needs (0.11 `ACC_MODE`).
fn acc_mode(flag: u32) -> u16 {
    [
        MAY_READ,
        MAY_WRITE,
        MAY_READ | MAY_WRITE,
        MAY_READ | MAY_WRITE,
    ][(flag & O_ACCMODE) as usize]
}

/// May the running task do this with the inode (0.11 `permission`)?
pub fn permission(inode: &Inode, mask: u16) -> bool {
    check_permission(inode, mask).is_ok()
}

/// As [`permission`], with the reason.
///
/// # Errors
/// `EACCES`; `ENOENT` if it has been removed: not even root may then; `EROFS`.
pub fn check_permission(inode: &Inode, mask: u16) -> Result<(), Errno> {
    let task = current();
    if inode.i_nlinks.get() == 0 && !inode.i_pipe.get() {
        return Err(ENOENT);
    }
    if mask & MAY_WRITE != 0
        && (inode.is_regular() || inode.is_dir())
        && inode.sb()?.s_rd_only.get()
    {
        return Err(EROFS);
    }
    if task.suser() {
        return Ok(());
    }
    let mut mode = inode.i_mode.get();
    if task.euid.get() == inode.i_uid.get() {
        mode >>= 6;
    } else if task.in_group_p(inode.i_gid.get() as u16) {
        mode >>= 3;
    }
    if mode & mask & 7 == mask {
        Ok(())
    } else {
        Err(EACCES)
    }
}

/// Is this directory entry in use and called `name` (0.11 `match`)? Compares
/// four bytes at a time, and most entries differ in the first four.
#[inline(always)]
fn matches(entry: &[u8; DIR_ENTRY_SIZE], name: &Name) -> bool {
    let name = &name.bytes;
    le32(entry, 2) == le32(name, 0)
        && le32(entry, 6) == le32(name, 4)
        && le32(entry, 10) == le32(name, 8)
        && le16(entry, 14) == le16(name, 12)
        && le16(entry, 0) != 0
}

/// The entries of a block of a directory.
#[inline(always)]
fn entries_of(block: &[u8; BLOCK_SIZE]) -> &[[u8; DIR_ENTRY_SIZE]] {
    block.as_chunks().0
}

/// An entry of a directory: its place, and the inode that it names.
struct Found {
    buffer: BufferRef,
    at: usize,
    ino: Ino,
}

impl Found {
    /// Lets the entry name another inode; 0 removes it.
    fn set(&self, ino: Ino) {
        put_le16(&mut *self.buffer.data_mut(), self.at, ino.0);
        self.buffer.mark_dirty();
    }
}

/// Looks for the name in the directory (0.11 `find_entry`; what that does about
/// `..` is in [`get_dir`]). The caller holds the lock on its contents.
///
/// # Errors
/// `EIO`, where 0.11 skips a block that it cannot read.
fn find_entry(dir: &Inode, name: &Name) -> Result<Option<Found>, Errno> {
    let mut left = dir.i_size.get() / DIR_ENTRY_SIZE as u32;
    let mut number = 0;
    while left != 0 {
        let count = left.min(DIR_ENTRIES_PER_BLOCK);
        left -= count;
        let block = dir.bmap(number)?;
        number += 1;
        if block.0 == 0 {
            continue;
        }
        let buffer = bread(dir.i_dev.get(), block)?;
        let data = buffer.data();
        let in_block = &entries_of(&data)[..count as usize];
        if let Some(entry) = in_block.iter().find(|entry| matches(entry, name)) {
            let at = entry.as_ptr().addr() - data.as_ptr().addr();
            let ino = Ino(le16(entry, 0));
            drop(data);
            return Ok(Some(Found { buffer, at, ino }));
        }
    }
    Ok(None)
}

/// Enters a name for an inode into the directory (0.11 `add_entry`, whose caller
/// fills in the inode). The caller holds the lock on its contents.
///
/// # Errors
/// `ENOSPC`, `EIO`, `EFBIG`.
#[inline(never)]
fn add_entry(dir: &Inode, name: &Name, ino: Ino) -> Result<(), Errno> {
    let mut first = 0u32;
    loop {
        let block = dir.create_block(first / DIR_ENTRIES_PER_BLOCK)?;
        let buffer = bread(dir.i_dev.get(), block)?;
        let entries = dir.i_size.get() / DIR_ENTRY_SIZE as u32;
        let mut data = buffer.data_mut();
        let free = entries_of(&data)
            .iter()
            .zip(first..)
            .position(|(entry, nr)| le16(entry, 0) == 0 || nr >= entries);
        if let Some(index) = free {
            let at = index * DIR_ENTRY_SIZE;
            put_le16(&mut *data, at, ino.0);
            data[at + 2..at + DIR_ENTRY_SIZE].copy_from_slice(&name.bytes);
            buffer.mark_dirty();
            let end = (first + index as u32 + 1) * DIR_ENTRY_SIZE as u32;
            dir.i_size.set(dir.i_size.get().max(end));
            dir.touch_mtime();
            return Ok(());
        }
        drop(data);
        first = first.checked_add(DIR_ENTRIES_PER_BLOCK).ok_or(EFBIG)?;
    }
}

/// A directory and a name that is looked for or made in it.
struct Target {
    dir: InodeRef,
    /// Empty: the directory itself is meant, `/`.
    name: Name,
    /// The path ends with a slash: only a directory will do.
    slash: bool,
}

/// The entry called `name` of the directory, as a handle to its inode.
#[inline(always)]
fn lookup(dir: &Inode, name: &Name) -> Result<InodeRef, Errno> {
    let _lock = dir.lock_contents();
    let ino = find_entry(dir, name)?.ok_or(ENOENT)?.ino;
    iget(dir.i_dev.get(), ino)
}

/// `..` in the task's root directory is that directory; in the root of a
/// mounted file system it is that of the directory it is mounted on.
#[inline(always)]
fn cross(dir: &mut InodeRef, name: &mut Name) {
    if *name == Name::DOTDOT {
        cross_up(dir, name);
    }
}

#[inline(never)]
fn cross_up(dir: &mut InodeRef, name: &mut Name) {
    if current().root.get().is_some_and(|root| root.same(dir)) {
        *name = Name::DOT;
    } else if dir.i_num.get() == ROOT_INO
        && let Some(point) = mount_point(dir)
    {
        *dir = point;
    }
}

/// May the running task look something up in what should be a directory?
#[inline(always)]
fn check_search(dir: &Inode) -> Result<(), Errno> {
    const OPEN_TO_ALL: u16 = S_IFDIR | 0o111;
    if dir.i_mode.get() & (S_IFMT | 0o111) == OPEN_TO_ALL && dir.i_nlinks.get() != 0 {
        return Ok(()); // as nearly every directory is
    }
    if !dir.is_dir() {
        return Err(ENOTDIR);
    }
    check_permission(dir, MAY_EXEC)
}

/// Follows the path to its last name, which `path` knows then (0.11 `get_dir`).
///
/// Differs from 0.11: more than one slash between names is one.
///
/// Erratum `fs-6`.
#[inline(never)]
fn get_dir(path: &mut PathReader, mut dir: InodeRef) -> Result<InodeRef, Errno> {
    loop {
        let last = path.component()?;
        check_search(&dir)?;
        cross(&mut dir, &mut path.name);
        if last {
            return Ok(dir);
        }
        let inode = lookup(&dir, &path.name)?;
        dir = if inode.is_link() {
            follow_link(path, dir, inode)?
        } else {
            inode
        };
    }
}

/// Where the path begins.
#[inline]
fn first_dir(path: &mut PathReader) -> Result<InodeRef, Errno> {
    let start = match path.peek()? {
        0 => return Err(ENOENT), // an empty path is bad
        b'/' => current().root.get(),
        _ => current().pwd.get(),
    };
    // Not having one is how a task that is not set up yet looks like.
    start.ok_or(ENOENT)
}

/// Goes on with what a link in `dir` says, before the rest of the path; gives
/// the directory where that begins (0.12 `follow_link`).
fn follow_link(path: &mut PathReader, dir: InodeRef, link: InodeRef) -> Result<InodeRef, Errno> {
    let slash = path.slash;
    if path.follow(link, slash)? {
        current().root.get().ok_or(ENOENT)
    } else {
        Ok(dir)
    }
}

/// The directory of the path's last name, and that name (0.11 `dir_namei`).
#[inline(never)]
fn dir_namei(path: Path) -> Result<Target, Errno> {
    let mut path = PathReader::new(path);
    let start = first_dir(&mut path)?;
    let dir = get_dir(&mut path, start)?;
    Ok(Target {
        dir,
        name: path.name,
        slash: path.slash,
    })
}

/// The same for a program's path.
fn user_dir_namei(path: UserAddr) -> Result<Target, Errno> {
    dir_namei(Path::User(path))
}

/// The inode that a program's path names (0.11 `namei`).
///
/// # Errors
/// `ENOENT`, `ENOTDIR`, `EACCES`, `EFAULT`, `ENAMETOOLONG`, `ELOOP`, `EIO`,
/// `ENFILE`.
pub fn namei(path: UserAddr) -> Result<InodeRef, Errno> {
    inode_at(Path::User(path), true)
}

/// As [`namei`], but does not follow a symbolic link that the path ends with
/// (0.12 `lnamei`).
///
/// # Errors
/// As for [`namei`].
pub fn lnamei(path: UserAddr) -> Result<InodeRef, Errno> {
    inode_at(Path::User(path), false)
}

/// The inode that a path of the kernel's own names. Not in 0.11.
///
/// # Errors
/// As for [`namei`].
pub fn namei_kernel(path: &[u8]) -> Result<InodeRef, Errno> {
    inode_at(Path::Kernel(path), true)
}

#[inline(never)]
fn inode_at(path: Path, follow: bool) -> Result<InodeRef, Errno> {
    let mut path = PathReader::new(path);
    let mut start = first_dir(&mut path)?;
    loop {
        let dir = get_dir(&mut path, start)?;
        if path.name.is_empty() {
            return Ok(dir);
        }
        let inode = lookup(&dir, &path.name)?;
        if inode.is_link() && (follow || path.slash) {
            start = follow_link(&mut path, dir, inode)?;
            continue;
        }
        if path.slash && !inode.is_dir() {
            return Err(ENOTDIR);
        }
        // Differs from 0.11: looking at a file is not reading it, so its time
        // of last access stays.
        return Ok(inode);
    }
}

/// Makes an inode and enters it as `target` into its directory, whose lock the
/// caller holds.
fn create(target: &Target, mode: u16, device: u16) -> Result<InodeRef, Errno> {
    if target.slash {
        return Err(ENOENT);
    }
    check_permission(&target.dir, MAY_WRITE)?;
    let inode = new_inode(target.dir.sb()?, mode)?;
    inode.i_zone[0].set(Zone(device));
    enter(target, inode)
}

/// Enters a new inode into the directory; if that fails, it is freed.
fn enter(target: &Target, inode: InodeRef) -> Result<InodeRef, Errno> {
    match add_entry(&target.dir, &target.name, inode.i_num.get()) {
        Ok(()) => Ok(inode),
        Err(error) => {
            inode.i_nlinks.set(0);
            Err(error)
        }
    }
}

/// Opens a file, or creates it (0.11 `open_namei`).
///
/// # Errors
/// As [`namei`], and `EEXIST`, `EISDIR`, `EACCES`, `ENOSPC`, `EROFS`; `ETXTBSY`
/// if a running program is to be written to.
pub fn open_namei(path: UserAddr, mut flag: u32, mode: u16) -> Result<InodeRef, Errno> {
    if flag & O_TRUNC != 0 && flag & O_ACCMODE == 0 {
        flag |= O_WRONLY;
    }
    let mut path = PathReader::new(Path::User(path));
    let mut start = first_dir(&mut path)?;
    loop {
        let target = Target {
            dir: get_dir(&mut path, start)?,
            name: path.name,
            slash: path.slash,
        };
        if target.name.is_empty() {
            let reads = flag & (O_ACCMODE | O_CREAT | O_TRUNC) == 0;
            check_permission(&target.dir, MAY_READ)?;
            return if reads { Ok(target.dir) } else { Err(EISDIR) };
        }
        let inode = match open_target(&target, flag, mode)? {
            Opened::Created(inode) => return Ok(inode),
            Opened::Found(inode) => inode,
        };
        if inode.is_link() {
            start = follow_link(&mut path, target.dir, inode)?;
            continue;
        }
        if target.slash && !inode.is_dir() {
            return Err(ENOTDIR);
        }
        return open_existing(inode, flag);
    }
}

/// What is there under a name that is opened.
enum Opened {
    Created(InodeRef),
    Found(InodeRef),
}

/// Looks the name up, and creates the file if that is wanted.
fn open_target(target: &Target, flag: u32, mode: u16) -> Result<Opened, Errno> {
    let _lock = target.dir.lock_contents();
    match find_entry(&target.dir, &target.name)? {
        None if flag & O_CREAT == 0 => Err(ENOENT),
        None => {
            let mode = mode & 0o7777 & !current().umask.get();
            create(target, S_IFREG | mode, 0).map(Opened::Created)
        }
        Some(_) if flag & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL => Err(EEXIST),
        Some(found) => iget(target.dir.i_dev.get(), found.ino).map(Opened::Found),
    }
}

/// The rest of opening a file that exists.
fn open_existing(inode: InodeRef, flag: u32) -> Result<InodeRef, Errno> {
    let writes = flag & O_ACCMODE != 0;
    if inode.is_dir() && (writes || flag & O_CREAT != 0) {
        return Err(EISDIR);
    }
    check_permission(&inode, acc_mode(flag))?;
    if writes && inode.i_text.get() != 0 {
        return Err(ETXTBSY);
    }
    // Differs from 0.11: a device is not truncated.
    if flag & O_TRUNC != 0 && inode.is_regular() {
        // Truncating sleeps: nobody may start to execute the file meanwhile.
        inode.i_writers.set(inode.i_writers.get() + 1);
        {
            let _lock = inode.lock_contents();
            truncate(&inode);
        }
        inode.i_writers.set(inode.i_writers.get() - 1);
    }
    Ok(inode)
}

/// 0.11 `sys_mknod`.
///
/// Differs from 0.11: everybody may make regular files; directories are made by
/// `mkdir` only.
pub fn sys_mknod(filename: UserAddr, mode: u16, dev: u16) -> SysResult {
    let kind = if mode & S_IFMT == 0 {
        S_IFREG
    } else {
        mode & S_IFMT
    };
    let device = match kind {
        S_IFREG | S_IFIFO => 0,
        S_IFCHR | S_IFBLK => {
            current().require_suser()?;
            dev
        }
        S_IFDIR => return Err(EPERM),
        _ => return Err(EINVAL),
    };
    let target = user_dir_namei(filename)?;
    if target.name.is_empty() {
        return Err(EEXIST);
    }
    let _lock = target.dir.lock_contents();
    if find_entry(&target.dir, &target.name)?.is_some() {
        return Err(EEXIST);
    }
    let mode = kind | mode & 0o7777 & !current().umask.get();
    create(&target, mode, device)?;
    Ok(0)
}

/// 0.11 `sys_mkdir`.
///
/// Differs from 0.11: for everybody who may write the directory.
///
/// Erratum `fs-7`.
pub fn sys_mkdir(pathname: UserAddr, mode: u16) -> SysResult {
    let target = user_dir_namei(pathname)?;
    if target.name.is_empty() {
        return Err(EEXIST);
    }
    let dir = &target.dir;
    let _lock = dir.lock_contents();
    if find_entry(dir, &target.name)?.is_some() {
        return Err(EEXIST);
    }
    check_permission(dir, MAY_WRITE)?;
    if dir.i_nlinks.get() >= LINK_MAX {
        return Err(EMLINK);
    }
    let inode = new_inode(dir.sb()?, S_IFDIR | mode & 0o777 & !current().umask.get())?;
    if let Err(error) = fill_new_dir(&inode, dir.i_num.get()) {
        inode.i_nlinks.set(0);
        return Err(error);
    }
    enter(&target, inode)?;
    dir.i_nlinks.set(dir.i_nlinks.get() + 1);
    dir.mark_dirty();
    Ok(0)
}

/// Gives a new directory its `.` and `..`.
fn fill_new_dir(inode: &Inode, parent: Ino) -> Result<(), Errno> {
    add_entry(inode, &Name::DOT, inode.i_num.get())?;
    add_entry(inode, &Name::DOTDOT, parent)?;
    inode.i_nlinks.set(2);
    inode.mark_dirty();
    Ok(())
}

/// Is there nothing in the directory but `.` and `..` (0.11 `empty_dir`)? The
/// caller holds the lock on its contents.
///
/// # Errors
/// `ENOTEMPTY`; `EIO` if it is damaged.
fn empty_dir(inode: &Inode) -> Result<(), Errno> {
    let entries = inode.i_size.get() / DIR_ENTRY_SIZE as u32;
    for first in (0..entries).step_by(DIR_ENTRIES_PER_BLOCK as usize) {
        let block = inode.bmap(first / DIR_ENTRIES_PER_BLOCK)?;
        if block.0 == 0 {
            continue;
        }
        let buffer = bread(inode.i_dev.get(), block)?;
        let count = (entries - first).min(DIR_ENTRIES_PER_BLOCK) as usize;
        let data = buffer.data();
        let is_other = |entry: &[u8; DIR_ENTRY_SIZE]| {
            le16(entry, 0) != 0 && !matches(entry, &Name::DOT) && !matches(entry, &Name::DOTDOT)
        };
        if entries_of(&data)[..count].iter().any(is_other) {
            return Err(ENOTEMPTY);
        }
    }
    if entries < 2 || parent_of(inode).is_err() {
        printk!("warning - bad directory on dev {}\n", inode.i_dev.get());
    }
    Ok(())
}

/// What the directory's second entry, `..`, names. It changes by `rename` only.
fn parent_of(dir: &Inode) -> Result<Ino, Errno> {
    let block = dir.bmap(0)?;
    if block == Block(0) {
        return Err(EIO);
    }
    let buffer = bread(dir.i_dev.get(), block)?;
    let data = buffer.data();
    if matches(&entries_of(&data)[1], &Name::DOTDOT) {
        Ok(Ino(le16(&*data, DIR_ENTRY_SIZE)))
    } else {
        Err(EIO)
    }
}

/// May the running task remove the entry that names `inode`? In a sticky
/// directory only its owner, the file's owner and root may.
fn may_remove(dir: &Inode, inode: &Inode) -> Result<(), Errno> {
    check_permission(dir, MAY_WRITE)?;
    let euid = current().euid.get();
    if dir.i_mode.get() & S_ISVTX != 0
        && !current().suser()
        && euid != inode.i_uid.get()
        && euid != dir.i_uid.get()
    {
        return Err(EPERM);
    }
    // Another device: something is mounted there.
    if inode.i_dev.get() != dir.i_dev.get() {
        Err(EBUSY)
    } else {
        Ok(())
    }
}

/// 0.11 `sys_rmdir`.
///
/// Differs from 0.11: for everybody who may write the directory; also where it
/// is someone's working directory.
pub fn sys_rmdir(name: UserAddr) -> SysResult {
    let target = user_dir_namei(name)?;
    let dir = &target.dir;
    if target.name.is_empty() {
        return Err(EBUSY);
    }
    if target.name.is_dots() {
        return Err(if target.name == Name::DOT {
            EINVAL
        } else {
            ENOTEMPTY
        });
    }
    let _lock = dir.lock_contents();
    let found = find_entry(dir, &target.name)?.ok_or(ENOENT)?;
    let inode = iget(dir.i_dev.get(), found.ino)?;
    may_remove(dir, &inode)?;
    if !inode.is_dir() {
        return Err(ENOTDIR);
    }
    if inode.same(dir) {
        return Err(EIO); // damaged: not by the name `.`
    }
    remove_dir(dir, &inode)?;
    found.set(Ino(0));
    Ok(0)
}

/// Takes the links of an empty directory away: those of its own, and that of
/// its `..`. The caller removes its name at once.
fn remove_dir(dir: &Inode, inode: &Inode) -> Result<(), Errno> {
    // A directory inside another: the order of locks.
    let _lock = inode.lock_contents();
    empty_dir(inode)?;
    if inode.i_nlinks.get() != 2 {
        printk!("empty directory has nlink!=2 ({})\n", inode.i_nlinks.get());
    }
    inode.i_nlinks.set(0);
    inode.touch_ctime();
    dir.i_nlinks
        .set(dir.i_nlinks.get().saturating_sub(1).max(1));
    dir.touch_mtime();
    Ok(())
}

/// 0.11 `sys_unlink`.
pub fn sys_unlink(name: UserAddr) -> SysResult {
    let target = user_dir_namei(name)?;
    let dir = &target.dir;
    if target.name.is_empty() {
        return Err(EPERM);
    }
    let inode;
    let _lock = dir.lock_contents();
    let found = find_entry(dir, &target.name)?.ok_or(ENOENT)?;
    inode = iget(dir.i_dev.get(), found.ino)?;
    may_remove(dir, &inode)?;
    if inode.is_dir() {
        return Err(EPERM);
    }
    if target.slash {
        return Err(ENOTDIR);
    }
    found.set(Ino(0));
    dir.touch_mtime();
    inode.i_nlinks.set(inode.i_nlinks.get().saturating_sub(1));
    inode.touch_ctime();
    Ok(0)
}

/// 0.11 `sys_link`.
pub fn sys_link(oldname: UserAddr, newname: UserAddr) -> SysResult {
    let inode = namei(oldname)?;
    if inode.is_dir() {
        return Err(EPERM);
    }
    let target = user_dir_namei(newname)?;
    let dir = &target.dir;
    if target.name.is_empty() {
        return Err(EEXIST);
    }
    if dir.i_dev.get() != inode.i_dev.get() {
        return Err(EXDEV);
    }
    let _lock = dir.lock_contents();
    if find_entry(dir, &target.name)?.is_some() {
        return Err(EEXIST);
    }
    check_permission(dir, MAY_WRITE)?;
    if target.slash || inode.i_nlinks.get() == 0 {
        return Err(ENOENT);
    }
    if inode.i_nlinks.get() >= LINK_MAX {
        return Err(EMLINK);
    }
    // Counted before the name is there: entering it sleeps.
    inode.i_nlinks.set(inode.i_nlinks.get() + 1);
    inode.touch_ctime();
    if let Err(error) = add_entry(dir, &target.name, inode.i_num.get()) {
        inode.i_nlinks.set(inode.i_nlinks.get() - 1);
        return Err(error);
    }
    Ok(0)
}
