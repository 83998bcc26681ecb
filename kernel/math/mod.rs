//! The coprocessor, where there is none (0.11 `kernel/math/`): the trap that
//! leads from a program's instruction to the emulated 387 in `lib.rs`, a crate
//! of its own.

use crate::arch::boot::setup::boot_info;
use crate::arch::desc::{USER_CS, USER_DS};
use crate::arch::segment::UserSlice;
use crate::arch::system::{emulate_fpu, has_fpu, user_gs};
use crate::kernel::errno::{EFAULT, Errno};
use crate::kernel::printk::printk;
use crate::kernel::sched::math_owner;
use crate::kernel::signal::{SIGFPE, SIGILL};
use crate::kernel::task::current;
use crate::kernel::traps::{TrapFrame, do_debug};
use crate::kernel::types::UserAddr;
use crate::mm::memory::{PAGE_SIZE, raise_for_page};
use core::mem::offset_of;
use math387::{Memory, Regs, State387, Stop};

/// Prepares the emulated 387 where there is no coprocessor or `no387` on the
/// command line. Not in 0.11.
pub fn math_init() {
    if !has_fpu() || boot_info().flag("no387") {
        emulate_fpu();
        printk!("No coprocessor is used: a 387 is emulated.\n");
    }
}

// ANCHOR: math_emulate
/// A coprocessor instruction where there is none: executes it, and those that
/// follow it at once (0.11 `math_emulate`, which is SIGFPE).
///
/// The numbers lie in the task's TSS, where `fsave` of a coprocessor puts them; so
/// fork copies them.
///
/// Erratum `misc-4`.
#[inline(never)]
pub fn math_emulate(frame: &mut TrapFrame) {
    let task = current();
    // SAFETY: the space lies in the running task's own TSS, behind what the CPU
    // knows, and has the size and alignment of the state (see below); any bytes are
    // one. The reference lives while an operand's page is waited for, but no one
    // else reaches this field: without a coprocessor only fork does, which copies
    // the TSS of the task that calls it.
    let state: &mut State387 = unsafe { &mut *(&raw mut (*task.tss.get()).i387).cast() };
    if !task.used_math.replace(true) {
        *state = State387::new();
    }
    let mut memory = Program {
        is_stepping: frame.is_stepping(),
        error: EFAULT,
    };
    let result = math387::run(state, &mut memory, registers(frame));
    match result {
        Ok(()) if memory.is_stepping => do_debug(frame),
        Ok(()) => {}
        Err(Stop::Pending) => {
            // As `do_coprocessor_error` does where there is one.
            state.clear_exceptions();
            task.raise(SIGFPE);
        }
        Err(Stop::Illegal) => task.raise_fault(SIGILL),
        Err(Stop::Fault) => raise_for_page(&task, memory.error),
    }
}
// ANCHOR_END: math_emulate

const _: () = assert!(size_of::<State387>() == size_of::<[u32; 27]>());
const _: () = assert!(align_of::<State387>() == align_of::<[u32; 27]>());

/// A program's registers, as the emulator wants them.
fn registers(frame: &mut TrapFrame) -> &mut Regs {
    const _: () = assert!(size_of::<Regs>() == size_of::<TrapFrame>());
    const _: () = assert!(align_of::<Regs>() == align_of::<TrapFrame>());
    // Where `Regs` has the last of each group.
    const _: () = assert!(offset_of!(TrapFrame, eax) == 6 * 4);
    const _: () = assert!(offset_of!(TrapFrame, fs) == 9 * 4);
    const _: () = assert!(offset_of!(TrapFrame, eip) == 11 * 4);
    const _: () = assert!(offset_of!(TrapFrame, ss) == 15 * 4);
    // SAFETY: both are 16 words, which may have any value, and the frame is
    // borrowed for as long. It is one of ring 3 (`do_device_not_available` has
    // looked), so that its last two words are there.
    unsafe { &mut *(&raw mut *frame).cast() }
}

/// The running program, for the emulator.
struct Program {
    /// Has it set the trap flag?
    is_stepping: bool,
    /// Why its memory could not be reached.
    error: Errno,
}

impl Program {
    /// The range of that segment, if the program may reach it so: by its data
    /// segment, or for reading by its code segment, which begins at the same
    /// place.
    fn range(
        &self,
        selector: u16,
        address: u32,
        len: usize,
        writes: bool,
    ) -> Result<UserSlice, Errno> {
        // The requested privilege level may be any.
        match selector | 3 {
            USER_DS => {}
            USER_CS if !writes => {}
            _ => return Err(EFAULT),
        }
        UserAddr(address).slice(len as u32)
    }

    /// Keeps the reason of a fault.
    fn stop<T>(&mut self, result: Result<T, Errno>) -> Result<T, Stop> {
        result.map_err(|error| {
            self.error = error;
            Stop::Fault
        })
    }
}

/// Fills `to`, which is as long as the range. Mostly it lies in one page, which is
/// there.
fn copy_in(range: UserSlice, to: &mut [u8]) -> Result<(), Errno> {
    match range.readable_now() {
        Some(chunk) => chunk.copy_to(to),
        None => range.copy_in(to)?,
    }
    Ok(())
}

impl Memory for Program {
    fn fetch(&mut self, eip: u32, more: bool, to: &mut [u8; 16]) -> Result<usize, Stop> {
        // The next page may not exist, and as a rule is not needed.
        let in_page = (PAGE_SIZE - eip % PAGE_SIZE) as usize;
        let len = if more { 16 } else { in_page.min(16) };
        let code = self.range(USER_CS, eip, len, false);
        let result = code.and_then(|code| copy_in(code, &mut to[..len]));
        self.stop(result).map(|()| len)
    }

    fn read(&mut self, selector: u16, address: u32, to: &mut [u8]) -> Result<(), Stop> {
        let range = self.range(selector, address, to.len(), false);
        let result = range.and_then(|range| copy_in(range, to));
        self.stop(result)
    }

    fn write(&mut self, selector: u16, address: u32, from: &[u8]) -> Result<(), Stop> {
        let result = self
            .range(selector, address, from.len(), true)
            .and_then(|range| {
                if let Some(mut chunk) = range.writable_now() {
                    chunk.copy_from(from);
                    return Ok(());
                }
                // All of its pages first: what faults has written nothing.
                range.write_pages(|_, _| ())?;
                range.copy_out(from)
            });
        self.stop(result)
    }

    fn gs(&mut self) -> u16 {
        user_gs() as u16
    }

    fn may_go_on(&mut self) -> bool {
        !self.is_stepping && current().attention.get() == 0
    }
}

/// The coprocessor reported an error (0.11 `math_error`): SIGFPE for the task
/// whose numbers it holds, which need not be the running one.
pub fn math_error() {
    math_owner(|task| task.raise(SIGFPE));
}
