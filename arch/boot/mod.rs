//! The boot path: `head.S`, and what 0.11's `setup.s` gathered.

pub mod setup;
