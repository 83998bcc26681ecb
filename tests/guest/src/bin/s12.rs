//! S12: the kernel unshares a page before it writes to it for a process: what
//! read(), stat(), pipe(), wait() ... bring never reaches the sibling, also
//! where the first touch of a data page is read(), and where another task comes
//! to share the page while the call sleeps.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::sys::call;
use signal::{Action, SIGUSR1};

cases! {
    "S12"; roles keep, first, slow;
    calls_by_child, calls_by_parent, across_pages, interrupted_stack, sleeping_read,
    first_touch_is_read, shared_while_asleep, parent_forks_text
}

const PATTERN: u8 = 0xc3;

/// A call that writes at the address it is given.
struct Call {
    name: &'static str,
    run: fn(usize) -> rt::Result<usize>,
}

/// Opens `path`, runs `number` on it with the address and an argument.
fn on_file(path: &str, number: Nr, address: usize, argument: usize) -> rt::Result<usize> {
    let fd = sys::open(path, sys::O_RDONLY, 0)?;
    // SAFETY: the callers pass a page of the area.
    let result = unsafe { call(number, fd as usize, address, argument) };
    sys::close(fd)?;
    result
}

/// A call with three numbers, one of them an address in the area.
fn plain(number: Nr, a: usize, b: usize, c: usize) -> rt::Result<usize> {
    // SAFETY: the callers pass a page of the area.
    unsafe { call(number, a, b, c) }
}

fn from_pipe(address: usize) -> rt::Result<usize> {
    let (from, to) = sys::pipe()?;
    sys::write(to, b"through a pipe")?;
    let result = plain(Nr::Read, from as usize, address, 14);
    sys::close(from)?;
    sys::close(to)?;
    result
}

fn waited(address: usize) -> rt::Result<usize> {
    let child = sys::fork()?;
    if child == 0 {
        sys::exit_now(9);
    }
    plain(Nr::Waitpid, child as usize, address, 0)
}

fn piped(address: usize) -> rt::Result<usize> {
    plain(Nr::Pipe, address, 0, 0)?;
    for index in 0..2 {
        // SAFETY: two words in the area that the kernel has just written.
        let fd = unsafe {
            core::ptr::with_exposed_provenance::<i32>(address)
                .add(index)
                .read_volatile()
        };
        sys::close(fd)?;
    }
    Ok(0)
}

fn selected(address: usize) -> rt::Result<usize> {
    let (from, to) = sys::pipe()?;
    let word = core::ptr::with_exposed_provenance_mut::<u32>(address);
    // The caller's own first write to the page must not be what unshares it:
    // the pattern names descriptors that are not open, so take them as they are.
    let time = [0i32, 0];
    let block = [
        from as usize + 1,
        address,
        0,
        0,
        (&raw const time).expose_provenance(),
    ];
    let _ = word;
    let result = plain(Nr::Select, (&raw const block).expose_provenance(), 0, 0);
    sys::close(from)?;
    sys::close(to)?;
    result
}

/// Each writes something else than the pattern.
const CALLS: &[Call] = &[
    Call {
        name: "read of a file",
        run: |a| on_file("/etc/passwd", Nr::Read, a, 20),
    },
    Call {
        name: "read of a directory",
        run: |a| on_file("/", Nr::Read, a, 64),
    },
    Call {
        name: "read of /dev/zero",
        run: |a| on_file("/dev/zero", Nr::Read, a, 4096),
    },
    Call {
        name: "read of /dev/ps",
        run: |a| on_file("/dev/ps", Nr::Read, a, 40),
    },
    Call {
        name: "read of /dev/mem",
        run: |a| on_file("/dev/mem", Nr::Read, a, 64),
    },
    Call {
        name: "read of /dev/ram",
        run: |a| on_file("/dev/ram", Nr::Read, a, 2048),
    },
    Call {
        name: "read of a pipe",
        run: from_pipe,
    },
    Call {
        name: "stat",
        run: |a| plain(Nr::Stat, c"/etc/rc".as_ptr().expose_provenance(), a, 0),
    },
    Call {
        name: "fstat",
        run: |a| on_file("/etc/rc", Nr::Fstat, a, 0),
    },
    Call {
        name: "pipe",
        run: piped,
    },
    Call {
        name: "waitpid",
        run: waited,
    },
    Call {
        name: "time",
        run: |a| plain(Nr::Time, a, 0, 0),
    },
    Call {
        name: "times",
        run: |a| plain(Nr::Times, a, 0, 0),
    },
    Call {
        name: "uname",
        run: |a| plain(Nr::Uname, a, 0, 0),
    },
    Call {
        name: "ustat",
        run: |a| plain(Nr::Ustat, 0x101, a, 0),
    },
    Call {
        name: "sigaction",
        run: |a| plain(Nr::Sigaction, SIGUSR1 as usize, 0, a),
    },
    Call {
        name: "sigpending",
        run: |a| plain(Nr::Sigpending, a, 0, 0),
    },
    Call {
        name: "ioctl TCGETS",
        run: |a| plain(Nr::Ioctl, 0, abi::TCGETS as usize, a),
    },
    Call {
        name: "ioctl TIOCINQ",
        run: |a| plain(Nr::Ioctl, 0, abi::TIOCINQ as usize, a),
    },
    Call {
        name: "gettimeofday",
        run: |a| plain(Nr::Gettimeofday, a, 0, 0),
    },
    Call {
        name: "getrlimit",
        run: |a| plain(Nr::Getrlimit, 0, a, 0),
    },
    Call {
        name: "getrusage",
        run: |a| plain(Nr::Getrusage, 0, a, 0),
    },
    Call {
        name: "select",
        run: selected,
    },
];

/// Runs the call on a shared page of this process and looks at what it did to
/// this process's own copy.
fn run_shared(item: &Call, page: usize) -> Outcome {
    let before = peep::me()?.entry(area::address(page)) & !0xfff;
    equal!(peep::count(before)?, 2, "{}: the page is shared", item.name);
    // Not at the page's start: the whole page must have been copied.
    if let Err(error) = (item.run)(area::address(page) + 128) {
        return Err(Failure(format!("{}: {error:?}", item.name)));
    }
    check!(
        !area::is_filled(page, PATTERN),
        "{}: nothing has arrived",
        item.name
    );
    check!(
        (0..128).all(|at| area::get(page, at) == PATTERN),
        "{}: the rest",
        item.name
    );
    let after = peep::me()?.entry(area::address(page));
    check!(
        after & !0xfff != before,
        "{}: the sibling's page was written",
        item.name
    );
    equal!(
        after & (peep::W | peep::D),
        peep::W | peep::D,
        "{}",
        item.name
    );
    equal!(peep::count(before)?, 1, "{}: the sibling's page", item.name);
    Ok(())
}

/// The child calls, the parent's page stays as it is.
fn calls_by_child() -> Outcome {
    for item in CALLS {
        area::fill(0, PATTERN);
        let entry = peep::me()?.entry(area::address(0)) & !0xfff;
        Child::test(|| run_shared(item, 0))?.pass()?;
        check!(
            area::is_filled(0, PATTERN),
            "{}: the parent's page has changed",
            item.name
        );
        equal!(peep::me()?.entry(area::address(0)) & !0xfff, entry);
    }
    Ok(())
}

/// The parent calls, the child's page stays as it is.
fn calls_by_parent() -> Outcome {
    for item in CALLS {
        area::fill(0, PATTERN);
        let (ready, go) = (Gate::new()?, Gate::new()?);
        let child = Child::test(|| {
            ready.open();
            go.wait()?;
            check!(
                area::is_filled(0, PATTERN),
                "{}: the child's page has changed",
                item.name
            );
            Ok(())
        })?;
        ready.wait()?;
        run_shared(item, 0)?;
        go.open();
        child.pass()?;
        ready.close();
        go.close();
    }
    Ok(())
}

/// One read that begins in one shared page and ends in the third.
fn across_pages() -> Outcome {
    (0..3).for_each(|page| area::fill(page, PATTERN));
    let child = Child::test(|| {
        let read = on_file("/dev/zero", Nr::Read, area::address(0) + 4000, 4096 + 196)?;
        equal!(read, 4096 + 196);
        check!(area::get(0, 3999) == PATTERN && area::get(0, 4000) == 0);
        check!(area::is_filled(1, 0));
        check!(area::get(2, 99) == 0 && area::get(2, 100) == PATTERN);
        Ok(())
    })?;
    child.pass()?;
    check!(
        (0..3).all(|page| area::is_filled(page, PATTERN)),
        "the parent's pages"
    );
    Ok(())
}

extern "C" fn handler(_: i32) {}

/// The frame of a signal on a stack page that is shared.
fn interrupted_stack() -> Outcome {
    signal::set(SIGUSR1, Action::Handler(handler))?;
    let marks = core::hint::black_box([PATTERN; 64]);
    let child = sys::fork()?;
    if child == 0 {
        let _ = sys::kill(sys::getpid(), SIGUSR1);
        sys::exit_now(i32::from(core::hint::black_box(marks) != [PATTERN; 64]));
    }
    equal!(sys::wait_for(child)?.shell_code(), 0);
    equal!(core::hint::black_box(marks), [PATTERN; 64]);
    Ok(())
}

/// A read that sleeps: the page becomes shared only after it has gone to sleep,
/// because the pipe's other end forks... it cannot fork us, so a sibling does:
/// the child sleeps in read() while the parent, who shares the page, looks on.
fn sleeping_read() -> Outcome {
    area::fill(0, PATTERN);
    let (from, to) = sys::pipe()?;
    let child = Child::test(|| {
        equal!(plain(Nr::Read, from as usize, area::address(0), 5)?, 5);
        equal!(area::get(0, 0), b'h');
        equal!(area::get(0, 5), PATTERN);
        Ok(())
    })?;
    let asleep = guest::child::until(300, || peep::find(child.pid).is_ok_and(|t| t.state == 1));
    check!(asleep, "the child does not sleep");
    let second = sleeper()?; // a third process that shares the page
    sys::write(to, b"hello")?;
    child.pass()?;
    check!(area::is_filled(0, PATTERN), "the parent's page has changed");
    second.0.open();
    second.1.pass()?;
    Ok(())
}

/// Two pages of initialised data, which come from the file.
#[repr(C, align(4096))]
struct Data([u8; 8192]);

static mut DATA: Data = Data([0x5a; 8192]);

fn data_address() -> usize {
    (&raw mut DATA).expose_provenance()
}

fn data_is_untouched() -> bool {
    (0..8192).all(|offset| area::peek(data_address() + offset) == 0x5a)
}

/// The role: looks at its data, waits, looks again.
fn keep(mut args: Args) -> i32 {
    let (ready, go) = (Gate::from_args(&mut args), Gate::from_args(&mut args));
    let before = data_is_untouched();
    ready.open();
    let _ = go.wait();
    match (before, data_is_untouched()) {
        (true, true) => 0,
        (false, _) => 21,
        (true, false) => 22,
    }
}

/// The role: its very first touch of the data is a read() into it.
fn first(mut args: Args) -> i32 {
    let pipe = Gate::from_args(&mut args);
    let fds = pipe.args();
    let from = fds[0].parse::<usize>().unwrap_or(99);
    if plain(Nr::Read, from, data_address() + 10, 5) != Ok(5) {
        return 31;
    }
    let text: Vec<u8> = (0..5)
        .map(|at| area::peek(data_address() + 10 + at))
        .collect();
    i32::from(text != b"BBBBB" || area::peek(data_address()) != 0x5a)
}

/// The role: touches its data, says so, then reads into it and sleeps in that.
fn slow(mut args: Args) -> i32 {
    let (ready, pipe) = (Gate::from_args(&mut args), Gate::from_args(&mut args));
    let from = pipe.args()[0].parse::<usize>().unwrap_or(99);
    if !data_is_untouched() {
        return 41;
    }
    ready.open();
    if plain(Nr::Read, from, data_address(), 5) != Ok(5) {
        return 42;
    }
    i32::from(area::peek(data_address()) != b'B')
}

/// Starts this program in a role with two gates.
fn start(role: &str, one: &Gate, two: &Gate) -> rt::Result<Child> {
    let ([a, b], [c, d]) = (one.args(), two.args());
    Child::exec("/test/s12", &[role, &a, &b, &c, &d])
}

/// A second instance of a program reads into a data page that it has never
/// touched and that the first instance has clean.
fn first_touch_is_read() -> Outcome {
    let (ready, go, pipe) = (Gate::new()?, Gate::new()?, Gate::new()?);
    let keeper = start("role:keep", &ready, &go)?;
    ready.wait()?;
    let task = peep::find(keeper.pid)?;
    let entry = task.entry(data_address());
    equal!(
        entry & (peep::P | peep::D),
        peep::P,
        "the first instance's page is clean"
    );
    let shared = peep::info()?.shared;
    let reader = start("role:first", &pipe, &go)?;
    let to = pipe.args()[1].parse::<i32>().unwrap_or(99);
    sys::write(to, b"BBBBB")?;
    reader.pass()?;
    check!(
        peep::info()?.shared > shared,
        "nothing was shared: the test shows nothing"
    );
    equal!(
        task.entry(data_address()) & (!0xfff | peep::D),
        entry & !0xfff
    );
    go.open();
    keeper.pass()
}

/// A page that another instance comes to share while its owner sleeps in a
/// read() into it.
fn shared_while_asleep() -> Outcome {
    let (ready, go, pipe) = (Gate::new()?, Gate::new()?, Gate::new()?);
    let reader = start("role:slow", &ready, &pipe)?;
    ready.wait()?;
    let asleep = guest::child::until(300, || peep::find(reader.pid).is_ok_and(|t| t.state == 1));
    check!(asleep, "the reader does not sleep");
    let keeper = start("role:keep", &ready, &go)?;
    ready.wait()?;
    let (a, b) = (peep::find(reader.pid)?, peep::find(keeper.pid)?);
    equal!(
        a.entry(data_address()) & !0xfff,
        b.entry(data_address()) & !0xfff,
        "the two share the page"
    );
    sys::write(pipe.args()[1].parse::<i32>().unwrap_or(99), b"BBBBB")?;
    reader.pass()?;
    go.open();
    keeper.pass()
}

/// read() into the text, which is shared with everyone who runs the program.
fn parent_forks_text() -> Outcome {
    let page = (parent_forks_text as *const ()).addr() & !0xfff;
    let before = area::peek(page);
    let child = Child::test(|| {
        let me = peep::me()?;
        let old = me.entry(page) & !0xfff;
        check!(peep::count(old)? >= 2, "the text is not shared");
        let (from, to) = sys::pipe()?;
        sys::write(to, &[before])?;
        equal!(plain(Nr::Read, from as usize, page, 1)?, 1);
        let new = me.entry(page);
        check!(new & !0xfff != old, "the text was written in place");
        equal!(new & peep::D, peep::D, "a copied page is dirty");
        Ok(())
    })?;
    child.pass()
}
