//! A file of cases with the host's results, for `tests/guest/src/bin/math387.rs`,
//! which executes them on the kernel under test.

use std::path::Path;

use anyhow::{Context, Result};

use crate::compare::Case;
use crate::instructions::{Kind, all};
use crate::machine::{Image, Operand};
use crate::real;
use crate::values::Random;

/// Cases for each code of an instruction, and for each of the functions: the test image
/// is a RAM disk, and memory is needed for other things, too.
const EACH: usize = 1;
const EACH_FUNCTION: usize = 8;

/// Writes records of 256 bytes: code, units of the last place that a result may be
/// off, 0, ax before and after (16 bits); the state before and after as `fsave`
/// stores it (108 bytes each), the operand before and after (16 each). The
/// instructions with larger operands are those with which the guest loads and saves
/// the states.
pub fn write(path: &Path, seed: u64) -> Result<()> {
    let mut file = Vec::new();
    for insn in all() {
        let code = u64::from(insn.op) << 8 | u64::from(insn.modrm);
        // fldenv, fnstenv, frstor, fnsave.
        if matches!((insn.op, insn.modrm), (1 | 5, 0x26 | 0x36)) {
            continue;
        }
        let (each, units) = match insn.kind {
            Kind::Exact => (EACH, 0),
            Kind::Function => (EACH_FUNCTION, 1),
        };
        let mut random = Random(seed << 16 | code);
        let cases = std::iter::repeat_with(|| random.case(&insn))
            .filter(|case| insn.is_defined_for(case.state.st(0)) && is_telling(insn.kind, case));
        for case in cases.take(each) {
            let (mut state, mut operand) = (case.state, case.operand);
            let ax = real::execute(insn.op, insn.modrm, &mut state, &mut operand, case.ax);
            file.extend([0xd8 + insn.op, insn.modrm, units, 0]);
            file.extend(case.ax.to_le_bytes());
            file.extend(ax.to_le_bytes());
            for Image(image) in [case.state, state] {
                file.extend(image);
            }
            for Operand(bytes) in [case.operand, operand] {
                file.extend(&bytes[..16]);
            }
        }
    }
    std::fs::write(path, file).with_context(|| format!("cannot write {}", path.display()))
}

/// Is a function's operand a number of the usual kind? At the borders the host's
/// results differ by more than the last place; `Pair::distance` knows them.
fn is_telling(kind: Kind, case: &Case) -> bool {
    let exponent = case.state.st(0).se & 0x7fff;
    kind == Kind::Exact || (0x3f80..0x4080).contains(&exponent)
}
