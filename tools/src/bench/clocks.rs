//! Clocks of an 80386, as its manual gives them (Intel, 80386 Programmer's
//! Reference Manual, 1986, chapter 17): for protected mode, with code and data
//! at hand. What is not in them: waiting for memory, misaligned operands, TLB
//! misses, refresh. Where the manual gives a range (multiplication, bit scans)
//! it is the lower end; coprocessor instructions count nothing.

use iced_x86::{ConstantOffsets, Instruction, Mnemonic, OpKind, Register};

/// Clocks of an instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clocks {
    /// Always the same.
    Fixed(u32),
    /// So many, and one for each component of the next instruction.
    Jump(u32),
    /// When it is not taken; when it is, with the components.
    Branch(u32, u32),
    /// A repeated instruction: to begin, and for each time.
    Repeat(u32, u32),
    /// `int`, as any way through a gate.
    Gate,
    /// `iret`, to the same ring or an outer one.
    Return,
}

use Clocks::{Branch, Fixed, Gate, Jump, Repeat, Return};

/// Through an interrupt gate: to an inner ring, within ring 0.
pub fn gate(ring: u8) -> u32 {
    if ring == 0 { 59 } else { 99 }
}

/// `iret`: to that ring.
pub fn way_back(ring: u8) -> u32 {
    if ring == 0 { 38 } else { 82 }
}

/// A jump through memory to a TSS: 5, and 309 from a 386 TSS to a 386 TSS.
const TASK_SWITCH: u32 = 5 + 309;

/// What the manual calls components: each byte, but a displacement or an
/// immediate counts as one.
pub fn components(instruction: &Instruction, constants: &ConstantOffsets) -> u32 {
    let sizes = [
        constants.displacement_size(),
        constants.immediate_size(),
        constants.immediate_size2(),
    ];
    let constants: u32 = sizes
        .iter()
        .map(|&size| (size as u32).saturating_sub(1))
        .sum();
    (instruction.len() as u32).saturating_sub(constants)
}

impl Clocks {
    pub fn of(instruction: &Instruction) -> Clocks {
        if instruction.is_jcc_short_or_near() {
            return Branch(3, 7);
        }
        if (instruction.has_rep_prefix() || instruction.has_repne_prefix())
            && let Some(repeat) = repeated(instruction.mnemonic())
        {
            return repeat;
        }
        transfer(instruction)
            .or_else(|| arithmetic(instruction))
            .or_else(|| moves(instruction))
            .unwrap_or_else(|| Fixed(system(instruction)))
    }
}

fn repeated(mnemonic: Mnemonic) -> Option<Clocks> {
    use Mnemonic::*;
    Some(match mnemonic {
        Movsb | Movsw | Movsd => Repeat(5, 4),
        Stosb | Stosw | Stosd => Repeat(5, 5),
        Lodsb | Lodsw | Lodsd => Repeat(5, 6),
        Scasb | Scasw | Scasd => Repeat(5, 8),
        Cmpsb | Cmpsw | Cmpsd => Repeat(5, 9),
        Insb | Insw | Insd => Repeat(7, 6),
        Outsb | Outsw | Outsd => Repeat(6, 5),
        _ => return None,
    })
}

/// Is the operand in memory?
fn memory(instruction: &Instruction, nr: u32) -> bool {
    nr < instruction.op_count() && instruction.op_kind(nr) == OpKind::Memory
}

/// The one or the other number, by whether any operand is in memory.
fn by_memory(instruction: &Instruction, register: u32, in_memory: u32) -> u32 {
    let any = (0..instruction.op_count()).any(|nr| memory(instruction, nr));
    if any { in_memory } else { register }
}

/// Control goes elsewhere.
fn transfer(instruction: &Instruction) -> Option<Clocks> {
    use Mnemonic::*;
    Some(match instruction.mnemonic() {
        Jmp if instruction.is_jmp_far_indirect() => Fixed(TASK_SWITCH),
        Jmp if instruction.is_jmp_far() => Jump(27),
        Call if instruction.is_call_far() || instruction.is_call_far_indirect() => Jump(34),
        Jmp | Call => Jump(by_memory(instruction, 7, 10)),
        Ret => Jump(10),
        Retf => Jump(32),
        Loop | Loope | Loopne => Branch(11, 11),
        Jcxz | Jecxz => Branch(5, 9),
        Int | Int3 => Gate,
        Iret | Iretd => Return,
        _ => return None,
    })
}

fn arithmetic(instruction: &Instruction) -> Option<Clocks> {
    use Mnemonic::*;
    let to_memory = memory(instruction, 0);
    let either = |register, in_memory| Fixed(by_memory(instruction, register, in_memory));
    Some(match instruction.mnemonic() {
        Add | Adc | Sub | Sbb | And | Or | Xor => either(2, if to_memory { 7 } else { 6 }),
        Cmp => either(2, if to_memory { 5 } else { 6 }),
        Test => either(2, 5),
        Inc | Dec | Neg | Not => either(2, 6),
        Shl | Sal | Shr | Sar | Rol | Ror | Shld | Shrd => either(3, 7),
        Rcl | Rcr => either(9, 10),
        Mul | Imul => either(9, 12),
        Div | Idiv => {
            let more = if instruction.mnemonic() == Idiv { 5 } else { 0 };
            let size = match instruction.op0_kind() {
                OpKind::Memory => instruction.memory_size().size(),
                _ => instruction.op0_register().size(),
            };
            let base = match size {
                1 => 14,
                2 => 22,
                _ => 38,
            };
            either(base + more, base + more + 3)
        }
        Bt => match (to_memory, instruction.op1_kind()) {
            (false, _) => Fixed(3),
            (true, OpKind::Register) => Fixed(12),
            (true, _) => Fixed(6),
        },
        Bts | Btr | Btc => match (to_memory, instruction.op1_kind()) {
            (false, _) => Fixed(6),
            (true, OpKind::Register) => Fixed(13),
            (true, _) => Fixed(8),
        },
        Bsf | Bsr => Fixed(10),
        Cbw | Cwde => Fixed(3),
        Cwd | Cdq => Fixed(2),
        _ => return None,
    })
}

fn moves(instruction: &Instruction) -> Option<Clocks> {
    use Mnemonic::*;
    let segment = |nr| {
        nr < instruction.op_count()
            && instruction.op_kind(nr) == OpKind::Register
            && instruction.op_register(nr).is_segment_register()
    };
    let either = |register, in_memory| Fixed(by_memory(instruction, register, in_memory));
    Some(match instruction.mnemonic() {
        Mov if control(instruction).is_some() => Fixed(control(instruction)?),
        Mov if segment(0) => either(18, 19),
        Mov => Fixed(if memory(instruction, 1) { 4 } else { 2 }),
        Movzx | Movsx => either(3, 6),
        Lea => Fixed(2),
        Push => either(2, 5),
        Pop if segment(0) => Fixed(21),
        Pop => either(4, 5),
        Pusha | Pushad => Fixed(18),
        Popa | Popad => Fixed(24),
        Pushf | Pushfd => Fixed(4),
        Popf | Popfd => Fixed(5),
        Xchg => either(3, 5),
        Movsb | Movsw | Movsd | Scasb | Scasw | Scasd => Fixed(7),
        Lodsb | Lodsw | Lodsd | Xlatb => Fixed(5),
        Stosb | Stosw | Stosd => Fixed(4),
        Cmpsb | Cmpsw | Cmpsd => Fixed(10),
        Leave => Fixed(4),
        Enter => Fixed(10),
        Lds | Les | Lss => Fixed(22),
        Lfs | Lgs => Fixed(25),
        Sete | Setne | Setb | Setae | Setbe | Seta | Setl | Setge | Setle | Setg | Sets | Setns
        | Seto | Setno | Setp | Setnp => either(4, 5),
        _ => return None,
    })
}

/// Moves from and to control registers.
fn control(instruction: &Instruction) -> Option<u32> {
    match (instruction.op0_register(), instruction.op1_register()) {
        (Register::CR0, _) => Some(10),
        (Register::CR2, _) => Some(4),
        (Register::CR3, _) => Some(5),
        (_, Register::CR0 | Register::CR2 | Register::CR3) => Some(6),
        (to, from) if to.is_dr() || from.is_dr() => Some(22),
        _ => None,
    }
}

/// The rest, in ring 0 as far as it matters.
fn system(instruction: &Instruction) -> u32 {
    use Mnemonic::*;
    let port_in_dx =
        instruction.op0_register() == Register::DX || instruction.op1_register() == Register::DX;
    match instruction.mnemonic() {
        Nop | Cli | Sti | Sahf => 3,
        Cld | Std | Clc | Stc | Cmc | Lahf => 2,
        Hlt | Clts => 5,
        Wait => 6,
        In => 6 + u32::from(port_in_dx),
        Out => 4 + u32::from(port_in_dx),
        Insb | Insw | Insd => 9,
        Outsb | Outsw | Outsd => 8,
        Lgdt | Lidt => 11,
        Sgdt | Sidt => 9,
        Lldt => 20,
        Ltr => 23,
        Sldt | Str | Smsw => 2,
        Lmsw => 10,
        Lar => 15,
        Lsl => 20,
        Verr | Verw => 10,
        Bound => 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};

    fn of(bytes: &[u8]) -> Clocks {
        Clocks::of(&Decoder::new(32, bytes, DecoderOptions::NONE).decode())
    }

    #[test]
    fn as_in_the_manual() {
        assert_eq!(of(&[0x89, 0xc8]), Fixed(2)); // mov eax, ecx
        assert_eq!(of(&[0x8b, 0x01]), Fixed(4)); // mov eax, [ecx]
        assert_eq!(of(&[0x89, 0x01]), Fixed(2)); // mov [ecx], eax
        assert_eq!(of(&[0x03, 0x01]), Fixed(6)); // add eax, [ecx]
        assert_eq!(of(&[0x01, 0x01]), Fixed(7)); // add [ecx], eax
        assert_eq!(of(&[0x39, 0x01]), Fixed(5)); // cmp [ecx], eax
        assert_eq!(of(&[0x3b, 0x01]), Fixed(6)); // cmp eax, [ecx]
        assert_eq!(of(&[0x8e, 0xd8]), Fixed(18)); // mov ds, ax
        assert_eq!(of(&[0x1f]), Fixed(21)); // pop ds
        assert_eq!(of(&[0x0f, 0x22, 0xd8]), Fixed(5)); // mov cr3, eax
        assert_eq!(of(&[0xf3, 0xa5]), Repeat(5, 4)); // rep movsd
        assert_eq!(of(&[0xf3, 0xab]), Repeat(5, 5)); // rep stosd
        assert_eq!(of(&[0x74, 0x00]), Branch(3, 7)); // je
        assert_eq!(of(&[0xc3]), Jump(10)); // ret
        assert_eq!(of(&[0xff, 0x10]), Jump(10)); // call [eax]
        assert_eq!(of(&[0xff, 0xd0]), Jump(7)); // call eax
        assert_eq!(of(&[0xff, 0x28]), Fixed(314)); // jmp far [eax]
        assert_eq!(of(&[0xcd, 0x80]), Gate);
        assert_eq!(of(&[0xcf]), Return);
        assert_eq!(of(&[0xf7, 0xf1]), Fixed(38)); // div ecx
        assert_eq!(of(&[0x0f, 0x94, 0xc0]), Fixed(4)); // sete al
        assert_eq!(of(&[0xee]), Fixed(5)); // out dx, al
        assert_eq!(gate(3) + way_back(3), 181);
    }

    #[test]
    fn displacements_and_immediates_are_one_component() {
        let of = |bytes: &[u8]| {
            let mut decoder = Decoder::new(32, bytes, DecoderOptions::NONE);
            let instruction = decoder.decode();
            components(&instruction, &decoder.get_constant_offsets(&instruction))
        };
        assert_eq!(of(&[0x90]), 1);
        assert_eq!(of(&[0xc7, 0x05, 0, 0, 0, 0, 1, 0, 0, 0]), 4);
        assert_eq!(of(&[0x64, 0x8b, 0x40, 0x08]), 4);
    }
}
