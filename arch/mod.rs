//! The CPU and the way in: what 0.11 keeps in `boot/` and `include/asm/`.
//!
//! Inline assembly and the `x86` crate stay in here and in the few `.S` files
//! that 0.11 has as well.

pub mod boot;
pub mod desc;
pub mod io;
pub mod irq;
pub mod offsets;
pub mod paging;
pub mod power;
pub mod probe;
pub mod segment;
pub mod string;
pub mod system;
pub mod tsc;
