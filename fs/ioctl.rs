//! Control of devices (0.11 `fs/ioctl.c`).

use super::char_dev::{PEEP, TRACE};
use super::file_table::current_file;
use crate::kernel::chr_drv::tty_ioctl::tty_ioctl;
use crate::kernel::errno::{ENOTTY, SysResult};
use crate::kernel::peep::peep_ioctl;
use crate::kernel::trace::trace_ioctl;
use crate::kernel::types::UserAddr;

/// 0.11 `sys_ioctl`.
///
/// # Errors
/// `EBADF`, `ENOTTY` for what is not a terminal, and what the device gives.
pub fn sys_ioctl(fd: u32, cmd: u32, arg: UserAddr) -> SysResult {
    let inode = current_file(fd)?.inode()?;
    let dev = inode.device();
    match dev.major() {
        _ if !inode.is_chr() => Err(ENOTTY),
        4 | 5 => tty_ioctl(dev, cmd, arg),
        _ if dev == PEEP => peep_ioctl(cmd, arg),
        _ if dev == TRACE => trace_ioctl(cmd, arg),
        _ => Err(ENOTTY),
    }
}
