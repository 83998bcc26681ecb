//! The page tables, seen from outside, through QEMU's monitor and in memory.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use regex::Regex;

use super::Context;
use super::shell::{SOON, Shell};
use crate::machine::Qemu;

const PAGE: u32 = 4096;
/// The machine of these tests has 16 MB.
const MEMORY: u32 = 16 << 20;
/// A page table maps this much.
const TABLE_SPAN: u32 = 4 << 20;
/// Entries of the page directory for one task slot of 64 MB.
const SLOT_ENTRIES: usize = 16;
const PRESENT: u32 = 1;
const USER: u32 = 4;

/// The page directory, at physical address 0.
fn directory(machine: &mut Qemu) -> Result<Vec<u32>> {
    words(machine, 0)
}

/// A page of physical memory as words.
fn words(machine: &mut Qemu, address: u32) -> Result<Vec<u32>> {
    let bytes = machine.physical_memory(address.into(), PAGE.into())?;
    let word = |bytes: &[u8]| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    Ok(bytes.chunks_exact(4).map(word).collect())
}

/// A control register, as the monitor shows it.
fn control(registers: &str, name: &str) -> Result<u32> {
    let regex = Regex::new(&format!(r"{name}=([0-9a-f]+)"))?;
    let found = regex
        .captures(registers)
        .with_context(|| format!("no {name} in {registers}"))?;
    Ok(u32::from_str_radix(&found[1], 16)?)
}

/// Kernel addresses are physical addresses: the directory lies at 0, four tables
/// for 16 MB right behind it, each page of memory is mapped to itself.
pub fn identity(_: &Context) -> Result<()> {
    const PROTECTION: u32 = 1;
    const PAGING: u32 = 1 << 31;
    const WRITE_PROTECT: u32 = 1 << 16;
    let mut shell = Shell::boot()?;
    let machine = &mut shell.machine;
    let registers = machine.monitor("info registers")?;
    let cr0 = control(&registers, "CR0")?;
    ensure!(
        cr0 & (PROTECTION | PAGING | WRITE_PROTECT) == PROTECTION | PAGING,
        "CR0 is {cr0:#x}: protection and paging on, write protection off is wanted"
    );
    let cr3 = control(&registers, "CR3")?;
    ensure!(
        cr3 == 0,
        "CR3 is {cr3:#x}: the page directory lies elsewhere"
    );

    let directory = directory(machine)?;
    let tables = (MEMORY / TABLE_SPAN) as usize;
    for (nr, entry) in directory[..SLOT_ENTRIES].iter().enumerate() {
        let wanted = if nr < tables {
            PAGE * (nr as u32 + 1)
        } else {
            0
        };
        ensure!(
            entry & !(PAGE - 1) == wanted && (entry & PRESENT != 0) == (nr < tables),
            "directory entry {nr} is {entry:#010x}, its table should be at {wanted:#x}"
        );
    }
    for table in 0..tables {
        let entries = words(machine, PAGE * (table as u32 + 1))?;
        for (nr, entry) in entries.iter().enumerate() {
            let address = table as u32 * TABLE_SPAN + nr as u32 * PAGE;
            ensure!(
                entry & !(PAGE - 1) == address && entry & PRESENT != 0,
                "address {address:#x} is mapped by {entry:#010x}"
            );
        }
    }
    monitor_agrees(machine)
}

/// What QEMU itself makes of the tables: the first 16 MB, to themselves.
fn monitor_agrees(machine: &mut Qemu) -> Result<()> {
    let line = Regex::new(r"(?m)^([0-9a-f]+): ([0-9a-f]+) ")?;
    let mut pages = 0;
    for found in line.captures_iter(&machine.monitor("info tlb")?) {
        let (_, [from, to]) = found.extract();
        let (from, to) = (u64::from_str_radix(from, 16)?, u64::from_str_radix(to, 16)?);
        if from < MEMORY.into() {
            ensure!(from == to, "the monitor sees {from:#x} at {to:#x}");
            pages += 1;
        }
    }
    ensure!(
        pages == MEMORY / PAGE,
        "the monitor sees {pages} pages of the kernel's"
    );
    Ok(())
}

/// Not in 0.11: only the slot of the task that runs is open to user mode. Seen
/// at a moment when no one runs (task 0 idles) and while a program is busy.
pub fn user_bits(_: &Context) -> Result<()> {
    let mut shell = Shell::boot()?;
    std::thread::sleep(Duration::from_millis(300));
    let idle = open_slots(&mut shell.machine)?;
    ensure!(
        idle == [0],
        "idle, these slots are open to user mode: {idle:?}"
    );

    shell.machine.console.send("while :; do :; done\n")?;
    shell.machine.console.expect("done\n", SOON)?;
    std::thread::sleep(Duration::from_millis(500));
    let busy = open_slots(&mut shell.machine)?;
    ensure!(
        matches!(busy[..], [slot] if slot > 1),
        "with a busy program, these slots are open to user mode: {busy:?}"
    );
    Ok(())
}

/// Slots with a directory entry that user mode may go through. Each entry in use
/// of a slot must say the same.
fn open_slots(machine: &mut Qemu) -> Result<Vec<usize>> {
    let directory = directory(machine)?;
    let mut open = Vec::new();
    for (slot, entries) in directory.chunks(SLOT_ENTRIES).enumerate() {
        let present: Vec<u32> = entries
            .iter()
            .copied()
            .filter(|e| e & PRESENT != 0)
            .collect();
        let users = present.iter().filter(|entry| *entry & USER != 0).count();
        ensure!(
            users == 0 || users == present.len(),
            "slot {slot} is half open: {present:x?}"
        );
        if users > 0 {
            open.push(slot);
        }
    }
    Ok(open)
}
