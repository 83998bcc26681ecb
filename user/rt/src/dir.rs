//! Reading directories: a directory is a file of 16-byte entries.

use alloc::vec::Vec;

use crate::abi::{Dirent, Stat, until_nul};
use crate::io::{File, Read};
use crate::{BStr, Errno, Result, mode, path, sys};

/// The entries of a directory, `.` and `..` included, in the order in which
/// they lie in the file.
pub struct ReadDir {
    file: File,
    buf: [u8; 1024],
    start: usize,
    end: usize,
}

/// One entry of a directory.
#[derive(Clone, Copy, Debug)]
pub struct DirEntry(Dirent);

impl DirEntry {
    /// Number of the inode.
    pub fn ino(&self) -> u16 {
        self.0.ino
    }

    /// The name.
    pub fn name(&self) -> BStr<'_> {
        until_nul(&self.0.name)
    }

    /// Whether it is `.` or `..`.
    pub fn is_dot(&self) -> bool {
        matches!(self.name().bytes(), b"." | b"..")
    }
}

/// Opens a directory.
///
/// # Errors
/// ENOTDIR if it is none; whatever `open` reports.
pub fn open(path: impl AsRef<[u8]>) -> Result<ReadDir> {
    let file = File::open(path)?;
    if !mode::is_dir(file.stat()?.mode) {
        return Err(Errno::ENOTDIR);
    }
    Ok(ReadDir {
        file,
        buf: [0; 1024],
        start: 0,
        end: 0,
    })
}

/// The names in a directory without `.` and `..`, sorted.
///
/// # Errors
/// As [`open`], and whatever `read` reports.
pub fn names(path: impl AsRef<[u8]>) -> Result<Vec<Vec<u8>>> {
    let mut names = Vec::new();
    for entry in open(path)? {
        let entry = entry?;
        if !entry.is_dot() {
            names.push(entry.name().to_vec());
        }
    }
    names.sort_unstable();
    Ok(names)
}

impl Iterator for ReadDir {
    type Item = Result<DirEntry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.start == self.end {
                match self.file.read_full(&mut self.buf) {
                    // A directory is a whole number of entries.
                    Ok(n) => (self.start, self.end) = (0, n / 16 * 16),
                    Err(e) => return Some(Err(e)),
                }
                if self.end == 0 {
                    return None;
                }
            }
            let raw = &self.buf[self.start..self.start + 16];
            self.start += 16;
            let ino = u16::from_le_bytes([raw[0], raw[1]]);
            if ino != 0 {
                let mut name = [0; 14];
                name.copy_from_slice(&raw[2..]);
                return Some(Ok(DirEntry(Dirent { ino, name })));
            }
        }
    }
}

/// The path of the working directory, found by looking each folder up in the
/// one above it.
///
/// # Errors
/// ENOENT if it was removed; whatever reading a folder above reports.
pub fn current() -> Result<Vec<u8>> {
    let mut here = sys::stat(".")?;
    let mut up = Vec::from(*b".");
    let mut names: Vec<Vec<u8>> = Vec::new();
    let root = sys::stat("/")?;
    while (here.dev, here.ino) != (root.dev, root.ino) {
        up.extend_from_slice(b"/..");
        let above = sys::stat(&up)?;
        names.push(name_in(&up, &here, above.dev != here.dev)?);
        here = above;
    }
    let mut path = Vec::new();
    for name in names.iter().rev() {
        path.push(b'/');
        path.extend_from_slice(name);
    }
    if path.is_empty() {
        path.push(b'/');
    }
    Ok(path)
}

/// The name in folder `dir` of the folder that `wanted` describes. Where that
/// is the root of a mounted file system, its entry has another number, and
/// every entry must be asked.
fn name_in(dir: &[u8], wanted: &Stat, mounted: bool) -> Result<Vec<u8>> {
    for entry in open(dir)? {
        let entry = entry?;
        if entry.is_dot() || (!mounted && entry.ino() != wanted.ino) {
            continue;
        }
        let same = |s: Stat| (s.dev, s.ino) == (wanted.dev, wanted.ino);
        if !mounted || sys::stat(path::join(dir, &entry.name())).is_ok_and(same) {
            return Ok(entry.name().to_vec());
        }
    }
    Err(Errno::ENOENT)
}
