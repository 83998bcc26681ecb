//! Operands: a table of all that is special, and random ones.

use crate::machine::{Operand, Value};

/// A generator whose numbers are the same in every run (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// One of these.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    /// True once in `n`.
    pub fn once_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

const TOP: u64 = 1 << 63;

/// Every kind of thing that a register can hold, and the numbers around which
/// something changes. Each also with the other sign.
pub const TABLE: [Value; 58] = {
    const fn v(se: u16, sig: u64) -> Value {
        Value::new(se, sig)
    }
    [
        v(0, 0),                          // 0
        v(0, 1),                          // the smallest denormal
        v(0, 0x0000_1234_5678_9abc),      // a denormal
        v(0, TOP - 1),                    // the largest denormal
        v(0, TOP),                        // pseudo-denormals
        v(0, TOP | 0x1234),               //
        v(1, TOP),                        // the smallest normal number
        v(1, TOP | 1),                    //
        v(1, u64::MAX),                   //
        v(2, TOP | 0x8000_0001),          //
        v(0x0040, 0xc000_0000_0000_0000), //
        v(0x1fff, 0xb504_f333_f9de_6484), // about 2^-8192
        v(0x2000, TOP),                   //
        v(0x3bcc, TOP),                   // smallest double denormal
        v(0x3bcb, 0xc000_0000_0000_0001), //
        v(0x3c01, TOP),                   // smallest normal double
        v(0x3c00, u64::MAX),              //
        v(0x3f6a, TOP),                   // smallest single denormal
        v(0x3f69, TOP | 1),               //
        v(0x3f81, TOP),                   // smallest normal single
        v(0x3f80, 0xffff_ff80_0000_0000), //
        v(0x3fbe, TOP),                   // 2^-65
        v(0x3fbf, TOP | 1),               //
        v(0x3ffd, 0x95f6_1998_0c43_36f7), // 0.2928..., as fyl2xp1 takes
        v(0x3ffe, TOP),                   // 0.5
        v(0x3ffe, 0xc90f_daa2_2168_c235), // π/4
        v(0x3ffe, u64::MAX),              // just below 1
        v(0x3fff, TOP),                   // 1
        v(0x3fff, TOP | 1),               //
        v(0x3fff, 0xb504_f333_f9de_6485), // √2
        v(0x3fff, 0xc000_0000_0000_0000), // 1.5
        v(0x3fff, 0xc90f_daa2_2168_c235), // π/2
        v(0x4000, TOP),                   // 2
        v(0x4000, 0xa000_0000_0000_0000), // 2.5
        v(0x4000, 0xc90f_daa2_2168_c235), // π
        v(0x4002, 0xa000_0000_0000_0000), // 10
        v(0x400d, 0xffff_0000_0000_0000), // 32767.5
        v(0x400e, TOP),                   // 32768
        v(0x401d, 0xffff_ffff_0000_0000), // 2^31 - 0.25
        v(0x401e, TOP),                   // 2^31
        v(0x403a, 0xde0b_6b3a_763f_fff0), // 10^18 - 1
        v(0x403a, 0xde0b_6b3a_7640_0000), // 10^18
        v(0x403d, u64::MAX),              // just below 2^63
        v(0x403e, TOP),                   // 2^63
        v(0x403e, u64::MAX),              //
        v(0x407e, 0xffff_ff00_0000_0000), // largest single
        v(0x407e, 0xffff_ff80_0000_0000), // halfway to 2^128
        v(0x43fe, 0xffff_ffff_ffff_f800), // largest double
        v(0x5fff, 0xb504_f333_f9de_6484), // about 2^8192
        v(0x7ffe, TOP),                   //
        v(0x7ffe, u64::MAX),              // the largest number
        v(0x7fff, TOP),                   // infinity
        v(0x7fff, TOP | 1),               // signalling NaN
        v(0x7fff, 0xc000_0000_0000_0000), // quiet NaN
        v(0x7fff, u64::MAX),              //
        v(0x7fff, 0x4000_0000_0000_0001), // pseudo-NaN
        v(0x7fff, 0),                     // pseudo-infinity
        v(0x3fff, 0x4000_0000_0000_0000), // unnormal
    ]
};

/// The table with both signs.
pub fn table() -> Vec<Value> {
    TABLE
        .iter()
        .flat_map(|v| [*v, Value::new(v.se | 0x8000, v.sig)])
        .collect()
}

impl Random {
    /// A significand, as a rule with long runs of equal bits.
    fn significand(&mut self) -> u64 {
        TOP | match self.below(4) {
            0 => self.next(),
            1 => self.next() << self.below(64),
            2 => (u64::MAX << self.below(64)) ^ (self.next() & self.next() & self.next()),
            _ => u64::MAX >> self.below(64),
        }
    }

    /// A register's contents.
    pub fn value(&mut self) -> Value {
        let sign = (self.next() as u16) & 0x8000;
        let exp = match self.below(16) {
            0 => return self.pick(&TABLE).signed(sign),
            1 => return Value::new(self.next() as u16, self.next()),
            2 => self.below(70),
            3 => 0x7ffe - self.below(70),
            4 => return Value::new(sign, self.next() >> self.below(64)),
            5 => self.below(0x7fff),
            6 => 0x3c01 + self.below(60) - 30 - 20 * self.below(3),
            7 => 0x3f81 + self.below(40) - 30,
            8 => 0x3fff + 63 - self.below(3),
            _ => 0x3fff + self.below(80) - 40,
        };
        Value::new(sign | exp as u16, self.significand())
    }

    /// A number of moderate size, for what is defined on those only.
    pub fn moderate(&mut self, least: i32, most: i32) -> Value {
        let sign = (self.next() as u16) & 0x8000;
        let exp = 0x3fff + least + self.below((most - least + 1) as u64) as i32;
        Value::new(sign | exp as u16, self.significand())
    }

    /// A second value that may be close to the first.
    pub fn near(&mut self, first: Value) -> Value {
        match self.below(4) {
            0 => Value::new(
                (first.se ^ (self.next() as u16 & 0x8000)).wrapping_add(self.below(3) as u16),
                first.sig.wrapping_add(self.below(5)).wrapping_sub(2),
            ),
            1 => Value::new(
                first.se.wrapping_sub(self.below(70) as u16),
                self.significand(),
            ),
            _ => self.value(),
        }
    }

    /// An operand in memory: the start of a number of some format.
    pub fn operand(&mut self) -> Operand {
        let mut operand = Operand([0; 108]);
        for chunk in operand.0.chunks_mut(8) {
            let bytes = self.next().to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
        let special: u64 = match self.below(8) {
            0 => self.pick(&[
                0,
                1,
                0x7fff,
                0x8000,
                0xffff,
                0x7fff_ffff,
                0x8000_0000,
                1 << 63,
            ]),
            // Singles: zero, denormal, infinity, NaNs, around 1.
            1 => self.pick(&[
                0x8000_0000,
                0x1234,
                0x8000_0001,
                0x7f80_0000,
                0xff80_0000,
                0x7f80_0001,
                0xffc0_0000,
                0x3f80_0000,
                0x4000_0000,
                0xbf80_0001,
            ]),
            // Doubles.
            2 => self.pick(&[
                0x8000_0000_0000_0000,
                0x0008_0000_1234_0000,
                1,
                0x7ff0_0000_0000_0000,
                0xfff0_0000_0000_0000,
                0x7ff0_0000_0000_0001,
                0xfff8_0000_0000_0000,
                0x3ff0_0000_0000_0000,
                0xbff0_0000_0000_0001,
            ]),
            3 => self.value().sig >> self.below(64),
            4 => 0x3f00_0000 + self.below(1 << 24),
            5 => (0x3ff << 52) + self.below(1 << 56) - (1 << 55),
            _ => return operand,
        };
        operand.0[..8].copy_from_slice(&special.to_le_bytes());
        operand
    }

    /// 18 decimal digits and a sign.
    pub fn decimal(&mut self) -> Operand {
        let mut operand = self.operand();
        let digits = self.below(10);
        for (nr, byte) in operand.0[..9].iter_mut().enumerate() {
            *byte = if nr as u64 > digits {
                0
            } else {
                (self.below(10) * 16 + self.below(10)) as u8
            };
        }
        operand
    }
}

impl Value {
    /// The same without its sign.
    pub fn positive(self) -> Value {
        Value::new(self.se & 0x7fff, self.sig)
    }

    fn signed(self, sign: u16) -> Value {
        Value::new(self.se ^ sign, self.sig)
    }
}
