//! Renaming. Not in 0.11, whose `sys_rename` gives `ENOSYS`.

use super::{
    Found, LINK_MAX, MAY_WRITE, Name, Target, add_entry, check_permission, empty_dir, find_entry,
    may_remove, parent_of, user_dir_namei,
};
use crate::fs::SleepLock;
use crate::fs::buffer::bread;
use crate::fs::inode::{Inode, InodeRef, ROOT_INO, iget};
use crate::fs::{DIR_ENTRY_SIZE, put_le16};
use crate::kernel::errno::{
    EBUSY, EINVAL, EIO, EISDIR, EMLINK, ENOENT, ENOTDIR, ENOTEMPTY, EXDEV, Errno, SysResult,
};
use crate::kernel::types::{Ino, UserAddr};

/// One task at a time renames, so that the tree keeps its shape while two
/// directories are locked.
static RENAME_LOCK: SleepLock = SleepLock::new();

/// Gives a file or directory another name, in place of what had that name
/// (POSIX `rename`; 0.11 `sys_rename`, which gives `ENOSYS`).
///
/// # Errors
/// `EXDEV`, `EINVAL` for a directory into itself, `EBUSY` for what is mounted
/// on, `ENOTEMPTY`, `EISDIR`, `ENOTDIR`, `EMLINK`, and what `unlink` and `link`
/// give.
///
/// Erratum `misc-5`.
pub fn sys_rename(oldname: UserAddr, newname: UserAddr) -> SysResult {
    let _rename = RENAME_LOCK.lock();
    let old = user_dir_namei(oldname)?;
    let new = user_dir_namei(newname)?;
    if old.name.is_empty() || new.name.is_empty() {
        return Err(EBUSY);
    }
    if old.name.is_dots() || new.name.is_dots() {
        return Err(EINVAL);
    }
    if old.dir.i_dev.get() != new.dir.i_dev.get() {
        return Err(EXDEV);
    }
    if old.dir.same(&new.dir) {
        let _lock = old.dir.lock_contents();
        return rename_locked(&old, &new);
    }
    // A directory before what is inside it.
    let (first, second) = if is_inside(&old.dir, &new.dir)? {
        (&new.dir, &old.dir)
    } else {
        (&old.dir, &new.dir)
    };
    let _first = first.lock_contents();
    let _second = second.lock_contents();
    rename_locked(&old, &new)
}

/// Is `inode` the directory `dir`, or somewhere inside it? Goes up by `..`,
/// which no one else changes while we hold the rename lock.
fn is_inside(inode: &InodeRef, dir: &InodeRef) -> Result<bool, Errno> {
    let mut at = inode.clone();
    loop {
        if at.same(dir) {
            return Ok(true);
        }
        if at.i_num.get() == ROOT_INO || at.i_nlinks.get() == 0 {
            return Ok(false);
        }
        let parent = parent_of(&at)?;
        if parent == at.i_num.get() {
            return Err(EIO);
        }
        at = iget(at.i_dev.get(), parent)?;
    }
}

/// The rest, with both directories locked.
#[inline(never)]
fn rename_locked(old: &Target, new: &Target) -> SysResult {
    let from = find_entry(&old.dir, &old.name)?.ok_or(ENOENT)?;
    let inode = iget(old.dir.i_dev.get(), from.ino)?;
    may_remove(&old.dir, &inode)?;
    if !inode.is_dir() && (old.slash || new.slash) {
        return Err(ENOTDIR);
    }
    if inode.is_dir() && is_inside(&new.dir, &inode)? {
        return Err(EINVAL);
    }
    match find_entry(&new.dir, &new.name)? {
        Some(to) => replace(old, new, &inode, &to)?,
        None => {
            check_permission(&new.dir, MAY_WRITE)?;
            check_room(old, new, &inode)?;
            add_entry(&new.dir, &new.name, inode.i_num.get())?;
            moved(old, new, &inode, &from)?;
        }
    }
    Ok(0)
}

/// May another directory move into `new.dir`?
fn check_room(old: &Target, new: &Target, inode: &Inode) -> Result<(), Errno> {
    let moves = inode.is_dir() && !old.dir.same(&new.dir);
    if moves && new.dir.i_nlinks.get() >= LINK_MAX {
        Err(EMLINK)
    } else {
        Ok(())
    }
}

/// Puts `inode` in the place of what `to` names.
fn replace(old: &Target, new: &Target, inode: &InodeRef, to: &Found) -> Result<(), Errno> {
    let victim = iget(new.dir.i_dev.get(), to.ino)?;
    if victim.same(inode) {
        return Ok(()); // two names of one file: nothing happens
    }
    may_remove(&new.dir, &victim)?;
    if inode.is_dir() && !victim.is_dir() {
        return Err(ENOTDIR);
    }
    if !inode.is_dir() && victim.is_dir() {
        return Err(EISDIR);
    }
    check_room(old, new, inode)?;
    if victim.is_dir() {
        if victim.same(&old.dir) || victim.same(&new.dir) {
            return Err(ENOTEMPTY);
        }
        let _lock = victim.lock_contents();
        empty_dir(&victim)?;
        victim.i_nlinks.set(0);
        new.dir
            .i_nlinks
            .set(new.dir.i_nlinks.get().saturating_sub(1));
    } else {
        victim.i_nlinks.set(victim.i_nlinks.get().saturating_sub(1));
    }
    victim.touch_ctime();
    to.set(inode.i_num.get());
    let from = find_entry(&old.dir, &old.name)?.ok_or(EIO)?;
    moved(old, new, inode, &from)
}

/// Removes the old name and lets a directory's `..` name its new parent.
fn moved(old: &Target, new: &Target, inode: &Inode, from: &Found) -> Result<(), Errno> {
    from.set(Ino(0));
    old.dir.touch_mtime();
    new.dir.touch_mtime();
    inode.touch_ctime();
    if !inode.is_dir() || old.dir.same(&new.dir) {
        return Ok(());
    }
    old.dir
        .i_nlinks
        .set(old.dir.i_nlinks.get().saturating_sub(1));
    new.dir.i_nlinks.set(new.dir.i_nlinks.get() + 1);
    let buffer = bread(inode.i_dev.get(), inode.bmap(0)?)?;
    let mut data = buffer.data_mut();
    if data[DIR_ENTRY_SIZE + 2..2 * DIR_ENTRY_SIZE] != Name::DOTDOT.bytes {
        return Err(EIO);
    }
    put_le16(&mut *data, DIR_ENTRY_SIZE, new.dir.i_num.get().0);
    buffer.mark_dirty();
    Ok(())
}
