//! Superblocks, mounting and unmounting (0.11 `fs/super.c`).

use super::bitmap::{BITS_PER_BLOCK, count_zeros};
use super::buffer::{BufferRef, bread, check_disk_change, sync_dev};
use super::inode::{
    INODES_PER_BLOCK, Inode, InodeRef, ROOT_INO, iget, invalidate_inodes, is_in_use,
};
use super::namei::namei;
use super::{SleepLock, le16, le32};
use crate::arch::boot::setup::boot_info;
use crate::arch::irq::halt_forever;
use crate::kernel::blk_drv::ll_rw_blk::blk_size;
use crate::kernel::blk_drv::ramdisk::RAM_DISK;
use crate::kernel::chr_drv::tty_io::wait_for_keypress;
use crate::kernel::errno::{EBUSY, EINVAL, EIO, ENFILE, ENOTBLK, ENOTDIR, ENXIO, Errno, SysResult};
use crate::kernel::printk::printk;
use crate::kernel::shared::{HandleCell, IrqCell};
use crate::kernel::task::current;
use crate::kernel::types::{Block, Dev, Ino, UserAddr, Zone};
use core::cell::Cell;

/// File systems that may be mounted at once.
pub const NR_SUPER: usize = 8;
/// Most blocks of each bitmap: 65536 inodes, 64 MB.
const MAP_SLOTS: usize = 8;
/// Minix, version 1, names of 14 bytes.
const SUPER_MAGIC: u16 = 0x137f;

/// The blocks of a bitmap, kept in the buffer cache while mounted.
pub type Bitmap = [HandleCell<BufferRef>; MAP_SLOTS];

/// A superblock in memory (0.11 `struct super_block`).
pub struct SuperBlock {
    pub s_ninodes: Cell<u16>,
    pub s_nzones: Cell<u16>,
    s_imap_blocks: Cell<u16>,
    s_zmap_blocks: Cell<u16>,
    pub s_firstdatazone: Cell<u16>,
    /// Longest file, in bytes.
    pub s_max_size: Cell<u32>,
    pub(super) s_imap: Bitmap,
    pub(super) s_zmap: Bitmap,
    /// `Dev::NONE`: not in use.
    pub s_dev: Cell<Dev>,
    /// The root of this file system, while mounted, and what it is mounted on.
    s_isup: HandleCell<InodeRef>,
    s_imount: HandleCell<InodeRef>,
    s_lock: SleepLock,
    pub s_rd_only: Cell<bool>,
    /// No bit of the zone bitmap below this one is 0. Not in 0.11.
    pub(super) first_free_bit: Cell<u32>,
    /// How often something has been found wrong with it. Not in 0.11.
    complaints: Cell<u16>,
}

// SAFETY: one CPU, touched by tasks only, which change hands at sleeps only.
unsafe impl Sync for SuperBlock {}

/// 0.11 `super_block[]`.
static SUPER_BLOCK: [SuperBlock; NR_SUPER] = [const { SuperBlock::new() }; NR_SUPER];

/// The device with the root file system (0.11 `ROOT_DEV`).
static ROOT_DEV: IrqCell<u16> = IrqCell::new(0);

/// One at a time mounts, unmounts or reads a superblock.
static MOUNT_LOCK: SleepLock = SleepLock::new();

/// Why a file system cannot be used.
#[derive(Clone, Copy)]
enum Fault {
    NoDevice,
    Unreadable(Block),
    Magic(u16),
    Damaged(&'static str),
    TableFull,
}

impl From<Fault> for Errno {
    fn from(fault: Fault) -> Errno {
        match fault {
            Fault::NoDevice => ENXIO,
            Fault::Unreadable(_) | Fault::Damaged(_) => EIO,
            Fault::Magic(_) => EINVAL,
            Fault::TableFull => ENFILE,
        }
    }
}

impl SuperBlock {
    const fn new() -> Self {
        SuperBlock {
            s_ninodes: Cell::new(0),
            s_nzones: Cell::new(0),
            s_imap_blocks: Cell::new(0),
            s_zmap_blocks: Cell::new(0),
            s_firstdatazone: Cell::new(0),
            s_max_size: Cell::new(0),
            s_imap: [const { HandleCell::empty() }; MAP_SLOTS],
            s_zmap: [const { HandleCell::empty() }; MAP_SLOTS],
            s_dev: Cell::new(Dev::NONE),
            s_isup: HandleCell::empty(),
            s_imount: HandleCell::empty(),
            s_lock: SleepLock::new(),
            s_rd_only: Cell::new(false),
            first_free_bit: Cell::new(1),
            complaints: Cell::new(0),
        }
    }

    /// May the zone be part of a file? No zone, 0, may not.
    #[inline(always)]
    pub fn is_zone(&self, zone: Zone) -> bool {
        zone.0 >= self.s_firstdatazone.get() && zone.0 < self.s_nzones.get()
    }

    /// `EIO`, and a message, unless the zone may be part of a file.
    ///
    /// Erratum `fs-8`.
    #[inline(always)]
    pub fn check_zone(&self, zone: Zone) -> Result<(), Errno> {
        if self.is_zone(zone) {
            return Ok(());
        }
        self.impossible("zone", zone.0)
    }

    /// `EIO`, and a message, unless there is an inode with this number.
    #[inline(always)]
    pub fn check_inode(&self, nr: Ino) -> Result<(), Errno> {
        if nr.0 >= 1 && nr.0 <= self.s_ninodes.get() {
            return Ok(());
        }
        self.impossible("inode", nr.0)
    }

    #[cold]
    fn impossible(&self, what: &str, number: u16) -> Result<(), Errno> {
        self.complain(what, number, "is impossible");
        Err(EIO)
    }

    /// Says what is wrong with the disk, but does not flood the console.
    #[cold]
    #[inline(never)]
    pub(super) fn complain(&self, what: &str, number: u16, how: &str) {
        const MOST: u16 = 20;
        let count = self.complaints.get();
        if count < MOST {
            self.complaints.set(count + 1);
            printk!(
                "dev {}: {what} {number} {how}: run fsck\n",
                self.s_dev.get()
            );
        }
    }

    /// The block with the first inodes.
    pub fn first_inode_block(&self) -> u32 {
        2 + self.s_imap_blocks.get() as u32 + self.s_zmap_blocks.get() as u32
    }

    /// The bit of a zone in the bitmap. Bit 0 stands for no zone.
    pub(super) fn zone_bit(&self, zone: Zone) -> u32 {
        (zone.0 - self.s_firstdatazone.get()) as u32 + 1
    }

    /// How many bits of the zone bitmap mean something.
    pub(super) fn zone_bits(&self) -> u32 {
        (self.s_nzones.get() - self.s_firstdatazone.get()) as u32 + 1
    }

    /// Free zones and free inodes. Looks at the whole bitmaps.
    pub fn free_counts(&self) -> (u32, u32) {
        let count = |map: &Bitmap, bits: u32| {
            map.iter()
                .zip((0..bits).step_by(BITS_PER_BLOCK as usize))
                .filter_map(|(slot, from)| Some((slot.get()?, (bits - from).min(BITS_PER_BLOCK))))
                .map(|(buffer, bits)| count_zeros(&buffer.data(), bits))
                .sum()
        };
        (
            count(&self.s_zmap, self.zone_bits()),
            count(&self.s_imap, self.s_ninodes.get() as u32 + 1),
        )
    }

    /// Takes the numbers over from the block on disk and checks that they can
    /// be (`struct d_super_block`).
    fn set_from_disk(&self, dev: Dev, disk: &[u8]) -> Result<(), Fault> {
        let magic = le16(disk, 16);
        if magic != SUPER_MAGIC {
            return Err(Fault::Magic(magic));
        }
        self.s_ninodes.set(le16(disk, 0));
        self.s_nzones.set(le16(disk, 2));
        self.s_imap_blocks.set(le16(disk, 4));
        self.s_zmap_blocks.set(le16(disk, 6));
        self.s_firstdatazone.set(le16(disk, 8));
        self.s_max_size.set(le32(disk, 12));
        let first = self.s_firstdatazone.get() as u32;
        let inode_blocks = (self.s_ninodes.get() as u32).div_ceil(INODES_PER_BLOCK);
        let maps = [self.s_imap_blocks.get(), self.s_zmap_blocks.get()];
        if le16(disk, 10) != 0 {
            return Err(Fault::Damaged("its zones are not one block long"));
        }
        if maps
            .iter()
            .any(|&blocks| blocks == 0 || blocks as usize > MAP_SLOTS)
        {
            return Err(Fault::Damaged("the size of a bitmap is impossible"));
        }
        if self.s_ninodes.get() == 0 || first < self.first_inode_block() + inode_blocks {
            return Err(Fault::Damaged("the first data zone lies among the inodes"));
        }
        if first >= self.s_nzones.get() as u32
            || self.zone_bits() > maps[1] as u32 * BITS_PER_BLOCK
            || self.s_ninodes.get() as u32 >= maps[0] as u32 * BITS_PER_BLOCK
        {
            return Err(Fault::Damaged(
                "a bitmap is too small for what it describes",
            ));
        }
        if blk_size(dev).is_some_and(|blocks| blocks < self.s_nzones.get() as u32) {
            return Err(Fault::Damaged("it is larger than its device"));
        }
        Ok(())
    }

    /// Reads the blocks of both bitmaps.
    fn read_bitmaps(&self, dev: Dev) -> Result<(), Fault> {
        let mut block = 2;
        let maps = [
            (&self.s_imap, &self.s_imap_blocks),
            (&self.s_zmap, &self.s_zmap_blocks),
        ];
        for (map, blocks) in maps {
            for slot in &map[..blocks.get() as usize] {
                let buffer =
                    bread(dev, Block(block)).map_err(|_| Fault::Unreadable(Block(block)))?;
                drop(slot.replace(Some(buffer)));
                block += 1;
            }
        }
        // Bit 0 of each stands for nothing.
        for map in [&self.s_imap, &self.s_zmap] {
            if let Some(buffer) = map[0].get() {
                buffer.data_mut()[0] |= 1;
            }
        }
        Ok(())
    }

    /// Lets go of the bitmaps, and of the device.
    fn release(&self) {
        self.s_dev.set(Dev::NONE);
        for slot in self.s_imap.iter().chain(&self.s_zmap) {
            drop(slot.take()); // a buffer: does not sleep
        }
    }
}

/// The superblock of the device, when it is not just being read
/// (0.11 `get_super`).
pub fn get_super(dev: Dev) -> Option<&'static SuperBlock> {
    if dev == Dev::NONE {
        return None;
    }
    loop {
        let sb = SUPER_BLOCK.iter().find(|sb| sb.s_dev.get() == dev)?;
        if !sb.s_lock.is_locked() {
            return Some(sb);
        }
        sb.s_lock.wait();
    }
}

/// The device that is mounted on the inode. Not in 0.11, where `iget` looks.
pub(super) fn mounted_on(inode: &InodeRef) -> Option<Dev> {
    SUPER_BLOCK
        .iter()
        .find(|sb| sb.s_imount.get().is_some_and(|on| inode.same(&on)))
        .map(|sb| sb.s_dev.get())
}

/// What the device with this root directory is mounted on: where `..` leads.
pub(super) fn mount_point(root: &Inode) -> Option<InodeRef> {
    get_super(root.i_dev.get())?.s_imount.get()
}

/// Forgets the superblock of a device whose medium has been changed
/// (0.11 `put_super`).
pub fn put_super(dev: Dev) {
    if dev.0 == ROOT_DEV.get() && dev != Dev::NONE {
        printk!("root diskette changed: prepare for armageddon\n");
        return;
    }
    let Some(sb) = get_super(dev) else { return };
    if !sb.s_imount.is_empty() {
        printk!("Mounted disk changed - tssk, tssk\n");
        return;
    }
    sb.release();
}

// ANCHOR: read_super
/// Reads the superblock and the bitmaps of the device, unless it is mounted
/// (0.11 `read_super`). The caller holds the mount lock.
fn read_super(dev: Dev) -> Result<&'static SuperBlock, Fault> {
    check_disk_change(dev);
    if let Some(sb) = get_super(dev) {
        return Ok(sb);
    }
    if blk_size(dev).is_none() {
        return Err(Fault::NoDevice);
    }
    let sb = SUPER_BLOCK
        .iter()
        .find(|sb| sb.s_dev.get() == Dev::NONE)
        .ok_or(Fault::TableFull)?;
    sb.s_dev.set(dev);
    sb.s_rd_only.set(false);
    sb.first_free_bit.set(1);
    sb.complaints.set(0);
    let _lock = sb.s_lock.lock();
    let result = bread(dev, Block(1))
        .map_err(|_| Fault::Unreadable(Block(1)))
        .and_then(|buffer| sb.set_from_disk(dev, &buffer.data()[..]))
        .and_then(|()| sb.read_bitmaps(dev));
    if let Err(fault) = result {
        sb.release();
        return Err(fault);
    }
    Ok(sb)
}
// ANCHOR_END: read_super

/// The device that the inode is, or whose root directory it is.
fn device_of(inode: &Inode) -> Result<Dev, Errno> {
    if inode.is_blk() {
        Ok(inode.device())
    } else if inode.is_dir() && inode.i_num.get() == ROOT_INO {
        Ok(inode.i_dev.get())
    } else {
        Err(ENOTBLK)
    }
}

/// Unmounts the device, named by its special file or by the directory that it
/// is mounted on (0.11 `sys_umount`, which knows the former only).
///
/// Differs from 0.11: for root only; and all is written before the superblock
/// is given up, not afterwards, when an inode cannot be written any more.
///
/// # Errors
/// `EPERM`, `ENOTBLK`, `EINVAL` if it is not mounted, `EBUSY` if it is in use.
pub fn sys_umount(name: UserAddr) -> SysResult {
    current().require_suser()?;
    let _lock = MOUNT_LOCK.lock();
    let dev = {
        let inode = namei(name)?;
        device_of(&inode)?
    };
    if dev.0 == ROOT_DEV.get() {
        return Err(EBUSY);
    }
    let sb = get_super(dev).ok_or(EINVAL)?;
    if sb.s_imount.is_empty() {
        return Err(EINVAL);
    }
    drop(sb.s_isup.take());
    let unmounted = detach(sb, dev);
    if unmounted.is_err() {
        drop(sb.s_isup.replace(iget(dev, ROOT_INO).ok()));
    }
    unmounted.map(|()| 0)
}

/// The part of unmounting after which no one finds the file system any more.
fn detach(sb: &'static SuperBlock, dev: Dev) -> Result<(), Errno> {
    sync_dev(dev);
    if is_in_use(dev) {
        return Err(EBUSY);
    }
    // No sleep from the test on: nobody can come in between.
    let mount_point = sb.s_imount.take();
    if let Some(inode) = &mount_point {
        inode.i_mount.set(false);
    }
    // Their inodes are in the cache, written, but for times read meanwhile.
    invalidate_inodes(dev);
    sb.release();
    sync_dev(dev);
    Ok(())
}

/// Mounts the device `dev_name` on the directory `dir_name`; bit 0 of `flags`:
/// for reading only (0.11 `sys_mount`, which ignores it).
///
/// Differs from 0.11: for root only.
///
/// # Errors
/// `EPERM`, `ENOTBLK`, `ENOTDIR`, `EBUSY`; `EINVAL` if there is no file system
/// on the device, `EIO` if it cannot be read or cannot be, `ENXIO`, `ENFILE`.
pub fn sys_mount(dev_name: UserAddr, dir_name: UserAddr, flags: u32) -> SysResult {
    current().require_suser()?;
    let _lock = MOUNT_LOCK.lock();
    let dev = {
        let inode = namei(dev_name)?;
        if !inode.is_blk() {
            return Err(ENOTBLK);
        }
        inode.device()
    };
    let dir = namei(dir_name)?;
    if !dir.is_dir() {
        return Err(ENOTDIR);
    }
    if dir.count() != 1 || dir.i_num.get() == ROOT_INO || dir.i_mount.get() {
        return Err(EBUSY);
    }
    let sb = read_super(dev)?;
    if !sb.s_imount.is_empty() {
        return Err(EBUSY);
    }
    sb.s_rd_only.set(flags & 1 != 0);
    let root = iget(dev, ROOT_INO).and_then(|root| if root.is_dir() { Ok(root) } else { Err(EIO) });
    match root {
        Ok(root) => drop(sb.s_isup.replace(Some(root))),
        Err(error) => {
            // What is no directory is in the inode cache now, and must not be
            // found there when the disk has been repaired.
            invalidate_inodes(dev);
            put_super(dev);
            return Err(error);
        }
    }
    dir.i_mount.set(true);
    drop(sb.s_imount.replace(Some(dir)));
    Ok(0)
}

/// The device that `root=` names: a number in hex, as 0.11's own `ROOT_DEV`, or
/// a name in `/dev`, which cannot be looked up yet.
fn parse_device(text: &str) -> Option<Dev> {
    let name = text.strip_prefix("/dev/").unwrap_or(text);
    let digit = |text: &str, limit: u16| text.parse::<u16>().ok().filter(|&nr| nr < limit);
    if name == "ram" {
        return Some(RAM_DISK);
    }
    if let Some(nr) = name.strip_prefix("hd") {
        return Some(Dev(0x0300 + digit(nr, 10)?));
    }
    if let Some(nr) = name.strip_prefix("fd") {
        return Some(Dev(0x021c + digit(nr, 2)?)); // 1.44 MB: type 7
    }
    u16::from_str_radix(name.strip_prefix("0x").unwrap_or(name), 16)
        .ok()
        .map(Dev)
}

/// The root device: what `root=` says, else the RAM disk.
fn root_device() -> Dev {
    match boot_info().option("root") {
        None => RAM_DISK,
        Some(text) => parse_device(text).unwrap_or_else(|| {
            printk!("root={text}: not a device; try root=0101, root=/dev/hd1 or root=/dev/ram\n");
            RAM_DISK
        }),
    }
}

/// Mounts the root file system; it becomes the running task's root and working
/// directory (0.11 `mount_root`). If there is none, says what was looked for
/// and what to try, and stops the machine.
///
/// A floppy drive that has none in it is asked for one, which 0.11 does whatever
/// is in the drive: that may be the diskette that the machine was booted from.
pub fn mount_root() {
    const FLOPPY: u8 = 2;
    let dev = root_device();
    let sb = loop {
        match read_super(dev) {
            Ok(sb) => break sb,
            Err(Fault::Unreadable(_) | Fault::Magic(_)) if dev.major() == FLOPPY => {
                printk!("Insert root floppy and press ENTER");
                wait_for_keypress();
            }
            Err(fault) => no_root(dev, fault),
        }
    };
    // Not before: until now diskettes may be changed.
    ROOT_DEV.set(dev.0);
    let root = match iget(dev, ROOT_INO) {
        Ok(root) if root.is_dir() => root,
        _ => no_root(dev, Fault::Damaged("inode 1 is not a directory")),
    };
    drop(sb.s_isup.replace(Some(root.clone())));
    drop(sb.s_imount.replace(Some(root.clone())));
    drop(current().pwd.replace(Some(root.clone())));
    drop(current().root.replace(Some(root)));
    let (zones, inodes) = sb.free_counts();
    printk!("{zones}/{} free blocks\n", sb.s_nzones.get());
    printk!("{inodes}/{} free inodes\n", sb.s_ninodes.get());
}

#[cold]
fn no_root(dev: Dev, fault: Fault) -> ! {
    printk!("\nCannot mount the root file system from device {dev}: ");
    match fault {
        Fault::NoDevice if dev == RAM_DISK => {
            printk!("the boot loader has left no root image in memory.\n");
        }
        Fault::NoDevice => printk!("there is no such device.\n"),
        Fault::Unreadable(block) => printk!("block {block} cannot be read.\n"),
        Fault::Magic(magic) => printk!(
            "a Minix file system, magic {SUPER_MAGIC:04x}, was looked for in block 1, found was {magic:04x}.\n"
        ),
        Fault::Damaged(what) => printk!("it is damaged: {what}.\n"),
        Fault::TableFull => printk!("too many file systems are mounted.\n"),
    }
    printk!(
        "What to try: give the kernel a root image as module (GRUB: module2 /root.img,\n\
         QEMU: -initrd build/root.img), or name the device that has one on the command\n\
         line: root=/dev/hd1, root=/dev/fd0, root=0101 (major and minor number in hex).\n\
         An image is checked with fsck.minix. The machine is stopped now.\n"
    );
    halt_forever()
}
