//! The hard disks where the BIOS tells nothing of them.

use crate::disk::{self, Drive};
use crate::fs::{BLOCK_SIZE, Rw};
use crate::kernel::blk_drv::hd::{hd_init, sys_setup};
use crate::kernel::blk_drv::ll_rw_blk::{blk_size, transfer};
use crate::kernel::types::{Block, Dev};
use crate::machine::{Display, Machine};

/// 20 MB, as the PC AT had it: `sys_setup` finds out from where its partition ends
/// how it counts.
const OLD: Drive = Drive {
    cylinders: 615,
    heads: 4,
    sectors: 17,
    identifies: false,
    partition: (17, 614 * 4 * 17 - 17),
};
/// 40 MB, which tells itself. Its partition ends within a cylinder.
const IDE: Drive = Drive {
    cylinders: 977,
    heads: 5,
    sectors: 17,
    identifies: true,
    partition: (100, 60_001),
};

/// Minor numbers of a partition of each.
const PARTITIONS: [(usize, u8, Drive); 2] = [(0, 1, OLD), (1, 6, IDE)];

/// `sys_setup` runs once: this is all of it.
#[test]
fn the_geometry_is_the_drives_own_or_the_partition_tables() {
    let _m = Machine::start_with(Display::EgaColour, Display::EgaColour.bda());
    disk::plug_in([OLD, IDE]);
    hd_init();
    assert_eq!(sys_setup(), Ok(0));
    assert!(sys_setup().is_err(), "only once");
    // As far as is known; the last cylinder of the old one is in no partition.
    assert_eq!(blk_size(0), Some(614 * 4 * 17 / 2));
    assert_eq!(blk_size(5), Some(977 * 5 * 17 / 2));
    for (drive, minor, it) in PARTITIONS {
        let (start, sectors) = it.partition;
        let blocks = sectors / 2;
        assert_eq!(blk_size(minor), Some(blocks));
        let dev = Dev(0x0300 | u16::from(minor));
        // Over the ends of tracks and of cylinders, and the last one.
        for block in (0..300).chain([blocks - 1]) {
            let mut data = [0; BLOCK_SIZE];
            assert!(transfer(Rw::Read, dev, Block(block), &mut data));
            let found = [&data[..512], &data[512..]].map(disk::number_in);
            let first = start + 2 * block;
            assert_eq!(found, [first, first + 1], "block {block} of {minor}");
        }
        assert!(!transfer(
            Rw::Read,
            dev,
            Block(blocks),
            &mut [0; BLOCK_SIZE]
        ));
        assert_eq!(disk::told(drive), Some((it.sectors, it.heads)));
        let mut data = [0xe5; BLOCK_SIZE];
        assert!(transfer(Rw::Write, dev, Block(41), &mut data));
        let written: Vec<u32> = disk::written(drive).into_keys().collect();
        assert_eq!(written, [start + 82, start + 83]);
        assert!(
            disk::written(drive)
                .values()
                .all(|sector| *sector == [0xe5; 512])
        );
    }
}
