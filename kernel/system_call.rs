//! The table of system calls (0.11 `include/linux/sys.h`), and the one place
//! where a result becomes the number that a program sees.

use crate::arch::desc::{Stub, set_system_gate};
use crate::fs::buffer::sys_sync;
use crate::fs::exec::sys_execve;
use crate::fs::fcntl::{sys_dup, sys_dup2, sys_fcntl};
use crate::fs::ioctl::sys_ioctl;
use crate::fs::namei::{
    sys_link, sys_mkdir, sys_mknod, sys_rename, sys_rmdir, sys_symlink, sys_unlink,
};
use crate::fs::open::{
    sys_access, sys_chdir, sys_chmod, sys_chown, sys_chroot, sys_close, sys_creat, sys_open,
    sys_ustat, sys_utime,
};
use crate::fs::pipe::sys_pipe;
use crate::fs::read_write::{sys_lseek, sys_read, sys_write};
use crate::fs::select::sys_select;
use crate::fs::stat::{sys_fstat, sys_lstat, sys_readlink, sys_stat};
use crate::fs::super_block::{sys_mount, sys_umount};
use crate::kernel::blk_drv::hd::sys_setup;
use crate::kernel::errno::{ENOSYS, SysResult};
use crate::kernel::exit::{sys_exit, sys_kill, sys_waitpid};
use crate::kernel::fork::sys_fork;
use crate::kernel::ptrace::sys_ptrace;
use crate::kernel::sched::{
    sys_alarm, sys_getegid, sys_geteuid, sys_getgid, sys_getpid, sys_getppid, sys_getuid, sys_nice,
    sys_pause,
};
use crate::kernel::signal::{
    sys_sgetmask, sys_sigaction, sys_signal, sys_sigpending, sys_sigsuspend, sys_ssetmask,
};
use crate::kernel::sys::*;
use crate::kernel::task::current;
use crate::kernel::trace;
use crate::kernel::traps::TrapFrame;
use crate::kernel::types::UserAddr;

/// Numbers from 0 up to, not including, this one have a place in the table.
const NR_SYSCALLS: usize = 89;

/// What stands in the table: makes the call with the arguments in the frame,
/// which comes in a register, and returns what the program finds in eax.
type SysCall = extern "fastcall" fn(&mut TrapFrame) -> i32;

/// A result as a program sees it: a number of at least 0, or minus the error's.
/// The one place where that is decided.
#[inline(always)]
fn number(result: SysResult) -> i32 {
    match result {
        Ok(value) => value,
        Err(error) => -(error as i32),
    }
}

/// An element of the table.
macro_rules! call {
    (|$frame:tt| $call:expr) => {{
        extern "fastcall" fn entry($frame: &mut TrapFrame) -> i32 {
            number($call)
        }
        entry
    }};
}

/// A number without a call.
///
/// Erratum `misc-6`.
extern "fastcall" fn sys_ni(_frame: &mut TrapFrame) -> i32 {
    number(Err(ENOSYS))
}

fn addr(word: u32) -> UserAddr {
    UserAddr(word)
}

/// Up to three arguments arrive in ebx, ecx and edx; `ptrace` has a fourth, in
/// esi.
#[rustfmt::skip]
#[unsafe(no_mangle)]
static sys_call_table: [SysCall; NR_SYSCALLS] = [
    /*  0 */ call!(|_| sys_setup()),
    /*  1 */ call!(|f| sys_exit(f.ebx as i32)),
    /*  2 */ call!(|f| sys_fork(f)),
    /*  3 */ call!(|f| sys_read(f.ebx, addr(f.ecx), f.edx as i32)),
    /*  4 */ call!(|f| sys_write(f.ebx, addr(f.ecx), f.edx as i32)),
    /*  5 */ call!(|f| sys_open(addr(f.ebx), f.ecx, f.edx as u16)),
    /*  6 */ call!(|f| sys_close(f.ebx)),
    /*  7 */ call!(|f| sys_waitpid(f.ebx as i32, addr(f.ecx), f.edx)),
    /*  8 */ call!(|f| sys_creat(addr(f.ebx), f.ecx as u16)),
    /*  9 */ call!(|f| sys_link(addr(f.ebx), addr(f.ecx))),
    /* 10 */ call!(|f| sys_unlink(addr(f.ebx))),
    /* 11 */ call!(|f| sys_execve(f)),
    /* 12 */ call!(|f| sys_chdir(addr(f.ebx))),
    /* 13 */ call!(|f| sys_time(addr(f.ebx))),
    /* 14 */ call!(|f| sys_mknod(addr(f.ebx), f.ecx as u16, f.edx as u16)),
    /* 15 */ call!(|f| sys_chmod(addr(f.ebx), f.ecx as u16)),
    /* 16 */ call!(|f| sys_chown(addr(f.ebx), f.ecx as u16, f.edx as u16)),
    /* 17 */ call!(|_| sys_break()),
    /* 18 */ call!(|f| sys_stat(addr(f.ebx), addr(f.ecx))),
    /* 19 */ call!(|f| sys_lseek(f.ebx, f.ecx as i32, f.edx)),
    /* 20 */ call!(|_| sys_getpid()),
    /* 21 */ call!(|f| sys_mount(addr(f.ebx), addr(f.ecx), f.edx)),
    /* 22 */ call!(|f| sys_umount(addr(f.ebx))),
    /* 23 */ call!(|f| sys_setuid(f.ebx)),
    /* 24 */ call!(|_| sys_getuid()),
    /* 25 */ call!(|f| sys_stime(addr(f.ebx))),
    /* 26 */ call!(|f| sys_ptrace(f.ebx, f.ecx as i32, addr(f.edx), f.esi)),
    /* 27 */ call!(|f| sys_alarm(f.ebx as i32)),
    /* 28 */ call!(|f| sys_fstat(f.ebx, addr(f.ecx))),
    /* 29 */ call!(|_| sys_pause()),
    /* 30 */ call!(|f| sys_utime(addr(f.ebx), addr(f.ecx))),
    /* 31 */ call!(|_| sys_stty()),
    /* 32 */ call!(|_| sys_gtty()),
    /* 33 */ call!(|f| sys_access(addr(f.ebx), f.ecx as u16)),
    /* 34 */ call!(|f| sys_nice(f.ebx as i32)),
    /* 35 */ call!(|f| sys_ftime(addr(f.ebx))),
    /* 36 */ call!(|_| sys_sync()),
    /* 37 */ call!(|f| sys_kill(f.ebx as i32, f.ecx)),
    /* 38 */ call!(|f| sys_rename(addr(f.ebx), addr(f.ecx))),
    /* 39 */ call!(|f| sys_mkdir(addr(f.ebx), f.ecx as u16)),
    /* 40 */ call!(|f| sys_rmdir(addr(f.ebx))),
    /* 41 */ call!(|f| sys_dup(f.ebx)),
    /* 42 */ call!(|f| sys_pipe(addr(f.ebx))),
    /* 43 */ call!(|f| sys_times(addr(f.ebx))),
    /* 44 */ call!(|_| sys_prof()),
    /* 45 */ call!(|f| sys_brk(f.ebx)),
    /* 46 */ call!(|f| sys_setgid(f.ebx)),
    /* 47 */ call!(|_| sys_getgid()),
    /* 48 */ call!(|f| sys_signal(f.ebx, f.ecx, f.edx)),
    /* 49 */ call!(|_| sys_geteuid()),
    /* 50 */ call!(|_| sys_getegid()),
    /* 51 */ call!(|_| sys_acct()),
    /* 52 */ call!(|_| sys_phys()),
    /* 53 */ call!(|_| sys_lock()),
    /* 54 */ call!(|f| sys_ioctl(f.ebx, f.ecx, addr(f.edx))),
    /* 55 */ call!(|f| sys_fcntl(f.ebx, f.ecx, f.edx)),
    /* 56 */ call!(|_| sys_mpx()),
    /* 57 */ call!(|f| sys_setpgid(f.ebx as i32, f.ecx as i32)),
    /* 58 */ call!(|f| sys_ulimit(f.ebx, f.ecx as i32)),
    /* 59 */ call!(|f| sys_uname(addr(f.ebx))),
    /* 60 */ call!(|f| sys_umask(f.ebx)),
    /* 61 */ call!(|f| sys_chroot(addr(f.ebx))),
    /* 62 */ call!(|f| sys_ustat(f.ebx as u16, addr(f.ecx))),
    /* 63 */ call!(|f| sys_dup2(f.ebx, f.ecx)),
    /* 64 */ call!(|_| sys_getppid()),
    /* 65 */ call!(|_| sys_getpgrp()),
    /* 66 */ call!(|_| sys_setsid()),
    /* 67 */ call!(|f| sys_sigaction(f.ebx, addr(f.ecx), addr(f.edx))),
    /* 68 */ call!(|_| sys_sgetmask()),
    /* 69 */ call!(|f| sys_ssetmask(f.ebx)),
    /* 70 */ call!(|f| sys_setreuid(f.ebx, f.ecx)),
    /* 71 */ call!(|f| sys_setregid(f.ebx, f.ecx)),
    /* 72 */ call!(|f| sys_sigsuspend(f.edx)),
    /* 73 */ call!(|f| sys_sigpending(addr(f.ebx))),
    /* 74 */ call!(|f| sys_sethostname(addr(f.ebx), f.ecx as i32)),
    /* 75 */ call!(|f| sys_setrlimit(f.ebx, addr(f.ecx))),
    /* 76 */ call!(|f| sys_getrlimit(f.ebx, addr(f.ecx))),
    /* 77 */ call!(|f| sys_getrusage(f.ebx as i32, addr(f.ecx))),
    /* 78 */ call!(|f| sys_gettimeofday(addr(f.ebx), addr(f.ecx))),
    /* 79 */ call!(|f| sys_settimeofday(addr(f.ebx), addr(f.ecx))),
    /* 80 */ call!(|f| sys_getgroups(f.ebx as i32, addr(f.ecx))),
    /* 81 */ call!(|f| sys_setgroups(f.ebx as i32, addr(f.ecx))),
    /* 82 */ call!(|f| sys_select(addr(f.ebx))),
    /* 83 */ call!(|f| sys_symlink(addr(f.ebx), addr(f.ecx))),
    /* 84 */ call!(|f| sys_lstat(addr(f.ebx), addr(f.ecx))),
    /* 85 */ call!(|f| sys_readlink(addr(f.ebx), addr(f.ecx), f.edx as i32)),
    /* 86 uselib: no shared libraries here */ sys_ni,
    /* 87 */ sys_ni,
    /* 88 */ call!(|f| sys_reboot(f.ebx, f.ecx, f.edx)),
];

unsafe extern "C" {
    fn system_call();
    fn system_call_traced();
}

/// Opens the system call gate; its way leads past the recorder if calls are
/// traced, so that they cost nothing more if they are not.
pub fn set_call_gate(traced: bool) {
    let entry = if traced {
        system_call_traced as Stub
    } else {
        system_call
    };
    set_system_gate(0x80, entry);
}

/// Makes a system call and records it. Called by `system_call_traced`.
#[unsafe(no_mangle)]
extern "C" fn traced_call(frame: &mut TrapFrame) -> i32 {
    let call = frame.orig_eax;
    trace::enter_call(frame); // Traced: SysEnter, SysText.
    let result = match sys_call_table.get(call as usize) {
        Some(entry) => entry(frame),
        None => number(Err(ENOSYS)),
    };
    trace::leave_call(call, result); // Traced: SysExit.
    result
}

/// The call was interrupted before it had done anything, but no signal is left
/// to decide what follows: it begins again.
#[cold]
#[unsafe(no_mangle)]
extern "C" fn begin_call_again(frame: &mut TrapFrame) {
    if current().pending_signals() == 0 {
        const INT_LENGTH: u32 = 2;
        frame.eax = frame.orig_eax;
        frame.eip = frame.eip.wrapping_sub(INT_LENGTH);
    }
}
