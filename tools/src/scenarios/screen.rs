//! The PC's own screen and keyboard.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};
use regex::Regex;

use super::Context;
use super::shell::{BOOT_LIMIT, PROMPT, SOON};
use crate::machine::{Boot, Qemu, Setup, indent};

/// Text memory of a colour adapter: a character and its colours in two bytes.
const TEXT_MEMORY: u64 = 0xb8000;
const TEXT_SIZE: u64 = 0x8000;
const COLUMNS: usize = 80;
const LINES: usize = 25;

/// The characters on the screen. The console scrolls by moving the start of
/// what is shown through the text memory, so that start is looked up.
fn screen(machine: &mut Qemu) -> Result<String> {
    let start = screen_start(machine)?;
    let memory = machine.physical_memory(TEXT_MEMORY, TEXT_SIZE)?;
    let shown: Vec<u8> = memory.iter().step_by(2).copied().collect();
    let mut text = String::new();
    for line in 0..LINES {
        let begin = (start + line * COLUMNS) % shown.len();
        let cells = shown.iter().cycle().skip(begin).take(COLUMNS);
        let line: String = cells.map(|byte| char::from((*byte).max(b' '))).collect();
        text.push_str(&line);
        text.push('\n');
    }
    Ok(text)
}

/// Registers 12 and 13 of the display controller: the first cell shown. It is
/// read through its ports, as a program would, and its index is put back.
fn screen_start(machine: &mut Qemu) -> Result<usize> {
    let mut start = 0;
    for register in [12, 13] {
        machine.monitor(&format!("o /b 0x3d4 {register}"))?;
        let answer = machine.monitor("i /b 0x3d5")?;
        let value = answer.rsplit("= ").next().unwrap_or("").trim();
        start = start << 8 | usize::from_str_radix(value.trim_start_matches("0x"), 16)?;
    }
    Ok(start)
}

/// Waits until the screen matches.
fn wait_for(machine: &mut Qemu, pattern: &str, limit: Duration) -> Result<String> {
    let regex = Regex::new(pattern)?;
    let deadline = Instant::now() + limit;
    loop {
        let text = screen(machine)?;
        if regex.is_match(&text) {
            return Ok(text);
        }
        if Instant::now() > deadline {
            bail!(
                "the screen does not show /{pattern}/ but:\n{}",
                indent(&text)
            );
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// A system on the screen, with its prompt.
fn boot() -> Result<Qemu> {
    let mut machine = Qemu::start(&Setup::new(Boot::kernel("")))?;
    wait_for(&mut machine, PROMPT, BOOT_LIMIT)?;
    Ok(machine)
}

/// Typed on the keyboard, with shift and control, a backspace and caps lock.
pub fn keyboard(_: &Context) -> Result<()> {
    let mut machine = boot()?;
    machine.type_text("echo Hello, {World} $((6*7))x")?;
    machine.keys("backspace ret")?;
    wait_for(&mut machine, r"(?m)^Hello, \{World\} 42 *$", SOON)?;
    machine.keys("caps_lock")?;
    machine.type_text("a")?;
    machine.keys("caps_lock ctrl-c")?;
    machine.type_text("sleep 100\n")?;
    std::thread::sleep(Duration::from_secs(1));
    machine.keys("ctrl-c")?;
    machine.type_text("echo after it\n")?;
    let text = wait_for(&mut machine, r"(?m)^after it *$", SOON)?;
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
    wait_for(&mut machine, r"\d+ pages free", SOON)?;
    Ok(())
}
