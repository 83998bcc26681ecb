//! The table of system calls (0.11 `include/linux/sys.h`), and the one place
//! where a result becomes the number that a program sees.

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
use crate::kernel::errno::{ENOSYS, ERESTARTNOHAND, ERESTARTSYS, SysResult};
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
use crate::kernel::traps::TrapFrame;
use crate::kernel::types::UserAddr;
use crate::fs::buffer::sys_sync;

/// Numbers from 0 up to, not including, this one have a place in the table.
const NR_SYSCALLS: usize = 89;

type SysCall = fn(&mut TrapFrame) -> SysResult;

/// A number without a call.
fn sys_ni(_frame: &mut TrapFrame) -> SysResult {
    Err(ENOSYS)
}

fn addr(word: u32) -> UserAddr {
    UserAddr(word)
}

/// Up to three arguments arrive in ebx, ecx and edx; `ptrace` has a fourth, in
/// esi.
#[rustfmt::skip]
static SYS_CALL_TABLE: [SysCall; NR_SYSCALLS] = [
    /*  0 */ |_| sys_setup(),
    /*  1 */ |f| sys_exit(f.ebx as i32),
    /*  2 */ |f| sys_fork(f),
    /*  3 */ |f| sys_read(f.ebx, addr(f.ecx), f.edx as i32),
    /*  4 */ |f| sys_write(f.ebx, addr(f.ecx), f.edx as i32),
    /*  5 */ |f| sys_open(addr(f.ebx), f.ecx, f.edx as u16),
    /*  6 */ |f| sys_close(f.ebx),
    /*  7 */ |f| sys_waitpid(f.ebx as i32, addr(f.ecx), f.edx),
    /*  8 */ |f| sys_creat(addr(f.ebx), f.ecx as u16),
    /*  9 */ |f| sys_link(addr(f.ebx), addr(f.ecx)),
    /* 10 */ |f| sys_unlink(addr(f.ebx)),
    /* 11 */ |f| sys_execve(f),
    /* 12 */ |f| sys_chdir(addr(f.ebx)),
    /* 13 */ |f| sys_time(addr(f.ebx)),
    /* 14 */ |f| sys_mknod(addr(f.ebx), f.ecx as u16, f.edx as u16),
    /* 15 */ |f| sys_chmod(addr(f.ebx), f.ecx as u16),
    /* 16 */ |f| sys_chown(addr(f.ebx), f.ecx as u16, f.edx as u16),
    /* 17 */ |_| sys_break(),
    /* 18 */ |f| sys_stat(addr(f.ebx), addr(f.ecx)),
    /* 19 */ |f| sys_lseek(f.ebx, f.ecx as i32, f.edx),
    /* 20 */ |_| sys_getpid(),
    /* 21 */ |f| sys_mount(addr(f.ebx), addr(f.ecx), f.edx),
    /* 22 */ |f| sys_umount(addr(f.ebx)),
    /* 23 */ |f| sys_setuid(f.ebx),
    /* 24 */ |_| sys_getuid(),
    /* 25 */ |f| sys_stime(addr(f.ebx)),
    /* 26 */ |f| sys_ptrace(f.ebx, f.ecx as i32, addr(f.edx), f.esi),
    /* 27 */ |f| sys_alarm(f.ebx as i32),
    /* 28 */ |f| sys_fstat(f.ebx, addr(f.ecx)),
    /* 29 */ |_| sys_pause(),
    /* 30 */ |f| sys_utime(addr(f.ebx), addr(f.ecx)),
    /* 31 */ |_| sys_stty(),
    /* 32 */ |_| sys_gtty(),
    /* 33 */ |f| sys_access(addr(f.ebx), f.ecx as u16),
    /* 34 */ |f| sys_nice(f.ebx as i32),
    /* 35 */ |f| sys_ftime(addr(f.ebx)),
    /* 36 */ |_| sys_sync(),
    /* 37 */ |f| sys_kill(f.ebx as i32, f.ecx),
    /* 38 */ |f| sys_rename(addr(f.ebx), addr(f.ecx)),
    /* 39 */ |f| sys_mkdir(addr(f.ebx), f.ecx as u16),
    /* 40 */ |f| sys_rmdir(addr(f.ebx)),
    /* 41 */ |f| sys_dup(f.ebx),
    /* 42 */ |f| sys_pipe(addr(f.ebx)),
    /* 43 */ |f| sys_times(addr(f.ebx)),
    /* 44 */ |_| sys_prof(),
    /* 45 */ |f| sys_brk(f.ebx),
    /* 46 */ |f| sys_setgid(f.ebx),
    /* 47 */ |_| sys_getgid(),
    /* 48 */ |f| sys_signal(f.ebx, f.ecx, f.edx),
    /* 49 */ |_| sys_geteuid(),
    /* 50 */ |_| sys_getegid(),
    /* 51 */ |_| sys_acct(),
    /* 52 */ |_| sys_phys(),
    /* 53 */ |_| sys_lock(),
    /* 54 */ |f| sys_ioctl(f.ebx, f.ecx, addr(f.edx)),
    /* 55 */ |f| sys_fcntl(f.ebx, f.ecx, f.edx),
    /* 56 */ |_| sys_mpx(),
    /* 57 */ |f| sys_setpgid(f.ebx as i32, f.ecx as i32),
    /* 58 */ |f| sys_ulimit(f.ebx, f.ecx as i32),
    /* 59 */ |f| sys_uname(addr(f.ebx)),
    /* 60 */ |f| sys_umask(f.ebx),
    /* 61 */ |f| sys_chroot(addr(f.ebx)),
    /* 62 */ |f| sys_ustat(f.ebx as u16, addr(f.ecx)),
    /* 63 */ |f| sys_dup2(f.ebx, f.ecx),
    /* 64 */ |_| sys_getppid(),
    /* 65 */ |_| sys_getpgrp(),
    /* 66 */ |_| sys_setsid(),
    /* 67 */ |f| sys_sigaction(f.ebx, addr(f.ecx), addr(f.edx)),
    /* 68 */ |_| sys_sgetmask(),
    /* 69 */ |f| sys_ssetmask(f.ebx),
    /* 70 */ |f| sys_setreuid(f.ebx, f.ecx),
    /* 71 */ |f| sys_setregid(f.ebx, f.ecx),
    /* 72 */ |f| sys_sigsuspend(f.edx),
    /* 73 */ |f| sys_sigpending(addr(f.ebx)),
    /* 74 */ |f| sys_sethostname(addr(f.ebx), f.ecx as i32),
    /* 75 */ |f| sys_setrlimit(f.ebx, addr(f.ecx)),
    /* 76 */ |f| sys_getrlimit(f.ebx, addr(f.ecx)),
    /* 77 */ |f| sys_getrusage(f.ebx as i32, addr(f.ecx)),
    /* 78 */ |f| sys_gettimeofday(addr(f.ebx), addr(f.ecx)),
    /* 79 */ |f| sys_settimeofday(addr(f.ebx), addr(f.ecx)),
    /* 80 */ |f| sys_getgroups(f.ebx as i32, addr(f.ecx)),
    /* 81 */ |f| sys_setgroups(f.ebx as i32, addr(f.ecx)),
    /* 82 */ |f| sys_select(addr(f.ebx)),
    /* 83 */ |f| sys_symlink(addr(f.ebx), addr(f.ecx)),
    /* 84 */ |f| sys_lstat(addr(f.ebx), addr(f.ecx)),
    /* 85 */ |f| sys_readlink(addr(f.ebx), addr(f.ecx), f.edx as i32),
    /* 86 uselib: no shared libraries here */ sys_ni,
    /* 87 */ sys_ni,
    /* 88 */ |f| sys_reboot(f.ebx, f.ecx, f.edx),
];

/// Makes the call whose number is in eax (the heart of 0.11 `system_call`). An
/// unknown number is `ENOSYS`, where 0.11 returns -1, `EPERM`.
#[unsafe(no_mangle)]
extern "C" fn do_system_call(frame: &mut TrapFrame) {
    let result = match SYS_CALL_TABLE.get(frame.eax as usize) {
        Some(call) => call(frame),
        None => Err(ENOSYS),
    };
    match result {
        Ok(value) => frame.eax = value as u32,
        // No signal is left to decide it: the call begins again by itself.
        Err(ERESTARTSYS | ERESTARTNOHAND) if current().pending_signals() == 0 => {
            frame.eax = frame.orig_eax;
            frame.eip = frame.eip.wrapping_sub(2);
        }
        Err(error) => frame.eax = (error as i32).wrapping_neg() as u32,
    }
}
