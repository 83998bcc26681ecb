//! The RAM disk, `/dev/ram`, device 0101 (0.11 `kernel/blk_drv/ramdisk.c`).
//!
//! 0.11 copies it from a floppy at boot (`rd_load`); here the boot loader has
//! put it into memory as a module, and `main()` has moved it to its place.

use super::ll_rw_blk::{self, BlockDriver, Request, end_request, with_current};
use crate::arch::boot::setup::Range;
use crate::fs::{BLOCK_SIZE, Rw};
use crate::kernel::shared::IrqCell;
use crate::kernel::types::{Dev, PhysAddr};

const MAJOR_NR: u8 = 1;
/// Bytes of a sector.
const SECTOR_SIZE: u32 = 512;

/// The RAM disk's device number.
pub const RAM_DISK: Dev = Dev(0x0101);

static RD_START: IrqCell<u32> = IrqCell::new(0);
static RD_LENGTH: IrqCell<u32> = IrqCell::new(0);

static DRIVER: BlockDriver = BlockDriver {
    name: "ramdisk",
    request: do_rd_request,
    blocks,
    changed: |_| false,
};

/// The disk's size in blocks of 1 KB.
fn blocks(minor: u8) -> Option<u32> {
    let length = RD_LENGTH.get();
    (minor == RAM_DISK.minor() && length != 0).then_some(length / BLOCK_SIZE as u32)
}

/// Carries out requests until there are none (0.11 `do_rd_request`).
fn do_rd_request() {
    // Interrupts stay on while a block is copied: no handler ends a request.
    while let Some(request) = with_current(MAJOR_NR, |request| *request) {
        end_request(MAJOR_NR, copy(&request));
    }
}

/// Copies what the request wants; false if it lies outside the disk.
fn copy(request: &Request) -> bool {
    let length = request.nr_sectors * SECTOR_SIZE;
    let Some(offset) = request.sector.checked_mul(SECTOR_SIZE) else {
        return false;
    };
    let inside = offset
        .checked_add(length)
        .is_some_and(|end| end <= RD_LENGTH.get());
    if request.dev != RAM_DISK || !inside {
        return false;
    }
    let place = core::ptr::with_exposed_provenance_mut::<u8>((RD_START.get() + offset) as usize);
    // SAFETY: `place` and the `length` bytes from it on lie in the memory that
    // `rd_init` was given, which is nobody else's. The request's buffer is a
    // locked one in the buffer cache, elsewhere.
    unsafe {
        match request.cmd {
            Rw::Read => place.copy_to_nonoverlapping(request.buffer, length as usize),
            Rw::Write => place.copy_from_nonoverlapping(request.buffer, length as usize),
        }
    }
    true
}

/// Makes the memory from `mem_start` on a RAM disk of `length` bytes, with what
/// is in it (0.11 `rd_init`, which clears it).
///
/// # Safety
/// That memory is mapped to itself and belongs to no one else, for good.
pub unsafe fn rd_init(mem_start: PhysAddr, length: u32) {
    RD_START.set(mem_start.0);
    RD_LENGTH.set(length);
    ll_rw_blk::register(MAJOR_NR, &DRIVER);
}

/// The memory that the RAM disk takes; empty if there is none. For the tests'
/// peep-hole. Not in 0.11.
pub fn range() -> Range {
    let start = RD_START.get();
    Range {
        start: PhysAddr(start),
        end: PhysAddr(start + RD_LENGTH.get()),
    }
}
