//! Pipes (0.11 `fs/pipe.c`).
//!
//! A pipe is a page, used as a ring: bytes go in at the head and come out at
//! the tail. Readers and writers have a queue each, so that a wake-up reaches
//! those who can use it. Who copies holds the lock on the inode's contents,
//! because reaching user memory may sleep; who waits for bytes or for room does
//! not.

use super::file_table::{FMODE_READ, FMODE_WRITE, FileRef, free_fd};
use super::inode::{Inode, get_pipe_inode};
use crate::arch::segment::UserSlice;
use crate::kernel::errno::{EAGAIN, EPIPE, Errno, SysResult};
use crate::kernel::signal::SIGPIPE;
use crate::kernel::task::current;
use crate::kernel::types::UserAddr;
use crate::mm::memory::PAGE_SIZE;

/// As much as a pipe holds: full and empty must differ.
pub const PIPE_CAPACITY: u32 = PAGE_SIZE - 1;

fn head(pipe: &Inode) -> u32 {
    pipe.i_head.get() as u32
}

fn tail(pipe: &Inode) -> u32 {
    pipe.i_tail.get() as u32
}

/// Bytes in the pipe (0.11 `PIPE_SIZE`).
#[inline(always)]
pub fn pipe_size(pipe: &Inode) -> u32 {
    head(pipe).wrapping_sub(tail(pipe)) % PAGE_SIZE
}

/// Bytes that fit into the pipe now.
#[inline(always)]
pub fn pipe_room(pipe: &Inode) -> u32 {
    PIPE_CAPACITY - pipe_size(pipe)
}

/// What most reads of a pipe are: bytes that are there, in one piece, to one
/// page, which is there too, while nobody else copies. Nothing of that sleeps, so
/// none of [`read_pipe`]'s locks and loops is needed. `None`, with nothing done,
/// if it is not so.
#[inline(always)]
pub fn read_pipe_now(pipe: &Inode, buf: UserSlice) -> Option<i32> {
    let from = tail(pipe);
    let len = pipe_size(pipe).min(buf.len());
    if len == 0 || from + len > PAGE_SIZE || pipe.contents_locked() {
        return None;
    }
    let mut chunk = buf.part(0, len).writable_now()?;
    let page = pipe.i_page.lock();
    chunk.copy_from(&page.as_ref()?.data()[from as usize..(from + len) as usize]);
    pipe.i_tail.set(((from + len) % PAGE_SIZE) as u16);
    pipe.i_wait2.wake_up();
    Some(len as i32)
}

/// The same for writes that fit in.
#[inline(always)]
pub fn write_pipe_now(pipe: &Inode, buf: UserSlice) -> Option<i32> {
    let (to, len) = (head(pipe), buf.len());
    if len > pipe_room(pipe)
        || to + len > PAGE_SIZE
        || pipe.i_readers.get() == 0
        || pipe.contents_locked()
    {
        return None;
    }
    let chunk = buf.readable_now()?;
    let mut page = pipe.i_page.lock();
    chunk.copy_to(&mut page.as_mut()?.data_mut()[to as usize..(to + len) as usize]);
    pipe.i_head.set(((to + len) % PAGE_SIZE) as u16);
    pipe.i_wait.wake_up();
    Some(len as i32)
}

/// Reads what there is, up to the length of `buf`; sleeps only if there is
/// nothing; 0 when no one can write any more (0.11 `read_pipe`).
///
/// Differs from 0.11, which waits for the full count and cannot be interrupted.
///
/// # Errors
/// `EINTR`, `EFAULT`; `EAGAIN` if it would sleep and must not.
///
/// Erratum `pipe-1`.
pub fn read_pipe(pipe: &Inode, buf: UserSlice, nonblock: bool) -> SysResult {
    let mut read = 0;
    let result = loop {
        while pipe_size(pipe) == 0 {
            if pipe.i_writers.get() == 0 {
                return Ok(0);
            }
            if nonblock {
                return Err(EAGAIN);
            }
            pipe.i_wait
                .wait_while_interruptible(|| pipe_size(pipe) == 0 && pipe.i_writers.get() != 0)?;
        }
        let _lock = pipe.lock_contents();
        let mut result = Ok(());
        while read < buf.len() && pipe_size(pipe) != 0 && result.is_ok() {
            result = read_run(pipe, buf, &mut read);
        }
        if read != 0 || result.is_err() {
            break result; // else another reader was faster
        }
    };
    pipe.i_wait2.wake_up();
    if read != 0 {
        Ok(read as i32)
    } else {
        result.map(|()| 0)
    }
}

/// Copies bytes out that lie in one piece. The contents are locked.
#[inline]
fn read_run(pipe: &Inode, buf: UserSlice, read: &mut u32) -> Result<(), Errno> {
    let run = pipe_size(pipe).min(PAGE_SIZE - tail(pipe));
    buf.part(*read, run).write_pages(|_, chunk| {
        let from = tail(pipe) as usize;
        if let Some(page) = &*pipe.i_page.lock() {
            chunk.copy_from(&page.data()[from..from + chunk.len()]);
        }
        let next = (from + chunk.len()) % PAGE_SIZE as usize;
        pipe.i_tail.set(next as u16);
        *read += chunk.len() as u32;
    })
}

/// Writes all of `buf`; sleeps while the pipe is full (0.11 `write_pipe`). Up to
/// `PIPE_CAPACITY` bytes go in at once, not mixed with what others write.
///
/// # Errors
/// `EPIPE`, with SIGPIPE, if no one can read any more; `EINTR`, `EFAULT`;
/// `EAGAIN` if it would sleep and must not. Only if nothing has been written.
///
/// Erratum `pipe-4`.
pub fn write_pipe(pipe: &Inode, buf: UserSlice, nonblock: bool) -> SysResult {
    let mut written = 0;
    let result = loop {
        let left = buf.len() - written;
        if left == 0 {
            break Ok(());
        }
        // What may not be mixed waits until there is room for all of it.
        let wanted = if buf.len() <= PIPE_CAPACITY { left } else { 1 };
        if let Err(error) = wait_for_room(pipe, wanted, nonblock) {
            break Err(error);
        }
        let _lock = pipe.lock_contents();
        if pipe_room(pipe) < wanted {
            continue; // another writer was faster
        }
        let end = (written + pipe_room(pipe)).min(buf.len());
        let mut result = Ok(());
        while written < end && result.is_ok() {
            result = write_run(pipe, buf, &mut written, end);
        }
        pipe.i_wait.wake_up();
        if result.is_err() {
            break result;
        }
    };
    if written != 0 {
        return Ok(written as i32);
    }
    if result == Err(EPIPE) {
        current().raise(SIGPIPE);
    }
    result.map(|()| 0)
}

/// Sleeps until `wanted` bytes fit in.
///
/// Erratum `pipe-2`.
/// Erratum `pipe-3`.
fn wait_for_room(pipe: &Inode, wanted: u32, nonblock: bool) -> Result<(), Errno> {
    loop {
        if pipe.i_readers.get() == 0 {
            return Err(EPIPE);
        }
        if pipe_room(pipe) >= wanted {
            return Ok(());
        }
        if nonblock {
            return Err(EAGAIN);
        }
        pipe.i_wait2
            .wait_while_interruptible(|| pipe_room(pipe) < wanted && pipe.i_readers.get() != 0)?;
    }
}

/// Copies bytes in that lie in one piece. The contents are locked, so the room
/// only grows.
#[inline]
fn write_run(pipe: &Inode, buf: UserSlice, written: &mut u32, end: u32) -> Result<(), Errno> {
    let run = (end - *written).min(PAGE_SIZE - head(pipe));
    buf.part(*written, run).read_pages(|_, chunk| {
        let to = head(pipe) as usize;
        if let Some(page) = &mut *pipe.i_page.lock() {
            chunk.copy_to(&mut page.data_mut()[to..to + chunk.len()]);
        }
        let next = (to + chunk.len()) % PAGE_SIZE as usize;
        pipe.i_head.set(next as u16);
        *written += chunk.len() as u32;
    })
}

/// Makes a pipe and stores the descriptors of its ends, first the one to read
/// from (0.11 `sys_pipe`).
///
/// Differs from 0.11, which writes to user memory unchecked and gives `EPERM`
/// for every failure.
///
/// # Errors
/// `EMFILE`, `ENFILE`, `ENOMEM`, `EFAULT`.
pub fn sys_pipe(fildes: UserAddr) -> SysResult {
    let (reader, writer) = (FileRef::new()?, FileRef::new()?);
    let inode = get_pipe_inode()?;
    reader.open(inode.clone(), FMODE_READ, super::O_RDONLY);
    writer.open(inode, FMODE_WRITE, super::O_WRONLY);
    let task = current();
    let first = free_fd(0)?;
    let second = free_fd(first + 1)?;
    fildes.write(&[first as u32, second as u32])?;
    // Nobody else opens files for this task, so both are still free.
    drop(task.filp[first].replace(Some(reader)));
    drop(task.filp[second].replace(Some(writer)));
    task.close_on_exec
        .set(task.close_on_exec.get() & !(1 << first | 1 << second));
    Ok(0)
}
