//! `xtask profile`: what the instructions of one row of the table are spent on,
//! by function.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::irqs_off;
use super::machine::own;
use super::recording::{self, Counted};
use super::rows::ROWS;
use crate::binary::{Binary, short_name};

/// Where the programs' memory begins: behind slot 0.
const PROGRAMS: u32 = 64 << 20;

/// Shows what the instructions of operations are spent on, by function.
#[derive(Args)]
pub struct Profile {
    /// Keys of rows, as in build/bench.json, or irqs_off; all when there is none
    operations: Vec<String>,
    /// Counts functions that the compiler has put into others with those
    #[arg(long)]
    whole: bool,
    /// Functions that are shown
    #[arg(long, default_value_t = 25)]
    top: usize,
    #[arg(long, default_value = "build/linux011.elf")]
    kernel: PathBuf,
    #[arg(long, default_value = "build/bench.img")]
    image: PathBuf,
}

/// The key of the longest time with interrupts off.
const IRQS_OFF: &str = "irqs_off";

impl Profile {
    pub fn run(self) -> Result<()> {
        let keys: Vec<&str> = ROWS.iter().map(|row| row.key).chain([IRQS_OFF]).collect();
        if let Some(unknown) = self
            .operations
            .iter()
            .find(|key| !keys.contains(&key.as_str()))
        {
            bail!("there is no row {unknown}; there are: {}", keys.join(" "));
        }
        let wanted = |key: &str| {
            self.operations.is_empty() || self.operations.iter().any(|word| word == key)
        };
        let binary = Binary::read(&self.kernel)?;
        if ROWS.iter().any(|row| wanted(row.key)) {
            let all = recording::run(own(&self.kernel, &self.image, "/bench/bench"))?;
            for row in ROWS.iter().filter(|row| wanted(row.key)) {
                let counted = all.iter().find(|counted| counted.figure.key == row.key);
                let counted = counted.context("no such figure")?;
                println!("{}", title(row.name, counted));
                self.print(&counted.addresses, &binary)?;
            }
        }
        if wanted(IRQS_OFF) {
            let longest = irqs_off::longest(&self.kernel, &self.image)?;
            println!(
                "longest time with interrupts off: {} instructions",
                longest.instructions
            );
            self.print(&longest.addresses, &binary)?;
        }
        Ok(())
    }

    /// The functions that have those instructions.
    fn print(&self, addresses: &BTreeMap<u32, u32>, binary: &Binary) -> Result<()> {
        let mut names: BTreeMap<String, u32> = BTreeMap::new();
        let kernel = addresses.range(..PROGRAMS);
        if self.whole {
            for (&at, count) in kernel {
                let name = binary
                    .symbol_at(at)
                    .map_or("?".into(), |(function, _)| function.name.clone());
                *names.entry(name).or_default() += count;
            }
        } else {
            for (at, name) in inlined(&self.kernel, kernel.map(|(at, _)| at))? {
                *names.entry(name).or_default() += addresses[&at];
            }
        }
        let program: u32 = addresses.range(PROGRAMS..).map(|(_, count)| count).sum();
        if program > 0 {
            names.insert("the program".into(), program);
        }
        let total: u32 = names.values().sum();
        let mut sorted: Vec<_> = names.into_iter().collect();
        sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
        for (name, count) in sorted.iter().take(self.top) {
            let part = f64::from(*count) * 100.0 / f64::from(total);
            println!("{count:>8} {part:>5.1} %  {name}");
        }
        println!();
        Ok(())
    }
}

fn title(name: &str, counted: &Counted) -> String {
    let figure = &counted.figure;
    let (key, value, clocks) = (&figure.key, figure.value, counted.clocks);
    let mut title = format!("{name} ({key}): {value} instructions, {clocks} clocks of a 386");
    if figure.count > 1 {
        title += &format!("; {} of them together", figure.count);
    }
    title
}

/// The innermost function at each address, among those that the compiler has put
/// into others, too.
fn inlined<'a>(
    kernel: &Path,
    addresses: impl Iterator<Item = &'a u32>,
) -> Result<Vec<(u32, String)>> {
    let words: Vec<String> = addresses.map(|address| format!("{address:#x}")).collect();
    let output = Command::new("addr2line")
        .args(["-a", "-f", "-e"])
        .arg(kernel)
        .args(&words)
        .output()
        .context("cannot run addr2line (binutils)")?;
    ensure!(output.status.success(), "addr2line failed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    lines
        .chunks(3)
        .map(|lines| {
            let &[address, name, place] = lines else {
                bail!("addr2line printed something else");
            };
            let address = u32::from_str_radix(address.trim_start_matches("0x"), 16)?;
            let file = place.split([':', ' ']).next().unwrap_or("");
            let file = file.rsplit('/').next().unwrap_or(file);
            Ok((address, format!("{} ({file})", short_name(name))))
        })
        .collect()
}
