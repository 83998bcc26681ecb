//! `fsin`, `fcos`, `fsincos`, `fptan`.
//!
//! The chip subtracts multiples of a π of 66 bits, and so do we: the sine of a
//! large number is not that of the number, but that of the chip.

use crate::State387;
use crate::add::{significand_less, subtract_significand};
use crate::div::div;
use crate::error::{C2, Masked};
use crate::mul::mul;
use crate::number::{Class, Ext, Num};
use crate::series::{INVERSE_FACTORIALS, series};

/// Half of the chip's π.
const HALF_PI: Num = Num::new(0, 0xc90f_daa2_2168_c234, 0xc000_0000);

/// An angle between -π/4 and π/4, its square, and how many times π/2 it was moved.
struct Angle {
    rest: Num,
    square: Num,
    quadrant: u32,
}

/// Brings a positive number below 2^63 between -π/4 and π/4, exactly.
#[inline(never)]
fn reduce(x: &Num) -> Angle {
    let mut rest = *x;
    let mut quadrant = 0u32;
    if x.exp >= -1 {
        rest.shift_down((x.exp < 0).into());
        let mut over = false;
        for step in 0..=x.exp {
            if step > 0 {
                over = rest.hi >> 63 != 0;
                rest.hi = rest.hi << 1 | u64::from(rest.lo >> 31);
                rest.lo <<= 1;
                quadrant <<= 1;
            }
            if over || !significand_less(&rest, &HALF_PI) {
                subtract_significand(&mut rest, &HALF_PI);
                quadrant |= 1;
            }
        }
        rest.exp = 0;
        let mut above = HALF_PI;
        subtract_significand(&mut above, &rest);
        if significand_less(&above, &rest) {
            rest = above.negated(true);
            quadrant = quadrant.wrapping_add(1);
        }
        rest.normalize();
    }
    Angle {
        square: mul(&rest, &rest),
        rest,
        quadrant,
    }
}

impl Angle {
    /// The sine, `further` quadrants on; the cosine is one further.
    #[inline(never)]
    fn sine(&self, further: u32) -> Num {
        let quadrant = self.quadrant.wrapping_add(further);
        let mut sine = if quadrant & 1 == 0 {
            let sum = series(&INVERSE_FACTORIALS, (1, 2, 12), &self.square, true);
            mul(&sum, &self.rest)
        } else {
            series(&INVERSE_FACTORIALS, (0, 2, 13), &self.square, true)
        };
        // It is never exact.
        sine.lo |= 1;
        sine.negated(quadrant & 2 != 0)
    }
}

impl State387 {
    /// The angle that x is, without its sign; `None` if x is too large, which C2
    /// says.
    fn angle(&mut self, x: Ext) -> Masked<Option<Angle>> {
        self.check_denormal(x, x)?;
        let num = Num::of(x);
        if num.exp >= 63 {
            self.set_condition(C2, C2);
            return Ok(None);
        }
        Ok(Some(reduce(&num.negated(x.neg()))))
    }

    /// `fsin` and `fcos`.
    pub(crate) fn sine_or_cosine(&mut self, x: Ext, cosine: bool) -> Masked<Option<Ext>> {
        match x.class() {
            Class::Zero => return Ok(Some(if cosine { Ext::ONE } else { x })),
            Class::Infinite => return self.invalid().map(Some),
            _ => {}
        }
        let Some(angle) = self.angle(x)? else {
            return Ok(None);
        };
        let sine = angle.sine(cosine.into()).negated(x.neg() && !cosine);
        Ok(Some(self.round_to(&sine, 64)))
    }

    /// `fptan`: tangent and 1. `fsincos`: sine and cosine.
    pub(crate) fn tangent_or_both(&mut self, x: Ext, tangent: bool) -> Masked<Option<(Ext, Ext)>> {
        match x.class() {
            Class::Zero => return Ok(Some((x, Ext::ONE))),
            Class::Infinite => return Ok(Some((self.invalid()?, Ext::INDEFINITE))),
            _ => {}
        }
        let Some(angle) = self.angle(x)? else {
            return Ok(None);
        };
        let sine = angle.sine(0).negated(x.neg());
        let cosine = angle.sine(1);
        Ok(Some(if tangent {
            let mut tangent = div(&sine, &cosine);
            tangent.lo |= 1;
            (self.round_to(&tangent, 64), Ext::ONE)
        } else {
            (self.round_to(&sine, 64), self.round_to(&cosine, 64))
        }))
    }
}
