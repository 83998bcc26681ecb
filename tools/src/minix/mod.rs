//! The Minix file system, version 1, with names of 14 bytes: what Linux 0.11
//! mounts. `writer` makes images, `reader` looks into them.
//!
//! An image is: boot block, superblock, inode bitmap, zone bitmap, inodes, data
//! zones. A zone is one block of 1024 bytes.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::{Node, Options, Owner, Tree};

/// Bytes in a block, and in a zone.
pub const BLOCK: usize = 1024;
/// `s_magic`: version 1, names of 14 bytes.
pub const MAGIC: u16 = 0x137f;
/// Longest file name.
pub const NAME_LENGTH: usize = 14;
/// Bytes of a directory entry: an inode number and a name.
const ENTRY: usize = 16;
/// Bytes of an inode on the disk.
const INODE: usize = 32;
/// Zone numbers in an indirect block.
const ZONES: usize = BLOCK / 2;
/// Zones that an inode names itself.
const DIRECT: usize = 7;
/// The largest file: direct, indirect and double indirect zones, in bytes.
pub const MAX_SIZE: usize = (DIRECT + ZONES + ZONES * ZONES) * BLOCK;
/// The root directory's inode.
pub const ROOT: u16 = 1;
/// `s_state` of a file system that was unmounted cleanly.
const STATE_VALID: u16 = 1;

/// File types in `i_mode`.
pub const S_IFMT: u16 = 0o170000;
pub const S_IFLNK: u16 = 0o120000;
pub const S_IFREG: u16 = 0o100000;
pub const S_IFBLK: u16 = 0o060000;
pub const S_IFDIR: u16 = 0o040000;
pub const S_IFCHR: u16 = 0o020000;
pub const S_IFIFO: u16 = 0o010000;

#[cfg(test)]
mod tests;
