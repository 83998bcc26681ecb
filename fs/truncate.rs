//! Giving back a file's zones (0.11 `fs/truncate.c`).

use super::bitmap::free_block;
use super::buffer::bread;
use super::inode::{Inode, ZONES_PER_BLOCK};
use super::le16;
use super::super_block::SuperBlock;
use crate::kernel::types::{Dev, Zone};

/// Gives back the zones that the zone `table` names, and that zone itself
/// (0.11 `free_ind`).
#[inline(never)]
fn free_ind(sb: &SuperBlock, table: Zone) {
    if table == Zone::NONE || sb.check_zone(table).is_err() {
        return;
    }
    if let Ok(buffer) = bread(sb.s_dev.get(), table.block()) {
        let data = buffer.data();
        for index in 0..ZONES_PER_BLOCK as usize {
            let zone = Zone(le16(&*data, index * 2));
            if zone != Zone::NONE {
                free_block(sb, zone); // does not sleep
            }
        }
    }
    free_block(sb, table);
}

/// The same for a zone of numbers of such zones (0.11 `free_dind`).
#[inline(never)]
fn free_dind(sb: &SuperBlock, table: Zone) {
    if table == Zone::NONE || sb.check_zone(table).is_err() {
        return;
    }
    if let Ok(buffer) = bread(sb.s_dev.get(), table.block()) {
        for index in 0..ZONES_PER_BLOCK as usize {
            let zone = Zone(le16(&*buffer.data(), index * 2));
            free_ind(sb, zone);
        }
    }
    free_block(sb, table);
}

/// Makes a file or directory empty (0.11 `truncate`). The caller holds the lock
/// on its contents, or the last handle to it. May sleep.
///
/// Differs from 0.11, where a block that is in use at that moment stays
/// allocated for ever.
///
/// Erratum `fs-2`.
pub fn truncate(inode: &Inode) {
    if !(inode.is_regular() || inode.is_dir() || inode.is_link()) {
        return;
    }
    // From the first sleep on the file is empty already.
    inode.i_size.set(0);
    inode.touch_mtime();
    let zones: [Zone; 9] = core::array::from_fn(|index| inode.i_zone[index].replace(Zone::NONE));
    let Ok(sb) = inode.sb() else { return };
    debug_assert!(sb.s_dev.get() != Dev::NONE);
    for &zone in &zones[..7] {
        if zone != Zone::NONE {
            free_block(sb, zone);
        }
    }
    free_ind(sb, zones[7]);
    free_dind(sb, zones[8]);
}
