//! `xtask iso`: a CD image that GRUB boots, and that is a hard disk image too.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::util::write_if_changed;

/// GRUB's modules that the menu needs; all of them would be 10 MB.
const MODULES: &str = "biosdisk iso9660 normal multiboot2 part_msdos serial terminal";
/// GRUB for BIOS machines.
pub const GRUB: &str = "/usr/lib/grub/i386-pc";
/// When everything in it was made, as SOURCE_DATE_EPOCH below says: 8 December 1991.
const DATE: &str = "1991120800000000";
/// Largest ISO: it is to be downloaded without a thought.
const LIMIT: u64 = 3 << 20;

/// Makes a bootable ISO of a kernel and a root image.
#[derive(Args)]
pub struct Iso {
    #[arg(long, default_value = "build/linux011.elf")]
    kernel: PathBuf,
    /// The root image, which GRUB loads as a module
    #[arg(long, default_value = "build/root.img")]
    module: PathBuf,
    /// GRUB's configuration
    #[arg(long, default_value = "grub/grub.cfg")]
    config: PathBuf,
    #[arg(long, default_value = "build/linux011.iso")]
    out: PathBuf,
}

impl Iso {
    pub fn run(self) -> Result<()> {
        let config = std::fs::read_to_string(&self.config)
            .with_context(|| format!("cannot read {}", self.config.display()))?;
        let parts = [self.kernel.as_path(), &self.module, &self.config];
        let newest = parts
            .iter()
            .filter_map(|part| part.metadata().ok()?.modified().ok())
            .max();
        let made = self.out.metadata().and_then(|data| data.modified()).ok();
        if made.is_some() && made > newest {
            return Ok(());
        }
        let size = make_iso(&self.kernel, &self.module, &config, &self.out)?;
        ensure!(
            size <= LIMIT,
            "{} has {size} bytes, more than 3 MB",
            self.out.display()
        );
        println!("{}: {} KB", self.out.display(), size / 1024);
        Ok(())
    }
}

/// Makes the ISO; its size in bytes.
pub fn make_iso(kernel: &Path, module: &Path, config: &str, out: &Path) -> Result<u64> {
    let folder = tempfile::tempdir()?;
    let boot = folder.path().join("boot");
    std::fs::create_dir_all(boot.join("grub"))?;
    std::fs::write(boot.join("grub/grub.cfg"), config)?;
    strip(kernel, &boot.join("linux011.elf"))?;
    std::fs::copy(module, boot.join("root.img"))
        .with_context(|| format!("cannot read {}", module.display()))?;

    let temporary = folder.path().with_extension("iso");
    let output = Command::new("grub-mkrescue")
        .args(["-d", GRUB, "--compress=xz"])
        .arg(format!("--install-modules={MODULES}"))
        .args(["--locales=", "--themes=", "--fonts=", "-o"])
        .arg(&temporary)
        .arg(folder.path())
        // For xorriso: the dates of files, and of the volume, which are the clock's
        // otherwise.
        .args(["--set_all_file_dates", DATE, "--"])
        .args(
            ["c", "m", "uuid"]
                .map(|what| ["-volume_date", what, DATE])
                .concat(),
        )
        // One source, one ISO: dates and identifiers come from here, not from
        // the clock (xorriso honours it too).
        .env("SOURCE_DATE_EPOCH", "692150400")
        .output()
        .context("cannot run grub-mkrescue; tools/setup.sh installs it")?;
    let bytes = std::fs::read(&temporary);
    // Read already, or never made.
    let _ = std::fs::remove_file(&temporary);
    ensure!(
        output.status.success() && bytes.is_ok(),
        "grub-mkrescue failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let bytes = bytes?;
    if !write_if_changed(out, &bytes)? {
        // Up to date from now on.
        std::fs::File::options()
            .append(true)
            .open(out)?
            .set_modified(std::time::SystemTime::now())?;
    }
    Ok(bytes.len() as u64)
}

/// The kernel without debug information: GRUB needs the segments only.
pub fn strip(kernel: &Path, out: &Path) -> Result<()> {
    let status = Command::new("objcopy")
        .arg("--strip-all")
        .arg(kernel)
        .arg(out)
        .status()
        .context("cannot run objcopy (package binutils); tools/setup.sh installs it")?;
    ensure!(status.success(), "objcopy failed on {}", kernel.display());
    Ok(())
}
