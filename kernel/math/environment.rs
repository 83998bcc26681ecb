//! `fstenv`, `fldenv`, `fsave`, `frstor`: all of the state from and to memory
//! (387 manual, figures "Protected mode 387 environment", 32 and 16 bits).

use crate::State387;
use crate::ea::Insn;
use crate::get_put::Bytes;
use crate::number::Class;

impl State387 {
    /// The tag word that programs see: 0 valid, 1 zero, 2 special, 3 empty.
    fn full_tags(&self) -> u32 {
        let mut tags = 0;
        for nr in (0..8).rev() {
            let x = crate::get_put::from_bytes(&self.st_space[nr as usize]);
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

    /// Writes the environment; returns how many bytes that are.
    #[inline(never)]
    pub(crate) fn put_environment(&self, insn: &Insn, to: &mut Bytes) -> usize {
        let words = [
            self.cwd,
            self.swd,
            self.full_tags(),
            self.fip,
            self.fcs,
            self.foo,
            self.fos,
        ];
        if insn.short {
            for (to, word) in to.chunks_exact_mut(2).zip(words) {
                to.copy_from_slice(&(word as u16).to_le_bytes());
            }
            return 14;
        }
        for (nr, (to, word)) in to.chunks_exact_mut(4).zip(words).enumerate() {
            // The upper halves of words that have none are set.
            let filler = if matches!(nr, 0 | 1 | 2 | 6) {
                0xffff_0000
            } else {
                0
            };
            to.copy_from_slice(&(word | filler).to_le_bytes());
        }
        28
    }

    /// Reads the environment; returns how many bytes that are.
    #[inline(never)]
    pub(crate) fn get_environment(&mut self, insn: &Insn, from: &Bytes) -> usize {
        let mut words = [0u32; 7];
        let size = if insn.short { 2 } else { 4 };
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
        7 * size
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

    /// `fnsave`.
    pub(crate) fn save(&mut self, insn: &Insn, to: &mut Bytes) -> usize {
        let mut end = self.put_environment(insn, to);
        for i in 0..8 {
            let bytes = self.st_space[self.number(i) as usize];
            to[end..end + 10].copy_from_slice(&bytes);
            end += 10;
        }
        self.init();
        end
    }

    /// `frstor`.
    pub(crate) fn restore(&mut self, insn: &Insn, from: &Bytes) {
        let mut start = self.get_environment(insn, from);
        for i in 0..8 {
            let nr = self.number(i) as usize;
            self.st_space[nr].copy_from_slice(&from[start..start + 10]);
            start += 10;
        }
    }

    /// Notes where an instruction and its operand lie.
    pub(crate) fn set_pointers(&mut self, insn: &Insn, regs: &crate::Regs) {
        use crate::Segment;
        self.fip = regs.eip;
        self.fcs = u32::from(regs.selectors[Segment::Cs as usize]) | insn.opcode() << 16;
        if insn.modrm < 0xc0 {
            self.foo = insn.address;
            self.fos = u32::from(regs.selectors[insn.segment as usize]);
        }
    }
}
