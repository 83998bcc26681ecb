//! Requests to block devices, and the queue that each driver works through
//! (0.11 `kernel/blk_drv/ll_rw_blk.c` and `blk.h`).
//!
//! A driver is a [`BlockDriver`]. Its `request` function is called when a
//! request arrives at an idle device; it looks at the first one with
//! [`with_current`], carries it out, now or by interrupts, and then calls
//! [`end_request`], which makes the next one the first.

use crate::fs::Rw;
use crate::fs::buffer::BufferHead;
use crate::kernel::printk::printk;
use crate::kernel::shared::{IrqCell, IrqShared};
use crate::kernel::trace::trace;
use crate::kernel::types::{Block, Dev};
use crate::kernel::wait::WaitQueue;

/// Major numbers below this may be block devices.
pub const NR_BLK_DEV: usize = 7;
/// Places in the queue, for all devices together. Writes may fill two thirds of
/// it only, so that reads, which someone waits for, find a place.
pub const NR_REQUEST: usize = 32;
const NR_WRITES: usize = NR_REQUEST * 2 / 3;
/// Sectors of 512 bytes in a block.
const SECTORS_PER_BLOCK: u32 = 2;

/// What a driver offers (0.11 `struct blk_dev_struct`, and what `blk.h` defines
/// by `MAJOR_NR`).
pub struct BlockDriver {
    /// For messages (0.11 `DEVICE_NAME`).
    pub name: &'static str,
    /// Carries out the first request and those behind it, or starts to.
    pub request: fn(),
    /// The size of a device in blocks; `None` if there is no such device.
    pub blocks: fn(minor: u8) -> Option<u32>,
    /// Has the medium been changed since the last call?
    pub changed: fn(minor: u8) -> bool,
}

/// A request: sectors to move between a device and memory.
#[derive(Clone, Copy)]
pub struct Request {
    pub dev: Dev,
    pub cmd: Rw,
    /// How often it has failed so far; for the driver.
    pub errors: u8,
    /// The first sector of 512 bytes.
    pub sector: u32,
    pub nr_sectors: u32,
    /// The memory, `nr_sectors * 512` bytes, which no one else touches until
    /// `end_request`: it is a locked buffer's.
    pub buffer: *mut u8,
    bh: &'static BufferHead,
    next: Option<u8>,
}

impl Request {
    /// 0.11 `IN_ORDER`: reads before writes, then by device and sector.
    fn is_before(&self, other: &Request) -> bool {
        let key = |r: &Request| ((r.cmd == Rw::Write) as u32, r.dev.0, r.sector);
        key(self) < key(other)
    }
}

/// All requests, and the first one of each driver (0.11 `request[]` and
/// `blk_dev[].current_request`).
struct Queues {
    request: [Option<Request>; NR_REQUEST],
    current: [Option<u8>; NR_BLK_DEV],
}

// SAFETY: the pointers in requests are to buffers, which are in the kernel's
// memory for good; there is one CPU.
unsafe impl Send for Queues {}

static QUEUES: IrqShared<Queues> = IrqShared::new(
    &"the request queue",
    Queues {
        request: [const { None }; NR_REQUEST],
        current: [None; NR_BLK_DEV],
    },
);

static WAIT_FOR_REQUEST: WaitQueue = WaitQueue::new();

/// The drivers by major number (0.11 `blk_dev[]`).
static BLK_DEV: [IrqCell<Option<&'static BlockDriver>>; NR_BLK_DEV] =
    [const { IrqCell::new(None) }; NR_BLK_DEV];

/// Enters a driver for the major number.
pub fn register(major: u8, driver: &'static BlockDriver) {
    BLK_DEV[major as usize].set(Some(driver));
}

fn driver(dev: Dev) -> Option<&'static BlockDriver> {
    BLK_DEV.get(dev.major() as usize)?.get()
}

/// The size of the device in blocks; `None` if there is none. Not in 0.11,
/// which does not know how large its devices are.
pub fn blk_size(dev: Dev) -> Option<u32> {
    (driver(dev)?.blocks)(dev.minor())
}

/// Has the device's medium been changed since the last call?
pub fn disk_changed(dev: Dev) -> bool {
    driver(dev).is_some_and(|driver| (driver.changed)(dev.minor()))
}

/// Sleeps until the buffer is neither read nor written, and claims it
/// (0.11 `lock_buffer`).
fn lock_buffer(bh: &BufferHead) {
    if bh.b_lock.get() {
        bh.b_wait.wait_while(|| bh.b_lock.get());
    }
    bh.b_lock.set(true);
}

/// Lets go of the buffer (0.11 `unlock_buffer`). Also for interrupt handlers.
fn unlock_buffer(bh: &BufferHead) {
    bh.b_lock.set(false);
    bh.b_wait.wake_up();
}

impl Queues {
    /// A free place for a request of this kind.
    fn free_place(&self, cmd: Rw) -> Option<usize> {
        let places = if cmd == Rw::Read {
            NR_REQUEST
        } else {
            NR_WRITES
        };
        self.request[..places].iter().rposition(Option::is_none)
    }

    /// The request at a place that is known to be taken.
    fn at(&mut self, place: u8) -> &mut Request {
        match &mut self.request[place as usize] {
            Some(request) => request,
            None => panic!("request list destroyed"),
        }
    }

    /// Puts the request at `place` into its driver's queue in the elevator's
    /// order. True if the driver was idle.
    fn insert(&mut self, major: usize, place: u8) -> bool {
        let new = *self.at(place);
        let Some(mut before) = self.current[major] else {
            self.current[major] = Some(place);
            return true;
        };
        while let Some(after) = self.at(before).next {
            let (first, second) = (*self.at(before), *self.at(after));
            if (first.is_before(&new) || !first.is_before(&second)) && new.is_before(&second) {
                break;
            }
            before = after;
        }
        self.at(place).next = self.at(before).next;
        self.at(before).next = Some(place);
        false
    }
}

/// Queues a request for the locked buffer, if there is a place for it
/// (0.11 `add_request`).
fn add_request(driver: &BlockDriver, cmd: Rw, bh: &'static BufferHead) -> bool {
    let mut queues = QUEUES.lock();
    let Some(place) = queues.free_place(cmd) else {
        return false;
    };
    queues.request[place] = Some(Request {
        dev: bh.dev(),
        cmd,
        errors: 0,
        sector: bh.block().0 * SECTORS_PER_BLOCK,
        nr_sectors: SECTORS_PER_BLOCK,
        buffer: bh.data_pointer(),
        bh,
        next: None,
    });
    bh.b_dirt.set(false);
    trace!(Request, bh.dev().0, bh.block().0, cmd == Rw::Write);
    let idle = queues.insert(bh.dev().major() as usize, place as u8);
    drop(queues);
    if idle {
        (driver.request)();
    }
    true
}

// ANCHOR: make_request
/// 0.11 `make_request`; `ahead` is 0.11's `READA`: rather not at all than wait.
fn make_request(driver: &BlockDriver, cmd: Rw, ahead: bool, bh: &'static BufferHead) {
    if ahead && bh.b_lock.get() {
        return;
    }
    lock_buffer(bh);
    let needless = match cmd {
        Rw::Read => bh.b_uptodate.get(),
        Rw::Write => !bh.b_dirt.get(),
    };
    if needless {
        return unlock_buffer(bh);
    }
    while !add_request(driver, cmd, bh) {
        if ahead {
            return unlock_buffer(bh);
        }
        WAIT_FOR_REQUEST.wait_while(|| QUEUES.lock().free_place(cmd).is_none());
    }
}
// ANCHOR_END: make_request

/// Asks the buffer's device to read it, if it is not up to date, or to write
/// it, if it is dirty; it is locked until that is done (0.11 `ll_rw_block`).
/// May sleep for a place in the queue. A buffer of a device that does not exist
/// stays as it is, and so is not up to date.
pub fn ll_rw_block(cmd: Rw, bh: &'static BufferHead) {
    match driver(bh.dev()) {
        Some(driver) => make_request(driver, cmd, false, bh),
        None => no_driver(bh),
    }
}

/// As [`ll_rw_block`] for reading, but does nothing where it would have to
/// wait (0.11 `ll_rw_block` with `READA`).
pub fn read_ahead(bh: &'static BufferHead) {
    if let Some(driver) = driver(bh.dev()) {
        make_request(driver, Rw::Read, true, bh);
    }
}

#[cold]
#[inline(never)]
fn no_driver(bh: &BufferHead) {
    bh.b_dirt.set(false);
    printk!(
        "Trying to read or write nonexistent block-device {}\n",
        bh.dev()
    );
}

/// Calls `f` with the driver's first request; `None` if there is none
/// (0.11 `CURRENT`). Interrupts are off meanwhile.
pub fn with_current<R>(major: u8, f: impl FnOnce(&mut Request) -> R) -> Option<R> {
    let mut queues = QUEUES.lock();
    let place = queues.current[major as usize]?;
    Some(f(queues.at(place)))
}

/// Ends the driver's first request, well or badly, and wakes who waits for it
/// (0.11 `end_request`). Also for interrupt handlers.
pub fn end_request(major: u8, uptodate: bool) {
    let mut queues = QUEUES.lock();
    let Some(place) = queues.current[major as usize] else {
        return;
    };
    let Some(request) = queues.request[place as usize].take() else {
        return;
    };
    queues.current[major as usize] = request.next;
    drop(queues);
    request.bh.b_uptodate.set(uptodate);
    trace!(RequestDone, request.dev.0, request.bh.block().0, uptodate);
    unlock_buffer(request.bh);
    if !uptodate {
        report_error(request.dev, request.bh.block());
    }
    WAIT_FOR_REQUEST.wake_up();
}

#[cold]
#[inline(never)]
fn report_error(dev: Dev, block: Block) {
    let name = driver(dev).map_or("block device", |driver| driver.name);
    printk!("{name} I/O error: dev {dev}, block {block}\n");
}

/// Nothing to do: the queue is empty from the start (0.11 `blk_dev_init`).
pub fn blk_dev_init() {}
