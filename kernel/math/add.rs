//! Sum and difference (0.12 `kernel/math/add.c`).

use crate::number::{Num, TOP};

/// Is the significand of `a` less than that of `b`?
pub fn significand_less(a: &Num, b: &Num) -> bool {
    a.hi < b.hi || a.hi == b.hi && a.lo < b.lo
}

/// `to -= what`, of the significands. Returns whether that went below zero.
pub fn subtract_significand(to: &mut Num, what: &Num) -> bool {
    let (lo, borrow) = to.lo.overflowing_sub(what.lo);
    let (hi, below) = to.hi.overflowing_sub(what.hi);
    let (hi, below_too) = hi.overflowing_sub(u64::from(borrow));
    (to.hi, to.lo) = (hi, lo);
    below | below_too
}

/// a + b. The sign of a sum that is exactly 0 means nothing.
#[inline(never)]
pub fn add(a: &Num, b: &Num) -> Num {
    let swap = b.exp > a.exp || b.exp == a.exp && significand_less(a, b);
    let (mut sum, mut small) = if swap && !b.is_zero() || a.is_zero() {
        (*b, *a)
    } else {
        (*a, *b)
    };
    if small.is_zero() {
        return sum;
    }
    small.shift_down(sum.exp.abs_diff(small.exp));
    if sum.neg == small.neg {
        let (lo, carry) = sum.lo.overflowing_add(small.lo);
        let (hi, over) = sum.hi.overflowing_add(small.hi);
        let (hi, over_too) = hi.overflowing_add(u64::from(carry));
        (sum.hi, sum.lo) = (hi, lo);
        if over | over_too {
            sum.shift_down(1);
            sum.hi |= TOP;
        }
    } else {
        subtract_significand(&mut sum, &small);
        sum.normalize();
    }
    sum
}
