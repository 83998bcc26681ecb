//! bench: what each operation costs, in instructions.
//!
//! It runs on any kernel with 0.11's binary interface: as `init=`, or installed
//! as `/bin/sh` where the kernel's own init starts it. Results go to the first
//! serial line, `/dev/tty1`, as `##bench KEY VALUE`.

#![no_std]
#![no_main]

use core::hint::black_box;
use measure::*;
use rt::prelude::*;
use rt::sys::{self, Nr};

rt::main!(main);

/// Pages of the program that only `page_in` touches.
const COLD_PAGES: usize = 32;
/// Filled, so that it is in the file, page by page.
static COLD: [u8; COLD_PAGES * PAGE] = [0x5a; COLD_PAGES * PAGE];

/// Process creation and memory.
fn processes(out: i32) {
    report(
        out,
        "getpid",
        least(
            20,
            || (),
            || {
                black_box(call(Nr::Getpid, 0, 0, 0));
            },
        ),
    );
    report(out, "fork_exit_wait", least(8, || (), || fork_and(|| ())));
    let argv = [path(c"/bench/tiny"), 0];
    let envp = [0usize];
    let exec = || {
        fork_and(|| {
            call(
                Nr::Execve,
                argv[0],
                argv.as_ptr() as usize,
                envp.as_ptr() as usize,
            );
        })
    };
    report(out, "fork_exec_exit_wait", least(8, || (), exec));
    let heap = grow(256 * 1024);
    (0..64).for_each(|page| touch(heap + page * PAGE));
    report(
        out,
        "fork_exit_wait_256k",
        least(8, || (), || fork_and(|| ())),
    );
    let more = grow(768 * 1024);
    (0..192).for_each(|page| touch(more + page * PAGE));
    report(
        out,
        "fork_exit_wait_1m",
        least(8, || (), || fork_and(|| ())),
    );
    let brk = call(Nr::Brk, 0, 0, 0) as usize;
    report(
        out,
        "brk",
        least(
            20,
            || (),
            || {
                black_box(call(Nr::Brk, brk, 0, 0));
            },
        ),
    );
    faults(out, heap);
}

/// Page faults on memory that has been touched, and that has not.
fn faults(out: i32, heap: usize) {
    let (copy, back) = copy_on_write(heap);
    report(out, "cow_copy", copy);
    report(out, "cow_sole_owner", back);
    report(out, "zero_fill", zero_fill());
}

/// Page-in of a page of this program's file that the cache holds.
fn page_in(out: i32, own_file: BStr) {
    let mut buffer = [0u8; 1024];
    if let Ok(fd) = sys::open(own_file, 0, 0) {
        while matches!(sys::read(fd, &mut buffer), Ok(n) if n > 0) {}
        let _ = sys::close(fd);
    }
    let cold = black_box(&COLD);
    let load = (1..COLD_PAGES).map(|page| {
        cost(|| {
            // SAFETY: inside the array.
            black_box(unsafe { (&raw const cold[page * PAGE]).read_volatile() });
        })
    });
    report(out, "page_in_cached", load.min().unwrap_or(0));
}

/// Pipes, in one process and between two.
fn pipes(out: i32) {
    let Ok((reader, writer)) = sys::pipe() else {
        return;
    };
    let mut byte = [0u8];
    let at = byte.as_mut_ptr() as usize;
    let own = || {
        call(Nr::Write, writer as usize, at, 1);
        call(Nr::Read, reader as usize, at, 1);
    };
    report(out, "pipe_self", least(12, || (), own));
    let _ = (sys::close(reader), sys::close(writer));
    report(out, "pipe_round_trip", round_trip());
    for size in [1, 64, 512, 1024, 4096] {
        let key = rt::alloc::format!("pipe_transfer_{size}");
        let (value, count) = transfer(size);
        report_of(out, &key, value, count);
    }
}

/// The cost of each of many writes of `size` bytes to a process that reads them
/// as they come, 4 KB at most at a time: writing, reading, and what switching
/// there is. And how many were counted.
fn transfer(size: usize) -> (u32, u32) {
    static mut BUFFER: [u8; PAGE] = [1; PAGE];
    let total: usize = if size < 64 { 16 * 1024 } else { 256 * 1024 };
    let count = total / size;
    let at = (&raw mut BUFFER) as usize;
    let mut best = u32::MAX;
    for _ in 0..3 {
        let Ok((reader, writer)) = sys::pipe() else {
            return (0, 1);
        };
        touch(at);
        let pid = call(Nr::Fork, 0, 0, 0);
        if pid == 0 {
            let _ = sys::close(reader);
            for _ in 0..count {
                call(Nr::Write, writer as usize, at, size);
            }
            call(Nr::Exit, 0, 0, 0);
        }
        let _ = sys::close(writer);
        touch(at);
        call(Nr::Read, reader as usize, at, size); // the child has begun
        let start = now();
        let mut got = size;
        while got < total {
            let n = call(Nr::Read, reader as usize, at, PAGE);
            if n <= 0 {
                break;
            }
            got += n as usize;
        }
        best = best.min(now() - start);
        call(Nr::Waitpid, pid as usize, 0, 0);
        let _ = sys::close(reader);
    }
    let count = count as u32 - 1;
    (best / count, count)
}

/// Reading and writing a cached file.
fn files(out: i32) {
    let mut buffer = [7u8; PAGE];
    let at = buffer.as_mut_ptr() as usize;
    let Ok(fd) = sys::open("/bench/file", 0o102, 0o644) else {
        return;
    };
    let fd = fd as usize;
    call(Nr::Write, fd, at, PAGE);
    let rewind = || {
        call(Nr::Lseek, fd, 0, 0);
    };
    let write = || {
        call(Nr::Write, fd, at, 1024);
    };
    report(out, "file_write_1k", least(12, rewind, write));
    for (key, size) in [
        ("file_read_1b", 1),
        ("file_read_1k", 1024),
        ("file_read_4k", PAGE),
    ] {
        let read = || {
            call(Nr::Read, fd, at, size);
        };
        report(out, key, least(12, rewind, read));
    }
    report(out, "lseek", least(12, || (), rewind));
    call(Nr::Close, fd, 0, 0);
    let create = |bytes: usize| {
        let fd = call(Nr::Creat, path(c"/bench/new"), 0o644, 0) as usize;
        if bytes > 0 {
            call(Nr::Write, fd, at, bytes);
        }
        call(Nr::Close, fd, 0, 0);
        call(Nr::Unlink, path(c"/bench/new"), 0, 0);
    };
    report(out, "creat_close_unlink", least(12, || (), || create(0)));
    report(out, "creat_4k_unlink", least(12, || (), || create(PAGE)));
    let directory = || {
        call(Nr::Mkdir, path(c"/bench/dir"), 0o755, 0);
        call(Nr::Rmdir, path(c"/bench/dir"), 0, 0);
    };
    report(out, "mkdir_rmdir", least(12, || (), directory));
}

/// Walking directories.
fn names(out: i32) {
    const DEEP: &core::ffi::CStr = c"/bench/a/b/c/d/e/f";
    let mut deep = rt::alloc::string::String::from("/bench");
    for part in ["a", "b", "c", "d", "e", "f"] {
        deep.push('/');
        deep.push_str(part);
        let _ = sys::mkdir(&deep, 0o755);
    }
    let _ = sys::mkdir("/bench/many", 0o755);
    for number in 0..139 {
        let name = rt::alloc::format!("/bench/many/f{number:03}");
        let _ = sys::link("/bench/tiny", &name);
    }
    let mut stat = [0u8; 64];
    let at = stat.as_mut_ptr() as usize;
    let look = |path: usize| {
        least(
            12,
            || (),
            || {
                call(Nr::Stat, path, at, 0);
            },
        )
    };
    report(out, "stat_root", look(path(c"/")));
    report(out, "stat_7_deep", look(path(DEEP)));
    report(
        out,
        "stat_missing_in_141",
        look(path(c"/bench/many/missing")),
    );
    let open = |path: usize| {
        least(
            12,
            || (),
            || {
                let fd = call(Nr::Open, path, 0, 0) as usize;
                call(Nr::Close, fd, 0, 0);
            },
        )
    };
    report(out, "open_close_7_deep", open(path(DEEP)));
    report(out, "open_close_tiny", open(path(c"/bench/tiny")));
}

extern "C" fn ignore(_signal: i32) {}

/// Signals.
fn signals(out: i32) {
    let set = || {
        let _ = rt::signal::set(rt::signal::SIGUSR1, rt::signal::Action::Handler(ignore));
    };
    report(out, "sigaction", least(12, || (), set));
    let pid = call(Nr::Getpid, 0, 0, 0) as usize;
    let send = || {
        call(Nr::Kill, pid, rt::signal::SIGUSR1 as usize, 0);
    };
    report(out, "signal_self", least(12, || (), send));
}

fn main(args: Args) -> i32 {
    let own_file = args.name();
    let out = sys::open("/dev/tty1", 2, 0).unwrap_or(1);
    report(out, "empty", least(8, || (), || ()));
    page_in(out, own_file);
    processes(out);
    pipes(out);
    files(out);
    names(out);
    signals(out);
    let _ = sys::write(out, b"##done\n");
    sys::sync();
    loop {
        sys::pause();
    }
}
