//! From an instruction's bytes to its operand's address (0.12 `kernel/math/ea.c`).

use crate::get_put::Operand;

/// A program's registers, in the order of the kernel's trap frame: ebx, ecx, edx, esi,
/// edi, ebp, eax, ds, es, fs, what is not ours, eip, cs, eflags, esp, ss.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Regs(pub [u32; 16]);

/// Where the general registers lie, by their numbers.
const GENERAL: [u8; 8] = [6, 1, 2, 0, 14, 5, 3, 4];
/// Where the segment registers lie: es, cs, ss, ds, fs. The kernel leaves gs alone.
const SELECTORS: [u8; 5] = [8, 12, 15, 7, 9];

impl Regs {
    /// The general register of that number: eax, ecx, edx, ebx, esp, ebp, esi, edi.
    pub fn general(&self, nr: usize) -> u32 {
        self.0[usize::from(GENERAL[nr & 7])]
    }

    /// The register eax.
    pub fn eax(&mut self) -> &mut u32 {
        &mut self.0[6]
    }

    /// The next instruction.
    pub fn eip(&mut self) -> &mut u32 {
        &mut self.0[11]
    }

    /// A segment register, but for gs.
    pub(crate) fn selector(&self, segment: Segment) -> Option<u16> {
        SELECTORS
            .get(segment as usize)
            .map(|at| self.0[usize::from(*at)] as u16)
    }
}

/// A segment register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Segment {
    /// Only by a prefix.
    Es,
    /// Code.
    Cs,
    /// Of addresses with esp or ebp.
    Ss,
    /// Of all others.
    Ds,
    /// Only by a prefix.
    Fs,
    /// Only by a prefix.
    Gs,
}

/// A decoded instruction.
#[derive(Clone, Copy, Debug)]
pub struct Insn {
    /// Bytes, prefixes included.
    pub length: u32,
    /// The lower three bits of the first byte; 8 for `fwait`.
    pub op: u8,
    /// The second byte: bits 7-6 are 3 if both operands are registers.
    pub modrm: u8,
    /// Was there an operand size prefix? It makes environments 16 bits wide.
    pub operand_16: bool,
    /// Where the operand lies, if it lies in memory.
    pub address: u32,
    /// In which segment.
    pub segment: Segment,
    /// What lies there, and whether it is written; `None` if nothing does.
    pub operand: Option<(Operand, bool)>,
}

/// The bytes end before the instruction does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Short;

/// In `Insn::op`: `fwait`.
pub const WAIT: u8 = 8;

/// Bytes still to be read.
struct Code<'a>(&'a [u8]);

impl Code<'_> {
    /// The next byte.
    #[inline(always)]
    fn byte(&mut self) -> Result<u8, Short> {
        let (byte, rest) = self.0.split_first().ok_or(Short)?;
        self.0 = rest;
        Ok(*byte)
    }

    /// The next byte as a number with a sign.
    #[inline(always)]
    fn signed(&mut self) -> Result<u32, Short> {
        self.byte().map(|byte| byte as i8 as u32)
    }

    /// The next 16 bits.
    fn word(&mut self) -> Result<u32, Short> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Short)?;
        self.0 = rest;
        Ok(u16::from_le_bytes(*bytes).into())
    }

    /// The next 32 bits.
    #[inline(always)]
    fn long(&mut self) -> Result<u32, Short> {
        let (bytes, rest) = self.0.split_first_chunk().ok_or(Short)?;
        self.0 = rest;
        Ok(u32::from_le_bytes(*bytes))
    }
}

/// What prefixes say.
#[derive(Default)]
struct Prefixes {
    segment: Option<Segment>,
    address_16: bool,
    operand_16: bool,
}

impl Prefixes {
    /// Notes a prefix; false if it is none.
    #[inline(never)]
    fn note(&mut self, byte: u8) -> bool {
        match byte {
            0x26 => self.segment = Some(Segment::Es),
            0x2e => self.segment = Some(Segment::Cs),
            0x36 => self.segment = Some(Segment::Ss),
            0x3e => self.segment = Some(Segment::Ds),
            0x64 => self.segment = Some(Segment::Fs),
            0x65 => self.segment = Some(Segment::Gs),
            0x66 => self.operand_16 = true,
            0x67 => self.address_16 = true,
            // Of string instructions; here they do nothing.
            0xf2 | 0xf3 => {}
            _ => return false,
        }
        true
    }
}

impl Insn {
    /// `fwait`.
    pub const FWAIT: Insn = Insn {
        length: 1,
        op: WAIT,
        modrm: 0xff,
        operand_16: false,
        address: 0,
        segment: Segment::Ds,
        operand: None,
    };
}

/// Takes apart the instruction that `bytes` begin with.
///
/// # Errors
/// [`Short`]: it goes on where they end. `Ok(false)`: it is none of ours.
#[inline(never)]
pub fn decode(insn: &mut Insn, bytes: &[u8], regs: &Regs) -> Result<bool, Short> {
    let mut code = Code(bytes);
    let mut prefixes = Prefixes::default();
    *insn = Insn::FWAIT;
    loop {
        let byte = code.byte()?;
        if byte & 0xf8 == 0xd8 {
            insn.op = byte & 7;
            insn.modrm = code.byte()?;
            break;
        }
        if byte == 0x9b {
            break;
        }
        if !prefixes.note(byte) {
            return Ok(false);
        }
    }
    insn.operand_16 = prefixes.operand_16;
    if insn.modrm < 0xc0 {
        if prefixes.address_16 {
            address_in_16_bits(&mut code, insn, regs)?;
        } else {
            address_in_32_bits(&mut code, insn, regs)?;
        }
        if let Some(segment) = prefixes.segment {
            insn.segment = segment;
        }
        insn.operand = OPERANDS[usize::from(insn.op & 7) * 8 + usize::from(insn.modrm >> 3 & 7)];
        if insn.operand.is_none() {
            return Ok(false);
        }
    }
    insn.length = (bytes.len() - code.0.len()) as u32;
    Ok(true)
}

const EBP: usize = 5;
const ESP: usize = 4;

fn address_in_32_bits(code: &mut Code, insn: &mut Insn, regs: &Regs) -> Result<(), Short> {
    let mode = insn.modrm >> 6;
    let mut base = insn.modrm as usize & 7;
    let mut index = 0;
    if base == ESP {
        let sib = usize::from(code.byte()?);
        base = sib & 7;
        if sib >> 3 & 7 != ESP {
            index = regs.general(sib >> 3) << (sib >> 6 & 3);
        }
    }
    let displacement = match mode {
        0 if base == EBP => {
            insn.address = code.long()?.wrapping_add(index);
            return Ok(());
        }
        0 => 0,
        1 => code.signed()?,
        _ => code.long()?,
    };
    if base == EBP || base == ESP {
        insn.segment = Segment::Ss;
    }
    insn.address = regs
        .general(base)
        .wrapping_add(index)
        .wrapping_add(displacement);
    Ok(())
}

fn address_in_16_bits(code: &mut Code, insn: &mut Insn, regs: &Regs) -> Result<(), Short> {
    let [bx, bp, si, di] = [3, 5, 6, 7].map(|nr| regs.general(nr));
    let mode = insn.modrm >> 6;
    let (sum, stack) = match insn.modrm & 7 {
        0 => (bx.wrapping_add(si), false),
        1 => (bx.wrapping_add(di), false),
        2 => (bp.wrapping_add(si), true),
        3 => (bp.wrapping_add(di), true),
        4 => (si, false),
        5 => (di, false),
        6 if mode == 0 => (code.word()?, false),
        6 => (bp, true),
        _ => (bx, false),
    };
    let displacement = match mode {
        0 => 0,
        1 => code.signed()?,
        _ => code.word()?,
    };
    if stack {
        insn.segment = Segment::Ss;
    }
    insn.address = sum.wrapping_add(displacement) & 0xffff;
    Ok(())
}

/// The operands in memory by bits 2-0 of the first byte and bits 5-3 of the second.
static OPERANDS: [Option<(Operand, bool)>; 64] = {
    let mut table = [None; 64];
    let mut nr = 0;
    while nr < table.len() {
        table[nr] = operand(nr >> 3, nr & 7);
        nr += 1;
    }
    table
};

const fn operand(op: usize, reg: usize) -> Option<(Operand, bool)> {
    use Operand::{Bcd, Environment, F32, F64, F80, I16, I32, I64, State, Word};
    let number = match op >> 1 {
        0 => F32,
        1 => I32,
        2 => F64,
        _ => I16,
    };
    Some(match (op, reg) {
        (0 | 2 | 4 | 6, _) | (_, 0) => (number, false),
        (_, 2 | 3) => (number, true),
        (1, 4) => (Environment, false),
        (1, 5) => (Word, false),
        (1, 6) => (Environment, true),
        (1 | 5, 7) => (Word, true),
        (3, 5) => (F80, false),
        (3, 7) => (F80, true),
        (5, 4) => (State, false),
        (5, 6) => (State, true),
        (7, 4) => (Bcd, false),
        (7, 5) => (I64, false),
        (7, 6) => (Bcd, true),
        (7, 7) => (I64, true),
        _ => return None,
    })
}

impl Insn {
    /// The bytes of its operand.
    pub(crate) fn size(&self, operand: Operand) -> usize {
        match operand {
            Operand::F32 | Operand::I32 => 4,
            Operand::F64 | Operand::I64 => 8,
            Operand::F80 | Operand::Bcd => 10,
            Operand::I16 | Operand::Word => 2,
            Operand::Environment if self.operand_16 => 14,
            Operand::Environment => 28,
            Operand::State if self.operand_16 => 94,
            Operand::State => 108,
        }
    }

    /// The 11 bits that `fstenv` shows of it.
    pub(crate) fn opcode(&self) -> u32 {
        u32::from(self.op) << 8 | u32::from(self.modrm)
    }
}
