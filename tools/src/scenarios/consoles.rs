//! Several consoles on one screen, and the keys that concern the machine.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::Context;
use super::shell::{BOOT_LIMIT, PROMPT, SOON};
use crate::machine::{Boot, Exit, Qemu, Setup, indent};

/// A system on the screen, with its prompt.
fn boot(cmdline: &str) -> Result<Qemu> {
    let mut machine = Qemu::start(&Setup::new(Boot::kernel(cmdline)))?;
    machine.wait_for_screen(PROMPT, BOOT_LIMIT)?;
    Ok(machine)
}

/// Shows console `number` and begins a shell there.
fn log_in(machine: &mut Qemu, number: u32, terminal: &str) -> Result<()> {
    machine.keys(&format!("alt-f{number}"))?;
    machine.wait_for_screen(
        &format!("(?m)^/dev/{terminal}: press Enter for a shell\\. *$"),
        SOON,
    )?;
    machine.keys("ret")?;
    machine.wait_for_screen(PROMPT, SOON)?;
    Ok(())
}

/// Each console has its own screen, its own terminal and its own shell.
pub fn four(_: &Context) -> Result<()> {
    let mut machine = boot("")?;
    machine.type_text("echo first one\n")?;
    machine.wait_for_screen("(?m)^first one *$", SOON)?;
    for (number, terminal) in [(2, "tty3"), (3, "tty4"), (4, "tty5")] {
        log_in(&mut machine, number, terminal)?;
        machine.type_text(&format!("echo here is $(({number}*11)) >/dev/tty\n"))?;
        machine.wait_for_screen(&format!("(?m)^here is {number}{number} *$"), SOON)?;
    }
    machine.keys("alt-f1")?;
    let text = machine.wait_for_screen("(?m)^first one *$", SOON)?;
    ensure!(!text.contains("here is"), "mixed:\n{}", indent(&text));
    machine.keys("ctrl-alt-f3")?;
    machine.wait_for_screen("(?m)^here is 33 *$", SOON)?;
    // F5 is no console's.
    machine.keys("alt-f5")?;
    machine.wait_for_screen("(?m)^here is 33 *$", SOON)?;
    Ok(())
}

/// What runs on a console goes on while another one is shown; control-C reaches
/// only what runs on the one that is shown.
pub fn independent(_: &Context) -> Result<()> {
    let mut machine = boot("")?;
    machine.type_text("sleep 3; echo slept $((6*7))\n")?;
    log_in(&mut machine, 2, "tty3")?;
    machine.type_text("sleep 100\n")?;
    std::thread::sleep(Duration::from_secs(1));
    machine.keys("ctrl-c")?;
    machine.type_text("echo back $((6*7))\n")?;
    machine.wait_for_screen("(?m)^back 42 *$", SOON)?;
    machine.keys("alt-f1")?;
    machine.wait_for_screen("(?m)^slept 42 *$", SOON)?;
    // Kernel messages go where they are seen.
    machine.keys("alt-f2 f12")?;
    machine.wait_for_screen(r"(?m)^\d+ pages free|pages free", SOON)?;
    machine.keys("alt-f1")?;
    let text = machine.wait_for_screen("slept 42", SOON)?;
    ensure!(!text.contains("pages free"), "{}", indent(&text));
    Ok(())
}

/// After the end of its shell a console offers another one; job control knows
/// the terminal.
pub fn again(_: &Context) -> Result<()> {
    let mut machine = boot("")?;
    log_in(&mut machine, 2, "tty3")?;
    machine.type_text("sleep 50\n")?;
    std::thread::sleep(Duration::from_millis(500));
    machine.keys("ctrl-z")?;
    machine.wait_for_screen(r"(?m)^\[1\] Stopped +sleep 50 *$", SOON)?;
    machine.type_text("kill %1; clear; exit\n")?;
    machine.wait_for_screen(r"(?m)^/dev/tty3: press Enter for a shell", SOON)?;
    machine.keys("ret")?;
    machine.wait_for_screen(PROMPT, SOON)?;
    machine.type_text("ps\n")?;
    let text = machine.wait_for_screen("(?m) ps *$", SOON)?;
    ensure!(
        !text.contains("sleep"),
        "the old shell's:\n{}",
        indent(&text)
    );
    Ok(())
}

/// The machine's own console is the serial line: the screen has a shell, too.
pub fn beside_serial(_: &Context) -> Result<()> {
    let mut machine = Qemu::start(&Setup::new(Boot::kernel("console=ttyS0")))?;
    machine.console.expect(PROMPT, BOOT_LIMIT)?;
    machine.wait_for_screen("/dev/tty0: press Enter for a shell", SOON)?;
    machine.keys("ret")?;
    machine.wait_for_screen(PROMPT, SOON)?;
    machine.type_text("echo screen >/dev/tty1\n")?;
    machine.console.expect("screen\n", SOON)?;
    Ok(())
}

/// Colours, places and the scroll region as they lie in the adapter's memory.
pub fn colours(_: &Context) -> Result<()> {
    let mut machine = boot("")?;
    machine.type_text("clear; e=$(echo x | tr x '\\033')\n")?;
    machine.type_text(
        "echo \"$e[2J$e[3;20H$e[1;33;44mbright$e[m$e[7mback$e[m$e[5;24r$e[4;1Hkept\"\n",
    )?;
    machine.wait_for_screen("(?m)^ {19}brightback", SOON)?;
    let attributes = machine.screen_attributes()?;
    ensure!(
        attributes[2][19..29] == [0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x1e, 0x70, 0x70, 0x70, 0x70],
        "{:x?}",
        &attributes[2][19..29]
    );
    // In the region below, forty lines go by.
    machine.type_text("i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i; done\n")?;
    let text = machine.wait_for_screen("(?m)^line 40 *$", SOON)?;
    ensure!(
        text.contains("brightback") && text.contains("\nkept") && !text.contains("line 10 "),
        "{}",
        indent(&text)
    );
    Ok(())
}

/// Other keyboards than the American one.
pub fn layouts(_: &Context) -> Result<()> {
    for (name, keys, text) in [
        ("de", "y z slash shift-7", "zy-/"),
        ("fr", "q a shift-1 m", "aq1,"),
        ("uk", "shift-2 shift-apostrophe", "\"@"),
    ] {
        let mut machine = boot(&format!("keyboard={name}"))?;
        // `:` is an empty command; it lies elsewhere on each of them.
        machine.keys(keys)?;
        machine.wait_for_screen(&format!(r"{PROMPT}{}", regex::escape(text)), SOON)?;
    }
    Ok(())
}

/// Control-alt-delete restarts the machine.
pub fn restart(_: &Context) -> Result<()> {
    let mut setup = Setup::new(Boot::kernel(""));
    setup.extra.push("-no-reboot".into());
    let mut machine = Qemu::start(&setup)?;
    machine.wait_for_screen(PROMPT, BOOT_LIMIT)?;
    // QEMU ends in the middle of the key.
    let _ = machine.keys("ctrl-alt-delete");
    let exit = machine.wait(SOON)?;
    ensure!(matches!(exit, Exit::PowerOff), "QEMU ended with {exit:?}");
    Ok(())
}
