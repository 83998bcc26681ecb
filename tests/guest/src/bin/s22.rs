//! S22: fork refuses unequal or misaligned code and data bases and occupied
//! directory entries. (That a child is complete before it runs is S08's
//! runnable_last.)

#![no_std]
#![no_main]
use guest::prelude::*;
use peep::{FORCE_MISALIGN, FORCE_OCCUPY, FORCE_UNEQUAL, FORCE_VACATE, PEEP_FORCE};

cases! { "S22"; occupied_directory_entry, unequal_bases, misaligned_bases, nothing_is_left }

/// fork, which must fail; a child that came into being all the same ends.
fn forced(what: u32) -> rt::Result<i32> {
    let me = sys::getpid();
    let result = peep::command(PEEP_FORCE, what);
    if sys::getpid() != me {
        sys::exit_now(0);
    }
    result
}

/// A directory entry in the middle of the slot that fork takes is in use.
fn occupied_directory_entry() -> Outcome {
    // Once before it counts, so that no page is copied on the way.
    peep::command(PEEP_FORCE, FORCE_OCCUPY)?;
    peep::command(PEEP_FORCE, FORCE_VACATE)?;
    Child::run(|| 0)?.pass()?;
    peep::free_and_mine()?;
    let before = peep::free_and_mine()?;
    let nr = peep::command(PEEP_FORCE, FORCE_OCCUPY)?;
    let index = nr as u32 * 16 + 5;
    check!(peep::directory(index)? & 1 != 0);
    let occupied = peep::free_and_mine()?;
    let result = Child::run(|| 0);
    peep::command(PEEP_FORCE, FORCE_VACATE)?;
    equal!(result.err(), Some(Errno::EAGAIN));
    equal!(occupied, before - 1);
    equal!(
        peep::free_and_mine()?,
        before,
        "what fork had taken is free again"
    );
    fails!(peep::task(nr as u32), ESRCH);
    Child::run(|| 0)?.pass()
}

fn unequal_bases() -> Outcome {
    fails!(forced(FORCE_UNEQUAL), EINVAL);
    Child::run(|| 0)?.pass()
}

fn misaligned_bases() -> Outcome {
    fails!(forced(FORCE_MISALIGN), EINVAL);
    Child::run(|| 0)?.pass()
}

/// After all these the descriptors, the pages and the number of tasks are as
/// before, and the process numbers go on.
fn nothing_is_left() -> Outcome {
    let state = || -> rt::Result<_> {
        let me = peep::me()?;
        Ok((
            me.ldt,
            me.gdt_ldt,
            peep::tasks().count(),
            peep::info()?.files,
            me.pwd_count,
        ))
    };
    let before = state()?;
    for what in [FORCE_UNEQUAL, FORCE_MISALIGN] {
        for _ in 0..10 {
            check!(forced(what).is_err());
        }
    }
    equal!(state()?, before);
    Ok(())
}
