//! The bitmaps of used inodes and zones (0.11 `fs/bitmap.c`).

use super::buffer::{BufferRef, forget_block, getblk};
use super::inode::{Inode, InodeRef, clear_disk_inode, find_inode, get_empty_inode};
use super::super_block::SuperBlock;
use super::{BLOCK_SIZE, le32, put_le32};
use crate::kernel::errno::{EIO, ENOSPC, Errno};
use crate::kernel::sched::current_time;
use crate::kernel::task::current;
use crate::kernel::types::{Dev, Ino, Zone};

/// Bits in a block of a bitmap.
pub const BITS_PER_BLOCK: u32 = BLOCK_SIZE as u32 * 8;

/// Number of the first bit that is 0 from bit `from` on (0.11's macro
/// `find_first_zero`). Looks at 32 bits at a time.
fn find_first_zero(bits: &[u8; BLOCK_SIZE], from: u32) -> Option<u32> {
    let mut skip = !0u32 << (from % 32);
    for word in (from / 32) as usize..BLOCK_SIZE / 4 {
        let zeros = !le32(bits, word * 4) & skip;
        if zeros != 0 {
            return Some(word as u32 * 32 + zeros.trailing_zeros());
        }
        skip = !0;
    }
    None
}

/// How many of the first `count` bits are 0.
pub(super) fn count_zeros(bits: &[u8; BLOCK_SIZE], count: u32) -> u32 {
    (0..count.div_ceil(32))
        .map(|word| {
            let rest = count - word * 32;
            let mask = if rest < 32 { (1 << rest) - 1 } else { !0 };
            (!le32(bits, word as usize * 4) & mask).count_ones()
        })
        .sum()
}

/// Sets or clears a bit; true if it was different before (0.11's macros
/// `set_bit` and `clear_bit`).
fn change_bit(map: &BufferRef, bit: u32, value: bool) -> bool {
    let at = bit as usize / 32 * 4;
    let mask = 1 << (bit % 32);
    let mut bits = map.data_mut();
    let old = le32(&*bits, at);
    let new = if value { old | mask } else { old & !mask };
    put_le32(&mut *bits, at, new);
    drop(bits);
    map.mark_dirty();
    old != new
}

/// Finds a bit that is 0 in the bitmap of `bits` bits, from bit `from` on, and
/// sets it. Does not sleep.
///
/// Erratum `fs-3`.
fn take_bit(map: &super::super_block::Bitmap, from: u32, bits: u32) -> Option<u32> {
    let mut from = from;
    while from < bits {
        let block = from / BITS_PER_BLOCK;
        let buffer = map.get(block as usize)?.get()?;
        let found = find_first_zero(&buffer.data(), from % BITS_PER_BLOCK);
        if let Some(bit) = found {
            let nr = block * BITS_PER_BLOCK + bit;
            // Differs from 0.11: the range is tested before the bit is set.
            if nr >= bits {
                return None;
            }
            change_bit(&buffer, bit, true);
            return Some(nr);
        }
        from = (block + 1) * BITS_PER_BLOCK;
    }
    None
}

/// Clears bit `nr`; false if it was clear, or is not in the bitmap.
fn give_bit(map: &super::super_block::Bitmap, nr: u32) -> bool {
    let buffer = map
        .get((nr / BITS_PER_BLOCK) as usize)
        .and_then(|slot| slot.get());
    buffer.is_some_and(|buffer| change_bit(&buffer, nr % BITS_PER_BLOCK, false))
}

/// Gives a zone back (0.11 `free_block`). Never sleeps, so that a loop over a
/// file's zones is not disturbed.
///
/// Differs from 0.11, which panics where a damaged disk names an impossible
/// zone or one that is free: says so. And which does not free a block that is
/// in use: only someone who reads the device itself can be using it.
///
/// Erratum `fs-1`.
pub fn free_block(sb: &SuperBlock, zone: Zone) {
    if sb.check_zone(zone).is_err() {
        return;
    }
    forget_block(sb.s_dev.get(), zone.block());
    let bit = sb.zone_bit(zone);
    if give_bit(&sb.s_zmap, bit) {
        sb.first_free_bit.set(sb.first_free_bit.get().min(bit));
    } else {
        sb.complain("zone", zone.0, "was free already");
    }
}

/// A new zone, full of zeros (0.11 `new_block`). May sleep.
///
/// # Errors
/// `ENOSPC` if the disk is full.
///
/// Erratum `files-4`.
#[inline(never)]
pub fn new_block(sb: &SuperBlock) -> Result<Zone, Errno> {
    let bits = sb.zone_bits();
    let bit = take_bit(&sb.s_zmap, sb.first_free_bit.get(), bits).ok_or(ENOSPC)?;
    sb.first_free_bit.set(bit + 1);
    let zone = Zone((bit + sb.s_firstdatazone.get() as u32 - 1) as u16);
    getblk(sb.s_dev.get(), zone.block()).clear();
    Ok(zone)
}

/// Marks an inode as free on disk (0.11 `free_inode`). Its caller, `iput`,
/// clears it in memory.
pub(super) fn free_inode(inode: &Inode) {
    let Ok(sb) = inode.sb() else { return };
    let nr = inode.i_num.get();
    if clear_disk_inode(inode).is_err() {
        sb.complain("inode", nr.0, "cannot be cleared");
    }
    if !give_bit(&sb.s_imap, nr.0 as u32) {
        sb.complain("inode", nr.0, "was free already");
    }
}

/// A new inode with one link, owned by the running task (0.11 `new_inode`). May
/// sleep.
///
/// # Errors
/// `ENOSPC` if the disk has no more, `ENFILE`, `EIO`.
#[inline(never)]
pub fn new_inode(sb: &'static SuperBlock, mode: u16) -> Result<InodeRef, Errno> {
    let inode = get_empty_inode()?;
    let bits = sb.s_ninodes.get() as u32 + 1;
    let nr = loop {
        let nr = Ino(take_bit(&sb.s_imap, 1, bits).ok_or(ENOSPC)? as u16);
        if find_inode(sb.s_dev.get(), nr).is_none() {
            break nr;
        }
        sb.complain("inode", nr.0, "is in use, but marked free");
    };
    if sb.s_dev.get() == Dev::NONE {
        return Err(EIO);
    }
    inode.inode().enter_hash_table(sb, nr);
    inode.i_mode.set(mode);
    inode.i_nlinks.set(1);
    inode.i_uid.set(current().euid.get());
    inode.i_gid.set(current().egid.get() as u8);
    let now = current_time();
    inode.i_mtime.set(now);
    inode.i_atime.set(now);
    inode.i_ctime.set(now);
    inode.mark_dirty();
    Ok(inode)
}
