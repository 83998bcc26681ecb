//! Reading and writing block devices as such (0.11 `fs/block_dev.c`).
//!
//! Differs from 0.11: a device's size is known and respected.

use super::buffer::{BufferRef, bread, breada, getblk};
use super::{BLOCK_SIZE, Rw};
use crate::arch::segment::UserSlice;
use crate::kernel::blk_drv::ll_rw_blk::blk_size;
use crate::kernel::errno::{ENOSPC, ENXIO, Errno, SysResult};
use crate::kernel::types::{Block, Dev};
use core::cell::Cell;

const BLOCK: u32 = BLOCK_SIZE as u32;
/// Blocks that are read ahead.
const AHEAD: u32 = 2;

/// Writes to the device at `pos`, which it moves on (0.11 `block_write`).
///
/// # Errors
/// `ENXIO` if there is no such device, `ENOSPC` at its end, `EIO`, `EFAULT`; if
/// nothing has been written.
pub fn block_write(dev: Dev, pos: &Cell<u32>, buf: UserSlice) -> SysResult {
    let end = blk_size(dev).ok_or(ENXIO)?;
    if pos.get() / BLOCK >= end && !buf.is_empty() {
        return Err(ENOSPC);
    }
    transfer(Rw::Write, dev, pos, buf, end)
}

/// Reads from the device at `pos`, which it moves on, up to the device's end
/// (0.11 `block_read`).
///
/// # Errors
/// `ENXIO` if there is no such device, `EIO`, `EFAULT`; if nothing has been read.
pub fn block_read(dev: Dev, pos: &Cell<u32>, buf: UserSlice) -> SysResult {
    let end = blk_size(dev).ok_or(ENXIO)?;
    transfer(Rw::Read, dev, pos, buf, end)
}

/// Block by block, up to the device's end.
///
/// Erratum `fs-5`.
fn transfer(rw: Rw, dev: Dev, pos: &Cell<u32>, buf: UserSlice, end: u32) -> SysResult {
    let mut done = 0;
    while done < buf.len() && pos.get() / BLOCK < end {
        let piece = buf.part(done, BLOCK - pos.get() % BLOCK);
        let result = match rw {
            Rw::Read => read_piece(dev, pos.get(), piece, end),
            Rw::Write => write_piece(dev, pos.get(), piece),
        };
        match result {
            Ok(()) => {}
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
        done += piece.len();
        pos.set(pos.get() + piece.len());
    }
    Ok(done as i32)
}

fn read_piece(dev: Dev, pos: u32, to: UserSlice, end: u32) -> Result<(), Errno> {
    let buffer = breada(dev, Block(pos / BLOCK), AHEAD, Block(end))?;
    let start = (pos % BLOCK) as usize;
    to.write_pages(|offset, chunk| {
        let from = start + offset;
        chunk.copy_from(&buffer.data()[from..from + chunk.len()]);
    })
}

fn write_piece(dev: Dev, pos: u32, from: UserSlice) -> Result<(), Errno> {
    let buffer = if from.len() == BLOCK {
        whole_block(dev, Block(pos / BLOCK))
    } else {
        bread(dev, Block(pos / BLOCK))?
    };
    let start = (pos % BLOCK) as usize;
    from.read_pages(|offset, chunk| {
        let to = start + offset;
        chunk.copy_to(&mut buffer.data_mut()[to..to + chunk.len()]);
        buffer.mark_dirty();
    })
}

/// A buffer for a block that is overwritten whole, and need not be read. It is
/// cleared, because copying to it may sleep, and meanwhile no one else may find
/// it empty and read the old contents into it.
fn whole_block(dev: Dev, block: Block) -> BufferRef {
    let buffer = getblk(dev, block);
    if !buffer.is_uptodate() {
        buffer.clear();
    }
    buffer
}
