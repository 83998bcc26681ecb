//! S21: the CPU sets A and D; only clean pages are shared with an unrelated
//! process; a copied page is dirty.

#![no_std]
#![no_main]
use guest::prelude::*;
use peep::{A, D, P, W};

cases! {
    "S21"; roles hold, write_and_hold;
    bits_after_access, copied_page_is_dirty, kernel_write_is_dirty, clean_is_shared, dirty_is_not_shared,
    text_can_be_written
}

#[repr(C, align(4096))]
struct Data([u8; 8192]);

static mut DATA: Data = Data([0x3c; 8192]);

fn data() -> usize {
    (&raw mut DATA).expose_provenance()
}

/// Absent; read: A alone; written: A and D.
fn bits_after_access() -> Outcome {
    let me = peep::me()?;
    equal!(me.entry(area::address(20)), 0);
    equal!(area::get(20, 5), 0);
    equal!(
        me.entry(area::address(20)) & (P | A | D),
        P | A,
        "after a read"
    );
    area::set(20, 5, 1);
    equal!(
        me.entry(area::address(20)) & (P | A | D),
        P | A | D,
        "after a write"
    );
    equal!(area::peek(data()), 0x3c);
    equal!(
        me.entry(data()) & (P | A | D),
        P | A,
        "a data page after a read"
    );
    // SAFETY: this program's own data, used here alone.
    unsafe { area::poke(data(), 1) };
    equal!(
        me.entry(data()) & (P | A | D),
        P | A | D,
        "a data page after a write"
    );
    // The directory's accessed bit is set too.
    check!(peep::walk(me.nr, area::address(20))?.dir & A != 0);
    Ok(())
}

/// The copy that a write makes is dirty at once, the original stays clean.
fn copied_page_is_dirty() -> Outcome {
    equal!(area::peek(data()), 0x3c);
    let original = peep::me()?.entry(data());
    equal!(original & D, 0);
    let child = Child::test(|| {
        // SAFETY: this program's own data, used here alone.
        unsafe { area::poke(data() + 7, 9) };
        let entry = peep::me()?.entry(data());
        check!(entry & !0xfff != original & !0xfff, "not copied");
        equal!(entry & (W | D), W | D);
        Ok(())
    })?;
    child.pass()?;
    equal!(peep::me()?.entry(data()) & (!0xfff | D), original & !0xfff);
    Ok(())
}

/// What the kernel writes for a process is dirty, too.
fn kernel_write_is_dirty() -> Outcome {
    let (from, to) = sys::pipe()?;
    sys::write(to, b"kernel")?;
    // SAFETY: this program's own data, used here alone.
    unsafe { rt::sys::call(Nr::Read, from as usize, data(), 6) }?;
    equal!(peep::me()?.entry(data()) & (P | W | D), P | W | D);
    Ok(())
}

/// The roles: read the data, or write to it; then wait.
fn hold(args: Args) -> i32 {
    let fine = area::peek(data()) == 0x3c && area::peek(data() + 4096) == 0x3c;
    wait(args, fine)
}

fn write_and_hold(args: Args) -> i32 {
    let fine = area::peek(data()) == 0x3c;
    // SAFETY: this program's own data, used here alone.
    unsafe { area::poke(data() + 100, 0x99) };
    wait(args, fine)
}

fn wait(mut args: Args, fine: bool) -> i32 {
    let (ready, go) = (Gate::from_args(&mut args), Gate::from_args(&mut args));
    ready.open();
    let _ = go.wait();
    i32::from(!fine)
}

/// Two instances in these roles, both waiting; entries of the data page.
fn two(first: &str, second: &str) -> core::result::Result<([u32; 2], u32), Failure> {
    let (ready, go) = (Gate::new()?, Gate::new()?);
    let ([a, b], [c, d]) = (ready.args(), go.args());
    let one = Child::exec("/test/s21", &[first, &a, &b, &c, &d])?;
    ready.wait()?;
    let loaded = peep::info()?.loaded;
    let other = Child::exec("/test/s21", &[second, &a, &b, &c, &d])?;
    ready.wait()?;
    let loaded = peep::info()?.loaded - loaded;
    let entries = [
        peep::find(one.pid)?.entry(data()),
        peep::find(other.pid)?.entry(data()),
    ];
    go.open();
    go.open();
    one.pass()?;
    other.pass()?;
    Ok((entries, loaded))
}

fn clean_is_shared() -> Outcome {
    let ([one, other], loaded) = two("role:hold", "role:hold")?;
    equal!(one & !0xfff, other & !0xfff, "the page");
    equal!((one | other) & (W | D), 0);
    equal!(loaded, 0, "pages that the second instance loaded");
    Ok(())
}

/// The first instance has written: the second gets the page from the file.
fn dirty_is_not_shared() -> Outcome {
    let ([one, other], loaded) = two("role:write_and_hold", "role:hold")?;
    equal!(one & D, D);
    check!(one & !0xfff != other & !0xfff, "a dirty page was shared");
    check!(loaded >= 1, "pages that the second instance loaded");
    Ok(())
}

/// Old programs write to their text: that works, and stays with them.
fn text_can_be_written() -> Outcome {
    let place = (text_can_be_written as *const ()).addr() & !0xfff;
    let before = area::peek(place);
    let child = Child::test(|| {
        // SAFETY: another value for a byte of the text that is put back at once.
        unsafe { area::poke(place, !before) };
        let seen = area::peek(place);
        // SAFETY: as above.
        unsafe { area::poke(place, before) };
        equal!(seen, !before);
        equal!(peep::me()?.entry(place) & (W | D), W | D);
        Ok(())
    })?;
    child.pass()?;
    equal!(area::peek(place), before);
    Ok(())
}
