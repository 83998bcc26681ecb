//! Character devices (0.11 `fs/char_dev.c`).

use super::Rw;
use crate::arch::boot::setup::boot_info;
use crate::arch::io::{inb, outb};
use crate::arch::paging::peek;
use crate::arch::segment::UserSlice;
use crate::kernel::chr_drv::tty_io::{tty_read, tty_write};
use crate::kernel::errno::{EINVAL, EIO, ENOSPC, ENXIO, SysResult};
use crate::kernel::sched::{PS_HEADER, write_ps_line};
use crate::kernel::task::{NR_TASKS, current};
use crate::kernel::trace::trace_read;
use crate::kernel::types::{Dev, PhysAddr, TaskNr};
use crate::mm::memory::MEMORY_MAX;
use core::cell::Cell;
use core::fmt::{self, Write};

/// The peep-hole for tests. Not in 0.11.
pub const PEEP: Dev = Dev(0x010b);
/// The kernel's trace. Not in 0.11.
pub const TRACE: Dev = Dev(0x010c);
/// Bytes that are moved at once where they do not lie in a buffer.
const PIECE: usize = 32;
/// Longest line of `/dev/ps`.
const LINE_MAX: usize = 160;

/// Terminal `minor` (0.11 `rw_ttyx`).
fn rw_ttyx(rw: Rw, minor: usize, buf: UserSlice, nonblock: bool) -> SysResult {
    match rw {
        Rw::Read => tty_read(minor, buf, nonblock),
        Rw::Write => tty_write(minor, buf),
    }
}

/// The running task's own terminal (0.11 `rw_tty`).
///
/// # Errors
/// `ENXIO` if it has none; 0.11 gives `EPERM`.
fn rw_tty(rw: Rw, buf: UserSlice, nonblock: bool) -> SysResult {
    let tty = usize::try_from(current().tty.get()).map_err(|_| ENXIO)?;
    rw_ttyx(rw, tty, buf, nonblock)
}

/// Physical memory, for reading (0.11 `rw_mem`, `rw_kmem`, which give `EIO`).
/// The kernel's own addresses are the same.
#[inline(never)]
fn rw_mem(rw: Rw, buf: UserSlice, pos: &Cell<u32>) -> SysResult {
    if rw == Rw::Write {
        return Err(EIO);
    }
    let end = memory_end();
    let mut done = 0;
    while done < buf.len() && pos.get() < end {
        let mut piece = [0; PIECE];
        let to = buf.part(done, (PIECE as u32).min(end - pos.get()));
        let bytes = &mut piece[..to.len() as usize];
        for (byte, addr) in bytes.iter_mut().zip(pos.get()..) {
            *byte = peek(PhysAddr(addr));
        }
        to.copy_out(bytes)?;
        done += to.len();
        pos.set(pos.get() + to.len());
    }
    if done == 0 { Err(EIO) } else { Ok(done as i32) }
}

/// Where memory ends, at most 64 MB: that much is mapped to itself.
fn memory_end() -> u32 {
    let regions = boot_info().regions();
    regions
        .iter()
        .map(|region| region.end.0)
        .max()
        .unwrap_or(0)
        .min(MEMORY_MAX)
}

/// The ports, one per byte (0.11 `rw_port`).
fn rw_port(rw: Rw, buf: UserSlice, pos: &Cell<u32>) -> SysResult {
    const PORTS: u32 = 0x1_0000;
    let mut done = 0;
    while done < buf.len() && pos.get() < PORTS {
        let piece = buf.part(done, 1);
        let port = pos.get() as u16;
        match rw {
            Rw::Read => piece.copy_out(&[inb(port)])?,
            Rw::Write => outb(piece.addr().read()?, port),
        }
        done += 1;
        pos.set(pos.get() + 1);
    }
    Ok(done as i32)
}

/// A line of text, cut where it is too long.
struct Line {
    bytes: [u8; LINE_MAX],
    len: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.len..];
        let count = text.len().min(room.len());
        room[..count].copy_from_slice(&text.as_bytes()[..count]);
        self.len += count;
        Ok(())
    }
}

/// The list of tasks, for reading (`/dev/ps`). Not in 0.11.
///
/// Each call writes the whole list and hands out the part from the position
/// on; who reads it in one piece sees one moment of it.
#[inline(never)]
fn rw_ps(rw: Rw, buf: UserSlice, pos: &Cell<u32>) -> SysResult {
    if rw == Rw::Write {
        return Err(EIO);
    }
    let mut skip = pos.get() as usize;
    let mut done = 0;
    for nr in 0..=NR_TASKS {
        let mut line = Line {
            bytes: [0; LINE_MAX],
            len: 0,
        };
        let result = match nr {
            0 => line.write_str(PS_HEADER),
            _ => write_ps_line(TaskNr(nr as u8 - 1), &mut line),
        };
        result.map_err(|_| EIO)?;
        let skipped = skip.min(line.len);
        skip -= skipped;
        let text = &line.bytes[skipped..line.len];
        let to = buf.part(done, text.len() as u32);
        to.copy_out(&text[..to.len() as usize])?;
        done += to.len();
    }
    pos.set(pos.get() + done);
    Ok(done as i32)
}

/// Is it `/dev/null` as old root disks have it, a block device 1,3?
///
/// Erratum `dev-1`.
pub fn is_null_block(dev: Dev) -> bool {
    dev == Dev(0x0103)
}

/// The devices with major number 1 (0.11 `rw_memory`).
fn rw_memory(rw: Rw, minor: u8, buf: UserSlice, pos: &Cell<u32>) -> SysResult {
    let count = buf.len() as i32;
    match (minor, rw) {
        (1 | 2, _) => rw_mem(rw, buf, pos),
        (3, Rw::Read) => Ok(0),
        (3 | 5, Rw::Write) => Ok(count),
        (4, _) => rw_port(rw, buf, pos),
        (5 | 7, Rw::Read) => {
            buf.write_pages(|_, chunk| chunk.clear())?;
            Ok(count)
        }
        (7, Rw::Write) => Err(ENOSPC),
        (10, _) => rw_ps(rw, buf, pos),
        (11, _) => Err(EINVAL),
        (12, Rw::Read) => trace_read(buf),
        _ => Err(ENXIO),
    }
}

/// Reads from or writes to a character device (0.11 `rw_char`).
///
/// # Errors
/// `ENXIO` if there is no such device, and what the device gives.
pub fn rw_char(rw: Rw, dev: Dev, buf: UserSlice, pos: &Cell<u32>, nonblock: bool) -> SysResult {
    match dev.major() {
        1 => rw_memory(rw, dev.minor(), buf, pos),
        4 => rw_ttyx(rw, dev.minor() as usize, buf, nonblock),
        5 => rw_tty(rw, buf, nonblock),
        _ => Err(ENXIO),
    }
}
