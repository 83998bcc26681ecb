//! Block devices (0.11 `kernel/blk_drv/`).

pub mod floppy;
pub mod hd;
pub mod ll_rw_blk;
pub mod ramdisk;
