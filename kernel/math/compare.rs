//! Comparison (0.12 `kernel/math/compare.c`).

use core::cmp::Ordering;

use crate::State387;
use crate::error::{C0, C1, C2, C3, DE, IE, Masked};
use crate::number::{Class, Ext};

/// How a and b, which are numbers, compare.
fn order(a: Ext, b: Ext) -> Ordering {
    let zero = |x: Ext| x.class() == Class::Zero;
    if zero(a) && zero(b) {
        return Ordering::Equal;
    }
    if a.neg() != b.neg() || zero(a) || zero(b) {
        let below = if zero(a) { !b.neg() } else { a.neg() };
        return if below {
            Ordering::Less
        } else {
            Ordering::Greater
        };
    }
    // Denormals have the exponent of the smallest normal numbers.
    let exp = |x: Ext| x.exp().max(1);
    let order = exp(a).cmp(&exp(b)).then(a.sig.cmp(&b.sig));
    if a.neg() { order.reverse() } else { order }
}

impl State387 {
    /// Sets the condition codes to how a and b compare. `quietly`: a quiet NaN is
    /// no invalid operand. `denormal`: b was one in memory.
    ///
    /// # Errors
    /// An exception that is not masked.
    #[inline(never)]
    pub(crate) fn compare(&mut self, a: Ext, b: Ext, denormal: bool, quietly: bool) -> Masked<()> {
        let none = |x: Ext| matches!(x.class(), Class::Nan | Class::Unsupported);
        let invalid = |x: Ext| {
            x.class() == Class::Unsupported
                || x.class() == Class::Nan && (!quietly || x.is_signalling())
        };
        if none(a) || none(b) {
            self.set_condition(C0 | C2 | C3, C0 | C2 | C3);
            if invalid(a) || invalid(b) {
                self.raise(IE)?;
            }
            return Ok(());
        }
        let flags = match order(a, b) {
            Ordering::Less => C0,
            Ordering::Equal => C3,
            Ordering::Greater => 0,
        };
        self.set_condition(C0 | C2 | C3, flags);
        if denormal || a.is_denormal() || b.is_denormal() {
            self.raise(DE)?;
        }
        Ok(())
    }

    /// `fucom` and its like.
    pub(crate) fn compare_unordered(&mut self, i: u32, pops: u32) -> Masked<()> {
        self.clear_c1();
        if self.is_empty(0) || self.is_empty(i) {
            self.set_condition(C0 | C2 | C3, C0 | C2 | C3);
            self.stack_fault(false)?;
        } else {
            let (x, y) = (self.st(0), self.st(i));
            self.compare(x, y, false, true)?;
        }
        for _ in 0..pops {
            self.pop();
        }
        Ok(())
    }

    /// `ftst`: compares `ST(0)` with 0.
    pub(crate) fn test(&mut self) -> Masked<()> {
        self.clear_c1();
        if self.is_empty(0) {
            self.set_condition(C0 | C2 | C3, C0 | C2 | C3);
            return self.stack_fault(false);
        }
        let x = self.st(0);
        self.compare(x, Ext::zero(false), false, false)
    }

    /// `fxam`: what kind of thing `ST(0)` is.
    pub(crate) fn examine(&mut self) {
        let x = self.st(0);
        let mut flags = if self.is_empty(0) {
            C3 | C0
        } else {
            match x.class() {
                Class::Unsupported => 0,
                Class::Nan => C0,
                Class::Finite if x.is_denormal() => C3 | C2,
                Class::Finite => C2,
                Class::Infinite => C2 | C0,
                Class::Zero => C3,
            }
        };
        if x.neg() {
            flags |= C1;
        }
        self.set_condition(C0 | C1 | C2 | C3, flags);
    }
}
