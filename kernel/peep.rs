//! The peep-hole: `/dev/peep`, character device 1,11. TEST ONLY, not in 0.11.
//!
//! The device is there only when the word `peep` is on the kernel's command
//! line; otherwise every call gives `ENXIO`.

use crate::arch::boot::setup::boot_info;
use crate::arch::io::outb;
use crate::kernel::errno::{EINVAL, ENXIO, SysResult};
use crate::kernel::shared::IrqCell;
use crate::kernel::task::current;
use crate::kernel::types::UserAddr;

/// Whether the command line has been looked at, and what it said.
static STATE: IrqCell<u8> = IrqCell::new(UNKNOWN);
const UNKNOWN: u8 = 0;
const ABSENT: u8 = 1;
const THERE: u8 = 2;

/// Is the peep-hole open? Call it when the boot information is there.
pub fn enabled() -> bool {
    if STATE.get() == UNKNOWN {
        STATE.set(if boot_info().flag("peep") { THERE } else { ABSENT });
    }
    STATE.get() == THERE
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
