//! `fstenv`, `fldenv`, `fsave`, `frstor`: all of the state from and to memory
//! (387 manual, figures "Protected mode 387 environment", 32 and 16 bits).

use crate::State387;
use crate::ea::{Insn, Regs, Segment};
use crate::get_put::from_bytes;
use crate::number::Class;

impl State387 {
    /// The tag word that programs see: 0 valid, 1 zero, 2 special, 3 empty.
    fn full_tags(&self) -> u32 {
        let mut tags = 0;
        for nr in (0..8).rev() {
            let x = from_bytes(&self.st_space[nr as usize]);
            let tag = if self.twd >> (2 * nr) & 3 == 3 {
                3
            } else {
                match x.class() {
                    Class::Zero => 1,
                    Class::Finite if x.exp() != 0 => 0,
                    _ => 2,
                }
            };
            tags = tags << 2 | tag;
        }
        tags
    }

    /// Writes the environment, and if there is room the registers.
    #[inline(never)]
    pub(crate) fn put_image(&self, insn: &Insn, to: &mut [u8]) {
        // The upper halves of words that have none are set.
        const FILLER: u32 = 0xffff_0000;
        let words = [
            self.cwd | FILLER,
            self.swd | FILLER,
            self.full_tags() | FILLER,
            self.fip,
            self.fcs,
            self.foo,
            self.fos | FILLER,
        ];
        let size = if insn.operand_16 { 2 } else { 4 };
        let mut rest = &mut to[..];
        for word in words {
            let [b0, b1, b2, b3] = word.to_le_bytes();
            let (to, behind) = rest.split_at_mut(size);
            match to {
                [to0, to1, to2, to3] => (*to0, *to1, *to2, *to3) = (b0, b1, b2, b3),
                [to0, to1] => (*to0, *to1) = (b0, b1),
                _ => {}
            }
            rest = behind;
        }
        for (i, to) in (0..8).zip(to[7 * size..].chunks_exact_mut(10)) {
            to.copy_from_slice(&self.st_space[self.number(i) as usize]);
        }
    }

    /// What `fnstenv` (`size` bytes were written) and `fnsave` do afterwards.
    pub(crate) fn after_put(&mut self, size: usize) {
        if size > 28 {
            self.init();
        } else {
            self.cwd |= 0x3f;
            self.summarize();
        }
    }

    /// Reads the environment, and if there are more bytes the registers.
    #[inline(never)]
    pub(crate) fn get_image(&mut self, insn: &Insn, from: &[u8]) {
        let mut words = [0u32; 7];
        let size = if insn.operand_16 { 2 } else { 4 };
        for (word, from) in words.iter_mut().zip(from.chunks_exact(size)) {
            *word = from
                .iter()
                .rev()
                .fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        let [cwd, swd, twd, fip, fcs, operand, segment] = words;
        self.set_control(cwd);
        self.swd = swd & 0x7f7f;
        self.twd = twd & 0xffff;
        for nr in 0..8 {
            if self.twd >> (2 * nr) & 3 != 3 {
                self.twd &= !(3 << (2 * nr));
            }
        }
        self.summarize();
        (self.fip, self.foo) = (fip, operand);
        self.fcs = fcs & 0x07ff_ffff;
        self.fos = segment & 0xffff;
        let registers = from[7 * size..].chunks_exact(10);
        for (i, register) in (0..8).zip(registers) {
            let nr = self.number(i) as usize;
            self.st_space[nr].copy_from_slice(register);
        }
    }

    /// Sets the control word.
    pub(crate) fn set_control(&mut self, cwd: u32) {
        self.cwd = cwd & 0x1f3f | 0x40;
    }

    /// As `fninit`: the registers keep what they hold, but count as empty. The
    /// 387, other than its successors, keeps the pointers.
    pub(crate) fn init(&mut self) {
        self.cwd = 0x37f;
        self.swd = 0;
        self.twd = 0xffff;
    }

    /// Notes where an instruction lies.
    pub(crate) fn set_pointers(&mut self, insn: &Insn, regs: &mut Regs) {
        self.fip = *regs.eip();
        self.fcs = regs.selector(Segment::Cs).map_or(0, u32::from) | insn.opcode() << 16;
    }
}
