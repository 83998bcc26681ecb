//! Reading path names (part of 0.11 `fs/namei.c`, which fetches each byte from
//! user memory by itself, and several times).

use super::symlink::Links;
use crate::fs::NAME_LEN;
use crate::fs::inode::InodeRef;
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
        }
    }

    /// The next byte; 0 at the end.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Errno> {
        if self.next == self.end {
            self.fill()?;
        }
        Ok(self.piece[self.next])
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
                addr.slice(self.end as u32)?
                    .copy_in(&mut self.piece[..self.end])?;
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
    #[inline]
    fn at_end(&mut self, slash: &mut bool) -> Result<bool, Errno> {
        while self.peek()? == 0 {
            match self.links.pop() {
                Some(behind) => {
                    *slash |= behind;
                    self.next = self.end;
                }
                None => return Ok(true),
            }
        }
        Ok(false)
    }

    fn skip_slashes(&mut self) -> Result<bool, Errno> {
        let mut skipped = false;
        while self.peek()? == b'/' {
            self.advance();
            skipped = true;
        }
        Ok(skipped)
    }

    /// The next name, empty at the end of the path.
    pub(super) fn component(&mut self) -> Result<Component, Errno> {
        let mut slash = self.skip_slashes()?;
        self.at_end(&mut slash)?;
        let mut name = Name::EMPTY;
        loop {
            let byte = self.peek()?;
            if byte == 0 || byte == b'/' {
                break;
            }
            name.push(byte);
            self.advance();
        }
        slash = self.skip_slashes()?;
        let last = self.at_end(&mut slash)?;
        Ok(Component { name, slash, last })
    }
}

/// A name in a path.
pub(super) struct Component {
    pub(super) name: Name,
    /// Does a slash follow?
    pub(super) slash: bool,
    /// Is there no other name behind it?
    pub(super) last: bool,
}

/// A name in a directory. Longer ones are cut, as in 0.11.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Name {
    len: u8,
    pub(super) bytes: [u8; NAME_LEN],
}

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

    fn push(&mut self, byte: u8) {
        if let Some(place) = self.bytes.get_mut(self.len as usize) {
            *place = byte;
            self.len += 1;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `.` or `..`, which every directory has and keeps.
    pub(super) fn is_dots(&self) -> bool {
        *self == Name::DOT || *self == Name::DOTDOT
    }
}
