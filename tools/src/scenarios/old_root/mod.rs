//! A session on a hard disk of 0.11's time, which `OLD_ROOT` names: its own
//! programs, unchanged, on our kernel. It works on a copy of the disk, and keeps
//! what was typed and seen as `old-root-session.md`, with pictures.

mod on_screen;
mod programs;
mod steps;
mod transcript;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use regex::Regex;

use self::on_screen::on_screen;
use self::programs::PROGRAMS;
use self::steps::{COMPUTE, DOUBLES, FORTY, HELLO, KILL, STEPS, Step};
use self::transcript::Transcript;
use super::shell::{BOOT_LIMIT, PROMPT, SOON};
use super::{Context, Skipped};
use crate::machine::{Boot, Qemu, Setup, indent};
use crate::old_root::{Partition, complaints, drive, minix_partitions, programs_on};

/// Processes that the shell starts: with the others, all 64 slots but one.
const PROCESSES: usize = 59;
/// Task 0, init, update and the shell.
const OTHERS: usize = 4;
/// For a program that takes no time, but may wait for a diskette.
const WHILE: Duration = Duration::from_secs(120);
/// A Sunday in December 1991, so that two runs print the same.
const CLOCK: &str = "base=1991-12-08T12:00:00";
/// Bytes of the diskette.
const DISKETTE: u64 = 1440 * 1024;

/// The whole session, and the disk's state after it.
pub fn session(context: &Context) -> Result<()> {
    let Some(original) = std::env::var_os("OLD_ROOT").filter(|name| !name.is_empty()) else {
        bail!(Skipped(
            "OLD_ROOT=path names no hard disk of 0.11's time (docs/old-root.md)"
        ));
    };
    let original = PathBuf::from(original);
    let partitions = minix_partitions(&original)?;
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("disk");
    std::fs::copy(&original, &disk).context("cannot copy the disk")?;
    let diskette = folder.path().join("diskette");
    std::fs::File::create(&diskette)?.set_len(DISKETTE)?;

    let mut transcript = Transcript::new();
    transcript.heading("Boot and log in, on the serial line");
    let mut session = Session::boot(&disk, &diskette, "", transcript, context)?;
    session.run_all(&programs_on(&original, partitions[0])?);
    let (mut failed, mut transcript) = session.end()?;
    transcript.heading("Without a coprocessor: `no387` on the kernel's command line");
    let mut session = Session::boot(&disk, &diskette, " no387", transcript, context)?;
    session.compute_again();
    let (failed_again, mut transcript) = session.end()?;
    failed += failed_again;
    failed += on_screen(&disk, context, &mut transcript)?;
    for partition in &partitions {
        check(&original, &disk, *partition, &mut transcript)?;
    }
    let path = context
        .report
        .keep_text("old-root-session.md", &transcript.text());
    ensure!(failed == 0, "{failed} steps failed: {}", path.display());
    Ok(())
}

/// Has the session left damage on the partition?
fn check(
    original: &Path,
    disk: &Path,
    partition: Partition,
    transcript: &mut Transcript,
) -> Result<()> {
    let before = complaints(original, partition)?;
    let after = complaints(disk, partition)?;
    let new: Vec<_> = after
        .iter()
        .filter(|line| !before.contains(line))
        .map(String::as_str)
        .collect();
    ensure!(
        new.is_empty(),
        "fsck.minix finds new damage on partition {}:\n{}",
        partition.number,
        new.join("\n")
    );
    transcript.say(&format!(
        "`fsck.minix -f` on partition {} finds nothing that it does not find on the untouched \
         disk (there: {}).\n",
        partition.number,
        if before.is_empty() {
            "nothing".into()
        } else {
            before.join("; ")
        }
    ));
    Ok(())
}

/// Boots the disk, at a fixed date, with further arguments for QEMU.
fn start(disk: &Path, cmdline: &str, extra: &[String]) -> Result<Qemu> {
    let mut words = drive(disk);
    words.extend(["-rtc".into(), CLOCK.into()]);
    words.extend_from_slice(extra);
    Qemu::start(&Setup {
        extra: words,
        ..Setup::new(Boot::Kernel {
            kernel: super::product("linux011.elf"),
            initrd: None,
            cmdline: cmdline.into(),
        })
    })
}

/// The login shell on the serial line.
struct Session<'a> {
    machine: Qemu,
    context: &'a Context<'a>,
    transcript: Transcript,
    lines: usize,
    failed: usize,
}

impl<'a> Session<'a> {
    /// Boots with these words, too, on the kernel's command line, and logs in.
    fn boot(
        disk: &Path,
        diskette: &Path,
        words: &str,
        mut transcript: Transcript,
        context: &'a Context<'a>,
    ) -> Result<Session<'a>> {
        let cmdline = format!("root=0301 console=ttyS0{words}");
        let floppy = format!("file={},format=raw,if=floppy", diskette.display());
        let extra = ["-drive".into(), floppy];
        let mut machine = start(disk, &cmdline, &extra)?;
        let mut text = machine
            .console
            .expect(r"(?m)^ Ok\. ", BOOT_LIMIT)
            .context("/etc/rc did not run")?;
        text += &machine.console.expect(PROMPT, SOON)?;
        transcript.block(&text);
        Ok(Session {
            machine,
            context,
            transcript,
            lines: 0,
            failed: 0,
        })
    }

    fn run_all(&mut self, on_disk: &[String]) {
        if let Err(error) = self.prepare() {
            return self.count("prepare", Err(error), Instant::now());
        }
        self.transcript.heading("The work");
        for step in STEPS.iter().chain([&COMPUTE]) {
            let begin = Instant::now();
            let result = self.step(step);
            self.count(step.name, result, begin);
        }
        type Test<'a> = fn(&mut Session<'a>) -> Result<()>;
        let tests: [(&str, &str, Test); 2] = [
            ("processes", "59 processes at once", Session::processes),
            (
                "exit_and_login",
                "exit, and a new login",
                Session::login_again,
            ),
        ];
        for (name, heading, test) in tests {
            self.transcript.heading(heading);
            let begin = Instant::now();
            let result = test(self);
            self.count(name, result, begin);
        }
        // Last: daemons are among them.
        self.transcript.heading("Every program on the disk");
        let begin = Instant::now();
        let result = self.programs(on_disk);
        self.count("every_program", result, begin);
    }

    /// The step with the doubles once more, compiler and all.
    fn compute_again(&mut self) {
        let begin = Instant::now();
        let result = self
            .command("PATH=/bin:/usr/bin:/usr/local/bin:.; cd work", SOON)
            .and_then(|_| self.expect("rm doubles; ls doubles.c", r"^doubles\.c\n#0", SOON))
            .and_then(|()| self.step(&COMPUTE));
        self.count("doubles_without_coprocessor", result, begin);
    }

    fn count(&mut self, name: &str, result: Result<()>, begin: Instant) {
        let name = format!("old_root.{name}");
        match result {
            Ok(()) => self.context.report.passed(&name, begin.elapsed()),
            Err(error) => {
                self.failed += 1;
                self.context.report.failed(&name, &format!("{error:#}"), "");
                // The log should tell what every task does.
                let _ = self.machine.keys("f12");
                self.interrupt();
            }
        }
    }

    /// Whatever still runs is in the way of the next step.
    fn interrupt(&mut self) {
        let _ = self.machine.console.send("\x03");
        self.machine.drain();
    }

    /// The programs of the compiler are not in the disk's PATH, and several want
    /// a /tmp, which it lacks.
    fn prepare(&mut self) -> Result<()> {
        self.transcript.heading("Prepare");
        for line in [
            "PATH=/bin:/usr/bin:/usr/local/bin:.",
            "mkdir /tmp; mkdir work; cd work",
            "cp /bin/sh /tmp/x && rm /tmp/x",
        ] {
            self.command(line, SOON)?;
        }
        self.write("hello.c", HELLO)?;
        self.write("doubles.c", DOUBLES)?;
        self.write("forty.sh", FORTY)
    }

    /// A file, by way of `cat`.
    fn write(&mut self, name: &str, text: &str) -> Result<()> {
        self.machine.console.send(&format!("cat > {name}\n"))?;
        self.machine
            .console
            .expect(&format!("cat > {name}\n"), SOON)?;
        // Until the shell has given the terminal its line editing back.
        std::thread::sleep(Duration::from_secs(1));
        self.machine.console.send(&format!("{text}\x04"))?;
        self.machine.console.expect(PROMPT, SOON)?;
        self.transcript.command(&format!("cat > {name}"), text);
        Ok(())
    }

    /// Types a line: what it prints, and its status behind a `#`.
    fn command(&mut self, line: &str, limit: Duration) -> Result<String> {
        self.lines += 1;
        let number = self.lines;
        let console = &mut self.machine.console;
        // The shell breaks long lines in two as it echoes them: the output begins
        // behind a mark of its own, which the echo does not show in one piece.
        console.send(&format!(
            "echo \"##\"B{number};{line};echo \"##\"E{number} $?\n"
        ))?;
        console.expect(&format!("##B{number}\n"), SOON)?;
        let text = console.expect(&format!(r"##E{number} \d+\n"), limit)?;
        console.expect(PROMPT, SOON)?;
        let mark = Regex::new(&format!(r"##E{number} (\d+)\n$"))?;
        self.transcript.command(line, &mark.replace(&text, ""));
        Ok(mark.replace(&text, "#$1").into_owned())
    }

    fn expect(&mut self, line: &str, expected: &str, limit: Duration) -> Result<()> {
        let output = self.command(line, limit)?;
        ensure!(
            Regex::new(expected)?.is_match(&output),
            "`{line}` prints, with its status behind #:\n{}",
            indent(&output)
        );
        Ok(())
    }

    fn step(&mut self, step: &Step) -> Result<()> {
        self.expect(step.line, step.expected, step.limit)
    }

    /// Starts every program of the disk. One that the list does not know must at
    /// least not die from a signal.
    fn programs(&mut self, on_disk: &[String]) -> Result<()> {
        self.command("mkdir programs; cd programs", SOON)?;
        self.write("kill.c", KILL)?;
        self.command("gcc -o kill kill.c", WHILE)?;
        let mut wrong = Vec::new();
        let known: BTreeSet<_> = PROGRAMS.iter().map(|program| program.0).collect();
        let unknown: Vec<_> = on_disk
            .iter()
            .filter(|name| !known.contains(name.as_str()))
            .map(|name| (name.clone(), format!("{name} < /dev/null")))
            .collect();
        let listed = PROGRAMS
            .iter()
            .filter(|program| on_disk.iter().any(|name| name == program.0))
            .copied();
        let others = unknown
            .iter()
            .map(|(name, line)| (name.as_str(), line.as_str(), r"#(\d|\d\d|1[01]\d|12[0-8])$"));
        for (name, line, expected) in listed.chain(others) {
            if let Err(error) = self.expect(line, expected, WHILE) {
                wrong.push(format!("{name}: {error:#}"));
                self.interrupt();
            }
        }
        self.context.report.note(
            "old_root",
            "programs of the old disk started",
            &on_disk.len().to_string(),
        );
        self.command("cd ..", SOON)?;
        ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
        Ok(())
    }

    /// As many processes as there are slots for. The prompt itself must not need
    /// any: root's runs `pwd`.
    fn processes(&mut self) -> Result<()> {
        const SHORT: &str = "ready> ";
        let console = &mut self.machine.console;
        console.send("PS1='ready''> '\n")?;
        console.expect(SHORT, SOON)?;
        let mut seen = BTreeSet::new();
        for _ in 0..PROCESSES {
            console.send("sleep 40 &\n")?;
            seen.insert(console.expect(r"<\d+>\n", SOON)?);
            let rest = console.expect(SHORT, SOON)?;
            ensure!(
                rest.trim() == SHORT.trim(),
                "the shell says:\n{}",
                indent(&rest)
            );
        }
        ensure!(
            seen.len() == PROCESSES,
            "{} different processes",
            seen.len()
        );
        self.machine.keys("f12")?;
        let console = &mut self.machine.console;
        let mut list = console.expect(r"\d+ pages free", SOON)?;
        let tasks = list.matches("father=").count();
        ensure!(
            tasks >= PROCESSES + OTHERS,
            "F12 lists only {tasks} tasks:\n{}",
            indent(&list)
        );
        console.send("wait; echo all\" \"over\n")?;
        list += &console.expect("all over\n", WHILE)?;
        self.transcript
            .say("`sleep 40 &`, 59 times; then F12, which lists the tasks; then `wait`:\n");
        self.transcript.block(&list);
        Ok(())
    }

    /// `exit` ends the login shell; init starts another.
    fn login_again(&mut self) -> Result<()> {
        let console = &mut self.machine.console;
        console.send("exit\n")?;
        let mut text = console.expect(r"child \d+ died with code 0+\n", SOON)?;
        text += &console.expect(PROMPT, SOON)?;
        self.transcript.block(&text);
        let output = self.command("pwd", SOON)?;
        ensure!(output == "/usr/root\n#0", "pwd prints {output:?}");
        Ok(())
    }

    /// Writes everything back, ends the machine: how many steps failed.
    fn end(mut self) -> Result<(usize, Transcript)> {
        self.command("cd /; sync; sync", SOON)?;
        let log = self.machine.console.log();
        let path = self.context.report.keep_log("old_root", &log);
        ensure!(!log.contains("Kernel panic"), "panic: {}", path.display());
        Ok((self.failed, self.transcript))
    }
}
