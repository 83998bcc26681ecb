//! One case on both coprocessors, and how their results differ.

use crate::instructions::{Instruction, Kind};
use crate::machine::{Image, Operand, Value, emulate};
use crate::real;

/// What an instruction starts from.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub state: Image,
    pub operand: Operand,
    pub ax: u16,
}

/// What it ends in.
#[derive(Clone, Copy, Debug)]
pub struct Outcome {
    pub state: Image,
    pub operand: Operand,
    pub ax: u16,
}

/// Both results.
pub struct Pair {
    pub real: Outcome,
    pub ours: Outcome,
}

/// Bits of the status word.
const UE: u16 = 0x10;
const PE: u16 = 0x20;
const ES: u16 = 0x80;
const C1: u16 = 0x200;
const BUSY: u16 = 0x8000;

/// Executes it twice.
pub fn run(insn: &Instruction, case: &Case) -> Pair {
    let start = Outcome {
        state: case.state,
        operand: case.operand,
        ax: case.ax,
    };
    let (mut real, mut ours) = (start, start);
    real.ax = real::execute(
        insn.op,
        insn.modrm,
        &mut real.state,
        &mut real.operand,
        case.ax,
    );
    match emulate(
        insn.op,
        insn.modrm,
        &mut ours.state,
        &mut ours.operand,
        case.ax,
    ) {
        Ok(ax) => ours.ax = ax,
        Err(stop) => panic!("{insn:?} was not executed: {stop:?}"),
    }
    Pair { real, ours }
}

impl Pair {
    /// By how many units of the last place the results differ; `None` if by more
    /// than a function's may.
    pub fn distance(&self, kind: Kind) -> Option<u64> {
        if self.same() {
            return Some(0);
        }
        if kind == Kind::Exact {
            return None;
        }
        let (real, ours) = (self.real.state.comparable(), self.ours.state.comparable());
        // C1 says which way the result was rounded. Whether it was exact after all
        // the chip does not always know: the logarithm of 1/2 comes as inexact.
        // Nor whether it underflowed, where it rounds from just below to the
        // smallest normal number.
        let mut ignored = C1 | PE;
        if real.3.iter().chain(&ours.3).any(|v| v.se & 0x7fff <= 1) {
            ignored |= UE;
        }
        if ours.0 & PE == 0 {
            ignored |= ES | BUSY;
        }
        if (real.0, real.1 | ignored) != (ours.0, ours.1 | ignored) {
            return None;
        }
        let mut most = 0;
        for (real, ours) in real.3.iter().zip(&ours.3) {
            let distance = if just_below(real, ours) || just_below(ours, real) {
                1
            } else {
                units(*real, *ours)?
            };
            most = most.max(distance);
        }
        Some(most)
    }

    fn same(&self) -> bool {
        self.real.state.comparable() == self.ours.state.comparable()
            && self.real.ax == self.ours.ax
            && self.real.operand == self.ours.operand
    }

    /// Leaves the addresses in the environment that both have written out of the
    /// comparison. They belong to different programs.
    pub fn forget_addresses(&mut self) {
        for outcome in [&mut self.real, &mut self.ours] {
            outcome.operand.0[12..28].fill(0);
        }
    }
}

/// Is `a` the number just below the smallest normal one, as underflow that is not
/// masked gives it, and `b` that smallest?
fn just_below(a: &Value, b: &Value) -> bool {
    (a.se & 0x7fff, a.sig) == (0x6000, u64::MAX) && (b.se & 0x7fff, b.sig) == (1, 1 << 63)
}

/// Units of the last place between two numbers of one sign.
fn units(a: Value, b: Value) -> Option<u64> {
    if a == b {
        return Some(0);
    }
    if (a.se ^ b.se) & 0x8000 != 0 || a.se & 0x7fff == 0x7fff || b.se & 0x7fff == 0x7fff {
        return None;
    }
    // As one number that counts on over the powers of 2.
    let rank = |v: Value| {
        let exp = u128::from((v.se & 0x7fff).max(1) - 1);
        (exp << 63) + u128::from(v.sig)
    };
    u64::try_from(rank(a).abs_diff(rank(b))).ok()
}
