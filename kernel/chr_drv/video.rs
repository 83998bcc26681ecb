//! The display adapter's text memory. Not in 0.11, where `console.c` follows
//! pointers into it.

use crate::kernel::chr_drv::look::ATTR_NORMAL;
use crate::kernel::shared::IrqCell;

/// Text memory of colour adapters.
const COLOUR: u32 = 0xb_8000;
/// Text memory of monochrome adapters.
const MONOCHROME: u32 = 0xb_0000;
/// A white on black space: what cells beyond the end read as.
const BLANK: u16 = (ATTR_NORMAL as u16) << 8 | b' ' as u16;

/// The cells on the screen and beyond it: character in the low byte, attribute
/// in the high one. All accesses are bounded; an access beyond the
/// end does nothing.
#[derive(Clone, Copy)]
pub struct VideoMemory {
    base: u32,
    cells: u32,
}

impl VideoMemory {
    /// `kb` kilobytes, at most 32, of a colour adapter.
    pub const fn colour(kb: u32) -> Self {
        VideoMemory {
            base: COLOUR,
            cells: Self::cells_in(kb),
        }
    }

    /// `kb` kilobytes, at most 32, of a monochrome adapter.
    pub const fn monochrome(kb: u32) -> Self {
        VideoMemory {
            base: MONOCHROME,
            cells: Self::cells_in(kb),
        }
    }

    const fn cells_in(kb: u32) -> u32 {
        assert!(kb <= 32);
        kb * 512
    }

    /// How many cells there are.
    pub const fn len(self) -> u32 {
        self.cells
    }

    /// Sets the cell at `index`.
    #[inline(always)]
    pub fn write(self, index: u32, cell: u16) {
        if index < self.cells {
            // SAFETY: `base` is one of the two addresses of PC text memory,
            // `cells` at most 32 KB of it: device memory, mapped one to one like
            // the whole first megabyte, in which no Rust value lies.
            unsafe {
                (self.base as *mut u16)
                    .add(index as usize)
                    .write_volatile(cell)
            }
        }
    }

    /// Sets `count` cells from `start` up.
    pub fn fill(self, start: u32, count: u32, cell: u16) {
        for index in start..start.saturating_add(count).min(self.cells) {
            self.write(index, cell);
        }
    }

    /// Copies `count` cells from `from` to `to`; the two may overlap.
    pub fn copy(self, from: u32, to: u32, count: u32) {
        if to <= from {
            return self.copy_block(from, to, count);
        }
        // From the end, in pieces that do not overlap: a line, as a rule.
        let mut left = count;
        while left > 0 {
            let piece = left.min(to - from);
            left -= piece;
            self.copy_block(from + left, to + left, piece);
        }
    }

    /// The same by a string instruction, which is what the bus is good at.
    fn copy_block(self, from: u32, to: u32, count: u32) {
        if from.max(to) > self.cells || count > self.cells - from.max(to) {
            return;
        }
        let first = self.base as *mut u16;
        // SAFETY: both ends lie inside, as just checked; for the memory see
        // `write`. `copy` allows that they overlap.
        unsafe {
            core::ptr::copy(
                first.add(from as usize),
                first.add(to as usize),
                count as usize,
            )
        }
    }
}

/// Has the adapter a BIOS of its own? An EGA or a VGA does, at the usual place of
/// its extension or, on the main board, at the other one; an MDA or a CGA does not.
pub fn has_rom() -> bool {
    const PLACES: [u32; 2] = [0xc_0000, 0xe_0000];
    const SIGNATURE: u16 = 0xaa55;
    PLACES.into_iter().any(|place| {
        // SAFETY: read-only memory or nothing, which reads as ones: mapped one to one
        // like the whole first megabyte, and no Rust value lies there.
        unsafe { (place as *const u16).read_volatile() == SIGNATURE }
    })
}

/// What a panic inside the console driver needs to know of the screen.
pub static ORIGIN: IrqCell<u32> = IrqCell::new(0);
pub static IS_MONOCHROME: IrqCell<bool> = IrqCell::new(false);
/// The cell that [`print_over`] writes next, counted from the origin.
static OVER: IrqCell<u32> = IrqCell::new(0);

/// Prints over the screen from its upper left corner on, 80 columns wide, for
/// a panic that finds the screen's state in use.
pub fn print_over(text: &[u8]) {
    // As much as an EGA has; what is shown lies in what there is.
    let memory = if IS_MONOCHROME.get() {
        VideoMemory::monochrome(32)
    } else {
        VideoMemory::colour(32)
    };
    for &c in text {
        let mut at = OVER.get() % (80 * 25);
        if c == b'\n' {
            memory.fill(ORIGIN.get() + at, 80 - at % 80, BLANK);
            at += 80 - at % 80;
        } else {
            memory.write(ORIGIN.get() + at, BLANK & 0xff00 | c as u16);
            at += 1;
        }
        OVER.set(at);
    }
}
