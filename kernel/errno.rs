//! Error numbers (0.11 `include/errno.h`).

/// An error as user space sees it: `errno` is the number.
///
/// `ERROR` (99) of 0.11 is not used; inside the kernel every call returns
/// `Result<T, Errno>`, and `do_system_call` turns it into the negative number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
#[rustfmt::skip]
#[expect(dead_code, reason = "the list is the interface, whole")]
pub enum Errno {
    EPERM = 1, ENOENT, ESRCH, EINTR, EIO, ENXIO, E2BIG, ENOEXEC, EBADF, ECHILD,
    EAGAIN, ENOMEM, EACCES, EFAULT, ENOTBLK, EBUSY, EEXIST, EXDEV, ENODEV,
    ENOTDIR, EISDIR, EINVAL, ENFILE, EMFILE, ENOTTY, ETXTBSY, EFBIG, ENOSPC,
    ESPIPE, EROFS, EMLINK, EPIPE, EDOM, ERANGE, EDEADLK, ENAMETOOLONG, ENOLCK,
    ENOSYS, ENOTEMPTY, ELOOP,
    /// A signal came: begin the call again, or `EINTR`, as `do_signal` decides.
    /// Never seen by a program (the name is 0.12's).
    ERESTARTSYS = 512,
    /// The same for calls that wait for a signal: begin again unless a handler
    /// has run; then `EINTR`.
    ERESTARTNOHAND = 514,
}

pub use Errno::*;

/// What every system call returns: a number of at least 0, or an error.
pub type SysResult = Result<i32, Errno>;
