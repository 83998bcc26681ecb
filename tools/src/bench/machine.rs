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

/// What a bench program prints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    pub key: String,
    pub value: u32,
    /// How many operations were counted together.
    pub count: u32,
}

/// Runs a machine until its program is done.
pub fn figures(setup: &Setup) -> Result<Figures> {
    let mut machine = Qemu::start(setup)?;
    Ok(by_key(&collect(&mut machine)?))
}

pub fn by_key(figures: &[Figure]) -> Figures {
    figures
        .iter()
        .map(|figure| (figure.key.clone(), figure.value))
        .collect()
}

/// What the program in a running machine prints, in this order, until it is done.
pub fn collect(machine: &mut Qemu) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
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
        figures.extend(figure(&line)?);
        ensure!(!line.contains("panic"), "the kernel panicked: {line}");
    }
}

/// A line `##bench KEY VALUE COUNT`.
fn figure(line: &str) -> Result<Option<Figure>> {
    let Some((_, rest)) = line.split_once("##bench ") else {
        return Ok(None);
    };
    let words: Vec<&str> = rest.split_whitespace().collect();
    let &[key, value, count] = &words[..] else {
        bail!("not a figure: {line}");
    };
    let number = |word: &str| {
        word.parse()
            .with_context(|| format!("not a figure: {line}"))
    };
    Ok(Some(Figure {
        key: key.to_string(),
        value: number(value)?,
        count: number(count)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(figure("boot").unwrap(), None);
        let brk = Figure {
            key: "brk".into(),
            value: 64,
            count: 1,
        };
        assert_eq!(figure("x##bench brk 64 1").unwrap(), Some(brk));
        assert!(figure("##bench brk x 1").is_err());
        assert!(figure("##bench brk 1").is_err());
    }
}
