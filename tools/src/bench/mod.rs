//! `xtask bench`: what each operation costs, in instructions, here and in the
//! original, and what the costs do not depend on; `profile`: what the
//! instructions of one operation are spent on.

mod baseline;
mod chart;
mod clocks;
mod document;
mod emulated;
mod irqs_off;
mod machine;
mod profile;
mod recording;
mod report;
mod rows;
mod scaling;
mod trace;
mod untraced;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::Value;

use crate::util::write_if_changed;
use machine::Figures;
pub use machine::counting;
pub use profile::Profile;
use recording::Counted;
use scaling::Scaling;
use untraced::Cost;

/// Counts the instructions of each operation and compares with Linux 0.11.
///
/// Boots the kernel under QEMU's -icount, where the time stamp counter counts
/// executed guest instructions. Writes build/bench.json and build/bench.svg.
#[derive(Args)]
pub struct Bench {
    /// The kernel
    #[arg(long, default_value = "build/linux011.elf")]
    kernel: PathBuf,
    /// The root image with the bench programs
    #[arg(long, default_value = "build/bench.img")]
    image: PathBuf,
    /// A small root image with them, for little memory
    #[arg(long, default_value = "build/scale.img")]
    small_image: PathBuf,
    /// An Image of Linux 0.11 that is measured too, in place of the stored figures
    #[arg(long, value_name = "IMAGE")]
    baseline: Option<PathBuf>,
    /// The file system that the baseline kernel gets
    #[arg(long, default_value = "build/bench-old.img")]
    baseline_root: PathBuf,
    /// The kernel without places that can be traced, to show what they cost
    #[arg(long, value_name = "KERNEL")]
    untraced: Option<PathBuf>,
    /// Figures that may not be exceeded by more than 3 %
    #[arg(long, default_value = "tests/bench.budget")]
    budget: PathBuf,
    /// Only measures, twice, and fails when the runs differ, a figure is above
    /// the budget, one grows with what it does not touch, interrupts are off for
    /// too long, or an emulated instruction of a 387 costs too much
    #[arg(long)]
    check: bool,
    /// Makes what is measured the new budget
    #[arg(long, conflicts_with = "check")]
    update_budget: bool,
    /// Renews what this page has from here, and the chart beside it
    #[arg(long, conflicts_with = "check", value_name = "PAGE")]
    update_page: Option<PathBuf>,
    /// Folder for bench.json and bench.svg
    #[arg(long, default_value = "build")]
    out: PathBuf,
}

/// How much worse than the budget a figure may be, in percent.
const TOLERANCE: u32 = 3;
/// How much two runs may differ, in instructions.
const JITTER: u32 = 6;

impl Bench {
    pub fn run(self) -> Result<()> {
        let setup = machine::own(&self.kernel, &self.image, "/bench/bench");
        let emulated = emulated::Emulated::measure(&self.kernel, &self.image)?;
        let scaling = Scaling::measure(&self.kernel, &self.small_image)?;
        if self.check {
            let ours = machine::figures(&setup).context("this kernel")?;
            same(&ours, &machine::figures(&setup)?)?;
            self.compare(&ours)?;
            scaling.check()?;
            println!("No cost follows memory, processes or memory in use more than it may.");
            let longest = irqs_off::longest(&self.kernel, &self.image)?;
            ensure!(longest.instructions < irqs_off::TARGET, "{longest}");
            println!(
                "Interrupts are off for {} instructions at most.",
                longest.instructions
            );
            emulated.check()?;
            return Ok(());
        }
        let ours = recording::run(setup).context("this kernel")?;
        let longest = irqs_off::longest(&self.kernel, &self.image)?;
        let measured = self
            .baseline
            .as_ref()
            .map(|kernel| baseline::run(kernel, &self.baseline_root))
            .transpose()?;
        let table = report::Table::new(&ours, measured.as_deref())?;
        let mut text = format!("{}\n{longest}\n\n{scaling}\n{emulated}", table.text());
        if let Some(kernel) = &self.untraced {
            let cost = Cost::measure(kernel, &self.image, &by_key(&ours))?;
            text += &format!("\n{cost}\n");
        }
        println!("{text}");
        let json = table.json(&longest, &scaling, &emulated);
        write_if_changed(&self.out.join("bench.json"), json.as_bytes())?;
        let chart = chart::svg(&table);
        write_if_changed(&self.out.join("bench.svg"), chart.as_bytes())?;
        let out = self.out.display();
        println!("{out}/bench.json, {out}/bench.svg");
        if let Some(page) = &self.update_page {
            let profiles = document::profiles(&self.kernel, &table, &ours)?;
            document::update(page, &text, &profiles, &chart)?;
        }
        if self.update_budget {
            self.store(&by_key(&ours))?;
        }
        Ok(())
    }

    fn store(&self, ours: &Figures) -> Result<()> {
        let text = serde_json::to_string_pretty(ours)? + "\n";
        if write_if_changed(&self.budget, text.as_bytes())? {
            println!("{}: renewed", self.budget.display());
        }
        Ok(())
    }

    fn compare(&self, ours: &Figures) -> Result<()> {
        let path = self.budget.display();
        let text = std::fs::read_to_string(&self.budget).with_context(|| {
            format!("cannot read {path}; `make bench ARGS=--update-budget` writes it")
        })?;
        let worse = above(&budget(&text).with_context(|| path.to_string())?, ours);
        if worse.is_empty() {
            println!("No figure is more than {TOLERANCE} % above {path}.");
            return Ok(());
        }
        bail!(
            "more than {TOLERANCE} % above {path}:\n{}\nIf that is wanted: `make bench ARGS=--update-budget`.",
            worse.join("\n")
        )
    }
}

fn by_key(counted: &[Counted]) -> Figures {
    counted
        .iter()
        .map(|counted| (counted.figure.key.clone(), counted.figure.value))
        .collect()
}

/// The budget file: an object of numbers.
fn budget(text: &str) -> Result<Figures> {
    let value: Value = serde_json::from_str(text)?;
    let object = value.as_object().context("it is no object of figures")?;
    let figure = |(key, value): (&String, &Value)| {
        let number = value
            .as_u64()
            .with_context(|| format!("{key} is no number"))?;
        Ok((key.clone(), u32::try_from(number)?))
    };
    object.iter().map(figure).collect()
}

/// What is above its budget, or has gone, or has none.
fn above(budget: &Figures, ours: &Figures) -> Vec<String> {
    let mut worse = Vec::new();
    for (key, &allowed) in budget {
        match ours.get(key) {
            None => worse.push(format!("  {key}: no figure any more")),
            Some(&figure) if figure * 100 > allowed * (100 + TOLERANCE) => {
                worse.push(format!("  {key}: {figure}, budget {allowed}"));
            }
            Some(_) => {}
        }
    }
    let without = ours.keys().filter(|key| !budget.contains_key(*key));
    worse.extend(without.map(|key| format!("  {key}: not in the budget")));
    worse
}

/// Do two runs agree?
fn same(one: &Figures, other: &Figures) -> Result<()> {
    for (key, &figure) in other {
        let first = one.get(key).copied().unwrap_or(0);
        ensure!(
            first.abs_diff(figure) <= JITTER,
            "two runs differ: {key} is {first}, then {figure}"
        );
    }
    println!("Two runs agree.");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(words: &[(&str, u32)]) -> Figures {
        words
            .iter()
            .map(|(key, value)| (key.to_string(), *value))
            .collect()
    }

    #[test]
    fn three_percent() {
        let old = figures(&[("a", 100), ("b", 1000)]);
        assert!(above(&old, &figures(&[("a", 103), ("b", 900)])).is_empty());
        assert_eq!(above(&old, &figures(&[("a", 104), ("b", 1000)])).len(), 1);
        assert_eq!(above(&old, &figures(&[("a", 1), ("c", 1)])).len(), 2);
    }

    #[test]
    fn budgets() {
        assert_eq!(budget("{\"a\": 5}").unwrap(), figures(&[("a", 5)]));
        assert!(budget("[]").is_err());
        assert!(budget("{\"a\": \"x\"}").is_err());
    }

    #[test]
    fn runs() {
        let one = figures(&[("a", 100)]);
        assert!(same(&one, &figures(&[("a", 106)])).is_ok());
        assert!(same(&one, &figures(&[("a", 107)])).is_err());
        assert!(same(&one, &figures(&[("b", 9)])).is_err());
    }
}
