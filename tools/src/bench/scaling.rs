//! The same operations with little and much memory, few and many processes,
//! memory mostly free and mostly in use. No figure may follow what it does not
//! touch.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::machine::{Figures, by_key, collect, own};
use crate::machine::Qemu;

/// An operation that `scale` measures.
struct Row {
    key: &'static str,
    name: &'static str,
    /// How much the dearest situation may cost above the cheapest, in percent.
    growth: u32,
}

const fn row(key: &'static str, name: &'static str, growth: u32) -> Row {
    Row { key, name, growth }
}

/// In the order of the table. What is allowed beyond 3 % is the search for a free
/// page, which begins at the highest that a machine could have, and for a free
/// entry in the tables of inodes and files.
const ROWS: &[Row] = &[
    row("fork", "fork, the parent's call", 5),
    row("exit_wait", "exit + wait, two switches", 5),
    row("zero_fill", "zero-fill fault", 5),
    row("cow_copy", "copy-on-write fault", 5),
    row("block", "block lookup (read of 1 B)", 3),
    row("page", "get_free_page (pipe + 2 close)", 15),
    row("wake_up", "wake-up (pipe round trip)", 3),
];

/// Memory sizes in MB.
const MEMORY: [u32; 3] = [4, 16, 64];

/// Processes and percent of main memory in use, as `scale` names them.
const SITUATIONS: [&str; 4] = ["2_10", "60_10", "2_90", "60_90"];

const PATIENCE: Duration = Duration::from_secs(120);

/// Figures of each row: for each memory size each situation.
pub struct Scaling(Vec<(&'static Row, Vec<u32>)>);

impl Scaling {
    /// Boots once for each memory size.
    pub fn measure(kernel: &Path, image: &Path) -> Result<Scaling> {
        let mut rows: Vec<_> = ROWS.iter().map(|row| (row, Vec::new())).collect();
        for memory in MEMORY {
            let figures = boot(kernel, image, memory).with_context(|| format!("{memory} MB"))?;
            for (row, line) in &mut rows {
                for situation in SITUATIONS {
                    let key = format!("{situation}_{}", row.key);
                    let figure = figures.get(&key);
                    line.push(*figure.with_context(|| format!("{memory} MB: no figure {key}"))?);
                }
            }
        }
        Ok(Scaling(rows))
    }

    /// For programs: by operation, the figures in the order of the table.
    pub fn json(&self) -> serde_json::Value {
        let rows = self.0.iter().map(|(row, figures)| {
            json!({"key": row.key, "operation": row.name, "figures": figures, "growth": growth(figures), "most": row.growth})
        });
        json!({
            "memory_mb": MEMORY,
            "processes_percent": SITUATIONS,
            "rows": rows.collect::<Vec<_>>(),
        })
    }

    /// # Errors
    /// Rows that grow by more than they may.
    pub fn check(&self) -> Result<()> {
        let grown: Vec<String> = self
            .0
            .iter()
            .filter(|(row, figures)| growth(figures) > row.growth)
            .map(|(row, figures)| {
                format!(
                    "  {}: by {} %, {} % allowed",
                    row.name,
                    growth(figures),
                    row.growth
                )
            })
            .collect();
        if !grown.is_empty() {
            bail!(
                "costs that follow memory, processes or memory in use:\n{}",
                grown.join("\n")
            );
        }
        Ok(())
    }
}

impl fmt::Display for Scaling {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(
            out,
            "Processes / percent of main memory in use, at {} MB:\n{:31}",
            join(&MEMORY),
            ""
        )?;
        for _ in MEMORY {
            for situation in SITUATIONS {
                write!(out, "{:>6}", situation.replace('_', "/"))?;
            }
        }
        writeln!(out, "  growth  allowed")?;
        for (row, figures) in &self.0 {
            write!(out, "{:31}", row.name)?;
            for figure in figures {
                write!(out, "{figure:>6}")?;
            }
            writeln!(out, "{:>6} %{:>7} %", growth(figures), row.growth)?;
        }
        Ok(())
    }
}

/// How much the greatest is above the least, in percent, rounded up.
fn growth(figures: &[u32]) -> u32 {
    let least = figures.iter().copied().min().unwrap_or(0).max(1);
    let most = figures.iter().copied().max().unwrap_or(0);
    (most.saturating_sub(least) * 100).div_ceil(least)
}

fn join(numbers: &[u32]) -> String {
    numbers
        .iter()
        .map(u32::to_string)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Boots with that much memory, tells the program how much is free, as the
/// kernel has said, and collects.
fn boot(kernel: &Path, image: &Path, memory: u32) -> Result<Figures> {
    let setup = own(kernel, image, "/bench/scale").memory(memory);
    let mut machine = Qemu::start(&setup)?;
    let words = machine.console.expect(r"[0-9]+ KB free", PATIENCE)?;
    let free = words.trim_end_matches(" KB free");
    let digits = free
        .rsplit(|sign: char| !sign.is_ascii_digit())
        .next()
        .unwrap_or("");
    machine.console.expect("##free", PATIENCE)?;
    machine.console.send(&format!("{digits}\n"))?;
    Ok(by_key(&collect(&mut machine)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing() {
        assert_eq!(growth(&[100, 103, 101]), 3);
        assert_eq!(growth(&[1000, 1001]), 1);
        let grown = Scaling(vec![(&ROWS[2], vec![100, 150])]);
        assert!(grown.check().is_err());
        assert!(Scaling(vec![(&ROWS[2], vec![100, 102])]).check().is_ok());
    }
}
