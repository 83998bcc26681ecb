//! Named pipes (0.12 `fs/fifo.c` of later versions, Linux 0.95's). In 0.11 they
//! can be made and not opened.
//!
//! While a file for it is open, the inode of a named pipe has a page like that of
//! a pipe, and `fs/pipe.rs` does the rest.

use super::file_table::{FMODE_READ, FMODE_WRITE, FileRef};
use super::inode::{Inode, InodeRef};
use super::{O_NONBLOCK, S_IFIFO, S_IFMT};
use crate::kernel::errno::{ENOMEM, ENXIO, Errno};
use crate::mm::memory::Page;

/// Is it a pipe with a name?
pub fn is_fifo(inode: &Inode) -> bool {
    inode.i_mode.get() & S_IFMT == S_IFIFO
}

/// Opens `file` for the named pipe and waits until someone has opened it for the
/// other direction, be it that he has closed it again meanwhile; who reads and
/// writes does not wait.
///
/// # Errors
/// `ENOMEM`; `ENXIO` for a writer who must not wait and whom no one reads;
/// `EINTR`. `file` is to be dropped then, and is not open any more.
pub fn fifo_open(file: &FileRef, fifo: InodeRef, mode: u16, flags: u32) -> Result<(), Errno> {
    let inode = fifo.inode();
    if !inode.i_stream.get() {
        *inode.i_page.lock() = Some(Page::alloc().ok_or(ENOMEM)?);
        inode.i_stream.set(true);
    }
    file.open(fifo, mode, flags);
    let [mine, other] = match mode {
        FMODE_READ => [0, 1],
        _ => [1, 0],
    };
    let opened = |side: usize| inode.i_opened[side].get();
    for side in [0, 1] {
        if mode & [FMODE_READ, FMODE_WRITE][side] != 0 {
            inode.i_opened[side].set(opened(side).wrapping_add(1));
        }
    }
    let present = [&inode.i_readers, &inode.i_writers][other];
    let queues = [&inode.i_wait, &inode.i_wait2];
    queues[other].wake_up();
    if present.get() != 0 {
        return Ok(());
    }
    if flags & O_NONBLOCK != 0 {
        return if mode == FMODE_READ {
            Ok(())
        } else {
            Err(ENXIO)
        };
    }
    let before = opened(other);
    queues[mine].wait_while_interruptible(|| present.get() == 0 && opened(other) == before)
}

/// A file for the named pipe was closed: with the last one, what no one has read
/// is gone.
pub fn fifo_close(inode: &Inode) {
    if inode.i_readers.get() == 0 && inode.i_writers.get() == 0 {
        inode.i_stream.set(false);
        drop(inode.i_page.lock().take());
        inode.i_head.set(0);
        inode.i_tail.set(0);
    }
}
