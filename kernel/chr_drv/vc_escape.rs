//! What a console does with the characters of its output: text, control
//! characters, escape sequences (0.11's `con_write`).

use super::{Charset, Console, NPAR, PARAMETER_MAX, RESPONSE, State, TAB_COLUMNS};
use crate::kernel::chr_drv::console::sysbeep;
use crate::kernel::chr_drv::look::Look;

impl Console {
    /// A control character, which does the same within escape sequences.
    fn control(&mut self, c: u8) {
        match c {
            7 => sysbeep(),
            8 => self.x = self.x.min(self.adapter.columns).saturating_sub(1),
            9 => self.tab(),
            10..=12 => self.lf(),
            13 => self.cr(),
            14 => self.charset.current = 1,
            15 => self.charset.current = 0,
            24 | 26 => self.state = State::Normal,
            27 => self.state = State::Escape,
            127 => self.del(),
            _ => {}
        }
    }

    /// A character in the text.
    fn put_text(&mut self, c: u8) {
        match c {
            32..=126 | 128.. => self.put_glyph(self.charset.translate(c)),
            1..=6 | 16..=26 | 28..=31 if self.charset.direct => self.put_glyph(c),
            _ => self.control(c),
        }
    }

    /// Shows a character of the adapter's set.
    fn put_glyph(&mut self, glyph: u8) {
        if self.x >= self.adapter.columns {
            if self.wrapping {
                self.cr();
                self.lf();
            } else {
                self.x = self.adapter.columns - 1;
            }
        }
        if self.inserting {
            self.insert_char();
        }
        let attr = self.look.attr(self.adapter.in_colour());
        self.adapter
            .memory
            .write(self.pos(), (attr as u16) << 8 | glyph as u16);
        self.x += 1;
    }

    /// The character after ESC.
    fn put_escape(&mut self, c: u8) {
        self.state = State::Normal;
        match c {
            b'[' => self.state = State::Bracket,
            b'(' => self.state = State::Set(0),
            b')' => self.state = State::Set(1),
            b']' => self.state = State::System,
            b'#' | b'%' => self.state = State::Skip(1),
            b'E' => {
                self.cr();
                self.lf();
            }
            b'M' => self.ri(),
            b'D' => self.lf(),
            b'H' => self.set_tab(self.x, true),
            b'Z' => self.respond(RESPONSE),
            // 0.11 compares the column with '7' and '8' here.
            b'7' => self.save_cur(),
            b'8' => self.restore_cur(),
            b'c' => self.reset(),
            _ => {}
        }
    }

    /// The first character after ESC [.
    fn put_bracket(&mut self, c: u8) {
        self.npar = 0;
        self.par = [0; NPAR];
        self.private = 0;
        self.state = State::Parameters;
        match c {
            b'<'..=b'?' => self.private = c,
            // What a function key sends, echoed.
            b'[' => self.state = State::Skip(1),
            _ => self.put_parameter(c),
        }
    }

    /// A character after ESC [: a parameter, or the end of the sequence.
    fn put_parameter(&mut self, c: u8) {
        match c {
            b';' => self.npar = (self.npar + 1).min(NPAR - 1),
            b'0'..=b'9' => {
                let par = &mut self.par[self.npar];
                *par = (*par * 10 + (c - b'0') as u32).min(PARAMETER_MAX);
            }
            // Sequences with these are of other kinds; none is known.
            b' '..=b'/' => self.private = c,
            0x40..=0x7e => {
                self.state = State::Normal;
                match (self.private, c) {
                    (_, b'h') => self.set_mode(true),
                    (_, b'l') => self.set_mode(false),
                    (0, _) => self.end_sequence(c),
                    _ => {}
                }
            }
            _ => self.state = State::Normal,
        }
    }

    /// Executes ESC [ ... `c`.
    fn end_sequence(&mut self, c: u8) {
        let [par0, par1, ..] = self.par;
        let (x, y) = (self.x.min(self.adapter.columns - 1), self.y);
        // Counts from 1, and a count that was left out is 1.
        let count = par0.max(1);
        match c {
            b'G' | b'`' => self.gotoxy(count - 1, y),
            b'A' => self.gotoxy(x, y.saturating_sub(count)),
            b'B' | b'e' => self.gotoxy(x, y + count),
            b'C' | b'a' => self.gotoxy(x + count, y),
            b'D' => self.gotoxy(x.saturating_sub(count), y),
            b'E' => self.gotoxy(0, y + count),
            b'F' => self.gotoxy(0, y.saturating_sub(count)),
            b'd' => self.gotoxy(x, count - 1),
            b'H' | b'f' => self.gotoxy(par1.saturating_sub(1), count - 1),
            b'J' => self.csi_J(par0),
            b'K' => self.csi_K(par0),
            b'L' => self.csi_L(par0),
            b'M' => self.csi_M(par0),
            b'P' => self.csi_P(par0),
            b'X' => self.csi_X(par0),
            b'@' => self.csi_at(par0),
            b'g' if par0 == 0 => self.set_tab(x, false),
            b'g' if par0 == 3 => self.tabs = [0; TAB_COLUMNS / 32],
            b'm' => self.csi_m(),
            b'r' => self.csi_r(par0, par1),
            b's' => self.save_cur(),
            b'u' => self.restore_cur(),
            b'c' => self.respond(RESPONSE),
            b'n' if par0 == 5 => self.respond(b"\x1b[0n"),
            b'n' if par0 == 6 => self.respond_position(),
            _ => {}
        }
    }

    /// The character after ESC ]: P and seven digits for a colour of the
    /// palette, R to reset that, or a number and a text; all of them ignored.
    fn put_system(&mut self, c: u8) {
        self.state = match c {
            b'P' => State::Skip(7),
            b'0'..=b'9' => State::Title,
            _ => State::Normal,
        };
    }

    /// Takes one character of output.
    pub fn put(&mut self, c: u8) {
        match self.state {
            State::Normal => self.put_text(c),
            State::Title if c == 7 => self.state = State::Normal,
            State::Title if c != 27 => {}
            _ if c < 32 => self.control(c),
            State::Title => {}
            State::Escape => self.put_escape(c),
            State::Set(set) => {
                self.charset.graphics[set as usize] = c == b'0';
                self.state = State::Normal;
            }
            State::System => self.put_system(c),
            State::Skip(left) if left > 1 => self.state = State::Skip(left - 1),
            State::Skip(_) => self.state = State::Normal,
            State::Bracket => self.put_bracket(c),
            State::Parameters => self.put_parameter(c),
        }
    }

    /// Prints a kernel message, whatever escape sequence a program is in the
    /// middle of.
    pub fn print(&mut self, text: &[u8]) {
        let state = core::mem::replace(&mut self.state, State::Normal);
        let look = core::mem::replace(&mut self.look, Look::NORMAL);
        let charset = core::mem::replace(&mut self.charset, Charset::NORMAL);
        let inserting = core::mem::replace(&mut self.inserting, false);
        for &c in text {
            if c == b'\n' {
                self.put_text(b'\r');
            }
            self.put_text(c);
        }
        (self.look, self.charset) = (look, charset);
        (self.state, self.inserting) = (state, inserting);
        self.set_cursor();
    }
}
