//! Inodes in memory (0.11 `fs/inode.c`).
//!
//! [`InodeRef`] is a counted handle. Cloning it never sleeps; dropping it is
//! 0.11's `iput`, and dropping the last one may sleep: it writes a changed
//! inode, and frees one that no directory names any more. An inode that no one
//! uses stays in the table, so that it is found again, until its place is
//! needed.
//!
//! The fields are cells; what others may change while one sleeps is read anew
//! afterwards, or kept still by one of two locks: `i_lock`, while the inode
//! itself is read, written or freed, and the lock on its contents, which who
//! writes, truncates or changes a directory holds. See `fs` for the order.

use super::bitmap::{free_inode, new_block};
use super::buffer::bread;
use super::super_block::{SuperBlock, get_super, mounted_on};
use super::truncate::truncate;
use super::{
    BLOCK_SIZE, S_IFBLK, S_IFCHR, S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, SleepGuard, SleepLock, le16,
    le32, put_le16, put_le32,
};
use crate::kernel::errno::{EFBIG, EIO, ENFILE, ENOMEM, Errno};
use crate::kernel::printk::printk;
use crate::kernel::sched::current_time;
use crate::kernel::shared::{IrqCell, Shared};
use crate::kernel::types::{Block, Dev, Ino, Zone};
use crate::kernel::wait::WaitQueue;
use crate::mm::memory::Page;
use core::cell::Cell;
use core::ops::Deref;

/// Inodes that may be in use at once. 0.11 has 32, and panics when it needs one
/// more.
pub const NR_INODE: usize = 128;
/// The root directory of every file system.
pub const ROOT_INO: Ino = Ino(1);
/// Bytes of an inode on disk.
pub const DISK_INODE_SIZE: usize = 32;
/// Inodes in a block.
pub const INODES_PER_BLOCK: u32 = (BLOCK_SIZE / DISK_INODE_SIZE) as u32;
/// Zone numbers in a block.
pub const ZONES_PER_BLOCK: u32 = (BLOCK_SIZE / 2) as u32;
/// Zones that the inode itself names.
pub const DIRECT_ZONES: u32 = 7;
/// Chains of the hash table.
const NR_HASH: usize = 64;

/// An inode in memory (0.11 `struct m_inode`).
pub struct Inode {
    /// Type and rights.
    pub i_mode: Cell<u16>,
    pub i_uid: Cell<u16>,
    /// Bytes.
    pub i_size: Cell<u32>,
    /// Seconds since 1970. Only this one of the three times is on disk.
    pub i_mtime: Cell<i32>,
    pub i_gid: Cell<u8>,
    /// How many directories name it.
    pub i_nlinks: Cell<u8>,
    /// Seven zones of the file, one with numbers of zones, one with numbers of
    /// such zones. A device: its number in the first.
    pub i_zone: [Cell<Zone>; 9],

    pub i_atime: Cell<i32>,
    pub i_ctime: Cell<i32>,
    /// `Dev::NONE`: a pipe, or a place that is free.
    pub i_dev: Cell<Dev>,
    pub i_num: Cell<Ino>,
    /// How many handles there are.
    i_count: Cell<u16>,
    /// Is it newer than on disk?
    pub i_dirt: Cell<bool>,
    pub i_pipe: Cell<bool>,
    /// Is it a pipe, or an open one with a name, so that `i_page` holds its bytes?
    pub i_stream: Cell<bool>,
    /// A pipe's head and tail: offsets in its page. 0.11 keeps them in `i_zone`.
    pub i_head: Cell<u16>,
    pub i_tail: Cell<u16>,
    /// How often a named pipe has been opened to read and to write, modulo 65536.
    pub i_opened: [Cell<u16>; 2],
    /// Is a file system mounted on it?
    pub i_mount: Cell<bool>,
    /// How many processes run it as their program: no one may write it then.
    /// Not in 0.11.
    pub i_text: Cell<u16>,
    /// Held while it is read from disk, written or freed.
    i_lock: SleepLock,
    /// Held while its contents or its length are changed. Not in 0.11.
    contents: SleepLock,
    /// Readers of a pipe wait here,
    pub i_wait: WaitQueue,
    /// and writers here. 0.11 has one queue for both.
    pub i_wait2: WaitQueue,
    /// How many open files read from it, and write to it. Not in 0.11, which
    /// concludes it from `i_count` for a pipe.
    pub i_readers: Cell<u16>,
    pub i_writers: Cell<u16>,
    /// A pipe's page (0.11 keeps its address in `i_size`).
    pub i_page: Shared<Option<Page>>,
    /// Its file system.
    i_sb: Cell<Option<&'static SuperBlock>>,
    hash_next: Cell<Option<&'static Inode>>,
}

// SAFETY: one CPU. Only tasks touch inodes, never interrupt handlers, and tasks
// change hands at sleeps only.
unsafe impl Sync for Inode {}

/// 0.11 `inode_table[]`.
static INODE_TABLE: [Inode; NR_INODE] = [const { Inode::new() }; NR_INODE];

/// The inodes that have a device and a number, to find them by these.
struct HashTable([Cell<Option<&'static Inode>>; NR_HASH]);
// SAFETY: as for `Inode`.
unsafe impl Sync for HashTable {}
static HASH_TABLE: HashTable = HashTable([const { Cell::new(None) }; NR_HASH]);

impl Inode {
    const fn new() -> Self {
        Inode {
            i_mode: Cell::new(0),
            i_uid: Cell::new(0),
            i_size: Cell::new(0),
            i_mtime: Cell::new(0),
            i_gid: Cell::new(0),
            i_nlinks: Cell::new(0),
            i_zone: [const { Cell::new(Zone::NONE) }; 9],
            i_atime: Cell::new(0),
            i_ctime: Cell::new(0),
            i_dev: Cell::new(Dev::NONE),
            i_num: Cell::new(Ino(0)),
            i_count: Cell::new(0),
            i_dirt: Cell::new(false),
            i_pipe: Cell::new(false),
            i_stream: Cell::new(false),
            i_head: Cell::new(0),
            i_tail: Cell::new(0),
            i_opened: [const { Cell::new(0) }; 2],
            i_mount: Cell::new(false),
            i_text: Cell::new(0),
            i_lock: SleepLock::new(),
            contents: SleepLock::new(),
            i_wait: WaitQueue::new(),
            i_wait2: WaitQueue::new(),
            i_readers: Cell::new(0),
            i_writers: Cell::new(0),
            i_page: Shared::anonymous(None),
            i_sb: Cell::new(None),
            hash_next: Cell::new(None),
        }
    }

    /// Forgets whose inode this is and what is in it.
    fn reset(&'static self) {
        self.leave_hash_table();
        self.i_mode.set(0);
        self.i_uid.set(0);
        self.i_size.set(0);
        self.i_mtime.set(0);
        self.i_gid.set(0);
        self.i_nlinks.set(0);
        for zone in &self.i_zone {
            zone.set(Zone::NONE);
        }
        self.i_atime.set(0);
        self.i_ctime.set(0);
        self.i_num.set(Ino(0));
        self.i_dirt.set(false);
        self.i_pipe.set(false);
        self.i_stream.set(false);
        self.i_head.set(0);
        self.i_tail.set(0);
        self.i_mount.set(false);
        self.i_text.set(0);
        self.i_readers.set(0);
        self.i_writers.set(0);
        self.i_sb.set(None);
    }

    /// Is it a regular file?
    pub fn is_regular(&self) -> bool {
        self.i_mode.get() & S_IFMT == S_IFREG
    }

    /// Is it a directory?
    pub fn is_dir(&self) -> bool {
        self.i_mode.get() & S_IFMT == S_IFDIR
    }

    /// Is it a symbolic link?
    pub fn is_link(&self) -> bool {
        self.i_mode.get() & S_IFMT == S_IFLNK
    }

    /// Is it a character device?
    pub fn is_chr(&self) -> bool {
        self.i_mode.get() & S_IFMT == S_IFCHR
    }

    /// Is it a block device?
    pub fn is_blk(&self) -> bool {
        self.i_mode.get() & S_IFMT == S_IFBLK
    }

    /// Has someone opened it for writing?
    pub fn is_open_for_writing(&self) -> bool {
        self.i_writers.get() != 0
    }

    /// Which device it is, if it is one.
    pub fn device(&self) -> Dev {
        Dev(self.i_zone[0].get().0)
    }

    /// How many handles to it there are.
    pub fn count(&self) -> u16 {
        self.i_count.get()
    }

    /// Its file system.
    ///
    /// # Errors
    /// `EIO` when the disk has been taken out.
    pub fn sb(&self) -> Result<&'static SuperBlock, Errno> {
        self.i_sb
            .get()
            .filter(|sb| sb.s_dev.get() == self.i_dev.get())
            .ok_or(EIO)
    }

    /// It must be written to disk some time.
    #[inline(always)]
    pub fn mark_dirty(&self) {
        self.i_dirt.set(true);
    }

    /// Its contents have changed now.
    pub fn touch_mtime(&self) {
        let now = current_time();
        self.i_mtime.set(now);
        self.i_ctime.set(now);
        self.mark_dirty();
    }

    /// The inode itself has changed now.
    pub fn touch_ctime(&self) {
        self.i_ctime.set(current_time());
        self.mark_dirty();
    }

    /// Keeps others from changing its contents; sleeps until they let it. Not
    /// in 0.11.
    #[inline]
    pub fn lock_contents(&self) -> SleepGuard<'_> {
        self.contents.lock()
    }

    /// Does someone keep others from changing its contents?
    #[inline(always)]
    pub fn contents_locked(&self) -> bool {
        self.contents.is_locked()
    }

    fn is(&self, dev: Dev, nr: Ino) -> bool {
        self.i_num.get() == nr && self.i_dev.get() == dev
    }

    /// Makes it inode `nr` of the device, to be found as that.
    pub(super) fn enter_hash_table(&'static self, sb: &'static SuperBlock, nr: Ino) {
        let dev = sb.s_dev.get();
        self.i_sb.set(Some(sb));
        self.i_dev.set(dev);
        self.i_num.set(nr);
        self.hash_next.set(hash(dev, nr).replace(Some(self)));
    }

    /// Makes it no one's inode.
    fn leave_hash_table(&'static self) {
        if self.i_dev.get() == Dev::NONE {
            return;
        }
        let mut link = hash(self.i_dev.get(), self.i_num.get());
        while let Some(inode) = link.get() {
            if core::ptr::eq(inode, self) {
                link.set(self.hash_next.take());
                break;
            }
            link = &inode.hash_next;
        }
        self.i_dev.set(Dev::NONE);
    }
}

#[inline(always)]
fn hash(dev: Dev, nr: Ino) -> &'static Cell<Option<&'static Inode>> {
    &HASH_TABLE.0[(dev.0 ^ nr.0) as usize % NR_HASH]
}

/// The inode in the table that is number `nr` of the device.
#[inline]
pub(super) fn find_inode(dev: Dev, nr: Ino) -> Option<&'static Inode> {
    let mut link = hash(dev, nr).get();
    while let Some(inode) = link {
        if inode.is(dev, nr) {
            return Some(inode);
        }
        link = inode.hash_next.get();
    }
    None
}

/// A counted handle to an inode.
pub struct InodeRef(&'static Inode);

impl InodeRef {
    #[inline(always)]
    fn new(inode: &'static Inode) -> Self {
        inode.i_count.set(inode.i_count.get() + 1);
        InodeRef(inode)
    }

    /// Are both the same inode?
    #[inline(always)]
    pub fn same(&self, other: &Inode) -> bool {
        core::ptr::eq(self.0, other)
    }

    /// The inode itself, which outlives every handle, for its own module's
    /// tables.
    pub fn inode(&self) -> &'static Inode {
        self.0
    }
}

impl Clone for InodeRef {
    #[inline(always)]
    fn clone(&self) -> Self {
        InodeRef::new(self.0)
    }
}

impl Deref for InodeRef {
    type Target = Inode;
    #[inline(always)]
    fn deref(&self) -> &Inode {
        self.0
    }
}

impl Drop for InodeRef {
    #[inline]
    fn drop(&mut self) {
        let count = self.0.i_count.get();
        // The last one of an inode that is as on disk, and has a name, goes
        // without ado as well.
        if count > 1 || count == 1 && self.0.i_nlinks.get() != 0 && !self.0.i_dirt.get() {
            self.0.i_count.set(count - 1);
        } else {
            iput(self.0);
        }
    }
}

/// How many inodes are in use, for the tests. Not in 0.11.
pub fn used_count() -> u32 {
    INODE_TABLE
        .iter()
        .filter(|inode| inode.i_count.get() != 0)
        .count() as u32
}

/// Is an inode of the device in use? For `umount`.
pub(super) fn is_in_use(dev: Dev) -> bool {
    INODE_TABLE
        .iter()
        .any(|inode| inode.i_dev.get() == dev && inode.i_count.get() != 0)
}

/// Forgets the inodes of a device whose medium has been changed, or which has
/// been unmounted (0.11 `invalidate_inodes`).
pub fn invalidate_inodes(dev: Dev) {
    for inode in &INODE_TABLE {
        inode.i_lock.wait();
        if inode.i_dev.get() == dev {
            if inode.i_count.get() != 0 {
                printk!("inode in use on removed disk\n");
            }
            inode.leave_hash_table();
            inode.i_sb.set(None);
            inode.i_dirt.set(false);
        }
    }
}

/// Brings all changed inodes into the buffer cache (0.11 `sync_inodes`).
pub fn sync_inodes() {
    for inode in &INODE_TABLE {
        if inode.i_dirt.get() && !inode.i_pipe.get() {
            write_inode(inode);
        }
    }
}

impl Inode {
    /// One of the inode's own zone numbers, with a new zone if there is none
    /// and one is wanted.
    fn own_zone(&self, index: usize, create: bool) -> Result<Zone, Errno> {
        let zone = self.i_zone[index].get();
        if zone != Zone::NONE {
            self.sb()?.check_zone(zone)?;
        } else if create {
            let zone = new_block(self.sb()?)?;
            self.i_zone[index].set(zone);
            self.touch_ctime();
            return Ok(zone);
        }
        Ok(zone)
    }

    /// Zone number `index` in the zone `table`, likewise.
    #[inline(never)]
    fn zone_in(&self, table: Zone, index: u32, create: bool) -> Result<Zone, Errno> {
        if table == Zone::NONE {
            return Ok(Zone::NONE);
        }
        let at = index as usize * 2;
        let buffer = bread(self.i_dev.get(), table.block())?;
        let zone = Zone(le16(&*buffer.data(), at));
        if zone != Zone::NONE {
            self.sb()?.check_zone(zone)?;
        } else if create {
            // This sleeps; the lock on the contents keeps the place free.
            let zone = new_block(self.sb()?)?;
            put_le16(&mut *buffer.data_mut(), at, zone.0);
            buffer.mark_dirty();
            return Ok(zone);
        }
        Ok(zone)
    }

    /// 0.11 `_bmap`.
    #[inline(never)]
    fn _bmap(&self, block: u32, create: bool) -> Result<Block, Errno> {
        if block < DIRECT_ZONES {
            return self.own_zone(block as usize, create).map(Zone::block);
        }
        self.indirect_bmap(block - DIRECT_ZONES, create)
            .map(Zone::block)
    }

    /// What most calls of `bmap` ask for: a block that is there, among the
    /// first seven. Anything else, and anything wrong, is for `_bmap`.
    #[inline(always)]
    pub(super) fn direct_block(&self, block: u32) -> Option<Block> {
        let zone = self.i_zone[..DIRECT_ZONES as usize]
            .get(block as usize)?
            .get();
        self.sb().ok()?.is_zone(zone).then(|| zone.block())
    }

    // ANCHOR: indirect_bmap
    fn indirect_bmap(&self, block: u32, create: bool) -> Result<Zone, Errno> {
        if block < ZONES_PER_BLOCK {
            let table = self.own_zone(7, create)?;
            return self.zone_in(table, block, create);
        }
        let block = block - ZONES_PER_BLOCK;
        if block >= ZONES_PER_BLOCK * ZONES_PER_BLOCK {
            return Err(EFBIG);
        }
        let tables = self.own_zone(8, create)?;
        let table = self.zone_in(tables, block / ZONES_PER_BLOCK, create)?;
        self.zone_in(table, block % ZONES_PER_BLOCK, create)
    }
    // ANCHOR_END: indirect_bmap

    /// Where block `block` of the file is on the device; 0 where the file has a
    /// hole (0.11 `bmap`).
    ///
    /// # Errors
    /// `EIO`, also for a zone number that cannot be (0.11 panics); `EFBIG`.
    #[inline(always)]
    pub fn bmap(&self, block: u32) -> Result<Block, Errno> {
        match self.direct_block(block) {
            Some(block) => Ok(block),
            None => self._bmap(block, false),
        }
    }

    /// Where four blocks in a row are, for a page of a program: one look at the
    /// zone that names them, where [`Self::bmap`] would take four. Not in 0.11.
    ///
    /// # Errors
    /// As for [`Self::bmap`].
    pub fn bmap_page(&self, first: u32) -> Result<[Block; 4], Errno> {
        let mut blocks = [Block(0); 4];
        let index = first.wrapping_sub(DIRECT_ZONES);
        if index > ZONES_PER_BLOCK - 4 {
            for (block, number) in blocks.iter_mut().zip(first..) {
                *block = self.bmap(number)?;
            }
            return Ok(blocks);
        }
        let table = self.own_zone(7, false)?;
        if table == Zone::NONE {
            return Ok(blocks);
        }
        let sb = self.sb()?;
        let buffer = bread(self.i_dev.get(), table.block())?;
        let data = buffer.data();
        let numbers = &data[index as usize * 2..][..8];
        for (block, number) in blocks.iter_mut().zip(numbers.as_chunks::<2>().0) {
            let zone = Zone(u16::from_le_bytes(*number));
            if zone != Zone::NONE {
                sb.check_zone(zone)?;
            }
            *block = zone.block();
        }
        Ok(blocks)
    }

    /// As [`Self::bmap`], but fills a hole (0.11 `create_block`). The caller
    /// holds the lock on the contents.
    ///
    /// # Errors
    /// `EIO`, `ENOSPC`, `EFBIG`.
    #[inline(always)]
    pub fn create_block(&self, block: u32) -> Result<Block, Errno> {
        match self.direct_block(block) {
            Some(block) => Ok(block),
            None => self._bmap(block, true),
        }
    }
}

/// Gives back the last handle to `inode` (0.11 `iput`): frees it if no directory
/// names it, writes it if it has changed. Others may use it again meanwhile.
#[inline(never)]
fn iput(inode: &'static Inode) {
    if inode.i_count.get() == 0 {
        panic!("iput: trying to free free inode");
    }
    if inode.i_pipe.get() {
        drop(inode.i_page.lock().take());
        inode.reset();
    }
    while inode.i_count.get() == 1 && inode.i_dev.get() != Dev::NONE {
        if inode.i_nlinks.get() == 0 {
            let _lock = inode.i_lock.lock();
            if inode.i_count.get() == 1 && inode.i_nlinks.get() == 0 {
                truncate(inode);
                free_inode(inode);
                inode.reset();
                break;
            }
        } else if inode.i_dirt.get() {
            write_inode(inode);
        } else {
            break;
        }
    }
    inode.i_count.set(inode.i_count.get() - 1);
}

/// Where the search for an unused inode goes on (0.11 `last_inode`).
static LAST_INODE: IrqCell<u32> = IrqCell::new(0);

/// An inode that is no one's yet (0.11 `get_empty_inode`). May sleep.
///
/// # Errors
/// `ENFILE` if all are in use, where 0.11 panics.
///
/// Erratum `files-5`.
pub(super) fn get_empty_inode() -> Result<InodeRef, Errno> {
    loop {
        let mut unused = None;
        for _ in 0..NR_INODE {
            let next = (LAST_INODE.get() as usize + 1) % NR_INODE;
            LAST_INODE.set(next as u32);
            let inode = &INODE_TABLE[next];
            if inode.i_count.get() == 0 {
                unused = Some(inode);
                if !inode.i_dirt.get() && !inode.i_lock.is_locked() {
                    inode.reset();
                    return Ok(InodeRef::new(inode));
                }
            }
        }
        let Some(inode) = unused else {
            printk!("inode table is full ({NR_INODE} in use)\n");
            return Err(ENFILE);
        };
        inode.i_lock.wait();
        write_inode(inode);
    }
}

/// An inode for a new pipe, with its page (0.11 `get_pipe_inode`).
///
/// # Errors
/// `ENFILE`, `ENOMEM`.
pub fn get_pipe_inode() -> Result<InodeRef, Errno> {
    let inode = get_empty_inode()?;
    *inode.i_page.lock() = Some(Page::alloc().ok_or(ENOMEM)?);
    inode.i_pipe.set(true);
    inode.i_stream.set(true);
    let now = current_time();
    inode.i_atime.set(now);
    inode.i_mtime.set(now);
    inode.i_ctime.set(now);
    Ok(inode)
}

/// A handle to inode `nr` of the device; where a file system is mounted on it,
/// to that one's root (0.11 `iget`). May sleep.
///
/// # Errors
/// `EIO` if it cannot be read or cannot be, `ENFILE`.
#[inline(always)]
pub fn iget(dev: Dev, nr: Ino) -> Result<InodeRef, Errno> {
    // What most calls find: an inode that is in memory and ready.
    match find_inode(dev, nr) {
        Some(inode) if !inode.i_lock.is_locked() && !inode.i_mount.get() => {
            Ok(InodeRef::new(inode))
        }
        _ => iget_any(dev, nr),
    }
}

/// The rest of [`iget`].
#[inline(never)]
fn iget_any(mut dev: Dev, mut nr: Ino) -> Result<InodeRef, Errno> {
    loop {
        let Some(found) = find_inode(dev, nr) else {
            let empty = get_empty_inode()?;
            if find_inode(dev, nr).is_some() {
                continue; // someone else read it while we slept
            }
            let sb = get_super(dev).ok_or(EIO)?;
            sb.check_inode(nr)?;
            empty.0.enter_hash_table(sb, nr);
            read_inode(&empty)?;
            return Ok(empty);
        };
        let inode = InodeRef::new(found);
        inode.i_lock.wait();
        if !inode.is(dev, nr) {
            continue; // freed, or not readable, as it turned out
        }
        if !inode.i_mount.get() {
            return Ok(inode);
        }
        let Some(mounted) = mounted_on(&inode) else {
            printk!("Mounted inode hasn't got sb\n");
            return Ok(inode);
        };
        (dev, nr) = (mounted, ROOT_INO);
    }
}

/// Block and byte of an inode on disk.
fn place_on_disk(sb: &SuperBlock, nr: Ino) -> (Block, usize) {
    let index = nr.0 as u32 - 1;
    let block = sb.first_inode_block() + index / INODES_PER_BLOCK;
    (
        Block(block),
        (index % INODES_PER_BLOCK) as usize * DISK_INODE_SIZE,
    )
}

/// Reads an inode from disk; one that cannot be read is no one's afterwards
/// (0.11 `read_inode`, which panics).
#[inline(never)]
fn read_inode(inode: &InodeRef) -> Result<(), Errno> {
    let _lock = inode.i_lock.lock();
    let result = read_disk_inode(inode);
    if result.is_err() {
        inode.0.reset();
    }
    result
}

fn read_disk_inode(inode: &Inode) -> Result<(), Errno> {
    let (block, at) = place_on_disk(inode.sb()?, inode.i_num.get());
    let buffer = bread(inode.i_dev.get(), block)?;
    let data = buffer.data();
    let disk = &data[at..at + DISK_INODE_SIZE];
    inode.i_mode.set(le16(disk, 0));
    inode.i_uid.set(le16(disk, 2));
    inode.i_size.set(le32(disk, 4));
    let time = le32(disk, 8) as i32;
    inode.i_mtime.set(time);
    inode.i_atime.set(time);
    inode.i_ctime.set(time);
    inode.i_gid.set(disk[12]);
    inode.i_nlinks.set(disk[13]);
    for (index, zone) in inode.i_zone.iter().enumerate() {
        zone.set(Zone(le16(disk, 14 + 2 * index)));
    }
    drop(data);
    if inode.i_nlinks.get() == 0 {
        let sb = inode.sb()?;
        sb.complain("inode", inode.i_num.get().0, "has a name, but is free");
        return Err(EIO);
    }
    Ok(())
}

/// Writes an inode into its block in the buffer cache, if it has changed
/// (0.11 `write_inode`). Where that cannot be done it says so and gives up.
#[inline(never)]
fn write_inode(inode: &'static Inode) {
    let _lock = inode.i_lock.lock();
    if !inode.i_dirt.get() || inode.i_dev.get() == Dev::NONE {
        inode.i_dirt.set(false);
        return;
    }
    if write_disk_inode(inode).is_err() {
        inode.i_dirt.set(false);
        printk!(
            "cannot write inode {} of dev {}\n",
            inode.i_num.get(),
            inode.i_dev.get()
        );
    }
}

fn write_disk_inode(inode: &Inode) -> Result<(), Errno> {
    let (block, at) = place_on_disk(inode.sb()?, inode.i_num.get());
    let buffer = bread(inode.i_dev.get(), block)?;
    let mut data = buffer.data_mut();
    let disk = &mut data[at..at + DISK_INODE_SIZE];
    put_le16(disk, 0, inode.i_mode.get());
    put_le16(disk, 2, inode.i_uid.get());
    put_le32(disk, 4, inode.i_size.get());
    put_le32(disk, 8, inode.i_mtime.get() as u32);
    disk[12] = inode.i_gid.get();
    disk[13] = inode.i_nlinks.get();
    for (index, zone) in inode.i_zone.iter().enumerate() {
        put_le16(disk, 14 + 2 * index, zone.get().0);
    }
    inode.i_dirt.set(false);
    buffer.mark_dirty();
    Ok(())
}

/// Clears a freed inode on disk, so that it does not look like one in use. Not
/// in 0.11.
pub(super) fn clear_disk_inode(inode: &Inode) -> Result<(), Errno> {
    let (block, at) = place_on_disk(inode.sb()?, inode.i_num.get());
    let buffer = bread(inode.i_dev.get(), block)?;
    buffer.data_mut()[at..at + DISK_INODE_SIZE].fill(0);
    buffer.mark_dirty();
    Ok(())
}
