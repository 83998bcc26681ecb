//! selftest: does this machine run the system? The last entry of the boot menus
//! starts it in place of init.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rt::prelude::*;
use rt::signal::{Action, SIGALRM};
use rt::sys::O_RDWR;
use rt::sys::StrVec;

const USAGE: &str = "usage: selftest

Tries memory, processes, signals, clock, coprocessor (or what the kernel has in its
place), files and the first hard disk, which is only read, and says of each whether it works, on the screen and on the first serial
line. As process 1 it becomes a shell on the screen afterwards.";

/// Bytes of memory that are tried, and of a file.
const MEMORY: usize = 512 * 1024;
const FILE_SIZE: usize = 24 * 1024;
/// Ticks of the kernel's clock in a second.
const HZ: u32 = 100;

rt::main!(main);

/// What a check tells: more about its success, or why it failed.
type Outcome = core::result::Result<String, String>;

/// A check's name and its code.
type Check = (&'static str, fn() -> Outcome);

const CHECKS: &[Check] = &[
    ("memory", memory),
    ("copy on write", copy_on_write),
    ("pipes", pipes),
    ("programs", programs),
    ("clock and signals", clock),
    ("coprocessor", coprocessor),
    ("files", files),
    ("hard disk", hard_disk),
];

fn main(args: Args) -> i32 {
    while args.options("", USAGE).next().is_some() {}
    let screens = ["/dev/tty0", "/dev/tty1"].map(|name| File::open_with(name, O_RDWR, 0).ok());
    let say = |line: &str| {
        for screen in screens.iter().flatten() {
            // A line that nobody listens to is no failure.
            let _ = rt::io::write_all(screen.fd(), line.as_bytes());
        }
    };
    let mut failed = 0;
    for (name, check) in CHECKS {
        match check() {
            Ok(more) => say(&format!("self-test: {name}: ok{more}\n")),
            Err(why) => {
                failed += 1;
                say(&format!("self-test: {name}: FAILED: {why}\n"));
            }
        }
    }
    match failed {
        0 => say(&format!("self-test: all {} passed\n", CHECKS.len())),
        _ => say(&format!("self-test: {failed} of {} FAILED\n", CHECKS.len())),
    }
    if sys::getpid() == 1 {
        let [screen, _] = screens;
        return become_shell(screen);
    }
    (failed > 0) as i32
}

/// Task 1 must not end. Comes back only if there is no shell.
fn become_shell(screen: Option<File>) -> i32 {
    if let Some(screen) = screen {
        let fd = screen.into_fd();
        for standard in 0..3 {
            let _ = sys::dup2(fd, standard);
        }
    }
    let argv: StrVec = ["-/bin/sh"].iter().collect();
    let envp: StrVec = ["HOME=/usr/root", "PATH=/bin:/usr/bin"].iter().collect();
    let error = sys::execve("/bin/sh", &argv, &envp);
    complain!("/bin/sh: {error}");
    1
}

/// Numbers without a pattern, the same from the same seed.
fn fill(bytes: &mut [u8], mut seed: u32) {
    for byte in bytes {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (seed >> 24) as u8;
    }
}

/// Where bytes are not those of [`fill`].
fn first_wrong(bytes: &[u8], seed: u32) -> Option<usize> {
    let mut expected = vec![0; bytes.len()];
    fill(&mut expected, seed);
    (0..bytes.len()).find(|at| bytes[*at] != expected[*at])
}

fn text(error: Errno) -> String {
    error.to_string()
}

/// Writes and reads a piece of memory, page by page, with numbers and their
/// complement.
fn memory() -> Outcome {
    let mut bytes = vec![0u8; MEMORY];
    for (round, flip) in [0, 0xff].into_iter().enumerate() {
        for (nr, page) in bytes.chunks_mut(4096).enumerate() {
            fill(page, nr as u32);
            page.iter_mut().for_each(|byte| *byte ^= flip);
        }
        for (nr, page) in bytes.chunks_mut(4096).enumerate() {
            page.iter_mut().for_each(|byte| *byte ^= flip);
            if let Some(at) = first_wrong(page, nr as u32) {
                return Err(format!("byte {at} of page {nr}, round {round}"));
            }
        }
    }
    Ok(format!(", {} KB", MEMORY / 1024))
}

/// What a child does, and its exit code; it must not return.
fn in_child(child: impl FnOnce() -> i32) -> core::result::Result<i32, String> {
    match sys::fork().map_err(text)? {
        0 => sys::exit_now(child()),
        pid => Ok(sys::wait_for(pid).map_err(text)?.shell_code()),
    }
}

fn copy_on_write() -> Outcome {
    let mut page = vec![0u8; 8192];
    fill(&mut page, 1);
    let code = in_child(|| {
        let whole = first_wrong(&page, 1).is_none();
        fill(&mut page, 2);
        !(whole && first_wrong(&page, 2).is_none()) as i32
    })?;
    match (code, first_wrong(&page, 1)) {
        (0, None) => Ok(String::new()),
        (0, Some(at)) => Err(format!("the child changed the parent's byte {at}")),
        _ => Err("the child did not see what it wrote".into()),
    }
}

/// A child sends through a pipe more than it holds.
fn pipes() -> Outcome {
    let mut sent = vec![0u8; FILE_SIZE];
    fill(&mut sent, 3);
    let (from, to) = sys::pipe().map_err(text)?;
    let pid = sys::fork().map_err(text)?;
    if pid == 0 {
        let result = rt::io::write_all(to, &sent);
        sys::exit_now(result.is_err() as i32);
    }
    sys::close(to).map_err(text)?;
    let mut came = vec![0u8; FILE_SIZE];
    let length = File::from_fd(from).read_full(&mut came).map_err(text)?;
    sys::wait_for(pid).map_err(text)?;
    match first_wrong(&came, 3) {
        None if length == FILE_SIZE => Ok(String::new()),
        wrong => Err(format!("{length} bytes of {FILE_SIZE}, wrong at {wrong:?}")),
    }
}

/// Starts two programs, which are loaded from the root as they run.
fn programs() -> Outcome {
    for (path, expected) in [("/bin/true", 0), ("/bin/false", 1)] {
        let code = in_child(|| {
            let argv: StrVec = [path].iter().collect();
            sys::execve(path, &argv, &StrVec::new());
            127
        })?;
        if code != expected {
            return Err(format!("{path} ended with {code}"));
        }
    }
    Ok(String::new())
}

static ALARM: AtomicBool = AtomicBool::new(false);

extern "C" fn on_alarm(_: i32) {
    ALARM.store(true, Relaxed);
}

/// An alarm after a second, by the kernel's clock and by the calendar.
fn clock() -> Outcome {
    let ticks = || sys::times().map(|times| times.1).map_err(text);
    rt::signal::set(SIGALRM, Action::Handler(on_alarm)).map_err(text)?;
    let begin = ticks()?;
    let date = sys::time();
    sys::alarm(1);
    while !ALARM.load(Relaxed) && ticks()?.wrapping_sub(begin) < 5 * HZ {
        core::hint::spin_loop();
    }
    let passed = ticks()?.wrapping_sub(begin);
    let seconds = sys::time().wrapping_sub(date);
    if ALARM.load(Relaxed) && passed <= 2 * HZ && seconds <= 3 {
        Ok(String::new())
    } else {
        Err(format!(
            "the alarm of 1 s came after {passed} ticks, {seconds} s"
        ))
    }
}

/// The square root of 2, of the coprocessor or of the emulated one.
fn coprocessor() -> Outcome {
    let numbers = [2i32, 100_000_000];
    let mut root = 0i32;
    // SAFETY: reads the numbers, writes the root; nothing else here computes with it.
    unsafe {
        core::arch::asm!("fninit", "fild dword ptr [{0}]", "fsqrt", "fimul dword ptr [{0} + 4]",
            "fistp dword ptr [{1}]", "fwait", in(reg) &raw const numbers, in(reg) &raw mut root);
    }
    match core::hint::black_box(root) {
        141_421_356 => Ok(String::new()),
        wrong => Err(format!("100 000 000 times the square root of 2 is {wrong}")),
    }
}

/// Writes a file, reads it, removes it.
fn files() -> Outcome {
    const PATH: &str = "/tmp/selftest";
    let mut bytes = vec![0u8; FILE_SIZE];
    fill(&mut bytes, 4);
    let file = File::create(PATH).map_err(text)?;
    rt::io::write_all(file.fd(), &bytes).map_err(text)?;
    file.close().map_err(text)?;
    sys::sync();
    let mut again = vec![0u8; FILE_SIZE];
    let mut file = File::open(PATH).map_err(text)?;
    let length = file.read_full(&mut again).map_err(text)?;
    sys::unlink(PATH).map_err(text)?;
    match first_wrong(&again, 4) {
        None if length == FILE_SIZE => Ok(String::new()),
        wrong => Err(format!("{length} bytes of {FILE_SIZE}, wrong at {wrong:?}")),
    }
}

/// Reads the beginning of the first hard disk, if there is one.
fn hard_disk() -> Outcome {
    let mut bytes = vec![0u8; FILE_SIZE];
    let mut disk = match File::open("/dev/hd0") {
        Ok(disk) => disk,
        Err(_) => return Ok(", none".into()),
    };
    match disk.read_full(&mut bytes) {
        Ok(0) => Ok(", none".into()),
        Ok(length) if length == bytes.len() => Ok(format!(", {} KB read", length / 1024)),
        Ok(length) => Err(format!("only {length} bytes can be read")),
        // No drive at all.
        Err(Errno::ENXIO | Errno::ENODEV) => Ok(", none".into()),
        Err(error) => Err(text(error)),
    }
}
