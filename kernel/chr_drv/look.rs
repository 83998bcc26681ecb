//! How characters look. Not in 0.11, which has one attribute in `console.c`.

/// White on black.
pub const ATTR_NORMAL: u8 = 0x07;
/// The eight ANSI colours in the adapter's numbering.
const COLOURS: [u8; 8] = [0, 4, 2, 6, 1, 5, 3, 7];

/// How characters look, as escape sequences set it.
#[derive(Clone, Copy)]
pub struct Look {
    /// Foreground in bits 0-2, background in bits 4-6.
    colour: u8,
    bold: bool,
    underline: bool,
    blink: bool,
    reverse: bool,
}

impl Look {
    /// White on black.
    pub const NORMAL: Look = Look {
        colour: ATTR_NORMAL,
        bold: false,
        underline: false,
        blink: false,
        reverse: false,
    };

    /// What a cell is erased with: a space on the background that is set.
    pub fn blank(self) -> u16 {
        (self.colour as u16) << 8 | b' ' as u16
    }

    /// The attribute byte, on a colour adapter or a monochrome one. Colour
    /// adapters cannot underline: as in 0.11 it is bright there.
    pub fn attr(self, in_colour: bool) -> u8 {
        let mut attr = self.colour;
        if self.reverse {
            attr = attr >> 4 & 7 | (attr & 7) << 4;
        }
        if self.underline && !in_colour && !self.reverse {
            attr = attr & 0xf8 | 1;
        }
        if self.bold || self.underline && in_colour {
            attr |= 0x08;
        }
        if self.blink {
            attr |= 0x80;
        }
        attr
    }

    /// Executes one parameter of CSI m. 0.11 knows 0, 1, 4, 7 and 27.
    pub fn set(&mut self, parameter: u32, in_colour: bool) {
        match parameter {
            0 => *self = Look::NORMAL,
            1 => self.bold = true,
            4 => self.underline = true,
            5 => self.blink = true,
            7 => self.reverse = true,
            22 => self.bold = false,
            24 => self.underline = false,
            25 => self.blink = false,
            27 => self.reverse = false,
            n @ 30..=37 if in_colour => {
                self.colour = self.colour & 0xf0 | COLOURS[n as usize - 30];
            }
            39 => self.colour = self.colour & 0xf0 | ATTR_NORMAL,
            n @ 40..=47 if in_colour => {
                self.colour = self.colour & 0x0f | COLOURS[n as usize - 40] << 4;
            }
            49 => self.colour &= 0x0f,
            _ => {}
        }
    }
}
