//! `f2xm1`, `fyl2x`, `fyl2xp1`.

use crate::State387;
use crate::add::add;
use crate::div::div;
use crate::error::{Masked, ZE};
use crate::mul::mul;
use crate::number::{Class, Ext, Num, TOP};
use crate::reg_ops::{LN_2, LOG2_E};
use crate::series::{INVERSE_FACTORIALS, INVERSE_ODD, series};

const ONE: Num = Num::new(0, TOP, 0);

/// The logarithm to the base 2 of (1 + s) / (1 - s), where 0 < |s| < 0.172: twice
/// the series of the inverse hyperbolic tangent.
#[inline(never)]
fn log2_of_ratio(s: &Num) -> Num {
    let sum = series(&INVERSE_ODD, (0, 1, 16), &mul(s, s), false);
    let mut log = mul(&mul(&sum, s), &LOG2_E).scaled(1);
    log.lo |= 1;
    log
}

/// The logarithm of a positive number to the base 2.
#[inline(never)]
fn log2(x: &Num) -> Num {
    /// The significand of the square root of 2.
    const ROOT_2: u64 = 0xb504_f333_f9de_6484;
    let over = x.hi > ROOT_2;
    let exp = x.exp + i32::from(over);
    let log = Num::int(u64::from(exp.unsigned_abs()), exp < 0);
    let mut significand = *x;
    significand.exp = -i32::from(over);
    let above = add(&significand, &ONE.negated(true));
    if above.is_zero() {
        return log;
    }
    let ratio = div(&above, &add(&significand, &ONE));
    add(&log2_of_ratio(&ratio), &log)
}

impl State387 {
    /// `f2xm1`: 2 to the x, less 1, where -1 <= x <= 1. The manual defines no result
    /// for others; it is x.
    pub(crate) fn two_to_the_x_minus_1(&mut self, x: Ext) -> Masked<Ext> {
        match x.class() {
            Class::Zero => return Ok(x),
            Class::Infinite if x.neg() => return Ok(Ext::ONE.with_sign(true)),
            Class::Infinite => return Ok(x),
            _ => self.check_denormal(x, x)?,
        }
        let num = Num::of(x);
        if num.exp >= 0 {
            if x == Ext::ONE.with_sign(true) {
                return Ok(Ext {
                    sig: TOP,
                    se: 0xbffe,
                });
            }
            return Ok(x);
        }
        let power = mul(&num, &LN_2);
        let sum = series(&INVERSE_FACTORIALS, (1, 1, 22), &power, x.neg());
        let mut result = mul(&sum, &power);
        result.lo |= 1;
        Ok(self.round_to(&result, 64))
    }

    /// `fyl2x`: y times the logarithm of x to the base 2.
    #[inline(never)]
    pub(crate) fn y_log2_x(&mut self, x: Ext, y: Ext) -> Masked<Ext> {
        use Class::{Infinite, Zero};
        let zero_x = x.class() == Zero;
        if x.neg() && !zero_x {
            return self.invalid();
        }
        // Is the logarithm below 0?
        let below = x.exp() < 0x3fff;
        let neg = y.neg() != below;
        let exact = match (x.class(), y.class()) {
            (Zero, Zero) | (Infinite, Zero) => return self.invalid(),
            (_, Infinite) if x == Ext::ONE => return self.invalid(),
            (Zero, Infinite) | (Infinite, _) | (_, Infinite) => Ext::infinity(neg),
            (Zero, _) => {
                self.raise(ZE)?;
                return Ok(Ext::infinity(neg));
            }
            (_, Zero) => Ext::zero(neg),
            _ if x == Ext::ONE => Ext::zero(neg),
            _ => {
                self.check_denormal(x, y)?;
                let result = mul(&log2(&Num::of(x)), &Num::of(y));
                return Ok(self.round_to(&result, 64));
            }
        };
        self.check_denormal(x, y)?;
        Ok(exact)
    }

    /// `fyl2xp1`: y times the logarithm of x + 1 to the base 2, exact near 0. The
    /// manual defines it for |x| < 1 - √½ only.
    #[inline(never)]
    pub(crate) fn y_log2_x_plus_1(&mut self, x: Ext, y: Ext) -> Masked<Ext> {
        use Class::{Infinite, Zero};
        let neg = x.neg() != y.neg();
        let exact = match (x.class(), y.class()) {
            (Zero, Infinite) | (Infinite, Zero) => return self.invalid(),
            (Infinite, _) if x.neg() => return self.invalid(),
            (Zero, _) | (_, Zero) => Ext::zero(neg),
            (Infinite, _) | (_, Infinite) => Ext::infinity(neg),
            _ => {
                self.check_denormal(x, y)?;
                let num = Num::of(x);
                let log = if num.exp < -2 {
                    log2_of_ratio(&div(&num, &add(&num, &ONE.scaled(1))))
                } else {
                    let sum = add(&num, &ONE);
                    if sum.neg || sum.is_zero() {
                        return self.invalid();
                    }
                    log2(&sum)
                };
                let result = mul(&log, &Num::of(y));
                return Ok(self.round_to(&result, 64));
            }
        };
        self.check_denormal(x, y)?;
        Ok(exact)
    }
}
