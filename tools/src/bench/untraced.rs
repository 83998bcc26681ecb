//! What the places that can be traced cost while nothing is: the same kernel without
//! them, by the feature `untraced`, on the same machine.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};

use super::machine::{self, Figures};

/// An operation, with the places and without.
struct Row {
    key: String,
    with: u32,
    without: u32,
}

impl Row {
    /// Hundredths of a percent that the places add; negative where code that moved
    /// makes up for them.
    fn parts(&self) -> i64 {
        (i64::from(self.with) - i64::from(self.without)) * 10_000 / i64::from(self.without.max(1))
    }
}

/// What the places cost, the dearest first.
pub struct Cost(Vec<Row>);

impl Cost {
    /// Measures `kernel`, which has no such places, and compares with `ours`.
    pub fn measure(kernel: &Path, image: &Path, ours: &Figures) -> Result<Cost> {
        let setup = machine::own(kernel, image, "/bench/bench");
        let without = machine::figures(&setup).context("the kernel without traced places")?;
        Ok(Cost::of(ours, &without))
    }

    fn of(ours: &Figures, other: &Figures) -> Cost {
        let row = |(key, with): (&String, &u32)| {
            Some(Row {
                key: key.clone(),
                with: *with,
                without: *other.get(key)?,
            })
        };
        let mut rows: Vec<Row> = ours.iter().filter_map(row).collect();
        rows.sort_by_key(|row| -row.parts());
        Cost(rows)
    }
}

/// Rows that are printed.
const SHOWN: usize = 8;

impl fmt::Display for Cost {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Cost(rows) = self;
        let free = rows.iter().filter(|row| row.with <= row.without).count();
        write!(
            out,
            "Places that can be traced, while nothing is: they cost nothing in {free} of {} rows.\n\
             The dearest, beside the same kernel without them:",
            rows.len()
        )?;
        for row in rows.iter().take(SHOWN) {
            let (whole, rest) = (row.parts() / 100, row.parts() % 100);
            let (key, with, without) = (&row.key, row.with, row.without);
            let more = i64::from(with) - i64::from(without);
            write!(
                out,
                "\n{key:<24} {with:>7} {without:>7} {more:>+5}  {whole}.{rest:02} %"
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_comes_first() {
        let figures = |list: [u32; 3]| -> Figures {
            let keys = ["call", "fork", "read"].map(String::from);
            keys.into_iter().zip(list).collect()
        };
        let cost = Cost::of(&figures([52, 4364, 618]), &figures([52, 4250, 617]));
        let text = cost.to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].ends_with("nothing in 1 of 3 rows."), "{text}");
        assert_eq!(
            lines[2],
            "fork                        4364    4250  +114  2.68 %"
        );
    }
}
