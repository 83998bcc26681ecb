//! Memory management (0.11 `mm/`).

pub mod memory;
pub mod page;
pub mod rmap;
