//! S14: exit: tables and pages freed, children to init, files and inodes
//! released, zombie, SIGCHLD; the father's wait frees the last page; the slot is
//! used again.

#![no_std]
#![no_main]
use core::sync::atomic::{AtomicI32, Ordering::Relaxed};
use guest::prelude::*;
use signal::{Action, SIGCHLD};

cases! {
    "S14";
    zombie, wait_frees_the_last_page, sigchld, children_go_to_init, zombies_go_to_init, slot_is_reused,
    a_thousand_children, a_hundred_programs, wait_options, statuses, times_are_added
}

/// Waits until a child is a zombie.
fn dead(pid: i32) -> core::result::Result<peep::TaskInfo, Failure> {
    for _ in 0..300 {
        let task = peep::find(pid)?;
        if task.state == 3 {
            return Ok(task);
        }
        nap(1);
    }
    Err(Failure("the child does not die".to_string()))
}

/// What is left of a process until its father waits.
fn zombie() -> Outcome {
    let file = sys::open("/etc/passwd", 0, 0)?;
    let before = peep::me()?;
    let child = Child::run(|| {
        area::fill(0, 1);
        0x123
    })?;
    let task = dead(child.pid)?;
    equal!(task.exit_code, 0x2300, "exit code");
    equal!(task.pages, 0);
    equal!(task.dir, [0; 16], "directory entries");
    equal!((task.pwd, task.root, task.executable), (0, 0, 0), "inodes");
    equal!(task.filp, [0; 20], "files");
    equal!(task.father, sys::getpid());
    let after = peep::me()?;
    equal!(
        after.f_count[file as usize],
        before.f_count[file as usize],
        "count of a file"
    );
    equal!(after.executable_count, before.executable_count);
    equal!(child.code()?, 0x23);
    fails!(peep::find(task.pid), ESRCH);
    sys::close(file)?;
    Ok(())
}

fn wait_frees_the_last_page() -> Outcome {
    Child::run(|| 0)?.pass()?;
    peep::free_and_mine()?;
    let start = peep::free_and_mine()?;
    let child = Child::run(|| 0)?;
    let page = dead(child.pid)?.address;
    equal!(peep::count(page)?, 1, "the zombie's page");
    equal!(peep::free_and_mine()?, start - 1, "with the zombie");
    child.pass()?;
    equal!(peep::count(page)?, 0, "the zombie's page");
    equal!(peep::free_and_mine()?, start, "after wait");
    Ok(())
}

static SEEN: AtomicI32 = AtomicI32::new(0);

extern "C" fn seen(_: i32) {
    SEEN.store(SEEN.load(Relaxed) + 1, Relaxed);
}

fn sigchld() -> Outcome {
    signal::set(SIGCHLD, Action::Handler(seen))?;
    for number in 1..=3 {
        let child = Child::run(|| 0)?;
        child.pass()?;
        equal!(SEEN.load(Relaxed), number, "signals");
    }
    // Blocked: wait works all the same, and the signal comes afterwards.
    sys::ssetmask(signal::bit(SIGCHLD));
    Child::run(|| 0)?.pass()?;
    equal!(SEEN.load(Relaxed), 3);
    sys::ssetmask(0);
    equal!(SEEN.load(Relaxed), 4);
    Ok(())
}

/// The orphan's new father is process 1.
fn children_go_to_init() -> Outcome {
    let (go, told) = (Gate::new()?, Gate::new()?);
    let (from, to) = sys::pipe()?;
    let father = Child::run(|| {
        let orphan = sys::fork().unwrap_or(-1);
        if orphan == 0 {
            told.open();
            let _ = go.wait();
            let father = sys::getppid();
            let _ = sys::write(to, &[father as u8]);
            sys::exit_now(0);
        }
        0
    })?;
    told.wait()?;
    father.pass()?;
    go.open();
    let mut byte = [0];
    equal!(sys::read(from, &mut byte)?, 1);
    equal!(byte[0], 1, "the orphan's father");
    Ok(())
}

/// A zombie whose father dies is waited for by init.
fn zombies_go_to_init() -> Outcome {
    let (from, to) = sys::pipe()?;
    let father = Child::run(|| {
        let child = sys::fork().unwrap_or(-1);
        if child == 0 {
            sys::exit_now(0);
        }
        let _ = guest::child::until(300, || peep::find(child).is_ok_and(|task| task.state == 3));
        let _ = sys::write(to, &child.to_le_bytes());
        0
    })?;
    let mut pid = [0; 4];
    equal!(sys::read(from, &mut pid)?, 4);
    father.pass()?;
    let pid = i32::from_le_bytes(pid);
    check!(
        guest::child::until(300, || peep::find(pid).is_err()),
        "the zombie stays"
    );
    Ok(())
}

/// The next child gets the slot and so the same descriptors and linear space.
fn slot_is_reused() -> Outcome {
    let (go, first) = sleeper()?;
    let one = peep::find(first.pid)?;
    go.open();
    first.pass()?;
    equal!(peep::task(one.nr).err(), Some(Errno::ESRCH));
    let (go, second) = sleeper()?;
    let two = peep::find(second.pid)?;
    equal!(two.nr, one.nr, "slot");
    equal!(two.start_code, one.start_code);
    check!(two.pid != one.pid);
    go.open();
    second.pass()
}

/// Everything that could be lost by fork, exit and wait.
fn counts() -> core::result::Result<[u32; 6], Errno> {
    let me = peep::me()?;
    let pages = peep::free_and_mine()?;
    let info = peep::info()?;
    Ok([
        pages,
        info.inodes,
        info.files,
        me.pwd_count,
        me.executable_count,
        me.f_count[0],
    ])
}

fn a_thousand_children() -> Outcome {
    Child::run(|| 0)?.pass()?;
    counts()?;
    let before = counts()?;
    for number in 0..1000u32 {
        let child = Child::run(|| {
            area::set((number % 64) as usize, 0, 1);
            let _ = sys::open("/etc/rc", 0, 0);
            (number & 0x7f) as i32
        })?;
        equal!(child.code()?, (number & 0x7f) as i32, "child {number}");
    }
    equal!(
        counts()?,
        before,
        "pages, inodes, files, counts of pwd, executable, file"
    );
    Ok(())
}

fn a_hundred_programs() -> Outcome {
    Child::exec("/bin/true", &[])?.pass()?;
    counts()?;
    let before = counts()?;
    for _ in 0..100 {
        Child::exec("/bin/true", &[])?.pass()?;
    }
    equal!(
        counts()?,
        before,
        "pages, inodes, files, counts of pwd, executable, file"
    );
    Ok(())
}

/// waitpid with a number, a group, any; WNOHANG; ECHILD.
fn wait_options() -> Outcome {
    fails!(sys::waitpid(-1, 0), ECHILD);
    fails!(sys::waitpid(1, 0), ECHILD);
    let (go, child) = sleeper()?;
    equal!(sys::waitpid(child.pid, rt::sys::WNOHANG)?.0, 0);
    fails!(sys::waitpid(child.pid + 1, 0), ECHILD);
    let other = Child::run(|| {
        let _ = sys::setpgid(0, 0);
        4
    })?;
    sys::setpgid(other.pid, other.pid)
        .or_else(|e| if e == Errno::ESRCH { Ok(()) } else { Err(e) })?;
    let (pid, status) = sys::waitpid(-other.pid, 0)?;
    equal!((pid, status.exit_code()), (other.pid, Some(4)));
    core::mem::forget(other);
    go.open();
    equal!(sys::waitpid(0, 0)?.0, child.pid, "a child of the own group");
    core::mem::forget(child);
    // A bad address for the status: EFAULT, and the child can still be waited for.
    let third = Child::run(|| 6)?;
    // SAFETY: the kernel must refuse the address.
    let result = unsafe { rt::sys::call(Nr::Waitpid, third.pid as usize, 0x3000_0000, 0) };
    equal!(result, Err(Errno::EFAULT));
    equal!(third.code()?, 6);
    Ok(())
}

/// Exit codes are cut to 8 bits; a signal's death is its number.
fn statuses() -> Outcome {
    for (code, status) in [(0, 0), (1, 0x100), (255, 0xff00), (256, 0), (-1, 0xff00)] {
        equal!(Child::run(|| code)?.wait()?.0, status, "exit({code})");
    }
    for number in [1, 2, 3, 6, 9, 13, 14, 15] {
        let child = Child::run(|| {
            let _ = sys::kill(sys::getpid(), number);
            0
        })?;
        equal!(child.wait()?.0, number, "signal {number}");
    }
    Ok(())
}

/// The times of children that were waited for are added to the father's.
fn times_are_added() -> Outcome {
    let before = sys::times()?.0;
    let child = Child::run(|| {
        let start = guest::child::ticks_now();
        while guest::child::ticks_now() - start < 30 {}
        0
    })?;
    child.pass()?;
    let after = sys::times()?.0;
    let spent = after.cutime + after.cstime - before.cutime - before.cstime;
    check!((25..=33).contains(&spent), "{spent} ticks");
    Ok(())
}
