//! Reading path names (part of 0.11 `fs/namei.c`, which fetches each byte from
//! user memory by itself, and several times).

use super::symlink::Links;
use crate::fs::inode::InodeRef;
use crate::fs::{DIR_ENTRY_SIZE, NAME_LEN};
use crate::kernel::errno::{ENAMETOOLONG, Errno};
use crate::kernel::types::UserAddr;

/// Longest path in bytes. 0.11 has no limit.
const PATH_MAX: u32 = 1024;

/// Where a path comes from.
#[derive(Clone, Copy)]
pub(super) enum Path<'a> {
    /// A program: it ends with a 0 byte.
    User(UserAddr),
    /// The kernel itself.
    Kernel(&'a [u8]),
}

/// Reads a path byte by byte, from user memory in pieces that stay within a
/// page, so that nothing behind the final 0 need be mapped.
pub(super) struct PathReader<'a> {
    path: Path<'a>,
    /// How much of the path has been taken.
    taken: u32,
    piece: [u8; PathReader::PIECE],
    next: usize,
    end: usize,
    links: Links,
    /// The name that [`Self::component`] has read; empty at the end of the path.
    pub(super) name: Name,
    /// Does a slash follow it?
    pub(super) slash: bool,
}

impl<'a> PathReader<'a> {
    pub(super) const PIECE: usize = 32;

    pub(super) fn new(path: Path<'a>) -> Self {
        PathReader {
            path,
            taken: 0,
            piece: [0; Self::PIECE],
            next: 0,
            end: 0,
            links: Links::new(),
            name: Name::EMPTY,
            slash: false,
        }
    }

    /// The next byte; 0 at the end.
    #[inline(always)]
    pub(super) fn peek(&mut self) -> Result<u8, Errno> {
        if self.next == self.end {
            self.fill()?;
        }
        // `fill` leaves `next` below `end`, which is at most PIECE.
        Ok(self.piece[self.next % Self::PIECE])
    }

    #[inline(never)]
    fn fill(&mut self) -> Result<(), Errno> {
        if let Some(link) = self.links.top() {
            self.next = 0;
            self.end = link.fetch(&mut self.piece);
            return Ok(());
        }
        if self.taken >= PATH_MAX {
            return Err(ENAMETOOLONG);
        }
        self.next = 0;
        match self.path {
            Path::Kernel(bytes) => {
                self.piece[0] = bytes.get(self.taken as usize).copied().unwrap_or(0);
                self.end = 1;
            }
            Path::User(addr) => {
                let addr = addr.add(self.taken);
                self.end = Self::PIECE - addr.0 as usize % Self::PIECE;
                let (from, to) = (addr.slice(self.end as u32)?, &mut self.piece[..self.end]);
                match from.readable_now() {
                    Some(chunk) => chunk.copy_to(to),
                    None => from.copy_in(to)?,
                }
            }
        }
        self.taken += self.end as u32;
        Ok(())
    }

    /// Behind the byte that [`Self::peek`] gave.
    #[inline]
    pub(super) fn advance(&mut self) {
        self.next += 1;
    }

    /// Goes on with what the symbolic link says, before the rest of the path,
    /// and says whether that begins at the root. `slash`: one follows its name.
    ///
    /// # Errors
    /// `ELOOP`, `ENOENT` for an empty one, `EIO`.
    pub(super) fn follow(&mut self, link: InodeRef, slash: bool) -> Result<bool, Errno> {
        // What has been fetched and not used is fetched again.
        let unused = (self.end - self.next) as u32;
        match self.links.top() {
            Some(outer) => outer.at -= unused as u16,
            None => self.taken -= unused,
        }
        self.links.push(link, slash)?;
        self.next = self.end;
        Ok(self.peek()? == b'/')
    }

    /// Is there nothing more? Leaves links whose end has been reached.
    #[inline(always)]
    fn at_end(&mut self) -> Result<bool, Errno> {
        if self.peek()? != 0 {
            Ok(false)
        } else if self.links.is_empty() {
            Ok(true)
        } else {
            self.leave_links()
        }
    }

    #[inline(never)]
    fn leave_links(&mut self) -> Result<bool, Errno> {
        while self.peek()? == 0 {
            match self.links.pop() {
                Some(behind) => {
                    self.slash |= behind;
                    self.next = self.end;
                }
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    #[inline(always)]
    fn skip_slashes(&mut self) -> Result<bool, Errno> {
        let mut skipped = false;
        while self.peek()? == b'/' {
            self.advance();
            skipped = true;
        }
        Ok(skipped)
    }

    /// Reads the next name, and whether a slash follows it. Is there no other
    /// name behind it?
    #[inline(always)]
    pub(super) fn component(&mut self) -> Result<bool, Errno> {
        self.skip_slashes()?;
        self.at_end()?;
        self.name = Name::EMPTY;
        loop {
            let here = self.piece.get(self.next..self.end).unwrap_or(&[]);
            self.next += self.name.extend(here);
            if self.next != self.end {
                break; // a slash or 0 has come
            }
            self.fill()?;
        }
        self.slash = self.skip_slashes()?;
        self.at_end()
    }
}

/// A name in a directory. Longer ones are cut, as in 0.11. Four words, to be
/// copied and compared as such.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(C, align(4))]
pub(super) struct Name {
    len: u16,
    pub(super) bytes: [u8; NAME_LEN],
}

const _: () = assert!(size_of::<Name>() == DIR_ENTRY_SIZE);

impl Name {
    pub(super) const EMPTY: Name = Name {
        len: 0,
        bytes: [0; NAME_LEN],
    };
    pub(super) const DOT: Name = Name {
        len: 1,
        bytes: *b".\0\0\0\0\0\0\0\0\0\0\0\0\0",
    };
    pub(super) const DOTDOT: Name = Name {
        len: 2,
        bytes: *b"..\0\0\0\0\0\0\0\0\0\0\0\0",
    };

    /// Goes on with the bytes before the first slash or 0; how many these are.
    #[inline(always)]
    fn extend(&mut self, bytes: &[u8]) -> usize {
        let mut len = self.len as usize;
        let mut taken = 0;
        for &byte in bytes {
            if byte == 0 || byte == b'/' {
                break;
            }
            if let Some(place) = self.bytes.get_mut(len) {
                *place = byte;
                len += 1;
            }
            taken += 1;
        }
        self.len = len as u16;
        taken
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `.` or `..`, which every directory has and keeps.
    pub(super) fn is_dots(&self) -> bool {
        *self == Name::DOT || *self == Name::DOTDOT
    }
}
