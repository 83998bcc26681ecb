//! The coprocessor, where there is none (0.11 `kernel/math/`).

mod math_emulate;

pub use math_emulate::{math_emulate, math_error};
