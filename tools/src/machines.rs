//! `xtask machines`: each boot image on many machines, and a table of it.
//!
//! On each the image boots through its own menu, the kernel tells how much memory
//! it uses, and at the shell `selftest` runs. A machine without a serial line is
//! used through its keyboard and screen.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use regex::Regex;

use crate::machine::{Bochs, BochsSetup, Boot, Console, DosBoxX, Qemu, Setup};
use crate::util::write_if_changed;

const PROMPT: &str = r"\[/[^\]\n]*\]# ";
const RESULT: &str = r"self-test: .*(passed|FAILED)\n";
const SCREEN_RESULT: &str = "self-test: (all|[0-9]+ of)";
/// The kernel, for a root on a second floppy.
const ASKS: &str = "Insert root floppy and press ENTER";
/// For each step on the way, on a busy host.
const PATIENCE: Duration = Duration::from_secs(180);
/// The kernel maps no more.
const MOST_MB: u32 = 64;
/// What firmware and its tables may take of memory above 1 MB, and so on.
const MISSING_KB: u32 = 640;

/// Boots each image on many machines and prints a table.
#[derive(Args)]
pub struct Machines {
    /// Only rows that contain this
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    filter: String,
    /// Every image on every QEMU machine, CPU and memory size
    #[arg(long)]
    all: bool,
    /// Machines that run at the same time [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// A Bochs that is a strict 80386 (tools/bochs-386.sh)
    #[arg(long)]
    bochs_386: Option<PathBuf>,
    /// A DOSBox-X (tools/dosbox-x.sh)
    #[arg(long)]
    dosbox_x: Option<PathBuf>,
    #[arg(long, default_value = "build/machines.md")]
    out: PathBuf,
}

/// What runs the machine.
#[derive(Clone, PartialEq)]
enum Emulator {
    Qemu {
        machine: &'static str,
        cpu: &'static str,
    },
    Bochs,
    Bochs386,
    DosBoxX,
}

/// A row of the table.
#[derive(Clone, PartialEq)]
struct Row {
    image: &'static str,
    emulator: Emulator,
    memory: u32,
    /// What there is to boot from and to mount; nothing else.
    drives: &'static str,
    /// The menu's letter; `s` is a shell on the serial line.
    letter: char,
    /// What is special about it.
    special: &'static str,
    /// Whatever else QEMU is told: further drives.
    extra: &'static [&'static str],
}

/// What a CD's image also boots from.
const STICK: &str = "USB stick";
/// What is special about some.
const NO_SERIAL: &str = "no serial line";
const TIME_OUT: &str = "chosen by the menu itself";

impl Row {
    fn qemu(image: &'static str, machine: &'static str, cpu: &'static str, memory: u32) -> Row {
        Row {
            image,
            emulator: Emulator::Qemu { machine, cpu },
            memory,
            drives: match image {
                "linux011.iso" => "CD",
                "fd.img" => "floppy",
                _ => "disk",
            },
            letter: 's',
            special: "",
            extra: &[],
        }
    }

    /// A usual PC.
    fn pc(image: &'static str) -> Row {
        Row::qemu(image, "pc", "486", 16)
    }

    fn on(emulator: Emulator, image: &'static str, memory: u32) -> Row {
        Row {
            emulator,
            ..Row::qemu(image, "", "", memory)
        }
    }

    fn drives(self, drives: &'static str, extra: &'static [&'static str]) -> Row {
        Row {
            drives,
            extra,
            ..self
        }
    }

    fn entry(self, letter: char) -> Row {
        Row { letter, ..self }
    }

    fn with(self, special: &'static str) -> Row {
        Row { special, ..self }
    }

    /// The row's first columns.
    fn columns(&self) -> String {
        let machine = match &self.emulator {
            Emulator::Qemu { machine, cpu } => format!("QEMU `-M {machine}` | {cpu}"),
            Emulator::Bochs => "Bochs | Pentium".into(),
            Emulator::Bochs386 => "Bochs, CPU level 3 | 80386".into(),
            Emulator::DosBoxX => "DOSBox-X | 386".into(),
        };
        format!(
            "{} | {machine} | {} | {} | `{}` | {}",
            self.image, self.memory, self.drives, self.letter, self.special
        )
    }

    /// The device that the menu's entry mounts as the root.
    fn root(&self) -> &'static str {
        match (self.image, self.letter) {
            (_, 'h') | ("hd.img" | "hd386.img", 'l' | 's') => "/dev/hd1",
            (_, 'r') => "/dev/fd0",
            _ => "/dev/ram",
        }
    }

    /// How much memory the kernel is to find, in MB.
    fn memory_for_the_kernel(&self) -> u32 {
        if self.letter == 'f' { 4 } else { self.memory }
    }
}

const IMAGES: [&str; 4] = ["linux011.iso", "hd.img", "hd386.img", "fd.img"];
const MACHINES: [&str; 2] = ["pc", "isapc"];
const CPUS: [&str; 2] = ["486", "pentium"];
const MEMORY: [u32; 6] = [4, 8, 16, 32, 64, 128];

/// Further disks.
const SECOND: &[&str] = &["-drive", "file=build/hd.img,format=raw,if=ide,index=1"];
const FIRST: &[&str] = &["-drive", "file=build/hd386.img,format=raw,if=ide,index=0"];
/// The firmware enters a floppy drive in the CMOS whose controller is elsewhere.
const LOST_FLOPPY: &[&str] = &[
    "-global",
    "isa-fdc.iobase=0x370",
    "-drive",
    "file=build/fd.img,format=raw,if=floppy,index=0",
];

/// The machines: each image with each size of memory, on machines and CPUs in
/// turn (or on all), then each entry of its menu, then the special ones.
fn rows(all: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (i, image) in IMAGES.into_iter().enumerate() {
        for (j, memory) in MEMORY.into_iter().enumerate() {
            for (k, machine) in MACHINES.into_iter().enumerate() {
                for (l, cpu) in CPUS.into_iter().enumerate() {
                    if all || (k == (i + j) % 2 && l == (i + j / 2) % 2) {
                        rows.push(Row::qemu(image, machine, cpu, memory));
                    }
                }
            }
        }
    }
    for (image, letters) in [
        ("linux011.iso", "lft"),
        ("hd.img", "lmft"),
        ("hd386.img", "lmft"),
        ("fd.img", "lrft"),
    ] {
        for letter in letters.chars() {
            let special = if letter == 'l' { TIME_OUT } else { "" };
            rows.push(Row::pc(image).entry(letter).with(special));
        }
    }
    rows.extend(special_rows());
    rows
}

/// More and less than usual, and other emulators.
fn special_rows() -> Vec<Row> {
    let mut rows = vec![
        Row::pc("linux011.iso").drives("CD, disk", FIRST).entry('h'),
        Row::pc("fd.img").drives("floppy, disk", FIRST).entry('h'),
        Row::pc("linux011.iso").drives("CD, disk", FIRST),
        Row::pc("fd.img").drives("floppy, disk", FIRST),
        Row::pc("hd386.img").drives("2 disks", SECOND),
        Row::pc("linux011.iso").drives(STICK, &[]),
        Row::pc("linux011.iso").drives("CD, floppy without controller", LOST_FLOPPY),
    ];
    for row in [
        Row::pc("linux011.iso"),
        Row::pc("hd.img"),
        Row::pc("fd.img"),
        Row::qemu("hd386.img", "isapc", "486", 8),
    ] {
        rows.push(row.entry('l').with(NO_SERIAL));
    }
    for (image, memory) in [
        ("linux011.iso", 16),
        ("hd.img", 8),
        ("hd386.img", 4),
        ("fd.img", 4),
    ] {
        rows.push(Row::on(Emulator::Bochs, image, memory));
    }
    for (image, memory) in [
        ("hd386.img", 4),
        ("hd386.img", 16),
        ("fd.img", 4),
        ("fd.img", 8),
    ] {
        rows.push(Row::on(Emulator::Bochs386, image, memory));
    }
    for row in &mut rows {
        if row.image == "fd.img" && matches!(row.emulator, Emulator::Bochs | Emulator::Bochs386) {
            row.drives = "floppy, no disk controller";
        }
    }
    for (image, memory) in [
        ("hd386.img", 4),
        ("hd386.img", 16),
        ("fd.img", 4),
        ("fd.img", 8),
        ("fd.img", 16),
    ] {
        rows.push(Row::on(Emulator::DosBoxX, image, memory));
    }
    rows
}

impl Machines {
    pub fn run(self) -> Result<()> {
        let rows = rows(self.all);
        let chosen = |row: &Row| row.columns().contains(&self.filter);
        let rows: Vec<Row> = rows.into_iter().filter(chosen).collect();
        ensure!(!rows.is_empty(), "no row contains {:?}", self.filter);
        let results = Mutex::new(vec![None; rows.len()]);
        let waiting = Mutex::new((0..rows.len()).collect::<VecDeque<_>>());
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.unwrap_or(processors).max(1) {
                scope.spawn(|| {
                    while let Some(nr) = lock(&waiting).pop_front() {
                        let outcome = self.judge(&rows[nr]);
                        println!("{} | {}", rows[nr].columns(), outcome.text);
                        lock(&results)[nr] = Some(outcome);
                    }
                });
            }
        });
        self.report(&rows, &lock(&results))
    }

    /// Runs a row.
    fn judge(&self, row: &Row) -> Outcome {
        let missing = match row.emulator {
            Emulator::Bochs386 if self.bochs_386.is_none() => Some("tools/bochs-386.sh"),
            Emulator::DosBoxX if self.dosbox_x.is_none() => Some("tools/dosbox-x.sh"),
            _ => None,
        };
        if let Some(script) = missing {
            return Outcome {
                text: format!("not run: {script} says why"),
                failed: false,
            };
        }
        let begin = Instant::now();
        match self.boot(row) {
            Ok(used) => Outcome {
                text: format!("{used} KB used, {:.0} s", begin.elapsed().as_secs_f64()),
                failed: false,
            },
            Err(error) => Outcome {
                text: format!("FAILED: {error:#}"),
                failed: true,
            },
        }
    }

    /// Boots a row's machine and tries it; the memory that the kernel found, in KB.
    fn boot(&self, row: &Row) -> Result<u32> {
        let image = Path::new("build").join(row.image);
        let boot = match row.image {
            "linux011.iso" if row.drives == STICK => Boot::Stick(image.clone()),
            "linux011.iso" => Boot::Iso(image.clone()),
            "fd.img" => Boot::FloppyAlone(image.clone()),
            _ => Boot::Disk(image.clone()),
        };
        match &row.emulator {
            Emulator::Qemu { machine, cpu } => {
                let mut setup = Setup::new(boot).cpu(cpu).memory(row.memory);
                let words = ["-M", machine, "-snapshot"].into_iter();
                setup.extra = words
                    .chain(row.extra.iter().copied())
                    .map(String::from)
                    .collect();
                setup.serial = row.special != NO_SERIAL;
                let mut qemu = Qemu::start(&setup)?;
                match row.letter {
                    's' => try_out(&mut qemu.console, row),
                    't' => self_test(&mut qemu, row),
                    _ => on_screen(&mut qemu, row),
                }
            }
            Emulator::Bochs | Emulator::Bochs386 => {
                // It writes to disks, and locks them.
                let folder = tempfile::tempdir()?;
                let copy = folder.path().join(row.image);
                std::fs::copy(&image, &copy)?;
                let boot = match boot {
                    Boot::Iso(_) => Boot::Iso(copy),
                    Boot::Disk(_) => Boot::Disk(copy),
                    _ => Boot::FloppyAlone(copy),
                };
                let setup = BochsSetup {
                    program_386: match row.emulator {
                        Emulator::Bochs386 => self.bochs_386.clone(),
                        _ => None,
                    },
                    ..BochsSetup::new(boot, row.memory)
                };
                let mut bochs = Bochs::start(&setup)?;
                let result = try_out(&mut bochs.console, row);
                result.with_context(|| format!("Bochs says: {}", bochs.log()))
            }
            Emulator::DosBoxX => {
                let program = self.dosbox_x.as_deref().context("no DOSBox-X")?;
                let mut dosbox = DosBoxX::start(program, &boot, row.memory)?;
                let result = try_out(&mut dosbox.console, row);
                result.with_context(|| format!("DOSBox-X says: {}", dosbox.last_message()))
            }
        }
    }

    /// Prints the table and writes it to its file.
    fn report(&self, rows: &[Row], results: &[Option<Outcome>]) -> Result<()> {
        let mut table = String::from(
            "| image | machine | CPU | MB | drives | entry | special | result |\n\
             |---|---|---|---|---|---|---|---|\n",
        );
        let mut failed = 0;
        for (row, outcome) in rows.iter().zip(results) {
            let outcome = outcome.as_ref().context("a row was not run")?;
            failed += usize::from(outcome.failed);
            let first = outcome.text.lines().next().unwrap_or_default();
            writeln!(table, "| {} | {first} |", row.columns())?;
        }
        write_if_changed(&self.out, table.as_bytes())?;
        println!("\n{table}\n{} machines, {failed} failed", rows.len());
        if failed > 0 {
            bail!(
                "{failed} machines do not work; the table is {}",
                self.out.display()
            );
        }
        Ok(())
    }
}

/// How a row went.
#[derive(Clone)]
struct Outcome {
    text: String,
    failed: bool,
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Goes through the menu to a shell on the serial line and runs the self-test.
fn try_out(console: &mut Console, row: &Row) -> Result<u32> {
    console.expect("serial console", PATIENCE).context("menu")?;
    console.send("s")?;
    let text = console.expect(PROMPT, PATIENCE).context("boot")?;
    let used = memory_used(&text, row.memory)?;
    console.send("mount\n")?;
    let root = format!("{} on /", row.root());
    console.expect(&root, PATIENCE).context("root")?;
    console.send("selftest\n")?;
    let text = console.expect(RESULT, PATIENCE).context("self-test")?;
    judge_self_test(&text)?;
    Ok(used)
}

/// The menu's own self-test: on the serial line and on the screen.
fn self_test(machine: &mut Qemu, row: &Row) -> Result<u32> {
    let console = &mut machine.console;
    console
        .expect("self-test, on screen", PATIENCE)
        .context("menu")?;
    console.send("t")?;
    let text = console.expect(RESULT, PATIENCE).context("self-test")?;
    judge_self_test(&text)?;
    let used = memory_used(&text, row.memory)?;
    let text = machine.wait_for_screen(SCREEN_RESULT, PATIENCE)?;
    judge_self_test(&text)?;
    Ok(used)
}

/// The same with keyboard and screen, by any other entry.
fn on_screen(machine: &mut Qemu, row: &Row) -> Result<u32> {
    let letter = row.letter;
    let menu = format!("self-test, on screen|\\({letter}\\)");
    machine.wait_for_screen(&menu, PATIENCE).context("menu")?;
    if row.special != TIME_OUT {
        machine.type_text(&letter.to_string())?;
    }
    // It writes to the root.
    let root_floppy = tempfile::NamedTempFile::new()?;
    if letter == 'r' {
        machine
            .wait_for_screen(ASKS, PATIENCE)
            .context("no question for the root floppy")?;
        std::fs::copy("build/fdroot.img", root_floppy.path())?;
        machine.change_floppy(root_floppy.path())?;
        machine.keys("ret")?;
    }
    let text = machine.wait_for_screen(PROMPT, PATIENCE).context("boot")?;
    let used = memory_used(&text, row.memory_for_the_kernel())?;
    machine.type_text("mount\n")?;
    machine
        .wait_for_screen(&format!("{} on /", row.root()), PATIENCE)
        .context("root")?;
    machine.type_text("selftest\n")?;
    let text = machine
        .wait_for_screen(SCREEN_RESULT, PATIENCE)
        .context("self-test")?;
    judge_self_test(&text)?;
    Ok(used)
}

fn judge_self_test(text: &str) -> Result<()> {
    let failed = text.lines().find(|line| line.contains("FAILED"));
    match failed {
        Some(line) => bail!("{}", line.trim()),
        None => Ok(()),
    }
}

/// What the kernel says of memory. It is to use all, up to what it can map.
fn memory_used(text: &str, memory: u32) -> Result<u32> {
    let number = Regex::new(r"(\d+) KB of memory")?;
    let found = number
        .captures(text)
        .context("it does not say how much memory")?;
    let used: u32 = found[1].parse()?;
    let all = memory.min(MOST_MB) * 1024;
    ensure!(
        used <= all && used + MISSING_KB >= all,
        "{used} KB of {memory} MB are used"
    );
    ensure!(
        memory <= MOST_MB || text.contains("is not used"),
        "it does not say that there is more memory than it uses"
    );
    Ok(used)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_a_row() {
        let rows = rows(false);
        for image in IMAGES {
            for memory in MEMORY {
                assert!(
                    rows.iter()
                        .any(|row| row.image == image && row.memory == memory)
                );
            }
            for (machine, cpu) in MACHINES.into_iter().flat_map(|m| CPUS.map(|c| (m, c))) {
                let wanted = Emulator::Qemu { machine, cpu };
                assert!(
                    rows.iter()
                        .any(|row| row.image == image && row.emulator == wanted),
                    "{image} {machine} {cpu}"
                );
            }
        }
    }

    /// The letters of an image's menu.
    fn letters(image: &str) -> Vec<char> {
        let menu = match image {
            "linux011.iso" => include_str!("../../grub/grub.cfg"),
            "hd.img" => include_str!("../../grub/hd.cfg"),
            "hd386.img" => include_str!("../../grub/hd386.menu"),
            _ => include_str!("../../grub/fd.menu"),
        };
        let letter = |line: &str| match line.split_once("--hotkey=") {
            Some((_, rest)) => rest.chars().next(),
            None => {
                let (first, _) = line.split_once(" | ")?;
                first.trim().parse().ok()
            }
        };
        let lines = menu.lines().filter(|line| !line.starts_with('#'));
        lines.filter_map(letter).collect()
    }

    #[test]
    fn every_entry_of_every_menu_is_booted() {
        let rows = rows(false);
        for image in IMAGES {
            let letters = letters(image);
            assert!(letters.len() >= 5, "{image}: {letters:?}");
            for letter in letters {
                assert!(
                    rows.iter()
                        .any(|row| row.image == image && row.letter == letter),
                    "{image}: {letter}"
                );
            }
        }
    }

    #[test]
    fn memory_is_what_the_kernel_says() {
        let text = "x\n7808 KB of memory: 1 KB buffers\n";
        assert_eq!(memory_used(text, 8).unwrap(), 7808);
        assert!(memory_used(text, 16).is_err());
        assert!(memory_used(text, 4).is_err());
        let text = "Memory above 64 MB is not used.\n65536 KB of memory";
        assert_eq!(memory_used(text, 128).unwrap(), 65536);
        assert!(memory_used("65536 KB of memory", 128).is_err());
    }
}
