//! `fpatan`.

use crate::State387;
use crate::add::{add, significand_less};
use crate::div::div;
use crate::error::Masked;
use crate::mul::mul;
use crate::number::{Class, Ext, Num};
use crate::reg_ops::PI;
use crate::series::{INVERSE_ODD, series};

/// The arctangents of 1/8, 2/8, ... 1.
static EIGHTHS: [Num; 8] = [
    Num::new(-4, 0xfead_d4d5_617b_6e32, 0xc897_989f),
    Num::new(-3, 0xfadb_afc9_6406_eb15, 0x6dc7_9ef5),
    Num::new(-2, 0xb7b0_ca0f_26f7_8473, 0x8aa3_2122),
    Num::new(-2, 0xed63_382b_0dda_7b45, 0x6fe4_45ec),
    Num::new(-1, 0x8f00_5d5e_f7f5_9f9b, 0x5c83_5e16),
    Num::new(-1, 0xa4bc_7d19_34f7_0924, 0x19a8_7f2a),
    Num::new(-1, 0xb805_3e2b_c231_9e73, 0xcb2d_a552),
    Num::new(-1, 0xc90f_daa2_2168_c234, 0xc4c6_628b),
];

/// The arctangent of a / b, where 0 < a <= b: that of the nearest eighth k/8, and
/// that of (a - b k/8) / (b + a k/8), at most 1/16, as a series.
#[inline(never)]
fn arctangent_below_1(a: &Num, b: &Num) -> Num {
    let distance = b.exp.abs_diff(a.exp);
    let eighth = if distance > 4 {
        0
    } else {
        // Sixteenths, then rounded to eighths.
        ((a.hi >> (28 + distance)) / (b.hi >> 32)).div_ceil(2) as usize
    };
    let (small, base) = match eighth.checked_sub(1) {
        None => (div(a, b), Num::new(0, 0, 0)),
        Some(nr) => {
            let factor = Num::int(eighth as u64, false).scaled(-3);
            let above = add(a, &mul(b, &factor).negated(true));
            let below = add(b, &mul(a, &factor));
            let small = if above.is_zero() {
                above
            } else {
                div(&above, &below)
            };
            (small, EIGHTHS[nr.min(EIGHTHS.len() - 1)])
        }
    };
    if small.is_zero() {
        return base;
    }
    let sum = series(&INVERSE_ODD, (0, 1, 11), &mul(&small, &small), true);
    add(&mul(&sum, &small), &base)
}

impl State387 {
    /// `fpatan`: the angle of the point (x, y).
    #[inline(never)]
    pub(crate) fn arctangent(&mut self, y: Ext, x: Ext) -> Masked<Ext> {
        use Class::{Infinite, Zero};
        self.check_denormal(x, y)?;
        let angle = match (y.class(), x.class()) {
            (Zero, _) | (_, Infinite) if !x.neg() && y.class() != Infinite => {
                return Ok(Ext::zero(y.neg()));
            }
            (Infinite, Infinite) if x.neg() => add(&PI, &PI.scaled(-2).negated(true)),
            (Infinite, Infinite) => PI.scaled(-2),
            (Infinite, _) | (Class::Finite, Zero) => PI.scaled(-1),
            (Zero, _) | (_, Infinite) => PI,
            _ => of_point(&Num::of(y), &Num::of(x)),
        };
        let mut angle = angle.negated(y.neg());
        angle.lo |= 1;
        Ok(self.round_to(&angle, 64))
    }
}

/// The angle of a point that lies on neither axis, from 0 to π.
#[inline(never)]
fn of_point(y: &Num, x: &Num) -> Num {
    let (a, b) = (y.negated(y.neg), x.negated(x.neg));
    let steep = a.exp > b.exp || a.exp == b.exp && significand_less(&b, &a);
    let (a, b) = if steep { (b, a) } else { (a, b) };
    let mut angle = arctangent_below_1(&a, &b);
    if steep {
        angle = add(&PI.scaled(-1), &angle.negated(true));
    }
    if x.neg {
        angle = add(&PI, &angle.negated(true));
    }
    angle
}
