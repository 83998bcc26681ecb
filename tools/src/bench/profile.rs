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
use super::{emulated, irqs_off};
use crate::binary::{Binary, short_name};

/// Where the programs' memory begins: behind slot 0.
const PROGRAMS: u32 = 64 << 20;

/// Shows what the instructions of operations are spent on, by function.
#[derive(Args)]
pub struct Profile {
    /// Keys of rows, as in build/bench.json; 387. and an instruction of the
    /// emulated coprocessor; or irqs_off. All rows when there is none
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
/// What the keys of the emulated coprocessor's instructions begin with.
const EMULATED: &str = "387.";

impl Profile {
    pub fn run(self) -> Result<()> {
        let keys: Vec<&str> = ROWS.iter().map(|row| row.key).chain([IRQS_OFF]).collect();
        let (instructions, rows): (Vec<&String>, Vec<&String>) = self
            .operations
            .iter()
            .partition(|key| key.starts_with(EMULATED));
        if let Some(unknown) = rows.iter().find(|key| !keys.contains(&key.as_str())) {
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
        if !instructions.is_empty() {
            let all = recording::run(emulated::setup(&self.kernel, &self.image))?;
            for key in instructions {
                let name = &key[EMULATED.len()..];
                let counted = all.iter().find(|counted| counted.figure.key == name);
                let counted = counted.with_context(|| {
                    let names: Vec<_> = all.iter().map(|c| c.figure.key.as_str()).collect();
                    format!("there is no {name}; there are: {}", names.join(" "))
                })?;
                println!("{}", title("emulated", counted));
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

    fn print(&self, addresses: &BTreeMap<u32, u32>, binary: &Binary) -> Result<()> {
        let names = if self.whole {
            let name = |at| {
                binary
                    .symbol_at(at)
                    .map_or("?".into(), |(function, _)| function.name.clone())
            };
            Names(addresses.keys().map(|&at| (at, name(at))).collect())
        } else {
            Names::read(&self.kernel, addresses.keys())?
        };
        println!("{}", names.by_function(addresses, self.top));
        Ok(())
    }
}

/// The function that each instruction belongs to.
pub struct Names(BTreeMap<u32, String>);

impl Names {
    /// The innermost function of the kernel, among those that the compiler has
    /// put into others, too; but none of a library.
    pub fn read<'a>(kernel: &Path, addresses: impl Iterator<Item = &'a u32>) -> Result<Names> {
        let output = Command::new("addr2line")
            .args(["-a", "-f", "-i", "-e"])
            .arg(kernel)
            .args(
                addresses
                    .filter(|at| **at < PROGRAMS)
                    .map(|at| format!("{at:#x}")),
            )
            .output()
            .context("cannot run addr2line (binutils)")?;
        ensure!(output.status.success(), "addr2line failed");
        Ok(Names(innermost(&String::from_utf8_lossy(&output.stdout))))
    }

    /// A table of the functions with most instructions, `top` of them.
    pub fn by_function(&self, addresses: &BTreeMap<u32, u32>, top: usize) -> String {
        let mut functions: BTreeMap<&str, u32> = BTreeMap::new();
        for (at, count) in addresses {
            let name = if *at >= PROGRAMS {
                "the program"
            } else {
                self.0.get(at).map_or("?", String::as_str)
            };
            *functions.entry(name).or_default() += count;
        }
        let total: u32 = functions.values().sum();
        let mut sorted: Vec<_> = functions.into_iter().collect();
        sorted.sort_by_key(|(name, count)| (std::cmp::Reverse(*count), *name));
        let line = |(name, count): &(&str, u32)| {
            let part = f64::from(*count) * 100.0 / f64::from(total);
            format!("{count:>8} {part:>5.1} %  {name}\n")
        };
        sorted.iter().take(top).map(line).collect()
    }
}

/// What addr2line prints: an address, then function and place, from the innermost
/// function outwards.
fn innermost(text: &str) -> BTreeMap<u32, String> {
    let mut names = BTreeMap::new();
    let mut address = 0;
    let mut lines = text.lines();
    let mut of_library = true;
    while let Some(line) = lines.next() {
        if let Some(number) = line
            .strip_prefix("0x")
            .and_then(|word| u32::from_str_radix(word, 16).ok())
        {
            address = number;
            of_library = true;
            continue;
        }
        let place = lines.next().unwrap_or("");
        if of_library {
            of_library = place.contains("/rustlib/") || place.contains("/registry/");
            let file = place.split([':', ' ']).next().unwrap_or("");
            let file = file.rsplit('/').next().unwrap_or(file);
            names.insert(address, format!("{} ({file})", short_name(line)));
        }
    }
    names
}

/// A row's name, key and figure.
pub fn title(name: &str, counted: &Counted) -> String {
    let figure = &counted.figure;
    let (key, value, clocks) = (&figure.key, figure.value, counted.clocks);
    let mut title = format!("{name} ({key}): {value} instructions, {clocks} clocks of a 386");
    if figure.count > 1 {
        title += &format!("; {} of them together", figure.count);
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_of_the_kernel() {
        let text = "0x00011000\ncore::mem::replace\n/usr/lib/rustlib/src/mod.rs:1\nfs::stat::cp_stat\n/x/fs/stat.rs:9\nfs::stat::sys_stat\n/x/fs/stat.rs:20\n0x00011002\nmemcpy\n/x/arch/string.rs:20 (discriminator 2)\n";
        let names = Names(innermost(text));
        let counts = BTreeMap::from([(0x11000, 1), (0x11002, 2), (PROGRAMS, 1)]);
        let expected =
            "       2  50.0 %  memcpy (string.rs)\n       1  25.0 %  fs::stat::cp_stat (stat.rs)\n";
        assert_eq!(names.by_function(&counts, 2), expected);
    }
}
