//! The floppy disk controller (0.11 `kernel/blk_drv/floppy.c`).

use crate::arch::desc::{Stub, set_intr_gate};
use crate::arch::io::inb_p;

/// The controller's main status register.
const FD_STATUS: u16 = 0x3f4;

/// The controller's interrupt (called by `floppy_interrupt`). No command is
/// under way, so there is nothing to do but to see that the controller is there.
#[unsafe(no_mangle)]
extern "C" fn do_floppy() {
    inb_p(FD_STATUS);
}

unsafe extern "C" {
    fn floppy_interrupt();
}

/// Takes the controller's interrupt (0.11 `floppy_init`).
pub fn floppy_init() {
    set_intr_gate(0x26, floppy_interrupt as Stub);
}
