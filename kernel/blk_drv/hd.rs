//! The hard disks: two drives on the first AT or IDE controller, addressed by
//! cylinder, head and sector (0.11 `kernel/blk_drv/hd.c` and
//! `include/linux/hdreg.h`). Minor numbers: 0 the first drive, 1 to 4 its
//! partitions, 5 the second drive, 6 to 9 its partitions.
//!
//! A request is carried out by interrupts: `do_hd_request` gives the drive a
//! command, [`WAITING_FOR`] says what its interrupt will mean, and whoever ends
//! a request begins the next. All of that runs with interrupts off.
//!
//! Differs from 0.11: every command has a time limit ([`hd_times_out`]), so a
//! lost interrupt is a retry, and a silent drive an I/O error; nothing a drive
//! does is a panic; after a reset both drives are told their geometry again.

#[path = "hd/drives.rs"]
mod drives;

use self::drives::{Geometry, find_drive, read_partition_table};
use super::ll_rw_blk::{BlockDriver, Request, end_request, register, with_current};
use crate::arch::boot::setup::boot_info;
use crate::arch::desc::{Stub, set_intr_gate};
use crate::arch::io::{inb, inb_p, outb, outb_p, port_read, port_write};
use crate::arch::irq::irq_save;
use crate::fs::Rw;
use crate::fs::super_block::mount_root;
use crate::kernel::errno::{EPERM, SysResult};
use crate::kernel::printk::printk;
use crate::kernel::sched::{HZ, add_timer, jiffies};
use crate::kernel::shared::IrqCell;
use crate::kernel::task::current;
use crate::kernel::types::Pid;

const MAJOR_NR: u8 = 3;
/// Drives on the controller.
const MAX_HD: usize = 2;
/// Minor numbers of a drive: the whole and four partitions.
const MINORS: usize = 5;
/// A request is given up when its failures weigh this much.
const MAX_ERRORS: u8 = 7;
/// What a missing interrupt weighs; a reported error weighs 1.
const TIMEOUT_WEIGHT: u8 = 3;
/// Ticks that a drive may take for a command or a reset.
const TIME_LIMIT: u32 = 5 * HZ;

/// The controller's registers (IBM PC AT Technical Reference, fixed disk
/// adapter; ATA-1, section 7.2).
const HD_DATA: u16 = 0x1f0;
const HD_ERROR: u16 = 0x1f1;
const HD_PRECOMP: u16 = HD_ERROR;
const HD_NSECTOR: u16 = 0x1f2;
const HD_SECTOR: u16 = 0x1f3;
const HD_LCYL: u16 = 0x1f4;
const HD_HCYL: u16 = 0x1f5;
const HD_CURRENT: u16 = 0x1f6;
const HD_STATUS: u16 = 0x1f7;
const HD_COMMAND: u16 = HD_STATUS;
const HD_CMD: u16 = 0x3f6;

/// Bits of `HD_STATUS`.
const ERR_STAT: u8 = 0x01;
const DRQ_STAT: u8 = 0x08;
const WRERR_STAT: u8 = 0x20;
const READY_STAT: u8 = 0x40;
const BUSY_STAT: u8 = 0x80;

/// The bit of `HD_ERROR` for a command that the drive does not have.
const ABRT_ERR: u8 = 0x04;

/// Bits of `HD_CMD`: no interrupts, reset, and what is always 1.
const CTL_NO_INTERRUPT: u8 = 0x02;
const CTL_RESET: u8 = 0x04;
const CTL_ALWAYS: u8 = 0x08;

/// Commands.
const WIN_RESTORE: u8 = 0x10;
const WIN_READ: u8 = 0x20;
const WIN_WRITE: u8 = 0x30;
const WIN_SPECIFY: u8 = 0x91;

/// Words of a sector.
const SECTOR_WORDS: usize = 256;

/// A drive (0.11 `struct hd_i_struct`). Filled by `sys_setup`.
struct HdInfo {
    cyl: IrqCell<u32>,
    head: IrqCell<u32>,
    sect: IrqCell<u32>,
    /// Is that geometry more than a guess?
    known: IrqCell<bool>,
    /// Where write precompensation begins, for drives from before IDE.
    wpcom: IrqCell<u16>,
    /// Must be told its geometry first; must look for track 0 first.
    specify: IrqCell<bool>,
    recalibrate: IrqCell<bool>,
    /// It let all time limits of its last request pass: the next one gets a
    /// single try.
    silent: IrqCell<bool>,
}

impl HdInfo {
    const fn new() -> Self {
        HdInfo {
            cyl: IrqCell::new(0),
            head: IrqCell::new(0),
            sect: IrqCell::new(0),
            known: IrqCell::new(true),
            wpcom: IrqCell::new(0),
            specify: IrqCell::new(true),
            recalibrate: IrqCell::new(true),
            silent: IrqCell::new(false),
        }
    }

    fn geometry(&self) -> Geometry {
        Geometry {
            cyl: self.cyl.get(),
            head: self.head.get(),
            sect: self.sect.get(),
        }
    }

    fn set_geometry(&self, geometry: Geometry) {
        self.cyl.set(geometry.cyl);
        self.head.set(geometry.head);
        self.sect.set(geometry.sect);
    }
}

/// A drive or a partition (0.11 `struct hd_struct`), in sectors.
struct HdStruct {
    start_sect: IrqCell<u32>,
    /// 0 if there is none.
    nr_sects: IrqCell<u32>,
}

static HD_INFO: [HdInfo; MAX_HD] = [const { HdInfo::new() }; MAX_HD];
static HD: [HdStruct; MINORS * MAX_HD] = [const {
    HdStruct {
        start_sect: IrqCell::new(0),
        nr_sects: IrqCell::new(0),
    }
}; MINORS * MAX_HD];

/// What the next interrupt means (0.11 `do_hd`, a pointer to a function).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// There is no command under way.
    Nothing,
    /// The controller has been reset: not an interrupt, a timer looks.
    Reset,
    Recal,
    Read,
    Write,
}

static WAITING_FOR: IrqCell<Waiting> = IrqCell::new(Waiting::Nothing);
/// The controller must be reset before the next command.
static RESET: IrqCell<bool> = IrqCell::new(false);
/// When the command under way has taken too long, in ticks since boot.
static DEADLINE: IrqCell<u32> = IrqCell::new(0);
/// With `hd=poll` no interrupts are used: the timer asks the drive each tick, for
/// machines on which its interrupt does not come. Not in 0.11.
static POLLED: IrqCell<bool> = IrqCell::new(false);
/// Has the timer for that been set; the one that looks whether a reset is over?
static WATCHED: IrqCell<bool> = IrqCell::new(false);
static RESET_WATCHED: IrqCell<bool> = IrqCell::new(false);

/// Why a command failed.
#[derive(Clone, Copy)]
enum Failure {
    /// The drive says so: `HD_STATUS` and `HD_ERROR`.
    Drive { status: u8, error: u8 },
    /// The drive cannot be given a command.
    NotReady { status: u8 },
    /// No interrupt has come.
    TimedOut,
}

static DRIVER: BlockDriver = BlockDriver {
    name: "harddisk",
    request: do_hd_request,
    blocks,
    changed: |_| false,
};

/// The size of a drive or partition in blocks of 1 KB.
fn blocks(minor: u8) -> Option<u32> {
    match HD.get(minor as usize)?.nr_sects.get() {
        0 => None,
        sectors => Some(sectors / 2),
    }
}

/// Looks for drives, reads their partition tables and mounts the root, for
/// init, once (0.11 `sys_setup`, which anyone may call, and which panics at a
/// bad partition table). It is a system call because reading a disk may sleep,
/// and task 0 must not.
///
/// # Errors
/// `EPERM` for anyone but init, and the second time.
///
/// Erratum `misc-1`.
pub fn sys_setup() -> SysResult {
    static CALLABLE: IrqCell<bool> = IrqCell::new(true);
    if !CALLABLE.get() || current().pid.get() != Pid(1) {
        return Err(EPERM);
    }
    CALLABLE.set(false);
    let found = [0, 1].map(find_drive);
    POLLED.set(boot_info().option("hd") == Some("poll"));
    if found != [false; MAX_HD] && !POLLED.get() {
        outb_p(inb_p(0x21) & !0x04, 0x21); // the second interrupt controller
        outb(inb_p(0xa1) & !0x40, 0xa1); // irq 14
    }
    for (drive, _) in found.iter().enumerate().filter(|(_, found)| **found) {
        read_partition_table(drive);
    }
    mount_root();
    Ok(0)
}

/// Waits, a few milliseconds at most, until the selected drive takes a command
/// (0.11 `controller_ready`).
///
/// Erratum `hd-2`.
fn controller_ready(mask: u8, wanted: u8) -> Result<(), Failure> {
    const TRIES: u32 = 3000;
    let mut status = 0;
    for _ in 0..TRIES {
        status = inb_p(HD_STATUS);
        if status & mask == wanted {
            return Ok(());
        }
    }
    Err(Failure::NotReady { status })
}

/// How the last command ended (0.11 `win_result`): the status if well.
fn win_result() -> Result<u8, Failure> {
    let status = inb_p(HD_STATUS);
    if status & (BUSY_STAT | READY_STAT | WRERR_STAT | ERR_STAT) == READY_STAT {
        return Ok(status);
    }
    let error = if status & ERR_STAT != 0 {
        inb(HD_ERROR)
    } else {
        0
    };
    Err(Failure::Drive { status, error })
}

/// Where on a drive a command begins.
#[derive(Clone, Copy, Default)]
struct Place {
    sect: u32,
    head: u32,
    cyl: u32,
}

/// Gives the drive a command, whose interrupt means `then` (0.11 `hd_out`).
fn hd_out(drive: usize, nsect: u32, at: Place, cmd: u8, then: Waiting) -> Result<(), Failure> {
    // The drive that was selected last must be idle before another is.
    controller_ready(BUSY_STAT, 0)?;
    outb_p(0xa0 | (drive as u8) << 4 | at.head as u8, HD_CURRENT);
    controller_ready(BUSY_STAT | READY_STAT, READY_STAT)?;
    wait_for(then);
    outb_p(CTL_ALWAYS, HD_CMD);
    outb_p((HD_INFO[drive].wpcom.get() >> 2) as u8, HD_PRECOMP);
    outb_p(nsect as u8, HD_NSECTOR);
    outb_p(at.sect as u8, HD_SECTOR);
    outb_p(at.cyl as u8, HD_LCYL);
    outb_p((at.cyl >> 8) as u8, HD_HCYL);
    // The pause is for the drive: its status is valid after 400 ns.
    outb_p(cmd, HD_COMMAND);
    Ok(())
}

/// The next interrupt means `what`, and must come within the time limit. Not in
/// 0.11.
fn wait_for(what: Waiting) {
    WAITING_FOR.set(what);
    DEADLINE.set(jiffies().0.wrapping_add(TIME_LIMIT));
    if !WATCHED.get() {
        let next = if POLLED.get() { 1 } else { TIME_LIMIT };
        WATCHED.set(add_timer(next, hd_times_out));
    }
}

/// The timer: has the command under way taken too long? Not in 0.11.
///
/// Erratum `hd-1`.
fn hd_times_out() {
    WATCHED.set(false);
    if POLLED.get() {
        poll();
    }
    if WAITING_FOR.get() == Waiting::Nothing {
        return;
    }
    let left = DEADLINE.get().wrapping_sub(jiffies().0);
    if left as i32 > 0 {
        let next = if POLLED.get() { 1 } else { left };
        WATCHED.set(add_timer(next, hd_times_out));
        return;
    }
    RESET.set(true);
    bad_rw_intr(Failure::TimedOut);
    do_hd_request();
}

/// Does the interrupt's work for a drive that is ready, with `hd=poll`. A bounded
/// number of sectors in one tick. Not in 0.11.
fn poll() {
    for _ in 0..16 {
        if WAITING_FOR.get() == Waiting::Nothing || drive_busy() {
            break;
        }
        do_hd();
    }
}

/// Is the selected drive still busy (0.11 `drive_busy`)?
///
/// Erratum `hd-3`.
fn drive_busy() -> bool {
    inb_p(HD_STATUS) & BUSY_STAT != 0
}

/// Resets both drives; `reset_wait` goes on when they are ready (0.11
/// `reset_controller`). 0.11 waits here, with interrupts off.
fn reset_controller() {
    const PULSE: u32 = 10; // microseconds; 5 are enough
    RESET.set(false);
    for info in &HD_INFO {
        info.specify.set(info.known.get());
        info.recalibrate.set(true);
    }
    for _ in 0..PULSE {
        outb_p(CTL_ALWAYS | CTL_RESET, HD_CMD);
    }
    outb_p(CTL_ALWAYS, HD_CMD);
    wait_for(Waiting::Reset);
    watch_reset();
}

/// Looks after a tick or two: the status is valid 2 ms after a reset.
fn watch_reset() {
    if !RESET_WATCHED.get() {
        RESET_WATCHED.set(add_timer(2, reset_wait));
    }
}

/// The timer: is the reset over? Not in 0.11.
fn reset_wait() {
    RESET_WATCHED.set(false);
    if WAITING_FOR.get() != Waiting::Reset {
        return;
    }
    if drive_busy() {
        return watch_reset();
    }
    let error = inb(HD_ERROR);
    if error & 0x7f != 1 {
        printk!("HD-controller reset failed: {error:02x}\n");
    }
    WAITING_FOR.set(Waiting::Nothing);
    do_hd_request();
}

/// Tells the drive its geometry (0.11 `reset_hd`). 0.11 resets the controller
/// here too.
fn reset_hd(drive: usize) -> Result<(), Failure> {
    let info = &HD_INFO[drive];
    info.specify.set(false);
    let at = Place {
        sect: info.sect.get(),
        head: info.head.get() - 1,
        cyl: info.cyl.get(),
    };
    hd_out(drive, info.sect.get(), at, WIN_SPECIFY, Waiting::Recal)
}

/// The controller's interrupt (called by `hd_interrupt`). One that comes while
/// the drive is busy is of a command that was given up.
#[unsafe(no_mangle)]
extern "C" fn do_hd() {
    // Reading the status takes the request back.
    if drive_busy() {
        return;
    }
    match WAITING_FOR.get() {
        Waiting::Nothing | Waiting::Reset => unexpected_hd_interrupt(),
        Waiting::Recal => recal_intr(),
        Waiting::Read => read_intr(),
        Waiting::Write => write_intr(),
    }
}

/// Nothing is expected (0.11 `unexpected_hd_interrupt`): a drive that comes too
/// late, or one that has been reset. 0.11 prints a message; there is nothing
/// that anyone could do.
fn unexpected_hd_interrupt() {}

/// A command has failed (0.11 `bad_rw_intr`): try again, but not for ever.
fn bad_rw_intr(failure: Failure) {
    WAITING_FOR.set(Waiting::Nothing);
    let Some(request) = with_current(MAJOR_NR, |request| {
        request.errors += weight(failure, drive_of(request));
        *request
    }) else {
        return;
    };
    if request.errors > MAX_ERRORS / 2 {
        RESET.set(true);
    }
    if request.errors >= MAX_ERRORS {
        give_up(&request, failure);
        end_request(MAJOR_NR, false);
    }
}

/// The drive that the request is for.
fn drive_of(request: &Request) -> usize {
    (request.dev.minor() as usize / MINORS).min(MAX_HD - 1)
}

/// How much a failure counts.
fn weight(failure: Failure, drive: usize) -> u8 {
    match failure {
        Failure::TimedOut if HD_INFO[drive].silent.get() => MAX_ERRORS,
        Failure::TimedOut => TIMEOUT_WEIGHT,
        Failure::Drive { .. } | Failure::NotReady { .. } => 1,
    }
}

#[cold]
#[inline(never)]
fn give_up(request: &Request, failure: Failure) {
    let verb = if request.cmd == Rw::Write {
        "writing"
    } else {
        "reading"
    };
    printk!(
        "hd{}: {verb} sector {}: ",
        request.dev.minor(),
        request.sector
    );
    match failure {
        Failure::Drive { status, error } => printk!("status {status:02x}, error {error:02x}\n"),
        Failure::NotReady { status } => printk!("not ready, status {status:02x}\n"),
        Failure::TimedOut => {
            HD_INFO[drive_of(request)].silent.set(true);
            printk!("no answer in {} seconds\n", TIME_LIMIT / HZ);
        }
    }
}

/// A sector of the first request has been moved; `true` if it was the last.
fn next_sector(request: &mut Request) -> bool {
    HD_INFO[drive_of(request)].silent.set(false);
    request.errors = 0;
    request.sector += 1;
    request.nr_sectors -= 1;
    request.buffer = request.buffer.wrapping_add(2 * SECTOR_WORDS);
    request.nr_sectors == 0
}

/// Moves a sector between the drive and the first request's memory.
fn move_sector(request: &Request) {
    let words = request.buffer.cast::<u16>();
    // SAFETY: the request has a sector left, so these 512 bytes are its
    // buffer's, even-aligned as blocks are; the buffer is locked, so no one
    // else touches it. They become a slice for this one instruction only.
    unsafe {
        match request.cmd {
            Rw::Read => {
                port_read(
                    HD_DATA,
                    core::slice::from_raw_parts_mut(words, SECTOR_WORDS),
                );
            }
            Rw::Write => port_write(HD_DATA, core::slice::from_raw_parts(words, SECTOR_WORDS)),
        }
    }
}

/// A sector has been read and waits in the controller (0.11 `read_intr`).
fn read_intr() {
    match win_result() {
        // Not the interrupt that we wait for: that one comes with data.
        Ok(status) if status & DRQ_STAT == 0 => return,
        Ok(_) => {}
        Err(failure) => {
            bad_rw_intr(failure);
            return do_hd_request();
        }
    }
    let last = with_current(MAJOR_NR, |request| {
        move_sector(request);
        next_sector(request)
    });
    sector_done(last, Waiting::Read);
}

/// A sector has been written (0.11 `write_intr`).
fn write_intr() {
    let status = match win_result() {
        Ok(status) => status,
        Err(failure) => {
            bad_rw_intr(failure);
            return do_hd_request();
        }
    };
    let more = with_current(MAJOR_NR, |request| request.nr_sectors > 1);
    if more == Some(status & DRQ_STAT == 0) {
        return; // as in `read_intr`: the drive asks for data if some are left
    }
    let last = with_current(MAJOR_NR, |request| {
        let last = next_sector(request);
        if !last {
            move_sector(request);
        }
        last
    });
    sector_done(last, Waiting::Write);
}

/// Waits for the next sector's interrupt, or ends the request and begins
/// another one.
fn sector_done(last: Option<bool>, then: Waiting) {
    if last == Some(false) {
        return wait_for(then);
    }
    WAITING_FOR.set(Waiting::Nothing);
    end_request(MAJOR_NR, true);
    do_hd_request();
}

/// The drive has been told its geometry or has found track 0 (0.11
/// `recal_intr`). Drives that need neither may refuse both.
fn recal_intr() {
    WAITING_FOR.set(Waiting::Nothing);
    match win_result() {
        Ok(_)
        | Err(Failure::Drive {
            error: ABRT_ERR, ..
        }) => {}
        Err(failure) => bad_rw_intr(failure),
    }
    do_hd_request();
}

/// Begins the next request, if the drives are idle (0.11 `do_hd_request`).
/// Called for the first request of an idle queue, and at the end of each.
fn do_hd_request() {
    let _irq = irq_save();
    while WAITING_FOR.get() == Waiting::Nothing {
        let Some(request) = with_current(MAJOR_NR, |request| *request) else {
            return;
        };
        match start_sector(&request) {
            None => end_request(MAJOR_NR, false),
            Some(sector) => {
                if let Err(failure) = begin(&request, sector) {
                    RESET.set(true);
                    bad_rw_intr(failure);
                }
            }
        }
    }
}

/// The sector of the drive that the request begins at; `None` if the request
/// goes beyond the end of its partition, or there is no such partition.
fn start_sector(request: &Request) -> Option<u32> {
    let part = HD.get(request.dev.minor() as usize)?;
    let end = request.sector.checked_add(request.nr_sectors)?;
    (end <= part.nr_sects.get()).then(|| part.start_sect.get() + request.sector)
}

/// Begins what must be done next for the request.
fn begin(request: &Request, sector: u32) -> Result<(), Failure> {
    let drive = drive_of(request);
    let info = &HD_INFO[drive];
    if RESET.get() {
        reset_controller();
        return Ok(());
    }
    if info.specify.get() {
        return reset_hd(drive);
    }
    if info.recalibrate.get() {
        info.recalibrate.set(false);
        return hd_out(
            drive,
            info.sect.get(),
            Place::default(),
            WIN_RESTORE,
            Waiting::Recal,
        );
    }
    let track = sector / info.sect.get();
    let at = Place {
        sect: sector % info.sect.get() + 1,
        head: track % info.head.get(),
        cyl: track / info.head.get(),
    };
    match request.cmd {
        Rw::Read => hd_out(drive, request.nr_sectors, at, WIN_READ, Waiting::Read),
        Rw::Write => {
            hd_out(drive, request.nr_sectors, at, WIN_WRITE, Waiting::Write)?;
            controller_ready(BUSY_STAT | DRQ_STAT, DRQ_STAT)?;
            move_sector(request);
            Ok(())
        }
    }
}

unsafe extern "C" {
    fn hd_interrupt();
}

/// Enters the driver (0.11 `hd_init`). `sys_setup` lets interrupts in, if there
/// is a drive.
pub fn hd_init() {
    register(MAJOR_NR, &DRIVER);
    set_intr_gate(0x2e, hd_interrupt as Stub);
}
