//! QEMU's log of what runs: `-d in_asm,exec,int,nochain`, and `cpu` for the
//! flags. Each block of instructions is listed when it is translated and
//! announced whenever it is about to run; interrupts and faults are told.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::JoinHandle;

use anyhow::{Context, Result, anyhow, ensure};
use iced_x86::{Code, Decoder, DecoderOptions};
use tempfile::TempDir;

use super::clocks::{Clocks, components};
use crate::machine::Setup;

/// An instruction of a block.
#[derive(Clone, Debug)]
pub struct Step {
    /// Linear address.
    pub address: u32,
    /// Where the next one lies.
    pub next: u32,
    pub clocks: Clocks,
    pub code: Code,
}

/// Instructions that QEMU runs as one.
#[derive(Clone, Debug, Default)]
pub struct Block {
    pub steps: Vec<Step>,
    /// What the manual calls components, of the first instruction.
    pub components: u32,
}

/// How a block was entered.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Which block.
    pub block: usize,
    pub address: u32,
    /// How many of its instructions ran: all, but when one of them faults.
    pub ran: usize,
    /// The ring.
    pub ring: u8,
    /// The flags before it, where the log has them.
    pub flags: Option<u32>,
}

/// Why there was an interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `int`.
    Software,
    /// An instruction could not go on.
    Fault,
    Device,
}

/// What wants to know.
pub trait Listener: Send + 'static {
    fn block(&mut self, blocks: &[Block], entry: Entry);
    /// A way through a gate from that ring; `int` itself is the last instruction
    /// of the block before.
    fn interrupt(&mut self, _ring: u8, _cause: Cause) {}
}

/// A log that is read while QEMU writes it.
pub struct Log<T> {
    reader: JoinHandle<Result<(Vec<Block>, T)>>,
    pipe: PathBuf,
    _folder: TempDir,
}

impl<T: Listener> Log<T> {
    /// Makes the machine write its log, with these items, for `listener`.
    pub fn attach(setup: &mut Setup, items: &str, listener: T) -> Result<Log<T>> {
        let folder = TempDir::new()?;
        let pipe = folder.path().join("log");
        let made = Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .context("cannot run mkfifo")?;
        ensure!(made.success(), "mkfifo failed");
        let text = pipe.to_str().context("a path is not UTF-8")?;
        setup
            .extra
            .extend(["-d".into(), items.into(), "-D".into(), text.into()]);
        let reader = {
            let pipe = pipe.clone();
            std::thread::spawn(move || {
                read(
                    BufReader::with_capacity(1 << 20, File::open(pipe)?),
                    listener,
                )
            })
        };
        Ok(Log {
            reader,
            pipe,
            _folder: folder,
        })
    }

    /// What was heard, after the machine has ended.
    pub fn end(self) -> Result<(Vec<Block>, T)> {
        // Should QEMU never have opened it, the reader still waits for that.
        drop(open_for_writing(&self.pipe));
        self.reader
            .join()
            .map_err(|_| anyhow!("the reader of QEMU's log failed"))?
    }
}

/// Opens the pipe's other end if there is a reader, without waiting.
fn open_for_writing(pipe: &Path) -> Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    let options = std::fs::OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(pipe)?;
    Ok(options)
}

/// Reads a log to its end.
pub fn read<T: Listener>(mut input: impl BufRead, listener: T) -> Result<(Vec<Block>, T)> {
    let mut parser = Parser {
        listener,
        blocks: Vec::new(),
        known: HashMap::new(),
        listed: Vec::new(),
        pending: None,
        hardware: false,
    };
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        parser.line(line.trim_ascii());
        line.clear();
    }
    parser.flush();
    Ok((parser.blocks, parser.listener))
}

struct Parser<T> {
    listener: T,
    blocks: Vec<Block>,
    /// Blocks by where QEMU has its translation.
    known: HashMap<u64, usize>,
    /// The instructions of the block that is being listed: place, bytes.
    listed: Vec<(u32, Vec<u8>)>,
    /// The block that was announced last, until it is known how it ended.
    pending: Option<Entry>,
    /// Is the next interrupt one of a device?
    hardware: bool,
}

impl<T: Listener> Parser<T> {
    fn line(&mut self, line: &[u8]) {
        match line {
            [b'0', b'x', ..] => self.instruction(line),
            [b'I', b'N', b':', ..] => self.listed.clear(),
            [b'T', b'r', b'a', b'c', b'e', b' ', ..] => {
                self.flush();
                self.pending = self.announced(line);
            }
            [b'E', b'I', b'P', b'=', ..] => {
                if let Some(entry) = &mut self.pending {
                    entry.flags = number(line, b"EFL=");
                }
            }
            // Was announced, but time was up for a device first.
            [b'S', b't', b'o', b'p', b'p', b'e', b'd', ..] => self.pending = None,
            [b'c', b'p', b'u', b'_', b'i', b'o', ..] => {
                if let Some(address) = number(line, b"TB to ") {
                    self.cut(address);
                }
            }
            [b'S', b'e', b'r', b'v', b'i', b'c', b'i', b'n', b'g', ..] => self.hardware = true,
            _ => {
                if number(line, b": v=").is_some() {
                    self.interrupt(line);
                }
            }
        }
    }

    /// `0x00011234:  fa    cli`; what does not fit on the line stands on a second
    /// one, which has bytes only.
    fn instruction(&mut self, line: &[u8]) {
        let Some(address) = number(line, b"0x") else {
            return;
        };
        let words = line
            .split(|sign| *sign == b' ')
            .filter(|word| !word.is_empty())
            .skip(1);
        let bytes: Vec<u8> = words
            .clone()
            .map_while(|word| match word {
                [_, _] => u8::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok(),
                _ => None,
            })
            .collect();
        if words.count() > bytes.len() {
            self.listed.push((address, bytes));
        } else if let Some((_, first)) = self.listed.last_mut() {
            first.extend(bytes);
        }
    }

    /// `Trace 0: 0x7f... [cs base/address/flags/compile flags]`.
    fn announced(&mut self, line: &[u8]) -> Option<Entry> {
        let text = std::str::from_utf8(line).ok()?;
        let (place, rest) = text.split_once('[')?;
        let place = place.rsplit("0x").next()?.trim();
        let place = u64::from_str_radix(place, 16).ok()?;
        let mut words = rest
            .split(['/', ']'])
            .map(|word| u32::from_str_radix(word, 16));
        let address = words.nth(1)?.ok()?;
        let flags = words.next()?.ok()?;
        if !self.listed.is_empty() {
            self.blocks.push(block(&self.listed));
            self.known.insert(place, self.blocks.len() - 1);
            self.listed.clear();
        }
        let block = *self.known.get(&place)?;
        Some(Entry {
            block,
            address,
            ran: self.blocks[block].steps.len(),
            ring: (flags & 3) as u8,
            flags: None,
        })
    }

    /// The block that runs ended before the instruction at `address`.
    fn cut(&mut self, address: u32) {
        if let Some(entry) = &mut self.pending {
            let steps = &self.blocks[entry.block].steps;
            if let Some(at) = steps.iter().position(|step| step.address == address) {
                entry.ran = at;
            }
        }
    }

    /// `12: v=0e e=0007 i=0 cpl=3 IP=000f:00001234 pc=04001234 ...`
    fn interrupt(&mut self, line: &[u8]) {
        let cause = if number(line, b" i=") == Some(1) {
            Cause::Software
        } else if std::mem::take(&mut self.hardware) {
            Cause::Device
        } else {
            Cause::Fault
        };
        // That a coprocessor's instruction is an exception QEMU knows when it
        // translates it, and counts it as run.
        if cause == Cause::Fault
            && number(line, b": v=") != Some(7)
            && let Some(address) = number(line, b" pc=")
        {
            self.cut(address);
        }
        self.flush();
        let ring = number(line, b" cpl=").unwrap_or(0) as u8;
        self.listener.interrupt(ring, cause);
    }

    fn flush(&mut self) {
        if let Some(entry) = self.pending.take()
            && entry.ran > 0
        {
            self.listener.block(&self.blocks, entry);
        }
    }
}

/// Decodes a block.
fn block(listed: &[(u32, Vec<u8>)]) -> Block {
    let mut first = 0;
    let steps = listed
        .iter()
        .map(|(address, bytes)| {
            let mut decoder =
                Decoder::with_ip(32, bytes, u64::from(*address), DecoderOptions::NONE);
            let instruction = decoder.decode();
            if first == 0 {
                first = components(&instruction, &decoder.get_constant_offsets(&instruction));
            }
            Step {
                address: *address,
                next: address.wrapping_add(bytes.len() as u32),
                clocks: Clocks::of(&instruction),
                code: instruction.code(),
            }
        })
        .collect();
    Block {
        steps,
        components: first,
    }
}

/// The hexadecimal number behind a word.
pub fn number(line: &[u8], word: &[u8]) -> Option<u32> {
    let at = line.windows(word.len()).position(|window| window == word)? + word.len();
    let digits = line[at..].strip_prefix(b"0x").unwrap_or(&line[at..]);
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
----------------
IN:
0x00011000:  c7 05 60 1a 05 00 01 00  movl     $1, 0x51a60
0x00011008:  00 00
0x0001100a:  8b 00                    movl     (%eax), %eax
0x0001100c:  90                       nop

Trace 0: 0x7f0000000100 [00000000/00011000/00000ab3/ff000000]
EIP=00011000 EFL=00000202 [-------] CPL=3
Stopped execution of TB chain before 0x7f0000000100 [00011000]
Trace 0: 0x7f0000000100 [00000000/00011000/00000ab3/ff000000]
EIP=00011000 EFL=00000202 [-------] CPL=3
check_exception old: 0xffffffff new 0xe
     3: v=0e e=0004 i=0 cpl=3 IP=000f:0001100a pc=0001100a SP=0017:00001000 CR2=00000000
EIP=0001100a EFL=00000002 [-------] CPL=3
Trace 0: 0x7f0000000100 [00000000/00011000/00000ab0/ff000000]
EIP=00011000 EFL=00000002 [-------] CPL=0
Servicing hardware INT=0x20
     4: v=20 e=0000 i=0 cpl=0 IP=0008:00011000 pc=00011000 SP=0017:00001000
";

    #[derive(Default)]
    struct Heard(Vec<(usize, u8, Option<u32>)>, Vec<(u8, Cause)>);

    impl Listener for Heard {
        fn block(&mut self, _: &[Block], entry: Entry) {
            self.0.push((entry.ran, entry.ring, entry.flags));
        }

        fn interrupt(&mut self, ring: u8, cause: Cause) {
            self.1.push((ring, cause));
        }
    }

    #[test]
    fn a_log() {
        let (blocks, heard) = read(TEXT.as_bytes(), Heard::default()).unwrap();
        let codes: Vec<Code> = blocks[0].steps.iter().map(|step| step.code).collect();
        assert_eq!(
            codes,
            [Code::Mov_rm32_imm32, Code::Mov_r32_rm32, Code::Nopd]
        );
        assert_eq!(blocks[0].components, 4);
        // A fault in the second instruction; all three before a device's turn.
        assert_eq!(heard.0, [(1, 3, Some(0x202)), (3, 0, Some(2))]);
        assert_eq!(heard.1, [(3, Cause::Fault), (0, Cause::Device)]);
    }

    #[test]
    fn numbers() {
        assert_eq!(number(b"EIP=1 EFL=00000246 [", b"EFL="), Some(0x246));
        assert_eq!(
            number(b"rewound execution of TB to 0x00011000", b"TB to "),
            Some(0x11000)
        );
        assert_eq!(number(b"nothing", b"EFL="), None);
    }
}
