//! The block layer in the least form that a driver works with: one request at a
//! time, whose end is awaited by calling the driver's interrupt handler.

use crate::disk;
use crate::fs::{BLOCK_SIZE, Rw};
use crate::kernel::types::{Block, Dev};
use std::sync::{Mutex, MutexGuard, PoisonError};

pub struct BlockDriver {
    pub name: &'static str,
    pub request: fn(),
    pub blocks: fn(minor: u8) -> Option<u32>,
    pub changed: fn(minor: u8) -> bool,
}

#[derive(Clone, Copy)]
pub struct Request {
    pub dev: Dev,
    pub cmd: Rw,
    pub errors: u8,
    pub sector: u32,
    pub nr_sectors: u32,
    pub buffer: *mut u8,
}

struct Layer {
    driver: Option<&'static BlockDriver>,
    current: Option<Request>,
    /// How the last request ended.
    well: bool,
}

// SAFETY: the pointer is to a buffer that `transfer` keeps until the request's end,
// and one test at a time has the machine.
unsafe impl Send for Layer {}

static LAYER: Mutex<Layer> = Mutex::new(Layer {
    driver: None,
    current: None,
    well: false,
});

fn layer() -> MutexGuard<'static, Layer> {
    LAYER.lock().unwrap_or_else(PoisonError::into_inner)
}

pub fn register(_major: u8, driver: &'static BlockDriver) {
    layer().driver = Some(driver);
}

pub fn with_current<R>(_major: u8, f: impl FnOnce(&mut Request) -> R) -> Option<R> {
    let mut request = layer().current?;
    let result = f(&mut request);
    layer().current = Some(request);
    Some(result)
}

pub fn end_request(_major: u8, uptodate: bool) {
    let mut layer = layer();
    layer.current = None;
    layer.well = uptodate;
}

/// The size of a device in blocks.
pub fn blk_size(minor: u8) -> Option<u32> {
    let driver = layer().driver?;
    (driver.blocks)(minor)
}

/// Reads or writes a block; `false` if that is an error.
pub fn transfer(cmd: Rw, dev: Dev, block: Block, data: &mut [u8; BLOCK_SIZE]) -> bool {
    let driver = layer().driver.expect("hd_init has been called");
    layer().current = Some(Request {
        dev,
        cmd,
        errors: 0,
        sector: block.0 * 2,
        nr_sectors: 2,
        buffer: data.as_mut_ptr(),
    });
    (driver.request)();
    while layer().current.is_some() {
        assert!(disk::interrupt(), "the drive has nothing more to say");
    }
    layer().well
}
