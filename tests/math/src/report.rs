//! The accuracy table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::{Context, Result};

use crate::instructions::Kind;

/// What came of one instruction's cases.
#[derive(Default, Clone, Copy)]
pub struct Row {
    pub cases: u64,
    /// Bit for bit the same.
    pub equal: u64,
    /// One unit of the last place off.
    pub one: u64,
    pub wrong: u64,
}

impl Row {
    /// Counts a case; says whether it was wrong.
    pub fn count(&mut self, distance: Option<u64>) -> bool {
        self.cases += 1;
        match distance {
            Some(0) => self.equal += 1,
            Some(1) => self.one += 1,
            _ => self.wrong += 1,
        }
        !matches!(distance, Some(0 | 1))
    }
}

/// All of them, by the instructions' names without their registers.
#[derive(Default)]
pub struct Report {
    exact: BTreeMap<String, Row>,
    functions: BTreeMap<String, Row>,
}

/// Around the table in `docs/math.md`.
const BEGIN: &str = "<!-- accuracy: make math-table -->\n";
const END: &str = "<!-- end of accuracy -->\n";

impl Report {
    pub fn add(&mut self, name: &str, kind: Kind, row: Row) {
        let rows = match kind {
            Kind::Exact => &mut self.exact,
            Kind::Function => &mut self.functions,
        };
        let mnemonic = name.split([' ', '/']).next().unwrap_or(name);
        let sum = rows.entry(mnemonic.into()).or_default();
        sum.cases += row.cases;
        sum.equal += row.equal;
        sum.one += row.one;
        sum.wrong += row.wrong;
    }

    fn rows(&self) -> impl Iterator<Item = (&String, &Row)> {
        self.functions.iter().chain(&self.exact)
    }

    pub fn cases(&self) -> u64 {
        self.rows().map(|(_, row)| row.cases).sum()
    }

    pub fn wrong(&self) -> u64 {
        self.rows().map(|(_, row)| row.wrong).sum()
    }

    /// As Markdown: the functions, and `all` others or those that are wrong.
    pub fn table(&self, all: bool) -> String {
        let mut table = String::from(
            "| instruction | cases | bit for bit | one unit off | wrong |\n|---|--:|--:|--:|--:|\n",
        );
        let exact = self.exact.iter().filter(|(_, row)| all || row.wrong > 0);
        for (name, row) in self.functions.iter().chain(exact) {
            let share = 100.0 * row.equal as f64 / row.cases.max(1) as f64;
            let _ = writeln!(
                table,
                "| `{name}` | {} | {share:.2} % | {} | {} |",
                row.cases, row.one, row.wrong
            );
        }
        table
    }

    /// Puts the table where the file has it.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let (before, rest) = text
            .split_once(BEGIN)
            .with_context(|| format!("{} has no line {BEGIN}", path.display()))?;
        let (_, after) = rest
            .split_once(END)
            .with_context(|| format!("{} has no line {END}", path.display()))?;
        let text = format!("{before}{BEGIN}{}{END}{after}", self.table(true));
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }
}
