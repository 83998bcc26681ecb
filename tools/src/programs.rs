//! `xtask programs`: builds a cargo workspace of guest programs and converts
//! each binary to a.out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::aout;
use crate::util::write_if_changed;

/// Builds every binary of a cargo workspace, converts each to a.out.
///
/// Runs `cargo build` ($CARGO) with the given arguments in the workspace's
/// folder. Programs that the workspace no longer has vanish from the output.
#[derive(Args)]
pub struct Programs {
    /// The workspace's folder
    #[arg(long)]
    dir: PathBuf,
    /// Folder for the a.out files
    #[arg(long)]
    out: PathBuf,
    /// Folder for the ELF files with their symbols
    #[arg(long)]
    elf: PathBuf,
    /// Arguments of `cargo build`
    #[arg(last = true)]
    arguments: Vec<String>,
}

impl Programs {
    pub fn run(self) -> Result<()> {
        let mut names = BTreeSet::new();
        for elf in self.build()? {
            let name = elf.file_name().context("cargo names a folder")?;
            ensure!(
                name.len() <= crate::minix::NAME_LENGTH,
                "{}: a program's name has at most {} bytes",
                elf.display(),
                crate::minix::NAME_LENGTH
            );
            let bytes = fs::read(&elf).with_context(|| format!("cannot read {}", elf.display()))?;
            write_if_changed(&self.elf.join(name), &bytes)?;
            aout::convert_file(&elf, &self.out.join(name))?;
            names.insert(name.to_os_string());
        }
        ensure!(
            !names.is_empty(),
            "the workspace {} has no program",
            self.dir.display()
        );
        for folder in [&self.out, &self.elf] {
            remove_others(folder, &names)?;
        }
        Ok(())
    }

    /// The ELF files that cargo made or found up to date.
    fn build(&self) -> Result<Vec<PathBuf>> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let output = Command::new(&cargo)
            .args(["build", "--message-format=json-render-diagnostics"])
            .args(&self.arguments)
            .current_dir(&self.dir)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .with_context(|| format!("cannot run {}", cargo.display()))?;
        ensure!(
            output.status.success(),
            "cargo build failed in {}",
            self.dir.display()
        );
        let text = String::from_utf8(output.stdout).context("cargo writes UTF-8")?;
        text.lines()
            .filter_map(|line| executable(line).transpose())
            .collect()
    }
}

/// The executable that a line of cargo's JSON announces, if it does.
fn executable(line: &str) -> Result<Option<PathBuf>> {
    let message: serde_json::Value =
        serde_json::from_str(line).context("cargo wrote a line that is not JSON")?;
    Ok(message["executable"].as_str().map(PathBuf::from))
}

/// Removes files of programs that are gone.
fn remove_others(folder: &Path, keep: &BTreeSet<std::ffi::OsString>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_file() && !keep.contains(&entry.file_name()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
