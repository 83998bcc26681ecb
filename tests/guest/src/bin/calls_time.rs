//! Clocks, times used, limits, and the heap.

#![no_std]
#![no_main]
use abi::{Rlimit, Timeval, Tms};
use guest::prelude::*;
use signal::{Action, SIGALRM, SIGKILL};

cases! {
    "calls_time";
    one_clock, setting_the_clock, times_used, alarms, resource_usage, limits, file_size_limit,
    heap_limit, stack_limit, processor_limit, ulimits, heap
}

const BAD: usize = 0x200_0000;
const INFINITY: i32 = 0x7fff_ffff;
const SIGXCPU: i32 = 24;
const SIGXFSZ: i32 = 25;
const FSIZE: usize = 1;
const DATA: usize = 2;
const STACK: usize = 3;

fn raw(nr: Nr, a: usize, b: usize, c: usize) -> Result<usize> {
    // SAFETY: addresses are of this program's own buffers, or bad on purpose.
    unsafe { sys::call(nr, a, b, c) }
}

fn address<T>(value: &mut T) -> usize {
    (&raw mut *value).expose_provenance()
}

/// Seconds, milliseconds, and the two shorts that are always 0, of ftime.
#[repr(C)]
#[derive(Default, Clone, Copy)]
struct Timeb {
    time: u32,
    millitm: u16,
    zone: i16,
    dst: i16,
    behind: u16,
}

fn ftime() -> Result<Timeb> {
    let mut time = Timeb {
        zone: 9,
        dst: 9,
        ..Timeb::default()
    };
    raw(Nr::Ftime, address(&mut time), 0, 0)?;
    Ok(core::hint::black_box(time))
}

/// time, gettimeofday and ftime tell the same.
fn one_clock() -> Outcome {
    for _ in 0..50 {
        let (a, b, c) = (sys::time(), sys::gettimeofday()?, ftime()?);
        let d = sys::time();
        check!(
            a <= b.sec as u32 && b.sec as u32 <= c.time && c.time <= d,
            "{a} {b:?} {d}"
        );
        check!((0..1_000_000).contains(&b.usec) && c.millitm < 1000);
        equal!((c.zone, c.dst), (0, 0));
        let (b, c) = (
            b.sec as u32 % 1000 * 1000 + b.usec as u32 / 1000,
            c.time % 1000 * 1000 + c.millitm as u32,
        );
        check!((b..b + 500).contains(&c), "{b} and {c} ms");
        nap(1);
    }
    let mut now = 0u32;
    let result = raw(Nr::Time, address(&mut now), 0, 0)?;
    equal!(core::hint::black_box(now) as usize, result);
    let mut zone = [7i32; 2];
    raw(Nr::Gettimeofday, 0, address(&mut zone), 0)?;
    equal!(core::hint::black_box(zone), [0, 0]);
    fails!(raw(Nr::Time, BAD, 0, 0), EFAULT);
    fails!(raw(Nr::Ftime, BAD, 0, 0), EFAULT);
    fails!(raw(Nr::Gettimeofday, BAD, 0, 0), EFAULT);
    fails!(raw(Nr::Gettimeofday, 0, BAD, 0), EFAULT);
    Ok(())
}

fn setting_the_clock() -> Outcome {
    let before = sys::time();
    sys::stime(800_000_000)?;
    check!(
        (800_000_000..800_000_005).contains(&sys::time()),
        "{}",
        sys::time()
    );
    let mut value = Timeval {
        sec: 900_000_000,
        usec: 0,
    };
    raw(Nr::Settimeofday, address(&mut value), 0, 0)?;
    check!(
        (900_000_000..900_000_005).contains(&sys::time()),
        "{}",
        sys::time()
    );
    value.usec = 1_000_000;
    fails!(raw(Nr::Settimeofday, address(&mut value), 0, 0), EINVAL);
    fails!(raw(Nr::Settimeofday, BAD, 0, 0), EFAULT);
    fails!(raw(Nr::Settimeofday, 0, BAD, 0), EFAULT);
    fails!(raw(Nr::Stime, BAD, 0, 0), EFAULT);
    let result = Child::test(|| {
        sys::setuid(1000)?;
        fails!(sys::stime(1), EPERM);
        fails!(raw(Nr::Settimeofday, 0, 0, 0), EPERM);
        Ok(())
    })?
    .pass();
    sys::stime(before)?;
    result
}

/// Uses the processor for so many ticks of its own.
fn burn(ticks: i32) -> Outcome {
    let used = |t: Tms| t.utime + t.stime;
    let end = used(sys::times()?.0) + ticks;
    while used(sys::times()?.0) < end {
        for _ in 0..10_000 {
            // Not `pause`: it costs an emulator more than it takes of the time here.
            core::hint::black_box(());
        }
    }
    Ok(())
}

fn times_used() -> Outcome {
    let (before, start) = sys::times()?;
    burn(10)?;
    let (after, end) = sys::times()?;
    check!(after.utime + after.stime >= before.utime + before.stime + 10);
    check!(end >= start + 10, "ticks since boot");
    Child::test(|| burn(10))?.pass()?;
    let children = sys::times()?.0;
    check!(children.cutime + children.cstime >= after.cutime + after.cstime + 10);
    equal!(raw(Nr::Times, 0, 0, 0)? as u32 >= end, true);
    fails!(raw(Nr::Times, BAD, 0, 0), EFAULT);
    Ok(())
}

fn alarms() -> Outcome {
    equal!(sys::alarm(100), 0);
    let left = sys::alarm(50);
    check!(left == 100 || left == 99, "{left}");
    equal!(sys::alarm(1), 50, "rounded up");
    equal!(sys::alarm(0), 1);
    sys::alarm(i32::MAX as u32);
    nap(5);
    check!(sys::alarm(0) > 20_000_000, "a far one is not due at once");
    Child::test(|| {
        equal!(sys::alarm(0), 0, "not inherited");
        Ok(())
    })?
    .pass()?;
    equal!(
        Child::run(|| {
            sys::alarm(1);
            sys::pause();
            0
        })?
        .wait()?
        .term_signal(),
        Some(SIGALRM)
    );
    Ok(())
}

/// The 18 words of a rusage.
fn rusage(who: i32) -> Result<[i32; 18]> {
    let mut words = [-1i32; 18];
    raw(Nr::Getrusage, who as usize, address(&mut words), 0)?;
    Ok(core::hint::black_box(words))
}

fn resource_usage() -> Outcome {
    const MINFLT: usize = 8;
    let before = rusage(0)?;
    for page in 0..20 {
        area::set(page, 0, 1);
    }
    let after = rusage(0)?;
    check!(after[MINFLT] - before[MINFLT] >= 20, "{before:?} {after:?}");
    equal!(after[10..], [0; 8]);
    equal!(after[4..8], [0; 4]);
    burn(5)?;
    let ticks = |u: &[i32; 18]| u[0] * 100 + u[1] / 10_000 + u[2] * 100 + u[3] / 10_000;
    let tms = sys::times()?.0;
    let now = rusage(0)?;
    check!(
        (ticks(&now) - tms.utime - tms.stime).abs() <= 1,
        "{now:?} {tms:?}"
    );
    let children = rusage(-1)?;
    Child::test(|| {
        equal!(rusage(-1)?, [0; 18], "a new process has no children");
        for page in 0..20 {
            area::set(page, 0, 2);
        }
        burn(5)
    })?
    .pass()?;
    let more = rusage(-1)?;
    check!(
        more[MINFLT] - children[MINFLT] >= 20 && ticks(&more) >= ticks(&children) + 5,
        "{children:?} {more:?}"
    );
    fails!(raw(Nr::Getrusage, 1, address(&mut [0i32; 18]), 0), EINVAL);
    fails!(raw(Nr::Getrusage, 0, BAD, 0), EFAULT);
    Ok(())
}

fn setrlimit(which: usize, cur: i32, max: i32) -> Result<usize> {
    raw(Nr::Setrlimit, which, address(&mut Rlimit { cur, max }), 0)
}

fn limits() -> Outcome {
    for which in 0..6 {
        let limit = sys::getrlimit(which)?;
        let stack = which as usize == STACK;
        equal!(
            (limit.cur, limit.max),
            (if stack { 8 << 20 } else { INFINITY }, INFINITY)
        );
    }
    let mut limit = Rlimit { cur: 2, max: 1 };
    fails!(raw(Nr::Setrlimit, 0, address(&mut limit), 0), EINVAL);
    fails!(
        raw(Nr::Setrlimit, 6, address(&mut Rlimit::default()), 0),
        EINVAL
    );
    fails!(raw(Nr::Getrlimit, 6, address(&mut limit), 0), EINVAL);
    fails!(
        raw(Nr::Getrlimit, usize::MAX, address(&mut limit), 0),
        EINVAL
    );
    fails!(raw(Nr::Getrlimit, 0, BAD, 0), EFAULT);
    fails!(raw(Nr::Setrlimit, 0, BAD, 0), EFAULT);
    setrlimit(4, 10, 20)?;
    setrlimit(4, 11, 21)?; // root may raise it
    Child::test(|| {
        sys::setuid(1000)?;
        let limit = sys::getrlimit(4)?;
        equal!((limit.cur, limit.max), (11, 21), "inherited");
        setrlimit(4, 21, 21)?;
        setrlimit(4, 0, 5)?;
        fails!(
            raw(Nr::Setrlimit, 4, address(&mut Rlimit { cur: 0, max: 6 }), 0),
            EPERM
        );
        fails!(sys::nice(-1), EPERM);
        Ok(())
    })?
    .pass()
}

fn file_size_limit() -> Outcome {
    let path = "/tmp/fsize";
    setrlimit(FSIZE, 1500, INFINITY)?;
    signal::set(SIGXFSZ, Action::Ignore)?;
    let fd = sys::creat(path, 0o600)?;
    equal!(sys::write(fd, &[1; 1000])?, 1000);
    equal!(sys::write(fd, &[1; 1000])?, 500, "up to the limit");
    fails!(sys::write(fd, &[1; 1]), EFBIG);
    equal!(sys::fstat(fd)?.size, 1500);
    // Below the limit it may be written again, and pipes have no limit.
    sys::lseek(fd, 0, sys::SEEK_SET)?;
    equal!(sys::write(fd, &[2; 1500])?, 1500);
    let (from, to) = sys::pipe()?;
    equal!(sys::write(to, &[0; 2000])?, 2000);
    sys::close(from)?;
    sys::close(to)?;
    signal::set(SIGXFSZ, Action::Default)?;
    equal!(death(|| _ = sys::write(fd, &[1; 1]))?, SIGXFSZ);
    sys::close(fd)?;
    sys::unlink(path)?;
    // Without a limit a file ends where its positions end: at 2^31-1.
    setrlimit(FSIZE, INFINITY, INFINITY)?;
    let fd = sys::open(path, sys::O_RDWR | sys::O_CREAT, 0o600)?;
    sys::lseek(fd, INFINITY, sys::SEEK_SET)?;
    fails!(sys::write(fd, b"x"), EFBIG);
    sys::close(fd)?;
    sys::unlink(path)?;
    Ok(())
}

fn heap_limit() -> Outcome {
    let end = sys::brk(0);
    let text = peep::me()?.end_code as usize;
    setrlimit(DATA, (end - text + 0x2000) as i32, INFINITY)?;
    equal!(sys::brk(end + 0x1000), end + 0x1000);
    equal!(sys::brk(end + 0x3000), end + 0x1000, "beyond the limit");
    setrlimit(DATA, INFINITY, INFINITY)?;
    equal!(sys::brk(end + 0x3000), end + 0x3000);
    equal!(sys::brk(end), end);
    Ok(())
}

/// Uses about `bytes` of the stack.
#[inline(never)]
fn deep(bytes: usize) -> u8 {
    let mut here = [0u8; 4000];
    core::hint::black_box(&mut here);
    if bytes > here.len() {
        deep(bytes - here.len()).wrapping_add(here[5])
    } else {
        here[7]
    }
}

fn stack_limit() -> Outcome {
    equal!(death(|| _ = deep(1 << 20))?, 0, "1 MB of stack");
    equal!(
        death(|| _ = deep(9 << 20))?,
        signal::SIGSEGV,
        "9 MB of stack"
    );
    let with = |limit: i32, bytes| {
        death(move || {
            let _ = setrlimit(STACK, limit, INFINITY);
            deep(bytes);
        })
    };
    equal!(with(256 << 10, 128 << 10)?, 0);
    equal!(with(256 << 10, 512 << 10)?, signal::SIGSEGV);
    Ok(())
}

fn processor_limit() -> Outcome {
    let with = |cur, max, ticks| {
        Child::run(move || {
            let _ = setrlimit(0, cur, max);
            i32::from(burn(ticks).is_err())
        })
    };
    equal!(with(2, 10, 120)?.wait()?.exit_code(), Some(0));
    equal!(with(1, 10, 400)?.wait()?.term_signal(), Some(SIGXCPU));
    equal!(with(1, 1, 400)?.wait()?.term_signal(), Some(SIGKILL));
    Ok(())
}

fn ulimits() -> Outcome {
    let ulimit = |cmd: usize, blocks: usize| raw(Nr::Ulimit, cmd, blocks, 0);
    equal!(ulimit(1, 0)?, INFINITY as usize / 512);
    equal!(ulimit(2, 3)?, 3);
    equal!(ulimit(1, 0)?, 3);
    let limit = sys::getrlimit(FSIZE as i32)?;
    equal!((limit.cur, limit.max), (1536, 1536));
    let end = ulimit(3, 0)?;
    check!(end > 0x300_0000 && end < 0x400_0000, "{end:#x}");
    equal!(ulimit(4, 0)?, 20);
    fails!(raw(Nr::Ulimit, 0, 0, 0), EINVAL);
    fails!(raw(Nr::Ulimit, 5, 0, 0), EINVAL);
    fails!(raw(Nr::Ulimit, 2, usize::MAX, 0), EINVAL);
    equal!(ulimit(2, 4)?, 4, "root raises it");
    Child::test(|| {
        sys::setuid(1000)?;
        fails!(raw(Nr::Ulimit, 2, 5, 0), EPERM);
        equal!(ulimit(2, 1)?, 1);
        Ok(())
    })?
    .pass()
}

/// brk gives back where the heap ends; what does not fit changes nothing.
fn heap() -> Outcome {
    let end = sys::brk(0);
    equal!(sys::brk(1), end, "below the data");
    equal!(sys::brk(0x3fff_f000), end, "in the stack");
    equal!(sys::brk(usize::MAX), end);
    equal!(sys::brk(end + 10_000), end + 10_000);
    // SAFETY: behind the heap that the allocator knows of.
    unsafe { area::poke(end + 9_999, 5) };
    equal!(area::peek(end + 9_999), 5);
    equal!(sys::brk(end), end);
    Ok(())
}
