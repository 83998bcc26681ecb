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

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::report::Report;
use crate::disk::{Kind, Parts, make_disk};
use crate::iso::make_iso;
use crate::machine::{Bochs, BochsSetup, Boot, Console, Exit, Line, Qemu, Setup};
use crate::manifest::Manifest;
use crate::util::fsck;

/// The guest ends a case itself after 60 s; it may then need some to clean up.
const CASE_LIMIT: Duration = Duration::from_secs(100);
/// From the start of the emulator to the first case, and between two cases.
const QUIET_LIMIT: Duration = Duration::from_secs(60);
/// Bochs needs longer to boot, on a busy host much longer.
const BOCHS_QUIET_LIMIT: Duration = Duration::from_secs(180);
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

/// Bytes of a cylinder: a disk of Bochs consists of such.
const CYLINDER: usize = 16 * 63 * 512;
/// The programs that mount hard disks.
const WITH_DISKS: [&str; 2] = ["calls_mount", "damaged"];

/// The hard disks of the programs that mount them: a file system, and something
/// that is none. What it writes to them is forgotten.
fn disks(program: &str, image: &Path) -> Vec<String> {
    if !WITH_DISKS.contains(&program) {
        return vec![];
    }
    let files = [image.to_path_buf(), "build/linux011.elf".into()];
    let drive = |(index, file): (usize, &PathBuf)| {
        let file = file.display();
        let options = format!("file={file},format=raw,if=ide,index={index},snapshot=on");
        ["-drive".into(), options]
    };
    files.iter().enumerate().flat_map(drive).collect()
}

/// What runs a guest.
enum Machine {
    Qemu(Qemu),
    Bochs(Bochs),
}

impl Machine {
    fn console(&mut self) -> &mut Console {
        match self {
            Machine::Qemu(machine) => &mut machine.console,
            Machine::Bochs(machine) => &mut machine.console,
        }
    }

    /// Waits until it ends by itself; how it did, where that says something.
    fn wait(&mut self) -> Result<Option<Exit>> {
        match self {
            Machine::Qemu(machine) => machine.wait(END_LIMIT).map(Some),
            // Its status is 1 whenever the guest switches it off.
            Machine::Bochs(machine) => machine.wait(END_LIMIT).map(|()| None),
        }
    }

    /// What the emulator itself had to say.
    fn messages(&self) -> String {
        match self {
            Machine::Qemu(machine) => machine.messages(),
            Machine::Bochs(machine) => machine.log(),
        }
    }
}

/// How the runner is started: as task 1, but for the program that looks at the
/// kernel's own task 1. There /etc/rc of the test image starts it.
fn init_of(program: &str) -> &'static str {
    match program {
        "s13" => "",
        _ => "init=/test/run ",
    }
}

/// Runs a program, or those cases of it that `wanted` names, in QEMU.
pub fn run(program: &str, wanted: &str, image: &Path, report: &Report) {
    let words = format!("{}test={wanted}", init_of(program));
    run_in_qemu(program, "", &words, image, report);
}

/// Runs a program in QEMU on a kernel that does not use the coprocessor.
pub fn run_without_387(program: &str, image: &Path, report: &Report) {
    let words = format!("no387 {}test={program}", init_of(program));
    run_in_qemu(program, "no387.", &words, image, report);
}

/// Runs a program in QEMU with these words on the kernel's command line.
fn run_in_qemu(program: &str, prefix: &'static str, words: &str, image: &Path, report: &Report) {
    let setup = Setup {
        boot: Boot::Kernel {
            kernel: "build/linux011.elf".into(),
            initrd: Some(image.to_path_buf()),
            cmdline: format!("console=ttyS0 peep {words}"),
        },
        // A machine that resets itself has failed. The guest's clock counts
        // instructions, 8 ns each, while it is busy: what else the host does
        // shortens no time slice and no limit.
        extra: ["-no-reboot", "-icount", "shift=3"]
            .map(String::from)
            .into_iter()
            .chain(disks(program, image))
            .collect(),
        ..Setup::new(Boot::kernel(""))
    };
    follow(
        Qemu::start(&setup).map(Machine::Qemu),
        program,
        prefix,
        QUIET_LIMIT,
        report,
    );
}

/// Runs a program in Bochs, which checks what QEMU does not. It is booted from
/// an ISO made for it.
pub fn run_in_bochs(program: &str, image: &Path, report: &Report) {
    let start = || -> Result<Machine> {
        let folder = tempfile::tempdir()?;
        let iso = folder.path().join("test.iso");
        let menu = format!(
            "multiboot2 /boot/linux011.elf console=ttyS0 peep init=/test/run test={program} bochs\n\
             module2 /boot/root.img\n\
             boot\n"
        );
        make_iso(Path::new("build/linux011.elf"), image, &menu, &iso)?;
        // It keeps the file open.
        Bochs::start(&BochsSetup::new(Boot::Iso(iso), 16)).map(Machine::Bochs)
    };
    follow(start(), program, "bochs.", BOCHS_QUIET_LIMIT, report);
}

/// Runs a program on a strict 80386: `bochs`, which `tools/bochs-386.sh` built. It
/// is booted from a hard disk as `make hd386` makes it, with the tests as root. The
/// programs that mount disks find a file system in its partition, and a second disk
/// that has none.
pub fn run_on_386(program: &str, image: &Path, bochs: &Path, report: &Report) {
    let start = || -> Result<(tempfile::TempDir, Machine)> {
        let folder = tempfile::tempdir()?;
        let disk = folder.path().join("disk");
        let no387 = if program == "math387" { "no387 " } else { "" };
        let mut manifest = Manifest::default();
        let mut second_disk = None;
        if WITH_DISKS.contains(&program) {
            manifest.read(Path::new("user/root.manifest"))?;
            let second = second_disk.insert(folder.path().join("second"));
            std::fs::write(second, vec![0xe5; CYLINDER])?;
        }
        let words = format!(
            "console=ttyS0 peep {no387}{}test={program} bochs",
            init_of(program)
        );
        let parts = Parts {
            kernel: Path::new("build/linux011.elf"),
            module: image,
            loader: Path::new("build/bootsect.bin"),
            menu: format!("t | root.img | {words} | {program}"),
            tree: manifest.tree,
            mtime: 0,
        };
        std::fs::write(&disk, make_disk(Kind::Hd386, parts)?)?;
        let setup = BochsSetup {
            program_386: Some(bochs.to_path_buf()),
            second_disk,
            ..BochsSetup::new(Boot::Disk(disk), 16)
        };
        Ok((folder, Machine::Bochs(Bochs::start(&setup)?)))
    };
    let (_folder, machine) = match start() {
        Ok((folder, machine)) => (Some(folder), Ok(machine)),
        Err(error) => (None, Err(error)),
    };
    follow(machine, program, "386.", BOCHS_QUIET_LIMIT, report);
}

/// Follows a machine to its end. `prefix` goes before the names of its cases.
fn follow(
    machine: Result<Machine>,
    program: &str,
    prefix: &'static str,
    quiet_limit: Duration,
    report: &Report,
) {
    let name = format!("{prefix}{program}");
    let machine = match machine {
        Ok(machine) => machine,
        Err(error) => return report.failed(&name, &format!("{error:#}"), ""),
    };
    let mut run = Run {
        machine,
        program,
        prefix,
        quiet_limit,
        report,
        case: None,
        shown: 0,
        passed: 0,
        failed: 0,
        host_failed: false,
    };
    if let Err(error) = run.follow() {
        let name = match run.case.take() {
            Some((name, _)) => name,
            None => format!("{program}.run"),
        };
        run.fail(&name, &format!("{error:#}"));
    }
    report.keep_log(&name, &run.machine.console().log());
}

/// A machine that runs a guest program.
struct Run<'a> {
    machine: Machine,
    program: &'a str,
    prefix: &'static str,
    quiet_limit: Duration,
    report: &'a Report,
    /// The case that runs, and since when.
    case: Option<(String, Instant)>,
    /// Bytes of the log that belong to what is over.
    shown: usize,
    passed: usize,
    failed: usize,
    /// One of the failures was found by the host.
    host_failed: bool,
}

impl Run<'_> {
    /// Follows the guest to its end.
    fn follow(&mut self) -> Result<()> {
        loop {
            let limit = match &self.case {
                Some((_, begin)) => CASE_LIMIT.saturating_sub(begin.elapsed()),
                None => self.quiet_limit,
            };
            match self.machine.console().line(limit) {
                Line::Text(line) if line.contains("Kernel panic") => {
                    // The backtrace belongs to it.
                    let _ = self.machine.wait();
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
                    self.machine.wait()?,
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
                    self.report
                        .passed(&format!("{}{name}", self.prefix), begin.elapsed());
                    self.shown = self.machine.console().log().len();
                }
                _ => self.fail(name, "it ended without having begun"),
            },
            Word::Failed(name, message) => {
                self.case = None;
                self.fail(name, message);
            }
            Word::Fsck(address, length) => self.check_file_system(address, length)?,
            Word::Note(key, value) if self.prefix.is_empty() => {
                self.report.note(self.program, key, value);
            }
            // Another emulator's figures are no figures.
            Word::Note(..) => {}
            Word::Done => return Ok(true),
            Word::Unknown => bail!("the guest says {line:?}, which means nothing here"),
        }
        Ok(false)
    }

    fn fail(&mut self, name: &str, message: &str) {
        self.failed += 1;
        let log = self.machine.console().log();
        let new =
            String::from_utf8_lossy(log.as_bytes().get(self.shown..).unwrap_or(&[])).into_owned();
        let tail: String = {
            let skipped = new.chars().count().saturating_sub(SHOWN);
            new.chars().skip(skipped).collect()
        };
        self.shown = log.len();
        self.report
            .failed(&format!("{}{name}", self.prefix), message, &tail);
    }

    /// Checks the RAM disk, which counts as a case, and lets the guest go on.
    fn check_file_system(&mut self, address: u64, length: u64) -> Result<()> {
        let name = format!("{}{}.fsck", self.prefix, self.program);
        let begin = Instant::now();
        let Machine::Qemu(machine) = &mut self.machine else {
            bail!("only QEMU shows its memory");
        };
        let bytes = machine.physical_memory(address, length)?;
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), bytes)?;
        match fsck(file.path()) {
            Ok(()) => {
                self.passed += 1;
                self.report.passed(&name, begin.elapsed());
            }
            Err(error) => {
                self.host_failed = true;
                self.fail(&name, &format!("{error:#}"));
            }
        }
        self.machine.console().send("ok\n")
    }

    /// After the last word: how does the machine end?
    fn end(&mut self) -> Result<()> {
        if let Some((name, _)) = self.case.take() {
            self.fail(&name, "it did not say how it ended");
        }
        let exit = self.machine.wait().context("after ##done")?;
        if self.passed + self.failed == 0 {
            bail!(
                "no case ran: is {} in the list of tests/guest/src/bin/run.rs?",
                self.program
            );
        }
        match exit {
            // Bochs does not tell.
            None => Ok(()),
            Some(EXIT_GOOD) if self.failed == 0 || self.host_failed => Ok(()),
            Some(EXIT_FAILED) if self.failed > 0 => Ok(()),
            Some(EXIT_FAILED) => bail!("the guest says that something failed, but not what"),
            Some(exit) => bail!(
                "the machine ended with {exit:?} after {} failures",
                self.failed
            ),
        }
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
