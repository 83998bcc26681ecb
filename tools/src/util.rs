//! Small things that several subcommands need.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use anyhow::{Context, Result, ensure};

/// Writes a file, with its folder, unless it already holds these bytes: what
/// depends on an unchanged file is then not made again. True if it was written.
pub fn write_if_changed(path: &Path, bytes: &[u8]) -> Result<bool> {
    if fs::read(path).is_ok_and(|old| old == bytes) {
        return Ok(false);
    }
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

/// Runs a host program to its end and gives its output, whatever its status.
pub fn output_of(program: &str, arguments: &[&str]) -> Result<Output> {
    Command::new(program)
        .args(arguments)
        .output()
        .with_context(|| format!("cannot run {program}; `tools/setup.sh` installs what is missing"))
}

/// Checks a Minix image with `fsck.minix -f`: an error with its words if it
/// finds anything to say.
pub fn fsck(image: &Path) -> Result<()> {
    let path = image.to_str().context("the image's path is not UTF-8")?;
    let output = output_of("/sbin/fsck.minix", &["-f", path])?;
    let mut words = String::from_utf8_lossy(&output.stdout).into_owned();
    words.push_str(&String::from_utf8_lossy(&output.stderr));
    ensure!(
        output.status.success() && !complains(&words),
        "fsck.minix -f finds {} damaged:\n{}",
        image.display(),
        words.trim()
    );
    Ok(())
}

/// `fsck.minix` also leaves with status 0 after some complaints; then it says
/// more than the one line with which it announces that it looks.
fn complains(words: &str) -> bool {
    words
        .lines()
        .map(str::trim)
        .any(|line| !line.is_empty() && !line.starts_with("Forcing filesystem check on"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_announcement_is_no_complaint() {
        assert!(!complains("Forcing filesystem check on x.img.\n"));
        assert!(complains(
            "Forcing filesystem check on x.img.\nZone 36: marked in use, no file uses it.\n"
        ));
    }
}
