//! Product (0.12 `kernel/math/mul.c`).

use crate::number::Num;

/// The upper 96 of the 192 bits of a product of significands, less at most two
/// units of the last place. Exact, with a sticky bit, where both `lo` are 0.
#[inline(never)]
pub fn mul_significand(a: (u64, u32), b: (u64, u32)) -> (u64, u32) {
    let product = |x: u64, y: u64| u64::from(x as u32) * u64::from(y as u32);
    let low = |x: u64| u64::from(x as u32);
    // Columns of equal weight, from the lowest that counts.
    let x = product(a.0, b.0);
    let y = product(a.0 >> 32, u64::from(b.1));
    let z = product(u64::from(a.1), b.0 >> 32);
    let column = low(x) + low(y) + low(z);
    let sticky = column as u32 != 0;
    let column = (column >> 32) + (x >> 32) + (y >> 32) + (z >> 32);
    let x = product(a.0 >> 32, b.0);
    let y = product(a.0, b.0 >> 32);
    let column = column + low(x) + low(y);
    let hi = product(a.0 >> 32, b.0 >> 32) + (column >> 32) + (x >> 32) + (y >> 32);
    (hi, column as u32 | u32::from(sticky))
}

/// a × b.
#[inline(never)]
pub fn mul(a: &Num, b: &Num) -> Num {
    let (hi, lo) = mul_significand((a.hi, a.lo), (b.hi, b.lo));
    let mut product = Num::new(a.exp + b.exp + 1, hi, lo).negated(a.neg != b.neg);
    product.normalize();
    product
}
