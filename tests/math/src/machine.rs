//! What an instruction works on, for either coprocessor.

use math387::{Memory, Regs, State387, Stop, run};

/// 108 bytes as `fsave` stores them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Image(pub [u8; 108]);

/// Room for an operand in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Operand(pub [u8; 108]);

/// A register: sign and exponent, significand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Value {
    pub se: u16,
    pub sig: u64,
}

impl Value {
    pub const fn new(se: u16, sig: u64) -> Value {
        Value { se, sig }
    }
}

impl std::fmt::Debug for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(f, "{:04x}:{:016x}", self.se, self.sig)
    }
}

impl Image {
    /// A state with these words and registers, `ST(0)` first.
    pub fn new(control: u16, status: u16, tags: u16, registers: [Value; 8]) -> Image {
        let mut image = Image([0; 108]);
        for (at, word) in [(0, control), (4, status), (8, tags)] {
            image.0[at..at + 2].copy_from_slice(&word.to_le_bytes());
        }
        for (i, value) in registers.iter().enumerate() {
            let at = 28 + 10 * i;
            image.0[at..at + 8].copy_from_slice(&value.sig.to_le_bytes());
            image.0[at + 8..at + 10].copy_from_slice(&value.se.to_le_bytes());
        }
        image
    }

    fn word(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.0[at], self.0[at + 1]])
    }

    pub fn control(&self) -> u16 {
        self.word(0)
    }

    pub fn status(&self) -> u16 {
        self.word(4)
    }

    pub fn tags(&self) -> u16 {
        self.word(8)
    }

    /// What `ST(i)` holds.
    pub fn st(&self, i: usize) -> Value {
        let at = 28 + 10 * i;
        let mut sig = [0; 8];
        sig.copy_from_slice(&self.0[at..at + 8]);
        Value {
            se: self.word(at + 8),
            sig: u64::from_le_bytes(sig),
        }
    }

    /// The parts that both coprocessors are to agree on: all but the addresses.
    pub fn comparable(&self) -> (u16, u16, u16, [Value; 8]) {
        let registers = std::array::from_fn(|i| self.st(i));
        (self.control(), self.status(), self.tags(), registers)
    }
}

impl std::fmt::Debug for Image {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(
            f,
            "control {:04x} status {:04x} tags {:04x}",
            self.control(),
            self.status(),
            self.tags()
        )?;
        (0..8).try_for_each(|i| write!(f, " {:?}", self.st(i)))
    }
}

/// Memory for the emulated one: code at 0x1000, one operand at 0x2000.
pub struct Ram {
    pub code: Vec<u8>,
    pub operand: Operand,
    /// How many bytes of code come without asking for more.
    pub first_fetch: usize,
    /// Do instructions follow one another without coming back?
    pub go_on: bool,
}

/// Where the code is.
pub const CODE: u32 = 0x1000;
/// Where the operand is.
pub const DATA: u32 = 0x2000;

impl Memory for Ram {
    fn fetch(&mut self, eip: u32, more: bool, to: &mut [u8; 16]) -> Result<usize, Stop> {
        let rest = eip
            .checked_sub(CODE)
            .and_then(|at| self.code.get(at as usize..))
            .ok_or(Stop::Fault)?;
        // The first time as though a page ended, where that is to be tried.
        let length = if more { 16 } else { self.first_fetch }.min(rest.len());
        if more && length <= self.first_fetch.min(rest.len()) {
            return Err(Stop::Fault);
        }
        to[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn read(&mut self, _: u16, address: u32, to: &mut [u8]) -> Result<(), Stop> {
        let at = address.checked_sub(DATA).ok_or(Stop::Fault)? as usize;
        let from = self.operand.0.get(at..at + to.len()).ok_or(Stop::Fault)?;
        to.copy_from_slice(from);
        Ok(())
    }

    fn write(&mut self, _: u16, address: u32, from: &[u8]) -> Result<(), Stop> {
        let at = address.checked_sub(DATA).ok_or(Stop::Fault)? as usize;
        let to = self
            .operand
            .0
            .get_mut(at..at + from.len())
            .ok_or(Stop::Fault)?;
        to.copy_from_slice(from);
        Ok(())
    }

    fn gs(&mut self) -> u16 {
        0x17
    }

    fn may_go_on(&mut self) -> bool {
        self.go_on
    }
}

/// Registers of a program whose next instruction is the code, with esi on the operand.
pub fn registers(ax: u16) -> Regs {
    let mut regs = Regs::default();
    *regs.eip() = CODE;
    *regs.eax() = ax.into();
    regs.0[3] = DATA;
    // ds, es, fs, cs, ss.
    for (at, selector) in [(7, 0x17), (8, 0x17), (9, 0x17), (12, 0x0f), (15, 0x17)] {
        regs.0[at] = selector;
    }
    regs
}

/// Executes the same instruction with the emulator.
pub fn emulate(
    op: u8,
    modrm: u8,
    image: &mut Image,
    operand: &mut Operand,
    ax: u16,
) -> Result<u16, Stop> {
    let mut state = State387::new();
    let mut ram = Ram {
        code: vec![0xdd, 0x26],
        operand: Operand(image.0),
        first_fetch: 16,
        go_on: false,
    };
    run(&mut state, &mut ram, &mut registers(0))?; // frstor
    ram.code = vec![0xd8 + op, modrm];
    ram.operand = *operand;
    let mut regs = registers(ax);
    let result = run(&mut state, &mut ram, &mut regs);
    *operand = ram.operand;
    ram.code = vec![0xdd, 0x36];
    run(&mut state, &mut ram, &mut registers(0))?; // fnsave
    *image = Image(ram.operand.0);
    result.map(|()| *regs.eax() as u16)
}
