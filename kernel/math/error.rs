//! Exceptions and the words that say which of them there were
//! (0.12 `kernel/math/error.c`).

use crate::State387;

/// Status word: invalid operation. The masks in the control word lie alike.
pub const IE: u32 = 0x01;
/// Denormal operand.
pub const DE: u32 = 0x02;
/// Division by zero.
pub const ZE: u32 = 0x04;
/// Overflow.
pub const OE: u32 = 0x08;
/// Underflow.
pub const UE: u32 = 0x10;
/// Precision: the result was rounded.
pub const PE: u32 = 0x20;
/// Stack fault, with `IE`.
pub const SF: u32 = 0x40;
/// Error summary: an exception that is not masked is pending.
pub const ES: u32 = 0x80;
/// Condition code 0.
pub const C0: u32 = 0x100;
/// Condition code 1: rounded up; of a stack fault, overflow.
pub const C1: u32 = 0x200;
/// Condition code 2: not done yet; of a comparison, not comparable.
pub const C2: u32 = 0x400;
/// Condition code 3.
pub const C3: u32 = 0x4000;
/// Busy; the 387 shows `ES` here.
pub const BUSY: u32 = 0x8000;

/// All six exceptions.
const EXCEPTIONS: u32 = 0x3f;

/// An exception that is not masked has ended the instruction before it changed
/// anything but the status word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unmasked;

/// What an instruction gives that an exception may end.
pub type Masked<T> = Result<T, Unmasked>;

impl State387 {
    /// Notes exceptions.
    ///
    /// # Errors
    /// One of them is not masked.
    #[inline(never)]
    pub(crate) fn raise(&mut self, flags: u32) -> Masked<()> {
        self.swd |= flags;
        if flags & EXCEPTIONS & !self.cwd == 0 {
            return Ok(());
        }
        self.swd |= ES | BUSY;
        Err(Unmasked)
    }

    /// Is one of these exceptions not masked?
    pub(crate) fn unmasked(&self, flags: u32) -> bool {
        flags & !self.cwd != 0
    }

    /// Sets the error summary to what the exceptions and their masks now say.
    pub(crate) fn summarize(&mut self) {
        self.swd &= !(ES | BUSY);
        if self.swd & !self.cwd & EXCEPTIONS != 0 {
            self.swd |= ES | BUSY;
        }
    }

    /// Is an exception pending that the next instruction is to report?
    pub fn is_pending(&self) -> bool {
        self.swd & ES != 0
    }

    /// Drops all exceptions, as `fnclex` does.
    pub fn clear_exceptions(&mut self) {
        self.swd &= !(EXCEPTIONS | SF | ES | BUSY);
    }

    /// The stack is full (`over`) or a register is empty.
    ///
    /// # Errors
    /// Invalid operation is not masked.
    #[inline(never)]
    pub(crate) fn stack_fault(&mut self, over: bool) -> Masked<()> {
        self.swd &= !C1;
        if over {
            self.swd |= C1;
        }
        self.raise(IE | SF)
    }
}
