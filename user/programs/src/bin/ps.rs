//! ps: the tasks of the system.

#![no_std]
#![no_main]

use rt::prelude::*;
use rt::tasks::{self, Task};

const USAGE: &str = "usage: ps [-l]

Lists all processes: id, terminal, state, processor time, pages of memory,
name. States: R runs or could, S sleeps, D sleeps undisturbed, T is stopped,
Z has ended and was not waited for.
  -l  also father, group, session, user, priority, rest of the time slice";

rt::main!(main);

fn main(args: Args) -> i32 {
    let mut options = args.options("laxuef", USAGE);
    let mut long = false;
    while let Some((letter, _)) = options.next() {
        long |= matches!(letter, b'l' | b'f');
    }
    let tasks = match tasks::list() {
        Ok(tasks) => tasks,
        Err(e) => {
            complain!("/dev/ps: {e}");
            return 1;
        }
    };
    if long {
        println!("  PID  PPID  PGRP   SID  UID TTY  S PRI CNT    TIME PAGES NAME");
    } else {
        println!("  PID TTY  S    TIME PAGES NAME");
    }
    for task in &tasks {
        show(task, long);
    }
    0
}

fn show(task: &Task, long: bool) {
    print!("{:5} ", task.pid);
    if long {
        print!(
            "{:5} {:5} {:5} {:4} ",
            task.ppid, task.pgrp, task.sid, task.uid
        );
    }
    if task.tty < 0 {
        print!("-    ");
    } else {
        print!("tty{:<2}", task.tty);
    }
    print!("{} ", task.state);
    if long {
        print!("{:3} {:3} ", task.priority, task.counter);
    }
    let ticks = task.utime + task.stime;
    println!(
        "{:2}:{:02}.{:02} {:5} {}",
        ticks / 6000,
        ticks / 100 % 60,
        ticks % 100,
        task.pages,
        task.name
    );
}
