//! `xtask trace-figures`: the pictures of the book, made from a trace.
//!
//! An image whose `/etc/rc` runs a few programs is booted with everything traced,
//! on a machine that counts instructions. Nobody types, so each run of one kernel
//! gives the same trace, and the same pictures.

mod lanes;
mod lines;
mod memory;
mod sharing;
mod svg;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;

use super::abi::{self, Event, Record};
use super::replay::{Replay, Tables};
use super::{PATIENCE, check, read, stream_to};
use crate::bench::counting;
use crate::machine::{Boot, Exit, Qemu, Setup};
use crate::manifest::{MTIME, Manifest};
use crate::minix::Options;
use crate::util::write_if_changed;
use sharing::Moment;

/// Makes the book's figures from a trace.
#[derive(Args)]
pub struct TraceFigures {
    /// The root image whose /etc/rc runs what is to be shown
    #[arg(long, default_value = MANIFEST)]
    manifest: PathBuf,
    /// Folder of the image and the records
    #[arg(long, default_value = "build")]
    work: PathBuf,
    /// Where the figures go
    #[arg(long, default_value = "docs/book/src/figures")]
    out: PathBuf,
}

const MANIFEST: &str = "docs/book/figures/root.manifest";

impl TraceFigures {
    pub fn run(self) -> Result<()> {
        let records = record(&self.manifest, &self.work)?;
        println!("figures: {}", check(&records)?.summary());
        for (name, text) in figures(&Trace(&records))? {
            write_if_changed(&self.out.join(name), text.as_bytes())?;
        }
        Ok(())
    }
}

/// Makes the image, boots it, and traces it until it switches the machine off.
fn record(manifest: &Path, work: &Path) -> Result<Vec<Record>> {
    let mut root = Manifest::default();
    root.read(manifest)?;
    let (image, file) = (work.join("figures.img"), work.join("figures.bin"));
    let options = Options {
        blocks: None,
        free: 256,
        inodes: None,
        mtime: MTIME,
    };
    write_if_changed(&image, &root.tree.image(options)?)?;
    // The programs write to the screen, which is always ready. How soon a serial line
    // takes the next byte depends on who reads it at its other end.
    let boot = Boot::Kernel {
        kernel: "build/linux011.elf".into(),
        initrd: Some(image),
        cmdline: "trace=all,ttyS1".into(),
    };
    let mut setup = counting(Setup::new(boot).cpu("pentium"));
    setup.extra.extend(stream_to(&file)?);
    let mut machine = Qemu::start(&setup)?;
    let exit = machine.wait(PATIENCE)?;
    ensure!(
        matches!(exit, Exit::PowerOff | Exit::Code(1)),
        "the traced machine ended with {exit:?}:\n{}{}",
        machine.console.tail(1500),
        machine.messages()
    );
    read(&file)
}

/// The test: the figures can be made, and a second run makes the same.
pub fn scenario(work: &Path) -> Result<()> {
    let make = || -> Result<Vec<(&str, String)>> {
        let records = record(Path::new(MANIFEST), work)?;
        check(&records)?;
        figures(&Trace(&records))
    };
    for ((name, one), (_, other)) in make()?.iter().zip(&make()?) {
        ensure!(one == other, "two runs make two different {name}");
    }
    Ok(())
}

/// The records, to look for moments.
struct Trace<'a>(&'a [Record]);

impl Trace<'_> {
    /// The first event of this kind from `from` on that passes the test.
    fn find(&self, from: usize, event: Event, test: impl Fn(&Record) -> bool) -> Result<usize> {
        let rest = self.0.iter().enumerate().skip(from);
        let mut found = rest.filter(|(_, record)| record.event == event as u8 && test(record));
        let (index, _) = found
            .next()
            .with_context(|| format!("no {event:?} in the trace from record {from} on"))?;
        Ok(index)
    }

    /// The last one before `before`.
    fn last(&self, before: usize, event: Event, test: impl Fn(&Record) -> bool) -> Result<usize> {
        let found = self.0[..before]
            .iter()
            .rposition(|record| record.event == event as u8 && test(record));
        found.with_context(|| format!("no {event:?} in the trace before record {before}"))
    }

    /// The tables after an event.
    fn tables(&self, event: usize) -> Result<Tables> {
        let mut replay = Replay::default();
        for record in &self.0[..=event] {
            replay.apply(record)?;
        }
        Ok(replay.into_tables())
    }

    fn args(&self, event: usize) -> [u32; 4] {
        self.0[event].args
    }
}

/// A program's life in the trace: its process and the events where it begins, changes
/// its program, and ends.
struct Life {
    pid: u16,
    nr: u32,
    father: u16,
    fork: usize,
    ready: usize,
    exec: usize,
    done: usize,
    exit: usize,
    release: usize,
}

impl Life {
    /// The life of the `which`-th process that executes `name`.
    fn of(trace: &Trace, name: &str, which: usize) -> Result<Life> {
        let named = |record: &Record| super::replay::text_of(record.args) == name;
        let mut exec = trace.find(0, Event::ExecFile, named)?;
        for _ in 0..which {
            exec = trace.find(exec + 1, Event::ExecFile, named)?;
        }
        let (pid, nr) = (trace.0[exec].pid, u32::from(trace.0[exec].nr));
        let own = |record: &Record| record.pid == pid;
        let fork = trace.last(exec, Event::ForkSlot, |r| r.args[1] == u32::from(pid))?;
        Ok(Life {
            pid,
            nr,
            father: trace.0[fork].pid,
            fork,
            ready: trace.find(fork, Event::ForkReady, |r| r.args[0] == nr)?,
            exec,
            done: trace.find(exec, Event::ExecDone, own)?,
            exit: trace.find(exec, Event::ExitBegin, own)?,
            release: trace.find(exec, Event::Release, |r| r.args[1] == u32::from(pid))?,
        })
    }
}

/// All figures: names of files and their contents.
fn figures(trace: &Trace) -> Result<Vec<(&'static str, String)>> {
    let str1 = Life::of(trace, "str1", 0)?;
    let mut figures = memory_figures(trace, &str1)?;
    figures.push(("boot.txt", boot(trace)?));
    figures.extend(life_figures(trace, &str1)?);
    figures.push(("cow.svg", copy_on_write(trace)?));
    figures.push(("share.svg", two_runs(trace)?));
    figures.push(("signal.txt", signal(trace)?));
    figures.push(("blocks.txt", blocks(trace)?));
    Ok(figures)
}

/// From the first step that is recorded to the first instruction of a program.
fn boot(trace: &Trace) -> Result<String> {
    let end = trace.find(0, Event::ExecDone, |_| true)?;
    let steps = [
        Event::ForkSlot,
        Event::ForkReady,
        Event::ExecFile,
        Event::ExecDone,
    ];
    Ok(lines::events(&trace.0[..=end], |record| {
        kind(record) == abi::BOOT || steps.iter().any(|step| record.event == *step as u8)
    }))
}

/// What memory looks like while str1 runs.
fn memory_figures(trace: &Trace, str1: &Life) -> Result<Vec<(&'static str, String)>> {
    let own = |record: &Record| record.pid == str1.pid;
    let first = trace.find(str1.done, Event::PutPage, own)?;
    let linear = trace.args(first)[0];
    let before = trace.find(str1.done, Event::Fault, own)?;
    Ok(vec![
        ("slots.svg", memory::slots(&trace.tables(str1.exit)?)),
        ("absent.svg", memory::walk(&trace.tables(before)?, linear)),
        ("walk.svg", memory::walk(&trace.tables(first)?, linear)),
        ("mem_map.svg", memory::mem_map(&trace.tables(str1.ready)?)),
    ])
}

/// str1's life, part by part.
fn life_figures(trace: &Trace, str1: &Life) -> Result<Vec<(&'static str, String)>> {
    let part = |from: usize, to: usize| &trace.0[from..=to];
    let by = |pid: u16, kinds: u32| {
        move |record: &Record| record.pid == pid && kind(record) & kinds != 0
    };
    let father_nr = u32::from(trace.0[str1.fork].nr);
    let fork = lines::events(
        part(str1.fork, str1.ready),
        by(str1.father, abi::FORK | abi::MM),
    );
    let exec = lines::events(
        part(str1.exec, str1.done),
        by(str1.pid, abi::EXEC | abi::MM),
    );
    let either = |record: &Record| {
        let kinds = abi::EXIT | abi::MM | abi::SCHED | abi::SIGNAL | abi::SLEEP;
        [str1.pid, str1.father].contains(&record.pid) && kind(record) & kinds != 0
    };
    let exit = lines::events(part(str1.exit, str1.release), either);
    let faults = lines::faults(part(str1.done, str1.exit), str1.pid);
    let sharing = sharing::fork(&trace.tables(str1.ready)?, father_nr, str1.nr);
    let marks = [
        (str1.fork, "fork"),
        (str1.exec, "execve"),
        (str1.done, "first instruction"),
        (str1.exit, "exit"),
        (str1.release, "release"),
    ];
    let names = trace.tables(str1.exit)?;
    let shown = [father_nr, str1.nr];
    let life = lanes::draw(trace.0, (str1.fork, str1.release), &shown, &marks, &names);
    Ok(vec![
        ("fork.txt", fork),
        ("fork.svg", sharing),
        ("exec.txt", exec),
        ("faults.txt", faults),
        ("exit.txt", exit),
        ("life.svg", life),
    ])
}

/// The kind of an event, a bit.
fn kind(record: &Record) -> u32 {
    let known = abi::EVENTS
        .iter()
        .find(|info| info.event as u8 == record.event);
    known.map_or(0, |info| info.class)
}

/// The program `cow`: one writes to a shared page, then the other.
fn copy_on_write(trace: &Trace) -> Result<String> {
    let father = Life::of(trace, "cow", 0)?;
    let by_father = |record: &Record| record.pid == father.pid;
    let fork = trace.find(father.done, Event::ForkReady, by_father)?;
    let child_nr = trace.args(fork)[0];
    // The page of the stack, on which both go on at once.
    let shared = trace.last(fork, Event::ForkShared, |r| r.args[1] >> 26 == child_nr)?;
    let [ours, theirs, ..] = trace.args(shared);
    let on_page = |record: &Record| [ours, theirs].contains(&(record.args[0] & !0xfff));
    let copied = trace.find(fork, Event::WpCopied, on_page)?;
    let back = trace.find(copied, Event::WpGivenBack, on_page)?;
    let names = |event: usize| format!("process {}", trace.0[event].pid);
    let [at_fork, at_copy, at_back] = [
        trace.tables(fork)?,
        trace.tables(copied)?,
        trace.tables(back)?,
    ];
    let moments = [
        Moment {
            words: "After fork: one page, read-only for both".to_string(),
            tables: &at_fork,
        },
        Moment {
            words: format!("{} has pushed: it got a copy", names(copied)),
            tables: &at_copy,
        },
        Moment {
            words: format!(
                "{} has pushed: the old page is its own, writable",
                names(back)
            ),
            tables: &at_back,
        },
    ];
    Ok(sharing::moments("Copy on write", ours, theirs, &moments))
}

/// Two runs of one program: the second takes a page of the first.
fn two_runs(trace: &Trace) -> Result<String> {
    let second = Life::of(trace, "sleep", 1)?;
    let own = |record: &Record| record.pid == second.pid;
    let shared = trace.find(second.done, Event::SharePage, own)?;
    let [theirs, ours, ..] = trace.args(shared);
    let [before, after] = [trace.tables(second.done)?, trace.tables(shared)?];
    let moments = [
        Moment {
            words: "After execve of the second: it has no page".to_string(),
            tables: &before,
        },
        Moment {
            words: "After its first page fault: the same page, read-only for both".to_string(),
            tables: &after,
        },
    ];
    Ok(sharing::moments(
        "Two runs of one program",
        ours,
        theirs,
        &moments,
    ))
}

/// A process is killed while it sleeps.
fn signal(trace: &Trace) -> Result<String> {
    const SIGTERM: u32 = 15;
    let sent = trace.find(0, Event::SigSend, |r| r.args[0] == SIGTERM)?;
    let victim = trace.args(sent)[2];
    let end = trace.find(sent, Event::ExitZombie, |r| u32::from(r.pid) == victim)?;
    let kinds = abi::SIGNAL | abi::SCHED | abi::SLEEP | abi::EXIT;
    Ok(lines::events(&trace.0[sent..=end], |record| {
        kind(record) & kinds != 0
    }))
}

/// What reading a small file asks of the buffer cache.
fn blocks(trace: &Trace) -> Result<String> {
    const OPEN: u32 = 5;
    const READ: u32 = 3;
    let cat = Life::of(trace, "cat", 0)?;
    let own = |record: &Record| record.pid == cat.pid;
    let call = |number: u32| move |r: &Record| r.pid == cat.pid && r.args[0] == number;
    let open = trace.find(cat.done, Event::SysEnter, call(OPEN))?;
    let read = trace.find(open, Event::SysExit, call(READ))?;
    let kinds = abi::BLOCK | abi::SYS;
    Ok(lines::events(&trace.0[open..=read], |r| {
        own(r) && kind(r) & kinds != 0
    }))
}
