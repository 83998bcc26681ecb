//! A guest program under `tests/guest/src/bin`, run by `/test/run` as init. Both
//! talk over the serial line; lines of these forms are for the host:
//!
//! - `##case NAME` begins a case, `##ok NAME` and `##fail NAME: message` end it
//! - `##fsck ADDRESS LENGTH`: the guest has synced, its RAM disk lies there; the
//!   host checks it and types a line
//! - `##note KEY VALUE`: something measured
//! - `##done`: the machine ends itself now, with status 0 if nothing failed
//!
//! Everything else is shown when something fails.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::report::Report;
use crate::machine::{Boot, Exit, Line, Qemu, Setup};
use crate::util::fsck;

/// The guest ends a case itself after 60 s; it may then need some to clean up.
const CASE_LIMIT: Duration = Duration::from_secs(100);
/// From the start of the emulator to the first case, and between two cases.
const QUIET_LIMIT: Duration = Duration::from_secs(60);
/// To end itself after its last word, or after a panic.
const END_LIMIT: Duration = Duration::from_secs(20);
/// Last bytes of the output that are shown with a failure.
const SHOWN: usize = 3000;
/// What QEMU makes of the guest's codes 0 and 1 on the debug-exit port.
const EXIT_GOOD: Exit = Exit::Code(1);
const EXIT_FAILED: Exit = Exit::Code(3);

/// A line of the guest's.
#[derive(Debug, PartialEq, Eq)]
enum Word<'a> {
    Case(&'a str),
    Good(&'a str),
    Failed(&'a str, &'a str),
    Fsck(u64, u64),
    Note(&'a str, &'a str),
    Done,
    /// Begins like a line for us, but is none.
    Unknown,
    Text,
}

fn parse(line: &str) -> Word<'_> {
    let Some(line) = line.strip_prefix("##") else {
        return Word::Text;
    };
    let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
    match verb {
        "case" => Word::Case(rest),
        "ok" => Word::Good(rest),
        "fail" => match rest.split_once(": ") {
            Some((name, message)) => Word::Failed(name, message),
            None => Word::Failed(rest, "no message"),
        },
        "fsck" => match rest
            .split_once(' ')
            .map(|(at, length)| (number(at), number(length)))
        {
            Some((Some(at), Some(length))) => Word::Fsck(at, length),
            _ => Word::Unknown,
        },
        "note" => match rest.split_once(' ') {
            Some((key, value)) => Word::Note(key, value),
            None => Word::Unknown,
        },
        "done" => Word::Done,
        _ => Word::Unknown,
    }
}

/// A number in decimal or, with 0x, in hexadecimal.
fn number(word: &str) -> Option<u64> {
    match word.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => word.parse().ok(),
    }
}

/// Runs a program, or those cases of it that `wanted` names.
pub fn run(program: &str, wanted: &str, image: &Path, report: &Report) {
    let setup = Setup {
        boot: Boot::Kernel {
            kernel: "build/linux011.elf".into(),
            initrd: Some(image.to_path_buf()),
            cmdline: format!("console=ttyS0 peep init=/test/run test={wanted}"),
        },
        // Tests may try the 387, and a machine that resets itself has failed.
        extra: vec!["-no-reboot".into()],
        ..Setup::new(Boot::kernel(""))
    };
    let machine = match Qemu::start(&setup) {
        Ok(machine) => machine,
        Err(error) => return report.failed(program, &format!("{error:#}"), ""),
    };
    let mut run = Run {
        machine,
        program,
        report,
        case: None,
        shown: 0,
        passed: 0,
        failed: 0,
    };
    if let Err(error) = run.follow() {
        let name = match run.case.take() {
            Some((name, _)) => name,
            None => format!("{program}.run"),
        };
        run.fail(&name, &format!("{error:#}"));
    }
    report.keep_log(program, &run.machine.console.log());
}

/// A machine that runs a guest program.
struct Run<'a> {
    machine: Qemu,
    program: &'a str,
    report: &'a Report,
    /// The case that runs, and since when.
    case: Option<(String, Instant)>,
    /// Bytes of the log that belong to what is over.
    shown: usize,
    passed: usize,
    failed: usize,
}

impl Run<'_> {
    /// Follows the guest to its end.
    fn follow(&mut self) -> Result<()> {
        loop {
            let limit = match &self.case {
                Some((_, begin)) => CASE_LIMIT.saturating_sub(begin.elapsed()),
                None => QUIET_LIMIT,
            };
            match self.machine.console.line(limit) {
                Line::Text(line) if line.contains("Kernel panic") => {
                    // The backtrace belongs to it.
                    let _ = self.machine.wait(END_LIMIT);
                    bail!("{}", line.trim());
                }
                Line::Text(line) => {
                    if self.hear(&line)? {
                        return self.end();
                    }
                }
                Line::Timeout => bail!("nothing from the guest for {} s", limit.as_secs()),
                Line::Closed => bail!(
                    "the machine ended before ##done ({:?}) {}",
                    self.machine.wait(END_LIMIT)?,
                    self.machine.messages().trim()
                ),
            }
        }
    }

    /// Takes in one line; true if it was the last.
    fn hear(&mut self, line: &str) -> Result<bool> {
        match parse(line) {
            Word::Text => {}
            Word::Case(name) => {
                if let Some((before, _)) = self.case.take() {
                    self.fail(&before, "it did not say how it ended");
                }
                self.case = Some((name.to_string(), Instant::now()));
            }
            Word::Good(name) => match self.case.take() {
                Some((begun, begin)) if begun == name => {
                    self.passed += 1;
                    self.report.passed(name, begin.elapsed());
                    self.shown = self.machine.console.log().len();
                }
                _ => self.fail(name, "it ended without having begun"),
            },
            Word::Failed(name, message) => {
                self.case = None;
                self.fail(name, message);
            }
            Word::Fsck(address, length) => self.check_file_system(address, length)?,
            Word::Note(key, value) => self.report.note(self.program, key, value),
            Word::Done => return Ok(true),
            Word::Unknown => bail!("the guest says {line:?}, which means nothing here"),
        }
        Ok(false)
    }

    fn fail(&mut self, name: &str, message: &str) {
        self.failed += 1;
        let log = self.machine.console.log();
        let new =
            String::from_utf8_lossy(log.as_bytes().get(self.shown..).unwrap_or(&[])).into_owned();
        let tail: String = {
            let skipped = new.chars().count().saturating_sub(SHOWN);
            new.chars().skip(skipped).collect()
        };
        self.shown = log.len();
        self.report.failed(name, message, &tail);
    }

    /// Checks the RAM disk, which counts as a case, and lets the guest go on.
    fn check_file_system(&mut self, address: u64, length: u64) -> Result<()> {
        let name = format!("{}.fsck", self.program);
        let begin = Instant::now();
        let bytes = self.machine.physical_memory(address, length)?;
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), bytes)?;
        match fsck(file.path()) {
            Ok(()) => {
                self.passed += 1;
                self.report.passed(&name, begin.elapsed());
            }
            Err(error) => self.fail(&name, &format!("{error:#}")),
        }
        self.machine.console.send("ok\n")
    }

    /// After the last word: how does the machine end?
    fn end(&mut self) -> Result<()> {
        if let Some((name, _)) = self.case.take() {
            self.fail(&name, "it did not say how it ended");
        }
        let exit = self.machine.wait(END_LIMIT).context("after ##done")?;
        if self.passed + self.failed == 0 {
            bail!(
                "no case ran: is {} in the list of tests/guest/src/bin/run.rs?",
                self.program
            );
        }
        let clean = self.failed == 0;
        if !(exit == EXIT_FAILED || clean && exit == EXIT_GOOD) {
            bail!(
                "the machine ended with {exit:?} after {} failures",
                self.failed
            );
        }
        if clean && exit == EXIT_FAILED {
            bail!("the guest says that something failed, but not what");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_the_host() {
        assert_eq!(parse("##case S1.a"), Word::Case("S1.a"));
        assert_eq!(parse("##ok S1.a"), Word::Good("S1.a"));
        assert_eq!(
            parse("##fail S1.a: line 3: x: y"),
            Word::Failed("S1.a", "line 3: x: y")
        );
        assert_eq!(parse("##fsck 0x200000 4096"), Word::Fsck(0x20_0000, 4096));
        assert_eq!(parse("##fsck 0x200000"), Word::Unknown);
        assert_eq!(parse("##note a b c"), Word::Note("a", "b c"));
        assert_eq!(parse("##done"), Word::Done);
        assert_eq!(parse("##dome"), Word::Unknown);
        assert_eq!(parse("# ##done"), Word::Text);
    }
}
