//! What the host cannot show: the 387's own ways where later chips differ, the
//! decoding of 32-bit code, and that an instruction which fails changes nothing.

use math387::{Insn, Regs, Segment, Short, State387, Stop, decode, run};

use crate::machine::{CODE, DATA, Operand, Ram, registers};
use crate::values::{Random, table};

/// A 387 and a program.
struct Machine {
    state: State387,
    ram: Ram,
    regs: Regs,
}

impl Machine {
    fn new() -> Machine {
        Machine {
            state: State387::new(),
            ram: Ram {
                code: Vec::new(),
                operand: Operand([0; 108]),
                first_fetch: 16,
                go_on: false,
            },
            regs: registers(0),
        }
    }

    /// Executes one instruction.
    fn run(&mut self, code: &[u8]) -> Result<(), Stop> {
        self.ram.code = code.to_vec();
        *self.regs.eip() = CODE;
        run(&mut self.state, &mut self.ram, &mut self.regs)
    }

    fn ok(&mut self, code: &[u8]) {
        assert_eq!(self.run(code), Ok(()), "{code:02x?}");
    }

    fn word(&self, at: usize) -> u32 {
        let bytes = self.ram.operand.0[at..at + 4].try_into();
        u32::from_le_bytes(bytes.expect("four bytes"))
    }

    fn short(&self, at: usize) -> u16 {
        self.word(at) as u16
    }
}

const FLD1: [u8; 2] = [0xd9, 0xe8];
const FLDZ: [u8; 2] = [0xd9, 0xee];
const FDIVP: [u8; 2] = [0xde, 0xf9];
const FWAIT: [u8; 1] = [0x9b];

#[test]
fn an_exception_comes_with_the_next_instruction() {
    let mut m = Machine::new();
    m.state.cwd = 0x37b;
    m.ok(&FLD1);
    m.ok(&FLDZ);
    m.ok(&FDIVP);
    let after = m.state;
    assert!(after.is_pending());
    assert!(
        !after.is_empty(0) && !after.is_empty(1),
        "nothing was popped"
    );
    for code in [
        &FWAIT[..],
        &FLD1,
        &[0xd9, 0xd0],
        &[0xd9, 0x2e],
        &[0xdd, 0x26],
    ] {
        assert_eq!(m.run(code), Err(Stop::Pending), "{code:02x?}");
        assert_eq!(*m.regs.eip(), CODE);
        assert_eq!(m.state, after);
    }
    // fnstsw, fnstsw ax, fnstcw do not wait.
    m.ok(&[0xdd, 0x3e]);
    assert_eq!(m.short(0) & 0x80ff, 0x8084);
    *m.regs.eax() = 0xabcd_ffff;
    m.ok(&[0xdf, 0xe0]);
    assert_eq!(*m.regs.eax(), 0xabcd_0000 | after.swd, "ax alone");
    m.ok(&[0xd9, 0x3e]);
    // fnclex ends it.
    m.ok(&[0xdb, 0xe2]);
    m.ok(&FWAIT);
    assert_eq!(*m.regs.eip(), CODE + 1);
}

#[test]
fn the_pointers_name_the_last_instruction_and_operand() {
    let mut m = Machine::new();
    m.ok(&[0x66, 0xd9, 0x46, 0x04]); // fld dword [esi+4]
    m.ok(&[0xd9, 0x3e]); // fnstcw leaves them
    m.ok(&[0xd9, 0x36]); // fnstenv [esi]
    assert_eq!(m.word(0), 0xffff_037f);
    assert_eq!(m.word(4), 0xffff_3800);
    assert_eq!(m.word(8), 0xffff_7fff, "one zero, in register 7");
    assert_eq!(m.word(12), CODE);
    assert_eq!(m.word(16), 0x0146_000f, "opcode and code segment");
    assert_eq!(m.word(20), DATA + 4);
    assert_eq!(m.word(24), 0xffff_0017);
    assert_eq!(m.state.cwd & 0x3f, 0x3f);
}

#[test]
fn without_an_operand_its_pointer_stays_as_does_all_with_fninit() {
    let mut m = Machine::new();
    m.ok(&[0xd9, 0x06]);
    m.ok(&FLD1);
    assert_eq!(m.state.foo, DATA);
    assert_eq!(m.state.fcs >> 16, 0x1e8);
    m.ok(&[0xdb, 0xe3]); // fninit: later chips clear the pointers
    assert_eq!((m.state.fip, m.state.foo), (CODE, DATA));
    assert_eq!(m.state.twd, 0xffff);
}

#[test]
fn environments_of_16_bits() {
    let mut m = Machine::new();
    m.ok(&FLD1);
    m.ok(&FLDZ);
    m.ok(&[0xd9, 0x06]);
    let pushed = m.state;
    m.ok(&[0x66, 0xdd, 0x36]); // fnsave, 94 bytes
    assert_eq!(m.short(0), 0x37f);
    assert_eq!(m.short(2), 5 << 11);
    assert_eq!(m.short(4), 0b00_01_01_11_11_11_11_11);
    assert_eq!(m.short(6), CODE as u16);
    assert_eq!(m.short(8), 0x0f);
    assert_eq!(m.short(10), DATA as u16);
    assert_eq!(m.short(12), 0x17);
    let one = [0, 0, 0, 0, 0, 0, 0, 0x80, 0xff, 0x3f];
    assert_eq!(m.ram.operand.0[34..44], one, "ST(2)");
    assert_eq!(m.ram.operand.0[94..], [0; 14]);
    assert_eq!(m.state.twd, 0xffff, "fnsave initialises");
    m.ok(&[0x66, 0xdd, 0x26]); // frstor
    assert_eq!(m.state.st_space, pushed.st_space);
    assert_eq!((m.state.swd, m.state.twd), (pushed.swd, pushed.twd));
    m.ok(&[0x66, 0xd9, 0x36]); // fnstenv, 14 bytes
    m.ok(&[0xdb, 0xe3]);
    m.ok(&[0x66, 0xd9, 0x26]); // fldenv
    assert_eq!((m.state.swd, m.state.twd), (pushed.swd, pushed.twd));
}

#[test]
fn what_faults_changes_nothing() {
    let mut m = Machine::new();
    m.ok(&FLD1);
    m.regs.0[3] = 0x4000;
    let before = m.state;
    let memory = [
        [0xd9, 0x1e], // fstp m32
        [0xdd, 0x1e],
        [0xdb, 0x3e],
        [0xdf, 0x36], // fbstp
        [0xdd, 0x36], // fnsave
        [0xd9, 0x36],
        [0xdd, 0x26],
        [0xd8, 0x06],
        [0xdd, 0x3e],
    ];
    for code in memory {
        assert_eq!(m.run(&code), Err(Stop::Fault), "{code:02x?}");
        assert_eq!(m.state, before, "{code:02x?}");
        assert_eq!(*m.regs.eip(), CODE);
    }
    // An address that wraps past the end of the segment, and code that ends early.
    m.regs.0[3] = u32::MAX;
    assert_eq!(m.run(&[0xdd, 0x06]), Err(Stop::Fault));
    assert_eq!(m.run(&[0xdd, 0x86, 0x00]), Err(Stop::Fault));
}

#[test]
fn what_is_none_of_the_387s_is_illegal() {
    let mut m = Machine::new();
    let codes: [&[u8]; 12] = [
        &[0xda, 0xc0],       // fcmovb
        &[0xda, 0xe8],       //
        &[0xdb, 0xc0],       // fcmovnb
        &[0xdb, 0xf0],       // fcomi
        &[0xdf, 0xe8],       // fucomip
        &[0xdd, 0x0e],       // fisttp
        &[0xd9, 0x0e],       //
        &[0xdb, 0x26],       //
        &[0xd9, 0xe2],       //
        &[0xde, 0xd8],       //
        &[0x66, 0x90],       // nop
        &[0xf0, 0xd9, 0xe8], // lock fld1
    ];
    for code in codes {
        assert_eq!(m.run(code), Err(Stop::Illegal), "{code:02x?}");
    }
    assert_eq!(m.state, State387::new());
    assert_eq!(
        m.run(&[0x66; 20]),
        Err(Stop::Illegal),
        "prefixes without end"
    );
}

#[test]
fn several_in_a_row() {
    let mut m = Machine::new();
    m.ram.go_on = true;
    m.state.cwd = 0x37b;
    let code = [0xd9, 0xe8, 0xd9, 0xee, 0x9b, 0xde, 0xf9, 0xd9, 0xd0, 0x90];
    assert_eq!(m.run(&code), Err(Stop::Pending), "1 / 0, seen by fnop");
    assert_eq!(*m.regs.eip(), CODE + 7);
    m.state = State387::new();
    m.ok(&code);
    assert_eq!(*m.regs.eip(), CODE + 9, "nop is not ours");
    assert_eq!(m.state.st(0).se, 0x7fff);
    // More of them than are fetched at a time, and an address across the border.
    for first_fetch in 1..16 {
        m.ram.first_fetch = first_fetch;
        m.state = State387::new();
        let mut code = Vec::new();
        for _ in 0..4 {
            code.extend([0xd9, 0xe8, 0xdd, 0x9e, 0x08, 0, 0, 0]); // fld1; fstp [esi+8]
        }
        m.ok(&code);
        // Only what begins within what was fetched is known to be ours.
        assert!(*m.regs.eip() > CODE && *m.regs.eip() <= CODE + 32);
        assert!(*m.regs.eip() >= CODE + first_fetch as u32);
    }
}

#[test]
fn addresses() {
    // ebx, ecx, edx, esi, edi, ebp, eax, and esp.
    let mut regs = Regs([
        0x4_0000, 0x200, 0x3000, 0x7, 0xffff, 0x600_0000, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ]);
    regs.0[14] = 0x50_0000;
    let cases: [(&[u8], u32, Segment); 22] = [
        (&[0xd9, 0x00], 0x10, Segment::Ds),
        (&[0xd9, 0x43, 0xfe], 0x3_fffe, Segment::Ds),
        (&[0xd9, 0x82, 1, 0, 0, 0x80], 0x8000_3001, Segment::Ds),
        (&[0xd9, 0x05, 4, 3, 2, 1], 0x0102_0304, Segment::Ds),
        (&[0xd9, 0x45, 0x04], 0x600_0004, Segment::Ss),
        (&[0xd9, 0x04, 0x24], 0x50_0000, Segment::Ss),
        (&[0xd9, 0x44, 0xcc, 8], 0x50_1008, Segment::Ss),
        (&[0xd9, 0x04, 0x8b], 0x4_0800, Segment::Ds),
        (&[0xd9, 0x04, 0x4d, 0, 1, 0, 0], 0x500, Segment::Ds),
        (&[0xd9, 0x44, 0x15, 0], 0x600_3000, Segment::Ss),
        (
            &[0xd9, 0x84, 0x70, 0xff, 0xff, 0xff, 0xff],
            0x1d,
            Segment::Ds,
        ),
        (&[0x36, 0xd9, 0x00], 0x10, Segment::Ss),
        (&[0x64, 0xd9, 0x45, 0], 0x600_0000, Segment::Fs),
        (&[0x26, 0xf3, 0xd9, 0x00], 0x10, Segment::Es),
        (&[0xf2, 0x65, 0xd9, 0x00], 0x10, Segment::Gs),
        (&[0x65, 0x3e, 0xd9, 0x45, 0], 0x600_0000, Segment::Ds),
        (&[0x2e, 0x66, 0xd9, 0x06], 7, Segment::Cs),
        (&[0x67, 0xd9, 0x01], 0xffff, Segment::Ds),
        (&[0x67, 0xd9, 0x42, 0x10], 0x17, Segment::Ss),
        (&[0x67, 0xd9, 0x06, 0x34, 0x12], 0x1234, Segment::Ds),
        (&[0x67, 0xd9, 0x46, 0xff], 0xffff, Segment::Ss),
        (&[0x67, 0xd9, 0x85, 2, 0], 1, Segment::Ds),
    ];
    for (code, address, segment) in cases {
        let mut insn = Insn::FWAIT;
        assert_eq!(decode(&mut insn, code, &regs), Ok(true));
        assert_eq!(
            (insn.address, insn.segment, insn.length as usize),
            (address, segment, code.len()),
            "{code:02x?}"
        );
        for length in 0..code.len() {
            assert_eq!(decode(&mut insn, &code[..length], &regs), Err(Short));
        }
    }
}

/// The sine of a small number is a little less, and directed rounding shows it. The
/// host's is the number itself.
#[test]
fn directed_rounding_of_small_sines() {
    // 2^-40, and what fsin makes of it, rounded to nearest and down.
    for (control, expected) in [
        (0x37f, [0, 0, 0, 0, 0, 0, 0, 0x80, 0xd7, 0x3f]),
        (
            0x77f,
            [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xd6, 0x3f],
        ),
    ] {
        let mut m = Machine::new();
        m.state.cwd = control;
        m.ram.operand.0[..4].copy_from_slice(&0x2b80_0000u32.to_le_bytes());
        m.ok(&[0xd9, 0x06]); // fld dword [esi]
        m.ok(&[0xd9, 0xfe]); // fsin
        m.ok(&[0xdb, 0x3e]); // fstp tbyte [esi]
        assert_eq!(m.ram.operand.0[..10], expected, "{control:x}");
    }
}

/// A state in which anything may lie, the control word included.
fn any_state(random: &mut Random) -> Operand {
    let mut image = random.operand();
    for register in image.0[28..].chunks_exact_mut(10) {
        let value = if random.once_in(2) {
            random.pick(&table())
        } else {
            random.value()
        };
        register[..8].copy_from_slice(&value.sig.to_le_bytes());
        register[8..].copy_from_slice(&value.se.to_le_bytes());
    }
    if random.once_in(2) {
        // No exception is pending, no register empty: as a rule either ends it.
        image.0[4] = 0;
        image.0[8..10].fill(0);
    }
    image
}

/// Some bytes of code, as a rule instructions of the 387's.
fn any_code(random: &mut Random) -> [u8; 8] {
    let mut code = random.next().to_le_bytes();
    let esc = |byte: u8| 0xd8 | byte & 7;
    match random.below(4) {
        // Two functions of one or two registers.
        0 => {
            code = code.map(|byte| 0xf0 | byte & 15);
            (code[0], code[2]) = (0xd9, 0xd9);
        }
        // Two with an operand at [esi].
        1 => {
            code = code.map(|byte| byte & 0x38 | 6);
            (code[0], code[2]) = (esc(code[0] >> 3), esc(code[2] >> 3));
        }
        2 => (code[0], code[2]) = (esc(code[0]), esc(code[2])),
        // There may be a prefix.
        _ => code[1] = esc(code[1]),
    }
    code
}

/// Whatever a program gives it, defined or not: no overflow, no index out of range
/// (a panic here, the kernel's end there), and a state that a 387 can have.
#[test]
fn nothing_makes_it_panic() {
    let mut random = Random(387);
    let mut m = Machine::new();
    m.ram.go_on = true;
    for _ in 0..1_000_000 {
        m.state = State387::new();
        m.ram.operand = any_state(&mut random);
        m.ok(&[0xdd, 0x26]); // frstor
        m.ram.operand = random.operand();
        let code = any_code(&mut random);
        // Most are executed, some are illegal or find an exception pending.
        let _ = m.run(&code);
        let State387 { cwd, swd, twd, .. } = m.state;
        assert_eq!(cwd & !0x1f3f, 0x40, "{code:02x?}");
        assert_eq!(swd >> 16, 0, "{code:02x?}");
        assert_eq!(twd & 0xffff_aaaa, twd << 1 & 0xaaaa, "a tag is 0 or 3");
        let unmasked = swd & !cwd & 0x3f != 0;
        assert_eq!(m.state.is_pending(), unmasked, "{code:02x?}");
        assert_eq!(swd >> 15 != 0, unmasked, "busy shows what is pending");
    }
}
