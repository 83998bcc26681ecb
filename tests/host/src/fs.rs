//! Of the file system, what the drivers call, and the handles whose names the
//! kernel's `shared.rs` knows.

/// Bytes of a block.
pub const BLOCK_SIZE: usize = 1024;

/// As in the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rw {
    Read,
    Write,
}

pub fn le16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

pub fn le32(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

pub mod buffer {
    use super::{BLOCK_SIZE, Rw};
    use crate::kernel::blk_drv::ll_rw_blk::transfer;
    use crate::kernel::errno::{EIO, Errno};
    use crate::kernel::types::{Block, Dev};

    #[derive(Clone)]
    pub struct BufferRef([u8; BLOCK_SIZE]);

    impl BufferRef {
        pub fn data(&self) -> &[u8; BLOCK_SIZE] {
            &self.0
        }
    }

    /// Reads a block; nothing is kept.
    pub fn bread(dev: Dev, block: Block) -> Result<BufferRef, Errno> {
        let mut data = [0; BLOCK_SIZE];
        match transfer(Rw::Read, dev, block, &mut data) {
            true => Ok(BufferRef(data)),
            false => Err(EIO),
        }
    }
}

pub mod super_block {
    /// There is no root: who asks has got this far.
    pub fn mount_root() {}
}

pub mod file_table {
    #[derive(Clone)]
    pub struct FileRef;
}

pub mod inode {
    #[derive(Clone)]
    pub struct InodeRef;
}
