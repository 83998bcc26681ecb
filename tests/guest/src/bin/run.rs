//! The runner: executes the test programs one after the other and tells the
//! host what came of them (see the crate's head for the lines it prints).
//!
//! The words `test=S1,fs,S7.fork_shares` on the kernel's command line, or
//! arguments of the same kind, choose rows, programs or single cases; without
//! them everything runs. After each program it asks the host to check the file
//! system on the RAM disk (`##fsck ADDRESS LENGTH`) and waits for a line; not
//! if the word `nofsck` or `bochs` is on the command line.
//!
//! It is task 1 with `init=/test/run`. Without `init=` the test image's /etc/rc
//! starts it, so that task 1 is the kernel's own. The host's lines come from
//! descriptor 1, because 0 is /etc/rc then.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};
use guest::prelude::*;
use rt::signal::{Action, SIGALRM, SIGKILL};
use rt::sys::StrVec;

rt::main!(main);

/// The programs, in the order in which they run.
const PROGRAMS: &[&str] = &[
    "s01",
    "s02",
    "s03",
    "s04",
    "s05",
    "s06",
    "s07",
    "s08",
    "s09",
    "s10",
    "s11",
    "s12",
    "s13",
    "s14",
    "s15",
    "s16",
    "s17",
    "s18",
    "s19",
    "s20",
    "s21",
    "s22",
    "s23",
    "s24",
    "oom",
    "wild",
    "faults",
    "files",
    "fifo",
    "dirs",
    "perms",
    "full",
    "devices",
    "damaged",
    "tty",
    "termios",
    "calls",
    "ids",
    "errata",
    "coprocessor",
    "math387",
    "calls_old",
    "calls_ids",
    "calls_time",
    "calls_signals",
    "calls_files",
    "calls_names",
    "calls_procs",
    "calls_ptrace",
    "calls_mount",
];

/// The argument with which /etc/rc starts the runner: nothing happens unless
/// the command line says `test=`.
const FROM_RC: &str = "--from-rc";

/// Seconds that a program may take.
const PROGRAM_LIMIT: u32 = 300;
/// Seconds that the host may take to check the file system.
const HOST_LIMIT: u32 = 120;

/// The program that runs, and whether its time is over.
static CHILD: AtomicI32 = AtomicI32::new(0);
static LATE: AtomicBool = AtomicBool::new(false);

extern "C" fn too_late(_: i32) {
    LATE.store(true, Relaxed);
    let child = CHILD.load(Relaxed);
    if child > 0 {
        let _ = sys::kill(child, SIGKILL);
    }
}

fn main(mut args: Args) -> i32 {
    if args.get(0).is_some_and(|arg| arg == FROM_RC) {
        args.next();
        if selection(args).is_empty() {
            return 0;
        }
    }
    if let Err(error) = peep::info() {
        println!("##fail run: /dev/peep: {error}; is the word peep on the command line?");
        println!("##done");
        return 1;
    }
    let _ = rt::signal::set(SIGALRM, Action::Handler(too_late));
    let mut failed = 0;
    let before = peep::info().map_or(0, |info| info.free_pages);
    note("boot_ticks", rt_ticks());
    note("free_pages_at_start", before);
    let wanted = selection(args);
    let fsck = !peep::flag("nofsck") && !peep::flag("bochs");
    for name in PROGRAMS {
        let Some(cases) = cases_of(name, &wanted) else {
            continue;
        };
        failed |= run_program(name, &cases);
        sys::sync();
        if fsck {
            failed |= ask_for_fsck(name);
        }
    }
    if let Ok(info) = peep::info() {
        note("free_pages_at_end", info.free_pages);
        note("deepest_kernel_stack", info.deepest_stack);
        note("kernel_stack_size", info.stack_size);
        note("ticks", info.jiffies);
    }
    println!("##done");
    let _ = rt::io::flush();
    sys::sync();
    // The last line must have left the serial chip before the machine ends.
    const TCSBRK: u32 = 0x5409;
    // SAFETY: the argument is a number: 1, wait only, send no break.
    let _ = unsafe { sys::ioctl(1, TCSBRK, 1) };
    let _ = peep::command(peep::PEEP_EXIT, failed as u32);
    // Still here: nothing that could end the emulator. Task 1 must not end.
    while sys::getpid() == 1 {
        sys::pause();
    }
    failed
}

fn note(key: &str, value: u32) {
    println!("##note {key} {value}");
}

fn rt_ticks() -> u32 {
    guest::child::ticks_now()
}

/// What is to be run: the arguments and the command line's `test=`.
fn selection(args: Args) -> Vec<String> {
    let mut words: Vec<u8> = vec![];
    for arg in args {
        words.extend_from_slice(arg.bytes());
        words.push(b',');
    }
    for word in peep::cmdline().unwrap_or_default().split(|b| *b == b' ') {
        if let Some(list) = word.strip_prefix(b"test=") {
            words.extend_from_slice(list);
            words.push(b',');
        }
    }
    words
        .split(|b| *b == b',')
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}

/// The cases of a program that are wanted (none: all); `None` if none is.
fn cases_of(program: &str, wanted: &[String]) -> Option<Vec<String>> {
    if wanted.is_empty() {
        return Some(vec![]);
    }
    let mut cases = vec![];
    let mut all = false;
    for word in wanted {
        let (row, case) = match word.split_once('.') {
            Some((row, case)) => (row, Some(case)),
            None => (word.as_str(), None),
        };
        if program_name(row) == program {
            match case {
                Some(case) => cases.push(case.to_string()),
                None => all = true,
            }
        }
    }
    match (all, cases.is_empty()) {
        (true, _) => Some(vec![]),
        (false, false) => Some(cases),
        (false, true) => None,
    }
}

/// `S7`, `s07` and `S07` are the program `s07`.
fn program_name(row: &str) -> String {
    let lower = row.to_ascii_lowercase();
    match lower.strip_prefix('s').map(str::as_bytes) {
        Some([digit @ b'0'..=b'9']) => format!("s0{}", *digit as char),
        _ => lower,
    }
}

/// Runs one program; 1 if it failed.
fn run_program(name: &str, cases: &[String]) -> i32 {
    let path = format!("/test/{name}");
    let child = match sys::fork() {
        Ok(0) => {
            let argv: StrVec = core::iter::once(&path).chain(cases).collect();
            let error = sys::execve(&path, &argv, &StrVec::new());
            println!("##case {name}.program");
            println!("##fail {name}.program: {path}: {error}");
            sys::exit(1)
        }
        Ok(child) => child,
        Err(error) => {
            println!("##case {name}.program");
            println!("##fail {name}.program: fork: {error}");
            return 1;
        }
    };
    CHILD.store(child, Relaxed);
    LATE.store(false, Relaxed);
    sys::alarm(PROGRAM_LIMIT);
    let code = reap_until(child);
    sys::alarm(0);
    CHILD.store(0, Relaxed);
    if !matches!(code, 0 | 1) || LATE.load(Relaxed) {
        println!("##case {name}.program");
        println!("##fail {name}.program: it ended with {code}");
        return 1;
    }
    code
}

/// Waits for a child, and as task 1 for every orphan that ends meanwhile.
fn reap_until(child: i32) -> i32 {
    loop {
        match sys::waitpid(-1, 0) {
            Ok((pid, status)) if pid == child => return status.shell_code(),
            Ok(_) | Err(Errno::EINTR) => {}
            Err(_) => return 255,
        }
    }
}

/// Has the host check the file system, which stays as it is meanwhile.
fn ask_for_fsck(name: &str) -> i32 {
    let Ok(info) = peep::info() else { return 1 };
    if info.ramdisk_len == 0 {
        return 0;
    }
    println!("##fsck {:#x} {}", info.ramdisk, info.ramdisk_len);
    let _ = rt::io::flush();
    LATE.store(false, Relaxed);
    sys::alarm(HOST_LIMIT);
    let mut byte = [0];
    while !LATE.load(Relaxed) {
        match sys::read(1, &mut byte) {
            Ok(1) if byte[0] == b'\n' => {
                sys::alarm(0);
                return 0;
            }
            Ok(1) | Err(Errno::EINTR) => {}
            _ => break,
        }
    }
    println!("##case {name}.fsck");
    println!("##fail {name}.fsck: the host did not answer");
    1
}
