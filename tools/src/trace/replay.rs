//! The kernel's tables as a trace tells of them. `tools/page/replay.js` does the
//! same for the page.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::abi::{EVENTS, Event, Record, VERSION};

/// The count of a page that `mem_map` does not count.
pub const USED: u32 = 100;
/// Bytes of a page.
pub const PAGE: u32 = 4096;
const WRITE: u32 = 2;
const USER: u32 = 4;
/// What the CPU sets by itself: accessed and dirty.
const CPU_BITS: u32 = 0x60;
const INIT: u32 = 1;

/// A process as `task[]` has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    pub pid: u32,
    father: u32,
    state: u32,
    name: [u32; 4],
}

impl Task {
    /// The name of its program.
    pub fn name(&self) -> String {
        text_of(self.name)
    }
}

/// Slots, directory and page table entries, counts.
#[derive(Clone, Default)]
pub struct Tables {
    pub tasks: BTreeMap<u32, Task>,
    /// Where each slot's `task_struct` lies.
    pub task_pages: BTreeMap<u32, u32>,
    /// By number of the directory entry.
    pub dirs: BTreeMap<u32, u32>,
    /// By linear address.
    pub entries: BTreeMap<u32, u32>,
    /// By physical address; those that are not 0.
    pub counts: BTreeMap<u32, u32>,
    /// Where main memory begins and ends; the last snapshot says it.
    pub main: (u32, u32),
}

/// A trace that is being followed.
#[derive(Default)]
pub struct Replay {
    now: Tables,
    /// The snapshot that is being read.
    snapshot: Option<Tables>,
    events: usize,
    /// Snapshots seen so far, the first of which was the start.
    pub snapshots: u32,
    /// Page table entries that were compared.
    pub compared: usize,
    /// What did not agree.
    pub wrong: Vec<String>,
}

impl Replay {
    /// Follows one event.
    ///
    /// # Errors
    /// A record that cannot be followed: records are missing, or it is damaged.
    pub fn apply(&mut self, record: &Record) -> Result<()> {
        let known = EVENTS.iter().find(|info| info.event as u8 == record.event);
        let Some(info) = known else {
            bail!("record {}: there is no event {}", self.events, record.event);
        };
        self.events += 1;
        match info.event {
            Event::Start if record.args[2] != VERSION => {
                bail!("the trace has version {}, not {VERSION}", record.args[2])
            }
            Event::Lost => bail!("{} records are missing", record.args[0]),
            _ => {}
        }
        if !self.read_snapshot(info.event, record) {
            self.now.apply(info.event, record);
        }
        Ok(())
    }

    /// Takes what belongs to a snapshot; false for anything else.
    fn read_snapshot(&mut self, event: Event, record: &Record) -> bool {
        let [a, b, c, _] = record.args;
        if event == Event::SnapBegin {
            self.snapshot = Some(Tables::default());
            return true;
        }
        let Some(snapshot) = &mut self.snapshot else {
            return false;
        };
        let nr = u32::from(record.nr);
        match event {
            Event::SnapTask => {
                let task = Task {
                    pid: record.pid.into(),
                    father: b,
                    state: a,
                    name: [0; 4],
                };
                snapshot.tasks.insert(nr, task);
                snapshot.task_pages.insert(nr, c);
            }
            Event::SnapName => {
                if let Some(task) = snapshot.tasks.get_mut(&nr) {
                    task.name = record.args;
                }
            }
            Event::SnapTable => drop(snapshot.dirs.insert(a >> 22, b)),
            Event::SnapEntry => drop(snapshot.entries.insert(a, b)),
            Event::SnapCount => drop(snapshot.counts.insert(a, b)),
            Event::SnapEnd => {
                if let Some(mut snapshot) = self.snapshot.take() {
                    snapshot.main = (a, b);
                    self.end_snapshot(snapshot);
                }
            }
            _ => return false,
        }
        true
    }

    fn end_snapshot(&mut self, snapshot: Tables) {
        self.snapshots += 1;
        if self.snapshots > 1 {
            self.compared += snapshot.entries.len();
            let wrong = &mut self.wrong;
            compare("slot", &self.now.tasks, &snapshot.tasks, wrong);
            let (ours, theirs) = (&self.now.task_pages, &snapshot.task_pages);
            compare("task_struct of slot", ours, theirs, wrong);
            let plain = |map: &BTreeMap<u32, u32>| -> BTreeMap<u32, u32> {
                map.iter()
                    .map(|(key, entry)| (*key, entry & !CPU_BITS))
                    .collect()
            };
            compare(
                "directory entry",
                &plain(&self.now.dirs),
                &plain(&snapshot.dirs),
                wrong,
            );
            let (ours, theirs) = (plain(&self.now.entries), plain(&snapshot.entries));
            compare("page at linear address", &ours, &theirs, wrong);
            compare("count of page", &self.now.counts, &snapshot.counts, wrong);
        }
        self.now = snapshot;
    }

    /// The tables as they are after the last event that was followed.
    pub fn into_tables(self) -> Tables {
        self.now
    }

    /// For each slot in use, how many pages it maps now.
    pub fn pages_of_slots(&self) -> BTreeMap<String, usize> {
        let slots = self.now.tasks.keys().map(|nr| {
            let pages = self.now.entries.keys().filter(|lin| *lin >> 26 == *nr);
            (nr.to_string(), pages.count())
        });
        slots.collect()
    }

    /// The pages whose count is not 0, and their counts.
    pub fn counts(&self) -> Vec<(u32, u32)> {
        self.now
            .counts
            .iter()
            .map(|(page, count)| (*page, *count))
            .collect()
    }

    /// How much there is, all of which agrees with the kernel's tables.
    pub fn agreed(&self) -> Value {
        json!({
            "events": self.events,
            "tasks": self.now.tasks.len(),
            "tables": self.now.dirs.len(),
            "entries": self.now.entries.len(),
            "counts": self.now.counts.len(),
        })
    }

    /// The same for people.
    pub fn summary(&self) -> String {
        format!(
            "{} events; at the end {} tasks, {} page tables, {} mapped pages and {} counts agree with the kernel's tables",
            self.events,
            self.now.tasks.len(),
            self.now.dirs.len(),
            self.now.entries.len(),
            self.now.counts.len()
        )
    }
}

/// Notes each key whose value differs.
fn compare<T: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: &BTreeMap<u32, T>,
    theirs: &BTreeMap<u32, T>,
    wrong: &mut Vec<String>,
) {
    for (key, value) in ours {
        if theirs.get(key) != Some(value) {
            let kernel = theirs.get(key);
            wrong.push(format!(
                "{what} {key:#x}: trace {value:x?}, kernel {kernel:x?}"
            ));
        }
    }
    for (key, value) in theirs {
        if !ours.contains_key(key) {
            wrong.push(format!("{what} {key:#x}: trace none, kernel {value:x?}"));
        }
    }
}

impl Tables {
    fn apply(&mut self, event: Event, record: &Record) {
        let [a, b, c, d] = record.args;
        let nr = u32::from(record.nr);
        match event {
            Event::BootSched => {
                let task = Task {
                    pid: 0,
                    father: u32::MAX,
                    state: 0,
                    name: name(b"swapper"),
                };
                self.tasks.insert(0, task);
                self.task_pages.insert(0, b);
            }
            Event::ForkPage => drop(self.task_pages.insert(a, b)),
            Event::ForkCopied => {
                let parent = self.tasks.get(&nr).map_or([0; 4], |task| task.name);
                let task = Task {
                    pid: b,
                    father: d,
                    state: 2,
                    name: if nr == 0 { name(b"init") } else { parent },
                };
                self.tasks.insert(a, task);
            }
            Event::ForkReady
            | Event::Wake
            | Event::WakeSignal
            | Event::WakeTimeout
            | Event::SigCont => self.set_state(a, 0),
            Event::ForkFailed | Event::Release => {
                self.tasks.remove(&a);
                self.task_pages.remove(&a);
            }
            Event::Sleep => self.set_state(nr, b),
            Event::Pause => self.set_state(nr, 1),
            Event::Awake => self.set_state(nr, 0),
            Event::SigStop => self.set_state(nr, 4),
            Event::ExitZombie => {
                self.set_state(nr, 3);
                let pid = u32::from(record.pid);
                let orphans = self.tasks.values_mut().filter(|task| task.father == pid);
                orphans.for_each(|task| task.father = INIT);
            }
            Event::Switch => {
                self.set_state(a, c);
                self.set_user(a, false);
                self.set_user(b, true);
            }
            Event::ExecFile => {
                if let Some(task) = self.tasks.get_mut(&nr) {
                    task.name = record.args;
                }
            }
            Event::PageAlloc => drop(self.counts.insert(a, 1)),
            Event::PageFree => drop(self.counts.remove(&a)),
            _ => self.apply_memory(event, record.args),
        }
    }

    /// Page tables.
    fn apply_memory(&mut self, event: Event, [a, b, c, d]: [u32; 4]) {
        match event {
            Event::TableMade => drop(self.dirs.insert(a >> 22, b)),
            Event::TableFreed => drop(self.dirs.remove(&(a >> 22))),
            Event::PutPage | Event::WpGivenBack => drop(self.entries.insert(a, b)),
            Event::Unmap => {
                self.entries.remove(&a);
                self.set_count(b, c);
            }
            Event::ForkShared => {
                self.entries.insert(b, c);
                if d != USED {
                    self.protect(a);
                    self.set_count(c, d);
                }
            }
            Event::SharePage => {
                self.entries.insert(a, c);
                self.protect(b);
                self.set_count(c, d);
            }
            Event::WpCopied => {
                self.entries.insert(a, b);
                self.set_count(c, d);
            }
            _ => {}
        }
    }

    fn set_state(&mut self, nr: u32, state: u32) {
        if let Some(task) = self.tasks.get_mut(&nr) {
            task.state = state;
        }
    }

    fn set_count(&mut self, entry: u32, count: u32) {
        let page = entry & !0xfff;
        match count {
            0 => drop(self.counts.remove(&page)),
            USED => {}
            _ => drop(self.counts.insert(page, count)),
        }
    }

    /// The page becomes read-only.
    fn protect(&mut self, linear: u32) {
        if let Some(entry) = self.entries.get_mut(&linear) {
            *entry &= !WRITE;
        }
    }

    /// The slot's directory entries carry the user bit, or no more.
    fn set_user(&mut self, nr: u32, user: bool) {
        for (_, entry) in self.dirs.range_mut(nr * 16..nr * 16 + 16) {
            *entry = if user { *entry | USER } else { *entry & !USER };
        }
    }
}

/// The text in four words, up to the first 0.
pub fn text_of(words: [u32; 4]) -> String {
    let bytes: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned()
}

/// A name of at most 16 bytes in four words.
fn name(text: &[u8]) -> [u32; 4] {
    let mut bytes = [0; 16];
    bytes[..text.len()].copy_from_slice(text);
    std::array::from_fn(|word| {
        let at = word * 4;
        u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event: Event, nr: u8, args: [u32; 4]) -> Record {
        Record {
            event: event as u8,
            nr,
            pid: nr.into(),
            args,
            ..Record::default()
        }
    }

    /// A task with a page, forked; the child writes. `count` is what the kernel
    /// says of the old page then.
    fn story(count: u32) -> Replay {
        let mut replay = Replay::default();
        let events = [
            record(Event::SnapBegin, 0, [0; 4]),
            record(Event::SnapTask, 1, [0, 0, 0, 0]),
            record(Event::SnapTable, 1, [0x400_0000, 0x20_0007, 0, 0]),
            record(Event::SnapEntry, 1, [0x400_0000, 0x30_0067, 0, 0]),
            record(Event::SnapCount, 0, [0x20_0000, 1, 0, 0]),
            record(Event::SnapCount, 0, [0x30_0000, 1, 0, 0]),
            record(Event::SnapEnd, 0, [0; 4]),
            record(Event::ForkPage, 1, [2, 0x22_0000, 0, 0]),
            record(Event::ForkCopied, 1, [2, 7, 15, 1]),
            record(Event::PageAlloc, 1, [0x21_0000, 0, 0, 0]),
            record(Event::TableMade, 1, [0x800_0000, 0x21_0003, 0, 0]),
            record(Event::ForkShared, 1, [0x400_0000, 0x800_0000, 0x30_0065, 2]),
            record(Event::ForkReady, 1, [2, 7, 0, 0]),
            record(Event::Switch, 1, [1, 2, 0, 0]),
            record(Event::PageAlloc, 2, [0x31_0000, 0, 0, 0]),
            record(Event::WpCopied, 2, [0x800_0000, 0x31_0047, 0x30_0000, 1]),
            record(Event::SnapBegin, 2, [0; 4]),
            record(Event::SnapTask, 1, [0, 0, 0, 0]),
            record(Event::SnapTable, 1, [0x400_0000, 0x20_0023, 0, 0]),
            record(Event::SnapEntry, 1, [0x400_0000, 0x30_0065, 0, 0]),
            Record {
                pid: 7,
                ..record(Event::SnapTask, 2, [0, 1, 0x22_0000, 0])
            },
            record(Event::SnapTable, 2, [0x800_0000, 0x21_0007, 0, 0]),
            record(Event::SnapEntry, 2, [0x800_0000, 0x31_0067, 0, 0]),
            record(Event::SnapCount, 0, [0x20_0000, 1, 0, 0]),
            record(Event::SnapCount, 0, [0x21_0000, 1, 0, 0]),
            record(Event::SnapCount, 0, [0x30_0000, count, 0, 0]),
            record(Event::SnapCount, 0, [0x31_0000, 1, 0, 0]),
            record(Event::SnapEnd, 0, [0; 4]),
        ];
        for event in &events {
            replay.apply(event).unwrap();
        }
        replay
    }

    #[test]
    fn a_true_trace_agrees() {
        let replay = story(1);
        assert_eq!(replay.wrong, [""; 0]);
        assert_eq!((replay.snapshots, replay.compared), (2, 2));
    }

    #[test]
    fn a_wrong_count_is_found() {
        assert_eq!(story(2).wrong.len(), 1);
    }

    #[test]
    fn missing_records_are_an_error() {
        let mut replay = Replay::default();
        assert!(replay.apply(&record(Event::Lost, 0, [9, 0, 0, 0])).is_err());
        let unknown = Record {
            event: 255,
            ..Record::default()
        };
        assert!(replay.apply(&unknown).is_err());
    }
}
