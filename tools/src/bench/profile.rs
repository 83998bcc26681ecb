//! `xtask profile`: what the instructions of one row of the table are spent on,
//! by function.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;

use super::machine::own;
use super::recording::{self, Counted};
use super::rows::ROWS;
use crate::binary::{Binary, short_name};

/// Where the programs' memory begins: behind slot 0.
const PROGRAMS: u32 = 64 << 20;

/// Shows what the instructions of operations are spent on, by function.
#[derive(Args)]
pub struct Profile {
    /// Keys of rows, as in build/bench.json; all when there is none
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

impl Profile {
    pub fn run(self) -> Result<()> {
        if let Some(unknown) = self
            .operations
            .iter()
            .find(|key| !ROWS.iter().any(|row| row.key == **key))
        {
            let keys: Vec<_> = ROWS.iter().map(|row| row.key).collect();
            bail!("there is no row {unknown}; there are: {}", keys.join(" "));
        }
        let counted = recording::run(own(&self.kernel, &self.image, "/bench/bench"))?;
        let binary = Binary::read(&self.kernel)?;
        for row in ROWS {
            if self.operations.is_empty() || self.operations.iter().any(|key| key == row.key) {
                let counted = counted.iter().find(|counted| counted.figure.key == row.key);
                self.print(row.name, counted.context("no such figure")?, &binary)?;
            }
        }
        Ok(())
    }

    fn print(&self, name: &str, counted: &Counted, binary: &Binary) -> Result<()> {
        let mut names: BTreeMap<String, u32> = BTreeMap::new();
        let kernel = counted.addresses.range(..PROGRAMS);
        if self.whole {
            for (&at, count) in kernel {
                let name = binary
                    .symbol_at(at)
                    .map_or("?".into(), |(function, _)| function.name.clone());
                *names.entry(name).or_default() += count;
            }
        } else {
            for (at, name) in inlined(&self.kernel, kernel.map(|(at, _)| at))? {
                *names.entry(name).or_default() += counted.addresses[&at];
            }
        }
        let program = counted
            .addresses
            .range(PROGRAMS..)
            .map(|(_, count)| count)
            .sum();
        names.insert("the program".into(), program);
        let total: u32 = names.values().sum();
        let mut sorted: Vec<_> = names.into_iter().collect();
        sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), name.clone()));
        let figure = &counted.figure;
        print!(
            "{name} ({}): {} instructions, {} clocks of a 386",
            figure.key, figure.value, counted.clocks
        );
        if figure.count > 1 {
            print!("; {} of them together", figure.count);
        }
        println!();
        for (name, count) in sorted.iter().take(self.top) {
            let part = f64::from(*count) * 100.0 / f64::from(total);
            println!("{count:>8} {part:>5.1} %  {name}");
        }
        println!();
        Ok(())
    }
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
