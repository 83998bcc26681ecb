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
    /// Boots this image through its menu: an ISO, a floppy (fd.img) or a disk
    #[arg(long)]
    image: Option<PathBuf>,
    /// Shows the menu of the image, and boots nothing
    #[arg(long, requires = "image")]
    menu: bool,
    /// Boots entry `r` of the menu, with this diskette as the root
    #[arg(long, requires = "image")]
    root_floppy: Option<PathBuf>,
    /// A line to type, may be given again [default: a listing and str1]
    #[arg(long = "type", value_name = "LINE", allow_hyphen_values = true)]
    lines: Vec<String>,
}

impl Screenshot {
    pub fn run(self) -> Result<()> {
        let boot = match &self.image {
            None => Boot::kernel(""),
            Some(image) if image.extension().is_some_and(|end| end == "iso") => {
                Boot::Iso(image.clone())
            }
            Some(image) if image.ends_with("fd.img") => Boot::FloppyAlone(image.clone()),
            Some(image) => Boot::Disk(image.clone()),
        };
        let mut setup = Setup::new(boot).memory(self.mem);
        setup.extra.push("-snapshot".into());
        let mut machine = Qemu::start(&setup)?;
        if self.menu {
            machine.wait_for_screen("self-test, on screen", PATIENCE)?;
            return self.keep(&mut machine);
        }
        if let Some(floppy) = &self.root_floppy {
            machine.wait_for_screen("self-test, on screen", PATIENCE)?;
            machine.keys("r")?;
            machine.wait_for_screen("Insert root floppy", PATIENCE)?;
            machine.change_floppy(floppy)?;
            machine.keys("ret")?;
        }
        machine.wait_for_screen(PROMPT, PATIENCE)?;
        let default = ["ls -l / | head -n 4", "str1 -t 1"]
            .map(String::from)
            .to_vec();
        let lines = match (&self.image, self.lines.is_empty()) {
            (None, true) => &default,
            _ => &self.lines,
        };
        for line in lines {
            machine.type_text(line)?;
            // The typed line must be there first: before, the old prompt waits.
            machine.wait_for_screen(&format!("# {}", regex::escape(line.trim_end())), PATIENCE)?;
            machine.type_text("\n")?;
            machine.wait_for_screen(PROMPT, PATIENCE)?;
        }
        self.keep(&mut machine)
    }

    fn keep(&self, machine: &mut Qemu) -> Result<()> {
        if let Some(folder) = self.out.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        }
        machine.screenshot(&self.out)?;
        println!("{}", self.out.display());
        Ok(())
    }
}
