//! `xtask scan`: no instruction newer than the 80386 in what the guest runs.
//!
//! The compiler is told to make 386 code, but `bswap` slips through, assembly
//! can hold anything, and a library of the host may be linked in by mistake.
//! Emulators start at the 486, so nobody would see it there.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Result, bail, ensure};
use clap::Args;
use iced_x86::{Code, CpuidFeature, Instruction, Mnemonic, OpKind, Register};

use crate::binary::{Binary, text_of};

/// Fails if a program holds an instruction newer than the 80386.
#[derive(Args)]
pub struct Scan {
    /// ELF files, with their symbols
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// These are the kernel, or work for it: instructions of the 387 are allowed, it
    /// saves its state, and two newer ones in their place
    #[arg(long)]
    kernel: bool,
    /// This is the object file of arch/boot/bootsect.S
    #[arg(long, conflicts_with = "kernel")]
    loader: bool,
}

/// The code in the boot loader, from label to label, and for how many bits it is.
/// What lies between is data.
const LOADER: [(&str, &str, u32); 4] = [
    ("begin", "track_sectors", 16),
    ("second", "protected", 16),
    ("protected", "load", 32),
    ("load", "text_cpu", 16),
];

impl Scan {
    pub fn run(self) -> Result<()> {
        let mut instructions = 0;
        let mut findings = 0;
        for path in &self.files {
            let binary = Binary::read(path)?;
            let code = self.code_of(&binary)?;
            ensure!(!code.is_empty(), "{}: found no code", path.display());
            instructions += code.len();
            for (address, instruction) in &code {
                if let Some(reason) = objection(instruction, self.kernel) {
                    if self.kernel && is_guarded(instruction, &binary.place(*address)) {
                        continue;
                    }
                    findings += 1;
                    println!(
                        "{}: {address:#010x} {}: {} ({reason})",
                        path.display(),
                        binary.place(*address),
                        text_of(instruction),
                    );
                }
            }
        }
        if findings > 0 {
            bail!("{findings} instructions are not for an 80386");
        }
        println!(
            "scan: {instructions} instructions in {} files, all for the 80386",
            self.files.len()
        );
        Ok(())
    }

    fn code_of(&self, binary: &Binary) -> Result<BTreeMap<u32, Instruction>> {
        if !self.loader {
            return Ok(binary.instructions());
        }
        let mut code = BTreeMap::new();
        for (first, end, bits) in LOADER {
            code.extend(binary.instructions_between(first, end, bits)?);
        }
        Ok(code)
    }
}

/// Is it one of the two newer instructions in the two functions of the kernel's
/// `arch/tsc.rs` that are called only where the CPU has them?
fn is_guarded(instruction: &Instruction, place: &str) -> bool {
    let function = place.split('+').next().unwrap_or(place);
    matches!(
        (instruction.mnemonic(), function),
        (Mnemonic::Cpuid, "arch::tsc::features") | (Mnemonic::Rdtsc, "arch::tsc::read")
    )
}

/// Why an 80386 would not execute this instruction; `None` if it would.
fn objection(instruction: &Instruction, allow_fpu: bool) -> Option<String> {
    if instruction.is_invalid() {
        return Some("no instruction at all".into());
    }
    // `ud2` is meant to fault, on any CPU. Old CPUs ignore the prefix of two
    // others: `pause` is `rep nop`, and `tzcnt` is `rep bsf`, which compilers
    // write for the 386 where the operand is not zero and both agree.
    if matches!(
        instruction.mnemonic(),
        Mnemonic::Ud2 | Mnemonic::Pause | Mnemonic::Tzcnt
    ) {
        return None;
    }
    // These fault on every CPU, too, but the 386's manual does not know them.
    if matches!(instruction.mnemonic(), Mnemonic::Ud0 | Mnemonic::Ud1) {
        return Some("undefined".into());
    }
    if instruction.mnemonic() == Mnemonic::Mov
        && let Some(register) = new_register(instruction)
    {
        return Some(format!("no register {register:?} before the 486"));
    }
    // A NOP with an operand came with the Pentium Pro.
    if instruction.mnemonic() == Mnemonic::Nop
        && instruction.op_count() > 0
        && !plain_nop(instruction)
    {
        return Some("MULTIBYTENOP".into());
    }
    let newer = instruction
        .cpuid_features()
        .iter()
        .find(|feature| match feature {
            CpuidFeature::INTEL8086
            | CpuidFeature::INTEL186
            | CpuidFeature::INTEL286
            | CpuidFeature::INTEL386
            | CpuidFeature::MOV_TR => false,
            CpuidFeature::FPU | CpuidFeature::FPU287 | CpuidFeature::FPU387 => !allow_fpu,
            _ => true,
        })?;
    Some(format!("{newer:?}"))
}

fn plain_nop(instruction: &Instruction) -> bool {
    matches!(instruction.code(), Code::Nopw | Code::Nopd)
}

/// A control, debug or test register that the 386 lacks.
fn new_register(instruction: &Instruction) -> Option<Register> {
    (0..instruction.op_count())
        .filter(|nr| instruction.op_kind(*nr) == OpKind::Register)
        .map(|nr| instruction.op_register(nr))
        .find(|register| {
            let special = register.is_cr() || register.is_dr() || register.is_tr();
            special
                && !matches!(
                    register,
                    Register::CR0
                        | Register::CR2
                        | Register::CR3
                        | Register::DR0
                        | Register::DR1
                        | Register::DR2
                        | Register::DR3
                        | Register::DR6
                        | Register::DR7
                        | Register::TR6
                        | Register::TR7
                )
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use iced_x86::{Decoder, DecoderOptions};

    fn decode(bytes: &[u8], bits: u32) -> Instruction {
        let mut decoder = Decoder::with_ip(bits, bytes, 0, DecoderOptions::MOV_TR);
        let instruction = decoder.decode();
        assert!(instruction.is_invalid() || instruction.len() == bytes.len());
        instruction
    }

    fn judge(bytes: &[u8], allow_fpu: bool) -> Option<String> {
        objection(&decode(bytes, 32), allow_fpu)
    }

    #[test]
    fn newer_instructions_are_found() {
        let newer: &[(&str, &[u8])] = &[
            ("bswap eax", &[0x0f, 0xc8]),
            ("cmpxchg [ecx], edx", &[0x0f, 0xb1, 0x11]),
            ("lock cmpxchg [ecx], edx", &[0xf0, 0x0f, 0xb1, 0x11]),
            ("xadd [ecx], eax", &[0x0f, 0xc1, 0x01]),
            ("invlpg [eax]", &[0x0f, 0x01, 0x38]),
            ("wbinvd", &[0x0f, 0x09]),
            ("invd", &[0x0f, 0x08]),
            ("cpuid", &[0x0f, 0xa2]),
            ("rdtsc", &[0x0f, 0x31]),
            ("rdmsr", &[0x0f, 0x32]),
            ("cmpxchg8b [eax]", &[0x0f, 0xc7, 0x08]),
            ("cmovne eax, ecx", &[0x0f, 0x45, 0xc1]),
            ("mov cr4, eax", &[0x0f, 0x22, 0xe0]),
            ("mov eax, cr4", &[0x0f, 0x20, 0xe0]),
            ("mov tr3, eax", &[0x0f, 0x26, 0xd8]),
            ("endbr32", &[0xf3, 0x0f, 0x1e, 0xfb]),
            ("nop [eax]", &[0x0f, 0x1f, 0x00]),
            ("nopw [eax+eax]", &[0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00]),
            ("fcomi st, st1", &[0xdb, 0xf1]),
            ("fcmovb st, st1", &[0xda, 0xc1]),
            ("sysenter", &[0x0f, 0x34]),
            ("movaps xmm0, xmm1", &[0x0f, 0x28, 0xc1]),
            ("movd xmm0, eax", &[0x66, 0x0f, 0x6e, 0xc0]),
            ("paddd mm0, mm1", &[0x0f, 0xfe, 0xc1]),
            ("prefetcht0 [eax]", &[0x0f, 0x18, 0x08]),
            ("lzcnt eax, eax", &[0xf3, 0x0f, 0xbd, 0xc0]),
            ("popcnt eax, ecx", &[0xf3, 0x0f, 0xb8, 0xc1]),
            ("sysexit", &[0x0f, 0x35]),
            ("syscall", &[0x0f, 0x05]),
            ("wrmsr", &[0x0f, 0x30]),
            ("rdpmc", &[0x0f, 0x33]),
            ("rsm", &[0x0f, 0xaa]),
            ("ud1 eax, ecx", &[0x0f, 0xb9, 0xc1]),
            ("mov tr5, eax", &[0x0f, 0x26, 0xe8]),
            ("fcmovnu st, st1", &[0xdb, 0xd9]),
            ("fucomi st, st1", &[0xdb, 0xe9]),
            ("fucomip st, st1", &[0xdf, 0xe9]),
            ("fcomip st, st1", &[0xdf, 0xf1]),
            ("fisttp [eax]", &[0xdb, 0x08]),
            ("emms", &[0x0f, 0x77]),
            ("fxsave [eax]", &[0x0f, 0xae, 0x00]),
            ("ldmxcsr [eax]", &[0x0f, 0xae, 0x10]),
            ("mfence", &[0x0f, 0xae, 0xf0]),
            ("movnti [eax], ecx", &[0x0f, 0xc3, 0x08]),
            ("addss xmm0, xmm1", &[0xf3, 0x0f, 0x58, 0xc1]),
            ("movbe eax, [ecx]", &[0x0f, 0x38, 0xf0, 0x01]),
            ("crc32 eax, ecx", &[0xf2, 0x0f, 0x38, 0xf1, 0xc1]),
            ("xgetbv", &[0x0f, 0x01, 0xd0]),
            ("ud0 eax, ecx", &[0x0f, 0xff, 0xc1]),
            ("mov cr1, eax", &[0x0f, 0x22, 0xc8]),
            ("mov eax, cr1", &[0x0f, 0x20, 0xc8]),
            ("mov cr5, eax", &[0x0f, 0x22, 0xe8]),
            ("mov cr6, eax", &[0x0f, 0x22, 0xf0]),
            ("mov cr7, eax", &[0x0f, 0x22, 0xf8]),
            ("mov dr4, eax", &[0x0f, 0x23, 0xe0]),
            ("mov dr5, eax", &[0x0f, 0x23, 0xe8]),
            ("mov eax, dr5", &[0x0f, 0x21, 0xe8]),
            ("mov tr4, eax", &[0x0f, 0x26, 0xe0]),
            ("mov eax, tr5", &[0x0f, 0x24, 0xe8]),
            ("lock cmpxchg8b [eax]", &[0xf0, 0x0f, 0xc7, 0x08]),
            ("xadd cl, al", &[0x0f, 0xc0, 0xc1]),
            ("cmpxchg cl, al", &[0x0f, 0xb0, 0xc1]),
            ("cmovo ax, cx", &[0x66, 0x0f, 0x40, 0xc1]),
            ("cmovg eax, [ecx]", &[0x0f, 0x4f, 0x01]),
            ("endbr64", &[0xf3, 0x0f, 0x1e, 0xfa]),
            ("nop eax", &[0x0f, 0x1f, 0xc0]),
            ("rdtscp", &[0x0f, 0x01, 0xf9]),
            ("rdrand eax", &[0x0f, 0xc7, 0xf0]),
            ("monitor", &[0x0f, 0x01, 0xc8]),
            ("mwait", &[0x0f, 0x01, 0xc9]),
            ("prefetchnta [eax]", &[0x0f, 0x18, 0x00]),
            ("prefetchw [eax]", &[0x0f, 0x0d, 0x08]),
            ("clflush [eax]", &[0x0f, 0xae, 0x38]),
            ("lfence", &[0x0f, 0xae, 0xe8]),
            ("sfence", &[0x0f, 0xae, 0xf8]),
            ("fxrstor [eax]", &[0x0f, 0xae, 0x08]),
            ("stmxcsr [eax]", &[0x0f, 0xae, 0x18]),
            ("fcmove st, st1", &[0xda, 0xc9]),
            ("fcmovbe st, st1", &[0xda, 0xd1]),
            ("fcmovu st, st1", &[0xda, 0xd9]),
            ("fcmovnb st, st1", &[0xdb, 0xc1]),
            ("fcmovne st, st1", &[0xdb, 0xc9]),
            ("fcmovnbe st, st1", &[0xdb, 0xd1]),
            ("fisttp word [eax]", &[0xdf, 0x08]),
            ("fisttp qword [eax]", &[0xdd, 0x08]),
            ("movq mm0, [eax]", &[0x0f, 0x6f, 0x00]),
            ("movups xmm0, [eax]", &[0x0f, 0x10, 0x00]),
            ("cvttsd2si eax, xmm0", &[0xf2, 0x0f, 0x2c, 0xc0]),
            ("movsd xmm0, [eax]", &[0xf2, 0x0f, 0x10, 0x00]),
            ("pshufb mm0, mm1", &[0x0f, 0x38, 0x00, 0xc1]),
            ("aesenc xmm0, xmm1", &[0x66, 0x0f, 0x38, 0xdc, 0xc1]),
            ("pfadd mm0, mm1", &[0x0f, 0x0f, 0xc1, 0x9e]),
            ("vaddps xmm0, xmm0, xmm1", &[0xc5, 0xf8, 0x58, 0xc1]),
            ("andn eax, ecx, edx", &[0xc4, 0xe2, 0x70, 0xf2, 0xc2]),
            ("xsave [eax]", &[0x0f, 0xae, 0x20]),
            ("vmcall", &[0x0f, 0x01, 0xc1]),
            ("invpcid eax, [ecx]", &[0x66, 0x0f, 0x38, 0x82, 0x01]),
        ];
        for (name, bytes) in newer {
            // Without the FPU's instructions and with them.
            assert!(judge(bytes, false).is_some(), "{name}");
            assert!(judge(bytes, true).is_some(), "{name}");
        }
        assert!(judge(&[0x0f, 0xff], false).is_some());
    }

    /// Whatever the decoder knows: what the 386 has of it is this and no more.
    #[test]
    fn no_feature_but_the_old_ones_is_let_through() {
        const OLD: [&str; 8] = [
            "INTEL8086",
            "INTEL186",
            "INTEL286",
            "INTEL386",
            "MOV_TR",
            "FPU",
            "FPU287",
            "FPU387",
        ];
        let fine = [Mnemonic::Ud2, Mnemonic::Pause, Mnemonic::Tzcnt];
        let mut judged = 0;
        for code in Code::values().filter(|code| !fine.contains(&code.mnemonic())) {
            let mut instruction = Instruction::default();
            instruction.set_code(code);
            let features = code.cpuid_features();
            let is_old = |feature: &CpuidFeature| OLD.contains(&format!("{feature:?}").as_str());
            if !features.iter().all(is_old) {
                assert!(objection(&instruction, true).is_some(), "{code:?}");
                judged += 1;
            }
        }
        assert!(judged > 3000, "{judged}");
    }

    /// The loader's code, which the object file has among its data.
    #[test]
    fn code_of_16_bits_is_judged() {
        // mov ax, 1234h; cpuid. Taken for 32-bit code, mov eax, a20f1234h.
        let code = [0xb8, 0x34, 0x12, 0x0f, 0xa2];
        let binary = Binary::of_functions(&[("begin", &code), ("end", &[0])]);
        let reasons = |bits| -> Vec<Option<String>> {
            let found = binary.instructions_between("begin", "end", bits).unwrap();
            found.values().map(|one| objection(one, false)).collect()
        };
        assert_eq!(reasons(16), [None, Some("CPUID".to_string())]);
        assert_eq!(reasons(32), [None]);
        assert!(binary.instructions_between("begin", "nowhere", 16).is_err());
        assert_eq!(
            objection(&decode(&[0x0f, 0x01, 0x16, 0, 0], 16), false),
            None
        );
        assert!(objection(&decode(&[0x0f, 0x01, 0x3e, 0, 0], 16), false).is_some());
    }

    #[test]
    fn the_time_stamp_counter_only_in_its_place() {
        let decode = |bytes: &[u8]| Decoder::with_ip(32, bytes, 0, 0).decode();
        let (cpuid, rdtsc) = (decode(&[0x0f, 0xa2]), decode(&[0x0f, 0x31]));
        assert!(is_guarded(&cpuid, "arch::tsc::features+0x10"));
        assert!(is_guarded(&rdtsc, "arch::tsc::read"));
        assert!(!is_guarded(&rdtsc, "kernel::arch::tsc::read"));
        assert!(!is_guarded(&rdtsc, "arch::tsc::read_other"));
        assert!(!is_guarded(&rdtsc, "arch::tsc::features+0x10"));
        assert!(!is_guarded(&cpuid, "kernel::trace::put+0x3"));
        assert!(!is_guarded(&decode(&[0x0f, 0xc8]), "arch::tsc::read"));
    }

    #[test]
    fn code_for_the_386_passes() {
        let fine: [(&str, &[u8]); 25] = [
            ("push ebp", &[0x55]),
            ("pusha", &[0x60]),
            ("movzx eax, cl", &[0x0f, 0xb6, 0xc1]),
            ("bsf eax, ecx", &[0x0f, 0xbc, 0xc1]),
            ("bt eax, 3", &[0x0f, 0xba, 0xe0, 0x03]),
            ("shld eax, ecx, 4", &[0x0f, 0xa4, 0xc8, 0x04]),
            ("setne al", &[0x0f, 0x95, 0xc0]),
            ("jne near", &[0x0f, 0x85, 0, 1, 0, 0]),
            ("lock inc [eax]", &[0xf0, 0xff, 0x00]),
            ("xchg [eax], ecx", &[0x87, 0x08]),
            ("mov cr3, eax", &[0x0f, 0x22, 0xd8]),
            ("mov eax, cr2", &[0x0f, 0x20, 0xd0]),
            ("mov dr7, eax", &[0x0f, 0x23, 0xf8]),
            ("mov tr6, eax", &[0x0f, 0x26, 0xf0]),
            ("lgdt [eax]", &[0x0f, 0x01, 0x10]),
            ("ltr ax", &[0x0f, 0x00, 0xd8]),
            ("clts", &[0x0f, 0x06]),
            ("iret", &[0xcf]),
            ("rep movsd", &[0xf3, 0xa5]),
            ("mov fs, ax", &[0x8e, 0xe0]),
            ("imul eax, ecx, 100", &[0x6b, 0xc1, 100]),
            ("ud2", &[0x0f, 0x0b]),
            ("nop", &[0x90]),
            ("pause", &[0xf3, 0x90]),
            ("rep bsf eax, eax", &[0xf3, 0x0f, 0xbc, 0xc0]),
        ];
        for (name, bytes) in fine {
            assert_eq!(judge(bytes, false), None, "{name}");
        }
    }

    #[test]
    fn the_387_only_where_it_is_allowed() {
        for bytes in [&[0xdb, 0xe3][..], &[0xdd, 0x30], &[0xd9, 0xfe], &[0x9b]] {
            assert_eq!(judge(bytes, true), None);
        }
        for bytes in [&[0xdb, 0xe3][..], &[0xdd, 0x30], &[0xd9, 0xfe]] {
            assert!(judge(bytes, false).is_some());
        }
    }
}
