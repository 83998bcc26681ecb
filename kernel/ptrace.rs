//! `ptrace`: a process looks into another one, stops it and lets it go on
//! (later Linux `kernel/ptrace.c`, whose numbers of requests and registers
//! these are; 0.11 has the call's number only).
//!
//! A traced task stops for every signal but SIGKILL, and its tracer, who gets
//! its report from `waitpid`, says with which one it goes on (`next_signal` in
//! signal.rs). While it is stopped, all of its registers lie in the trap frame
//! at the end of its page.

use crate::fs::SleepLock;
use crate::kernel::errno::{EFAULT, EIO, EPERM, ESRCH, Errno, SysResult};
use crate::kernel::signal::{SIGKILL, SIGSTOP};
use crate::kernel::task::{Task, TaskState, current, tasks};
use crate::kernel::types::{Pid, UserAddr};
use crate::mm::memory::{read_byte, write_byte};
use core::ptr::NonNull;

const PTRACE_TRACEME: u32 = 0;
const PTRACE_PEEKTEXT: u32 = 1;
const PTRACE_PEEKDATA: u32 = 2;
const PTRACE_PEEKUSER: u32 = 3;
const PTRACE_POKETEXT: u32 = 4;
const PTRACE_POKEDATA: u32 = 5;
const PTRACE_POKEUSER: u32 = 6;
const PTRACE_CONT: u32 = 7;
const PTRACE_KILL: u32 = 8;
const PTRACE_SINGLESTEP: u32 = 9;
const PTRACE_ATTACH: u32 = 0x10;
const PTRACE_DETACH: u32 = 0x11;

/// Registers in the order of `PEEKUSER` (`include/sys/ptrace.h`): those of the
/// trap frame, but for gs in the middle of them.
const USER_WORDS: u32 = 17;
const GS: u32 = 10;
const ORIG_EAX: u32 = 11;
const CS: u32 = 13;
const EFL: u32 = 14;
const SS: u32 = 16;
/// The flags that a tracer may change: arithmetic, direction, trap. Not the
/// interrupt flag, IOPL, NT, VM.
const FLAG_MASK: u32 = 0xdd5;
/// The trap flag: an exception after the next instruction.
const TRAP_FLAG: u32 = 0x100;

/// Held while a tracer uses another task's memory, which may sleep: the task
/// must not lose that memory meanwhile.
static MEMORY_LOCK: SleepLock = SleepLock::new();

/// A task that is about to end waits until its tracer has let go of its memory.
/// It is not stopped any more, so the tracer will not begin again.
pub fn wait_for_tracer(task: &Task) {
    if task.is_traced() {
        MEMORY_LOCK.wait();
    }
}

/// A stopped task that the running one traces.
struct Tracee(NonNull<Task>);

impl Tracee {
    /// The task `pid`, if we trace it and it is stopped.
    fn find(pid: Pid) -> Result<Tracee, Errno> {
        let tasks = tasks();
        let task = tasks
            .find(pid)
            .filter(|task| task.tracer.get() == current().pid.get());
        let task = task
            .filter(|task| task.state() == TaskState::Stopped)
            .ok_or(ESRCH)?;
        Ok(Tracee(NonNull::from(task)))
    }

    fn task(&self) -> &Task {
        // SAFETY: only the `waitpid` of its tracer can release a traced task or
        // end the tracing while it is dead, and the tracer is in `ptrace`.
        unsafe { self.0.as_ref() }
    }

    /// Where register `index` lies, but for gs.
    fn place(&self, index: u32) -> *mut u32 {
        let index = index - (index > GS) as u32;
        self.task()
            .user_frame()
            .cast::<u32>()
            .wrapping_add(index as usize)
    }

    fn register(&self, index: u32) -> u32 {
        if index == GS {
            // SAFETY: the CPU stored it when the task, which does not run,
            // ran last.
            return unsafe { (*self.task().tss.get()).gs & 0xffff };
        }
        // SAFETY: a word of the frame (`index` is below USER_WORDS), which the
        // stopped task does not use.
        unsafe { self.place(index).read_volatile() }
    }

    fn set_register(&self, index: u32, value: u32) {
        // SAFETY: as above; `do_signal` holds no reference to the frame while
        // it is stopped.
        unsafe { self.place(index).write_volatile(value) }
    }

    /// Selectors stay what they are: writing back the same is no error, so that
    /// all registers can be restored in a loop.
    fn poke_register(&self, index: u32, value: u32) -> Result<(), Errno> {
        match index {
            7..=GS | CS | SS if value & 0xffff == self.register(index) & 0xffff => {}
            7..=GS | CS | SS => return Err(EIO),
            EFL => self.set_register(EFL, self.register(EFL) & !FLAG_MASK | value & FLAG_MASK),
            _ => self.set_register(index, value),
        }
        Ok(())
    }

    /// Lets it go on with signal `sig`, or none for 0; with the trap flag, for
    /// one instruction.
    fn go_on(&self, sig: u32, step: bool) -> Result<(), Errno> {
        if sig > 32 {
            return Err(EIO);
        }
        let flags = self.register(EFL) & !TRAP_FLAG;
        self.set_register(EFL, if step { flags | TRAP_FLAG } else { flags });
        self.task().exit_code.set(sig as i32);
        self.task().cont();
        Ok(())
    }

    /// The word at `addr` (later Linux `get_long`).
    fn get_long(&self, addr: UserAddr) -> Result<u32, Errno> {
        self.check(addr)?;
        let _lock = MEMORY_LOCK.lock();
        let mut bytes = [0; 4];
        for (at, byte) in (0..).zip(&mut bytes) {
            *byte = read_byte(self.task(), addr.add(at)).map_err(bad_address)?;
        }
        Ok(u32::from_le_bytes(bytes))
    }

    /// Stores a word at `addr` (later Linux `put_long`).
    fn put_long(&self, addr: UserAddr, value: u32) -> Result<(), Errno> {
        self.check(addr)?;
        let _lock = MEMORY_LOCK.lock();
        for (at, byte) in (0..).zip(value.to_le_bytes()) {
            write_byte(self.task(), addr.add(at), byte).map_err(bad_address)?;
        }
        Ok(())
    }

    /// The segment's end may lie in the middle of the word.
    fn check(&self, addr: UserAddr) -> Result<(), Errno> {
        if addr.0 <= self.task().data_limit().saturating_sub(4) {
            Ok(())
        } else {
            Err(EIO)
        }
    }
}

/// `EFAULT` is kept for the tracer's own addresses.
fn bad_address(error: Errno) -> Errno {
    if error == EFAULT { EIO } else { error }
}

/// The number of the register at byte `addr`.
fn register_index(addr: UserAddr) -> Result<u32, Errno> {
    if addr.0 & 3 == 0 && addr.0 / 4 < USER_WORDS {
        Ok(addr.0 / 4)
    } else {
        Err(EIO)
    }
}

/// Makes the running task the tracer of `pid`, which stops.
fn attach(pid: Pid) -> Result<(), Errno> {
    const INIT: Pid = Pid(1);
    let tracer = current();
    let tasks = tasks();
    let task = tasks.find(pid).ok_or(ESRCH)?;
    let same_user = [task.uid.get(), task.euid.get(), task.suid.get()] == [tracer.uid.get(); 3]
        && [task.gid.get(), task.egid.get(), task.sgid.get()] == [tracer.gid.get(); 3];
    if core::ptr::eq(task, &raw const *tracer)
        || pid == INIT
        || task.is_traced()
        || task.state() == TaskState::Zombie
        || !same_user && !tracer.suser()
    {
        return Err(EPERM);
    }
    task.tracer.set(tracer.pid.get());
    tracer.adopt(task.nr.get(), true);
    if task.state() == TaskState::Stopped {
        task.exit_code.set(SIGSTOP as i32); // to be reported once more
    } else {
        task.raise(SIGSTOP);
    }
    Ok(())
}

/// Looks into process `pid` or lets it go on. `data` is an address where a peek
/// stores its result, a value to poke, or the signal to go on with (0.11
/// `sys_ptrace`).
///
/// # Errors
/// `ESRCH` unless the caller traces `pid` and it is stopped; `EPERM` from
/// TRACEME and ATTACH; `EIO` for an address, register, signal or request that
/// does not exist, and for a selector that would change; `EFAULT` for `data`,
/// `ENOMEM`.
pub fn sys_ptrace(request: u32, pid: i32, addr: UserAddr, data: u32) -> SysResult {
    let task = current();
    match request {
        PTRACE_TRACEME if task.is_traced() => return Err(EPERM),
        PTRACE_TRACEME => {
            task.tracer.set(task.father.get());
            return Ok(0);
        }
        PTRACE_ATTACH => return attach(Pid(pid)).map(|()| 0),
        PTRACE_KILL => {
            let tasks = tasks();
            let traced = |child: &&Task| child.tracer.get() == task.pid.get();
            tasks
                .find(Pid(pid))
                .filter(traced)
                .ok_or(ESRCH)?
                .raise(SIGKILL);
            return Ok(0);
        }
        _ => {}
    }
    let tracee = Tracee::find(Pid(pid))?;
    let to = UserAddr(data);
    match request {
        PTRACE_PEEKTEXT | PTRACE_PEEKDATA => to.write(&tracee.get_long(addr)?)?,
        PTRACE_PEEKUSER => to.write(&tracee.register(register_index(addr)?))?,
        PTRACE_POKETEXT | PTRACE_POKEDATA => tracee.put_long(addr, data)?,
        PTRACE_POKEUSER => tracee.poke_register(register_index(addr)?, data)?,
        PTRACE_CONT => tracee.go_on(data, false)?,
        PTRACE_SINGLESTEP => tracee.go_on(data, true)?,
        PTRACE_DETACH => {
            tracee.go_on(data, false)?;
            tracee.task().tracer.set(Pid(0));
        }
        _ => return Err(EIO),
    }
    Ok(0)
}

const _: () = {
    use crate::kernel::traps::TrapFrame;
    use core::mem::offset_of;
    assert!(offset_of!(TrapFrame, fs) == 9 * 4);
    assert!(offset_of!(TrapFrame, orig_eax) == (ORIG_EAX as usize - 1) * 4);
    assert!(offset_of!(TrapFrame, cs) == (CS as usize - 1) * 4);
    assert!(offset_of!(TrapFrame, ss) == (SS as usize - 1) * 4);
};
