//! Power series in fixed point, on which the transcendental functions rest.
//!
//! 96 bits are 32 more than a result has, and each series is carried on until what is
//! left out is less than 2^-80 of it: what is off in the end is the rounding, and
//! only where the exact result lies that close to the middle of two numbers a bit more.

use crate::mul::mul_significand;
use crate::number::Num;

/// A fraction of 2^96; of 2^95 where it may be 1 and more.
type Fixed = (u64, u32);

/// 1 / `n`, to be rounded down.
const fn inverse(n: u128) -> Fixed {
    let inverse = (1 << 95) / n;
    ((inverse >> 32) as u64, inverse as u32)
}

/// 1 / n!
pub static INVERSE_FACTORIALS: [Fixed; 25] = {
    let mut table = [(0, 0); 25];
    let mut factorial = 1;
    let mut n = 0;
    while n < table.len() {
        if n > 0 {
            factorial *= n as u128;
        }
        table[n] = inverse(factorial);
        n += 1;
    }
    table
};

/// 1 / (2n + 1)
pub static INVERSE_ODD: [Fixed; 16] = {
    let mut table = [(0, 0); 16];
    let mut n = 0;
    while n < table.len() {
        table[n] = inverse(2 * n as u128 + 1);
        n += 1;
    }
    table
};

/// c0 + c1 x + c2 x² + ..., or with `minus` c0 - c1 x + c2 x² - ..., where 0 < x < 1
/// and the c are `terms` of the table's numbers: that at `start` and each `stride`
/// further. No partial sum may reach 2.
#[inline(never)]
pub fn series(
    table: &[Fixed],
    (start, stride, terms): (usize, usize, usize),
    x: &Num,
    minus: bool,
) -> Num {
    // x is below 2^-bits. Terms below 2^-80 are left out, as they are from the table:
    // the first one is always 1. The second stays, to say on which side of 1 the sum is.
    let bits = x.exp.abs_diff(-1);
    let mut at = start + stride * (terms - 1);
    let mut power = bits.saturating_mul(terms as u32 - 1);
    while at > start + stride && ((table[at].0 >> 32) as u32).leading_zeros() + power > 80 {
        at -= stride;
        power -= bits;
    }
    let mut fraction = *x;
    fraction.shift_down(bits);
    let x = (fraction.hi, fraction.lo);
    let mut sum = table[at];
    while at > start {
        at -= stride;
        sum = plus(table[at], mul_significand(sum, x), minus);
    }
    let mut sum = Num::new(0, sum.0, sum.1);
    sum.normalize();
    sum
}

/// a + b, or a little less than a - b.
#[inline(always)]
fn plus(a: Fixed, b: Fixed, minus: bool) -> Fixed {
    // -b - 1 is the complement of b.
    let flip = u32::from(minus).wrapping_neg();
    let (lo, carry) = a.1.overflowing_add(b.1 ^ flip);
    let flip = u64::from(flip) << 32 | u64::from(flip);
    let hi = a.0.wrapping_add(b.0 ^ flip).wrapping_add(u64::from(carry));
    (hi, lo)
}
