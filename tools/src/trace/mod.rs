//! `xtask trace`: runs a program with everything traced, checks the trace against
//! the kernel's own tables, and makes a page of it (docs/tracing.md).

mod browser;
mod coverage;
mod figures;
mod page;
mod replay;
mod sites;

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::machine::{Boot, Setup};
use crate::scenarios::Shell;
pub use browser::TraceBrowser;
pub use coverage::every_event;
pub use figures::{TraceFigures, scenario as figures_scenario};
use replay::Replay;

#[path = "../../../kernel/trace/abi.rs"]
#[allow(dead_code, reason = "the kernel and the programs use the rest")]
mod abi;

use abi::{RECORD_SIZE, Record};

/// What is run unless another program is named: the notes' program, without pauses.
const PROGRAM: &str = "str1 -t 0";
/// For a command that is typed; on a busy host, with each event on a serial line.
const PATIENCE: Duration = Duration::from_secs(180);

/// Runs a program with everything traced and makes build/trace.html.
#[derive(Args)]
pub struct Trace {
    /// What to type at the shell
    #[arg(long, default_value = PROGRAM)]
    prog: String,
    /// The page
    #[arg(long, default_value = "build/trace.html")]
    out: PathBuf,
    /// The records, as they came; where --load finds them
    #[arg(long, default_value = "build/trace.bin")]
    records: PathBuf,
    /// Makes the page of records that are there already
    #[arg(long)]
    load: bool,
    /// Memory in MB
    #[arg(long, default_value_t = 16)]
    mem: u32,
    /// Repeats the records until there are so many: to try the page
    #[arg(long, value_name = "N")]
    grow: Option<usize>,
}

impl Trace {
    pub fn run(self) -> Result<()> {
        if !self.load {
            record(&self.prog, self.mem, &self.records)?;
        }
        let mut records = read(&self.records)?;
        let replay = check(&records)?;
        println!("trace: {}", replay.summary());
        if let Some(wanted) = self.grow {
            grow(&mut records, wanted);
        }
        let both = self.out.with_file_name("side-by-side/index.html");
        let page = page::make(&self.prog, &records, &replay, both.is_file())?;
        std::fs::write(&self.out, page)
            .with_context(|| format!("cannot write {}", self.out.display()))?;
        println!("{}", self.out.display());
        if !both.is_file() {
            println!("(its places in the source are links after `make side-by-side`)");
        }
        Ok(())
    }
}

/// Boots with all events going over the second serial line to `file`, types
/// `line`, and has the kernel's tables recorded at the end. The emulator counts
/// instructions, so the time stamps do, too: eight for each instruction.
pub fn record(line: &str, memory: u32, file: &Path) -> Result<()> {
    let mut setup = Setup::new(Boot::kernel("console=ttyS0 trace=all,ttyS1"))
        .memory(memory)
        .cpu("pentium");
    setup.extra = ["-icount", "shift=3"].map(String::from).to_vec();
    setup.extra.extend(stream_to(file)?);
    let mut shell = Shell::on(&setup)?;
    let output = shell.command(line, PATIENCE)?;
    print!("{output}");
    let words = shell.command("trace -s", PATIENCE)?;
    ensure!(words.is_empty(), "trace -s: {words}");
    Ok(())
}

/// QEMU's arguments for a second serial line that is written to `file`.
fn stream_to(file: &Path) -> Result<[String; 4]> {
    std::fs::write(file, []).with_context(|| format!("cannot write {}", file.display()))?;
    let file = std::path::absolute(file)?;
    let line = format!("file,id=trace,path={}", file.display());
    Ok([
        "-chardev".into(),
        line,
        "-serial".into(),
        "chardev:trace".into(),
    ])
}

/// The records in a file.
pub fn read(file: &Path) -> Result<Vec<Record>> {
    let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    // The last one may have been cut.
    Ok(bytes.chunks_exact(RECORD_SIZE).map(decode).collect())
}

fn decode(bytes: &[u8]) -> Record {
    let word =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    Record {
        event: bytes[0],
        nr: bytes[1],
        pid: u16::from_le_bytes([bytes[2], bytes[3]]),
        tick: word(4),
        time: [word(8), word(12)],
        args: [word(16), word(20), word(24), word(28)],
    }
}

/// Follows the trace from its first snapshot of the kernel's tables on, and
/// compares with each later one.
pub fn check(records: &[Record]) -> Result<Replay> {
    let mut replay = Replay::default();
    for record in records {
        replay.apply(record)?;
    }
    ensure!(
        replay.snapshots >= 2,
        "the trace holds {} snapshots of the kernel's tables and should hold two; did it begin \
         with the kernel, and end with `trace -s`?",
        replay.snapshots
    );
    ensure!(
        replay.wrong.is_empty(),
        "the trace does not agree with the kernel's tables:\n{}",
        replay.wrong.join("\n")
    );
    Ok(replay)
}

/// Repeats what lies before the last snapshot.
fn grow(records: &mut Vec<Record>, wanted: usize) {
    let once = records.clone();
    while records.len() < wanted && !once.is_empty() {
        let part = once.len().min(wanted - records.len());
        records.extend_from_slice(&once[..part]);
    }
}

/// The quick test: a program's trace agrees with the kernel's tables, and tells
/// all that the page's stories need.
pub fn scenario(folder: &Path) -> Result<()> {
    let file = folder.join("trace.bin");
    record(PROGRAM, 16, &file)?;
    let records = read(&file)?;
    let replay = check(&records)?;
    ensure!(
        replay.compared > 100,
        "only {} page table entries were compared",
        replay.compared
    );
    for event in STORY {
        ensure!(
            records.iter().any(|record| record.event == *event as u8),
            "the trace has no event {event:?}"
        );
    }
    Ok(())
}

/// What any run of a program must show.
const STORY: &[abi::Event] = {
    use abi::Event::*;
    &[
        BootMemory,
        ForkSlot,
        ForkPage,
        ForkCopied,
        ForkTss,
        ForkSegments,
        ForkShared,
        ForkTables,
        ForkFiles,
        ForkGdt,
        ForkReady,
        ExecFile,
        ExecInode,
        ExecHeader,
        ExecArgs,
        ExecSignals,
        ExecLdt,
        ExecTask,
        ExecDone,
        Unmap,
        TableFreed,
        TablesFreed,
        Fault,
        PageAlloc,
        LoadPage,
        PutPage,
        TableMade,
        ZeroFill,
        StackGrow,
        WpGivenBack,
        WpCopied,
        CopyPage,
        Switch,
        Sleep,
        Wake,
        SysEnter,
        SysText,
        SysExit,
        CacheHit,
        CacheMiss,
        Request,
        RequestDone,
        ExitBegin,
        ExitFiles,
        ExitZombie,
        WaitFound,
        Release,
        PageFree,
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_event_has_one_number_and_a_place() {
        let mut numbers: Vec<u8> = abi::EVENTS.iter().map(|info| info.event as u8).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), abi::EVENTS.len());
        let sites = sites::find(Path::new("..")).unwrap();
        for info in abi::EVENTS {
            assert!(
                sites.contains_key(info.name),
                "no trace!({}) anywhere",
                info.name
            );
            assert!(info.args.len() <= 4, "{}", info.name);
        }
    }

    #[test]
    fn an_old_line_lies_in_its_function() {
        let symbols = crate::reading::map::read_symbols(Path::new("..")).unwrap();
        let mut known = 0;
        for info in abi::EVENTS {
            let (file, line, function) = info.old;
            let before = symbols
                .iter()
                .filter(|symbol| symbol.file == file && symbol.line <= line as usize)
                .max_by_key(|symbol| symbol.line);
            // Types, variables and inline functions are not in the list.
            let function = function.trim_start_matches('_');
            if symbols
                .iter()
                .any(|symbol| symbol.file == file && symbol.name == function)
            {
                known += 1;
                assert_eq!(
                    before.map(|symbol| symbol.name.as_str()),
                    Some(function),
                    "{}",
                    info.name
                );
            }
        }
        assert!(known > 60, "{known}");
    }

    /// The names of the calls are those of `strace`.
    #[test]
    fn the_page_knows_the_calls() {
        let text = std::fs::read_to_string("../user/programs/src/bin/trace/calls.rs").unwrap();
        let (_, list) = text.split_once("const CALLS: &str = \"").unwrap();
        let list = list.split('"').next().unwrap().replace("\\\n", "");
        let calls: Vec<&str> = list
            .split_whitespace()
            .map(|call| call.split(':').next().unwrap_or_default())
            .collect();
        let (_, page) = page::TEXTS.split_once("const CALLS = (\"").unwrap();
        let page: Vec<&str> = page.split('"').next().unwrap().split_whitespace().collect();
        assert_eq!(calls, page);
    }

    #[test]
    fn a_record_survives_its_bytes() {
        let mut bytes = [0u8; RECORD_SIZE];
        bytes[0] = 70;
        bytes[1] = 3;
        bytes[2..4].copy_from_slice(&513u16.to_le_bytes());
        bytes[16..20].copy_from_slice(&0xf9_9000u32.to_le_bytes());
        let record = decode(&bytes);
        assert_eq!((record.event, record.nr, record.pid), (70, 3, 513));
        assert_eq!(record.args[0], 0xf9_9000);
    }

    #[test]
    fn the_page_explains_every_event_in_both_languages() {
        let texts = page::TEXTS;
        for info in abi::EVENTS {
            let row = texts
                .lines()
                .find(|line| line.trim_start().starts_with(&format!("{}: [", info.name)));
            let row = row.unwrap_or_else(|| panic!("texts.js lacks {}", info.name));
            assert!(
                row.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)),
                "{} has no Chinese text",
                info.name
            );
        }
    }
}
