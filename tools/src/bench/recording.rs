//! A bench program's run, traced: for each figure the instructions that it
//! counts, one by one.
//!
//! The program reads the time stamp counter before and after each operation, and
//! twice in a row when a figure is complete. So what it counted is what stands
//! between two readings, and that the trace has as many instructions as the
//! figure says proves that both are right.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result};
use iced_x86::Code;

use super::clocks::{Clocks, gate, way_back};
use super::machine::{Figure, collect};
use super::trace::{Block, Cause, Entry, Listener, Log};
use crate::machine::{Qemu, Setup};

/// What the two readings themselves take: `rdtsc` and a move.
const READING: u32 = 2;

/// A figure with what it consists of.
pub struct Counted {
    pub figure: Figure,
    /// Clocks of a 386, of one operation.
    pub clocks: u32,
    /// How often each instruction ran, by linear address, in all operations.
    pub addresses: BTreeMap<u32, u32>,
}

/// Runs a machine with a bench program, traced.
pub fn run(mut setup: Setup) -> Result<Vec<Counted>> {
    let log = Log::attach(&mut setup, "in_asm,exec,int,nochain", Recorder::default())?;
    let mut machine = Qemu::start(&setup)?;
    let figures = collect(&mut machine);
    drop(machine);
    let (blocks, recorder) = log.end()?;
    let figures = figures?;
    figures
        .into_iter()
        .enumerate()
        .map(|(nr, figure)| {
            // Two figures may be taken together and printed one after the other.
            let rows = recorder.rows.iter().take(nr + 1).rev();
            let mut intervals = rows.flat_map(|row| row.iter().rev());
            let interval = intervals.find(|interval| interval.is(&figure));
            let interval = interval.with_context(|| {
                let (key, value) = (&figure.key, figure.value);
                format!("{key}: the program counted {value} instructions, the trace has no such operation")
            })?;
            Ok(Counted {
                clocks: (interval.clocks / u64::from(figure.count)) as u32,
                addresses: interval.addresses(&blocks),
                figure,
            })
        })
        .collect()
}

/// What ran between two readings of the counter.
#[derive(Default)]
struct Interval {
    instructions: u32,
    clocks: u64,
    /// How often each block ran so far.
    blocks: HashMap<(usize, usize), u32>,
}

impl Interval {
    fn is(&self, figure: &Figure) -> bool {
        if figure.count == 1 {
            self.instructions == figure.value + READING
        } else {
            self.instructions / figure.count == figure.value
        }
    }

    fn addresses(&self, blocks: &[Block]) -> BTreeMap<u32, u32> {
        let mut addresses = BTreeMap::new();
        for (&(block, ran), &count) in &self.blocks {
            for step in &blocks[block].steps[..ran] {
                *addresses.entry(step.address).or_default() += count;
            }
        }
        addresses
    }
}

#[derive(Default)]
struct Recorder {
    /// The intervals up to each mark.
    rows: Vec<Vec<Interval>>,
    /// Those since the last one.
    intervals: Vec<Interval>,
    /// What runs; nothing before the first reading.
    now: Option<Interval>,
    /// The last instruction, whose clocks depend on what comes next, and whether
    /// it is a repeated one that has begun before.
    last: Option<(Clocks, u32, u32, bool)>,
}

impl Recorder {
    /// Adds the clocks of the last instruction: the next one is at `address`.
    fn settle(&mut self, address: u32, components: u32, ring: u8) {
        let Some((clocks, _, next, begun)) = self.last else {
            return;
        };
        let clocks = match clocks {
            Clocks::Fixed(clocks) => clocks,
            Clocks::Jump(clocks) => clocks + components,
            Clocks::Branch(not_taken, _) if address == next => not_taken,
            Clocks::Branch(_, taken) => taken + components,
            // QEMU comes once more than it repeats: to see that it is over.
            Clocks::Repeat(first, _) if !begun => first,
            Clocks::Repeat(_, each) => each,
            Clocks::Gate => 0, // see `interrupt`
            Clocks::Return => way_back(ring),
        };
        if let Some(now) = &mut self.now {
            now.clocks += u64::from(clocks);
        }
    }

    /// The program has read the counter.
    fn reading(&mut self) {
        match self.now.replace(Interval::default()) {
            Some(interval) if interval.instructions == 1 => {
                self.rows.push(std::mem::take(&mut self.intervals));
            }
            Some(interval) => self.intervals.push(interval),
            None => {}
        }
    }
}

impl Listener for Recorder {
    fn block(&mut self, blocks: &[Block], entry: Entry) {
        let block = &blocks[entry.block];
        let Some((last, before)) = block.steps[..entry.ran].split_last() else {
            return;
        };
        let read = last.code == Code::Rdtsc && entry.ring == 3;
        if self.now.is_none() && !read {
            return;
        }
        self.settle(entry.address, block.components, entry.ring);
        let begun =
            matches!(self.last, Some((Clocks::Repeat(..), address, ..)) if address == last.address);
        self.last = Some((last.clocks, last.address, last.next, begun));
        if let Some(now) = &mut self.now {
            now.instructions += entry.ran as u32;
            *now.blocks.entry((entry.block, entry.ran)).or_default() += 1;
            for step in before {
                if let Clocks::Fixed(clocks) = step.clocks {
                    now.clocks += u64::from(clocks);
                }
            }
        }
        if read {
            self.reading();
            self.last = None;
        }
    }

    fn interrupt(&mut self, ring: u8, _cause: Cause) {
        if let Some((Clocks::Fixed(_), ..)) = self.last {
            self.settle(0, 0, ring);
        }
        self.last = None;
        if let Some(now) = &mut self.now {
            now.clocks += u64::from(gate(ring));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::trace::read;

    const TEXT: &str = "\
IN:
0x04000000:  0f 31                    rdtsc
Trace 0: 0x100 [00000000/04000000/00000ab3/ff000000]
IN:
0x04000002:  89 c1                    movl %eax, %ecx
0x04000004:  cd 80                    int $0x80
Trace 0: 0x200 [00000000/04000002/00000ab3/ff000000]
     3: v=80 e=0000 i=1 cpl=3 IP=000f:00000004 pc=04000004 SP=0017:00001000
IN:
0x00020000:  f3 a5                    rep movsl (%esi), %es:(%edi)
Trace 0: 0x300 [00000000/00020000/00000ab0/ff000000]
Trace 0: 0x300 [00000000/00020000/00000ab0/ff000000]
Trace 0: 0x300 [00000000/00020000/00000ab0/ff000000]
IN:
0x00020002:  cf                       iretl
Trace 0: 0x400 [00000000/00020002/00000ab0/ff000000]
IN:
0x04000006:  0f 31                    rdtsc
Trace 0: 0x500 [00000000/04000006/00000ab3/ff000000]
IN:
0x04000008:  0f 31                    rdtsc
Trace 0: 0x600 [00000000/04000008/00000ab3/ff000000]
";

    #[test]
    fn a_row() {
        let (blocks, recorder) = read(TEXT.as_bytes(), Recorder::default()).unwrap();
        let [row] = &recorder.rows[..] else {
            panic!("one mark, so one row")
        };
        let [interval] = &row[..] else {
            panic!("one interval")
        };
        assert_eq!(interval.instructions, 7);
        assert_eq!(interval.clocks, 2 + 99 + (5 + 2 * 4) + 82);
        assert_eq!(interval.addresses(&blocks)[&0x20000], 3);
        let figure = |value, count| Figure {
            key: "x".into(),
            value,
            count,
        };
        assert!(interval.is(&figure(5, 1)) && !interval.is(&figure(6, 1)));
        assert!(interval.is(&figure(3, 2)));
    }
}
