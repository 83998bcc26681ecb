//! S5: a fresh page is zero; the present bit is set when a page is mapped and
//! cleared when it is unmapped; tables are freed with their last use.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! {
    "S05"; roles look;
    recycled_bss_is_zero, recycled_heap_is_zero, recycled_stack_is_zero, present_bit, tables_are_freed,
    exec_frees_tables
}

/// Fills all of free memory with garbage and gives it back.
fn dirty_all_memory() -> core::result::Result<(), Errno> {
    peep::hog(0).map(drop)
}

fn recycled_bss_is_zero() -> Outcome {
    dirty_all_memory()?;
    for index in 0..area::PAGES {
        check!(area::is_filled(index, 0), "page {index} of bss");
    }
    Ok(())
}

fn recycled_heap_is_zero() -> Outcome {
    // Another process has had the pages before.
    let dirt = Child::run(|| {
        (0..area::PAGES).for_each(|index| area::fill(index, 0xee));
        0
    })?;
    dirt.pass()?;
    dirty_all_memory()?;
    let start = sys::brk(0).next_multiple_of(PAGE);
    equal!(sys::brk(start + 100 * PAGE), start + 100 * PAGE);
    for address in start..start + 100 * PAGE {
        equal!(area::peek(address), 0, "heap at {address:#x}");
    }
    Ok(())
}

/// The role: looks at stack pages that this process has never used, by making
/// room for an array and reading its lower part.
fn look(_: Args) -> i32 {
    let mut room = [core::mem::MaybeUninit::<u8>::uninit(); 64 * 1024];
    let start = core::hint::black_box(&mut room).as_mut_ptr().addr();
    let wrong = (start..start + 40 * 1024)
        .filter(|&address| area::peek(address) != 0)
        .count();
    i32::from(wrong != 0)
}

fn recycled_stack_is_zero() -> Outcome {
    dirty_all_memory()?;
    Child::exec("/test/s05", &["role:look"])?.pass()
}

/// Before the first touch the entry is 0, afterwards it is present with the
/// bits of a private page; in a process that has ended it is 0 again.
fn present_bit() -> Outcome {
    let me = peep::me()?;
    equal!(me.entry(area::address(9)), 0, "before the first touch");
    area::set(9, 0, 1);
    let bits = peep::P | peep::W | peep::U | peep::A | peep::D;
    equal!(me.entry(area::address(9)) & 0xfff, bits);
    let (go, child) = sleeper()?;
    let nr = peep::find(child.pid)?.nr;
    check!(peep::entry(nr, area::address(9))? & peep::P != 0);
    go.open();
    child.pass()?;
    let walk = peep::walk(nr, area::address(9))?;
    equal!((walk.dir, walk.entry), (0, 0), "after the end");
    Ok(())
}

/// A process that touches its heap 20 MB further on gets a table for it; all
/// its tables are free again when it has ended.
fn tables_are_freed() -> Outcome {
    let before = peep::free_and_mine()?;
    let (go, ready) = (Gate::new()?, Gate::new()?);
    let child = Child::test(|| {
        let start = sys::brk(0);
        let far = 24 << 20;
        equal!(sys::brk(far), far, "brk from {start:#x}");
        for address in [9 << 20, 13 << 20, 20 << 20] {
            // SAFETY: heap that only this case knows.
            unsafe { area::poke(address, 1) };
        }
        ready.open();
        go.wait()?;
        Ok(())
    })?;
    ready.wait()?;
    let task = peep::find(child.pid)?;
    let used: Vec<usize> = (0..16).filter(|&index| task.dir[index] & 1 != 0).collect();
    equal!(used, vec![0, 2, 3, 5, 15], "tables in use");
    go.open();
    child.pass()?;
    for index in 0..16 {
        equal!(
            peep::directory(task.nr * 16 + index)?,
            0,
            "directory entry {index}"
        );
    }
    ready.close();
    go.close();
    equal!(peep::free_and_mine()?, before);
    Ok(())
}

/// exec frees the tables of the program before.
fn exec_frees_tables() -> Outcome {
    guest::aout::Program::new(&guest::aout::PAUSE, 0, 1, 0).write("/tmp/s05.pause")?;
    let far = 24 << 20;
    let child = Child::run(|| {
        sys::brk(far);
        // SAFETY: heap that only this case knows.
        unsafe { area::poke(20 << 20, 1) };
        let argv = ["/tmp/s05.pause"].iter().collect();
        let _ = sys::execve("/tmp/s05.pause", &argv, &rt::sys::StrVec::new());
        1
    })?;
    let name = b"s05.pause";
    let there = guest::child::until(300, || {
        peep::find(child.pid).is_ok_and(|task| task.comm.starts_with(name) && task.state == 1)
    });
    check!(there, "the program did not begin");
    let task = peep::find(child.pid)?;
    let used: Vec<usize> = (0..16).filter(|&index| task.dir[index] & 1 != 0).collect();
    equal!(used, vec![0, 15], "tables after exec");
    drop(child);
    sys::unlink("/tmp/s05.pause")?;
    Ok(())
}
