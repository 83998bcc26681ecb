//! Which instruction it is, and the four basic operations
//! (0.12 `kernel/math/math_emulate.c`).

use crate::add::add;
use crate::div::div;
use crate::ea::{Insn, Regs, WAIT};
use crate::error::{C0, C2, C3, DE, IE, Masked, Unmasked, ZE};
use crate::get_put::{Bytes, Operand, head, load};
use crate::mul::mul;
use crate::number::{Class, Ext, Num};
use crate::{State387, Stop};

/// The operations that bits 5-3 of the second byte number.
const MUL: u8 = 1;
const COM: u8 = 2;
const COMP: u8 = 3;
const SUB: u8 = 4;
const SUBR: u8 = 5;
const DIV: u8 = 6;
const DIVR: u8 = 7;

impl State387 {
    /// All but the control instructions report an exception that is pending.
    ///
    /// # Errors
    /// [`Stop::Pending`].
    pub(crate) fn check_pending(&self, insn: &Insn) -> Result<(), Stop> {
        if !self.is_pending() {
            return Ok(());
        }
        let registers = insn.modrm >= 0xc0;
        match (insn.op, insn.modrm >> 3 & 7) {
            // fnstenv, fnstcw, fnsave, fnstsw.
            (1 | 5, 6 | 7) if !registers => Ok(()),
            // fnclex and its like, fnstsw ax.
            (3 | 7, 4) if registers => Ok(()),
            _ => Err(Stop::Pending),
        }
    }

    /// Executes what writes a number or a word; says whether it gives one.
    pub(crate) fn store_operand(&mut self, insn: &Insn, operand: Operand, to: &mut Bytes) -> bool {
        if operand == Operand::Word {
            let word = if insn.op == 1 { self.cwd } else { self.swd };
            to[..2].copy_from_slice(&(word as u16).to_le_bytes());
            return true;
        }
        // Not if an exception is not masked.
        self.store_top(insn, operand, to).is_ok()
    }

    /// `fst`, `fstp`, `fist`, `fistp`, `fbstp` to memory.
    fn store_top(&mut self, insn: &Insn, format: Operand, to: &mut Bytes) -> Masked<()> {
        self.clear_c1();
        let value = self.operand_or_indefinite(0)?;
        self.store(value, format, to)?;
        // All but /2 pop.
        if insn.modrm >> 3 & 7 != 2 {
            self.pop();
        }
        Ok(())
    }

    /// Executes what reads a number or the control word.
    pub(crate) fn load_operand(&mut self, insn: &Insn, operand: Operand, from: &Bytes) {
        if operand == Operand::Word {
            self.set_control(u32::from(u16::from_le_bytes(head(from))));
            self.summarize();
            return;
        }
        self.clear_c1();
        // What is not masked is pending now.
        let _ = if insn.op & 1 == 0 {
            let op = insn.modrm >> 3 & 7;
            if self.is_empty(0) {
                self.arithmetic_on_empty(op, 0, 0)
            } else {
                let loaded = load(operand, from);
                let x = self.st(0);
                self.arithmetic_step((op, 0, 0), x, loaded.value, loaded.denormal)
            }
        } else {
            self.load_number(operand, from)
        };
    }

    /// `fld`, `fild`, `fbld` from memory.
    fn load_number(&mut self, format: Operand, from: &Bytes) -> Masked<()> {
        if !self.is_empty(7) {
            self.stack_fault(true)?;
            self.push(Ext::INDEFINITE);
            return Ok(());
        }
        let mut loaded = load(format, from);
        let value = loaded.value;
        if format != Operand::F80 && value.class() == Class::Nan && value.is_signalling() {
            self.raise(IE)?;
            loaded.value = value.quiet();
        }
        if loaded.denormal {
            // Pending if it is not masked, but the number is loaded.
            let _ = self.raise(DE);
        }
        self.push(loaded.value);
        Ok(())
    }

    /// `ST(i)`, or the indefinite NaN if it is empty.
    ///
    /// # Errors
    /// It is empty and invalid operation not masked.
    #[inline(never)]
    pub(crate) fn operand_or_indefinite(&mut self, i: u32) -> Masked<Ext> {
        if self.is_empty(i) {
            self.stack_fault(false)?;
            return Ok(Ext::INDEFINITE);
        }
        Ok(self.st(i))
    }

    /// An operation on `ST(0)` and `ST(i)` with the result in `ST(to)`.
    pub(crate) fn arithmetic(&mut self, op: u8, i: u32, to: u32, pops: u32) -> Masked<()> {
        self.clear_c1();
        if self.is_empty(0) || self.is_empty(i) {
            return self.arithmetic_on_empty(op, to, pops);
        }
        let (x, y) = (self.st(0), self.st(i));
        self.arithmetic_step((op, to, pops), x, y, false)
    }

    fn arithmetic_on_empty(&mut self, op: u8, to: u32, pops: u32) -> Masked<()> {
        let compares = op == COM || op == COMP;
        if compares {
            self.set_condition(C0 | C2 | C3, C0 | C2 | C3);
        }
        self.stack_fault(false)?;
        if !compares {
            self.set(to, Ext::INDEFINITE);
        }
        self.pop_after(op, pops);
        Ok(())
    }

    fn pop_after(&mut self, op: u8, pops: u32) {
        for _ in 0..pops + u32::from(op == COMP) {
            self.pop();
        }
    }

    /// The operation proper: x op y, with the result in `ST(to)`. `denormal`: y was
    /// one in memory.
    #[inline(never)]
    fn arithmetic_step(
        &mut self,
        (op, to, pops): (u8, u32, u32),
        x: Ext,
        y: Ext,
        denormal: bool,
    ) -> Masked<()> {
        if op == COM || op == COMP {
            self.compare(x, y, denormal, false)?;
        } else {
            // subr and divr have their operands the other way round.
            let (x, y) = if op == SUBR || op == DIVR {
                (y, x)
            } else {
                (x, y)
            };
            let op = if op == MUL { MUL } else { op & !1 };
            let result = if x.is_normal() && y.is_normal() && !denormal {
                self.operate_on_normal(op, x, y)
            } else {
                self.operate(op, x, y, denormal)?
            };
            self.set(to, result);
        }
        self.pop_after(op, pops);
        Ok(())
    }

    /// x op y for numbers as they are as a rule; also where one is a denormal.
    fn operate_on_normal(&mut self, op: u8, a: Ext, b: Ext) -> Ext {
        let (a, mut b) = (Num::of(a), Num::of(b));
        let mut result = match op {
            MUL => mul(&a, &b),
            DIV => div(&a, &b),
            _ => {
                b.neg ^= op == SUB;
                add(&a, &b)
            }
        };
        if result.is_zero() {
            result.neg = self.rounds_down();
        }
        self.round_controlled(&result)
    }

    /// x op y, for the operations 0, `MUL`, `SUB` and `DIV`.
    #[inline(never)]
    fn operate(&mut self, op: u8, a: Ext, mut b: Ext, denormal: bool) -> Masked<Ext> {
        if let Some(nan) = self.nan_of_two(a, b)? {
            return Ok(nan);
        }
        let plain = b;
        if op == SUB {
            b.se ^= 0x8000;
        }
        let neg = a.neg() != b.neg();
        use Class::{Infinite, Zero};
        let exact = match (op, (a.class(), b.class())) {
            (MUL, (Zero, Infinite) | (Infinite, Zero))
            | (DIV, (Zero, Zero) | (Infinite, Infinite)) => return self.invalid(),
            (0 | SUB, (Infinite, Infinite)) if neg => return self.invalid(),
            (MUL, (Infinite, _) | (_, Infinite)) | (DIV, (Infinite, _)) => Some(Ext::infinity(neg)),
            (MUL, (Zero, _) | (_, Zero)) | (DIV, (Zero, _) | (_, Infinite)) => Some(Ext::zero(neg)),
            (DIV, (_, Zero)) => {
                self.raise(ZE)?;
                return Ok(Ext::infinity(neg));
            }
            (0 | SUB, (Infinite, _)) => Some(a),
            (0 | SUB, (_, Infinite)) => Some(b),
            (0 | SUB, (Zero, Zero)) => {
                Some(Ext::zero(if neg { self.rounds_down() } else { a.neg() }))
            }
            _ => None,
        };
        if denormal || a.is_denormal() || b.is_denormal() {
            self.raise(DE)?;
        }
        Ok(exact.unwrap_or_else(|| self.operate_on_normal(op, a, plain)))
    }

    /// Does the rounding control say down? Then a difference of 0 is -0.
    fn rounds_down(&self) -> bool {
        self.cwd >> 10 & 3 == 1
    }

    /// What an invalid operation gives.
    ///
    /// # Errors
    /// It is not masked.
    #[inline(never)]
    pub(crate) fn invalid(&mut self) -> Masked<Ext> {
        self.raise(IE)?;
        Ok(Ext::INDEFINITE)
    }

    /// What an operation on two numbers gives if one of them is none: the NaN
    /// with the larger significand (387 manual, "Rules for generating QNaNs").
    ///
    /// # Errors
    /// An invalid operation that is not masked.
    #[inline(never)]
    pub(crate) fn nan_of_two(&mut self, a: Ext, b: Ext) -> Masked<Option<Ext>> {
        let classes = (a.class(), b.class());
        if classes.0 == Class::Unsupported || classes.1 == Class::Unsupported {
            return self.invalid().map(Some);
        }
        let nans = (classes.0 == Class::Nan, classes.1 == Class::Nan);
        let signalling = (nans.0 && a.is_signalling(), nans.1 && b.is_signalling());
        if signalling.0 || signalling.1 {
            self.raise(IE)?;
        }
        let first = match nans {
            (false, false) => return Ok(None),
            (true, true) if signalling.0 != signalling.1 => signalling.1,
            (true, true) => {
                let (x, y) = (a.quiet().sig, b.quiet().sig);
                x > y || x == y && !a.neg()
            }
            (first, _) => first,
        };
        Ok(Some(if first { a } else { b }.quiet()))
    }

    /// The same for an operation on one.
    ///
    /// # Errors
    /// An invalid operation that is not masked.
    pub(crate) fn nan_of_one(&mut self, a: Ext) -> Masked<Option<Ext>> {
        self.nan_of_two(a, a)
    }

    /// An instruction without an operand in memory.
    pub(crate) fn with_registers(&mut self, insn: &Insn, regs: &mut Regs) -> Result<(), Stop> {
        let i = u32::from(insn.modrm & 7);
        let reg = insn.modrm >> 3 & 7;
        match (insn.op, insn.modrm) {
            // fneni, fndisi and fnsetpm of older chips do nothing.
            (WAIT, _) | (3, 0xe0 | 0xe1 | 0xe4) => return Ok(()),
            (3, 0xe2) => {
                self.clear_exceptions();
                return Ok(());
            }
            (3, 0xe3) => {
                self.init();
                return Ok(());
            }
            (7, 0xe0) => {
                let eax = regs.eax();
                *eax = *eax & !0xffff | self.swd;
                return Ok(());
            }
            _ => {}
        }
        if !is_instruction(insn) {
            return Err(Stop::Illegal);
        }
        self.set_pointers(insn, regs);
        let done: Result<(), Unmasked> = match (insn.op, reg) {
            (0, _) => self.arithmetic(reg, i, 0, 0),
            (1, 0) => self.load_register(i),
            (1, 1) | (5 | 7, 1) => self.exchange(i),
            (1, 2) => Ok(()),
            // A second fstp, which does not look whether there is anything.
            (1, 3) if self.is_empty(0) => {
                self.clear_c1();
                self.pop();
                Ok(())
            }
            (1, 4 | 5) => self.single(insn.modrm),
            (1, 6 | 7) => self.function(insn.modrm),
            (2, _) => self.compare_unordered(1, 2),
            (4, COM | COMP) => self.arithmetic(reg, i, 0, 0),
            (6, COM) => self.arithmetic(COMP, i, 0, 0),
            (6, COMP) => self.arithmetic(COMP, i, 0, 1),
            (4 | 6, _) => self.arithmetic(reg, i, i, u32::from(insn.op == 6)),
            // ffree, and its unlisted brother that pops.
            (5 | 7, 0) => {
                self.clear_c1();
                self.free(i);
                if insn.op == 7 {
                    self.pop();
                }
                Ok(())
            }
            (5, 4) => self.compare_unordered(i, 0),
            (5, 5) => self.compare_unordered(i, 1),
            // fst and fstp, with the doubles of the latter in rows 1 and 7.
            _ => self.store_register(i, !(insn.op == 5 && reg == 2)),
        };
        // What is not masked is pending now.
        let _ = done;
        Ok(())
    }
}

/// Is there such an instruction, with registers? Its codes that Intel does not
/// list but every chip executes count too.
fn is_instruction(insn: &Insn) -> bool {
    match (insn.op, insn.modrm) {
        (0 | 4 | 6, 0xd9) => true,
        (6, 0xd8..=0xdf) => false,
        (0 | 4 | 6, _) => true,
        (1, modrm) => !matches!(modrm, 0xd1..=0xd7 | 0xe2 | 0xe3 | 0xe6 | 0xe7 | 0xef),
        (2, modrm) => modrm == 0xe9,
        (5, modrm) => modrm < 0xf0,
        (7, modrm) => modrm < 0xe0,
        _ => false,
    }
}
