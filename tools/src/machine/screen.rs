//! The PC's own screen, read from its memory as text.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use regex::Regex;

use super::console::indent;
use super::qemu::Qemu;

/// Text memory of a colour adapter: a character and its colours in two bytes.
const TEXT_MEMORY: u64 = 0xb8000;
const TEXT_SIZE: u64 = 0x8000;
const COLUMNS: usize = 80;
const LINES: usize = 25;

impl Qemu {
    /// The characters on the screen. The console scrolls by moving the start of
    /// what is shown through the text memory, so that start is looked up.
    pub fn screen(&mut self) -> Result<String> {
        let mut text = String::new();
        for line in self.screen_bytes(0)? {
            text.extend(line.iter().map(|byte| char::from((*byte).max(b' '))));
            text.push('\n');
        }
        Ok(text)
    }

    /// The attributes of what is on the screen, by lines and columns.
    pub fn screen_attributes(&mut self) -> Result<Vec<Vec<u8>>> {
        self.screen_bytes(1)
    }

    /// The first (0) or the second (1) bytes of the cells that are shown.
    fn screen_bytes(&mut self, which: usize) -> Result<Vec<Vec<u8>>> {
        let start = self.screen_start()?;
        let memory = self.physical_memory(TEXT_MEMORY, TEXT_SIZE)?;
        let bytes: Vec<u8> = memory.iter().skip(which).step_by(2).copied().collect();
        let line = |nr: usize| {
            let begin = (start + nr * COLUMNS) % bytes.len();
            let cells = bytes.iter().cycle().skip(begin);
            cells.take(COLUMNS).copied().collect()
        };
        Ok((0..LINES).map(line).collect())
    }

    /// Registers 12 and 13 of the display controller: the first cell shown. It is
    /// read through its ports, as a program would, and its index is put back.
    fn screen_start(&mut self) -> Result<usize> {
        let mut start = 0;
        for register in [12, 13] {
            self.monitor(&format!("o /b 0x3d4 {register}"))?;
            let answer = self.monitor("i /b 0x3d5")?;
            let value = answer.rsplit("= ").next().unwrap_or("").trim();
            start = start << 8 | usize::from_str_radix(value.trim_start_matches("0x"), 16)?;
        }
        Ok(start)
    }

    /// Waits until a regular expression matches the screen's text.
    pub fn wait_for_screen(&mut self, pattern: &str, limit: Duration) -> Result<String> {
        let regex = Regex::new(pattern)?;
        let deadline = Instant::now() + limit;
        loop {
            let text = self.screen()?;
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
}
