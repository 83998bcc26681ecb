//! `dup`, `dup2` and `fcntl` (0.11 `fs/fcntl.c`).

use super::file_table::{current_file, current_file_ref, free_fd};
use super::open::close_fd;
use super::{O_APPEND, O_NONBLOCK};
use crate::kernel::errno::{EBADF, EINVAL, SysResult};
use crate::kernel::task::{NR_OPEN, current};

/// Commands of `fcntl` (0.11 `include/fcntl.h`).
const F_DUPFD: u32 = 0;
const F_GETFD: u32 = 1;
const F_SETFD: u32 = 2;
const F_GETFL: u32 = 3;
const F_SETFL: u32 = 4;
const FD_CLOEXEC: u32 = 1;
/// Flags that can be changed while a file is open.
const CHANGEABLE: u32 = O_APPEND | O_NONBLOCK;

/// Another descriptor, from `arg` on, for file `fd` (0.11 `dupfd`).
fn dupfd(fd: u32, arg: u32) -> SysResult {
    let file = current_file_ref(fd)?;
    if arg as usize >= NR_OPEN {
        return Err(EINVAL);
    }
    let new = free_fd(arg as usize)?;
    let task = current();
    task.close_on_exec
        .set(task.close_on_exec.get() & !(1 << new));
    drop(task.filp[new].replace(Some(file)));
    Ok(new as i32)
}

/// Lets `newfd` stand for what `oldfd` stands for (0.11 `sys_dup2`).
///
/// # Errors
/// `EBADF`; then `newfd` stays as it is, which 0.11 closes first.
pub fn sys_dup2(oldfd: u32, newfd: u32) -> SysResult {
    current_file(oldfd)?;
    if newfd as usize >= NR_OPEN {
        return Err(EBADF);
    }
    if oldfd == newfd {
        return Ok(newfd as i32);
    }
    close_fd(newfd as usize);
    dupfd(oldfd, newfd)
}

/// 0.11 `sys_dup`.
///
/// # Errors
/// `EBADF`, `EMFILE`.
pub fn sys_dup(fildes: u32) -> SysResult {
    dupfd(fildes, 0)
}

/// 0.11 `sys_fcntl`.
///
/// # Errors
/// `EBADF`, `EMFILE`; `EINVAL` for other commands, locks among them.
pub fn sys_fcntl(fd: u32, cmd: u32, arg: u32) -> SysResult {
    let file = current_file(fd)?;
    let task = current();
    let bit = 1 << fd;
    match cmd {
        F_DUPFD => dupfd(fd, arg),
        F_GETFD => Ok((task.close_on_exec.get() & bit != 0) as i32),
        F_SETFD => {
            let others = task.close_on_exec.get() & !bit;
            task.close_on_exec.set(if arg & FD_CLOEXEC != 0 {
                others | bit
            } else {
                others
            });
            Ok(0)
        }
        F_GETFL => Ok(file.f_flags.get() as i32),
        F_SETFL => {
            file.f_flags
                .set(file.f_flags.get() & !CHANGEABLE | arg & CHANGEABLE);
            Ok(0)
        }
        _ => Err(EINVAL),
    }
}
