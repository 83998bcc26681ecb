//! Quotient and square root (0.12 `kernel/math/div.c`).

use crate::add::{significand_less, subtract_significand};
use crate::number::{Num, TOP};

/// The next 32 bits of the quotient of the significands `r` / `b`, where r < b;
/// leaves the remainder in `r`. Knuth's algorithm D with digits of 32 bits.
#[inline(never)]
fn digit(r: &mut Num, b: &Num) -> u32 {
    let low = |x: u64| u64::from(x as u32);
    let (b2, b1, b0) = (b.hi >> 32, low(b.hi), u64::from(b.lo));
    // b2 has its top bit set: the estimate is at most 2 too large.
    let mut q = (r.hi / b2).min(u64::from(u32::MAX));
    let m0 = q * b0;
    let m1 = q * b1 + (m0 >> 32);
    let m2 = q * b2 + (m1 >> 32);
    // r × 2^32 - q × b, upper and lower 64 bits.
    let (mut down, borrow) = (u64::from(r.lo) << 32).overflowing_sub(low(m1) << 32 | low(m0));
    let mut up = r.hi.wrapping_sub(m2).wrapping_sub(u64::from(borrow));
    while up >> 63 != 0 {
        q -= 1;
        let (sum, carry) = down.overflowing_add(b1 << 32 | b0);
        down = sum;
        up = up.wrapping_add(b2).wrapping_add(u64::from(carry));
    }
    r.hi = up << 32 | down >> 32;
    r.lo = down as u32;
    q as u32
}

/// a / b, where b is not 0.
#[inline(never)]
pub fn div(a: &Num, b: &Num) -> Num {
    let mut rest = *a;
    let mut quotient = Num::new(a.exp - b.exp - 1, 0, 0).negated(a.neg != b.neg);
    let one = !significand_less(a, b);
    if one {
        subtract_significand(&mut rest, b);
    }
    quotient.hi = u64::from(digit(&mut rest, b)) << 32;
    quotient.hi |= u64::from(digit(&mut rest, b));
    quotient.lo = digit(&mut rest, b);
    if one {
        quotient.shift_down(1);
        quotient.hi |= TOP;
    }
    quotient.lo |= u32::from(!rest.is_zero());
    quotient
}

/// The square root of x > 0: 64 bits, half of the next, and whether there are
/// more (Zimmermann's recursion, one level deep).
#[inline(never)]
pub fn sqrt(x: &Num) -> Num {
    // The radicand is n × 2^64 or, with the last bit below that, half of it.
    let odd = x.exp & 1 != 0;
    let (n, low) = if odd {
        (x.hi, 0)
    } else {
        (x.hi >> 1, x.hi << 63)
    };
    let (root, rest) = sqrt_64(n);
    // The lower half of the root is what is left, divided by twice the upper.
    // The 65 bits are halved first: `bit` is the one that falls out.
    let half = rest << 31 | low >> 33;
    let bit = low >> 32 & 1;
    let (mut q, mut u) = (half / root, (half % root) << 1 | bit);
    if q >> 32 != 0 {
        q -= 1;
        u += root << 1;
    }
    let mut s = (root << 32) + q;
    // What remains, as 2^32 × `over` + `under`.
    let square = q * q;
    let under = i64::from(low as u32) - i64::from(square as u32);
    let mut over = u as i64 - (square >> 32) as i64 + (under >> 32);
    let mut under = under as u32;
    if over < 0 {
        s -= 1;
        let (sum, carry) = under.overflowing_add((s as u32) << 1 | 1);
        under = sum;
        over += (s >> 31) as i64 + i64::from(carry);
    }
    let rest = (over as u64) << 32 | u64::from(under);
    let lo = if over >> 32 != 0 || rest > s {
        0x8000_0001
    } else {
        u32::from(rest != 0)
    };
    Num::new(x.exp >> 1, s, lo)
}

/// The square root of n, rounded down, and n less its square, where n is 2^62 at
/// least. Bit by bit for the upper half; the lower one as in [`sqrt`].
fn sqrt_64(n: u64) -> (u64, u64) {
    let (mut root, mut rest) = (0, (n >> 32) as u32);
    let mut bit = 1 << 30;
    while bit != 0 {
        let step = root + bit;
        root >>= 1;
        if step <= rest {
            rest -= step;
            root += bit;
        }
        bit >>= 2;
    }
    let (root, low) = (u64::from(root), n as u32);
    let half = u64::from(rest) << 16 | u64::from(low >> 16);
    let (mut q, mut u) = (half / (2 * root), half % (2 * root));
    if q >> 16 != 0 {
        q -= 1;
        u += 2 * root;
    }
    let mut root = (root << 16) + q;
    let mut rest = (u << 16 | u64::from(low & 0xffff)) as i64 - (q * q) as i64;
    if rest < 0 {
        root -= 1;
        rest += (2 * root + 1) as i64;
    }
    (root, rest as u64)
}
