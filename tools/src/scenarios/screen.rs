//! The PC's own screen and keyboard.

use std::time::Duration;

use anyhow::{Result, ensure};

use super::Context;
use super::shell::{BOOT_LIMIT, PROMPT, SOON};
use crate::machine::{Boot, Qemu, Setup, indent};

/// A system on the screen, with its prompt.
fn boot() -> Result<Qemu> {
    let mut machine = Qemu::start(&Setup::new(Boot::kernel("")))?;
    machine.wait_for_screen(PROMPT, BOOT_LIMIT)?;
    Ok(machine)
}

/// Typed on the keyboard, with shift and control, a backspace and caps lock.
pub fn keyboard(_: &Context) -> Result<()> {
    let mut machine = boot()?;
    machine.type_text("echo Hello, {World} $((6*7))x")?;
    machine.keys("backspace ret")?;
    machine.wait_for_screen(r"(?m)^Hello, \{World\} 42 *$", SOON)?;
    machine.keys("caps_lock")?;
    machine.type_text("a")?;
    machine.keys("caps_lock ctrl-c")?;
    machine.type_text("sleep 100\n")?;
    std::thread::sleep(Duration::from_secs(1));
    machine.keys("ctrl-c")?;
    machine.type_text("echo after it\n")?;
    let text = machine.wait_for_screen(r"(?m)^after it *$", SOON)?;
    ensure!(
        text.contains("]# A"),
        "caps lock has no effect:\n{}",
        indent(&text)
    );
    Ok(())
}

/// F12 shows tasks and memory, whatever runs.
pub fn task_list(_: &Context) -> Result<()> {
    let mut machine = boot()?;
    machine.keys("f12")?;
    machine.wait_for_screen(r"\d+ pages free", SOON)?;
    Ok(())
}
