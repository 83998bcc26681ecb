//! mix: a little of everything that the kernel does, for the trace that looks
//! for the longest time with interrupts off. Waits for a line on the serial
//! line, does it all, says so.

#![no_std]
#![no_main]

use measure::*;
use rt::prelude::*;
use rt::sys::{self, Nr};

rt::main!(main);

/// Processes, pages and pipes.
fn processes() {
    let argv = [path(c"/bench/tiny"), 0];
    let envp = [0usize];
    for _ in 0..2 {
        fork_and(|| ());
        fork_and(|| {
            call(
                Nr::Execve,
                argv[0],
                argv.as_ptr() as usize,
                envp.as_ptr() as usize,
            );
        });
    }
    let heap = grow(17 * PAGE).next_multiple_of(PAGE);
    (0..16).for_each(|page| touch(heap + page * PAGE));
    copy_on_write(heap);
    round_trip();
    let pid = call(Nr::Fork, 0, 0, 0);
    if pid == 0 {
        loop {
            sys::pause();
        }
    }
    call(Nr::Kill, pid as usize, rt::signal::SIGKILL as usize, 0);
    call(Nr::Waitpid, pid as usize, 0, 0);
}

/// Files and directories, written to the disk.
fn files() {
    let mut block = [7u8; 1024];
    let Ok(fd) = sys::open("/bench/file", 0o102, 0o644) else {
        return;
    };
    for _ in 0..24 {
        let _ = sys::write(fd, &block);
    }
    sys::sync();
    call(Nr::Lseek, fd as usize, 0, 0);
    while matches!(sys::read(fd, &mut block), Ok(1..)) {}
    let _ = sys::close(fd);
    call(Nr::Unlink, path(c"/bench/file"), 0, 0);
    call(Nr::Mkdir, path(c"/bench/dir"), 0o755, 0);
    call(Nr::Rmdir, path(c"/bench/dir"), 0, 0);
    sys::sync();
    // The hard disk and a floppy, with interrupts, and the list of tasks.
    for name in ["/dev/hd0", "/dev/fd0", "/dev/ps"] {
        if let Ok(fd) = sys::open(name, 0, 0) {
            let mut left = 32;
            while left > 0 && matches!(sys::read(fd, &mut block), Ok(1..)) {
                left -= 1;
            }
            let _ = sys::close(fd);
        }
    }
}

/// The screen: text, scrolling, sequences; then the serial line.
fn terminals(serial: i32) {
    if let Ok(screen) = sys::open("/dev/tty0", 2, 0) {
        for _ in 0..40 {
            let _ = sys::write(screen, b"a line that makes the screen scroll\n");
        }
        for text in [
            "\x1b[2J",
            "\x1b[1;1H\x1b[5L",
            "\x1b[3M",
            "\x1b[10@x\x1b[4P",
            "\x1b[7m!\x1b[m\x1bM\x1bM",
        ] {
            let _ = sys::write(screen, text.as_bytes());
        }
        let _ = sys::close(screen);
    }
    for _ in 0..4 {
        let _ = sys::write(
            serial,
            b"................................................................\n",
        );
    }
}

fn main(_: Args) -> i32 {
    let tty = sys::open("/dev/tty1", 2, 0).unwrap_or(1);
    let _ = sys::write(tty, b"##ready\n");
    let mut line = [0; 16];
    let _ = sys::read(tty, &mut line);
    processes();
    files();
    terminals(tty);
    // For keys that the host has pressed meanwhile, and the timer.
    for _ in 0..3 {
        call(Nr::Alarm, 1, 0, 0);
        let _ = rt::signal::set(rt::signal::SIGALRM, rt::signal::Action::Handler(ignore));
        sys::pause();
    }
    let _ = sys::write(tty, b"##done\n");
    loop {
        sys::pause();
    }
}

extern "C" fn ignore(_signal: i32) {}
