//! The floppies: two formats, the root on a diskette, diskettes that are changed,
//! protected or missing, reading under load, interrupts that do not come.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Result, ensure};

use super::media::{SECTOR, checked, empty, has_bin, mask_irq, noise};
use super::shell::{BOOT_LIMIT, PROMPT, SOON, Shell};
use super::{Context, product};
use crate::machine::{Boot, Qemu, Setup};
use crate::minix::Reader;

/// Bytes of a diskette of 1.44 and 1.2 MB.
const LARGE: usize = 2880 * SECTOR;
const SMALL: usize = 2400 * SECTOR;
const IRQ: u32 = 6;
/// A whole diskette, at the speed of a drive.
const WHILE: Duration = Duration::from_secs(180);

fn setup(boot: Boot, extra: Vec<String>) -> Setup {
    Setup {
        extra,
        ..Setup::new(boot)
    }
}

/// The drives, with a diskette each; without a file, an empty one.
fn drives(files: &[Option<&Path>]) -> Vec<String> {
    let drive = |(index, file): (usize, &Option<&Path>)| {
        let words = match file {
            Some(file) => format!("if=floppy,index={index},format=raw,file={}", file.display()),
            None => format!("if=floppy,index={index}"),
        };
        ["-drive".into(), words]
    };
    files.iter().enumerate().flat_map(drive).collect()
}

fn expect(shell: &mut Shell, line: &str, wanted: &str) -> Result<()> {
    let output = shell.command(line, WHILE)?;
    ensure!(output.contains(wanted), "{line}: {output:?}");
    Ok(())
}

/// Makes a file system on a diskette, fills it with programs and runs them.
fn work(node: &str, minor: u32, size: usize, drive: Vec<String>, file: &Path) -> Result<()> {
    let mut shell = Shell::on(&setup(Boot::kernel("console=ttyS0"), drive))?;
    expect(
        &mut shell,
        &format!(
            "mknod {node} b 2 {minor}; mkfs {node} && mount {node} /mnt && cp -r /bin /mnt && echo good"
        ),
        "good",
    )?;
    // What is in memory is forgotten by unmounting.
    expect(
        &mut shell,
        &format!(
            "umount {node} && mount {node} /mnt && /mnt/bin/hello && /mnt/bin/cmp /bin/sh /mnt/bin/sh && echo same"
        ),
        "same",
    )?;
    expect(&mut shell, &format!("umount {node} && echo out"), "out")?;
    drop(shell);
    has_bin(&checked(file, 0, size / SECTOR)?, "/bin")
}

pub fn large(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = empty(folder.path(), "diskette", LARGE)?;
    work("/tmp/fd", 28, LARGE, drives(&[Some(&file)]), &file)
}

pub fn small(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = empty(folder.path(), "diskette", SMALL)?;
    let drive = [
        "-drive",
        &format!("if=none,id=d,format=raw,file={}", file.display()),
        "-device",
        "floppy,drive=d,drive-type=120",
    ];
    work("/tmp/fd", 8, SMALL, drive.map(String::from).into(), &file)
}

/// The root image as a diskette.
fn root_diskette(folder: &Path) -> Result<PathBuf> {
    let mut bytes = std::fs::read(product("root.img"))?;
    ensure!(bytes.len() <= LARGE, "the root image fits on no diskette");
    bytes.resize(LARGE, 0);
    let path = folder.join("root");
    std::fs::write(&path, bytes)?;
    Ok(path)
}

/// The kernel asks for the root diskette until there is one.
pub fn root(_: &Context) -> Result<()> {
    const ASKS: &str = "Insert root floppy and press ENTER";
    let folder = tempfile::tempdir()?;
    let diskette = root_diskette(folder.path())?;
    let blank = empty(folder.path(), "blank", LARGE)?;
    let boot = Boot::Kernel {
        kernel: product("linux011.elf"),
        initrd: None,
        cmdline: "console=ttyS0 root=/dev/fd0".into(),
    };
    let mut machine = Qemu::start(&setup(boot, drives(&[None])))?;
    machine.console.expect(ASKS, BOOT_LIMIT)?;
    machine.change_floppy(&blank)?;
    machine.console.send("\n")?;
    machine.console.expect(ASKS, SOON)?;
    machine.change_floppy(&diskette)?;
    machine.console.send("\n")?;
    machine.console.expect(PROMPT, BOOT_LIMIT)?;
    let mut shell = Shell { machine };
    expect(&mut shell, "mount", "/dev/fd0 on /")?;
    expect(
        &mut shell,
        "cat /etc/passwd | grep root > /usr/root/r; sync; cat /usr/root/r",
        "root:",
    )?;
    drop(shell);
    let system = checked(
        &diskette,
        0,
        std::fs::metadata(product("root.img"))?.len() as usize / SECTOR,
    )?;
    let system = Reader::new(&system)?;
    let kept = system.contents(&system.find("/usr/root/r")?)?;
    ensure!(kept.starts_with(b"root:"), "{kept:?}");
    Ok(())
}

/// A diskette that is changed is another one: nothing of the first is taken for
/// the second's, and nothing of the first is written to the second.
pub fn changed(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let files = ["one", "two"].map(|name| empty(folder.path(), name, LARGE));
    let [one, two] = files;
    let (one, two) = (one?, two?);
    let mut shell = Shell::on(&setup(Boot::kernel("console=ttyS0"), drives(&[Some(&one)])))?;
    for (name, file) in [("one", &one), ("two", &two)] {
        shell.machine.change_floppy(file)?;
        expect(
            &mut shell,
            &format!(
                "mkfs /dev/fd0 && mount /dev/fd0 /mnt && echo {name} > /mnt/name && cp /bin/sh /mnt && umount /dev/fd0 && echo good"
            ),
            "good",
        )?;
    }
    shell.machine.change_floppy(&one)?;
    expect(&mut shell, "mount /dev/fd0 /mnt; cat /mnt/name", "one\n")?;
    // Under the mounted file system's feet: an error, not the other's bytes.
    shell.machine.change_floppy(&two)?;
    let output = shell.command(
        "echo lost > /mnt/lost; cat /mnt/sh > /dev/null; echo status $?; sync",
        WHILE,
    )?;
    ensure!(
        output.contains("the diskette has been changed") && output.contains("status 1"),
        "a changed diskette: {output:?}"
    );
    shell.command("umount /dev/fd0", WHILE)?;
    expect(
        &mut shell,
        "mount /dev/fd0 /mnt; cat /mnt/name; ls /mnt",
        "two\n",
    )?;
    expect(&mut shell, "umount /dev/fd0 && echo out", "out")?;
    // No diskette at all.
    shell.machine.monitor("eject floppy0")?;
    let output = shell.command("cat /dev/fd0; echo status $?", WHILE)?;
    ensure!(
        output.contains("no diskette in the drive") && output.contains("status 1"),
        "an empty drive: {output:?}"
    );
    drop(shell);
    let system = checked(&two, 0, LARGE / SECTOR)?;
    let system = Reader::new(&system)?;
    ensure!(system.find("/lost").is_err(), "what was for one is on two");
    Ok(())
}

/// Both drives read at once, with a hard disk and programs that never rest:
/// nothing is lost, and no reset follows the other.
pub fn under_load(_: &Context) -> Result<()> {
    const DISK: usize = 8192 * 1024;
    // As in 0.11 a program that never rests keeps the CPU for 0.15 s, whoever is
    // woken: a block takes so long.
    const PART: usize = 80 * 1024;
    let folder = tempfile::tempdir()?;
    let disk = empty(folder.path(), "disk", DISK)?;
    let mut contents = Vec::new();
    let mut files = Vec::new();
    for seed in [1, 2] {
        let path = folder.path().join(format!("diskette{seed}"));
        let bytes = noise(seed, LARGE);
        std::fs::write(&path, &bytes)?;
        contents.push(bytes);
        files.push(path);
    }
    let mut extra = drives(&[Some(&files[0]), Some(&files[1])]);
    extra.extend([
        "-drive".into(),
        format!("if=ide,index=0,format=raw,file={}", disk.display()),
    ]);
    let mut shell = Shell::on(&setup(Boot::kernel("console=ttyS0"), extra))?;
    expect(
        &mut shell,
        "mkfs /dev/hd0 && mount /dev/hd0 /mnt && echo good",
        "good",
    )?;
    shell.command("yes > /dev/null & cat /dev/zero > /dev/null &", SOON)?;
    let line = format!(
        "head -c {PART} /dev/fd0 > /mnt/1 & A=$!; head -c {PART} /dev/fd1 > /mnt/2; \
         cp -r /bin /mnt; wait $A; echo both"
    );
    expect(&mut shell, &line, "both\n")?;
    expect(&mut shell, "sync; umount /dev/hd0 && echo out", "out")?;
    let log = shell.machine.console.log();
    ensure!(!log.contains("I/O error") && !log.contains("fd0:"), "{log}");
    drop(shell);
    let system = checked(&disk, 0, DISK / SECTOR)?;
    has_bin(&system, "/bin")?;
    let system = Reader::new(&system)?;
    for (path, wanted) in ["/1", "/2"].into_iter().zip(contents) {
        ensure!(
            system.contents(&system.find(path)?)? == wanted[..PART],
            "{path} is not what its diskette is"
        );
    }
    Ok(())
}

/// A controller that is not heard for a second, and then for good.
pub fn lost_interrupts(_: &Context) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = empty(folder.path(), "diskette", LARGE)?;
    let mut shell = Shell::on(&setup(
        Boot::kernel("console=ttyS0"),
        drives(&[Some(&file)]),
    ))?;
    expect(&mut shell, "head -c 1024 /dev/fd0 | wc -c", "1024")?;
    mask_irq(&mut shell.machine, IRQ, true)?;
    shell
        .machine
        .console
        .send("head -c 40960 /dev/fd0 | wc -c\n")?;
    std::thread::sleep(Duration::from_secs(1));
    mask_irq(&mut shell.machine, IRQ, false)?;
    shell.machine.console.expect(r"(?m)^ *40960\n", WHILE)?;
    shell.machine.drain();
    mask_irq(&mut shell.machine, IRQ, true)?;
    let output = shell.command("cat /dev/fd0 > /dev/null; echo status $?", WHILE)?;
    ensure!(
        output.contains("fd0: reading sector") && output.contains("status 1"),
        "a silent controller: {output:?}"
    );
    mask_irq(&mut shell.machine, IRQ, false)?;
    expect(&mut shell, "cat /dev/fd0 | wc -c", "1474560")
}
