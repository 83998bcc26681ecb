//! The hard disks: two drives with partitions, sectors that cannot be read or
//! written, interrupts that do not come.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use super::Context;
use super::media::{SECTOR, checked, empty, has_bin, mask_irq, partition_table};
use super::shell::{SOON, Shell};
use crate::machine::{Boot, Setup};

/// Beginning and length of both partitions of both drives, in sectors.
const PARTS: [(u32, u32); 2] = [(63, 8064), (8127, 8064)];
/// A disk that holds them.
const SIZE: usize = 16384 * SECTOR;
const IRQ: u32 = 14;
/// All time limits of a drive that is silent, and some.
const SILENT: Duration = Duration::from_secs(60);

fn setup(extra: Vec<String>) -> Setup {
    Setup {
        extra,
        ..Setup::new(Boot::kernel("console=ttyS0"))
    }
}

fn drive(file: &Path, index: usize) -> Vec<String> {
    let file = file.display();
    vec![
        "-drive".into(),
        format!("file={file},format=raw,if=ide,index={index}"),
    ]
}

/// Says what a command must print.
fn expect(shell: &mut Shell, line: &str, wanted: &str) -> Result<()> {
    let output = shell.command(line, SILENT)?;
    ensure!(output.contains(wanted), "{line}: {output:?}");
    Ok(())
}

/// Two drives with two partitions each, copied to at the same time and from one
/// to the other.
pub fn two_drives(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut extra = Vec::new();
    let mut disks = Vec::new();
    for (index, name) in ["first", "second"].into_iter().enumerate() {
        let disk = empty(folder.path(), name, SIZE)?;
        let mut bytes = std::fs::read(&disk)?;
        bytes[..SECTOR].copy_from_slice(&partition_table(&PARTS));
        std::fs::write(&disk, bytes)?;
        extra.extend(drive(&disk, index));
        disks.push(disk);
    }
    let mut shell = Shell::on(&setup(extra))?;
    for (partition, at) in [(1, "a"), (2, "b"), (6, "c"), (7, "d")] {
        expect(
            &mut shell,
            &format!(
                "mkfs /dev/hd{partition} && mkdir /tmp/{at} && mount /dev/hd{partition} /tmp/{at} && echo good"
            ),
            "good",
        )?;
    }
    expect(
        &mut shell,
        "cp -r /bin /tmp/a/bin & cp -r /bin /tmp/c/bin & wait; echo both",
        "both",
    )?;
    expect(
        &mut shell,
        "cp -r /tmp/a/bin /tmp/d/bin & cp -r /tmp/c/bin /tmp/b/bin & wait; echo across",
        "across",
    )?;
    expect(
        &mut shell,
        "/tmp/d/bin/cmp /bin/sh /tmp/b/bin/sh && echo same",
        "same",
    )?;
    expect(
        &mut shell,
        "for i in a b c d; do umount /tmp/$i; done; mount",
        "/dev/ram on /",
    )?;
    expect(&mut shell, "cat /dev/hd8 || echo none", "none")?;
    drop(shell);
    for disk in &disks {
        for (start, sectors) in PARTS {
            let system = checked(disk, start as usize, sectors as usize & !1)?;
            has_bin(&system, "/bin")?;
        }
    }
    Ok(())
}

/// A drive whose sector 200 cannot be read, whose sector 500 cannot be written,
/// and that once fails to read sector 800: an error each time, or a second try,
/// and all else goes on.
pub fn errors(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let disk = empty(folder.path(), "disk", SIZE)?;
    let mut bytes = std::fs::read(&disk)?;
    // The bad sectors are in partitions 1, 2 and 3.
    bytes[..SECTOR].copy_from_slice(&partition_table(&[(100, 200), (400, 200), (700, 200)]));
    bytes[800 * SECTOR] = b'!';
    std::fs::write(&disk, bytes)?;
    let fault = |event: &str, sector: u32, once: bool| json!({"event": event, "sector": sector, "errno": 5, "once": once});
    let node = json!({
        "driver": "raw",
        "node-name": "disk",
        "file": {
            "driver": "blkdebug",
            "image": {"driver": "file", "filename": disk},
            "inject-error": [
                fault("read_aio", 200, false),
                fault("write_aio", 500, false),
                fault("read_aio", 800, true),
            ],
        },
    });
    let mut shell = Shell::on(&setup(vec![
        "-blockdev".into(),
        node.to_string(),
        "-device".into(),
        "ide-hd,drive=disk,bus=ide.0,unit=0,rerror=report,werror=report".into(),
    ]))?;
    // Twice: the block must not be taken for good after its first failure.
    for _ in 0..2 {
        let output = shell.command("cat /dev/hd1 > /dev/null; echo status $?", SILENT)?;
        ensure!(
            output.contains("hd1: reading sector 100")
                && output.contains("I/O error: dev 0301, block 50")
                && output.contains("status 1"),
            "reading a bad sector: {output:?}"
        );
    }
    expect(&mut shell, "head -c 40960 /dev/hd1 | wc -c", "40960")?;
    expect(&mut shell, "cat /dev/hd3 | tr -d '\\000'; echo", "!")?;
    let output = shell.command("yes | head -c 102400 > /dev/hd2; sync; echo on", SILENT)?;
    ensure!(
        output.contains("I/O error: dev 0302, block 50") && output.contains("on"),
        "writing a bad sector: {output:?}"
    );
    expect(&mut shell, "head -c 2048 /dev/hd3 | wc -c", "2048")?;
    drop(shell);
    let bytes = std::fs::read(&disk)?;
    let block = |nr: usize| &bytes[400 * SECTOR + nr * 1024..][..1024];
    for nr in (0..100).filter(|nr| *nr != 50) {
        ensure!(
            block(nr).starts_with(b"y\ny\n"),
            "block {nr} is not written"
        );
    }
    Ok(())
}

/// Interrupts that do not come: for a second, which nobody notices, and for
/// good, which is an error. The drive works again after that.
pub fn lost_interrupts(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let disk = empty(folder.path(), "disk", SIZE)?;
    let mut bytes = std::fs::read(&disk)?;
    bytes[..SECTOR].copy_from_slice(&partition_table(&[(100, 200), (400, 200), (700, 200)]));
    std::fs::write(&disk, bytes)?;
    let mut shell = Shell::on(&setup(drive(&disk, 0)))?;

    mask_irq(&mut shell.machine, IRQ, true)?;
    shell
        .machine
        .console
        .send("head -c 4096 /dev/hd1 | wc -c\n")?;
    std::thread::sleep(Duration::from_secs(1));
    mask_irq(&mut shell.machine, IRQ, false)?;
    shell.machine.console.expect(r"(?m)^ *4096\n", SOON)?;
    shell.machine.drain();

    mask_irq(&mut shell.machine, IRQ, true)?;
    let output = shell.command("head -c 1024 /dev/hd2; echo status $?", SILENT)?;
    ensure!(
        output.contains("no answer in 5 seconds") && output.contains("status 1"),
        "a silent drive: {output:?}"
    );
    mask_irq(&mut shell.machine, IRQ, false)?;
    expect(&mut shell, "head -c 4096 /dev/hd2 | wc -c", "4096")?;
    expect(&mut shell, "cat /dev/hd3 | wc -c", "102400")
}
