//! Rounding (0.12 `kernel/math/convert.c`).

use crate::State387;
use crate::error::{C1, Masked, OE, PE, UE};
use crate::number::{EXP_MAX, EXP_MIN, Ext, Num, TOP};

/// A format to round to.
pub struct Format {
    /// Bits of the significand.
    pub bits: u32,
    /// Exponent of the smallest normal number.
    pub min: i32,
    /// Exponent of the largest numbers.
    pub max: i32,
}

/// Double precision in memory.
pub const DOUBLE: Format = Format {
    bits: 53,
    min: -1022,
    max: 1023,
};
/// Single precision in memory.
pub const SINGLE: Format = Format {
    bits: 24,
    min: -126,
    max: 127,
};

/// What an exponent is shifted by when overflow or underflow is not masked.
const BIAS_ADJUST: i32 = 24576;

/// How a significand came out of rounding.
struct Rounded {
    hi: u64,
    /// It became 2: `hi` is 1 again, the exponent has to grow.
    carry: bool,
    inexact: bool,
    up: bool,
}

impl State387 {
    /// Rounds a significand to its upper `bits` bits.
    #[inline(never)]
    fn cut(&self, neg: bool, (hi, lo): (u64, u32), bits: u32) -> Rounded {
        let unit = TOP >> (bits - 1);
        // The bits that go, the first of them on top.
        let rest = hi & (unit - 1);
        let (half, more) = if bits == 64 {
            (lo >> 31 != 0, lo << 1 != 0)
        } else {
            (
                rest & unit >> 1 != 0,
                rest & ((unit >> 1) - 1) != 0 || lo != 0,
            )
        };
        let inexact = half || more;
        let up = match self.cwd >> 10 & 3 {
            0 => half && (more || hi & unit != 0),
            1 => inexact && neg,
            2 => inexact && !neg,
            _ => false,
        };
        let mut hi = hi - rest;
        let mut carry = false;
        if up {
            (hi, carry) = hi.overflowing_add(unit);
            if carry {
                hi = TOP;
            }
        }
        Rounded {
            hi,
            carry,
            inexact,
            up,
        }
    }

    /// Rounds to a format. A number too small comes back with `format.min` as
    /// exponent and bit 63 clear, one too large as 2^(`format.max` + 1).
    ///
    /// Overflow and underflow that are not masked give the number with its
    /// exponent moved if it goes to a register.
    ///
    /// # Errors
    /// Overflow or underflow is not masked and the number goes to memory.
    #[inline(never)]
    pub(crate) fn round(&mut self, n: &Num, format: &Format, to_memory: bool) -> Masked<Num> {
        let mut to = *n;
        let mut flags = 0;
        let mut rounded = self.cut(n.neg, (n.hi, n.lo), format.bits);
        let exp = n.exp + i32::from(rounded.carry);
        if exp < format.min && self.unmasked(UE) {
            flags = UE;
            to.exp += BIAS_ADJUST;
        } else if exp > format.max && self.unmasked(OE) {
            flags = OE;
            to.exp -= BIAS_ADJUST;
        }
        if flags != 0 && to_memory {
            self.raise(flags)?;
        }
        let far = flags != 0;
        let exp = to.exp + i32::from(rounded.carry);
        if exp < format.min {
            to.shift_down(format.min.abs_diff(to.exp));
            if far {
                // Only fscale comes here. The host's gives 0 whatever is the rounding.
                (to.hi, to.lo) = (0, 0);
            }
            rounded = self.cut(n.neg, (to.hi, to.lo), format.bits);
            rounded.inexact |= far;
            to.exp = format.min;
            if rounded.inexact {
                flags |= UE;
            }
        } else if exp > format.max {
            flags |= OE;
            rounded = self.too_large(n.neg, format.bits, far);
            to.exp = format.max + i32::from(rounded.carry);
        } else {
            to.exp = exp;
        }
        if rounded.inexact {
            flags |= PE;
            if rounded.up {
                flags |= C1;
            }
        }
        // To a register goes what came out, whatever is not masked.
        let _ = self.raise(flags);
        to.hi = rounded.hi;
        Ok(to)
    }

    /// What masked overflow gives: infinity or the largest number.
    fn too_large(&self, neg: bool, bits: u32, far: bool) -> Rounded {
        let infinite = match self.cwd >> 10 & 3 {
            0 => true,
            1 => neg,
            2 => !neg,
            _ => false,
        } || far;
        let unit = TOP >> (bits - 1);
        Rounded {
            hi: if infinite { TOP } else { unit.wrapping_neg() },
            carry: infinite,
            inexact: true,
            up: infinite,
        }
    }

    /// Rounds to a register's format with 24, 53 or 64 bits.
    pub(crate) fn round_to(&mut self, n: &Num, bits: u32) -> Ext {
        let format = Format {
            bits,
            min: EXP_MIN,
            max: EXP_MAX,
        };
        if n.is_zero() {
            return Ext::zero(n.neg);
        }
        if bits == 64 && n.lo == 0 && n.exp >= EXP_MIN && n.exp <= EXP_MAX {
            return pack(n);
        }
        // Rounding to a register does not fail.
        self.round(n, &format, false)
            .map_or(Ext::INDEFINITE, |n| pack(&n))
    }

    /// Rounds to as many bits as the control word says.
    pub(crate) fn round_controlled(&mut self, n: &Num) -> Ext {
        let bits = match self.cwd >> 8 & 3 {
            0 => 24,
            2 => 53,
            _ => 64,
        };
        self.round_to(n, bits)
    }

    /// Rounds a constant, which is no exception.
    pub(crate) fn round_constant(&self, n: &Num) -> Ext {
        let mut to = *n;
        to.hi = self.cut(n.neg, (n.hi, n.lo), 64).hi;
        pack(&to)
    }

    /// Rounds to an integer; returns it without its sign and what that raises.
    /// 2^64 and more comes back as `None`.
    #[inline(never)]
    pub(crate) fn round_to_integer(&self, n: &Num) -> Option<(u64, u32)> {
        let mut n = *n;
        if n.is_zero() {
            return Some((0, 0));
        }
        if n.exp > 63 {
            return None;
        }
        n.shift_down((63 - n.exp) as u32);
        let rounded = self.cut(n.neg, (n.hi, n.lo), 64);
        if rounded.carry {
            return None;
        }
        let flags = match (rounded.inexact, rounded.up) {
            (false, _) => 0,
            (true, false) => PE,
            (true, true) => PE | C1,
        };
        Some((rounded.hi, flags))
    }
}

/// Puts a number of the register format together.
fn pack(n: &Num) -> Ext {
    let exp = if n.hi & TOP == 0 {
        0
    } else {
        (n.exp + EXP_MAX) as u16 & 0x7fff
    };
    Ext {
        sig: n.hi,
        se: exp | u16::from(n.neg) << 15,
    }
}
