//! S7: parent and child share all pages after fork; two unrelated runs of one
//! program share its clean pages.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S07"; roles hold; fork_shares_all_pages, five_processes_share, unrelated_runs_share }

/// After fork every page of the parent is the child's too: same physical page,
/// read-only on both sides, counted twice.
fn fork_shares_all_pages() -> Outcome {
    for index in 0..4 {
        area::fill(index, 0x30 + index as u8);
    }
    let mine = peep::me()?;
    for index in 0..4 {
        let entry = mine.entry(area::address(index));
        equal!(
            entry & (peep::P | peep::W),
            peep::P | peep::W,
            "before fork"
        );
        equal!(peep::count(entry)?, 1);
    }
    let (go, child) = sleeper()?;
    let other = peep::find(child.pid)?;
    for index in 0..4 {
        let (a, b) = (
            mine.entry(area::address(index)),
            other.entry(area::address(index)),
        );
        equal!(a & !0xfff, b & !0xfff, "physical page");
        equal!(a & peep::W, 0, "parent's write bit");
        equal!(b & peep::W, 0, "child's write bit");
        equal!(a & peep::U, peep::U);
        equal!(peep::count(a)?, 2);
    }
    go.open();
    equal!(child.code()?, 0);
    for index in 0..4 {
        equal!(
            peep::count(mine.entry(area::address(index)))?,
            1,
            "after the child's end"
        );
        check!(area::is_filled(index, 0x30 + index as u8));
    }
    Ok(())
}

/// One page, five processes: its count is 5, and falls with each end.
fn five_processes_share() -> Outcome {
    area::fill(0, 0x77);
    let mut children = vec![];
    for number in 2..=5u32 {
        children.push(sleeper()?);
        equal!(peep::count(peep::me()?.entry(area::address(0)))?, number);
    }
    while let Some((go, child)) = children.pop() {
        go.open();
        equal!(child.code()?, 0);
        let left = children.len() as u32 + 1;
        equal!(peep::count(peep::me()?.entry(area::address(0)))?, left);
    }
    Ok(())
}

/// The part of `unrelated_runs_share`: touches the text, then waits.
fn hold(mut args: Args) -> i32 {
    let (ready, go) = (Gate::from_args(&mut args), Gate::from_args(&mut args));
    ready.open();
    i32::from(go.wait().is_err())
}

/// Two processes that executed this program, neither the other's child: where
/// both have a clean text page it is one physical page, read-only.
fn unrelated_runs_share() -> Outcome {
    let (ready, go) = (Gate::new()?, Gate::new()?);
    let ([a, b], [c, d]) = (ready.args(), go.args());
    let before = peep::info()?;
    let first = Child::exec("/test/s07", &["role:hold", &a, &b, &c, &d])?;
    ready.wait()?;
    let second = Child::exec("/test/s07", &["role:hold", &a, &b, &c, &d])?;
    ready.wait()?;
    let (a, b) = (peep::find(first.pid)?, peep::find(second.pid)?);
    equal!(a.executable, b.executable, "one inode");
    let mut common = 0;
    for addr in (0..a.end_code as usize).step_by(PAGE) {
        let (x, y) = (a.entry(addr), b.entry(addr));
        if x & y & peep::P != 0 {
            equal!(x & !0xfff, y & !0xfff, "physical page at {addr:#x}");
            equal!(
                (x | y) & (peep::W | peep::D),
                0,
                "read-only and clean at {addr:#x}"
            );
            check!(peep::count(x)? >= 2, "count {}", peep::count(x)?);
            common += 1;
        }
    }
    check!(common >= 2, "only {common} text pages are mapped by both");
    check!(
        peep::info()?.shared - before.shared >= common,
        "shared by share_page"
    );
    go.open();
    go.open();
    equal!(first.code()?, 0);
    equal!(second.code()?, 0);
    Ok(())
}
