//! The table as text and as JSON.

use anyhow::{Context, Result};
use serde_json::json;

use super::emulated::Emulated;
use super::irqs_off::Longest;
use super::recording::Counted;
use super::rows::{ROWS, Row};
use super::scaling::Scaling;

/// A row with its figures.
pub struct Line {
    pub row: &'static Row,
    pub ours: u32,
    pub original: u32,
    /// Clocks of a 386, ours and, when measured in this run, the original's.
    clocks: u32,
    original_clocks: Option<u32>,
}

impl Line {
    /// Ours divided by the original's.
    pub fn ratio(&self) -> f64 {
        f64::from(self.ours) / f64::from(self.original)
    }

    pub fn meets_target(&self) -> bool {
        self.ours <= self.row.limit()
    }
}

/// All rows.
pub struct Table {
    pub lines: Vec<Line>,
    /// Was the original measured in this run?
    measured: bool,
}

impl Table {
    /// The rows with this kernel's figures, and those of the original: as
    /// measured, or else as stored.
    pub fn new(ours: &[Counted], baseline: Option<&[Counted]>) -> Result<Table> {
        let lines = ROWS
            .iter()
            .map(|row| {
                let find = |all: &[Counted]| {
                    let counted = all.iter().find(|counted| counted.figure.key == row.key);
                    let counted = counted.with_context(|| format!("no figure for {}", row.key))?;
                    anyhow::Ok((counted.figure.value, counted.clocks))
                };
                let (ours, clocks) = find(ours)?;
                let original = baseline.map(find).transpose()?;
                Ok(Line {
                    row,
                    ours,
                    clocks,
                    original: original.map_or(row.original, |(value, _)| value),
                    original_clocks: original.map(|(_, clocks)| clocks),
                })
            })
            .collect::<Result<_>>()?;
        Ok(Table {
            lines,
            measured: baseline.is_some(),
        })
    }

    /// For people.
    pub fn text(&self) -> String {
        let mut text = format!(
            "Guest instructions for each operation; 0.11: {}.\n\
             Clocks: of an 80386, by the manual's table, without waiting for memory.\n\n\
             {:36}{:>8}{:>8}{:>7}{:>8}  {:>8}{}\n",
            if self.measured {
                "measured in this run"
            } else {
                "as stored, gcc 12 -O2"
            },
            "operation",
            "ours",
            "0.11",
            "ratio",
            "target",
            "clocks",
            if self.measured { "    0.11's" } else { "" },
        );
        for line in &self.lines {
            let target = line
                .row
                .target
                .map_or("-".into(), |target| target.to_string());
            text.push_str(&format!(
                "{:36}{:>8}{:>8}{:>7.2}{:>8} {}{:>8}{}\n",
                line.row.name,
                line.ours,
                line.original,
                line.ratio(),
                target,
                if line.meets_target() { ' ' } else { '!' },
                line.clocks,
                line.original_clocks
                    .map_or(String::new(), |clocks| format!("{clocks:>10}")),
            ));
        }
        let missed = self
            .lines
            .iter()
            .filter(|line| !line.meets_target())
            .count();
        text.push_str(&format!(
            "\n{} rows, {missed} above their target (!); a row without one is to be below 0.11's.\n",
            self.lines.len()
        ));
        text
    }

    /// For programs.
    pub fn json(&self, longest: &Longest, scaling: &Scaling, emulated: &Emulated) -> String {
        let rows: Vec<_> = self
            .lines
            .iter()
            .map(|line| {
                json!({
                    "key": line.row.key,
                    "operation": line.row.name,
                    "ours": line.ours,
                    "original": line.original,
                    "ratio": (line.ratio() * 1000.0).round() / 1000.0,
                    "target": line.row.target,
                    "clocks_386": line.clocks,
                    "original_clocks_386": line.original_clocks,
                })
            })
            .collect();
        let all = json!({
            "unit": "guest instructions",
            "original_measured": self.measured,
            "rows": rows,
            "scaling": scaling.json(),
            "emulated_387": emulated.json(),
            "interrupts_off": {
                "instructions": longest.instructions,
                "begins": longest.begins,
                "ends": longest.ends,
                "by_function": longest.by_function,
                "target": super::irqs_off::TARGET,
            },
        });
        format!("{all:#}\n")
    }
}
