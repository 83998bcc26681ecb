//! The stubs through which init calls the kernel before the first exec (0.11
//! `lib/`). They run in ring 3, on kernel text: no lock, no `printk!`, no
//! panic and no static of the kernel's may be used here.

#![deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used)]

use core::ffi::CStr;

/// A system call with up to three arguments (0.11 `_syscall3` in `unistd.h`).
#[inline(always)]
fn syscall(number: u32, arg1: u32, arg2: u32, arg3: u32) -> i32 {
    let result: i32;
    // SAFETY: the kernel checks every argument; it changes eax alone, and the
    // memory that the caller's arguments point to.
    unsafe {
        core::arch::asm!("int 0x80", inlateout("eax") number => result,
            in("ebx") arg1, in("ecx") arg2, in("edx") arg3);
    }
    result
}

/// 0.11 `_exit`.
pub fn _exit(code: i32) -> ! {
    loop {
        syscall(1, code as u32, 0, 0);
    }
}

/// 0.11 `fork`.
pub fn fork() -> i32 {
    syscall(2, 0, 0, 0)
}

/// 0.11 `write`.
pub fn write(fd: i32, text: &[u8]) -> i32 {
    syscall(4, fd as u32, text.as_ptr() as u32, text.len() as u32)
}

/// 0.11 `open`.
pub fn open(path: &CStr, flags: u32) -> i32 {
    syscall(5, path.as_ptr() as u32, flags, 0)
}

/// 0.11 `close`.
pub fn close(fd: i32) -> i32 {
    syscall(6, fd as u32, 0, 0)
}

/// Waits for any child; its status in the second value (0.11 `wait`, and
/// `waitpid`, which 0.11 `_syscall3` makes).
pub fn wait() -> (i32, i32) {
    let mut status = 0i32;
    let pid = syscall(7, u32::MAX, &raw mut status as u32, 0);
    // SAFETY: the kernel may have written it; volatile, so that the compiler
    // does not keep the 0.
    (pid, unsafe { (&raw const status).read_volatile() })
}

/// 0.11 `execve`. Both tables end with a null pointer.
pub fn execve(path: &CStr, argv: &[*const u8], envp: &[*const u8]) -> i32 {
    syscall(
        11,
        path.as_ptr() as u32,
        argv.as_ptr() as u32,
        envp.as_ptr() as u32,
    )
}

/// 0.11 `sync`.
pub fn sync() {
    syscall(36, 0, 0, 0);
}

/// 0.11 `dup`.
pub fn dup(fd: i32) -> i32 {
    syscall(41, fd as u32, 0, 0)
}

/// 0.11 `setsid`.
pub fn setsid() -> i32 {
    syscall(66, 0, 0, 0)
}

/// 0.11 `setup`: mounts the root.
pub fn setup() {
    syscall(0, 0, 0, 0);
}

/// Ends the process after `seconds`, by an alarm that nobody catches.
pub fn exit_after(seconds: u32) -> ! {
    syscall(27, seconds, 0, 0);
    loop {
        syscall(29, 0, 0, 0);
    }
}
