//! Reading directories: a directory is a file of 16-byte entries.

use alloc::vec::Vec;

use crate::abi::{Dirent, until_nul};
use crate::io::{File, Read};
use crate::{BStr, Errno, Result, mode};

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
