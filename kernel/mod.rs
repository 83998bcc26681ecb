//! Processes, traps, signals and the drivers (0.11 `kernel/`).

pub mod blk_drv;
pub mod bottom_half;
pub mod chr_drv;
pub mod errno;
pub mod exit;
pub mod fork;
pub mod math;
pub mod mktime;
pub mod panic;
pub mod peep;
pub mod printk;
pub mod ptrace;
pub mod sched;
pub mod shared;
pub mod signal;
pub mod sys;
pub mod system_call;
pub mod task;
pub mod trace;
pub mod traps;
pub mod types;
pub mod wait;
