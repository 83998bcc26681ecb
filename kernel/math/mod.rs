//! The coprocessor, where there is none (0.11 `kernel/math/`).

use crate::kernel::sched::math_owner;
use crate::kernel::signal::SIGFPE;
use crate::kernel::task::current;
use crate::kernel::traps::TrapFrame;

/// A coprocessor instruction on a machine without one: SIGFPE (0.11
/// `math_emulate`).
pub fn math_emulate(frame: &mut TrapFrame) {
    let _ = frame;
    current().raise_fault(SIGFPE);
}

/// The coprocessor reported an error (0.11 `math_error`): SIGFPE for the task
/// whose numbers it holds, which need not be the running one.
pub fn math_error() {
    math_owner(|task| task.raise(SIGFPE));
}
