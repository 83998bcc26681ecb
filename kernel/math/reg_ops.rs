//! Instructions whose operands are registers alone, but for the basic operations
//! and the transcendental functions: moves, signs, constants, and what takes a
//! number apart (387 manual, chapter 4).

use crate::State387;
use crate::div::sqrt;
use crate::error::{C2, DE, Masked, ZE};
use crate::get_put::from_int;
use crate::number::{Class, EXP_MAX, EXP_MIN, Ext, Num};

/// The constants of `fldl2t`, `fldl2e`, `fldpi`, `fldlg2`, `fldln2`.
const CONSTANTS: [Num; 5] = [
    Num::new(1, 0xd49a_784b_cd1b_8afe, 0x492b_f6ff),
    LOG2_E,
    PI,
    Num::new(-2, 0x9a20_9a84_fbcf_f798, 0x8f89_59ac),
    LN_2,
];
/// π.
pub const PI: Num = Num::new(1, 0xc90f_daa2_2168_c234, 0xc4c6_628b);
/// The logarithm of e to the base 2.
pub const LOG2_E: Num = Num::new(0, 0xb8aa_3b29_5c17_f0bb, 0xbe87_fed0);
/// The natural logarithm of 2.
pub const LN_2: Num = Num::new(-1, 0xb172_17f7_d1cf_79ab, 0xc9e3_b398);

impl State387 {
    /// `fld st(i)`.
    pub(crate) fn load_register(&mut self, i: u32) -> Masked<()> {
        self.clear_c1();
        let over = !self.is_empty(7);
        let value = if over && !self.is_empty(i) {
            self.stack_fault(true)?;
            Ext::INDEFINITE
        } else {
            self.operand_or_indefinite(i)?
        };
        self.push(value);
        Ok(())
    }

    /// `fst st(i)` and `fstp st(i)`.
    pub(crate) fn store_register(&mut self, i: u32, pop: bool) -> Masked<()> {
        self.clear_c1();
        let value = self.operand_or_indefinite(0)?;
        self.set(i, value);
        if pop {
            self.pop();
        }
        Ok(())
    }

    /// `fxch`.
    pub(crate) fn exchange(&mut self, i: u32) -> Masked<()> {
        self.clear_c1();
        let a = self.operand_or_indefinite(0)?;
        let b = self.operand_or_indefinite(i)?;
        self.set(0, b);
        self.set(i, a);
        Ok(())
    }

    /// D9 E0 to D9 EF: signs, tests, constants.
    pub(crate) fn single(&mut self, code: u8) -> Masked<()> {
        match code {
            0xe4 => self.test(),
            0xe5 => {
                self.examine();
                Ok(())
            }
            0xe0 | 0xe1 => {
                self.clear_c1();
                let empty = self.is_empty(0);
                let x = self.operand_or_indefinite(0)?;
                let neg = code == 0xe0 && !x.neg();
                self.set(0, if empty { x } else { x.with_sign(neg) });
                Ok(())
            }
            _ => self.load_constant(code),
        }
    }

    fn load_constant(&mut self, code: u8) -> Masked<()> {
        self.clear_c1();
        if !self.is_empty(7) {
            self.stack_fault(true)?;
            self.push(Ext::INDEFINITE);
            return Ok(());
        }
        let value = match code {
            0xe8 => Ext::ONE,
            0xee => Ext::zero(false),
            _ => self.round_constant(&CONSTANTS[usize::from(code - 0xe9) % 5]),
        };
        self.push(value);
        Ok(())
    }

    /// D9 F0 to D9 FF: functions of `ST(0)`, some with `ST(1)`.
    #[inline(never)]
    pub(crate) fn function(&mut self, code: u8) -> Masked<()> {
        match code {
            0xf6 | 0xf7 => {
                self.clear_c1();
                self.turn(if code == 0xf6 { 7 } else { 1 });
                Ok(())
            }
            0xf2 | 0xf4 | 0xfb => self.function_of_one_to_two(code),
            0xf1 | 0xf3 | 0xf5 | 0xf8 | 0xf9 | 0xfd => self.function_of_two(code),
            _ => self.function_of_one(code),
        }
    }

    /// `f2xm1`, `fsqrt`, `frndint`, `fsin`, `fcos`.
    fn function_of_one(&mut self, code: u8) -> Masked<()> {
        self.clear_c1();
        if code >= 0xfe {
            self.set_condition(C2, 0);
        }
        if self.is_empty(0) {
            self.stack_fault(false)?;
            self.set(0, Ext::INDEFINITE);
            return Ok(());
        }
        let x = self.st(0);
        let result = match self.nan_of_one(x)? {
            Some(nan) => nan,
            None => match code {
                0xf0 => self.two_to_the_x_minus_1(x)?,
                0xfa => self.square_root(x)?,
                0xfc => self.round_to_int(x)?,
                _ => match self.sine_or_cosine(x, code == 0xff)? {
                    Some(result) => result,
                    None => return Ok(()),
                },
            },
        };
        self.set(0, result);
        Ok(())
    }

    /// `fptan`, `fxtract`, `fsincos`, which leave two numbers.
    fn function_of_one_to_two(&mut self, code: u8) -> Masked<()> {
        self.clear_c1();
        if code != 0xf4 {
            self.set_condition(C2, 0);
        }
        let pair = if self.is_empty(0) || !self.is_empty(7) {
            self.stack_fault(!self.is_empty(0))?;
            (Ext::INDEFINITE, Ext::INDEFINITE)
        } else {
            let x = self.st(0);
            if let Some(nan) = self.nan_of_one(x)? {
                (nan, nan)
            } else if code == 0xf4 {
                self.extract(x)?
            } else {
                match self.tangent_or_both(x, code == 0xf2)? {
                    Some(pair) => pair,
                    None => return Ok(()),
                }
            }
        };
        self.set(0, pair.0);
        self.push(pair.1);
        Ok(())
    }

    /// `fyl2x`, `fpatan`, `fprem1`, `fprem`, `fyl2xp1`, `fscale`.
    fn function_of_two(&mut self, code: u8) -> Masked<()> {
        let pops = matches!(code, 0xf1 | 0xf3 | 0xf9);
        self.clear_c1();
        if matches!(code, 0xf5 | 0xf8) {
            self.set_condition(C2, 0);
        }
        let result = if self.is_empty(0) || self.is_empty(1) {
            self.stack_fault(false)?;
            Ext::INDEFINITE
        } else {
            let (x, y) = (self.st(0), self.st(1));
            match self.nan_of_two(x, y)? {
                Some(nan) => nan,
                None => match code {
                    0xf1 => self.y_log2_x(x, y)?,
                    0xf3 => self.arctangent(y, x)?,
                    0xf5 => self.remainder(x, y, true)?,
                    0xf8 => self.remainder(x, y, false)?,
                    0xf9 => self.y_log2_x_plus_1(x, y)?,
                    _ => self.scale(x, y)?,
                },
            }
        };
        if pops {
            self.pop();
        }
        self.set(0, result);
        Ok(())
    }

    /// Raises the exception of a denormal operand, if one of the two is one.
    ///
    /// # Errors
    /// It is not masked.
    #[inline(never)]
    pub(crate) fn check_denormal(&mut self, x: Ext, y: Ext) -> Masked<()> {
        if x.is_denormal() || y.is_denormal() {
            self.raise(DE)?;
        }
        Ok(())
    }

    /// `fsqrt`.
    fn square_root(&mut self, x: Ext) -> Masked<Ext> {
        match x.class() {
            Class::Zero => Ok(x),
            _ if x.neg() => self.invalid(),
            Class::Infinite => Ok(x),
            _ => {
                self.check_denormal(x, x)?;
                Ok(self.round_controlled(&sqrt(&Num::of(x))))
            }
        }
    }

    /// `frndint`.
    fn round_to_int(&mut self, x: Ext) -> Masked<Ext> {
        if x.class() != Class::Finite {
            return Ok(x);
        }
        self.check_denormal(x, x)?;
        let num = Num::of(x);
        if num.exp >= 63 {
            return Ok(x);
        }
        let (magnitude, flags) = self.round_to_integer(&num).unwrap_or((0, 0));
        let _ = self.raise(flags);
        Ok(from_int(magnitude, x.neg()))
    }

    /// `fxtract`: exponent and significand.
    fn extract(&mut self, x: Ext) -> Masked<(Ext, Ext)> {
        match x.class() {
            Class::Zero => {
                self.raise(ZE)?;
                Ok((Ext::infinity(true), x))
            }
            Class::Infinite => Ok((Ext::infinity(false), x)),
            _ => {
                self.check_denormal(x, x)?;
                let num = Num::of(x);
                let exp = from_int(u64::from(num.exp.unsigned_abs()), num.exp < 0);
                let significand = Ext {
                    sig: num.hi,
                    se: EXP_MAX as u16,
                };
                Ok((exp, significand.with_sign(x.neg())))
            }
        }
    }

    /// `fscale`: x times 2 to the y, which is cut to an integer.
    fn scale(&mut self, x: Ext, y: Ext) -> Masked<Ext> {
        use Class::{Infinite, Zero};
        match (x.class(), y.class()) {
            (Zero, Infinite) if !y.neg() => return self.invalid(),
            (Infinite, Infinite) if y.neg() => return self.invalid(),
            (_, Infinite) => {
                self.check_denormal(x, x)?;
                return Ok(if y.neg() {
                    Ext::zero(x.neg())
                } else {
                    Ext::infinity(x.neg())
                });
            }
            _ => {}
        }
        self.check_denormal(x, y)?;
        if x.class() == Infinite {
            return Ok(x);
        }
        let mut num = Num::of(x);
        let by = Num::of(y);
        if by.exp >= 0 && !by.is_zero() {
            // Far more than any number can bear, and little enough to add.
            const FAR: u64 = 1 << 20;
            let by = if by.exp > 20 {
                FAR
            } else {
                by.hi >> (63 - by.exp)
            };
            let by = by as i32;
            num.exp += if y.neg() { -by } else { by };
            num.exp = num.exp.clamp(4 * EXP_MIN, 4 * EXP_MAX);
        }
        Ok(self.round_to(&num, 64))
    }
}
