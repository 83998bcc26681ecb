//! Waiting for one of several files (0.12 `fs/select.c`). Not in 0.11.

use super::file_table::current_file;
use super::inode::Inode;
use super::pipe::{pipe_room, pipe_size};
use crate::arch::segment::Plain;
use crate::kernel::chr_drv::cook::is_readable;
use crate::kernel::chr_drv::tty_io::line;
use crate::kernel::errno::{EBADF, EINTR, EINVAL, Errno, SysResult};
use crate::kernel::sched::{HZ, jiffies, schedule, set_timeout};
use crate::kernel::task::{NR_OPEN, TaskState, current};
use crate::kernel::types::UserAddr;
use crate::kernel::wait::WaitQueue;

/// The argument of the call: pointers to sets of descriptors, one bit each in
/// the first word, and to the time to wait (`struct timeval`).
#[derive(Clone, Copy)]
#[repr(C)]
struct Arguments {
    width: i32,
    readable: u32,
    writable: u32,
    except: u32,
    timeout: u32,
}

// SAFETY: five words.
unsafe impl Plain for Arguments {}

/// Sets of descriptors: to read from, to write to.
type Sets = [u32; 2];

/// The queues that are woken when `inode` becomes readable and writable, and
/// whether it is now.
fn with_state<R>(inode: &Inode, f: impl FnOnce([Option<&WaitQueue>; 2], [bool; 2]) -> R) -> R {
    if inode.i_stream.get() {
        let readable = pipe_size(inode) != 0 || inode.i_writers.get() == 0;
        let writable = pipe_room(inode) != 0 || inode.i_readers.get() == 0;
        return f(
            [Some(&inode.i_wait), Some(&inode.i_wait2)],
            [readable, writable],
        );
    }
    let minor = match inode.device().major() {
        4 if inode.is_chr() => inode.device().minor() as usize,
        5 if inode.is_chr() => current().tty.get() as usize,
        _ => return f([None, None], [true, true]),
    };
    let Ok(line) = line(minor) else {
        return f([None, None], [true, true]);
    };
    let ready = {
        let tty = line.lock();
        [is_readable(&tty) || tty.hung_up, !tty.write_q.is_full()]
    };
    f([Some(&line.readers), Some(&line.writers)], ready)
}

/// Calls `f` for each descriptor in the sets.
fn for_each(wanted: &Sets, mut f: impl FnMut(u32, &Inode, [bool; 2])) -> Result<(), Errno> {
    for fd in 0..NR_OPEN as u32 {
        let bits = wanted.map(|set| set & 1 << fd != 0);
        if bits != [false, false] {
            let inode = current_file(fd)?.inode()?;
            f(fd, inode, bits);
        }
    }
    Ok(())
}

/// Which of the descriptors are ready.
fn ready(wanted: &Sets) -> Result<Sets, Errno> {
    let mut found = [0; 2];
    for_each(wanted, |fd, inode, bits| {
        with_state(inode, |_, ready| {
            for (index, set) in found.iter_mut().enumerate() {
                if bits[index] && ready[index] {
                    *set |= 1 << fd;
                }
            }
        });
    })?;
    Ok(found)
}

/// Calls `f` with each queue to wait in.
fn for_each_queue(wanted: &Sets, f: impl Fn(&WaitQueue)) -> Result<(), Errno> {
    for_each(wanted, |_, inode, bits| {
        with_state(inode, |queues, _| {
            for (queue, wanted) in queues.into_iter().zip(bits) {
                if let Some(queue) = queue.filter(|_| wanted) {
                    f(queue);
                }
            }
        });
    })
}

/// Sleeps until a descriptor is ready, the time is over, or a signal comes.
fn do_select(wanted: &Sets, deadline: Option<u32>) -> Result<Sets, Errno> {
    let is_over = || deadline.is_some_and(|end| jiffies().0.wrapping_sub(end) as i32 >= 0);
    loop {
        let found = ready(wanted)?;
        if found != [0, 0] || is_over() {
            return Ok(found);
        }
        if current().pending_signals() != 0 {
            return Err(EINTR);
        }
        for_each_queue(wanted, |queue| queue.prepare(TaskState::Interruptible))?;
        set_timeout(deadline.unwrap_or(0));
        current().set_state(TaskState::Interruptible);
        // What happened since the first look has not woken us.
        if ready(wanted)? == [0, 0] && !is_over() && current().pending_signals() == 0 {
            schedule();
        }
        current().set_state(TaskState::Running);
        set_timeout(0);
        for_each_queue(wanted, WaitQueue::finish)?;
    }
}

/// When the time to wait is over, in ticks.
fn deadline(timeout: UserAddr) -> Result<Option<u32>, Errno> {
    if timeout.is_null() {
        return Ok(None);
    }
    let [seconds, micros] = timeout.read::<[i32; 2]>()?;
    let seconds = u32::try_from(seconds).map_err(|_| EINVAL)?;
    let micros = u32::try_from(micros)
        .ok()
        .filter(|&micros| micros < 1_000_000)
        .ok_or(EINVAL)?;
    // At most about 124 days: half of what the tick counter distinguishes.
    let seconds = seconds.min(i32::MAX as u32 / HZ - 1);
    let ticks = seconds * HZ + micros.div_ceil(1_000_000 / HZ);
    Ok(Some(jiffies().0.wrapping_add(ticks).max(1)))
}

/// Waits until a file can be read from or written to (0.12 `sys_select`). The
/// one argument points to `nfds`, three pointers to sets, and one to a time, where
/// what is left of it is stored.
/// Exceptional conditions never arise.
///
/// # Errors
/// `EBADF`, `EINTR`, `EINVAL`, `EFAULT`.
pub fn sys_select(buffer: UserAddr) -> SysResult {
    let arguments: Arguments = buffer.read()?;
    let width = u32::try_from(arguments.width)
        .map_err(|_| EINVAL)?
        .min(NR_OPEN as u32);
    let mask = (1u32 << width) - 1;
    let pointers = [arguments.readable, arguments.writable, arguments.except].map(UserAddr);
    let mut wanted: Sets = [0; 2];
    for (set, pointer) in wanted.iter_mut().zip(pointers) {
        if !pointer.is_null() {
            *set = pointer.read::<u32>()? & mask;
        }
    }
    for fd in (0..width).filter(|fd| (wanted[0] | wanted[1]) & 1 << fd != 0) {
        current_file(fd).map_err(|_| EBADF)?;
    }
    let timeout = UserAddr(arguments.timeout);
    let deadline = deadline(timeout)?;
    let found = do_select(&wanted, deadline)?;
    if let Some(end) = deadline {
        let left = (end.wrapping_sub(jiffies().0) as i32).max(0) as u32;
        timeout.write(&[left / HZ, left % HZ * (1_000_000 / HZ)])?;
    }
    for (pointer, set) in pointers.into_iter().zip([found[0], found[1], 0]) {
        if !pointer.is_null() {
            pointer.write(&set)?;
        }
    }
    Ok((found[0].count_ones() + found[1].count_ones()) as i32)
}
