//! The longest time with interrupts off, from QEMU's own trace: every block of
//! instructions that runs, with the flags at its beginning, while a program
//! makes the kernel do a little of everything.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use tempfile::TempDir;

use super::machine::own;
use crate::binary::Binary;
use crate::machine::Qemu;

/// Issue of the serial lines: at 38 400 baud a byte comes each 260 microseconds,
/// and a 16550 holds 16 of them; a chip without a queue one.
pub const TARGET: u32 = 4_000;
const PATIENCE: Duration = Duration::from_secs(300);
/// The interrupt flag.
const IF: u32 = 1 << 9;

/// The longest stretch.
#[derive(Debug, Default)]
pub struct Longest {
    pub instructions: u32,
    /// Where it begins and ends: function and distance.
    pub begins: String,
    pub ends: String,
    /// How much was looked at.
    stretches: u32,
}

impl fmt::Display for Longest {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(
            out,
            "Longest time with interrupts off: {} instructions (target: below {TARGET}),\n\
             from {} to {}, of {} such stretches.",
            self.instructions, self.begins, self.ends, self.stretches
        )
    }
}

/// Runs `/bench/mix` and finds the longest stretch.
pub fn longest(kernel: &Path, image: &Path) -> Result<Longest> {
    let folder = TempDir::new()?;
    let pipe = folder.path().join("trace");
    let made = Command::new("mkfifo")
        .arg(&pipe)
        .status()
        .context("cannot run mkfifo")?;
    ensure!(made.success(), "mkfifo failed");
    let reader = {
        let pipe = pipe.clone();
        std::thread::spawn(move || read(BufReader::with_capacity(1 << 20, File::open(pipe)?)))
    };
    let mut setup = own(kernel, image, "/bench/mix");
    let text = |path: &Path| {
        path.to_str()
            .map(String::from)
            .context("a path is not UTF-8")
    };
    // Blocks are named as they are translated; with `nochain` each is announced
    // whenever it runs. The disk has the root image once more, to read from.
    setup.extra.extend([
        "-d".into(),
        "in_asm,nochain".into(),
        "-D".into(),
        text(&pipe)?,
    ]);
    let disk = format!(
        "if=ide,index=0,format=raw,snapshot=on,file={}",
        text(image)?
    );
    setup.extra.extend(["-drive".into(), disk]);
    let mut machine = Qemu::start(&setup)?;
    machine.console.expect("##ready", PATIENCE)?;
    machine.monitor("log in_asm,nochain,exec,cpu")?;
    machine.console.send("go\n")?;
    machine.keys("a b c ret alt-f2 alt-f1")?;
    machine.console.expect("##done", PATIENCE)?;
    machine.monitor("log none")?;
    drop(machine);
    let trace = reader
        .join()
        .map_err(|_| anyhow!("the trace's reader failed"))??;
    ensure!(
        trace.stretches > 0,
        "QEMU's trace has no block with interrupts off"
    );
    let binary = Binary::read(kernel)?;
    Ok(Longest {
        instructions: trace.longest.instructions,
        begins: binary.place(trace.longest.begin),
        ends: binary.place(trace.longest.end),
        stretches: trace.stretches,
    })
}

/// Reads the trace to its end.
fn read(mut input: impl BufRead) -> Result<Trace> {
    let mut trace = Trace::default();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        trace.line(line.trim_ascii());
        line.clear();
    }
    trace.end();
    Ok(trace)
}

/// A stretch with interrupts off: code addresses of its first and last block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Stretch {
    instructions: u32,
    begin: u32,
    end: u32,
}

/// What a block of instructions is like.
#[derive(Clone, Copy, Default)]
struct Block {
    instructions: u32,
    /// How many of them follow a `cli`.
    after_cli: Option<u32>,
}

/// The trace as far as it has been read.
#[derive(Default)]
struct Trace {
    blocks: HashMap<u32, Block>,
    /// The block whose instructions are being listed.
    listed: Option<(u32, Block)>,
    /// The block that runs: its address, and how many instructions at most.
    running: Option<(u32, u32)>,
    now: Option<Stretch>,
    longest: Stretch,
    stretches: u32,
}

impl Trace {
    fn line(&mut self, line: &[u8]) {
        if line.starts_with(b"0x") {
            self.instruction(line);
        } else if line.starts_with(b"IN:") {
            self.listed = None;
        } else if line.starts_with(b"Trace ") {
            self.store();
            self.running = running(line);
        } else if line.starts_with(b"EIP=")
            && let Some((address, most)) = self.running.take()
            && let Some(flags) = number(line, b"EFL=")
        {
            self.runs(address, most, flags & IF != 0);
        }
    }

    /// `0x00011234:  fa    cli`
    fn instruction(&mut self, line: &[u8]) {
        let Some(address) = number(line, b"0x") else {
            return;
        };
        let (_, block) = self.listed.get_or_insert((address, Block::default()));
        block.instructions += 1;
        if let Some(after) = &mut block.after_cli {
            *after += 1;
        } else if line.ends_with(b"cli") {
            block.after_cli = Some(0);
        }
    }

    /// Keeps the block that was listed: the longest that begins there.
    fn store(&mut self) {
        if let Some((address, block)) = self.listed.take() {
            let known = self.blocks.entry(address).or_default();
            if known.instructions < block.instructions {
                *known = block;
            }
        }
    }

    /// A block is about to run, with interrupts on or off.
    fn runs(&mut self, address: u32, most: u32, interrupts: bool) {
        let block = self.blocks.get(&address).copied().unwrap_or_default();
        let off = if !interrupts {
            Some(block.instructions.clamp(1, most))
        } else {
            self.end();
            block.after_cli
        };
        if let Some(instructions) = off {
            let new = Stretch {
                instructions: 0,
                begin: address,
                end: address,
            };
            let stretch = self.now.get_or_insert(new);
            stretch.instructions += instructions;
            stretch.end = address;
        }
    }

    /// The stretch, if there is one, is over.
    fn end(&mut self) {
        if let Some(stretch) = self.now.take() {
            self.stretches += 1;
            if stretch.instructions > self.longest.instructions {
                self.longest = stretch;
            }
        }
    }
}

/// `Trace 0: 0x7f... [cs base/address/flags/compile flags]`: address, and how
/// many instructions run at most, which the compile flags' low bits say.
fn running(line: &[u8]) -> Option<(u32, u32)> {
    let open = line.iter().position(|byte| *byte == b'[')?;
    let text = std::str::from_utf8(&line[open + 1..]).ok()?;
    let mut words = text.split(['/', ']']);
    let address = u32::from_str_radix(words.nth(1)?, 16).ok()?;
    let flags = u32::from_str_radix(words.nth(1)?, 16).ok()?;
    let most = flags & 0x1ff;
    Some((address, if most == 0 { u32::MAX } else { most }))
}

/// The hexadecimal number behind a word.
fn number(line: &[u8], word: &[u8]) -> Option<u32> {
    let at = line.windows(word.len()).position(|window| window == word)? + word.len();
    let digits = &line[at..];
    let end = digits
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit())
        .unwrap_or(digits.len());
    u32::from_str_radix(std::str::from_utf8(&digits[..end]).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
IN:
0x00011000:  fa                       cli
0x00011001:  90                       nop
0x00011002:  90                       nop
IN:
0x00012000:  fb                       sti
Trace 0: 0x7f0000000100 [00000000/00011000/00000030/ff000000]
EIP=00011000 EFL=00000202 [-------] CPL=0
Trace 0: 0x7f0000000200 [00000000/00012000/00000030/ff000000]
EIP=00012000 EFL=00000002 [-------] CPL=0
Trace 0: 0x7f0000000100 [00000000/00013000/00000030/ff000000]
EIP=00013000 EFL=00000202 [-------] CPL=0
";

    #[test]
    fn a_stretch() {
        let text = TEXT.replacen("IN:\n0x00012", "Trace 0: 0x0 [0/1/2/3]\nIN:\n0x00012", 1);
        let trace = read(text.as_bytes()).unwrap();
        let expected = Stretch {
            instructions: 3,
            begin: 0x11000,
            end: 0x12000,
        };
        assert_eq!((trace.stretches, trace.longest), (1, expected));
    }

    #[test]
    fn words() {
        assert_eq!(
            running(b"Trace 0: 0x7f [0/00011000/30/ff000005] x"),
            Some((0x11000, 5))
        );
        assert_eq!(number(b"EIP=1 EFL=00000246 [", b"EFL="), Some(0x246));
    }
}
