//! Boots a kernel that counts, and collects what its bench program prints.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::machine::{Boot, Line, Qemu, Setup};

/// Figures by key.
pub type Figures = BTreeMap<String, u32>;

/// Long enough on a busy machine; a run takes some ten seconds.
const PATIENCE: Duration = Duration::from_secs(300);

/// Makes a machine countable: one instruction a nanosecond, no waiting while it
/// is idle, and a clock that begins at the same time in every run.
pub fn counting(mut setup: Setup) -> Setup {
    let words = [
        "-icount",
        "shift=0,sleep=off",
        "-rtc",
        "base=1991-12-08T00:00:00,clock=vm",
    ];
    setup.extra.extend(words.map(String::from));
    setup
}

/// The kernel of the build with a bench program as its first process.
pub fn own(kernel: &Path, image: &Path, program: &str) -> Setup {
    counting(Setup::new(Boot::Kernel {
        kernel: kernel.into(),
        initrd: Some(image.into()),
        cmdline: format!("console=ttyS0 init={program}"),
    }))
}

/// Runs a machine until its program is done.
pub fn figures(setup: &Setup) -> Result<Figures> {
    let mut machine = Qemu::start(setup)?;
    collect(&mut machine)
}

/// What the program in a running machine prints, until it is done.
pub fn collect(machine: &mut Qemu) -> Result<Figures> {
    let mut figures = Figures::new();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let line = match machine
            .console
            .line(deadline.saturating_duration_since(Instant::now()))
        {
            Line::Text(line) => line,
            Line::Timeout | Line::Closed => bail!(
                "the bench program did not get to its end. The last that came:\n{}{}",
                machine.console.tail(1500),
                machine.messages()
            ),
        };
        if line.contains("##done") {
            ensure!(!figures.is_empty(), "the bench program printed no figure");
            return Ok(figures);
        }
        if let Some((key, value)) = figure(&line)? {
            figures.insert(key, value);
        }
        ensure!(!line.contains("panic"), "the kernel panicked: {line}");
    }
}

/// A line `##bench KEY VALUE`.
fn figure(line: &str) -> Result<Option<(String, u32)>> {
    let Some((_, rest)) = line.split_once("##bench ") else {
        return Ok(None);
    };
    let (key, value) = rest.split_once(' ').context("a figure without a value")?;
    let value = value
        .trim()
        .parse()
        .with_context(|| format!("not a figure: {line}"))?;
    Ok(Some((key.to_string(), value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(figure("boot").unwrap(), None);
        assert_eq!(figure("x##bench brk 64").unwrap(), Some(("brk".into(), 64)));
        assert!(figure("##bench brk x").is_err());
    }
}
