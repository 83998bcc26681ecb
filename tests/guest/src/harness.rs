//! Running cases and reporting what came of them.

use core::fmt::Display;
use core::panic::Location;
use core::sync::atomic::{AtomicBool, AtomicI32, Ordering::Relaxed};

use rt::prelude::*;
use rt::signal::{self, Action, SIGALRM, SIGKILL};

use crate::peep;

/// Why a case failed.
#[derive(Debug)]
pub struct Failure(pub String);

/// What comes of a case.
pub type Outcome = core::result::Result<(), Failure>;

/// A case.
pub type Case = fn() -> Outcome;

/// A part that a program plays when a case executes it again.
pub type Role = fn(Args) -> i32;

impl From<Errno> for Failure {
    #[track_caller]
    fn from(error: Errno) -> Self {
        Failure(format!("line {}: {error:?}", Location::caller().line()))
    }
}

impl From<String> for Failure {
    #[track_caller]
    fn from(text: String) -> Self {
        Failure(format!("line {}: {text}", Location::caller().line()))
    }
}

/// Seconds that a case may take.
const CASE_LIMIT: u32 = 60;
/// Bytes of a failure's message that are reported.
const MESSAGE_MAX: usize = 600;

/// Fails the case unless the condition holds; further arguments are a message.
#[macro_export]
macro_rules! check {
    ($cond:expr) => {
        if !$cond {
            return Err($crate::harness::failure(line!(), stringify!($cond), &""));
        }
    };
    ($cond:expr, $($arg:tt)+) => {
        if !$cond {
            return Err($crate::harness::failure(
                line!(), stringify!($cond), &format_args!($($arg)+)));
        }
    };
}

/// Fails the case unless the two are equal; further arguments are a message.
#[macro_export]
macro_rules! equal {
    ($left:expr, $right:expr) => { $crate::equal!($left, $right, "") };
    ($left:expr, $right:expr, $($arg:tt)+) => {
        match (&$left, &$right) {
            (left, right) => if *left != *right {
                return Err($crate::harness::failure(
                    line!(),
                    stringify!($left),
                    &format_args!("is {left:?}, not {right:?} {}", format_args!($($arg)+)),
                ));
            }
        }
    };
}

/// Fails the case unless the call gives this error.
#[macro_export]
macro_rules! fails {
    ($call:expr, $error:ident) => {
        match $call {
            Err(Errno::$error) => {}
            other => {
                return Err($crate::harness::failure(
                    line!(),
                    stringify!($call),
                    &format_args!("gives {:?}, not {}", other, stringify!($error)),
                ));
            }
        }
    };
}

/// Makes the program's main function: the row's name, then the cases; `roles`
/// are functions that run instead when a case executes the program again with
/// `role:NAME` as its first argument.
#[macro_export]
macro_rules! cases {
    ($row:literal; $($name:ident),+ $(,)?) => { $crate::cases! { $row; roles; $($name),+ } };
    ($row:literal; roles $($role:ident),*; $($name:ident),+ $(,)?) => {
        rt::main!(main);
        fn main(args: rt::args::Args) -> i32 {
            $crate::harness::run(
                $row,
                &[$((stringify!($name), $name as $crate::harness::Case)),+],
                &[$((stringify!($role), $role as $crate::harness::Role)),*],
                args,
            )
        }
    };
}

/// For the macros.
#[doc(hidden)]
pub fn failure(line: u32, what: &str, message: &dyn Display) -> Failure {
    Failure(format!("line {line}: {what}: {message}"))
}

/// The child that runs a case, and whether its time is over.
static CHILD: AtomicI32 = AtomicI32::new(0);
static LATE: AtomicBool = AtomicBool::new(false);

extern "C" fn too_late(_: i32) {
    LATE.store(true, Relaxed);
    let _ = sys::kill(-CHILD.load(Relaxed), SIGKILL);
    let _ = sys::kill(CHILD.load(Relaxed), SIGKILL);
}

/// Runs the cases, all or those named in the arguments; the exit code is 1 if
/// one failed.
pub fn run(row: &str, cases: &[(&str, Case)], roles: &[(&str, Role)], mut args: Args) -> i32 {
    if let Some(role) = args
        .get(0)
        .and_then(|arg| arg.bytes().strip_prefix(b"role:"))
    {
        args.next();
        return match roles.iter().find(|(name, _)| name.as_bytes() == role) {
            Some((_, part)) => part(args),
            None => 127,
        };
    }
    let wanted: Vec<BStr> = args.collect();
    if signal::set(SIGALRM, Action::Handler(too_late)).is_err() {
        return 126;
    }
    warm_up();
    let mut failed = 0;
    for (name, case) in cases {
        if !wanted.is_empty() && !wanted.iter().any(|w| *w == *name) {
            continue;
        }
        println!("##case {row}.{name}");
        match run_case(*case) {
            Ok(()) => println!("##ok {row}.{name}"),
            Err(Failure(message)) => {
                failed = 1;
                println!("##fail {row}.{name}: {message}");
            }
        }
    }
    failed
}

/// Touches once what later cases use, so that it is not taken for a leak.
fn warm_up() {
    let _ = run_case(|| Err(Failure(format!("{:?}", peep::info()?.free_pages))));
    let _ = run_case(|| Ok(()));
}

/// Runs one case in a child and looks afterwards whether anything is missing.
fn run_case(case: Case) -> Outcome {
    let before = stock()?;
    let (from, to) = sys::pipe()?;
    let child = sys::fork()?;
    if child == 0 {
        let _ = sys::setpgid(0, 0);
        let _ = sys::close(from);
        play(case, to);
    }
    let _ = sys::setpgid(child, child);
    sys::close(to)?;
    CHILD.store(child, Relaxed);
    LATE.store(false, Relaxed);
    sys::alarm(CASE_LIMIT);
    let status = sys::wait_for(child);
    sys::alarm(0);
    let _ = sys::kill(-child, SIGKILL);
    // Memory that a case took and did not live to give back.
    let _ = peep::command(peep::PEEP_UNHOG, 0);
    let mut message = vec![0; MESSAGE_MAX];
    let length = sys::read(from, &mut message).unwrap_or(0);
    sys::close(from)?;
    let message: String = String::from_utf8_lossy(&message[..length]).replace('\n', " ");
    if LATE.load(Relaxed) {
        return Err(Failure(format!(
            "took longer than {CASE_LIMIT} s {message}"
        )));
    }
    match status?.shell_code() {
        0 => balance(before),
        1 => Err(Failure(message)),
        code => Err(Failure(format!("the case ended with {code}: {message}"))),
    }
}

/// The child's part: what it writes to descriptor 2 (panics) goes to the
/// parent, too.
fn play(case: Case, to: i32) -> ! {
    let _ = sys::dup2(to, 2);
    let _ = sys::close(to);
    let _ = signal::set(SIGALRM, Action::Default);
    match case() {
        Ok(()) => sys::exit_now(0),
        Err(Failure(mut message)) => {
            let _ = rt::io::flush();
            message.truncate(MESSAGE_MAX);
            let _ = sys::write(2, message.as_bytes());
            sys::exit_now(1)
        }
    }
}

/// What must be the same before and after a case: pages that are free or ours
/// or our father's, inodes, files, buffers, processes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Stock {
    pages: u32,
    inodes: u32,
    files: u32,
    buffers: u32,
    processes: u32,
}

fn stock() -> core::result::Result<Stock, Errno> {
    let info = peep::info()?;
    let father = sys::getppid();
    let mut pages = info.free_pages;
    let mut processes = 0;
    for task in peep::tasks() {
        processes += 1;
        if task.nr == info.current || task.pid == father {
            let tables = task.dir.iter().filter(|entry| *entry & 1 != 0).count();
            pages += task.pages + tables as u32;
        }
    }
    Ok(Stock {
        pages,
        inodes: info.inodes,
        files: info.files,
        buffers: info.buffers,
        processes,
    })
}

/// Waits a little until everything is back: orphans of the case are waited for
/// by init.
fn balance(before: Stock) -> Outcome {
    let mut now = stock()?;
    for _ in 0..100 {
        if now == before {
            return Ok(());
        }
        crate::child::nap(2);
        now = stock()?;
    }
    Err(Failure(format!(
        "something is left over: before {before:?}, after {now:?}"
    )))
}
