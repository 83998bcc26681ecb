//! System calls: numbers, errors, and what the small ones give.

#![no_std]
#![no_main]
use core::arch::asm;
use guest::child::ticks_now;
use guest::prelude::*;

cases! {
    "calls";
    unknown_numbers, not_implemented, registers_are_kept, times_and_clock, uname_and_hostname, ustat_tells,
    dup_and_fcntl, sleep_and_select, brk_moves, getppid_and_groups, lstat_and_symlink, setup_is_refused,
    reboot_is_guarded, segment_registers_in_calls, direction_flag
}

/// eax = number; the result.
fn raw(number: i32) -> i32 {
    let result: i32;
    // SAFETY: the numbers used here take no pointers, or do not exist.
    unsafe {
        asm!("int 0x80", inout("eax") number => result, in("ebx") 0, in("ecx") 0, in("edx") 0);
    }
    result
}

/// ENOSYS for everything that is no call, negative and huge numbers too.
fn unknown_numbers() -> Outcome {
    for number in [
        87,
        89,
        100,
        255,
        256,
        1000,
        65536,
        i32::MAX,
        -1,
        -100,
        i32::MIN,
    ] {
        equal!(raw(number), -Errno::ENOSYS.0, "call {number}");
    }
    Ok(())
}

/// Calls that 0.11 names but does not have.
fn not_implemented() -> Outcome {
    for number in [17, 31, 32, 44, 51, 52, 53, 56, 86] {
        equal!(raw(number), -Errno::ENOSYS.0, "call {number}");
    }
    Ok(())
}

/// Everything but eax is as before, of a call that fails and one that works.
fn registers_are_kept() -> Outcome {
    for number in [20, 87, 36] {
        let (ecx, edx, edi, esi, ebx): (u32, u32, u32, u32, u32);
        // SAFETY: getpid, nothing, sync, with known values in the registers; esi
        // and ebp are the compiler's own and are put back.
        unsafe {
            asm!("push esi", "mov esi, 0x77777777", "int 0x80", "mov eax, esi", "pop esi",
                inout("eax") number => esi, inout("ebx") 0x6666_6666 => ebx,
                inout("ecx") 0x3333_3333 => ecx, inout("edx") 0x4444_4444 => edx,
                inout("edi") 0x5555_5555 => edi);
        }
        let ebp: u32;
        // SAFETY: as above.
        unsafe {
            asm!("push ebp", "mov ebp, 0x22222222", "int 0x80", "mov eax, ebp", "pop ebp",
                inout("eax") number => ebp);
        }
        equal!(ebp, 0x2222_2222);
        equal!(
            (ebx, ecx, edx, esi, edi),
            (
                0x6666_6666,
                0x3333_3333,
                0x4444_4444,
                0x7777_7777,
                0x5555_5555
            ),
            "call {number}"
        );
    }
    Ok(())
}

/// time, times, stime, gettimeofday agree; the clock runs at 100 ticks a second.
fn times_and_clock() -> Outcome {
    let (time, ticks) = (sys::time(), ticks_now());
    check!(time > 1_600_000_000, "the clock says {time}");
    nap(200);
    let (seconds, passed) = (sys::time() - time, ticks_now() - ticks);
    check!((200..=215).contains(&passed), "{passed} ticks");
    check!((1..=3).contains(&seconds), "{seconds} seconds");
    let now = sys::gettimeofday()?;
    check!((now.sec - sys::time() as i32).abs() <= 1 && (0..1_000_000).contains(&now.usec));
    let child = Child::test(|| {
        sys::setuid(5)?;
        fails!(sys::stime(1), EPERM);
        Ok(())
    })?;
    child.pass()?;
    sys::stime(1_000_000)?;
    let set = sys::time();
    check!((1_000_000..=1_000_001).contains(&set), "{set}");
    sys::stime(time + 3)?;
    Ok(())
}

fn uname_and_hostname() -> Outcome {
    let name = sys::uname()?;
    check!(!abi::until_nul(&name.sysname).bytes().is_empty());
    check!(!abi::until_nul(&name.release).bytes().is_empty());
    let old = abi::until_nul(&name.nodename).bytes().to_vec();
    sys::sethostname(b"guest")?;
    equal!(abi::until_nul(&sys::uname()?.nodename).bytes(), b"guest");
    fails!(sys::sethostname(b"muchtoolong"), EINVAL);
    let child = Child::test(|| {
        sys::setuid(5)?;
        fails!(sys::sethostname(b"x"), EPERM);
        Ok(())
    })?;
    child.pass()?;
    sys::sethostname(&old)?;
    Ok(())
}

fn ustat_tells() -> Outcome {
    let device = sys::stat("/")?.dev;
    let before = sys::ustat(device)?;
    check!(before.tfree > 10 && before.tinode > 10, "{before:?}");
    let mut file = File::from_fd(sys::creat("/tmp/u", 0o600)?);
    file.write_all(&[1; 3000])?;
    let after = sys::ustat(device)?;
    equal!(
        (before.tfree - after.tfree, before.tinode - after.tinode),
        (3, 1)
    );
    drop(file);
    sys::unlink("/tmp/u")?;
    fails!(sys::ustat(0x7f7f), EINVAL);
    Ok(())
}

fn dup_and_fcntl() -> Outcome {
    let file = sys::open("/etc/passwd", rt::sys::O_RDWR, 0)?;
    let dup = sys::fcntl(file, rt::sys::F_DUPFD, 10)?;
    equal!(dup, 10);
    equal!(sys::fcntl(file, rt::sys::F_DUPFD, 10)?, 11);
    fails!(sys::fcntl(file, rt::sys::F_DUPFD, 20), EINVAL);
    sys::fcntl(dup, rt::sys::F_SETFD, 1)?;
    equal!(
        (
            sys::fcntl(dup, rt::sys::F_GETFD, 0)?,
            sys::fcntl(file, rt::sys::F_GETFD, 0)?
        ),
        (1, 0)
    );
    equal!(sys::fcntl(file, rt::sys::F_GETFL, 0)? & 3, rt::sys::O_RDWR);
    sys::fcntl(file, rt::sys::F_SETFL, rt::sys::O_APPEND)?;
    check!(
        sys::fcntl(dup, rt::sys::F_GETFL, 0)? & rt::sys::O_APPEND != 0,
        "one open file"
    );
    equal!(sys::dup2(file, 12)?, 12);
    equal!(
        sys::fcntl(12, rt::sys::F_GETFD, 0)?,
        0,
        "dup2 clears close-on-exec"
    );
    equal!(sys::dup2(file, file)?, file);
    fails!(sys::dup2(19, 3), EBADF);
    fails!(sys::fcntl(19, rt::sys::F_GETFD, 0), EBADF);
    fails!(sys::close(19), EBADF);
    fails!(sys::fcntl(file, 99, 0), EINVAL);
    Ok(())
}

fn sleep_and_select() -> Outcome {
    let start = ticks_now();
    equal!(rt::sys::sleep(1), 0);
    let passed = ticks_now() - start;
    check!((90..=115).contains(&passed), "{passed} ticks");
    let (from, to) = sys::pipe()?;
    let mut set: abi::FdSet = 1 << from;
    let mut time = abi::Timeval {
        sec: 0,
        usec: 200_000,
    };
    let start = ticks_now();
    equal!(
        sys::select(from + 1, Some(&mut set), None, None, Some(&mut time))?,
        0
    );
    let passed = ticks_now() - start;
    check!((18..=30).contains(&passed), "{passed} ticks");
    equal!(core::hint::black_box(set), 0);
    sys::write(to, b"x")?;
    let (mut set, mut out): (abi::FdSet, abi::FdSet) = (1 << from, 1 << to);
    equal!(
        sys::select(to.max(from) + 1, Some(&mut set), Some(&mut out), None, None)?,
        2
    );
    equal!(
        (core::hint::black_box(set), core::hint::black_box(out)),
        (1 << from, 1 << to)
    );
    // A descriptor that is not open.
    let mut bad: abi::FdSet = 1 << 18;
    fails!(
        sys::select(19, Some(&mut bad), None, None, Some(&mut time)),
        EBADF
    );
    // Woken in the middle.
    let writer = Child::run(|| {
        nap(10);
        i32::from(sys::write(to, b"y").is_err())
    })?;
    sys::read(from, &mut [0])?;
    let mut set: abi::FdSet = 1 << from;
    equal!(sys::select(from + 1, Some(&mut set), None, None, None)?, 1);
    writer.pass()
}

fn brk_moves() -> Outcome {
    let end = sys::brk(0);
    check!(end >= peep::me()?.end_data as usize);
    equal!(sys::brk(end + 100), end + 100);
    equal!(sys::brk(0), end + 100);
    equal!(sys::brk(end + 10_000_000), end + 10_000_000);
    equal!(sys::brk(end), end);
    Ok(())
}

fn getppid_and_groups() -> Outcome {
    let me = sys::getpid();
    let child = Child::test(|| {
        equal!(sys::getppid(), me);
        equal!(sys::getpgrp(), me, "the case's group");
        sys::setpgid(0, 0)?;
        equal!(sys::getpgrp(), sys::getpid());
        Ok(())
    })?;
    child.pass()
}

/// Symbolic links, where the file system has them; else ENOSYS.
fn lstat_and_symlink() -> Outcome {
    if let Err(error) = sys::symlink("/etc/passwd", "/tmp/sym") {
        check!(error == Errno::ENOSYS || error == Errno::EPERM, "{error:?}");
        return Ok(());
    }
    equal!(sys::readlink("/tmp/sym")?, b"/etc/passwd");
    equal!(sys::stat("/tmp/sym")?.ino, sys::stat("/etc/passwd")?.ino);
    equal!(sys::lstat("/tmp/sym")?.mode & 0o170000, 0o120000);
    fails!(sys::readlink("/etc/passwd"), EINVAL);
    // A link to itself ends.
    sys::symlink("/tmp/loop", "/tmp/loop")?;
    fails!(sys::stat("/tmp/loop"), ELOOP);
    sys::unlink("/tmp/loop")?;
    sys::unlink("/tmp/sym")?;
    Ok(())
}

/// `setup` is init's, once: whoever calls it later changes nothing.
fn setup_is_refused() -> Outcome {
    let result = raw(0);
    check!(result < 0, "setup gives {result}");
    sys::close(sys::open("/etc/passwd", 0, 0)?)?;
    Ok(())
}

/// reboot needs root and both magic numbers.
fn reboot_is_guarded() -> Outcome {
    let call = |a: usize, b: usize, c: usize| {
        // SAFETY: numbers only; none of these ends the machine.
        unsafe { rt::sys::call(Nr::Reboot, a, b, c) }
    };
    fails!(call(0, 672_274_793, 0x0123_4567), EINVAL);
    fails!(call(0xfee1_dead, 0, 0x0123_4567), EINVAL);
    fails!(call(0xfee1_dead, 672_274_793, 0x1111_1111), EINVAL);
    let child = Child::test(|| {
        sys::setuid(5)?;
        fails!(call(0xfee1_dead, 672_274_793, 0x0123_4567), EPERM);
        Ok(())
    })?;
    child.pass()
}

/// A program's own idea of ds, es, fs and gs does not confuse the kernel, and
/// is kept.
fn segment_registers_in_calls() -> Outcome {
    let (es, fs, pid): (u32, u32, i32);
    // SAFETY: null selectors are loaded and put back; no memory is used by them.
    unsafe {
        asm!("push es", "push fs", "xor ecx, ecx", "mov es, cx", "mov fs, cx", "mov eax, 20",
            "int 0x80", "mov ecx, es", "mov edx, fs", "pop fs", "pop es",
            out("eax") pid, out("ecx") es, out("edx") fs);
    }
    equal!(pid, sys::getpid());
    equal!((es & 0xffff, fs & 0xffff), (0, 0));
    // stat copies in and out with fs null.
    let path = c"/etc/passwd".as_ptr().expose_provenance();
    let result: i32;
    // SAFETY: stat into a page of the area, with fs null meanwhile.
    unsafe {
        asm!("push fs", "push ebx", "mov ebx, {0:e}", "mov fs, {1:x}", "int 0x80", "pop ebx", "pop fs",
            in(reg) path, in(reg) 0, inout("eax") 18 => result, in("ecx") area::address(0));
    }
    equal!(result, 0);
    Ok(())
}

/// The kernel clears the direction flag for itself and keeps the program's.
fn direction_flag() -> Outcome {
    let path = c"/etc/passwd".as_ptr().expose_provenance();
    let (result, flags): (i32, u32);
    // SAFETY: stat into a page of the area with the direction flag set.
    unsafe {
        asm!("push ebx", "mov ebx, {0:e}", "std", "int 0x80", "pushfd", "cld", "pop edx", "pop ebx",
            in(reg) path, inout("eax") 18 => result, in("ecx") area::address(1), out("edx") flags);
    }
    equal!(result, 0);
    equal!(flags & 0x400, 0x400);
    Ok(())
}
