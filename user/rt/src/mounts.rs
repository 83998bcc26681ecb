//! Which file systems are mounted where.
//!
//! The kernel keeps no list that can be read, so it is found out: a folder
//! whose device differs from that of the folder above is the root of a mounted
//! file system, and the node in `/dev` with that device number is its device.

use alloc::vec::Vec;

use crate::io::{File, Read};
use crate::{Errno, Result, dir, mode, path, sys};

/// How deep below the root mounted file systems are looked for.
const DEPTH: u32 = 2;
/// In a super block: it is a Minix file system with names of 14 bytes.
const MAGIC: u16 = 0x137F;

/// A mounted file system.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Its device number.
    pub dev: u16,
    /// Where it is mounted.
    pub dir: Vec<u8>,
}

/// Sizes from a super block.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Number of inodes.
    pub inodes: u32,
    /// Blocks of 1 KB that can hold data.
    pub blocks: u32,
}

impl Mount {
    /// The path of its device in `/dev`.
    pub fn device(&self) -> Option<Vec<u8>> {
        let names = dir::names("/dev").ok()?;
        names.iter().map(|n| path::join(b"/dev", n)).find(|node| {
            sys::stat(node)
                .is_ok_and(|s| s.mode & mode::S_IFMT == mode::S_IFBLK && s.rdev == self.dev)
        })
    }

    /// Its sizes, read from its device.
    ///
    /// # Errors
    /// ENODEV if no node in `/dev` is its device, EINVAL if there is no Minix
    /// file system on it, whatever reading it reports.
    pub fn size(&self) -> Result<Size> {
        let mut file = File::open(self.device().ok_or(Errno::ENODEV)?)?;
        file.seek(1024, sys::SEEK_SET)?;
        let mut block = [0; 32];
        file.read_full(&mut block)?;
        let word = |at: usize| u16::from_le_bytes([block[at], block[at + 1]]);
        if word(16) != MAGIC {
            return Err(Errno::EINVAL);
        }
        let (inodes, zones, first_data) = (word(0), word(2), word(8));
        Ok(Size {
            inodes: inodes.into(),
            blocks: zones.saturating_sub(first_data).into(),
        })
    }
}

/// All mounted file systems, the root first.
///
/// # Errors
/// Whatever `stat` reports for the root.
pub fn list() -> Result<Vec<Mount>> {
    let root = sys::stat("/")?;
    let mut found = Vec::from([Mount {
        dev: root.dev,
        dir: b"/".to_vec(),
    }]);
    look(b"/", root.dev, DEPTH, &mut found);
    Ok(found)
}

/// The mounted file system that a file is on.
///
/// # Errors
/// Whatever `stat` reports for the path or the root.
pub fn of(path: &[u8]) -> Result<Mount> {
    let dev = sys::stat(path)?.dev;
    let known = list()?.into_iter().find(|m| m.dev == dev);
    Ok(known.unwrap_or_else(|| Mount {
        dev,
        dir: b"?".to_vec(),
    }))
}

fn look(at: &[u8], dev: u16, depth: u32, found: &mut Vec<Mount>) {
    for name in dir::names(at).unwrap_or_default() {
        let path = path::join(at, &name);
        let Ok(stat) = sys::lstat(&path) else {
            continue;
        };
        if !mode::is_dir(stat.mode) {
            continue;
        }
        if stat.dev != dev {
            found.push(Mount {
                dev: stat.dev,
                dir: path.clone(),
            });
        }
        if depth > 1 {
            look(&path, stat.dev, depth - 1, found);
        }
    }
}
