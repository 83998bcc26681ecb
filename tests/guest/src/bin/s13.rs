//! S13: task 0's fork to task 1 shares kernel pages without counting; init's
//! stack write copies a page.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S13"; kernel_pages_are_not_counted, task_0_keeps_its_pages, init_has_a_stack_of_its_own }

/// Everything below 1 MB has the count of what is not main memory.
fn kernel_pages_are_not_counted() -> Outcome {
    for page in (0..0x10_0000).step_by(4096) {
        equal!(peep::count(page)?, 100, "page {page:#x}");
    }
    Ok(())
}

/// Task 0's entries still map the kernel, writable: sharing with task 1 did not
/// make them read-only.
fn task_0_keeps_its_pages() -> Outcome {
    let task = peep::task(0)?;
    equal!((task.pid, task.start_code, task.executable), (0, 0, 0));
    for address in (0x1000..0xa0000).step_by(4096) {
        let entry = task.entry(address);
        equal!(entry & !0xfff, address as u32);
        equal!(
            entry & (peep::P | peep::W),
            peep::P | peep::W,
            "page {address:#x}"
        );
    }
    Ok(())
}

/// As long as task 1 has executed nothing, it runs on kernel pages: the same
/// physical ones, read-only, uncounted; and a copy of the page of its stack,
/// counted once. Where task 1 is a program (`init=`), all its pages are counted
/// ones: none of the kernel's is left in its slot.
fn init_has_a_stack_of_its_own() -> Outcome {
    let task = peep::find(1)?;
    equal!(task.nr, 1);
    let (mut kernel, mut own) = (0, 0);
    for address in (0..peep::SLOT as usize).step_by(PAGE) {
        if task.dir[address >> 22] & 1 == 0 {
            continue;
        }
        let entry = task.entry(address);
        if entry & peep::P == 0 {
            continue;
        }
        if entry < 0x10_0000 {
            kernel += 1;
            equal!(entry & !0xfff, address as u32, "kernel page");
            equal!(entry & peep::W, 0, "kernel page {address:#x}");
        } else {
            own += 1;
            check!(peep::count(entry)? >= 1);
            if task.executable == 0 {
                equal!(
                    entry & (peep::W | peep::D),
                    peep::W | peep::D,
                    "page {address:#x}"
                );
                equal!(peep::count(entry)?, 1, "page {address:#x}");
            }
        }
    }
    if task.executable == 0 {
        check!(kernel > 10, "{kernel} kernel pages");
        check!((1..=3).contains(&own), "{own} copied pages");
    } else {
        equal!(kernel, 0, "kernel pages of a program");
        check!(own > 2);
    }
    Ok(())
}
