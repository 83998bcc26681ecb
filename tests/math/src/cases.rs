//! What the instructions are tried on.

use crate::compare::Case;
use crate::instructions::{Instruction, Kind};
use crate::machine::{Image, Operand, Value};
use crate::values::{Random, table};

/// Control word: all exceptions masked.
const ALL_MASKED: u16 = 0x3f;
/// Control word: underflow masked.
const UM: u16 = 0x10;

/// The control word with these masks, precision and rounding.
fn control(masks: u16, precision: u16, rounding: u16) -> u16 {
    masks | 0x40 | precision << 8 | rounding << 10
}

/// Calls `f` with every two numbers of the table in ST(0) and ST(1), under all
/// rounding and precision controls (if `precisions`; else 64 bits), with all
/// exceptions masked and with none.
pub fn each_of_table(precisions: bool, mut f: impl FnMut(&Case)) {
    let precisions: &[u16] = if precisions { &[0, 2, 3] } else { &[3] };
    let table = table();
    let mut registers = [Value::new(0, 0); 8];
    for &x in &table {
        for &y in &table {
            registers[0] = x;
            registers[1] = y;
            for masks in [ALL_MASKED, 0] {
                for &precision in precisions {
                    for rounding in 0..4 {
                        f(&Case {
                            // Registers 0 and 1 are full, the others empty.
                            state: Image::new(
                                control(masks, precision, rounding),
                                0,
                                0xfff0,
                                registers,
                            ),
                            operand: Operand([0; 108]),
                            ax: 0,
                        });
                    }
                }
            }
        }
    }
}

impl Random {
    /// A state in which anything may be the case.
    pub fn state(&mut self, insn: &Instruction) -> Image {
        let mut registers: [Value; 8] = std::array::from_fn(|_| self.value());
        registers[1] = self.near(registers[0]);
        let i = usize::from(insn.modrm & 7);
        if i != 0 && insn.op != 1 && insn.modrm >= 0xc0 {
            registers[i] = self.near(registers[0]);
        }
        let mut masks = match self.below(4) {
            0 => 0,
            1 => self.below(64) as u16,
            _ => ALL_MASKED,
        };
        if insn.kind == Kind::Function {
            self.fit_to_function(insn, &mut registers);
            // The host does not know of some results that they have underflowed:
            // the sine of the smallest normal number is below it.
            if registers[0].se & 0x7fff <= 1 {
                masks |= UM;
            }
        }
        let mut tags = 0;
        let rare = self.pick(&[2, 8, u64::MAX, u64::MAX]);
        for nr in 0..8 {
            if self.once_in(rare) {
                tags |= 3 << (2 * nr);
            }
        }
        let top = self.below(8) as u16;
        if self.once_in(2) {
            // Room for what is pushed.
            tags |= 3 << (2 * ((top + 7) % 8));
        }
        let earlier = self.below(128) as u16 & masks;
        let conditions = self.next() as u16 & 0x4700;
        let control = control(masks, self.pick(&[0, 2, 3, 3]), self.below(4) as u16);
        Image::new(control, top << 11 | conditions | earlier, tags, registers)
    }

    /// Most functions are defined on some numbers only, and most numbers are
    /// dull to them.
    fn fit_to_function(&mut self, insn: &Instruction, registers: &mut [Value; 8]) {
        let dull = self.once_in(4);
        let x = &mut registers[0];
        *x = match insn.modrm {
            // f2xm1: below 1.
            0xf0 => self.moderate(-70, -1),
            // fyl2xp1: below 1 - √½.
            0xf9 => {
                let x = self.moderate(-70, -2);
                if x.se & 0x7fff == 0x3ffd && x.sig > 0x95f6_1998_0c43_36f7 {
                    Value::new(x.se - 1, x.sig)
                } else {
                    x
                }
            }
            _ if dull => return,
            // fyl2x: around 1, and of all sizes.
            0xf1 if self.once_in(2) => self.moderate(-1, 0).positive(),
            0xf1 => self.moderate(-100, 100).positive(),
            _ => self.moderate(-3, 64),
        };
    }

    /// A case for an instruction.
    pub fn case(&mut self, insn: &Instruction) -> Case {
        let operand = match (insn.op, insn.modrm >> 3) {
            (7, 4) => self.decimal(),
            // An environment that leaves no undefined bit in the control word.
            (1 | 5, 4) => Operand(self.state(insn).0),
            (1, 5) => {
                let mut operand = self.operand();
                let word = self.next() as u16 & 0x0f3f | 0x40;
                operand.0[..2].copy_from_slice(&word.to_le_bytes());
                operand
            }
            _ => self.operand(),
        };
        Case {
            state: self.state(insn),
            operand,
            ax: self.next() as u16,
        }
    }
}
