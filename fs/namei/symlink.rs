//! Symbolic links (0.12 `fs/namei.c`, `follow_link` and `sys_symlink`). Not in
//! 0.11. A link's text lies in its first block, as in 0.12.

use super::path::PathReader;
use super::{MAY_WRITE, Path, check_permission, enter, find_entry, user_dir_namei};
use crate::fs::bitmap::new_inode;
use crate::fs::buffer::{BufferRef, bread};
use crate::fs::inode::{Inode, InodeRef};
use crate::fs::{BLOCK_SIZE, S_IFLNK};
use crate::kernel::errno::{EEXIST, EIO, ELOOP, ENAMETOOLONG, ENOENT, Errno, SysResult};
use crate::kernel::types::UserAddr;
use core::mem::MaybeUninit;

/// Links that one path may lead through. 0.12 stops after 5.
const LINKS_MAX: usize = 8;
/// Longest text of a link in bytes.
const TEXT_MAX: u32 = BLOCK_SIZE as u32 - 1;

/// A link that is being read.
pub(super) struct Link {
    text: BufferRef,
    /// Keeps the block from being freed.
    _inode: InodeRef,
    /// How much of it has been fetched.
    pub(super) at: u16,
    len: u16,
    /// Does a slash follow the link's name?
    slash: bool,
}

impl Link {
    /// Fetches the next bytes; a single 0 at the end. Returns how many.
    pub(super) fn fetch(&mut self, to: &mut [u8; PathReader::PIECE]) -> usize {
        let from = self.at as usize;
        let count = (self.len as usize - from).min(to.len());
        to[0] = 0;
        to[..count].copy_from_slice(&self.text.data()[from..from + count]);
        self.at += count as u16;
        count.max(1)
    }
}

/// The links in whose texts a path goes on, the innermost last.
pub(super) struct Links {
    /// The first `depth` are there. Not `Option`s: most paths have no links,
    /// and each path would have to clear them all.
    open: [MaybeUninit<Link>; LINKS_MAX],
    depth: u8,
    /// How many there have been.
    followed: u8,
}

/// The block of a link's text, and how long that is.
///
/// # Errors
/// `ENOENT` if it is empty, `EIO`.
pub fn link_text(inode: &Inode) -> Result<(BufferRef, u32), Errno> {
    let block = inode.bmap(0)?;
    if block.0 == 0 || inode.i_size.get() == 0 {
        return Err(ENOENT);
    }
    let text = bread(inode.i_dev.get(), block).map_err(|_| EIO)?;
    Ok((text, inode.i_size.get().min(TEXT_MAX)))
}

impl Links {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Links {
            open: [const { MaybeUninit::uninit() }; LINKS_MAX],
            depth: 0,
            followed: 0,
        }
    }

    /// Is no link being read?
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.depth == 0
    }

    /// The innermost link.
    #[inline]
    pub(super) fn top(&mut self) -> Option<&mut Link> {
        let index = (self.depth as usize).checked_sub(1)?;
        // SAFETY: `index` is below `depth`.
        Some(unsafe { self.open[index].assume_init_mut() })
    }

    #[inline(never)]
    pub(super) fn push(&mut self, inode: InodeRef, slash: bool) -> Result<(), Errno> {
        if self.followed as usize == LINKS_MAX {
            return Err(ELOOP);
        }
        let (text, len) = link_text(&inode)?;
        self.open[self.depth as usize].write(Link {
            text,
            _inode: inode,
            at: 0,
            len: len as u16,
            slash,
        });
        self.depth += 1;
        self.followed += 1;
        Ok(())
    }

    /// Leaves the innermost link; whether a slash follows its name.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<bool> {
        let index = (self.depth as usize).checked_sub(1)?;
        self.depth = index as u8;
        // SAFETY: it was below `depth` until just now, and is taken out once.
        Some(unsafe { self.open[index].assume_init_read() }.slash)
    }
}

impl Drop for Links {
    #[inline]
    fn drop(&mut self) {
        while self.pop().is_some() {}
    }
}

/// Makes a symbolic link called `name` that leads to `target`, which need not
/// exist (0.12 `sys_symlink`).
///
/// # Errors
/// `EEXIST`, `ENAMETOOLONG` for a target of more than 1023 bytes, `ENOENT` for
/// an empty one, `EACCES`, `EROFS`, `ENOSPC`.
pub fn sys_symlink(target: UserAddr, name: UserAddr) -> SysResult {
    let place = user_dir_namei(name)?;
    if place.name.is_empty() {
        return Err(EEXIST);
    }
    let _lock = place.dir.lock_contents();
    if find_entry(&place.dir, &place.name)?.is_some() {
        return Err(EEXIST);
    }
    if place.slash {
        return Err(ENOENT);
    }
    check_permission(&place.dir, MAY_WRITE)?;
    let inode = new_inode(place.dir.sb()?, S_IFLNK | 0o777)?;
    if let Err(error) = write_text(&inode, target) {
        inode.i_nlinks.set(0);
        return Err(error);
    }
    enter(&place, inode)?;
    Ok(0)
}

/// Fills a new link.
fn write_text(inode: &Inode, target: UserAddr) -> Result<(), Errno> {
    let block = inode.create_block(0)?;
    let text = bread(inode.i_dev.get(), block)?;
    let mut from = PathReader::new(Path::User(target));
    let mut len = 0;
    loop {
        let byte = from.peek()?;
        if byte == 0 {
            break;
        }
        if len == TEXT_MAX {
            return Err(ENAMETOOLONG);
        }
        text.data_mut()[len as usize] = byte;
        from.advance();
        len += 1;
    }
    if len == 0 {
        return Err(ENOENT);
    }
    text.mark_dirty();
    inode.i_size.set(len);
    inode.touch_mtime();
    Ok(())
}
