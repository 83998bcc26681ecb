//! Numbers from and to memory, in all formats (0.12 `kernel/math/get_put.c`).

use crate::State387;
use crate::convert::{DOUBLE, Format, SINGLE};
use crate::error::{IE, Masked};
use crate::number::{Class, Ext, Num, TOP};

/// The formats of operands in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operand {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
    /// A register as it is.
    F80,
    /// 16 bits, signed.
    I16,
    /// 32 bits, signed.
    I32,
    /// 64 bits, signed.
    I64,
    /// 18 decimal digits and a sign.
    Bcd,
    /// A control or status word.
    Word,
    /// The environment, all but the registers.
    Environment,
    /// Everything.
    State,
}

/// Room for any number.
pub type Bytes = [u8; 16];

/// The first `N` bytes.
pub fn head<const N: usize>(bytes: &Bytes) -> [u8; N] {
    let mut head = [0; N];
    head.copy_from_slice(&bytes[..N]);
    head
}

/// A number from memory, before anything looks at it.
pub struct Loaded {
    /// Its value, exactly.
    pub value: Ext,
    /// It was a denormal where it came from.
    pub denormal: bool,
}

/// A number of a shorter format. `sig` has the fraction at the top.
fn widen(neg: bool, exp: u32, fraction: u64, format: &Format) -> Loaded {
    let denormal = exp == 0 && fraction != 0;
    let value = if exp == 0 && !denormal {
        Ext::zero(neg)
    } else if exp as i32 > 2 * format.max {
        let mut value = Ext::infinity(neg);
        value.sig |= fraction >> 1;
        value
    } else {
        let mut num = Num::new(exp.max(1) as i32 - format.max, fraction >> 1, 0);
        if denormal {
            num.normalize();
        } else {
            num.hi |= TOP;
        }
        Ext {
            sig: num.hi,
            se: (num.exp + 16383) as u16,
        }
        .with_sign(neg)
    };
    Loaded { value, denormal }
}

/// An integer, exactly.
pub fn from_int(magnitude: u64, neg: bool) -> Ext {
    let num = Num::int(magnitude, neg);
    if num.is_zero() {
        return Ext::zero(neg);
    }
    Ext {
        sig: num.hi,
        se: (num.exp + 16383) as u16,
    }
    .with_sign(neg)
}

/// Reads a number as memory holds it.
#[inline(never)]
pub fn load(format: Operand, bytes: &Bytes) -> Loaded {
    let int = |value: i64| Loaded {
        value: from_int(value.unsigned_abs(), value < 0),
        denormal: false,
    };
    match format {
        Operand::F32 => {
            let bits = u32::from_le_bytes(head(bytes));
            let fraction = u64::from(bits) << 41;
            widen(bits >> 31 != 0, bits >> 23 & 0xff, fraction, &SINGLE)
        }
        Operand::F64 => {
            let bits = u64::from_le_bytes(head(bytes));
            let exp = (bits >> 52) as u32 & 0x7ff;
            widen(bits >> 63 != 0, exp, bits << 12, &DOUBLE)
        }
        Operand::I16 => int(i64::from(i16::from_le_bytes(head(bytes)))),
        Operand::I32 => int(i64::from(i32::from_le_bytes(head(bytes)))),
        Operand::I64 => int(i64::from_le_bytes(head(bytes))),
        Operand::Bcd => {
            let digits = bytes[..9].iter().rev().fold(0, |value, byte| {
                let pair = u64::from(byte >> 4) * 10 + u64::from(byte & 15);
                value * 100 + pair
            });
            Loaded {
                value: from_int(digits, bytes[9] >> 7 != 0),
                denormal: false,
            }
        }
        _ => {
            let head: [u8; 10] = head(bytes);
            Loaded {
                value: from_bytes(&head),
                denormal: false,
            }
        }
    }
}

/// A register from its ten bytes.
pub fn from_bytes(bytes: &[u8; 10]) -> Ext {
    let [b0, b1, b2, b3, b4, b5, b6, b7, b8, b9] = *bytes;
    Ext {
        sig: u64::from_le_bytes([b0, b1, b2, b3, b4, b5, b6, b7]),
        se: u16::from_le_bytes([b8, b9]),
    }
}

/// A register's ten bytes.
pub fn to_bytes(x: Ext) -> [u8; 10] {
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&x.sig.to_le_bytes());
    bytes[8..].copy_from_slice(&x.se.to_le_bytes());
    bytes
}

impl State387 {
    /// Stores a number in a format of memory.
    ///
    /// # Errors
    /// An exception that is not masked.
    #[inline(never)]
    pub(crate) fn store(&mut self, x: Ext, format: Operand, to: &mut Bytes) -> Masked<()> {
        match format {
            Operand::F32 => {
                let bits = self.narrow(x, &SINGLE, 8)?;
                to[..4].copy_from_slice(&((bits >> 32) as u32).to_le_bytes());
                Ok(())
            }
            Operand::F64 => {
                let bits = self.narrow(x, &DOUBLE, 11)?;
                to[..8].copy_from_slice(&bits.to_le_bytes());
                Ok(())
            }
            Operand::I16 => self.store_int(x, 16, to),
            Operand::I32 => self.store_int(x, 32, to),
            Operand::I64 => self.store_int(x, 64, to),
            Operand::Bcd => self.store_bcd(x, to),
            _ => {
                to[..10].copy_from_slice(&to_bytes(x));
                Ok(())
            }
        }
    }

    /// The bits of a shorter format, at the top of a word: sign, `exp_bits` bits of
    /// exponent, fraction.
    #[inline(never)]
    fn narrow(&mut self, x: Ext, format: &Format, exp_bits: u32) -> Masked<u64> {
        let top = 2 * format.max as u64 + 1;
        let (exp, sig) = match x.class() {
            Class::Zero => (0, 0),
            Class::Infinite => (top, 0),
            Class::Finite => {
                let num = self.round(&Num::of(x), format, true)?;
                let exp = if num.hi & TOP == 0 {
                    0
                } else {
                    (num.exp + format.max) as u64
                };
                (exp, num.hi)
            }
            Class::Nan => {
                if x.is_signalling() {
                    self.raise(IE)?;
                }
                // What does not fit falls off without rounding.
                (
                    top,
                    x.quiet().sig >> (64 - format.bits) << (64 - format.bits),
                )
            }
            Class::Unsupported => {
                self.raise(IE)?;
                return Ok(u64::MAX << (62 - exp_bits));
            }
        };
        Ok(u64::from(x.neg()) << 63 | exp << (63 - exp_bits) | sig << 1 >> (1 + exp_bits))
    }

    /// An integer's magnitude as the rounding control makes it.
    ///
    /// # Errors
    /// It is none, or above `max`: an invalid operation, which if masked gives `None`.
    fn integer(&mut self, x: Ext, max: u64) -> Masked<Option<u64>> {
        let rounded = match x.class() {
            Class::Zero | Class::Finite => self.round_to_integer(&Num::of(x)),
            _ => None,
        };
        match rounded {
            Some((magnitude, flags)) if magnitude <= max => {
                // A precision exception does not keep the number from memory.
                let _ = self.raise(flags);
                Ok(Some(magnitude))
            }
            _ => {
                self.raise(IE)?;
                Ok(None)
            }
        }
    }

    fn store_int(&mut self, x: Ext, bits: u32, to: &mut Bytes) -> Masked<()> {
        let least = 1 << (bits - 1);
        let max = least - u64::from(!x.neg());
        let value = match self.integer(x, max)? {
            Some(magnitude) if x.neg() => magnitude.wrapping_neg(),
            Some(magnitude) => magnitude,
            None => least,
        };
        to[..8].copy_from_slice(&value.to_le_bytes());
        Ok(())
    }

    fn store_bcd(&mut self, x: Ext, to: &mut Bytes) -> Masked<()> {
        const LARGEST: u64 = 999_999_999_999_999_999;
        let Some(magnitude) = self.integer(x, LARGEST)? else {
            to[..10].copy_from_slice(&[0, 0, 0, 0, 0, 0, 0, 0xc0, 0xff, 0xff]);
            return Ok(());
        };
        // Two halves of nine digits, which fit 32 bits.
        const HALF: u64 = 1_000_000_000;
        let mut value = (magnitude % HALF) as u32;
        to[..9].fill(0);
        for nr in 0..18 {
            if nr == 9 {
                value = (magnitude / HALF) as u32;
            }
            to[nr / 2] |= ((value % 10) as u8) << (nr % 2 * 4);
            value /= 10;
        }
        to[9] = u8::from(x.neg()) << 7;
        Ok(())
    }
}
