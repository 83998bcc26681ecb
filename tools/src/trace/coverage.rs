//! A test: each event of the table comes to pass.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::abi::{EVENTS, Record};
use super::{PATIENCE, PROGRAM, read, record, stream_to};
use crate::machine::{Boot, Exit, Qemu, Setup};
use crate::scenarios::Shell;

/// Guest tests that bring about what no ordinary command does: a fork without memory, a
/// wild pointer, every way that a signal can take, two runs of one file.
const RARE: &str = "oom.fork_gives_eagain,wild.between_heap_and_stack,S16.handler_is_called,\
                    S16.stop_and_continue,S16.sleeping_pause,calls_time.alarms,S07.unrelated_runs_share";

/// Every event of the table is recorded at least once by an ordinary run of a
/// program, by the tests above, or by a ring that is full.
pub fn every_event(folder: &Path) -> Result<()> {
    let file = folder.join("trace.bin");
    record(PROGRAM, 16, &file)?;
    let mut seen = kinds(&read(&file)?);
    seen.extend(rare(&file)?);
    seen.extend(lost()?);
    let missing: Vec<&str> = EVENTS
        .iter()
        .filter(|info| !seen.contains(&(info.event as u8)))
        .map(|info| info.name)
        .collect();
    ensure!(missing.is_empty(), "never recorded: {}", missing.join(", "));
    Ok(())
}

fn kinds(records: &[Record]) -> BTreeSet<u8> {
    records.iter().map(|record| record.event).collect()
}

/// The events of the guest tests in [`RARE`].
fn rare(file: &Path) -> Result<BTreeSet<u8>> {
    let boot = Boot::Kernel {
        kernel: "build/linux011.elf".into(),
        initrd: Some("build/test.img".into()),
        cmdline: format!("console=ttyS0 peep nofsck init=/test/run test={RARE} trace=all,ttyS1"),
    };
    let mut setup = Setup::new(boot);
    setup.extra = ["-icount", "shift=3"].map(String::from).to_vec();
    setup.extra.extend(stream_to(file)?);
    let mut machine = Qemu::start(&setup)?;
    let exit = machine.wait(PATIENCE)?;
    ensure!(
        exit == Exit::Code(1),
        "the tests ended with {exit:?}:\n{}",
        machine.console.tail(1500)
    );
    Ok(kinds(&read(file)?))
}

/// The first event in a ring that has been full for long: how many are missing.
fn lost() -> Result<BTreeSet<u8>> {
    let mut shell = Shell::on(&Setup::new(Boot::kernel("console=ttyS0 trace=all")))?;
    for _ in 0..8 {
        shell.command("ls -l /bin | sort | wc", PATIENCE)?;
    }
    let first = shell.command("head -c 32 /dev/trace | hexdump", PATIENCE)?;
    let event = first.split_whitespace().nth(1).unwrap_or_default();
    let event = u8::from_str_radix(event, 16).with_context(|| format!("no record: {first}"))?;
    Ok(BTreeSet::from([event]))
}
