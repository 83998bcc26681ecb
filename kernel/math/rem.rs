//! `fprem` and `fprem1`: the remainder, exactly.

use crate::State387;
use crate::error::{C0, C1, C2, C3, Masked};
use crate::number::{Class, Ext, Num};

impl State387 {
    /// What is left of x after y was subtracted as often as possible, or (`near`,
    /// `fprem1`) the nearest number of times. If x is far larger than y, does a part
    /// of that and sets C2. C0, C3, C1 are the lowest bits of how often it was.
    ///
    /// # Errors
    /// An exception that is not masked.
    #[inline(never)]
    pub(crate) fn remainder(&mut self, x: Ext, y: Ext, near: bool) -> Masked<Ext> {
        const ALL: u32 = C0 | C1 | C2 | C3;
        use Class::{Infinite, Zero};
        match (x.class(), y.class()) {
            (Infinite, _) | (_, Zero) => return self.invalid(),
            _ => self.check_denormal(x, y)?,
        }
        self.set_condition(ALL, 0);
        let (a, b) = (Num::of(x), Num::of(y));
        let distance = a.exp - b.exp;
        if y.class() == Infinite || a.is_zero() || distance < if near { -1 } else { 0 } {
            // The result is x itself, rounded only if it is to raise underflow.
            return Ok(self.round_to(&a, 64));
        }
        // Another step is needed for each bit by which x is longer.
        let (steps, partial) = if distance < 64 {
            (distance, false)
        } else {
            (distance & 0x1f | 0x20, true)
        };
        let mut result = Num::new(a.exp - steps.max(0), a.hi, 0).negated(a.neg);
        let mut quotient = 0u32;
        if steps >= 0 {
            let mut rest = a.hi;
            let mut over = false;
            for step in 0..=steps {
                if step > 0 {
                    over = rest >> 63 != 0;
                    rest <<= 1;
                    quotient <<= 1;
                }
                if over || rest >= b.hi {
                    rest = rest.wrapping_sub(b.hi);
                    quotient |= 1;
                }
            }
            result.hi = rest;
        }
        if partial {
            self.set_condition(ALL, C2);
        } else {
            if near {
                nearest(&mut result, &b, &mut quotient, steps < 0);
            }
            let mut flags = 0;
            for (bit, flag) in [(1, C1), (2, C3), (4, C0)] {
                if quotient & bit != 0 {
                    flags |= flag;
                }
            }
            self.set_condition(ALL, flags);
        }
        result.normalize();
        Ok(self.round_to(&result, 64))
    }
}

/// Goes on from the remainder rounded down to the nearest one: if `result` is
/// more than half of b, or half of it and the quotient odd. `below`: `result` is
/// of half b's exponent.
fn nearest(result: &mut Num, b: &Num, quotient: &mut u32, below: bool) {
    // Compare twice the rest with b, at the same exponent.
    let (double, over) = if below {
        (result.hi, false)
    } else {
        (result.hi << 1, result.hi >> 63 != 0)
    };
    let closer = over || double > b.hi || double == b.hi && *quotient & 1 != 0;
    if !closer {
        return;
    }
    *quotient = quotient.wrapping_add(1);
    result.neg = !result.neg;
    if below {
        // b - rest, at the exponent of the rest: 2b may have 65 bits.
        result.hi = (b.hi << 1).wrapping_sub(result.hi);
    } else {
        result.hi = b.hi - result.hi;
    }
}
