//! S11: copy on write: the first writer copies and the count goes from 2 to 1,
//! the second writer only gets write access back.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S11"; first_copies_second_gets_back, parent_first, three_processes, reading_copies_nothing, stack_and_data }

/// Fault counters around `f`: copies, pages given back.
fn counted(f: impl FnOnce()) -> core::result::Result<(u32, u32), Errno> {
    peep::info()?; // what the call itself touches is private after this
    let before = peep::info()?;
    f();
    let after = peep::info()?;
    Ok((
        after.copied - before.copied,
        after.given_back - before.given_back,
    ))
}

/// Both sides of a page after fork, with what the two see.
fn first_copies_second_gets_back() -> Outcome {
    area::fill(0, 0x10);
    let old = peep::me()?.entry(area::address(0)) & !0xfff;
    let (written, go) = (Gate::new()?, Gate::new()?);
    let child = Child::test(|| {
        let (copied, given) = counted(|| area::set(0, 17, 0x20))?;
        equal!((copied, given), (1, 0), "faults of the first writer");
        let entry = peep::me()?.entry(area::address(0));
        check!(entry & !0xfff != old, "the copy is another page");
        equal!(entry & (peep::W | peep::D), peep::W | peep::D);
        equal!(peep::count(entry)?, 1);
        equal!(peep::count(old)?, 1, "the old page's count");
        written.open();
        go.wait()?;
        equal!(area::get(0, 17), 0x20);
        equal!(area::get(0, 18), 0x10, "a copied byte");
        equal!(area::get(0, 4095), 0x10, "the last copied byte");
        Ok(())
    })?;
    written.wait()?;
    equal!(
        peep::me()?.entry(area::address(0)) & (!0xfff | peep::W),
        old,
        "still read-only"
    );
    let (copied, given) = counted(|| area::set(0, 18, 0x30))?;
    equal!((copied, given), (0, 1), "faults of the second writer");
    equal!(
        peep::me()?.entry(area::address(0)) & (!0xfff | peep::W),
        old | peep::W,
        "same page"
    );
    equal!((area::get(0, 17), area::get(0, 18)), (0x10, 0x30));
    let (copied, given) = counted(|| area::set(0, 19, 0x31))?;
    equal!((copied, given), (0, 0), "no more faults");
    go.open();
    child.pass()
}

/// The parent may be the first writer just as well.
fn parent_first() -> Outcome {
    area::fill(0, 0x10);
    let old = peep::me()?.entry(area::address(0)) & !0xfff;
    let go = Gate::new()?;
    let ready = Gate::new()?;
    let child = Child::test(|| {
        ready.open();
        go.wait()?;
        equal!(area::get(0, 0), 0x10);
        let (copied, given) = counted(|| area::set(0, 0, 0x22))?;
        equal!((copied, given), (0, 1));
        equal!(
            peep::me()?.entry(area::address(0)) & !0xfff,
            old,
            "the child has the old page"
        );
        Ok(())
    })?;
    ready.wait()?;
    equal!(counted(|| area::set(0, 0, 0x11))?, (1, 0));
    check!(peep::me()?.entry(area::address(0)) & !0xfff != old);
    go.open();
    child.pass()?;
    equal!(area::get(0, 0), 0x11);
    Ok(())
}

/// Three processes: two copies, then one page given back.
fn three_processes() -> Outcome {
    area::fill(0, 0x10);
    let page = peep::me()?.entry(area::address(0));
    let write = || -> core::result::Result<(Gate, Gate, Child), Failure> {
        let (go, done) = (Gate::new()?, Gate::new()?);
        let child = Child::test(|| {
            done.open();
            go.wait()?;
            equal!(
                counted(|| area::set(0, 0, 0x40))?,
                (1, 0),
                "a child's write"
            );
            done.open();
            go.wait()?;
            Ok(())
        })?;
        done.wait()?;
        Ok((go, done, child))
    };
    let children = [write()?, write()?];
    equal!(peep::count(page)?, 3);
    for (number, (go, done, _)) in children.iter().enumerate() {
        go.open();
        done.wait()?;
        equal!(peep::count(page)?, 2 - number as u32);
    }
    equal!(
        counted(|| area::set(0, 0, 0x50))?,
        (0, 1),
        "the last writer"
    );
    for (go, _, child) in children {
        go.open();
        child.pass()?;
    }
    equal!(area::get(0, 0), 0x50);
    Ok(())
}

/// Reading a shared page leaves it shared.
fn reading_copies_nothing() -> Outcome {
    area::fill(0, 0x10);
    let page = peep::me()?.entry(area::address(0));
    let (ready, go) = (Gate::new()?, Gate::new()?);
    let child = Child::test(|| {
        equal!(counted(|| assert!(area::is_filled(0, 0x10)))?, (0, 0));
        ready.open();
        go.wait()?;
        Ok(())
    })?;
    ready.wait()?;
    equal!(counted(|| assert!(area::is_filled(0, 0x10)))?, (0, 0));
    equal!(peep::count(page)?, 2);
    go.open();
    child.pass()
}

static mut VARIABLE: u32 = 1;

/// Local and static variables of the two are apart.
fn stack_and_data() -> Outcome {
    let mut local = core::hint::black_box([7u32; 64]);
    let place = &raw mut VARIABLE;
    let child = Child::test(|| {
        core::hint::black_box(&mut local)[3] = 8;
        // SAFETY: one thread; the variable is used here alone.
        unsafe { place.write_volatile(2) };
        // SAFETY: as above.
        equal!(unsafe { place.read_volatile() }, 2);
        Ok(())
    })?;
    child.pass()?;
    equal!(core::hint::black_box(local)[3], 7);
    // SAFETY: as above.
    equal!(unsafe { place.read_volatile() }, 1);
    Ok(())
}
