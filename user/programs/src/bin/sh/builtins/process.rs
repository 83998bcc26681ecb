//! Builtins about jobs, processes and signals.

use rt::prelude::*;
use rt::signal;

use super::misused;
use crate::jobs::State;
use crate::shell::Shell;

/// `jobs`
pub fn jobs(shell: &mut Shell, _: &[Vec<u8>]) -> i32 {
    shell.jobs.reap();
    for job in &shell.jobs.list {
        job.show();
    }
    shell.jobs.drop_finished();
    0
}

/// `fg` and `bg`
pub fn resume(shell: &mut Shell, args: &[Vec<u8>], foreground: bool) -> i32 {
    if !shell.jobs.control() {
        return misused(args, "there is no job control here");
    }
    shell.jobs.reap();
    let Some(index) = shell.jobs.find(args.get(1).map(|a| &a[..])) else {
        return misused(args, "there is no such job");
    };
    println!("{}", BStr(&shell.jobs.list[index].text));
    let _ = rt::io::flush();
    if let Err(e) = shell.jobs.resume(index, foreground) {
        complain!("{}: {e}", BStr(&args[0]));
        return 1;
    }
    if foreground {
        let status = shell.jobs.finish_foreground(index);
        shell.note_end(status);
        return shell.status;
    }
    0
}

/// `wait`: for one process or job, or for all.
pub fn wait(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let mut status = 0;
    if args.len() == 1 {
        for index in 0..shell.jobs.list.len() {
            match wait_one(shell, index) {
                Ok(_) => {}
                Err(code) => return code,
            }
        }
        shell.jobs.drop_finished();
        return 0;
    }
    for arg in &args[1..] {
        let Some(index) = shell.jobs.find(Some(arg)) else {
            status = 127;
            continue;
        };
        match wait_one(shell, index) {
            Ok(code) => status = code,
            Err(code) => return code,
        }
        shell.jobs.drop_finished();
    }
    status
}

/// Waits for a job: its exit code, or as an error that of an interrupted wait.
fn wait_one(shell: &mut Shell, index: usize) -> core::result::Result<i32, i32> {
    match shell.jobs.wait(index, true) {
        Ok(State::Done(status) | State::Stopped(status)) => Ok(status.shell_code()),
        Ok(State::Running) => Ok(0),
        Err(_) => {
            shell.check_signals();
            Err(130)
        }
    }
}

/// `kill`
pub fn kill(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    const USAGE: &str = "usage: kill [-signal] pid|%job ... (kill -l lists the signals)";
    let mut rest = &args[1..];
    let mut signal = signal::SIGTERM;
    match rest.first().map(|a| &a[..]) {
        None => return misused(args, USAGE),
        Some(b"-l") => {
            for (number, name) in signal::all() {
                println!("{number:2} {name}");
            }
            return 0;
        }
        Some(b"--") => rest = &rest[1..],
        Some([b'-', name @ ..]) => {
            let (name, used) = match (name, rest.get(1)) {
                (b"s", Some(next)) => (&next[..], 2),
                _ => (name, 1),
            };
            match signal::number(name) {
                Some(number) => signal = number,
                None => return misused(args, &format!("{}: no such signal", BStr(name))),
            }
            rest = &rest[used..];
        }
        Some(_) => {}
    }
    if rest.is_empty() {
        return misused(args, USAGE);
    }
    let mut status = 0;
    for arg in rest {
        if let Err(message) = kill_one(shell, arg, signal) {
            complain!("kill: {}: {message}", BStr(arg));
            status = 1;
        }
    }
    status
}

/// Sends a signal to a process, or to all processes of a job.
fn kill_one(shell: &mut Shell, arg: &[u8], signal: i32) -> core::result::Result<(), &'static str> {
    let text = |e: Errno| e.message();
    if arg.first() != Some(&b'%') {
        let pid = rt::num::parse_i32(arg).ok_or("a process id or %job is needed")?;
        return sys::kill(pid, signal).map_err(text);
    }
    let index = shell.jobs.find(Some(arg)).ok_or("there is no such job")?;
    let job = &shell.jobs.list[index];
    let target = if job.group != 0 {
        -job.group
    } else {
        job.last_pid()
    };
    let stopped = matches!(job.state(), State::Stopped(_));
    sys::kill(target, signal).map_err(text)?;
    if stopped && matches!(signal, signal::SIGTERM | signal::SIGHUP) {
        // It cannot die before it runs again.
        let _ = shell.jobs.resume(index, false);
    }
    Ok(())
}

/// `trap`
pub fn trap(shell: &mut Shell, args: &[Vec<u8>]) -> i32 {
    if args.len() == 1 {
        for (signal, text) in &shell.traps {
            let name = signal::name(*signal).unwrap_or("EXIT");
            println!("trap '{}' {name}", BStr(text));
        }
        return 0;
    }
    let reset = args[1] == b"-" || args.len() == 2;
    let names = if args.len() == 2 {
        &args[1..]
    } else {
        &args[2..]
    };
    for name in names {
        let number = match &name[..] {
            b"EXIT" => Some(0),
            name => signal::number(name),
        };
        let Some(number) = number else {
            return misused(args, &format!("{}: no such signal", BStr(name)));
        };
        let text = (!reset).then_some(&args[1][..]);
        shell.set_trap(number, text);
    }
    0
}

/// `times`: processor times of the shell and of its children.
pub fn times(_: &mut Shell, args: &[Vec<u8>]) -> i32 {
    let Ok((times, _)) = sys::times() else {
        return misused(args, "the kernel does not tell");
    };
    for (user, system) in [(times.utime, times.stime), (times.cutime, times.cstime)] {
        let show =
            |ticks: i32| format!("{}m{}.{:02}s", ticks / 6000, ticks / 100 % 60, ticks % 100);
        println!("{} {}", show(user), show(system));
    }
    0
}
