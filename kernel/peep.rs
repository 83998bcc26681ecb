//! The peep-hole: `/dev/peep`, character device 1,11. TEST ONLY, not in 0.11.
//!
//! The device is there only when the word `peep` is on the kernel's command
//! line; otherwise every call gives `ENXIO`.

use crate::arch::boot::setup::boot_info;
use crate::arch::io::outb;
use crate::kernel::errno::{EINVAL, ENXIO, SysResult};
use crate::kernel::shared::IrqCell;
use crate::kernel::task::{KERNEL_STACK_PAGE, STACK_FILL, Task, current};
use crate::kernel::types::UserAddr;

/// Whether the command line has been looked at, and what it said.
static STATE: IrqCell<u8> = IrqCell::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const THERE: u8 = 2;

/// The deepest use of a kernel stack, in bytes, of tasks that are gone.
static DEEPEST: IrqCell<u32> = IrqCell::new(0);

/// Is the peep-hole open? Call it when the boot information is there.
pub fn enabled() -> bool {
    if STATE.get() == UNKNOWN {
        STATE.set(if boot_info().flag("peep") { THERE } else { ABSENT });
    }
    STATE.get() == THERE
}

/// Bytes of its kernel stack that `task` has ever used: what lies above the
/// first word that fork's filling is no longer in.
fn stack_use(task: &Task) -> u32 {
    let page = &raw const *task as u32;
    let end = page + KERNEL_STACK_PAGE;
    let mut at = page + size_of::<Task>() as u32;
    // SAFETY: words of the task's own page behind the Task, plain memory. They
    // may belong to a running stack, so they are read volatile.
    while at < end && unsafe { (at as *const u32).read_volatile() } == STACK_FILL {
        at += 4;
    }
    end - at
}

/// Remembers how deep the kernel stack of `task` was, before it is released.
pub fn note_stack(task: &Task) {
    if enabled() && task.nr.get().0 != 0 {
        DEEPEST.set(DEEPEST.get().max(stack_use(task)));
    }
}

/// Ends the emulator: the argument itself is the code, 0 for success.
pub const PEEP_EXIT: u32 = 0x7001;

/// `ioctl` on `/dev/peep`.
///
/// # Errors
/// `ENXIO` without the word `peep` on the command line, `EPERM` for all but
/// root, `EINVAL` for an unknown command.
pub fn peep_ioctl(cmd: u32, arg: UserAddr) -> SysResult {
    if !enabled() {
        return Err(ENXIO);
    }
    current().require_suser()?;
    match cmd {
        PEEP_EXIT => leave_emulator(arg.0 as u8),
        _ => Err(EINVAL),
    }
}

/// Ends the emulator: QEMU by its `isa-debug-exit` device, which makes the exit
/// code `2 * code + 1`, Bochs by the word that its port 0x8900 waits for.
fn leave_emulator(code: u8) -> SysResult {
    outb(code, 0xf4);
    for byte in *b"Shutdown" {
        outb(byte, 0x8900);
    }
    Ok(0)
}
