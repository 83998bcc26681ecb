//! Tests that the host drives: it types at the system's shell, looks at the
//! machine from outside, and boots it in other ways.

use anyhow::Result;

use crate::test::Report;

/// What a scenario works with.
pub struct Context<'a> {
    pub report: &'a Report,
}

/// A test that the host drives.
pub struct Scenario {
    pub name: &'static str,
    pub run: fn(&Context) -> Result<()>,
}

/// All scenarios.
pub const ALL: &[Scenario] = &[];
