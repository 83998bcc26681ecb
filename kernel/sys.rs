//! Small system calls (0.11 `kernel/sys.c`).

use crate::arch::segment::Plain;
use crate::fs::buffer::sys_sync;
use crate::kernel::errno::{EINVAL, ENOSYS, EPERM, ESRCH, Errno, SysResult};
use crate::kernel::sched::{HZ, current_time, jiffies, set_current_time};
use crate::kernel::shared::{Shared, SharedGuard};
use crate::kernel::task::{
    Groups, NR_OPEN, RLIM_INFINITY, RLIMIT_DATA, RLIMIT_FSIZE, RLimit, Task, current, tasks,
};
use crate::kernel::types::{Pid, UserAddr};

macro_rules! not_implemented {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        /// Always `ENOSYS`, as in 0.11.
        pub fn $name() -> SysResult {
            Err(ENOSYS)
        }
    )*};
}

/// What `ftime` stores (`include/sys/timeb.h`); C leaves two bytes unused.
#[derive(Clone, Copy)]
#[repr(C)]
struct TimeB {
    time: i32,
    millitm: u16,
    timezone: i16,
    dstflag: i16,
    unused: i16,
}
const _: () = assert!(size_of::<TimeB>() == 12);
// SAFETY: integers, whose sizes add up to 12.
unsafe impl Plain for TimeB {}

/// The time, to 10 milliseconds, to `buf` (0.11 `sys_ftime`, which gives
/// `ENOSYS`).
///
/// # Errors
/// `EFAULT`.
pub fn sys_ftime(buf: UserAddr) -> SysResult {
    let TimeVal { sec, usec } = now();
    let millitm = (usec / 1000) as u16;
    buf.write(&TimeB {
        time: sec,
        millitm,
        timezone: 0,
        dstflag: 0,
        unused: 0,
    })?;
    Ok(0)
}

not_implemented! {
    /// 0.11 `sys_break`.
    sys_break
    /// 0.11 `sys_stty`.
    sys_stty
    /// 0.11 `sys_gtty`.
    sys_gtty
    /// 0.11 `sys_prof`.
    sys_prof
}

/// No change of this id, in `setreuid` and `setregid`.
const UNCHANGED: u32 = u32::MAX;

/// Sets the real and effective group; `-1` leaves one as it is (0.11
/// `sys_setregid`, which takes 0 for that).
///
/// # Errors
/// `EPERM`.
pub fn sys_setregid(rgid: u32, egid: u32) -> SysResult {
    let task = current();
    let (old_rgid, old_egid) = (task.gid.get(), task.egid.get());
    let own = [old_rgid, old_egid, task.sgid.get()];
    let allowed = |id: u32, ids: &[u16]| {
        id == UNCHANGED || task.suser() || ids.iter().any(|&own| own as u32 == id)
    };
    if !allowed(rgid, &own[..2]) || !allowed(egid, &own) {
        return Err(EPERM);
    }
    if rgid != UNCHANGED {
        task.gid.set(rgid as u16);
    }
    if egid != UNCHANGED {
        task.egid.set(egid as u16);
    }
    if rgid != UNCHANGED || egid != UNCHANGED && task.egid.get() != old_rgid {
        task.sgid.set(task.egid.get());
    }
    Ok(0)
}

/// Sets the group: all three ids for the superuser, else the effective one to
/// the real or the saved one (0.11 `sys_setgid`).
///
/// # Errors
/// `EPERM`.
pub fn sys_setgid(gid: u32) -> SysResult {
    let task = current();
    let id = gid as u16;
    if task.suser() {
        task.gid.set(id);
        task.egid.set(id);
        task.sgid.set(id);
    } else if id == task.gid.get() || id == task.sgid.get() {
        task.egid.set(id);
    } else {
        return Err(EPERM);
    }
    Ok(0)
}

not_implemented! {
    /// 0.11 `sys_acct`.
    sys_acct
    /// 0.11 `sys_phys`.
    sys_phys
    /// 0.11 `sys_lock`.
    sys_lock
    /// 0.11 `sys_mpx`.
    sys_mpx
}

/// Reads or sets the limit of a file's size in blocks of 512 bytes (1, 2), or
/// tells how far the heap may reach (3) or how many files may be open (4): the
/// commands of System V (0.11 `sys_ulimit`, which gives `ENOSYS`).
///
/// # Errors
/// `EINVAL`; `EPERM` if anyone but root raises the limit.
pub fn sys_ulimit(cmd: u32, blocks: i32) -> SysResult {
    const BLOCK: u32 = 512;
    let task = current();
    let limit = &task.rlim[RLIMIT_FSIZE];
    match cmd {
        1 => Ok((limit.cur.get() / BLOCK) as i32),
        2 => {
            let blocks = u32::try_from(blocks).map_err(|_| EINVAL)?;
            let bytes = blocks.saturating_mul(BLOCK).min(RLIM_INFINITY);
            set_limit(limit, bytes, bytes)?;
            Ok(blocks as i32)
        }
        3 => Ok(brk_limit(&task) as i32),
        4 => Ok(NR_OPEN as i32),
        _ => Err(EINVAL),
    }
}

/// Seconds since 1970, also to `tloc` if that is not null (0.11 `sys_time`).
///
/// # Errors
/// `EFAULT`.
pub fn sys_time(tloc: UserAddr) -> SysResult {
    let now = current_time();
    if !tloc.is_null() {
        tloc.write(&now)?;
    }
    Ok(now)
}

/// As [`sys_setregid`], for users (0.11 `sys_setreuid`).
///
/// # Errors
/// `EPERM`.
///
/// Erratum `ids-1`.
pub fn sys_setreuid(ruid: u32, euid: u32) -> SysResult {
    let task = current();
    let (old_ruid, old_euid) = (task.uid.get(), task.euid.get());
    let own = [old_ruid, old_euid, task.suid.get()];
    let suser = task.suser();
    let allowed =
        |id: u32, ids: &[u16]| id == UNCHANGED || suser || ids.iter().any(|&own| own as u32 == id);
    if !allowed(ruid, &own[..2]) || !allowed(euid, &own) {
        return Err(EPERM);
    }
    if ruid != UNCHANGED {
        task.uid.set(ruid as u16);
    }
    if euid != UNCHANGED {
        task.euid.set(euid as u16);
    }
    if ruid != UNCHANGED || euid != UNCHANGED && task.euid.get() != old_ruid {
        task.suid.set(task.euid.get());
    }
    Ok(0)
}

/// As [`sys_setgid`], for the user (0.11 `sys_setuid`).
///
/// # Errors
/// `EPERM`.
///
/// Erratum `ids-2`.
pub fn sys_setuid(uid: u32) -> SysResult {
    let task = current();
    let id = uid as u16;
    if task.suser() {
        task.uid.set(id);
        task.euid.set(id);
        task.suid.set(id);
    } else if id == task.uid.get() || id == task.suid.get() {
        task.euid.set(id);
    } else {
        return Err(EPERM);
    }
    Ok(0)
}

/// Sets the clock from the seconds at `tptr` (0.11 `sys_stime`).
///
/// # Errors
/// `EPERM`, `EFAULT`.
pub fn sys_stime(tptr: UserAddr) -> SysResult {
    current().require_suser()?;
    set_current_time(tptr.read()?);
    Ok(0)
}

/// Ticks used by the process and its dead children to the four words at `buf`,
/// if that is not null; returns the ticks since boot (0.11 `sys_times`).
///
/// # Errors
/// `EFAULT`.
pub fn sys_times(buf: UserAddr) -> SysResult {
    let task = current();
    if !buf.is_null() {
        let ticks = [
            task.utime.get(),
            task.stime.get(),
            task.cutime.get(),
            task.cstime.get(),
        ]
        .map(|t| t.0);
        buf.write(&ticks)?;
    }
    Ok(jiffies().0 as i32)
}

/// What stays free between the heap and the stack, in bytes.
const BRK_GAP: u32 = 16384;

/// Where the heap of `task` may end: below the stack, and within `RLIMIT_DATA`.
#[inline(always)]
fn brk_limit(task: &Task) -> u32 {
    let below_stack = task.start_stack.get().0.saturating_sub(BRK_GAP);
    let data = task.rlim[RLIMIT_DATA].cur.get();
    below_stack.min(task.end_code.get().saturating_add(data))
}

/// Moves the end of the heap and returns where it is then; unchanged if it
/// would run into the text or the stack, or beyond `RLIMIT_DATA` (0.11
/// `sys_brk`).
pub fn sys_brk(end_data_seg: u32) -> SysResult {
    let task = current();
    if end_data_seg >= task.end_data.get() && end_data_seg < brk_limit(&task) {
        task.brk.set(UserAddr(end_data_seg));
    }
    Ok(task.brk.get().0 as i32)
}

/// Puts process `pid` (0: the caller) into group `pgid` (0: its own): the
/// caller itself or a child of its session (0.11 `sys_setpgid`).
///
/// # Errors
/// `EPERM` for a session's leader or another session's process or group,
/// `ESRCH`, `EINVAL`.
pub fn sys_setpgid(pid: i32, pgid: i32) -> SysResult {
    let caller = current();
    let pid = if pid == 0 { caller.pid.get() } else { Pid(pid) };
    let pgid = if pgid == 0 { pid } else { Pid(pgid) };
    if pgid.0 < 0 {
        return Err(EINVAL);
    }
    let tasks = tasks();
    let task = tasks.find(pid).ok_or(ESRCH)?;
    if pid != caller.pid.get() && task.father.get() != caller.pid.get() {
        return Err(ESRCH);
    }
    if task.leader.get() || task.session.get() != caller.session.get() {
        return Err(EPERM);
    }
    let exists = pgid == pid
        || tasks
            .users()
            .any(|other| other.pgrp.get() == pgid && other.session.get() == caller.session.get());
    if !exists {
        return Err(EPERM);
    }
    task.pgrp.set(pgid);
    Ok(0)
}

/// 0.11 `sys_getpgrp`.
pub fn sys_getpgrp() -> SysResult {
    Ok(current().pgrp.get().0)
}

/// Makes the caller the leader of a new session without a terminal (0.11
/// `sys_setsid`, which refuses the superuser nothing).
///
/// # Errors
/// `EPERM` if it leads a session or a group already.
pub fn sys_setsid() -> SysResult {
    let task = current();
    let pid = task.pid.get();
    let leads_group = tasks()
        .users()
        .any(|other| other.pgrp.get() == pid && other.pid.get() != pid);
    if task.leader.get() || leads_group {
        return Err(EPERM);
    }
    task.leader.set(true);
    task.session.set(pid);
    task.pgrp.set(pid);
    task.tty.set(-1);
    Ok(pid.0)
}

/// Bytes of each name in `utsname`, the final 0 included.
const NAME_LENGTH: usize = 9;

/// The five names of 0.11's `struct utsname`, one after the other.
type Utsname = [[u8; NAME_LENGTH]; 5];

const _: () = assert!(size_of::<Utsname>() == 45);

/// `text`, padded with zeros.
const fn name(text: &str) -> [u8; NAME_LENGTH] {
    let mut name = [0; NAME_LENGTH];
    let mut at = 0;
    while at < text.len() {
        name[at] = text.as_bytes()[at];
        at += 1;
    }
    name
}

/// What `uname` reports; the second is set by `sethostname`.
static THISNAME: Shared<Utsname> = Shared::new(
    &"the system's names",
    [
        name("linux"),
        name("linux011"),
        name("0.11"),
        name("rust"),
        name("i386"),
    ],
);

/// Writes the system's names to `to` (0.11 `sys_uname`).
///
/// # Errors
/// `EFAULT`.
pub fn sys_uname(to: UserAddr) -> SysResult {
    let names = *THISNAME.lock();
    to.write(&names)?;
    Ok(0)
}

/// Sets the permissions that new files do not get; returns the old ones (0.11
/// `sys_umask`).
pub fn sys_umask(mask: u32) -> SysResult {
    Ok(current().umask.replace(mask as u16 & 0o777) as i32)
}

/// Sets the machine's name (0.12 `sys_sethostname`).
///
/// # Errors
/// `EPERM`, `EINVAL` if it is longer than 8 bytes, `EFAULT`.
pub fn sys_sethostname(from: UserAddr, len: i32) -> SysResult {
    current().require_suser()?;
    if !(0..NAME_LENGTH as i32).contains(&len) {
        return Err(EINVAL);
    }
    let mut text = [0; NAME_LENGTH];
    from.slice(len as u32)?.copy_in(&mut text[..len as usize])?;
    let mut names: SharedGuard<'_, Utsname> = THISNAME.lock();
    names[1] = text;
    Ok(0)
}

/// Seconds and microseconds (0.12 `struct timeval`).
#[derive(Clone, Copy)]
#[repr(C)]
struct TimeVal {
    sec: i32,
    usec: i32,
}
const _: () = assert!(size_of::<TimeVal>() == 8);
// SAFETY: two words.
unsafe impl Plain for TimeVal {}

impl TimeVal {
    /// A number of ticks.
    fn from_ticks(ticks: u32) -> TimeVal {
        let usec = (ticks % HZ * (1_000_000 / HZ)) as i32;
        TimeVal {
            sec: (ticks / HZ) as i32,
            usec,
        }
    }
}

/// The time of day.
fn now() -> TimeVal {
    TimeVal {
        sec: current_time(),
        ..TimeVal::from_ticks(jiffies().0)
    }
}

/// The time, to a hundredth of a second, and the time zone, which is Greenwich
/// (0.12 `sys_gettimeofday`).
///
/// # Errors
/// `EFAULT`.
pub fn sys_gettimeofday(tv: UserAddr, tz: UserAddr) -> SysResult {
    if !tv.is_null() {
        tv.write(&now())?;
    }
    if !tz.is_null() {
        tz.write(&[0i32, 0])?;
    }
    Ok(0)
}

/// Sets the time; a time zone is read and not kept (0.12 `sys_settimeofday`).
///
/// # Errors
/// `EPERM`, `EINVAL`, `EFAULT`.
pub fn sys_settimeofday(tv: UserAddr, tz: UserAddr) -> SysResult {
    current().require_suser()?;
    if !tz.is_null() {
        tz.read::<[i32; 2]>()?;
    }
    if !tv.is_null() {
        let time: TimeVal = tv.read()?;
        if !(0..1_000_000).contains(&time.usec) {
            return Err(EINVAL);
        }
        set_current_time(time.sec);
    }
    Ok(0)
}

/// The limit with number `which`.
fn limit_of(task: &Task, which: u32) -> Result<&RLimit, Errno> {
    task.rlim.get(which as usize).ok_or(EINVAL)
}

/// Changes a limit; only root may raise the upper one.
fn set_limit(limit: &RLimit, cur: u32, max: u32) -> Result<(), Errno> {
    if cur > max {
        return Err(EINVAL);
    }
    if max > limit.max.get() {
        current().require_suser()?;
    }
    limit.cur.set(cur);
    limit.max.set(max);
    Ok(())
}

/// Stores a limit, the one in force and the upper one, at `rlim` (0.12
/// `sys_getrlimit`).
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_getrlimit(resource: u32, rlim: UserAddr) -> SysResult {
    let task = current();
    let limit = limit_of(&task, resource)?;
    rlim.write(&[limit.cur.get(), limit.max.get()])?;
    Ok(0)
}

/// Sets a limit from the two words at `rlim` (0.12 `sys_setrlimit`). Processor
/// time, file size, data and stack are heeded; core and resident set are
/// stored: this kernel writes no core files and swaps nothing.
///
/// # Errors
/// `EINVAL`; `EPERM` if anyone but root raises the upper limit; `EFAULT`.
pub fn sys_setrlimit(resource: u32, rlim: UserAddr) -> SysResult {
    let task = current();
    let limit = limit_of(&task, resource)?;
    let [cur, max] = rlim
        .read::<[u32; 2]>()?
        .map(|value| value.min(RLIM_INFINITY));
    set_limit(limit, cur, max)?;
    Ok(0)
}

/// What `getrusage` stores (0.12 `struct rusage`).
#[derive(Clone, Copy)]
#[repr(C)]
struct RUsage {
    utime: TimeVal,
    stime: TimeVal,
    maxrss: [i32; 4],
    /// Page faults that needed no disk, and that did.
    faults: [u32; 2],
    /// Things that are not counted.
    rest: [i32; 8],
}
const _: () = assert!(size_of::<RUsage>() == 72);
// SAFETY: words.
unsafe impl Plain for RUsage {}

/// Times and page faults of the process (`who` 0) or of its dead children (-1)
/// to `ru`; the rest is 0 (0.12 `sys_getrusage`).
///
/// # Errors
/// `EINVAL`, `EFAULT`.
pub fn sys_getrusage(who: i32, ru: UserAddr) -> SysResult {
    let task = current();
    let (utime, stime, faults) = match who {
        0 => (task.utime.get(), task.stime.get(), &task.faults),
        -1 => (task.cutime.get(), task.cstime.get(), &task.cfaults),
        _ => return Err(EINVAL),
    };
    let [all, major] = [faults[0].get(), faults[1].get()];
    ru.write(&RUsage {
        utime: TimeVal::from_ticks(utime.0),
        stime: TimeVal::from_ticks(stime.0),
        maxrss: [0; 4],
        faults: [all.saturating_sub(major), major],
        rest: [0; 8],
    })?;
    Ok(0)
}

/// Stores the supplementary groups, one byte each, at `list` and returns how
/// many there are; only that for a size of 0 (0.12 `sys_getgroups`).
///
/// # Errors
/// `EINVAL` if there are more than `size`, `EFAULT`.
pub fn sys_getgroups(size: i32, list: UserAddr) -> SysResult {
    let groups = current().groups.get();
    let count = groups.count as i32;
    if size != 0 {
        if size < count {
            return Err(EINVAL);
        }
        list.slice(count as u32)?
            .copy_out(&groups.list[..count as usize])?;
    }
    Ok(count)
}

/// Sets the supplementary groups from `size` bytes at `list` (0.12
/// `sys_setgroups`).
///
/// # Errors
/// `EPERM`; `EINVAL` for more than 32; `EFAULT`.
pub fn sys_setgroups(size: i32, list: UserAddr) -> SysResult {
    current().require_suser()?;
    let mut groups = Groups::NONE;
    let to = usize::try_from(size)
        .ok()
        .and_then(|size| groups.list.get_mut(..size))
        .ok_or(EINVAL)?;
    list.slice(size as u32)?.copy_in(to)?;
    groups.count = size as u8;
    current().groups.set(groups);
    Ok(0)
}

/// Stops or restarts the machine. Not in 0.11; number and arguments are later
/// Linux's. Writes the buffers back first.
///
/// # Errors
/// `EPERM`; `EINVAL` if the magic numbers or the command are unknown.
pub fn sys_reboot(magic1: u32, magic2: u32, command: u32) -> SysResult {
    const MAGIC1: u32 = 0xfee1_dead;
    const MAGIC2: u32 = 672_274_793;
    current().require_suser()?;
    if magic1 != MAGIC1 || magic2 != MAGIC2 {
        return Err(EINVAL);
    }
    match command {
        0x0123_4567 => {
            sys_sync()?;
            crate::arch::power::restart()
        }
        0xcdef_0123 => {
            sys_sync()?;
            crate::arch::power::halt()
        }
        0x4321_fedc => {
            sys_sync()?;
            crate::arch::power::power_off()
        }
        _ => Err(EINVAL),
    }
}
