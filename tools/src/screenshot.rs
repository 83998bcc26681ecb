//! `xtask screenshot`: pictures for the documentation, made by the system itself.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Args;

use crate::machine::{Boot, Qemu, Setup};

/// root's prompt, alone on its line.
const PROMPT: &str = r"(?m)^\[/[^\]\n]*\]# *$";
/// For the boot, and for each command.
const PATIENCE: Duration = Duration::from_secs(60);

/// Boots the system on a screen, types, and keeps the screen as a picture.
#[derive(Args)]
pub struct Screenshot {
    /// The picture, a PNG file
    #[arg(long, default_value = "docs/console.png")]
    out: PathBuf,
    /// Memory in MB
    #[arg(long, default_value_t = 16)]
    mem: u32,
    /// A line to type, may be given again [default: a listing and str1]
    #[arg(long = "type", value_name = "LINE", allow_hyphen_values = true)]
    lines: Vec<String>,
}

impl Screenshot {
    pub fn run(self) -> Result<()> {
        let mut machine = Qemu::start(&Setup::new(Boot::kernel("")).memory(self.mem))?;
        machine.wait_for_screen(PROMPT, PATIENCE)?;
        let default = ["ls -l / | head -n 4", "str1 -t 1"]
            .map(String::from)
            .to_vec();
        let lines = if self.lines.is_empty() {
            default
        } else {
            self.lines
        };
        for line in lines {
            machine.type_text(&line)?;
            // The typed line must be there first: before, the old prompt waits.
            machine.wait_for_screen(&format!("# {}", regex::escape(line.trim_end())), PATIENCE)?;
            machine.type_text("\n")?;
            machine.wait_for_screen(PROMPT, PATIENCE)?;
        }
        if let Some(folder) = self.out.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        }
        machine.screenshot(&self.out)?;
        println!("{}", self.out.display());
        Ok(())
    }
}
