//! S4: mem_map spans all memory above 1 MB, what is not main memory is marked
//! used; a page in use or of the kernel is never handed out.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S04"; map_spans_memory, all_pages_handed_out, twice, not_main_memory, in_use }

/// From 1 MB to 64 MB; main memory ends where memory does.
fn map_spans_memory() -> Outcome {
    let info = peep::info()?;
    equal!(info.low_mem, 0x10_0000);
    equal!(info.high_mem, 0x400_0000);
    equal!(
        info.last_main + 4096,
        info.memory_end.min(info.high_mem) & !0xfff
    );
    equal!(
        info.main_pages,
        (info.last_main - info.first_main) / 4096 + 1,
        "without holes"
    );
    check!(
        info.free_pages <= info.main_pages,
        "{} free",
        info.free_pages
    );
    Ok(())
}

/// Takes every page there is: each is main memory, had no owner, is counted
/// once and comes once; afterwards as many are free as before.
fn all_pages_handed_out() -> Outcome {
    let before = peep::info()?;
    let held = peep::hog(0)?;
    let hog = held.0;
    equal!(
        hog.taken + 1,
        before.free_pages,
        "pages taken (one is the answer's)"
    );
    equal!(hog.bad_range, 0, "pages outside main memory");
    equal!(hog.bad_count, 0, "pages with a wrong count");
    equal!(hog.bad_owner, 0, "pages that had an owner");
    equal!(hog.bad_twice, 0, "pages handed out twice");
    drop(held);
    let after = peep::info()?;
    equal!(after.free_pages, before.free_pages);
    equal!(after.hogged, 0);
    equal!(after.main_pages, before.main_pages);
    Ok(())
}

/// The pages that were given back are handed out again, all of them.
fn twice() -> Outcome {
    let first = peep::hog(0)?.0.taken;
    let second = peep::hog(0)?.0;
    equal!(second.taken, first);
    equal!(
        second.bad_twice + second.bad_count + second.bad_owner + second.bad_range,
        0
    );
    Ok(())
}

/// Buffers, RAM disk and what lies behind memory's end have the count of what
/// is not main memory, 100.
fn not_main_memory() -> Outcome {
    const USED: u32 = 100;
    let info = peep::info()?;
    for page in (info.low_mem..info.first_main).step_by(4096) {
        equal!(peep::count(page)?, USED, "page {page:#x}");
    }
    check!(info.ramdisk_len > 0, "no RAM disk");
    for page in (info.ramdisk..info.ramdisk + info.ramdisk_len).step_by(4096) {
        equal!(peep::count(page)?, USED, "RAM disk page {page:#x}");
    }
    for page in (info.last_main + 4096..info.high_mem).step_by(4096) {
        equal!(peep::count(page)?, USED, "page {page:#x}");
    }
    Ok(())
}

/// Pages of tasks, tables and programs are counted as in use.
fn in_use() -> Outcome {
    area::fill(0, 1);
    for task in peep::tasks().filter(|task| task.nr != 0) {
        equal!(
            peep::count(task.address)?,
            1,
            "task_struct of slot {}",
            task.nr
        );
        for table in task.dir.iter().filter(|entry| *entry & 1 != 0) {
            equal!(peep::count(*table)?, 1, "a table of slot {}", task.nr);
        }
    }
    equal!(
        peep::count(peep::me()?.entry(area::address(0)))?,
        1,
        "a page of bss"
    );
    Ok(())
}
