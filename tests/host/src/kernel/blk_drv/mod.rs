//! The hard disk's driver, over [`crate::disk`]'s controller.

#[path = "../../../../../kernel/blk_drv/hd.rs"]
pub mod hd;
pub mod ll_rw_blk;
