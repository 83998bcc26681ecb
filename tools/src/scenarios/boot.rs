//! Booting: by GRUB with little and much memory, in Bochs, without a root, in
//! less than a second; and how it ends when nothing can go on.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use regex::Regex;

use super::shell::{BOOT_LIMIT, PROMPT, SOON, Shell};
use super::{Context, product};
use crate::machine::{Bochs, BochsSetup, Boot, Console, Qemu, Setup};

/// Largest text and data of the kernel, in bytes.
const KERNEL_LIMIT: u64 = 256 << 10;
/// Longest boot, from the emulator's start to the prompt.
const BOOT_TIME: Duration = Duration::from_secs(1);

/// Bochs on a busy host takes its time.
const BOCHS_LIMIT: Duration = Duration::from_secs(180);

/// Chooses the serial console in GRUB's menu and waits for the prompt.
fn through_menu(console: &mut Console, limit: Duration) -> Result<()> {
    console.expect("serial console", limit)?;
    // The letter of the entry.
    console.send("s")?;
    console.expect(PROMPT, limit).map(drop)
}

fn iso(memory: u32) -> Result<()> {
    let setup = Setup::new(Boot::Iso(product("linux011.iso")))
        .cpu("486")
        .memory(memory);
    let mut machine = Qemu::start(&setup)?;
    through_menu(&mut machine.console, BOOT_LIMIT)?;
    let mut shell = Shell { machine };
    let output = shell.command("cat /etc/passwd | grep root", SOON)?;
    ensure!(output.starts_with("root:"), "/etc/passwd: {output:?}");
    Ok(())
}

pub fn iso_4mb(_: &Context) -> Result<()> {
    iso(4)
}

pub fn iso_16mb(_: &Context) -> Result<()> {
    iso(16)
}

pub fn iso_64mb(_: &Context) -> Result<()> {
    iso(64)
}

/// Bochs checks what QEMU does not, segment limits for one.
pub fn bochs(_: &Context) -> Result<()> {
    let mut machine = Bochs::start(&BochsSetup::new(Boot::Iso(product("linux011.iso")), 16))?;
    let booted = through_menu(&mut machine.console, BOCHS_LIMIT);
    booted.with_context(|| format!("Bochs says: {}", machine.log()))?;
    machine.console.send("ls /bin | grep str\n")?;
    machine.console.expect(r"str\n", BOCHS_LIMIT)?;
    machine.console.expect(r"str1\nstr2\nstr3\n", BOCHS_LIMIT)?;
    Ok(())
}

/// Boots and waits for the message that the kernel stops with.
fn stops_with(initrd: Option<std::path::PathBuf>, message: &str) -> Result<()> {
    let boot = Boot::Kernel {
        kernel: product("linux011.elf"),
        initrd,
        cmdline: "console=ttyS0".into(),
    };
    let mut machine = Qemu::start(&Setup::new(boot))?;
    machine.console.expect(message, BOOT_LIMIT)?;
    machine
        .console
        .expect(r"(?s)What to try:.*-initrd.*root=/dev/hd1", SOON)?;
    Ok(())
}

pub fn no_root(_: &Context) -> Result<()> {
    stops_with(
        None,
        "Cannot mount the root file system.*no root image in memory",
    )
}

/// An image whose super block is lost.
pub fn damaged_root(_: &Context) -> Result<()> {
    const BLOCK: usize = 1024;
    let mut bytes = std::fs::read(product("root.img"))?;
    bytes[BLOCK..2 * BLOCK].fill(0);
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), bytes)?;
    stops_with(
        Some(file.path().into()),
        "Cannot mount the root file system.*Minix.*looked for.*found was 0000",
    )
}

/// Without init there is no going on: the machine stops, and says so.
pub fn init_ends(_: &Context) -> Result<()> {
    let setup = Setup::new(Boot::kernel("console=ttyS0 init=/bin/false"));
    let mut machine = Qemu::start(&setup)?;
    let console = &mut machine.console;
    console.expect("init has ended with code 1: try another init=", BOOT_LIMIT)?;
    console.expect("The disks are written.\nSystem halted.", SOON)?;
    ensure!(!console.log().contains("panic"), "{}", console.log());
    Ok(())
}

/// A shell in the place of init: what it has written is on the disk after its
/// end.
pub fn init_ends_after_writing(_: &Context) -> Result<()> {
    const TEXT: &[u8] = b"written by the last words of init";
    let folder = tempfile::tempdir()?;
    let disk = folder.path().join("hd.img");
    std::fs::write(&disk, [0; 1 << 20])?;
    let mut setup = Setup::new(Boot::kernel("console=ttyS0 init=/bin/sh"));
    setup.extra = [
        "-drive",
        &format!("file={},format=raw,if=ide", disk.display()),
    ]
    .map(str::to_string)
    .into();
    let mut machine = Qemu::start(&setup)?;
    machine.console.expect(r"(?m)^# ", BOOT_LIMIT)?;
    machine.console.send(&format!(
        "echo {} > /dev/hd0\nexit 7\n",
        String::from_utf8_lossy(TEXT)
    ))?;
    machine
        .console
        .expect("init has ended with code 7:", SOON)?;
    machine.console.expect("System halted.", SOON)?;
    ensure!(
        std::fs::read(&disk)?.starts_with(TEXT),
        "what was written is not on the disk"
    );
    Ok(())
}

/// A panic tells the reason, the place and the functions on the stack: here for
/// an interrupt that says that the memory is broken.
pub fn panic_names_functions(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    shell.machine.execute("inject-nmi", serde_json::json!({}))?;
    let console = &mut shell.machine.console;
    console.expect(r"Kernel panic: non-maskable interrupt", SOON)?;
    console.expect(r"at kernel/traps\.rs:\d+", SOON)?;
    console.expect(r"running: pid \d", SOON)?;
    let trace = console.expect(r"(?s)backtrace:.*The machine has stopped", SOON)?;
    for name in ["die_in_kernel", "do_nmi"] {
        let frame = Regex::new(&format!(r"(?m)^ +[0-9a-f]{{8}} +.*({name}).*\+0x"))?;
        ensure!(frame.is_match(&trace), "no frame of {name}:\n{trace}");
    }
    Ok(())
}

/// The best of some boots: other work on the host only makes it longer.
pub fn under_a_second(context: &Context) -> Result<()> {
    const TRIES: usize = 5;
    let mut best = Duration::MAX;
    for _ in 0..TRIES {
        let mut setup = Setup::new(Boot::kernel("console=ttyS0"));
        // Stopped until told to begin: QEMU's own start does not count.
        setup.extra.push("-S".into());
        let mut machine = Qemu::start(&setup)?;
        let begin = Instant::now();
        machine.execute("cont", serde_json::json!({}))?;
        machine.console.expect(PROMPT, BOOT_LIMIT)?;
        best = best.min(begin.elapsed());
        if best < BOOT_TIME / 2 {
            break;
        }
    }
    context
        .report
        .note("boot", "boot_to_prompt_ms", &best.as_millis().to_string());
    ensure!(
        best < BOOT_TIME,
        "the fastest of {TRIES} boots took {best:?}"
    );
    Ok(())
}

pub fn kernel_size(context: &Context) -> Result<()> {
    let size = crate::symbols::image_size(&product("linux011.elf"))?;
    context
        .report
        .note("boot", "kernel_text_and_data_bytes", &size.to_string());
    ensure!(size <= KERNEL_LIMIT, "text and data are {size} bytes");
    Ok(())
}
