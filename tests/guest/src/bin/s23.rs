//! S23: B leaves a shared page by exec: its count falls, at 0 the page is free
//! and handed out again; freed pages keep their garbage, allocation clears it.

#![no_std]
#![no_main]
use guest::aout::{PAUSE, Program};
use guest::prelude::*;

cases! { "S23"; exec_leaves_shared_pages, garbage_stays_until_allocation, last_reference_by_exec }

/// B shares A's pages, executes another program: the counts fall to 1, A keeps
/// everything.
fn exec_leaves_shared_pages() -> Outcome {
    Program::new(&PAUSE, 0, 1, 0).write("/tmp/s23.pause")?;
    (0..4).for_each(|index| area::fill(index, 0x42));
    let me = peep::me()?;
    let go = Gate::new()?;
    let b = Child::run(|| {
        let _ = go.wait();
        sys::execve(
            "/tmp/s23.pause",
            &["x"].iter().collect(),
            &rt::sys::StrVec::new(),
        )
        .0
    })?;
    for index in 0..4 {
        equal!(peep::count(me.entry(area::address(index)))?, 2, "shared");
    }
    go.open();
    let gone = guest::child::until(300, || {
        peep::find(b.pid).is_ok_and(|task| task.comm.starts_with(b"s23.pause\0") && task.state == 1)
    });
    check!(gone, "the program did not begin");
    for index in 0..4 {
        let entry = me.entry(area::address(index));
        equal!(peep::count(entry)?, 1, "after exec");
        equal!(peep::mappers(entry).len(), 1);
        check!(area::is_filled(index, 0x42));
    }
    drop(b);
    sys::unlink("/tmp/s23.pause")?;
    Ok(())
}

/// A page that its last owner has left is free and keeps its contents; who gets
/// it as memory finds zeros.
fn garbage_stays_until_allocation() -> Outcome {
    let (ready, go) = (Gate::new()?, Gate::new()?);
    let b = Child::run(|| {
        (0..8).for_each(|index| area::fill(index, 0xa7));
        ready.open();
        i32::from(go.wait().is_err())
    })?;
    ready.wait()?;
    let task = peep::find(b.pid)?;
    let pages: Vec<u32> = (0..8)
        .map(|index| task.entry(area::address(index)) & !0xfff)
        .collect();
    equal!(peep::read(pages[3])?, [0xa7a7_a7a7; peep::WORDS], "before");
    go.open();
    b.pass()?;
    let mut garbage = 0;
    for &page in &pages {
        equal!(peep::count(page)?, 0, "the page is free");
        // The question itself took and gave back one page.
        garbage += u32::from(peep::read(page)? == [0xa7a7_a7a7; peep::WORDS]);
    }
    check!(garbage >= 6, "{garbage} of 8 pages keep their garbage");
    // They are handed out again, cleared.
    let mut again = 0;
    for index in 16..area::PAGES {
        check!(area::is_filled(index, 0), "page {index}");
        again += u32::from(pages.contains(&(peep::me()?.entry(area::address(index)) & !0xfff)));
    }
    check!(again >= 4, "{again} of the pages were handed out again");
    Ok(())
}

/// A page whose last reference goes by exec is free.
fn last_reference_by_exec() -> Outcome {
    Program::new(&PAUSE, 0, 1, 0).write("/tmp/s23.pause")?;
    let (ready, go) = (Gate::new()?, Gate::new()?);
    let b = Child::run(|| {
        area::fill(9, 0x55);
        ready.open();
        let _ = go.wait();
        sys::execve(
            "/tmp/s23.pause",
            &["x"].iter().collect(),
            &rt::sys::StrVec::new(),
        )
        .0
    })?;
    ready.wait()?;
    let page = peep::find(b.pid)?.entry(area::address(9)) & !0xfff;
    equal!(peep::count(page)?, 1);
    go.open();
    let gone = guest::child::until(300, || {
        peep::find(b.pid).is_ok_and(|task| task.comm.starts_with(b"s23.pause\0") && task.state == 1)
    });
    check!(gone, "the program did not begin");
    equal!(
        peep::mappers(page)
            .iter()
            .filter(|m| m.addr == area::address(9) as u32)
            .count(),
        0
    );
    drop(b);
    sys::unlink("/tmp/s23.pause")?;
    Ok(())
}
