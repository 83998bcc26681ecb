//! The longest time with interrupts off, from QEMU's own trace: every block of
//! instructions that runs, with the flags at its beginning, while a program
//! makes the kernel do a little of everything.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::{Result, ensure};
use iced_x86::Code;
use tempfile::TempDir;

use super::machine::own;
use super::trace::{Block, Cause, Entry, Listener, Log};
use crate::binary::Binary;
use crate::machine::Qemu;

/// Issue of the serial lines: at 38 400 baud a byte comes each 260 microseconds,
/// and a 16550 holds 16 of them; a chip without a queue one.
pub const TARGET: u32 = 4_000;
const PATIENCE: Duration = Duration::from_secs(300);
/// Bytes of a disk that is read: a floppy of 1.44 MB.
const DISK: u64 = 2880 * 512;
/// The interrupt flag.
const IF: u32 = 1 << 9;

/// The longest stretches.
#[derive(Debug, Default)]
pub struct Longest {
    pub instructions: u32,
    /// Where the longest begins and ends: function and distance.
    pub begins: String,
    pub ends: String,
    /// Of those that begin in each function the longest.
    pub by_function: Vec<(String, u32)>,
    /// How often each instruction of the longest ran.
    pub addresses: BTreeMap<u32, u32>,
    /// How much was looked at.
    stretches: u32,
}

/// Functions that are shown.
const SHOWN: usize = 12;

impl fmt::Display for Longest {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(
            out,
            "Longest time with interrupts off: {} instructions (target: below {TARGET}),\n\
             from {} to {}, of {} such stretches. By where they begin:",
            self.instructions, self.begins, self.ends, self.stretches
        )?;
        for (name, instructions) in self.by_function.iter().take(SHOWN) {
            write!(out, "\n{instructions:>8}  {name}")?;
        }
        Ok(())
    }
}

/// Runs `/bench/mix` and finds the longest stretch.
pub fn longest(kernel: &Path, image: &Path) -> Result<Longest> {
    let mut setup = own(kernel, image, "/bench/mix");
    let items = "in_asm,exec,int,nochain";
    let log = Log::attach(&mut setup, items, Stretches::default())?;
    // Disks to read from.
    let folder = TempDir::new()?;
    for interface in ["ide", "floppy"] {
        let path = folder.path().join(interface);
        File::create(&path)?.set_len(DISK)?;
        let disk = format!("if={interface},index=0,format=raw,file={}", path.display());
        setup.extra.extend(["-drive".into(), disk]);
    }
    let mut machine = Qemu::start(&setup)?;
    machine.console.expect("##ready", PATIENCE)?;
    machine.monitor(&format!("log {items},cpu"))?;
    machine.console.send("go\n")?;
    machine.keys("a b c ret alt-f2 alt-f1")?;
    machine.console.expect("##done", PATIENCE)?;
    machine.monitor("log none")?;
    drop(machine);
    let (blocks, stretches) = log.end()?;
    ensure!(
        stretches.count > 0,
        "QEMU's log has no block with interrupts off"
    );
    Ok(stretches.named(&blocks, &Binary::read(kernel)?))
}

/// A stretch with interrupts off: code addresses of its first and last block.
#[derive(Debug, Default)]
struct Stretch {
    instructions: u32,
    begin: u32,
    end: u32,
    /// Blocks, and which of their instructions.
    ran: Vec<(usize, std::ops::Range<usize>)>,
}

/// All stretches so far.
#[derive(Default)]
struct Stretches {
    now: Option<Stretch>,
    longest: Stretch,
    /// The longest by where they begin.
    by_begin: HashMap<u32, u32>,
    count: u32,
}

impl Listener for Stretches {
    fn block(&mut self, blocks: &[Block], entry: Entry) {
        let Some(flags) = entry.flags else { return };
        let ran = if flags & IF == 0 {
            0..entry.ran
        } else {
            self.end();
            let steps = &blocks[entry.block].steps[..entry.ran];
            match steps.iter().position(|step| step.code == Code::Cli) {
                Some(cli) => cli + 1..entry.ran,
                None => return,
            }
        };
        let stretch = self.now.get_or_insert_with(|| Stretch {
            begin: entry.address,
            ..Stretch::default()
        });
        stretch.instructions += ran.len() as u32;
        stretch.end = entry.address;
        stretch.ran.push((entry.block, ran));
    }

    /// A device can interrupt only where interrupts are on, if only for a moment
    /// between two handlers.
    fn interrupt(&mut self, _ring: u8, cause: Cause) {
        if cause == Cause::Device {
            self.end();
        }
    }
}

impl Stretches {
    fn named(self, blocks: &[Block], binary: &Binary) -> Longest {
        let mut functions: HashMap<String, u32> = HashMap::new();
        for (begin, instructions) in self.by_begin {
            let name = match binary.symbol_at(begin) {
                Some((function, _)) => function.name.clone(),
                None => format!("{begin:#x}"),
            };
            let longest = functions.entry(name).or_default();
            *longest = instructions.max(*longest);
        }
        let mut by_function: Vec<_> = functions.into_iter().collect();
        by_function.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| one.0.cmp(&other.0)));
        let mut addresses = BTreeMap::new();
        for (block, ran) in self.longest.ran {
            for step in &blocks[block].steps[ran] {
                *addresses.entry(step.address).or_default() += 1;
            }
        }
        Longest {
            addresses,
            instructions: self.longest.instructions,
            begins: binary.place(self.longest.begin),
            ends: binary.place(self.longest.end),
            by_function,
            stretches: self.count,
        }
    }

    /// The stretch, if there is one, is over.
    fn end(&mut self) {
        if let Some(stretch) = self.now.take() {
            self.count += 1;
            let longest = self.by_begin.entry(stretch.begin).or_default();
            *longest = stretch.instructions.max(*longest);
            if stretch.instructions > self.longest.instructions {
                self.longest = stretch;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::trace::read;

    const TEXT: &str = "\
IN:
0x00011000:  fa                       cli
0x00011001:  90                       nop
0x00011002:  90                       nop
Trace 0: 0x7f0000000100 [00000000/00011000/00000030/ff000000]
EIP=00011000 EFL=00000202 [-------] CPL=0
IN:
0x00012000:  fb                       sti
Trace 0: 0x7f0000000200 [00000000/00012000/00000030/ff000000]
EIP=00012000 EFL=00000002 [-------] CPL=0
IN:
0x00013000:  90                       nop
Trace 0: 0x7f0000000300 [00000000/00013000/00000030/ff000000]
EIP=00013000 EFL=00000202 [-------] CPL=0
";

    #[test]
    fn a_stretch() {
        let (_, stretches) = read(TEXT.as_bytes(), Stretches::default()).unwrap();
        assert_eq!((stretches.count, stretches.longest.instructions), (1, 3));
        assert_eq!(
            (stretches.longest.begin, stretches.longest.end),
            (0x11000, 0x12000)
        );
    }
}
