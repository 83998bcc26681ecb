//! An 80387 in software (0.12 `kernel/math/`).
//!
//! The crate is the coprocessor alone: [`run`] executes instructions on a
//! [`State387`], given the program's registers and a way to its memory. It calls
//! nothing of the kernel, so that tests run it beside a real one (`tests/math`).
//! The kernel's part, the trap that leads here, is `mod.rs` beside this file.
//!
//! Memory is reached between the emulator's own steps, never from within one:
//! [`decode`] tells which operand an instruction has, its bytes are fetched, then
//! something is computed. So a page fault does not come on top of the emulator's
//! stack, and an instruction that faults has changed nothing.
//!
//! What the chip does is told by Intel's "387 DX User's Manual" (1989), chapters
//! 2 to 4; where a later one differs and which of both is followed is in
//! `docs/math.md`.

#![no_std]

mod add;
mod arctan;
mod compare;
mod convert;
mod div;
mod ea;
mod environment;
pub mod error;
mod exp_log;
mod get_put;
mod math_emulate;
mod mul;
mod number;
mod reg_ops;
mod rem;
mod series;
mod trig;

pub use ea::{Insn, Regs, Segment, Short, decode};
pub use get_put::Operand;
pub use number::Ext;

use error::C1;
use get_put::{Bytes, from_bytes, to_bytes};

/// The state of a 387: what `fsave` stores, but that the registers lie by number
/// and not in the order of the stack (0.12 `struct i387_struct`). A tag is 3 for
/// an empty register and else 0; what `fstenv` shows is found out when it does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct State387 {
    /// Control word.
    pub cwd: u32,
    /// Status word.
    pub swd: u32,
    /// Tag word.
    pub twd: u32,
    /// Address of the last instruction that was no control instruction.
    pub fip: u32,
    /// Its code segment, and above it 11 bits of its code.
    pub fcs: u32,
    /// Address of the last operand in memory.
    pub foo: u32,
    /// Its segment.
    pub fos: u32,
    /// The registers, by number.
    pub st_space: [[u8; 10]; 8],
}

/// Bytes that `fsave` stores.
pub const IMAGE_SIZE: usize = 108;

const _: () = assert!(core::mem::size_of::<State387>() == IMAGE_SIZE);

impl Default for State387 {
    fn default() -> Self {
        Self::new()
    }
}

impl State387 {
    /// As after power on and `fninit`.
    pub const fn new() -> Self {
        State387 {
            cwd: 0x37f,
            swd: 0,
            twd: 0xffff,
            fip: 0,
            fcs: 0,
            foo: 0,
            fos: 0,
            st_space: [[0; 10]; 8],
        }
    }

    /// The number of the register that is `ST(i)`.
    fn number(&self, i: u32) -> u32 {
        (self.swd >> 11).wrapping_add(i) & 7
    }

    /// Is `ST(i)` empty?
    pub fn is_empty(&self, i: u32) -> bool {
        self.twd >> (2 * self.number(i)) & 3 == 3
    }

    /// What `ST(i)` holds.
    pub fn st(&self, i: u32) -> Ext {
        from_bytes(&self.st_space[self.number(i) as usize])
    }

    /// Fills `ST(i)`.
    #[inline(never)]
    pub(crate) fn set(&mut self, i: u32, x: Ext) {
        let nr = self.number(i);
        self.st_space[nr as usize] = to_bytes(x);
        self.twd &= !(3 << (2 * nr));
    }

    /// Makes `ST(i)` empty.
    #[inline(never)]
    pub(crate) fn free(&mut self, i: u32) {
        self.twd |= 3 << (2 * self.number(i));
    }

    /// Turns the stack: what was `ST(by)` becomes `ST(0)`.
    pub(crate) fn turn(&mut self, by: u32) {
        self.swd = self.swd & !0x3800 | self.number(by) << 11;
    }

    /// Frees `ST(0)` and takes it off the stack.
    pub(crate) fn pop(&mut self) {
        self.free(0);
        self.turn(1);
    }

    /// Puts a number on the stack, where there is room.
    pub(crate) fn push(&mut self, x: Ext) {
        self.turn(7);
        self.set(0, x);
    }

    /// Sets the condition codes `flags` out of those in `mask`.
    pub(crate) fn set_condition(&mut self, mask: u32, flags: u32) {
        self.swd = self.swd & !mask | flags;
    }

    pub(crate) fn clear_c1(&mut self) {
        self.swd &= !C1;
    }
}

/// Why an instruction was not executed. Nothing has changed then.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// An earlier instruction's exception, which is reported now: `SIGFPE`.
    Pending,
    /// No instruction of the 387's: `SIGILL`.
    Illegal,
    /// It or its operand cannot be reached: `SIGSEGV`.
    Fault,
}

/// A program's memory, as the emulator's caller reaches it.
pub trait Memory {
    /// Reads bytes of code from `eip` on; returns how many. `more`: those that came
    /// last time from there are not enough.
    ///
    /// # Errors
    /// [`Stop::Fault`].
    fn fetch(&mut self, eip: u32, more: bool, to: &mut [u8; 16]) -> Result<usize, Stop>;

    /// Fills `to`.
    ///
    /// # Errors
    /// [`Stop::Fault`].
    fn read(&mut self, selector: u16, address: u32, to: &mut [u8]) -> Result<(), Stop>;

    /// Writes all of `from`.
    ///
    /// # Errors
    /// [`Stop::Fault`].
    fn write(&mut self, selector: u16, address: u32, from: &[u8]) -> Result<(), Stop>;

    /// The program's gs, which is not among its `Regs`.
    fn gs(&mut self) -> u16;

    /// Is there nothing else to do, so that the next instruction may follow at once?
    fn may_go_on(&mut self) -> bool;
}

/// Executes the instruction at `regs.eip`, which is one of the coprocessor's or
/// `fwait`, and as many more as follow it while the caller may go on. `eip` is then
/// behind the last one that was executed.
///
/// # Errors
/// The instruction at `eip` was not executed: see [`Stop`].
pub fn run(state: &mut State387, memory: &mut impl Memory, regs: &mut Regs) -> Result<(), Stop> {
    let mut insn = Insn::FWAIT;
    let mut code = [0; 16];
    // What of it is still to be executed.
    let (mut start, mut end) = (0, memory.fetch(*regs.eip(), false, &mut code)?);
    loop {
        loop {
            match decode(&mut insn, &code[start..end], regs) {
                Ok(true) => break,
                Err(Short) if end - start < code.len() => {
                    end = memory.fetch(*regs.eip(), start == 0, &mut code)?;
                    start = 0;
                }
                _ => return Err(Stop::Illegal),
            }
        }
        step(state, memory, regs, &insn)?;
        start += insn.length as usize;
        if !matches!(code[..end].get(start), Some(0x9b | 0xd8..=0xdf)) || !memory.may_go_on() {
            return Ok(());
        }
    }
}

/// Executes one instruction.
fn step(
    state: &mut State387,
    memory: &mut impl Memory,
    regs: &mut Regs,
    insn: &Insn,
) -> Result<(), Stop> {
    state.check_pending(insn)?;
    let Some((operand, writes)) = insn.operand else {
        state.with_registers(insn, regs)?;
        let eip = regs.eip();
        *eip = eip.wrapping_add(insn.length);
        return Ok(());
    };
    let selector = match regs.selector(insn.segment) {
        Some(selector) => selector,
        None => memory.gs(),
    };
    let size = insn.size(operand);
    if matches!(operand, Operand::Environment | Operand::State) {
        whole(state, memory, selector, insn, writes, size)?;
    } else {
        let mut bytes: Bytes = [0; 16];
        if writes {
            let (cwd, swd, twd) = (state.cwd, state.swd, state.twd);
            if state.store_operand(insn, operand, &mut bytes)
                && let Err(stop) = memory.write(selector, insn.address, &bytes[..size])
            {
                // The registers' contents have not changed.
                (state.cwd, state.swd, state.twd) = (cwd, swd, twd);
                return Err(stop);
            }
        } else {
            memory.read(selector, insn.address, &mut bytes[..size])?;
            state.load_operand(insn, operand, &bytes);
        }
        if operand != Operand::Word {
            state.set_pointers(insn, regs);
            (state.foo, state.fos) = (insn.address, u32::from(selector));
        }
    }
    let eip = regs.eip();
    *eip = eip.wrapping_add(insn.length);
    Ok(())
}

/// Executes one of those with the environment or all of the state in memory.
#[inline(never)]
fn whole(
    state: &mut State387,
    memory: &mut impl Memory,
    selector: u16,
    insn: &Insn,
    writes: bool,
    size: usize,
) -> Result<(), Stop> {
    let mut image = [0; IMAGE_SIZE];
    if writes {
        state.put_image(insn, &mut image[..size]);
        memory.write(selector, insn.address, &image[..size])?;
        state.after_put(size);
    } else {
        memory.read(selector, insn.address, &mut image[..size])?;
        state.get_image(insn, &image[..size]);
    }
    Ok(())
}
