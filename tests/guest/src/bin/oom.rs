//! Out of memory: the process that cannot get a page is killed or gets ENOMEM
//! or EAGAIN; the kernel, init and the others go on.

#![no_std]
#![no_main]
use guest::prelude::*;
use signal::SIGKILL;

cases! {
    "oom";
    touching_heap_kills, growing_stack_kills, copy_on_write_kills, fork_gives_eagain, pipe_gives_enomem,
    read_gives_enomem, exec_gives_enomem, loading_kills, others_go_on, all_comes_back
}

/// Runs `f` in a child while only `leave` pages are free, and gives them back
/// afterwards. The child takes them itself, so that nobody else is short.
fn short_of_memory(leave: u32, f: impl FnOnce() -> i32) -> rt::Result<i32> {
    let child = Child::run(|| match peep::hog(leave) {
        Ok(held) => {
            let code = f();
            drop(held);
            code
        }
        Err(_) => 99,
    })?;
    let status = child.wait()?;
    // A child that was killed has not given them back.
    peep::command(peep::PEEP_UNHOG, 0)?;
    Ok(status.shell_code())
}

fn touching_heap_kills() -> Outcome {
    let code = short_of_memory(20, || {
        let start = sys::brk(0).next_multiple_of(PAGE);
        sys::brk(start + 1000 * PAGE);
        // SAFETY: heap that only this case knows.
        (0..1000).for_each(|page| unsafe { area::poke(start + page * PAGE, 1) });
        0
    })?;
    equal!(code, 128 + SIGKILL);
    Ok(())
}

#[inline(never)]
fn deep(level: u32) -> u32 {
    let mut room = core::hint::black_box([level as u8; PAGE]);
    core::hint::black_box(&mut room)[1] = 1;
    if level == 0 {
        0
    } else {
        1 + deep(level - 1) + u32::from(core::hint::black_box(room)[2])
    }
}

fn growing_stack_kills() -> Outcome {
    let code = short_of_memory(10, || i32::from(deep(500) == 0))?;
    equal!(code, 128 + SIGKILL);
    Ok(())
}

fn copy_on_write_kills() -> Outcome {
    (0..area::PAGES).for_each(|index| area::fill(index, 1));
    let code = short_of_memory(10, || {
        (0..area::PAGES).for_each(|index| area::set(index, 0, 2));
        0
    })?;
    equal!(code, 128 + SIGKILL);
    check!(
        (0..area::PAGES).all(|index| area::is_filled(index, 1)),
        "the parent's pages"
    );
    Ok(())
}

/// Runs `f` twice, with much memory first, so that its pages are there, then
/// without any; the code of the second run.
fn none_left(f: impl Fn() -> i32) -> rt::Result<i32> {
    let child = Child::run(|| {
        f();
        match peep::hog(0) {
            Ok(held) => {
                let code = f();
                drop(held);
                code
            }
            Err(_) => 99,
        }
    })?;
    let status = child.wait()?;
    peep::command(peep::PEEP_UNHOG, 0)?;
    Ok(status.shell_code())
}

/// The error's number, 0 for none.
fn number<T>(result: rt::Result<T>) -> i32 {
    result.err().map_or(0, |error| error.0)
}

fn fork_gives_eagain() -> Outcome {
    let code = none_left(|| {
        // SAFETY: fork; the child ends at once.
        match unsafe { rt::sys::raw(Nr::Fork, 0, 0, 0) } {
            0 => sys::exit_now(0),
            pid if pid > 0 => number(sys::wait_for(pid)),
            error => -error,
        }
    })?;
    equal!(code, Errno::EAGAIN.0);
    // One page is not enough either: the task_struct, but no page table.
    let code = none_left_but(1, || {
        // SAFETY: as above.
        match unsafe { rt::sys::raw(Nr::Fork, 0, 0, 0) } {
            0 => sys::exit_now(0),
            pid if pid > 0 => number(sys::wait_for(pid)),
            error => -error,
        }
    })?;
    equal!(code, Errno::EAGAIN.0, "with one page");
    Ok(())
}

/// As [`none_left`], with some pages left.
fn none_left_but(leave: u32, f: impl Fn() -> i32) -> rt::Result<i32> {
    let child = Child::run(|| {
        f();
        match peep::hog(leave) {
            Ok(held) => {
                let code = f();
                drop(held);
                code
            }
            Err(_) => 99,
        }
    })?;
    let status = child.wait()?;
    peep::command(peep::PEEP_UNHOG, 0)?;
    Ok(status.shell_code())
}

fn pipe_gives_enomem() -> Outcome {
    let code = none_left(|| match sys::pipe() {
        Ok((from, to)) => number(sys::close(from).and(sys::close(to))),
        Err(error) => error.0,
    })?;
    check!(
        code == Errno::ENOMEM.0 || code == Errno::ENFILE.0,
        "pipe gives {code}"
    );
    Ok(())
}

/// read() into a page that is not there.
fn read_gives_enomem() -> Outcome {
    let zero = sys::open("/dev/zero", 0, 0)?;
    let file = sys::open("/etc/passwd", 0, 0)?;
    for fd in [zero, file] {
        let child = Child::run(|| {
            let read = |page: usize| {
                // SAFETY: a page of the area.
                number(unsafe { rt::sys::call(Nr::Read, fd as usize, area::address(page), 8) })
            };
            if read(30) != 0 {
                return 98;
            }
            match peep::hog(0) {
                Ok(held) => {
                    let code = read(31);
                    drop(held);
                    code
                }
                Err(_) => 99,
            }
        })?;
        let code = child.code()?;
        peep::command(peep::PEEP_UNHOG, 0)?;
        equal!(code, Errno::ENOMEM.0, "read of descriptor {fd}");
    }
    Ok(())
}

/// exec needs pages for arguments: the old program goes on.
fn exec_gives_enomem() -> Outcome {
    let argv: rt::sys::StrVec = ["/bin/true", "x"].iter().collect();
    let env = rt::sys::StrVec::new();
    let missing: rt::sys::StrVec = ["x"].iter().collect();
    let child = Child::run(|| {
        // The call's own pages.
        if sys::execve("/no/such", &missing, &env) != Errno::ENOENT {
            return 97;
        }
        match peep::hog(0) {
            Ok(held) => {
                let error = sys::execve("/bin/true", &argv, &env);
                drop(held);
                error.0
            }
            Err(_) => 99,
        }
    })?;
    let code = child.code()?;
    peep::command(peep::PEEP_UNHOG, 0)?;
    equal!(code, Errno::ENOMEM.0);
    Ok(())
}

/// A page of the program's file that no page is free for.
fn loading_kills() -> Outcome {
    guest::aout::Program::new(&[0xa0, 0, 0x30, 0, 0, 0xeb, 0xf9], 0, 3, 3)
        .write("/tmp/oom.prog")?;
    let child = Child::run(|| match peep::hog(6) {
        // Arguments, tables, the first page: then none is left.
        Ok(held) => {
            core::mem::forget(held);
            let argv: rt::sys::StrVec = ["x"].iter().collect();
            sys::execve("/tmp/oom.prog", &argv, &rt::sys::StrVec::new()).0
        }
        Err(_) => 99,
    })?;
    // The program reads its data for ever; with enough pages it would live.
    let pid = child.pid;
    let gone = guest::child::until(200, || peep::find(pid).is_ok_and(|task| task.state == 3));
    peep::command(peep::PEEP_UNHOG, 0)?;
    if gone {
        let code = child.code()?;
        check!(
            code == 128 + SIGKILL || code == Errno::ENOMEM.0,
            "it ended with {code}"
        );
    }
    sys::unlink("/tmp/oom.prog")?;
    Ok(())
}

/// While one process is killed another one works on, and init is there.
fn others_go_on() -> Outcome {
    let (from, to) = sys::pipe()?;
    let worker = Child::run(|| {
        let mut sum = 0u32;
        let mut buf = [0; 64];
        for round in 0..200u32 {
            if sys::write(to, &[round as u8; 64]) != Ok(64) || sys::read(from, &mut buf) != Ok(64) {
                return 1;
            }
            sum = sum.wrapping_add(u32::from(buf[0]));
            nap(1);
        }
        i32::from(sum == 0)
    })?;
    for _ in 0..5 {
        let code = short_of_memory(8, || {
            (0..area::PAGES).for_each(|index| area::set(index, 0, 2));
            0
        })?;
        equal!(code, 128 + SIGKILL);
    }
    worker.pass()?;
    check!(peep::find(1).is_ok());
    Ok(())
}

fn all_comes_back() -> Outcome {
    let run = || {
        short_of_memory(5, || {
            (0..area::PAGES).for_each(|index| area::set(index, 0, 2));
            0
        })
    };
    run()?;
    peep::free_and_mine()?;
    let before = peep::free_and_mine()?;
    for _ in 0..10 {
        equal!(run()?, 128 + SIGKILL);
    }
    equal!(peep::free_and_mine()?, before);
    equal!(peep::info()?.hogged, 0);
    Ok(())
}
