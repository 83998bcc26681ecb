//! Numbers in the two forms that the emulator knows: as a register holds them,
//! and taken apart, with 32 bits to spare for what is to be rounded.

/// A number as the 387's registers hold it: sign and biased exponent, and 64 bits
/// of significand with an explicit integer bit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ext {
    /// The significand; bit 63 is worth 1.
    pub sig: u64,
    /// Bit 15 is the sign, the rest the exponent plus 16383.
    pub se: u16,
}

/// What kind of thing a register holds (387 manual, table "Number encodings").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// Either zero.
    Zero,
    /// A normal number, a denormal or a pseudo-denormal.
    Finite,
    /// Either infinity.
    Infinite,
    /// Not a number, quiet or signalling.
    Nan,
    /// What the 387 takes for invalid: unnormals, pseudo-infinities, pseudo-NaNs.
    Unsupported,
}

/// Bit 62, which a quiet NaN has set.
const QUIET: u64 = 1 << 62;
/// The integer bit.
pub const TOP: u64 = 1 << 63;

impl Ext {
    /// "Real indefinite", the NaN that invalid operations give.
    pub const INDEFINITE: Ext = Ext {
        sig: TOP | QUIET,
        se: 0xffff,
    };
    /// 1.0.
    pub const ONE: Ext = Ext {
        sig: TOP,
        se: 0x3fff,
    };

    /// A zero.
    pub const fn zero(neg: bool) -> Ext {
        Ext {
            sig: 0,
            se: (neg as u16) << 15,
        }
    }

    /// An infinity.
    pub const fn infinity(neg: bool) -> Ext {
        Ext {
            sig: TOP,
            se: 0x7fff | (neg as u16) << 15,
        }
    }

    /// Is the sign set?
    pub const fn neg(self) -> bool {
        self.se >> 15 != 0
    }

    /// The biased exponent.
    pub const fn exp(self) -> u16 {
        self.se & 0x7fff
    }

    /// The same with the sign set or not.
    #[must_use]
    pub const fn with_sign(self, neg: bool) -> Ext {
        Ext {
            sig: self.sig,
            se: self.exp() | (neg as u16) << 15,
        }
    }

    /// What kind of thing it is.
    #[inline(never)]
    pub fn class(self) -> Class {
        match (self.exp(), self.sig) {
            (0, 0) => Class::Zero,
            (0, _) => Class::Finite,
            (_, sig) if sig & TOP == 0 => Class::Unsupported,
            (0x7fff, TOP) => Class::Infinite,
            (0x7fff, _) => Class::Nan,
            _ => Class::Finite,
        }
    }

    /// Neither zero, denormal, infinity, NaN nor unsupported?
    #[inline(always)]
    pub const fn is_normal(self) -> bool {
        self.sig & TOP != 0 && !matches!(self.se & 0x7fff, 0 | 0x7fff)
    }

    /// A denormal or pseudo-denormal?
    pub const fn is_denormal(self) -> bool {
        self.exp() == 0 && self.sig != 0
    }

    /// Of a NaN: is it a signalling one?
    pub const fn is_signalling(self) -> bool {
        self.sig & QUIET == 0
    }

    /// The quiet form of a NaN.
    #[must_use]
    pub const fn quiet(self) -> Ext {
        Ext {
            sig: self.sig | QUIET,
            se: self.se,
        }
    }
}

/// A number taken apart: ±`hi`.`lo` × 2^`exp`, where bit 63 of `hi` is worth 1.
/// The lowest bit of `lo` is sticky: it stands for everything below it.
#[derive(Clone, Copy, Debug)]
pub struct Num {
    /// The upper 64 bits of the significand; with bit 63 set, or all is 0.
    pub hi: u64,
    /// The lower 32 bits.
    pub lo: u32,
    /// The exponent.
    pub exp: i32,
    /// The sign.
    pub neg: bool,
}

/// The smallest exponent of a normal number.
pub const EXP_MIN: i32 = -16382;
/// The largest exponent of a finite number.
pub const EXP_MAX: i32 = 16383;

impl Num {
    /// A positive constant.
    pub const fn new(exp: i32, hi: u64, lo: u32) -> Num {
        Num {
            hi,
            lo,
            exp,
            neg: false,
        }
    }

    /// A zero or a finite number.
    pub fn of(x: Ext) -> Num {
        let mut num = Num::new(i32::from(x.exp().max(1)) - EXP_MAX, x.sig, 0);
        num.neg = x.neg();
        if x.sig & TOP == 0 {
            num.normalize();
        }
        num
    }

    /// An integer.
    pub fn int(magnitude: u64, neg: bool) -> Num {
        let mut num = Num::new(63, magnitude, 0);
        num.neg = neg;
        num.normalize();
        num
    }

    /// Is it zero?
    pub const fn is_zero(&self) -> bool {
        self.hi == 0 && self.lo == 0
    }

    /// Shifts the significand up until bit 63 is set; a zero stays.
    #[inline(always)]
    pub fn normalize(&mut self) {
        if self.hi & TOP == 0 {
            self.shift_up();
        }
    }

    /// The rest of [`Self::normalize`].
    #[inline(never)]
    fn shift_up(&mut self) {
        if self.hi >> 32 == 0 {
            if self.is_zero() {
                return;
            }
            while self.hi >> 32 == 0 {
                self.hi = self.hi << 32 | u64::from(self.lo);
                self.lo = 0;
                self.exp -= 32;
            }
        }
        let n = self.hi.leading_zeros();
        if n != 0 {
            self.hi = self.hi << n | u64::from(self.lo >> (32 - n));
            self.lo <<= n;
            self.exp -= n as i32;
        }
    }

    /// Shifts the significand down by `n`; the lowest bit keeps what falls out.
    #[inline(never)]
    pub fn shift_down(&mut self, n: u32) {
        if n == 0 {
            return;
        }
        self.exp = self.exp.saturating_add_unsigned(n);
        if n >= 96 {
            self.lo = u32::from(!self.is_zero());
            self.hi = 0;
            return;
        }
        let mut n = n;
        let mut lost = 0;
        while n >= 32 {
            lost |= self.lo;
            self.lo = self.hi as u32;
            self.hi >>= 32;
            n -= 32;
        }
        if n != 0 {
            lost |= self.lo << (32 - n);
            self.lo = self.lo >> n | (self.hi as u32) << (32 - n);
            self.hi >>= n;
        }
        self.lo |= u32::from(lost != 0);
    }

    /// The same with the other sign, if `neg`.
    #[must_use]
    pub const fn negated(mut self, neg: bool) -> Num {
        self.neg ^= neg;
        self
    }

    /// The same times 2^`n`.
    #[must_use]
    pub const fn scaled(mut self, n: i32) -> Num {
        self.exp += n;
        self
    }
}
