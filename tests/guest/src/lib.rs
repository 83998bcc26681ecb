//! What the guest tests have in common.
//!
//! Each program in `src/bin` tests one row of the specification (`S1` ...) or
//! one area, in named cases. A case is a function that returns an [`Outcome`];
//! it runs in a child process of its own, so that a crash fails that case
//! alone:
//!
//! ```ignore
//! #![no_std]
//! #![no_main]
//! use guest::prelude::*;
//!
//! cases! { "S07"; fork_shares, write_copies }
//!
//! fn fork_shares() -> Outcome {
//!     equal!(1 + 1, 2);
//!     check!(sys::getpid() > 1, "pid {}", sys::getpid());
//!     Ok(())
//! }
//! ```
//!
//! The lines that the programs print are for the host's test run:
//! `##case NAME`, then `##ok NAME` or `##fail NAME: message`; `##note KEY VALUE`.

#![no_std]

pub mod aout;
pub mod area;
pub mod child;
pub mod harness;
pub mod keyboard;
pub mod peep;
pub mod terminal;

/// What almost every test wants.
pub mod prelude {
    pub use crate::area::{self, PAGE};
    pub use crate::child::{Child, Gate, death, nap, sleeper};
    pub use crate::harness::{Failure, Outcome};
    pub use crate::peep::{self, TaskExt};
    pub use crate::{cases, check, equal, fails};
    pub use rt::prelude::*;
    pub use rt::sys::Nr;
    pub use rt::{abi, signal};
}
