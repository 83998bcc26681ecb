//! S1: 64 slots of 64 MB; task[nr] has base nr * 64 MB and the GDT entries
//! 4 + 2nr (TSS) and 5 + 2nr (LDT); there is one page directory.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S01"; descriptors, gdt_in_memory, one_page_directory, empty_slots_are_empty, all_64_slots }

/// The access byte of a descriptor.
fn access(words: [u32; 2]) -> u32 {
    words[1] >> 8 & 0xff
}

/// TSS, LDT, code and data descriptors of every task, among them five children.
fn descriptors() -> Outcome {
    let children: Vec<_> = (0..5).map_while(|_| sleeper().ok()).collect();
    equal!(children.len(), 5);
    let current = peep::info()?.current;
    let mut seen = 0;
    for task in peep::tasks() {
        let nr = task.nr;
        equal!(task.start_code, nr * peep::SLOT, "slot {nr}");
        equal!(
            peep::base_and_limit(task.gdt_tss),
            (task.tss_address, 103),
            "TSS of {nr}"
        );
        let busy = if nr == current { 0x8b } else { 0x89 };
        equal!(access(task.gdt_tss), busy, "kind of the TSS of {nr}");
        equal!(
            peep::base_and_limit(task.gdt_ldt),
            (task.ldt_address, 23),
            "LDT of {nr}"
        );
        equal!(access(task.gdt_ldt), 0x82, "kind of the LDT of {nr}");
        equal!(
            task.tss[24],
            (5 + 2 * nr) * 8,
            "the TSS's LDT selector of {nr}"
        );
        equal!(task.ldt[0], [0, 0], "first LDT entry of {nr}");
        for (index, kind) in [(1, 0xfa), (2, 0xf2)] {
            let (base, limit) = peep::base_and_limit(task.ldt[index]);
            equal!(base, nr * peep::SLOT, "LDT entry {index} of {nr}");
            check!(
                limit < peep::SLOT,
                "LDT entry {index} of {nr} ends at {limit:#x}"
            );
            equal!(
                access(task.ldt[index]) & 0xfe,
                kind & 0xfe,
                "LDT entry {index} of {nr}"
            );
        }
        // esp0 is the end of the page that begins with the task_struct.
        equal!(task.address % 4096, 0, "task_struct of {nr}");
        if nr != 0 {
            equal!(
                (task.tss[1], task.tss[2]),
                (task.address + 4096, 0x10),
                "stack of {nr}"
            );
        }
        seen += 1;
    }
    check!(seen >= 8, "{seen} tasks");
    for (go, child) in children {
        go.open();
        child.pass()?;
    }
    Ok(())
}

/// The GDT in physical memory holds at these places what the kernel says.
fn gdt_in_memory() -> Outcome {
    let info = peep::info()?;
    for task in peep::tasks() {
        let at = info.gdt + 8 * (4 + 2 * task.nr);
        let words = peep::read(at)?;
        equal!(
            [words[0], words[1] & !0x200],
            [task.gdt_tss[0], task.gdt_tss[1] & !0x200]
        );
        equal!([words[2], words[3]], task.gdt_ldt);
    }
    Ok(())
}

/// CR3 is 0; the directory has 16 entries for each slot, and a task's pages are
/// behind those of its own.
fn one_page_directory() -> Outcome {
    equal!(peep::info()?.cr3, 0);
    area::fill(0, 1);
    let (go, child) = sleeper()?;
    for task in [peep::me()?, peep::find(child.pid)?] {
        let addr = area::address(0) as u32;
        let index = task.nr * 16 + addr / 0x40_0000;
        let dir = peep::directory(index)?;
        check!(dir & peep::P != 0, "directory entry {index} is {dir:#x}");
        // The table that the directory names holds the entry.
        let place = (dir & !0xfff) + (addr / 4096 % 1024) * 4;
        equal!(peep::read(place)?[0], task.entry(addr as usize));
    }
    go.open();
    child.pass()
}

/// What has no task has no descriptors and no page tables.
fn empty_slots_are_empty() -> Outcome {
    let gdt = peep::info()?.gdt;
    let mut empty = 0;
    for nr in 1..64 {
        if peep::task(nr).is_ok() {
            continue;
        }
        empty += 1;
        equal!(
            peep::read(gdt + 8 * (4 + 2 * nr))?[..4],
            [0; 4],
            "GDT of slot {nr}"
        );
        for index in nr * 16..nr * 16 + 16 {
            equal!(peep::directory(index)?, 0, "directory entry {index}");
        }
    }
    check!(empty > 30, "{empty} slots are empty");
    Ok(())
}

/// There are 64 slots, not one more: fork gives EAGAIN then, and every slot is
/// taken once.
fn all_64_slots() -> Outcome {
    let go = Gate::new()?;
    let mut children = vec![];
    let error = loop {
        match Child::run(|| i32::from(go.wait().is_err())) {
            Ok(child) => children.push(child),
            Err(error) => break error,
        }
        check!(children.len() < 64, "more than 64 processes");
    };
    equal!(error, Errno::EAGAIN);
    equal!(peep::tasks().count(), 64, "tasks");
    for task in peep::tasks() {
        equal!(task.start_code, task.nr << 26);
    }
    for _ in &children {
        go.open();
    }
    for child in children {
        child.pass()?;
    }
    Ok(())
}
