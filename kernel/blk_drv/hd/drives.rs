//! Which drives there are, how their sectors are numbered, and how they are
//! divided: what `sys_setup` finds out. In 0.11 that is a few lines of
//! `sys_setup`, which believes the BIOS and the CMOS.

use super::{
    BUSY_STAT, CTL_ALWAYS, CTL_NO_INTERRUPT, DRQ_STAT, ERR_STAT, HD, HD_CMD, HD_COMMAND,
    HD_CURRENT, HD_DATA, HD_HCYL, HD_INFO, HD_LCYL, HD_NSECTOR, HD_SECTOR, HD_STATUS, MAJOR_NR,
    MINORS, READY_STAT, SECTOR_WORDS, TIME_LIMIT, WIN_READ,
};
use crate::arch::boot::setup::boot_info;
use crate::arch::io::{inb_p, outb_p, port_read};
use crate::fs::buffer::bread;
use crate::fs::{le16, le32};
use crate::kernel::printk::printk;
use crate::kernel::sched::{HZ, jiffies};
use crate::kernel::types::{Block, Dev};

/// The command that asks a drive for its data.
const WIN_IDENTIFY: u8 = 0xec;

/// How a drive's sectors are numbered (the part of 0.11 `struct hd_i_struct`
/// that is a geometry).
#[derive(Clone, Copy)]
pub(super) struct Geometry {
    pub(super) cyl: u32,
    /// 1 to 16.
    pub(super) head: u32,
    /// 1 to 255.
    pub(super) sect: u32,
}

impl Geometry {
    /// The geometry, if a controller can be given it.
    fn checked(cyl: u16, head: u16, sect: u16) -> Option<Geometry> {
        let possible = cyl > 0 && (1..=16).contains(&head) && (1..=255).contains(&sect);
        possible.then_some(Geometry {
            cyl: cyl.into(),
            head: head.into(),
            sect: sect.into(),
        })
    }

    const fn sectors_per_cylinder(self) -> u32 {
        self.head * self.sect
    }
}

/// Looks for the drive and enters its size. Not in 0.11.
pub(super) fn find_drive(drive: usize) -> bool {
    let (info, whole) = (&HD_INFO[drive], &HD[drive * MINORS]);
    let bios = &boot_info().drive_info[drive];
    let (geometry, sectors) = match identify(drive) {
        Identity::None => return false,
        Identity::Silent => {
            printk!(
                "hd{}: a drive, but it does not answer: ignored\n",
                drive * MINORS
            );
            return false;
        }
        Identity::Known(geometry, sectors) => (geometry, sectors),
        // A controller from before IDE. With the BIOS's help its geometry is
        // known; otherwise the first two sectors, the same in all geometries,
        // hold the partition table, which tells.
        Identity::Unknown => match bios_geometry(bios) {
            Some(geometry) => {
                info.wpcom.set(le16(bios, 5));
                (geometry, 0)
            }
            None => {
                info.known.set(false);
                info.specify.set(false);
                (
                    Geometry {
                        cyl: 1,
                        head: 1,
                        sect: 2,
                    },
                    0,
                )
            }
        },
    };
    info.set_geometry(geometry);
    whole.nr_sects.set(capacity(geometry, sectors));
    true
}

/// The sectors that can be reached. The drive's own count, if it has one, may
/// go into a last, incomplete cylinder.
fn capacity(geometry: Geometry, sectors: u32) -> u32 {
    let whole = geometry.cyl * geometry.sectors_per_cylinder();
    if sectors > whole && sectors - whole < geometry.sectors_per_cylinder() {
        sectors
    } else {
        whole
    }
}

/// The geometry in the BIOS's table, if it can be one.
fn bios_geometry(table: &[u8; 16]) -> Option<Geometry> {
    Geometry::checked(le16(table, 0), table[2].into(), table[14].into())
}

/// What a drive says of itself.
enum Identity {
    /// There is no hard disk.
    None,
    /// There is one, but it has not answered in time.
    Silent,
    /// There is one that cannot be asked.
    Unknown,
    /// Its geometry, and how many sectors it has, 0 if it does not say.
    Known(Geometry, u32),
}

/// Asks the drive for its data (ATA-1, section 9.9). Runs before interrupts of
/// the controller are let in. A bus without a controller reads as ones.
fn identify(drive: usize) -> Identity {
    outb_p(CTL_ALWAYS | CTL_NO_INTERRUPT, HD_CMD);
    outb_p(0xa0 | (drive as u8) << 4, HD_CURRENT);
    // Two registers that keep what is written into them.
    outb_p(0x55, HD_NSECTOR);
    outb_p(0xaa, HD_SECTOR);
    if inb_p(HD_NSECTOR) != 0x55 || inb_p(HD_SECTOR) != 0xaa {
        return Identity::None;
    }
    // A drive that the BIOS knows may still be starting. No other is waited
    // for: a missing second drive reads as 0, as the first one answers for it.
    let known_to_bios = boot_info().bda[0x75] as usize > drive;
    let limit = if known_to_bios { TIME_LIMIT } else { 0 };
    if !wait_for_status(limit, BUSY_STAT | READY_STAT, READY_STAT) {
        return Identity::None;
    }
    outb_p(WIN_IDENTIFY, HD_COMMAND);
    if inb_p(HD_STATUS) == 0 {
        return Identity::None;
    }
    if !wait_for_status(HZ, BUSY_STAT, 0) {
        return Identity::Silent;
    }
    let identity = match inb_p(HD_STATUS) & (ERR_STAT | DRQ_STAT) {
        DRQ_STAT => read_identity(),
        // A CD drive signs its refusal.
        _ if inb_p(HD_LCYL) == 0x14 && inb_p(HD_HCYL) == 0xeb => Identity::None,
        _ => first_sector_identity(),
    };
    outb_p(CTL_ALWAYS, HD_CMD);
    inb_p(HD_STATUS);
    identity
}

/// A drive has refused IDENTIFY: if it reads its first sector, it is one from
/// before IDE, else nothing but an echo of the other drive.
fn first_sector_identity() -> Identity {
    outb_p(1, HD_NSECTOR);
    outb_p(1, HD_SECTOR);
    outb_p(0, HD_LCYL);
    outb_p(0, HD_HCYL);
    outb_p(WIN_READ, HD_COMMAND);
    let done = wait_for_status(TIME_LIMIT, BUSY_STAT, 0);
    if !done || inb_p(HD_STATUS) & (ERR_STAT | DRQ_STAT) != DRQ_STAT {
        return Identity::None;
    }
    discard_words(SECTOR_WORDS);
    Identity::Unknown
}

/// Takes data from the drive that no one wants.
fn discard_words(words: usize) {
    for _ in 0..words {
        port_read(HD_DATA, &mut [0]);
    }
}

/// Waits up to `limit` ticks until the bits `mask` of the status are `wanted`.
fn wait_for_status(limit: u32, mask: u8, wanted: u8) -> bool {
    let start = jiffies().0;
    loop {
        if inb_p(HD_STATUS) & mask == wanted {
            return true;
        }
        if jiffies().0.wrapping_sub(start) >= limit {
            return false;
        }
    }
}

/// Reads the answer to IDENTIFY; only its first quarter is of interest.
fn read_identity() -> Identity {
    let mut words = [0; 64];
    port_read(HD_DATA, &mut words);
    discard_words(SECTOR_WORDS - words.len());
    // Bit 0 of word 53: words 54 to 56, the geometry in use, mean something.
    let in_use = match words[53] & 1 {
        0 => None,
        _ => Geometry::checked(words[54], words[55], words[56]),
    };
    let own = Geometry::checked(words[1], words[3], words[6]);
    match in_use.or(own) {
        Some(geometry) => Identity::Known(geometry, words[60] as u32 | (words[61] as u32) << 16),
        None => Identity::Unknown,
    }
}

/// Enters the drive's partitions. Without a good table there is the whole drive
/// only.
pub(super) fn read_partition_table(drive: usize) {
    const TABLE: usize = 0x1be;
    let first = drive * MINORS;
    let Ok(buffer) = bread(Dev((MAJOR_NR as u16) << 8 | first as u16), Block(0)) else {
        printk!("Unable to read partition table of drive {drive}\n");
        return;
    };
    let data = buffer.data();
    let good = data[510..512] == [0x55, 0xaa];
    let entries = data[TABLE..TABLE + 64].as_chunks::<16>().0;
    if good && !HD_INFO[drive].known.get() {
        guess_geometry(drive, entries);
    }
    let geometry = HD_INFO[drive].geometry();
    let size = HD[first].nr_sects.get();
    printk!(
        "hd{first}: {} KB, {} cylinders, {} heads, {} sectors\n",
        size / 2,
        geometry.cyl,
        geometry.head,
        geometry.sect
    );
    if !good {
        printk!("Bad partition table on drive {drive}: only the whole disk, /dev/hd{first}\n");
        return;
    }
    for (minor, entry) in (first + 1..).zip(entries) {
        enter_partition(minor, le32(entry, 8), le32(entry, 12), size);
    }
}

/// Enters a partition, as far as it lies on the disk of `size` sectors.
fn enter_partition(minor: usize, start: u32, sectors: u32, size: u32) {
    let inside = size.saturating_sub(start).min(sectors);
    if inside < sectors {
        printk!(
            "hd{minor}: goes beyond the end of the disk, cut to {} KB\n",
            inside / 2
        );
    }
    HD[minor].start_sect.set(start);
    HD[minor].nr_sects.set(inside);
}

/// Takes the geometry from where the table's partitions end, for a drive that
/// neither it nor the BIOS describes. Partitions end at the end of a cylinder.
fn guess_geometry(drive: usize, entries: &[[u8; 16]]) {
    let used = || entries.iter().filter(|entry| le32(*entry, 12) != 0);
    let head = used().map(|entry| entry[5] as u16 + 1).max().unwrap_or(0);
    let sect = used().map(|entry| entry[6] as u16 & 63).max().unwrap_or(0);
    let end = used()
        .map(|entry| le32(entry, 8).saturating_add(le32(entry, 12)))
        .max()
        .unwrap_or(0);
    let cylinders = end.div_ceil((head as u32 * sect as u32).max(1));
    let cylinders = u16::try_from(cylinders).unwrap_or(0);
    match Geometry::checked(cylinders, head, sect) {
        Some(geometry) => {
            HD_INFO[drive].set_geometry(geometry);
            HD_INFO[drive].known.set(true);
            HD_INFO[drive].specify.set(true);
            HD[drive * MINORS].nr_sects.set(capacity(geometry, 0));
        }
        None => printk!("Drive {drive} has an unknown geometry: enter it in the BIOS set-up\n"),
    }
}
