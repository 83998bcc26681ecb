//! S18: from a physical page back to every linear address that maps it; F12
//! lists tasks and memory on the console.

#![no_std]
#![no_main]
use guest::keyboard;
use guest::prelude::*;

cases! { "S18"; five_mappers, after_a_write, program_text, unmapped_pages, f12_lists_tasks }

/// Slots that map the page, with the address, in the order of the slots.
fn found(page: u32) -> Vec<(u32, u32)> {
    let mut list: Vec<_> = peep::mappers(page).iter().map(|m| (m.nr, m.addr)).collect();
    list.sort_unstable();
    list
}

/// A page shared by five tasks: these five, at that address, each once.
fn five_mappers() -> Outcome {
    area::fill(7, 1);
    let mut expected = vec![(peep::me()?.nr, area::address(7) as u32)];
    let page = peep::me()?.entry(area::address(7));
    equal!(found(page), expected, "before fork");
    let mut children = vec![];
    for _ in 0..4 {
        let (go, child) = sleeper()?;
        expected.push((peep::find(child.pid)?.nr, area::address(7) as u32));
        children.push((go, child));
    }
    expected.sort_unstable();
    equal!(found(page), expected);
    equal!(peep::count(page)?, 5);
    for mapper in peep::mappers(page) {
        equal!(mapper.entry & !0xfff, page & !0xfff);
        equal!(mapper.entry & peep::W, 0);
        equal!(mapper.entry, peep::entry(mapper.nr, mapper.addr as usize)?);
    }
    while let Some((go, child)) = children.pop() {
        let nr = peep::find(child.pid)?.nr;
        go.open();
        child.pass()?;
        expected.retain(|(slot, _)| *slot != nr);
        equal!(found(page), expected, "after a child's end");
    }
    Ok(())
}

/// Who writes has a page of his own.
fn after_a_write() -> Outcome {
    area::fill(7, 1);
    let page = peep::me()?.entry(area::address(7));
    let (go, child) = sleeper()?;
    let nr = peep::find(child.pid)?.nr;
    area::set(7, 0, 2);
    let mine = peep::me()?;
    equal!(found(page), vec![(nr, area::address(7) as u32)]);
    equal!(
        found(mine.entry(area::address(7))),
        vec![(mine.nr, area::address(7) as u32)]
    );
    go.open();
    child.pass()?;
    equal!(found(page), vec![], "the page is free");
    Ok(())
}

/// Every page of every task is found at its place, and its count is the number
/// of places.
fn program_text() -> Outcome {
    let mut looked_at = 0;
    for task in peep::tasks().filter(|task| task.nr != 0) {
        for address in (0..task.end_data as usize).step_by(PAGE) {
            let entry = task.entry(address);
            if entry & peep::P == 0 || entry < 0x10_0000 {
                continue;
            }
            let list = found(entry);
            check!(list.contains(&(task.nr, address as u32)), "{list:?}");
            equal!(
                peep::count(entry)?,
                list.len() as u32,
                "count of {entry:#x}"
            );
            looked_at += 1;
        }
    }
    check!(looked_at > 10, "{looked_at} pages");
    Ok(())
}

/// Free pages, task_structs and page tables are mapped by no program.
fn unmapped_pages() -> Outcome {
    let me = peep::me()?;
    equal!(found(me.address), vec![], "the task_struct");
    equal!(found(me.dir[0]), vec![], "a page table");
    equal!(found(0x11000), vec![], "the kernel");
    Ok(())
}

/// F12: task numbers and pages appear on the screen.
fn f12_lists_tasks() -> Outcome {
    let before = keyboard::screen();
    keyboard::scancodes(&[0x58, 0xd8])?;
    let mut text = String::new();
    guest::child::until(200, || {
        text = keyboard::screen();
        text.contains("pages free") && text != before
    });
    check!(
        text.contains("pages free"),
        "the screen shows {:?}",
        text.trim()
    );
    // This process is in the list.
    let pid = format!("{}", sys::getpid());
    check!(
        text.split_whitespace()
            .any(|word| word.trim_matches(|c: char| !c.is_ascii_digit()) == pid),
        "process {pid} is not in {:?}",
        text.trim()
    );
    Ok(())
}
