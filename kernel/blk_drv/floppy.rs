//! The floppy disks (0.11 `kernel/blk_drv/floppy.c` and
//! `include/linux/fdreg.h`). A minor number is `type << 2 | drive`; type 0 is
//! the one that the CMOS has for the drive.
//!
//! A request goes through steps: motor, reset, specify, recalibrate, seek,
//! transfer. `do_fd_request` finds out which one is missing and begins it;
//! [`WAITING_FOR`] says which it is, and the interrupt or the timer that ends
//! it calls `do_fd_request` again. All of that runs with interrupts off.
//!
//! Differs from 0.11: each step has a time limit, and each failure counts, so
//! that resets do not go on for ever; data go through a buffer of the driver's
//! own, so that a late transfer hits nobody's memory; a diskette that is changed
//! is not read or written until `open` or `mount` has seen the change; an empty
//! drive is an error at once; motors stop three seconds after their last use.

mod drive;
mod format;

use self::drive::{CHANGES_SEEN, DRIVE, NO_CHANGE, UNKNOWN, look_at_change_line};
use self::format::{FLOPPY_TYPE, FloppyStruct, NATIVE_TYPE};
use super::ll_rw_blk::{BlockDriver, Request, end_request, register, with_current};
use crate::arch::desc::{Stub, set_intr_gate};
use crate::arch::io::{inb_p, outb, outb_p};
use crate::arch::irq::irq_save;
use crate::fs::{BLOCK_SIZE, Rw};
use crate::kernel::sched::{
    CURRENT_DOR, HZ, add_timer, floppy_off, floppy_on, jiffies, ticks_to_floppy_on,
};
use crate::kernel::shared::IrqCell;
use crate::kernel::wait::WaitQueue;
use crate::printk;
use core::cell::UnsafeCell;

const MAJOR_NR: u8 = 2;
/// Drives of a controller; the CMOS knows two.
const DRIVES: usize = 4;
/// A request is given up when its failures weigh this much.
const MAX_ERRORS: u8 = 8;
/// What a missing interrupt weighs; a reported error weighs 1.
const TIMEOUT_WEIGHT: u8 = 3;
/// Ticks that a step may take: the longest, a recalibration over 80 tracks with
/// steps of 12 ms, is one second.
const TIME_LIMIT: u32 = 3 * HZ;
/// Ticks until a head that was moved is still.
const SETTLE: u32 = 2;

/// The controller's registers (Intel 82077AA data sheet, section 2).
pub const FD_DOR: u16 = 0x3f2;
const FD_STATUS: u16 = 0x3f4;
const FD_DATA: u16 = 0x3f5;
const FD_DCR: u16 = 0x3f7;

/// Bits of the main status register.
const STATUS_BUSY: u8 = 0x10;
const STATUS_DIR: u8 = 0x40;
const STATUS_READY: u8 = 0x80;

/// The bit of `FD_DOR` that is 0 for a reset.
const DOR_NO_RESET: u8 = 0x04;

/// Status 1: write protected, and data came too fast for the DMA.
const ST1_WP: u8 = 0x02;
const ST1_OR: u8 = 0x10;

/// Commands. Reading and writing: both sides, MFM; reading skips deleted data.
const FD_RECALIBRATE: u8 = 0x07;
const FD_SEEK: u8 = 0x0f;
const FD_READ: u8 = 0xe6;
const FD_WRITE: u8 = 0xc5;
const FD_SENSEI: u8 = 0x08;
const FD_SPECIFY: u8 = 0x03;
/// Second byte of SPECIFY: heads loaded in 6 ms, DMA.
const SPEC2: u8 = 6;

/// DMA controller 1, channel 2 (Intel 8237A data sheet): single mode.
const DMA_READ: u8 = 0x46;
const DMA_WRITE: u8 = 0x4a;

/// Most bytes that the controller answers.
const MAX_REPLIES: usize = 7;
type Reply = [u8; MAX_REPLIES];

/// Which step is under way (0.11 `do_floppy`, a pointer to a function).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    Nothing,
    /// A timer: the motor, or the head after a seek.
    Settle,
    Reset,
    Recal,
    Seek,
    Transfer,
}

static WAITING_FOR: IrqCell<Waiting> = IrqCell::new(Waiting::Nothing);
/// The controller must be reset first. Who knows how the BIOS left it?
static RESET: IrqCell<bool> = IrqCell::new(true);
/// When the step under way has taken too long, in ticks since boot.
static DEADLINE: IrqCell<u32> = IrqCell::new(0);
/// Has the timer for that been set; the one of `Waiting::Settle`?
static WATCHED: IrqCell<bool> = IrqCell::new(false);
static SETTLING: IrqCell<bool> = IrqCell::new(false);
/// What the controller was told last; impossible values at first.
static CUR_SPEC1: IrqCell<u8> = IrqCell::new(0);
static CUR_RATE: IrqCell<u8> = IrqCell::new(UNKNOWN);
/// Where the seek under way goes, in steps.
static SEEK_TRACK: IrqCell<u8> = IrqCell::new(0);
/// The selected drive is in use: no one may select another.
pub static SELECTED: IrqCell<bool> = IrqCell::new(false);
static WAIT_ON_FLOPPY_SELECT: WaitQueue = WaitQueue::new();

/// Why a step failed.
#[derive(Clone, Copy)]
enum Failure {
    /// The controller takes no command or gives no answer.
    Controller,
    /// The drive has not found track 0, or the wrong track.
    Seek,
    /// Status 0 to 2 of a transfer.
    Transfer([u8; 3]),
    /// No interrupt has come.
    TimedOut,
    WriteProtected,
    NoDiskette,
    /// Another diskette, and `open` or `mount` has not been told yet.
    Changed,
}

/// What is transferred by DMA: a block below 16 MB that crosses no multiple of
/// 64 KB.
#[repr(C, align(1024))]
struct TmpFloppyArea(UnsafeCell<[u8; BLOCK_SIZE]>);
// SAFETY: the driver touches it with interrupts off, between transfers; the
// DMA controller, during one.
unsafe impl Sync for TmpFloppyArea {}
/// 0.11 `tmp_floppy_area`.
static TMP_FLOPPY_AREA: TmpFloppyArea = TmpFloppyArea(UnsafeCell::new([0; BLOCK_SIZE]));

static DRIVER: BlockDriver = BlockDriver {
    name: "floppy",
    request: do_fd_request,
    blocks,
    changed: floppy_change,
};

/// The drive and the format of a minor number, if there are such.
fn device(minor: u8) -> Option<(usize, &'static FloppyStruct)> {
    let drive = (minor & 3) as usize;
    let cmos = DRIVE[drive].cmos.get();
    let format = match minor >> 2 {
        0 => *NATIVE_TYPE.get(cmos as usize)?,
        format => format,
    };
    let format = FLOPPY_TYPE.get(format as usize)?;
    (cmos != 0 && format.size != 0).then_some((drive, format))
}

/// The size of a diskette in blocks of 1 KB.
fn blocks(minor: u8) -> Option<u32> {
    device(minor).map(|(_, format)| format.size / 2)
}

/// Lets others select a drive; this one's motor may stop (0.11
/// `floppy_deselect`).
fn floppy_deselect(drive: usize) {
    floppy_off(drive);
    SELECTED.set(false);
    WAIT_ON_FLOPPY_SELECT.wake_up();
}

/// Has the diskette been changed since the last call for this minor number?
/// Sleeps until the motor runs and the drive can be asked (0.11
/// `floppy_change`).
fn floppy_change(minor: u8) -> bool {
    let Some((drive, _)) = device(minor) else {
        return false;
    };
    let selected = || (CURRENT_DOR.get() & 3) as usize == drive;
    loop {
        WAIT_ON_FLOPPY_SELECT.wait_while(|| !selected() && SELECTED.get());
        // Only a request may select another drive while this one's motor starts:
        // else two that open different drives take them from each other for ever,
        // as in 0.11.
        if ticks_to_floppy_on(drive) > 0 {
            SELECTED.set(true);
            floppy_on(drive);
        }
        if selected() {
            break;
        }
    }
    let _irq = irq_save();
    look_at_change_line(drive);
    match with_current(MAJOR_NR, |request| (request.dev.minor() & 3) as usize) {
        None => floppy_deselect(drive),
        // The request's end lets others select.
        Some(user) if user != drive => floppy_off(drive),
        Some(_) => {}
    }
    let (seen, changes) = (&CHANGES_SEEN[minor as usize], DRIVE[drive].changes.get());
    // Nothing is kept of a diskette that was not looked at yet.
    let changed = seen.get() != NO_CHANGE && seen.get() != changes;
    seen.set(changes);
    changed
}

/// Copies a block between the request's memory and the DMA's (0.11
/// `copy_buffer`).
fn copy_buffer(request: &Request) {
    let area = TMP_FLOPPY_AREA.0.get().cast::<u8>();
    let length = (request.nr_sectors as usize * 512).min(BLOCK_SIZE);
    // SAFETY: both are `length` bytes at least, and apart: the request's are a
    // locked buffer in the cache. No transfer is under way.
    unsafe {
        match request.cmd {
            Rw::Read => request.buffer.copy_from_nonoverlapping(area, length),
            Rw::Write => request.buffer.copy_to_nonoverlapping(area, length),
        }
    }
}

/// Prepares DMA channel 2 for a block (0.11 `setup_DMA`). The only memory that
/// it ever is given is [`TMP_FLOPPY_AREA`].
#[expect(non_snake_case, reason = "0.11's name")]
fn setup_DMA(request: &Request) {
    if request.cmd == Rw::Write {
        copy_buffer(request);
    }
    let mode = if request.cmd == Rw::Read {
        DMA_READ
    } else {
        DMA_WRITE
    };
    let address = TMP_FLOPPY_AREA.0.get().expose_provenance() as u32;
    let count = request.nr_sectors * 512 - 1;
    for (value, port) in [
        (4 | 2, 0x0a), // masks the channel
        (0, 0x0c),     // low bytes come first
        (mode, 0x0b),
        (address as u8, 0x04),
        ((address >> 8) as u8, 0x04),
        ((address >> 16) as u8, 0x81),
        (count as u8, 0x05),
        ((count >> 8) as u8, 0x05),
        (2, 0x0a), // opens the channel
    ] {
        outb_p(value, port);
    }
}

/// Stops a transfer that may still be under way.
fn mask_dma() {
    outb_p(4 | 2, 0x0a);
}

/// Waits, some milliseconds at most, for the controller to be ready for a byte
/// in one direction or the other; returns the main status.
fn wait_for_controller() -> Result<u8, Failure> {
    const TRIES: u32 = 3000;
    for _ in 0..TRIES {
        let status = inb_p(FD_STATUS);
        if status & STATUS_READY != 0 {
            return Ok(status);
        }
    }
    Err(Failure::Controller)
}

/// Gives the controller a byte of a command (0.11 `output_byte`).
fn output_byte(byte: u8) -> Result<(), Failure> {
    if wait_for_controller()? & STATUS_DIR != 0 {
        return Err(Failure::Controller);
    }
    outb_p(byte, FD_DATA);
    Ok(())
}

fn output_bytes(bytes: &[u8]) -> Result<(), Failure> {
    bytes.iter().try_for_each(|&byte| output_byte(byte))
}

/// Takes the controller's answer (0.11 `result`): the bytes, and how many there
/// are.
fn result() -> Result<(Reply, usize), Failure> {
    let mut reply = [0; MAX_REPLIES];
    let mut count = 0;
    loop {
        let status = wait_for_controller()? & (STATUS_DIR | STATUS_BUSY);
        if status == 0 {
            return Ok((reply, count));
        }
        if status != STATUS_DIR | STATUS_BUSY || count == MAX_REPLIES {
            return Err(Failure::Controller);
        }
        reply[count] = inb_p(FD_DATA);
        count += 1;
    }
}

/// Asks how a seek, a recalibration or a reset has ended: status 0 and the
/// head's track; nothing if no interrupt is pending.
fn sense_interrupt() -> Result<Option<(u8, u8)>, Failure> {
    output_byte(FD_SENSEI)?;
    let (reply, count) = result()?;
    Ok((count == 2).then_some((reply[0], reply[1])))
}

/// A step has failed (0.11 `bad_flp_intr`): the request begins again, but not
/// for ever.
///
/// Erratum `floppy-1`.
fn bad_flp_intr(failure: Failure) {
    WAITING_FOR.set(Waiting::Nothing);
    mask_dma();
    let weight = match failure {
        Failure::Controller | Failure::Seek | Failure::Transfer(_) => 1,
        Failure::TimedOut => TIMEOUT_WEIGHT,
        Failure::WriteProtected | Failure::NoDiskette | Failure::Changed => MAX_ERRORS,
    };
    let Some(request) = with_current(MAJOR_NR, |request| {
        request.errors += weight;
        *request
    }) else {
        return;
    };
    let drive = (request.dev.minor() & 3) as usize;
    let finally = request.errors >= MAX_ERRORS;
    match failure {
        Failure::Controller | Failure::TimedOut => RESET.set(true),
        Failure::WriteProtected | Failure::NoDiskette | Failure::Changed => {}
        // Once more from the same place is all that this needs.
        Failure::Transfer([_, st1, _]) if st1 & ST1_OR != 0 && !finally => {}
        Failure::Seek | Failure::Transfer(_) => {
            DRIVE[drive].track.set(UNKNOWN);
            if request.errors > MAX_ERRORS / 2 {
                RESET.set(true);
            }
        }
    }
    if finally {
        give_up(drive, &request, failure);
        floppy_deselect(drive);
        end_request(MAJOR_NR, false);
    }
}

#[cold]
#[inline(never)]
fn give_up(drive: usize, request: &Request, failure: Failure) {
    // Once is enough: the block layer names each block.
    if DRIVE[drive].reported.get() {
        return;
    }
    DRIVE[drive].reported.set(true);
    let verb = if request.cmd == Rw::Write {
        "writing"
    } else {
        "reading"
    };
    printk!("fd{drive}: {verb} sector {}: ", request.sector);
    match failure {
        Failure::Controller => printk!("the controller does not answer\n"),
        Failure::Seek => printk!("the track is not found\n"),
        Failure::Transfer([st0, st1, st2]) => printk!("status {st0:02x} {st1:02x} {st2:02x}\n"),
        Failure::TimedOut => printk!("no answer in {} seconds\n", TIME_LIMIT / HZ),
        Failure::WriteProtected => printk!("the diskette is write protected\n"),
        Failure::NoDiskette => printk!("no diskette in the drive\n"),
        Failure::Changed => printk!("the diskette has been changed\n"),
    }
}

/// A transfer has ended (0.11 `rw_interrupt`).
fn rw_interrupt() -> Result<(), Failure> {
    let (reply, count) = result()?;
    let [st0, st1, st2, ..] = reply;
    if count != MAX_REPLIES {
        return Err(Failure::Controller);
    }
    if st1 & ST1_WP != 0 {
        return Err(Failure::WriteProtected);
    }
    // Not bit 5 of status 0, seek end: some controllers set it when a transfer
    // reaches the end of a track, and 0.11 takes that for an error.
    if st0 & 0xd8 != 0 || st1 & 0xbf != 0 || st2 & 0x73 != 0 {
        return Err(Failure::Transfer([st0, st1, st2]));
    }
    with_current(MAJOR_NR, |request| {
        if request.cmd == Rw::Read {
            copy_buffer(request);
        }
        let drive = (request.dev.minor() & 3) as usize;
        DRIVE[drive].reported.set(false);
        floppy_deselect(drive);
    });
    end_request(MAJOR_NR, true);
    Ok(())
}

/// Begins the transfer; the head is on the right track (0.11
/// `setup_rw_floppy`).
fn setup_rw_floppy(
    request: &Request,
    drive: usize,
    format: &FloppyStruct,
    at: Place,
) -> Result<(), Failure> {
    setup_DMA(request);
    wait_for(Waiting::Transfer);
    let command = if request.cmd == Rw::Read {
        FD_READ
    } else {
        FD_WRITE
    };
    output_bytes(&[
        command,
        at.head << 2 | drive as u8,
        at.track,
        at.head,
        at.sector,
        2, // 512 bytes in a sector
        format.sect as u8,
        format.gap,
        0xff, // not used with 512 bytes
    ])
}

/// The head has reached a track; it gets some time to come to rest (0.11
/// `seek_interrupt`).
fn seek_interrupt() -> Result<(), Failure> {
    let drive = (CURRENT_DOR.get() & 3) as usize;
    match sense_interrupt()? {
        Some((st0, track)) if st0 & 0xf8 == 0x20 && track == SEEK_TRACK.get() => {
            DRIVE[drive].track.set(track);
            settle(SETTLE);
            Ok(())
        }
        _ => Err(Failure::Seek),
    }
}

/// Waits `ticks` until the motor or the head is ready. Not in 0.11.
fn settle(ticks: u32) {
    wait_for(Waiting::Settle);
    if !SETTLING.get() {
        SETTLING.set(add_timer(ticks, floppy_on_interrupt));
    }
}

/// The step `what` is under way and must end within the time limit. Not in 0.11.
fn wait_for(what: Waiting) {
    WAITING_FOR.set(what);
    DEADLINE.set(jiffies().0.wrapping_add(TIME_LIMIT));
    if !WATCHED.get() {
        WATCHED.set(add_timer(TIME_LIMIT, floppy_times_out));
    }
}

/// The timer: has the step under way taken too long? Not in 0.11.
fn floppy_times_out() {
    WATCHED.set(false);
    if WAITING_FOR.get() == Waiting::Nothing {
        return;
    }
    let left = DEADLINE.get().wrapping_sub(jiffies().0);
    if left as i32 > 0 {
        WATCHED.set(add_timer(left, floppy_times_out));
        return;
    }
    bad_flp_intr(Failure::TimedOut);
    do_fd_request();
}

/// Where on the diskette a request begins.
#[derive(Clone, Copy)]
struct Place {
    track: u8,
    head: u8,
    /// From 1.
    sector: u8,
}

/// Begins the next step of the request (0.11 `transfer`). The motor runs, the
/// drive is selected.
fn transfer(
    request: &Request,
    drive: usize,
    format: &FloppyStruct,
    at: Place,
) -> Result<(), Failure> {
    if RESET.get() {
        reset_floppy();
        return Ok(());
    }
    if CUR_SPEC1.get() != format.spec1 {
        output_bytes(&[FD_SPECIFY, format.spec1, SPEC2])?;
        CUR_SPEC1.set(format.spec1);
    }
    if CUR_RATE.get() != format.rate {
        outb_p(format.rate, FD_DCR);
        CUR_RATE.set(format.rate);
    }
    if DRIVE[drive].track.get() == UNKNOWN {
        return recalibrate_floppy(drive);
    }
    if look_at_change_line(drive) {
        return clear_change_line(request, drive);
    }
    if CHANGES_SEEN[request.dev.minor() as usize].get() != DRIVE[drive].changes.get() {
        return Err(Failure::Changed);
    }
    let seek_track = at.track << format.stretch;
    if DRIVE[drive].track.get() != seek_track {
        return seek(drive, at.head, seek_track);
    }
    setup_rw_floppy(request, drive, format, at)
}

fn seek(drive: usize, head: u8, track: u8) -> Result<(), Failure> {
    SEEK_TRACK.set(track);
    wait_for(Waiting::Seek);
    output_bytes(&[FD_SEEK, head << 2 | drive as u8, track])
}

/// Moves the head by a step or more, which clears the change line if there is a
/// diskette.
fn clear_change_line(request: &Request, drive: usize) -> Result<(), Failure> {
    let state = &DRIVE[drive];
    if CHANGES_SEEN[request.dev.minor() as usize].get() != state.changes.get() {
        return Err(Failure::Changed);
    }
    if state.stepped.get() {
        state.stepped.set(false);
        return Err(Failure::NoDiskette);
    }
    state.stepped.set(true);
    seek(drive, 0, (state.track.get() == 0) as u8)
}

/// The head should be on track 0 (0.11 `recal_interrupt`).
fn recal_interrupt() -> Result<(), Failure> {
    let drive = (CURRENT_DOR.get() & 3) as usize;
    match sense_interrupt()? {
        Some((st0, 0)) if st0 & 0xf8 == 0x20 => {
            DRIVE[drive].track.set(0);
            settle(SETTLE);
            Ok(())
        }
        _ => Err(Failure::Seek),
    }
}

/// Nothing is expected (0.11 `unexpected_floppy_interrupt`): the controller is
/// not in the state that we think.
fn unexpected_floppy_interrupt() {
    RESET.set(true);
}

/// The controller's interrupt (called by `floppy_interrupt`).
#[unsafe(no_mangle)]
extern "C" fn do_floppy() {
    let waiting = WAITING_FOR.get();
    WAITING_FOR.set(Waiting::Nothing);
    let ended = match waiting {
        Waiting::Nothing | Waiting::Settle => {
            WAITING_FOR.set(waiting);
            return unexpected_floppy_interrupt();
        }
        Waiting::Reset => reset_interrupt(),
        Waiting::Recal => recal_interrupt(),
        Waiting::Seek => seek_interrupt(),
        Waiting::Transfer => rw_interrupt(),
    };
    if let Err(failure) = ended {
        bad_flp_intr(failure);
    }
    do_fd_request();
}

/// Sends the head to track 0, from wherever it is (0.11 `recalibrate_floppy`).
fn recalibrate_floppy(drive: usize) -> Result<(), Failure> {
    wait_for(Waiting::Recal);
    output_bytes(&[FD_RECALIBRATE, drive as u8])
}

/// The controller has been reset; it reports once for each of four drives (0.11
/// `reset_interrupt`).
fn reset_interrupt() -> Result<(), Failure> {
    for _ in 0..DRIVES {
        if sense_interrupt()?.is_none() {
            break;
        }
    }
    Ok(())
}

/// Resets the controller by pulling a bit of `FD_DOR` low for a while (0.11
/// `reset_floppy`).
fn reset_floppy() {
    const PULSE: u32 = 10; // microseconds; 4 are enough
    RESET.set(false);
    CUR_SPEC1.set(0);
    CUR_RATE.set(UNKNOWN);
    for drive in &DRIVE {
        drive.track.set(UNKNOWN);
    }
    mask_dma();
    wait_for(Waiting::Reset);
    for _ in 0..PULSE {
        outb_p(CURRENT_DOR.get() & !DOR_NO_RESET, FD_DOR);
    }
    outb_p(CURRENT_DOR.get(), FD_DOR);
}

/// The timer (0.11 `floppy_on_interrupt`): motor and head should be ready.
fn floppy_on_interrupt() {
    SETTLING.set(false);
    if WAITING_FOR.get() == Waiting::Settle {
        WAITING_FOR.set(Waiting::Nothing);
        do_fd_request();
    }
}

/// Goes on with the first request, if no step is under way (0.11
/// `do_fd_request`). Called for the first request of an idle queue, and at the
/// end of each step.
fn do_fd_request() {
    let _irq = irq_save();
    while WAITING_FOR.get() == Waiting::Nothing {
        let Some(request) = with_current(MAJOR_NR, |request| *request) else {
            return;
        };
        let Some((drive, format)) = device(request.dev.minor()) else {
            end_request(MAJOR_NR, false);
            continue;
        };
        if request.sector.saturating_add(request.nr_sectors) > format.size {
            end_request(MAJOR_NR, false);
            continue;
        }
        let track = request.sector / format.sect;
        let at = Place {
            track: (track / format.head) as u8,
            head: (track % format.head) as u8,
            sector: (request.sector % format.sect) as u8 + 1,
        };
        let ticks = select(drive);
        if ticks > 0 {
            settle(ticks);
        } else if let Err(failure) = transfer(&request, drive, format, at) {
            bad_flp_intr(failure);
        }
    }
}

/// Selects the drive for the request; the ticks until its motor runs.
fn select(drive: usize) -> u32 {
    SELECTED.set(false);
    let ticks = ticks_to_floppy_on(drive);
    SELECTED.set(true);
    ticks
}

unsafe extern "C" {
    fn floppy_interrupt();
}

/// Looks which drives there are, and enters the driver if there are any
/// (0.11 `floppy_init`).
pub fn floppy_init() {
    const CMOS_DRIVES: u8 = 0x10;
    outb_p(0x80 | CMOS_DRIVES, 0x70);
    let types = inb_p(0x71);
    // A bus without a controller reads as ones.
    if types == 0 || inb_p(FD_STATUS) == 0xff {
        return;
    }
    for (drive, cmos) in [types >> 4, types & 15].into_iter().enumerate() {
        if (cmos as usize) < NATIVE_TYPE.len() {
            DRIVE[drive].cmos.set(cmos);
        }
    }
    outb_p(CURRENT_DOR.get(), FD_DOR); // stops the motor that the BIOS started
    register(MAJOR_NR, &DRIVER);
    set_intr_gate(0x26, floppy_interrupt as Stub);
    outb(inb_p(0x21) & !0x40, 0x21);
}
