//! The disks that `make hd`, `make hd386` and `make floppy` make: each boots
//! through its own menu, and what is written to a hard disk is there after the
//! next boot.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::shell::{BOOT_LIMIT, PROMPT, SOON, Shell};
use super::{Context, product};
use crate::machine::{Boot, Console, Exit, Qemu, Setup};
use crate::util::fsck;

/// For the machine to switch itself off.
const OFF_LIMIT: Duration = Duration::from_secs(20);
const SECTOR: usize = 512;
/// What the kernel says when it wants the root floppy.
const INSERT_ROOT: &str = "Insert root floppy and press ENTER";
/// The shell's prompt on the screen, the last thing on it.
const SCREEN_PROMPT: &str = r"\[/[^\]\n]*\]# ";

/// Chooses the serial console in the image's menu and waits for the prompt.
fn through_menu(console: &mut Console) -> Result<()> {
    console.expect("serial console", BOOT_LIMIT)?;
    console.send("s")?;
    console.expect(PROMPT, BOOT_LIMIT).map(drop)
}

/// Boots a hard disk twice. A file that the first run writes is there in the
/// second, and the file system is whole after both.
fn keeps_files(name: &str, memory: u32) -> Result<()> {
    const TEXT: &str = "written before the reboot";
    let folder = tempfile::tempdir()?;
    let image = folder.path().join(name);
    std::fs::copy(product(name), &image).with_context(|| format!("build/{name}"))?;
    let setup = Setup::new(Boot::Disk(image.clone()))
        .cpu("486")
        .memory(memory);
    let mut machine = Qemu::start(&setup)?;
    through_menu(&mut machine.console)?;
    let mut shell = Shell { machine };
    let mounted = shell.command("mount", SOON)?;
    ensure!(mounted.contains("/dev/hd1 on /"), "the root: {mounted:?}");
    shell.command(&format!("echo {TEXT} > /usr/root/kept"), SOON)?;
    shell.command("mkdir /new; cp /bin/sh /new/sh", SOON)?;
    // A warm start: the loader's menu comes again.
    shell.machine.console.send("reboot\n")?;
    through_menu(&mut shell.machine.console).context("after the reboot")?;
    let kept = shell.command("cat /usr/root/kept", SOON)?;
    ensure!(kept.trim() == TEXT, "after the reboot: {kept:?}");
    let same = shell.command("cmp /bin/sh /new/sh && echo same", SOON)?;
    ensure!(same.trim() == "same", "the copy of sh: {same:?}");
    shell.machine.console.send("poweroff\n")?;
    let exit = shell.machine.wait(OFF_LIMIT)?;
    // By ACPI, or by the debug-exit port, whichever QEMU serves first.
    ensure!(
        matches!(exit, Exit::PowerOff | Exit::Code(1)),
        "poweroff ended with {exit:?}"
    );
    check_partition(&image)
}

/// Checks the file system in the first partition.
fn check_partition(image: &Path) -> Result<()> {
    let disk = std::fs::read(image)?;
    let word = |at: usize| -> Result<usize> {
        let bytes = disk.get(at..at + 4).context("a disk without a sector")?;
        Ok(u32::from_le_bytes(bytes.try_into()?) as usize)
    };
    let (start, sectors) = (word(0x1be + 8)?, word(0x1be + 12)?);
    let partition = disk.get(start * SECTOR..(start + sectors) * SECTOR);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), partition.context("the partition table")?)?;
    fsck(file.path())
}

pub fn hd_keeps_files(_: &Context) -> Result<()> {
    keeps_files("hd.img", 16)
}

pub fn hd386_keeps_files(_: &Context) -> Result<()> {
    keeps_files("hd386.img", 4)
}

/// The floppy has everything in memory, with 4 MB too.
pub fn floppy(_: &Context) -> Result<()> {
    let mut setup = Setup::new(Boot::FloppyAlone(product("fd.img")))
        .cpu("486")
        .memory(4);
    setup.extra.push("-snapshot".into());
    let mut machine = Qemu::start(&setup)?;
    through_menu(&mut machine.console)?;
    let mut shell = Shell { machine };
    let output = shell.command("mount; cat /etc/passwd | grep root", SOON)?;
    ensure!(
        output.contains("/dev/ram on /") && output.contains("root:"),
        "{output:?}"
    );
    Ok(())
}

/// Our loader turns address line 20 on where the BIOS leaves it off.
pub fn a20_off(_: &Context) -> Result<()> {
    let mut setup = Setup::new(Boot::FloppyAlone(product("fd.img"))).cpu("486");
    setup.extra.push("-snapshot".into());
    let mut machine = Qemu::start(&setup)?;
    machine.console.expect("serial console", BOOT_LIMIT)?;
    let is_on = |machine: &mut Qemu| -> Result<bool> {
        let registers = machine.monitor("info registers")?;
        let (_, line) = registers.split_once("A20=").context("no A20 in there")?;
        Ok(line.starts_with('1'))
    };
    machine.monitor("o /b 0x92 0")?;
    ensure!(!is_on(&mut machine)?, "it cannot be turned off");
    machine.console.send("s")?;
    machine.console.expect(PROMPT, BOOT_LIMIT)?;
    ensure!(is_on(&mut machine)?, "it is still off");
    Ok(())
}

/// The root on a floppy of its own: the kernel's is still in the drive when it is
/// asked for, and what is written to it stays.
pub fn root_floppy(_: &Context) -> Result<()> {
    const TEXT: &str = "written before the reboot";
    let folder = tempfile::tempdir()?;
    let floppy = |name: &str| -> Result<PathBuf> {
        let copy = folder.path().join(name);
        std::fs::copy(product(name), &copy).with_context(|| format!("build/{name}"))?;
        Ok(copy)
    };
    let (kernel, root) = (floppy("fd.img")?, floppy("fdroot.img")?);
    let setup = Setup::new(Boot::FloppyAlone(kernel.clone()))
        .cpu("486")
        .memory(4);
    let mut machine = Qemu::start(&setup)?;
    for command in [
        format!("echo {TEXT} > /usr/root/kept"),
        "cat /usr/root/kept".into(),
    ] {
        machine.console.expect("on a second floppy", BOOT_LIMIT)?;
        machine.console.send("r")?;
        machine.wait_for_screen(INSERT_ROOT, BOOT_LIMIT)?;
        // Not that one: it asks again.
        machine.keys("ret")?;
        machine.wait_for_screen(&format!("(?s){INSERT_ROOT}.*{INSERT_ROOT}"), SOON)?;
        machine.change_floppy(&root)?;
        machine.keys("ret")?;
        let text = machine.wait_for_screen(SCREEN_PROMPT, BOOT_LIMIT)?;
        ensure!(
            !text.contains("diskette changed"),
            "what was asked for is a complaint:\n{text}"
        );
        machine.type_text(&format!("{command}; mount\n"))?;
        machine.wait_for_screen(r"/dev/fd0 on /", SOON)?;
        machine.type_text("sync; echo flushed | tr a-z A-Z\n")?;
        let text = machine.wait_for_screen("FLUSHED", SOON)?;
        ensure!(
            !command.starts_with("cat") || text.lines().any(|line| line.trim() == TEXT),
            "after the reboot:\n{text}"
        );
        machine.change_floppy(&kernel)?;
        machine.keys("ctrl-alt-delete")?;
    }
    machine.console.expect("on a second floppy", BOOT_LIMIT)?;
    fsck(&root)
}

/// The self-test of the menu tells its result on the serial line and on the screen.
pub fn self_test(_: &Context) -> Result<()> {
    const RESULT: &str = r"self-test: all \d+ passed";
    let mut setup = Setup::new(Boot::FloppyAlone(product("fd.img")))
        .cpu("486")
        .memory(4);
    setup.extra.push("-snapshot".into());
    let mut machine = Qemu::start(&setup)?;
    machine.console.expect("self-test, on screen", BOOT_LIMIT)?;
    machine.console.send("t")?;
    machine.console.expect(RESULT, BOOT_LIMIT)?;
    machine.wait_for_screen(RESULT, SOON).map(drop)
}

/// What the menus' safe entry says to the kernel: no more than 4 MB are used, and
/// the hard disk works while its interrupt is masked.
pub fn safe(_: &Context) -> Result<()> {
    let mut setup = Setup::new(Boot::Kernel {
        kernel: product("linux011.elf"),
        initrd: None,
        cmdline: "console=ttyS0 root=/dev/hd1 mem=4M hd=poll".into(),
    });
    let drive = format!(
        "file={},format=raw,if=ide,index=0,snapshot=on",
        product("hd386.img").display()
    );
    setup.extra.extend(["-drive".into(), drive]);
    let mut machine = Qemu::start(&setup)?;
    machine
        .console
        .expect(r"(?m)^4096 KB of memory", BOOT_LIMIT)?;
    machine.console.expect(PROMPT, BOOT_LIMIT)?;
    let mut shell = Shell { machine };
    let copied = shell.command("cp /bin/sh /new; sync; cmp /bin/sh /new && echo same", SOON)?;
    ensure!(copied.trim() == "same", "a copy: {copied:?}");
    // The second controller's mask register: bit 6 is interrupt 14.
    let controllers = shell.machine.monitor("info pic")?;
    let mask = controllers
        .lines()
        .find(|line| line.starts_with("pic1:"))
        .and_then(|line| line.split("imr=").nth(1)?.get(..2))
        .and_then(|digits| u8::from_str_radix(digits, 16).ok())
        .with_context(|| format!("no mask of the second controller in {controllers:?}"))?;
    ensure!(mask & 0x40 != 0, "interrupt 14 is let in: {mask:#04x}");
    Ok(())
}
