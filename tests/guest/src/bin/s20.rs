//! S20: unwinding a stack gives no page back; exit does.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S20"; unwinding_gives_nothing_back, exit_gives_all_back }

/// Uses `pages` pages of stack, runs `f` at the deepest point.
#[inline(never)]
fn deep(pages: usize, f: &mut dyn FnMut()) {
    let mut room = core::hint::black_box([1u8; PAGE]);
    if pages > 1 {
        deep(pages - 1, f);
    } else {
        f();
    }
    core::hint::black_box(&mut room)[0] = 2;
}

fn unwinding_gives_nothing_back() -> Outcome {
    let start = peep::info()?.free_pages;
    let before = peep::me()?;
    let mut at_bottom = None;
    deep(50, &mut || at_bottom = peep::me().ok());
    let Some(bottom) = at_bottom else {
        return Err(Failure("no task".to_string()));
    };
    let grown = bottom.pages - before.pages;
    check!((50..=60).contains(&grown), "{grown} pages for 50 levels");
    let after = peep::me()?;
    equal!(after.pages, bottom.pages, "pages after unwinding");
    check!(start - peep::info()?.free_pages >= grown);
    // The pages are still there with what was in them; going down again takes
    // no new ones.
    let faults = peep::info()?.zero_filled;
    deep(50, &mut || {});
    equal!(peep::me()?.pages, after.pages);
    equal!(peep::info()?.zero_filled, faults, "zero pages");
    Ok(())
}

fn exit_gives_all_back() -> Outcome {
    peep::free_and_mine()?;
    let before = peep::free_and_mine()?;
    let (ready, go) = (Gate::new()?, Gate::new()?);
    let child = Child::run(|| {
        deep(300, &mut || {});
        ready.open();
        i32::from(go.wait().is_err())
    })?;
    ready.wait()?;
    let during = peep::free_and_mine()?;
    check!(before - during >= 300, "{} pages in use", before - during);
    go.open();
    child.pass()?;
    ready.close();
    go.close();
    equal!(peep::free_and_mine()?, before);
    Ok(())
}
