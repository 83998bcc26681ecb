//! The buffer cache (0.11 `fs/buffer.c`).
//!
//! A buffer is a block of a device in memory. [`BufferRef`] is a counted handle
//! to one; dropping it is 0.11's `brelse`. What is in the block is reached
//! through guards, [`BufferRef::data`] and [`BufferRef::data_mut`], which must
//! not live across a sleep, so whoever sleeps looks at the contents anew.
//!
//! Every buffer is in one of two lists: `clean`, from which `getblk` takes, and
//! `busy`, which it falls back on. A buffer stays where it is while it is used,
//! so that finding a block in the cache costs no more than counting the handle.
//! What was used, is dirty or is being read or written shows when it gets to the
//! front of `clean`: then it goes to the end once more if its block has been
//! asked for again since it was last there (the second chance algorithm), or to
//! `busy`. So the cost of `getblk` does not depend on how many buffers there
//! are, where 0.11 looks through all of them for the least bad one.
//!
//! Only tasks touch the lists; an interrupt handler that ends a request touches
//! `b_uptodate`, `b_lock` and `b_wait` alone.

pub use super::BLOCK_SIZE;

use super::inode::{invalidate_inodes, sync_inodes};
use super::super_block::put_super;
use super::{Rw, SleepLock};
use crate::arch::segment::UserChunk;
use crate::arch::string::{clear_words, copy_words};
use crate::kernel::blk_drv::ll_rw_blk::{disk_changed, ll_rw_block, read_ahead};
use crate::kernel::errno::{EIO, Errno, SysResult};
use crate::kernel::shared::{IrqCell, NoSleep};
use crate::kernel::trace::trace;
use crate::kernel::types::{Block, Dev, PhysAddr};
use crate::kernel::wait::WaitQueue;
use crate::mm::memory::Page;
use core::cell::Cell;
use core::ops::{Deref, DerefMut};

/// Chains of the hash table; a power of two. 0.11 has 307 and divides.
const NR_HASH: usize = 1024;
/// How many dirty buffers are written at once when no clean one is left.
const WRITE_BATCH: usize = 16;
/// How many buffers get a second chance while one is looked for.
const SECOND_CHANCES: u32 = 32;

/// A link of a list.
type Link = Cell<Option<&'static BufferHead>>;

/// What is known of a buffer (0.11 `struct buffer_head`).
pub struct BufferHead {
    /// Its 1024 bytes; set once, by `buffer_init`.
    data: *mut [u8; BLOCK_SIZE],
    b_blocknr: Cell<Block>,
    /// `Dev::NONE` as long as it holds no block.
    b_dev: Cell<Dev>,
    /// Is in it what is on the disk, or newer?
    pub(crate) b_uptodate: IrqCell<bool>,
    /// Is what is in it newer than what is on the disk?
    pub(crate) b_dirt: IrqCell<bool>,
    /// How many handles there are.
    b_count: Cell<u16>,
    /// Is it being read or written?
    pub(crate) b_lock: IrqCell<bool>,
    pub(crate) b_wait: WaitQueue,
    /// Guards of its contents: how many readers, or -1 for a writer.
    guards: Cell<i16>,
    /// Has its block been asked for since the buffer was last considered for
    /// another one?
    wanted: Cell<bool>,
    /// Which list is it in?
    busy: Cell<bool>,
    b_prev: Link,
    b_next: Link,
    b_prev_free: Link,
    b_next_free: Link,
}

// SAFETY: one CPU. The cells are touched by tasks only, which change hands at
// sleeps only; what interrupt handlers touch are `IrqCell`s and the wait queue.
unsafe impl Sync for BufferHead {}

/// A list of buffers.
struct FreeList {
    first: Link,
    last: Link,
}

impl FreeList {
    const fn new() -> Self {
        FreeList {
            first: Cell::new(None),
            last: Cell::new(None),
        }
    }

    fn append(&self, bh: &'static BufferHead) {
        let last = self.last.replace(Some(bh));
        bh.b_prev_free.set(last);
        bh.b_next_free.set(None);
        match last {
            Some(last) => last.b_next_free.set(Some(bh)),
            None => self.first.set(Some(bh)),
        }
    }

    fn remove(&self, bh: &'static BufferHead) {
        let (prev, next) = (bh.b_prev_free.take(), bh.b_next_free.take());
        match prev {
            Some(prev) => prev.b_next_free.set(next),
            None => self.first.set(next),
        }
        match next {
            Some(next) => next.b_prev_free.set(prev),
            None => self.last.set(prev),
        }
    }
}

/// The cache as a whole.
struct Cache {
    start: Cell<*const BufferHead>,
    count: Cell<usize>,
    hash_table: [Link; NR_HASH],
    clean: FreeList,
    busy: FreeList,
    /// Who waits for any buffer to become unused (0.11 `buffer_wait`).
    wait: WaitQueue,
}

// SAFETY: one CPU, touched by tasks only, which change hands at sleeps only.
unsafe impl Sync for Cache {}

static CACHE: Cache = Cache {
    start: Cell::new(core::ptr::null()),
    count: Cell::new(0),
    hash_table: [const { Cell::new(None) }; NR_HASH],
    clean: FreeList::new(),
    busy: FreeList::new(),
    wait: WaitQueue::new(),
};

/// One writer-out at a time, or two `sync`s would wait for each other's blocks.
static SYNC_LOCK: SleepLock = SleepLock::new();

/// Numbers for the tests and for whoever prints memory use.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stats {
    /// Buffers there are.
    pub buffers: u32,
    /// Buffers with a handle to them.
    pub in_use: u32,
    /// Buffers whose contents the disk does not have yet.
    pub dirty: u32,
}

/// How the cache is used now. Looks at every buffer. Not in 0.11.
pub fn stats() -> Stats {
    Stats {
        buffers: CACHE.count.get() as u32,
        in_use: all().filter(|bh| bh.b_count.get() != 0).count() as u32,
        dirty: all().filter(|bh| bh.b_dirt.get()).count() as u32,
    }
}

/// Every buffer there is.
fn all() -> impl Iterator<Item = &'static BufferHead> {
    let start = CACHE.start.get();
    // SAFETY: `buffer_init` has filled `count` heads from `start` on, which
    // stay where they are for good.
    (0..CACHE.count.get()).map(move |index| unsafe { &*start.add(index) })
}

/// Sleeps until `bh` is neither read nor written (0.11 `wait_on_buffer`).
#[inline(always)]
pub(crate) fn wait_on_buffer(bh: &BufferHead) {
    if bh.b_lock.get() {
        bh.b_wait.wait_while(|| bh.b_lock.get());
    }
}

/// Writes all that is dirty, inodes first, and waits for it (0.11 `sys_sync`,
/// which does not wait for the last writes).
pub fn sys_sync() -> SysResult {
    sync_inodes();
    write_buffers(|_| true);
    Ok(0)
}

/// Writes all that is dirty of `dev` and waits for it (0.11 `sync_dev`).
pub fn sync_dev(dev: Dev) {
    sync_inodes();
    write_buffers(|bh| bh.b_dev.get() == dev);
}

/// Starts writing the dirty buffers that `wanted` picks, and waits for them.
#[inline(never)]
fn write_buffers(wanted: impl Fn(&BufferHead) -> bool) {
    let _lock = SYNC_LOCK.lock();
    for bh in all() {
        if wanted(bh) && bh.b_dirt.get() {
            ll_rw_block(Rw::Write, bh);
        }
    }
    for bh in all() {
        if wanted(bh) {
            wait_on_buffer(bh);
            bh.leave_busy_list();
        }
    }
}

/// Forgets what is cached of `dev` (0.11 `invalidate_buffers`).
pub fn invalidate_buffers(dev: Dev) {
    for bh in all() {
        if bh.b_dev.get() != dev {
            continue;
        }
        wait_on_buffer(bh);
        if bh.b_dev.get() == dev {
            bh.b_uptodate.set(false);
            bh.b_dirt.set(false);
        }
    }
}

/// Forgets all that is cached of `dev` if its medium has been changed since the
/// last look (0.11 `check_disk_change`). For `mount` and `open`.
pub fn check_disk_change(dev: Dev) {
    if !disk_changed(dev) {
        return;
    }
    put_super(dev);
    invalidate_inodes(dev);
    invalidate_buffers(dev);
}

#[inline(always)]
fn hash(dev: Dev, block: Block) -> &'static Link {
    &CACHE.hash_table[(dev.0 as u32 ^ block.0) as usize % NR_HASH]
}

impl BufferHead {
    /// The block that is in it.
    pub(crate) fn block(&self) -> Block {
        self.b_blocknr.get()
    }

    /// The device that the block is of.
    pub(crate) fn dev(&self) -> Dev {
        self.b_dev.get()
    }

    /// Where its contents lie, for drivers: while `b_lock` is set, no guard of
    /// the contents is given out for reading from the device.
    pub(crate) fn data_pointer(&self) -> *mut u8 {
        self.data.cast()
    }

    /// Can it be given to another block?
    fn is_free(&self) -> bool {
        self.b_count.get() == 0 && !self.b_dirt.get() && !self.b_lock.get()
    }

    /// Puts it at the end of a list.
    fn move_to(&'static self, busy: bool) {
        let list = |busy| if busy { &CACHE.busy } else { &CACHE.clean };
        list(self.busy.replace(busy)).remove(self);
        list(busy).append(self);
    }

    /// Out of `busy`, if it need not be there.
    fn leave_busy_list(&'static self) {
        if self.busy.get() && self.is_free() {
            self.move_to(false);
        }
    }
}

/// Takes `bh` out of its hash chain (0.11 `remove_from_queues`).
fn remove_from_queues(bh: &'static BufferHead) {
    let (prev, next) = (bh.b_prev.take(), bh.b_next.take());
    if bh.b_dev.get() != Dev::NONE {
        match prev {
            Some(prev) => prev.b_next.set(next),
            None => hash(bh.b_dev.get(), bh.b_blocknr.get()).set(next),
        }
        if let Some(next) = next {
            next.b_prev.set(prev);
        }
    }
}

/// Puts `bh` into the hash chain of its block (0.11 `insert_into_queues`).
fn insert_into_queues(bh: &'static BufferHead) {
    let chain = hash(bh.b_dev.get(), bh.b_blocknr.get());
    let next = chain.replace(Some(bh));
    bh.b_prev.set(None);
    bh.b_next.set(next);
    if let Some(next) = next {
        next.b_prev.set(Some(bh));
    }
}

/// The buffer that holds the block, if one does (0.11 `find_buffer`).
#[inline]
fn find_buffer(dev: Dev, block: Block) -> Option<&'static BufferHead> {
    let mut link = hash(dev, block).get();
    while let Some(bh) = link {
        if bh.b_blocknr.get() == block && bh.b_dev.get() == dev {
            return Some(bh);
        }
        link = bh.b_next.get();
    }
    None
}

/// The block's buffer, if one holds it, when it is neither read nor written
/// (0.11 `get_hash_table`).
#[inline(always)]
pub fn get_hash_table(dev: Dev, block: Block) -> Option<BufferRef> {
    let buffer = BufferRef::new(find_buffer(dev, block)?);
    buffer.0.wanted.set(true);
    // With a handle to it, it cannot become another block's.
    wait_on_buffer(buffer.0);
    Some(buffer)
}

/// Forgets the block's contents, which no one wants any more: it need not be
/// written. Never sleeps. Not in 0.11, whose `free_block` refuses to free a
/// block that someone else has a handle to.
pub(crate) fn forget_block(dev: Dev, block: Block) {
    if let Some(bh) = find_buffer(dev, block) {
        bh.b_dirt.set(false);
    }
}

// ANCHOR: getblk
/// A buffer for the block, with what the cache has of it: nothing, if it is not
/// up to date (0.11 `getblk`).
pub fn getblk(dev: Dev, block: Block) -> BufferRef {
    loop {
        if let Some(buffer) = get_hash_table(dev, block) {
            return buffer;
        }
        // No sleep between the search above and the claim below, or another
        // task might bring the same block in twice.
        if let Some(bh) = free_buffer() {
            remove_from_queues(bh);
            bh.b_uptodate.set(false);
            bh.b_dev.set(dev);
            bh.b_blocknr.set(block);
            insert_into_queues(bh);
            return BufferRef::new(bh);
        }
        make_clean_buffer();
    }
}
// ANCHOR_END: getblk

/// The buffer to take for another block, if one can be taken at once; it counts
/// as the newest then.
fn free_buffer() -> Option<&'static BufferHead> {
    let mut chances = SECOND_CHANCES;
    while let Some(bh) = CACHE.clean.first.get() {
        let free = bh.is_free();
        bh.move_to(!free);
        if free && (!bh.wanted.replace(false) || chances == 0) {
            return Some(bh);
        }
        chances -= u32::from(free);
    }
    None
}

/// The first buffer in `busy` that no one uses.
fn oldest_busy() -> Option<&'static BufferHead> {
    let mut next = CACHE.busy.first.get();
    while let Some(bh) = next
        && bh.b_count.get() != 0
    {
        next = bh.b_next_free.get();
    }
    next
}

/// Sleeps until some buffer may have become clean and unused. All are in
/// `busy`.
#[cold]
#[inline(never)]
fn make_clean_buffer() {
    let Some(oldest) = oldest_busy() else {
        let none = || CACHE.clean.first.get().is_none() && oldest_busy().is_none();
        return CACHE.wait.wait_while(none);
    };
    if oldest.b_dirt.get() {
        let mut next = Some(oldest);
        for _ in 0..WRITE_BATCH {
            let Some(bh) = next else { break };
            next = bh.b_next_free.get();
            if bh.b_dirt.get() && !bh.b_lock.get() {
                ll_rw_block(Rw::Write, bh);
            }
        }
    }
    wait_on_buffer(oldest);
    // Others may have taken it, or all of this, while we slept.
    if oldest.busy.get() {
        oldest.move_to(!oldest.is_free());
    }
}

/// A handle to a buffer. Dropping it is 0.11's `brelse`; it never sleeps.
pub struct BufferRef(&'static BufferHead);

impl BufferRef {
    #[inline(always)]
    fn new(bh: &'static BufferHead) -> Self {
        bh.b_count.set(bh.b_count.get() + 1);
        BufferRef(bh)
    }

    /// The block's contents, for reading. Panics if someone writes to them.
    #[inline(always)]
    pub fn data(&self) -> BufferData<'_> {
        let guards = self.0.guards.get();
        if guards < 0 {
            panic!("a buffer's contents are being written already");
        }
        self.0.guards.set(guards + 1);
        BufferData {
            bh: self.0,
            _no_sleep: NoSleep::new(&"a buffer's contents"),
        }
    }

    /// The block's contents, for writing: call [`Self::mark_dirty`] too. Panics
    /// if someone reads or writes them.
    #[inline(always)]
    pub fn data_mut(&self) -> BufferDataMut<'_> {
        if self.0.guards.get() != 0 {
            panic!("a buffer's contents are in use already");
        }
        self.0.guards.set(-1);
        BufferDataMut {
            bh: self.0,
            _no_sleep: NoSleep::new(&"a buffer's contents"),
        }
    }

    /// What is in it is newer than what is on the disk.
    #[inline(always)]
    pub fn mark_dirty(&self) {
        self.0.b_dirt.set(true);
    }

    /// Is in it what is on the disk, or newer?
    #[inline(always)]
    pub fn is_uptodate(&self) -> bool {
        self.0.b_uptodate.get()
    }

    /// Copies what is in the block from byte `from` on to the piece of user
    /// memory: [`Self::data`] for one copy.
    #[inline(always)]
    pub fn copy_to_user(&self, from: usize, chunk: &mut UserChunk) {
        if self.0.guards.get() < 0 {
            panic!("a buffer's contents are being written already");
        }
        // SAFETY: as for `BufferData`; the copy calls nobody who could ask for
        // the contents meanwhile.
        chunk.copy_from(unsafe { &(&*self.0.data)[from..from + chunk.len()] });
    }

    /// Copies the piece of user memory to byte `to` of the block on.
    #[inline(always)]
    pub fn copy_from_user(&self, to: usize, chunk: &UserChunk) {
        if self.0.guards.get() != 0 {
            panic!("a buffer's contents are in use already");
        }
        // SAFETY: as for `BufferDataMut`, and as above.
        chunk.copy_to(unsafe { &mut (&mut *self.0.data)[to..to + chunk.len()] });
        self.mark_dirty();
    }

    /// Fills it with zeros instead of reading it, for who overwrites it whole.
    pub fn clear(&self) {
        clear_words(&mut self.data_mut());
        self.0.b_uptodate.set(true);
        self.mark_dirty();
    }
}

impl Clone for BufferRef {
    fn clone(&self) -> Self {
        BufferRef::new(self.0)
    }
}

impl Drop for BufferRef {
    /// 0.11 `brelse`, which waits for reading or writing to end; not necessary.
    #[inline]
    fn drop(&mut self) {
        let count = self.0.b_count.get() - 1;
        self.0.b_count.set(count);
        if count == 0 {
            CACHE.wait.wake_up();
        }
    }
}

/// A buffer's contents; no sleep while it lives.
pub struct BufferData<'a> {
    bh: &'a BufferHead,
    _no_sleep: NoSleep,
}

impl Deref for BufferData<'_> {
    type Target = [u8; BLOCK_SIZE];
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // SAFETY: the block of memory that `buffer_init` gave this head alone.
        // `guards` is above 0, so no `&mut` to it exists. A driver writes to it
        // only for a read request, which is made only while it is not up to
        // date and before its reader gets to see the contents.
        unsafe { &*self.bh.data }
    }
}

impl Drop for BufferData<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.bh.guards.set(self.bh.guards.get() - 1);
    }
}

/// A buffer's contents, for writing; no sleep while it lives.
pub struct BufferDataMut<'a> {
    bh: &'a BufferHead,
    _no_sleep: NoSleep,
}

impl Deref for BufferDataMut<'_> {
    type Target = [u8; BLOCK_SIZE];
    #[inline(always)]
    fn deref(&self) -> &Self::Target {
        // SAFETY: as for `BufferData`; `guards` is -1: this is the only guard.
        unsafe { &*self.bh.data }
    }
}

impl DerefMut for BufferDataMut<'_> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut Self::Target {
        // SAFETY: as above, and we are borrowed mutably. A driver may read the
        // block for a write request meanwhile; it does so through a raw
        // pointer, and the buffer is written again because it is dirty.
        unsafe { &mut *self.bh.data }
    }
}

impl Drop for BufferDataMut<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.bh.guards.set(0);
    }
}

/// A buffer with the block's contents (0.11 `bread`, which returns NULL).
///
/// # Errors
/// `EIO` if it cannot be read.
pub fn bread(dev: Dev, block: Block) -> Result<BufferRef, Errno> {
    match bread_cached(dev, block) {
        Some(buffer) => Ok(buffer),
        None => bread_now(dev, block),
    }
}

/// As [`bread`], if there is nothing to wait for.
#[inline(always)]
pub fn bread_cached(dev: Dev, block: Block) -> Option<BufferRef> {
    let bh = find_buffer(dev, block).filter(|bh| bh.b_uptodate.get() && !bh.b_lock.get())?;
    bh.wanted.set(true);
    trace!(CacheHit, dev.0, block.0);
    Some(BufferRef::new(bh))
}

/// The rest of `bread`.
#[inline(never)]
fn bread_now(dev: Dev, block: Block) -> Result<BufferRef, Errno> {
    let buffer = getblk(dev, block);
    if !buffer.is_uptodate() {
        trace!(CacheMiss, dev.0, block.0);
        read_now(&buffer)?;
    }
    Ok(buffer)
}

/// Reads the block into its buffer and waits for it.
#[inline(never)]
fn read_now(buffer: &BufferRef) -> Result<(), Errno> {
    ll_rw_block(Rw::Read, buffer.0);
    wait_on_buffer(buffer.0);
    if buffer.is_uptodate() {
        Ok(())
    } else {
        Err(EIO)
    }
}

/// Fills a page with four blocks; block 0 is a hole and reads as zeros (0.11
/// `bread_page`, which ignores blocks that it cannot read).
///
/// # Errors
/// `EIO` if one cannot be read.
pub fn bread_page(page: &mut Page, dev: Dev, blocks: [Block; 4]) -> Result<(), Errno> {
    let parts = page.data_mut().as_chunks_mut::<BLOCK_SIZE>().0;
    for (part, &block) in parts.iter_mut().zip(&blocks) {
        if block.0 == 0 {
            part.fill(0);
            continue;
        }
        match bread_cached(dev, block) {
            Some(buffer) => copy_words(part, &buffer.data()),
            None => return read_page(page, dev, blocks),
        }
    }
    Ok(())
}

/// The same, where not all blocks are in the cache: all are asked for before
/// the first is waited for.
#[inline(never)]
fn read_page(page: &mut Page, dev: Dev, blocks: [Block; 4]) -> Result<(), Errno> {
    let buffers = blocks.map(|block| {
        if block.0 == 0 {
            return None;
        }
        let buffer = getblk(dev, block);
        if !buffer.is_uptodate() {
            ll_rw_block(Rw::Read, buffer.0);
        }
        Some(buffer)
    });
    for (part, buffer) in page.data_mut().chunks_exact_mut(BLOCK_SIZE).zip(&buffers) {
        match buffer {
            None => part.fill(0),
            Some(buffer) => {
                wait_on_buffer(buffer.0);
                if !buffer.is_uptodate() {
                    return Err(EIO);
                }
                part.copy_from_slice(&*buffer.data());
            }
        }
    }
    Ok(())
}

/// As [`bread`], and asks for the `ahead` blocks that follow as well, without
/// waiting for them (0.11 `breada`, which reads the wrong buffer ahead).
/// `end` is the device's size: nothing is asked for from there on.
///
/// # Errors
/// `EIO` if the first cannot be read.
///
/// Erratum `fs-4`.
pub fn breada(dev: Dev, block: Block, ahead: u32, end: Block) -> Result<BufferRef, Errno> {
    let buffer = getblk(dev, block);
    if buffer.is_uptodate() {
        return Ok(buffer);
    }
    ll_rw_block(Rw::Read, buffer.0);
    for next in block.0 + 1..end.0.min(block.0 + 1 + ahead) {
        // Differs from 0.11: the buffer to read is the next one, not the first
        // again.
        let next = getblk(dev, Block(next));
        if !next.is_uptodate() {
            read_ahead(next.0);
        }
    }
    wait_on_buffer(buffer.0);
    if buffer.is_uptodate() {
        Ok(buffer)
    } else {
        Err(EIO)
    }
}

/// Builds the cache in the memory from `start` to `end`, without the hole from
/// `lower_end`, where memory below 640 KB ends, to 1 MB: heads from the start
/// up, blocks from the end down, until they meet (0.11 `buffer_init`).
///
/// # Safety
/// That memory is mapped to itself and belongs to no one else, for good. Called
/// once, before any other function in here.
pub unsafe fn buffer_init(start: PhysAddr, lower_end: PhysAddr, end: PhysAddr) {
    const HOLE_END: u32 = 0x10_0000;
    let mut head = start.0.next_multiple_of(align_of::<BufferHead>() as u32);
    CACHE
        .start
        .set(core::ptr::with_exposed_provenance(head as usize));
    let mut block = end.0 & !(BLOCK_SIZE as u32 - 1);
    let mut count = 0;
    loop {
        if block <= HOLE_END && block > lower_end.0 {
            block = lower_end.0 & !(BLOCK_SIZE as u32 - 1);
        }
        block -= BLOCK_SIZE as u32;
        // The heads must stay below the blocks, and below the hole.
        let limit = if block >= HOLE_END {
            lower_end.0
        } else {
            block
        };
        if head + size_of::<BufferHead>() as u32 > limit {
            break;
        }
        let place: *mut BufferHead = core::ptr::with_exposed_provenance_mut(head as usize);
        // SAFETY: the caller gives us this memory; it is aligned, and below the
        // blocks handed out so far.
        let bh: &'static BufferHead = unsafe {
            place.write(BufferHead::new(core::ptr::with_exposed_provenance_mut(
                block as usize,
            )));
            &*place
        };
        CACHE.clean.append(bh);
        head += size_of::<BufferHead>() as u32;
        count += 1;
    }
    CACHE.count.set(count);
}

impl BufferHead {
    fn new(data: *mut [u8; BLOCK_SIZE]) -> Self {
        BufferHead {
            data,
            b_blocknr: Cell::new(Block(0)),
            b_dev: Cell::new(Dev::NONE),
            b_uptodate: IrqCell::new(false),
            b_dirt: IrqCell::new(false),
            b_count: Cell::new(0),
            b_lock: IrqCell::new(false),
            b_wait: WaitQueue::new(),
            guards: Cell::new(0),
            wanted: Cell::new(false),
            busy: Cell::new(false),
            b_prev: Cell::new(None),
            b_next: Cell::new(None),
            b_prev_free: Cell::new(None),
            b_next_free: Cell::new(None),
        }
    }
}
