//! Events as lines of text.

use std::fmt::Write;

use super::super::abi::{EVENTS, Event, Record};
use super::super::replay::text_of;

/// Of a row of events of one kind, so many are shown.
const SHOWN: usize = 2;

/// Instructions since the first of the records, for each of them. The counter
/// counts instructions where the machine was set up by `bench::machine::counting`.
fn times(records: &[Record]) -> Vec<u64> {
    let time = |record: &Record| u64::from(record.time[1]) << 32 | u64::from(record.time[0]);
    let first = records.first().map_or(0, time);
    records
        .iter()
        .map(|record| time(record).wrapping_sub(first))
        .collect()
}

/// The events that `wanted` lets pass: instructions since the first, process, name,
/// arguments. Of a long row of one kind only the beginning.
pub fn events(records: &[Record], wanted: impl Fn(&Record) -> bool) -> String {
    let picked: Vec<Record> = records.iter().copied().filter(wanted).collect();
    let mut text = format!("{:>12}  {:>3}  event\n", "instructions", "pid");
    let mut at = 0;
    let times = times(&picked);
    while let Some(record) = picked.get(at) {
        let row = picked[at..]
            .iter()
            .take_while(|other| other.event == record.event)
            .count();
        let shown = if row > SHOWN + 1 { SHOWN } else { row };
        for index in at..at + shown {
            let (pid, line) = (picked[index].pid, event(&picked[index]));
            let _ = writeln!(text, "{:>12}  {pid:>3}  {}", times[index], line.trim_end());
        }
        if row > shown {
            let _ = writeln!(text, "{:>19}and {} more", "", row - shown);
        }
        at += row;
    }
    text
}

/// Name and arguments, as the program `trace` prints them.
fn event(record: &Record) -> String {
    let Some(info) = EVENTS.iter().find(|info| info.event as u8 == record.event) else {
        return String::new();
    };
    let mut line = format!("{:<12}", info.name);
    if info.args.len() == 4 && info.args[0].ends_with('0') {
        let _ = write!(line, " {}", text_of(record.args).escape_debug());
        return line;
    }
    for (name, value) in info.args.iter().zip(record.args) {
        let _ = match value {
            0..1000 => write!(line, " {name}={value}"),
            _ => write!(line, " {name}={value:#x}"),
        };
    }
    line
}

/// Every fault of process `pid` in these records, a line for each: where, how, and
/// what it came to.
pub fn faults(records: &[Record], pid: u16) -> String {
    let own: Vec<Record> = records.iter().copied().filter(|r| r.pid == pid).collect();
    let times = times(&own);
    let mut text = format!(
        "{:>12}  {:<9}  {:<16}  outcome\n",
        "instructions", "address", "access"
    );
    let mut fault = None;
    let mut zeros = None;
    for (record, time) in own.iter().zip(times) {
        let [a, b, c, d] = record.args;
        let is = |event: Event| record.event == event as u8;
        if is(Event::Fault) {
            (fault, zeros) = (Some(*record), None);
            continue;
        }
        let outcome = if is(Event::LoadPage) {
            let blocks = [c & 0xffff, c >> 16, d & 0xffff, d >> 16];
            format!("blocks {} into page {b:#x}", list(&blocks))
        } else if is(Event::ZeroFill) || is(Event::StackGrow) {
            zeros = Some(if is(Event::ZeroFill) {
                "zeros"
            } else {
                "the stack grows: zeros"
            });
            continue;
        } else if is(Event::PutPage) && zeros.is_some() {
            format!("{}, page {:#x}", zeros.take().unwrap_or(""), b & !0xfff)
        } else if is(Event::SharePage) {
            let from = b >> 26;
            format!("slot {from} has it: page {:#x}, count {d}", c & !0xfff)
        } else if is(Event::WpGivenBack) {
            format!("page {:#x} has count 1: writable again", b & !0xfff)
        } else if is(Event::WpCopied) {
            format!("copied to page {:#x}; {c:#x} keeps count {d}", b & !0xfff)
        } else if is(Event::FaultSignal) {
            "a signal".to_string()
        } else {
            continue;
        };
        // Without a fault it was the kernel that made the page ready for itself.
        let (address, access) = match fault.take() {
            Some(fault) => (fault.args[0], access(fault.args[1])),
            None => (a, "by the kernel"),
        };
        let address = address & 0x3ff_ffff;
        let _ = writeln!(text, "{time:>12}  {address:#09x}  {access:<16}  {outcome}");
    }
    text
}

/// What the CPU says of a fault.
fn access(code: u32) -> &'static str {
    match code & 3 {
        0 => "read, absent",
        1 => "read, protected",
        2 => "write, absent",
        _ => "write, protected",
    }
}

/// Numbers of blocks; a 0 is a hole, or lies behind the end.
fn list(blocks: &[u32]) -> String {
    let blocks: Vec<String> = blocks
        .iter()
        .filter(|block| **block != 0)
        .map(u32::to_string)
        .collect();
    blocks.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(event: Event, time: u32, args: [u32; 4]) -> Record {
        Record {
            event: event as u8,
            pid: 3,
            time: [time, 0],
            args,
            ..Record::default()
        }
    }

    #[test]
    fn a_long_row_is_cut() {
        let unmap = |time: u32| record(Event::Unmap, time, [0xc00_0000, 0x25, 1, 0]);
        let end = record(Event::TablesFreed, 90, [0xc00_0000, 0, 0, 0]);
        let row = [unmap(50), unmap(60), unmap(70), unmap(80), end];
        let text = events(&row, |_| true);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(
            lines[1..],
            [
                "0    3  Unmap        lin=0xc000000 entry=37 count=1",
                "10    3  Unmap        lin=0xc000000 entry=37 count=1",
                "and 2 more",
                "40    3  TablesFreed  lin=0xc000000",
            ]
        );
    }

    #[test]
    fn a_fault_has_its_outcome() {
        let events = [
            record(Event::Fault, 5, [0xc00_1d34, 4, 0, 0]),
            record(Event::LoadPage, 6, [0xc00_1000, 0xf9_6000, 8 << 16 | 7, 9]),
            record(Event::Fault, 7, [0xfff_ee4c, 6, 0, 0]),
            record(Event::StackGrow, 8, [0xfff_e000, 0, 0, 0]),
            record(Event::PutPage, 9, [0xfff_e000, 0xf7_b007, 1, 0]),
            record(Event::WpGivenBack, 10, [0xc00_0000, 0xf9_9067, 0, 0]),
        ];
        let text = faults(&events, 3);
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        assert_eq!(
            lines[1..],
            [
                "1  0x0001d34  read, absent      blocks 7 8 9 into page 0xf96000",
                "4  0x3ffee4c  write, absent     the stack grows: zeros, page 0xf7b000",
                "5  0x0000000  by the kernel     page 0xf99000 has count 1: writable again",
            ]
        );
    }
}
