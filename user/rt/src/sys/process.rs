//! Calls on processes, identities, signals, memory and time.

use super::*;

/// Ends the process after flushing standard output; a code of 0 becomes 1 if
/// standard output could not be written.
pub fn exit(code: i32) -> ! {
    let failed = io::take_error();
    exit_now(if failed.is_some() && code == 0 {
        1
    } else {
        code
    })
}

/// Ends the process at once.
pub fn exit_now(code: i32) -> ! {
    loop {
        let _ = plain(Nr::Exit, code as usize, 0, 0);
    }
}

/// Makes a child, a copy of this process: the child's id, or 0 in the child.
///
/// # Errors
/// EAGAIN if there are too many processes or too little memory.
pub fn fork() -> Result<i32> {
    let _ = io::flush();
    plain(Nr::Fork, 0, 0, 0).map(|pid| pid as i32)
}

/// Waits for a child (`pid`; any: -1; any of this process group: 0; any of
/// group n: -n): its id and how it ended. With `WNOHANG`, id 0 if none ended.
///
/// # Errors
/// ECHILD, EINTR.
pub fn waitpid(pid: i32, options: i32) -> Result<(i32, WaitStatus)> {
    let mut status = 0i32;
    let address = (&raw mut status).expose_provenance();
    // SAFETY: the kernel writes one integer.
    let pid = unsafe { call(Nr::Waitpid, pid as usize, address, options as usize) }?;
    Ok((pid as i32, WaitStatus(status)))
}

/// Waits for one child, however often a signal interrupts.
///
/// # Errors
/// ECHILD.
pub fn wait_for(pid: i32) -> Result<WaitStatus> {
    loop {
        match waitpid(pid, 0) {
            Err(Errno::EINTR) => {}
            result => return result.map(|(_, status)| status),
        }
    }
}

/// Replaces the program. Returns only if that failed. Standard output is
/// flushed first.
///
/// The error is ENOENT, EACCES, ENOEXEC, E2BIG, ENOMEM, ETXTBSY, ...
pub fn execve(path: impl AsRef<[u8]>, argv: &StrVec, envp: &StrVec) -> Errno {
    let _ = io::flush();
    let argv = argv.pointers();
    let envp = envp.pointers();
    let result = with_path(
        Nr::Execve,
        path.as_ref(),
        argv.as_ptr().expose_provenance(),
        envp.as_ptr().expose_provenance(),
    );
    result.err().unwrap_or(Errno::EINVAL)
}

/// This process's id.
pub fn getpid() -> i32 {
    plain(Nr::Getpid, 0, 0, 0).unwrap_or(0) as i32
}

/// The father's id.
pub fn getppid() -> i32 {
    plain(Nr::Getppid, 0, 0, 0).unwrap_or(0) as i32
}

/// This process's group.
pub fn getpgrp() -> i32 {
    plain(Nr::Getpgrp, 0, 0, 0).unwrap_or(0) as i32
}

/// Moves a process (0: this one) to a group (0: its own id).
///
/// # Errors
/// ESRCH, EPERM.
pub fn setpgid(pid: i32, pgrp: i32) -> Result<()> {
    plain(Nr::Setpgid, pid as usize, pgrp as usize, 0).map(drop)
}

/// Starts a session: its number.
///
/// # Errors
/// EPERM for a leader of one.
pub fn setsid() -> Result<i32> {
    plain(Nr::Setsid, 0, 0, 0).map(|s| s as i32)
}

/// Real user.
pub fn getuid() -> u16 {
    plain(Nr::Getuid, 0, 0, 0).unwrap_or(0) as u16
}

/// Effective user.
pub fn geteuid() -> u16 {
    plain(Nr::Geteuid, 0, 0, 0).unwrap_or(0) as u16
}

/// Real group.
pub fn getgid() -> u16 {
    plain(Nr::Getgid, 0, 0, 0).unwrap_or(0) as u16
}

/// Effective group.
pub fn getegid() -> u16 {
    plain(Nr::Getegid, 0, 0, 0).unwrap_or(0) as u16
}

/// Sets the user.
///
/// # Errors
/// EPERM.
pub fn setuid(uid: u16) -> Result<()> {
    plain(Nr::Setuid, uid.into(), 0, 0).map(drop)
}

/// Sets the group.
///
/// # Errors
/// EPERM.
pub fn setgid(gid: u16) -> Result<()> {
    plain(Nr::Setgid, gid.into(), 0, 0).map(drop)
}

/// Sets real and effective user; -1 leaves one as it is.
///
/// # Errors
/// EPERM.
pub fn setreuid(real: i32, effective: i32) -> Result<()> {
    plain(Nr::Setreuid, real as usize, effective as usize, 0).map(drop)
}

/// Sets real and effective group; -1 leaves one as it is.
///
/// # Errors
/// EPERM.
pub fn setregid(real: i32, effective: i32) -> Result<()> {
    plain(Nr::Setregid, real as usize, effective as usize, 0).map(drop)
}

/// Sends a signal to a process, a group (negative), or all (-1).
///
/// # Errors
/// ESRCH, EPERM, EINVAL.
pub fn kill(pid: i32, signal: i32) -> Result<()> {
    plain(Nr::Kill, pid as usize, signal as usize, 0).map(drop)
}

/// Sets and reads what a signal does. [`crate::signal`] is the safe way.
///
/// # Errors
/// EINVAL.
///
/// # Safety
/// The handler of `new` must be 0, 1 or an `extern "C" fn(i32)`, the restorer
/// the one for its flags.
pub unsafe fn sigaction(
    signal: i32,
    new: Option<&SigAction>,
    old: Option<&mut SigAction>,
) -> Result<()> {
    let new = new.map_or(0, |a| (&raw const *a).expose_provenance());
    let old = old.map_or(0, |a| (&raw mut *a).expose_provenance());
    // SAFETY: both structures live during the call; the rest is the caller's
    // promise.
    unsafe { call(Nr::Sigaction, signal as usize, new, old) }.map(drop)
}

/// The old call `signal`: the handler before. [`crate::signal`] is the safe way.
///
/// # Errors
/// EINVAL.
///
/// # Safety
/// As [`sigaction`], with the restorer for `SA_NOMASK`.
pub unsafe fn signal(signal: i32, handler: usize, restorer: usize) -> Result<usize> {
    // SAFETY: the caller's promise.
    unsafe { call(Nr::Signal, signal as usize, handler, restorer) }
}

/// The blocked signals (bit 0 is signal 1).
pub fn sgetmask() -> u32 {
    // SAFETY: no pointers.
    unsafe { raw(Nr::Sgetmask, 0, 0, 0) as u32 }
}

/// Sets the blocked signals; those before.
pub fn ssetmask(mask: u32) -> u32 {
    // SAFETY: no pointers.
    unsafe { raw(Nr::Ssetmask, mask as usize, 0, 0) as u32 }
}

/// Signals that wait because they are blocked.
///
/// # Errors
/// ENOSYS on a kernel without it.
pub fn sigpending() -> Result<u32> {
    // SAFETY: `filled` passes the address of a word.
    filled(|address| unsafe { call(Nr::Sigpending, address, 0, 0) })
}

/// Blocks exactly `mask` until a signal arrives; always an error, EINTR.
pub fn sigsuspend(mask: u32) -> Errno {
    // 0.12 keeps its restart state in the first two arguments.
    let result = plain(Nr::Sigsuspend, 0, 0, mask as usize);
    result.err().unwrap_or(Errno::EINTR)
}

/// Waits for a signal.
pub fn pause() {
    let _ = plain(Nr::Pause, 0, 0, 0);
}

/// SIGALRM in so many seconds (0: none); what was left of the one before.
pub fn alarm(seconds: u32) -> u32 {
    plain(Nr::Alarm, seconds as usize, 0, 0).unwrap_or(0) as u32
}

/// Lowers the priority by `by` (raises it if negative).
///
/// # Errors
/// EPERM.
pub fn nice(by: i32) -> Result<()> {
    plain(Nr::Nice, by as usize, 0, 0).map(drop)
}

/// Sets the end of the heap; the end that is in force afterwards.
pub fn brk(end: usize) -> usize {
    plain(Nr::Brk, end, 0, 0).unwrap_or(0)
}

/// Seconds since 1970.
pub fn time() -> u32 {
    // SAFETY: a null pointer means that nothing is stored.
    unsafe { raw(Nr::Time, 0, 0, 0) as u32 }
}

/// Sets the time.
///
/// # Errors
/// EPERM.
pub fn stime(seconds: u32) -> Result<()> {
    // SAFETY: the kernel reads one word.
    unsafe { call(Nr::Stime, (&raw const seconds).expose_provenance(), 0, 0) }.map(drop)
}

/// Processor times of this process and its children, and ticks since boot.
///
/// # Errors
/// EFAULT never happens here.
pub fn times() -> Result<(Tms, u32)> {
    let mut tms = Tms::default();
    // SAFETY: the kernel fills one Tms.
    let ticks = unsafe { call(Nr::Times, (&raw mut tms).expose_provenance(), 0, 0) }?;
    Ok((tms, ticks as u32))
}

/// The time with microseconds.
///
/// # Errors
/// ENOSYS on a kernel without it.
pub fn gettimeofday() -> Result<Timeval> {
    // SAFETY: `filled` passes the address of a Timeval; no time zone is asked.
    filled(|address| unsafe { call(Nr::Gettimeofday, address, 0, 0) })
}

/// Names of the system.
///
/// # Errors
/// EFAULT never happens here.
pub fn uname() -> Result<Utsname> {
    // SAFETY: `filled` passes the address of a Utsname.
    filled(|address| unsafe { call(Nr::Uname, address, 0, 0) })
}

/// Names this machine.
///
/// # Errors
/// EPERM, EINVAL if it is too long.
pub fn sethostname(name: &[u8]) -> Result<()> {
    let address = name.as_ptr().expose_provenance();
    // SAFETY: the kernel reads name.len() bytes.
    unsafe { call(Nr::Sethostname, address, name.len(), 0) }.map(drop)
}

/// A limit of this process (0.12).
///
/// # Errors
/// EINVAL, ENOSYS.
pub fn getrlimit(which: i32) -> Result<Rlimit> {
    // SAFETY: `filled` passes the address of an Rlimit.
    filled(|address| unsafe { call(Nr::Getrlimit, which as usize, address, 0) })
}

/// What [`reboot`] does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum RebootCommand {
    /// Start again.
    Restart = 0x0123_4567,
    /// Stop the processor.
    Halt = 0xCDEF_0123,
    /// Turn the power off, or halt where that cannot be done.
    PowerOff = 0x4321_FEDC,
}

/// Halts or restarts the machine (not in 0.11). Call [`sync`] first.
///
/// # Errors
/// EPERM for all but root.
pub fn reboot(command: RebootCommand) -> Result<()> {
    plain(Nr::Reboot, 0xfee1_dead, 672_274_793, command as usize).map(drop)
}

/// Waits so many seconds, or until a signal arrives; the seconds left.
/// Uses SIGALRM.
pub fn sleep(seconds: u32) -> u32 {
    use crate::signal::{Action, SIGALRM, set};
    extern "C" fn woken(_: i32) {}
    if seconds == 0 {
        return 0;
    }
    let Ok(before) = set(SIGALRM, Action::Handler(woken)) else {
        return seconds;
    };
    // SIGALRM stays blocked up to sigsuspend, so that it cannot come between.
    let mask = ssetmask(sgetmask() | crate::signal::bit(SIGALRM));
    alarm(seconds);
    if sigsuspend(mask & !crate::signal::bit(SIGALRM)) == Errno::ENOSYS {
        ssetmask(mask & !crate::signal::bit(SIGALRM));
        pause();
    }
    let left = alarm(0);
    ssetmask(mask);
    // SAFETY: this puts back what was in force, which was valid when it was set.
    let _ = unsafe { sigaction(SIGALRM, Some(&before), None) };
    left
}
