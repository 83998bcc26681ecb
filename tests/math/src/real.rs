//! The host's own x87.

use std::arch::asm;

use crate::machine::{Image, Operand};

/// Every instruction of two bytes, D8 00 to DF FF, each followed by a return and
/// filled up to four bytes. Those with memory use [rsi] (mod 0, r/m 6).
#[unsafe(link_section = ".text.x87")]
static CODE: [[u8; 4]; 8 * 256] = {
    let mut code = [[0; 4]; 8 * 256];
    let mut nr = 0;
    while nr < code.len() {
        code[nr] = [0xd8 + (nr >> 8) as u8, nr as u8, 0xc3, 0xcc];
        nr += 1;
    }
    code
};

/// Executes the instruction D8 + `op`, `modrm` on `state`, a `fsave` image, with
/// rsi on `operand`; returns what is in ax afterwards. `modrm` is an instruction of
/// the 387's, and no exception is pending.
pub fn execute(op: u8, modrm: u8, state: &mut Image, operand: &mut Operand, ax: u16) -> u16 {
    assert!(
        modrm >= 0xc0 || modrm & 7 == 6,
        "its operand is not at [rsi]"
    );
    let code = &CODE[usize::from(op) << 8 | usize::from(modrm)];
    let result: u64;
    // SAFETY: the code is one x87 instruction and a return. It reads and writes
    // at most 108 bytes at rsi, which `Operand` has; `fnsave`, which raises nothing
    // and leaves the coprocessor empty as the ABI wants it, writes 108 at rdi.
    unsafe {
        asm!(
            "frstor [rdi]",
            "call {code}",
            "fnsave [rdi]",
            code = in(reg) code.as_ptr(),
            in("rdi") state.0.as_mut_ptr(),
            in("rsi") operand.0.as_mut_ptr(),
            inout("rax") u64::from(ax) => result,
            out("st(0)") _, out("st(1)") _, out("st(2)") _, out("st(3)") _,
            out("st(4)") _, out("st(5)") _, out("st(6)") _, out("st(7)") _,
        );
    }
    result as u16
}
