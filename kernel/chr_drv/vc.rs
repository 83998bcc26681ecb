//! One console: a terminal much like a VT100, with the sequences that
//! `TERM=linux` knows (the larger part of 0.11's `kernel/chr_drv/console.c`).
//!
//! Cells are counted, not addressed: `origin` is the first one on the screen,
//! `pos` the one under the cursor. Each console has a part of the adapter's
//! memory, and draws there whether it is shown or not. On EGA and VGA scrolling
//! moves `origin` through that part and copies only when it reaches the end.
#![expect(non_snake_case, reason = "csi_J and its kin keep 0.11's names")]

#[path = "vc_escape.rs"]
mod escape;

use crate::arch::io::outb_p;
use crate::kernel::chr_drv::look::Look;
use crate::kernel::chr_drv::video::{self, VideoMemory};

/// Most parameters of an escape sequence.
const NPAR: usize = 16;
/// Largest value of such a parameter.
const PARAMETER_MAX: u32 = 9999;
/// What the terminal answers to ESC Z and CSI c: "a VT100 with options".
const RESPONSE: &[u8] = b"\x1b[?1;2c";
/// Most columns for which there are tab stops; one every eight to begin with.
const TAB_COLUMNS: usize = 160;
const TABS: [u32; TAB_COLUMNS / 32] = [0x0101_0101; TAB_COLUMNS / 32];
/// What the VT100's graphic characters, from `_` up to `~`, look like in the
/// adapter's set: rhombus, shades, corners, lines, and some of their kin.
const GRAPHICS: &[u8; 32] =
    b" \x04\xb1    \xf8\xf1  \xd9\xbf\xda\xc0\xc5\xc4\xc4\xc4\xc4\xc4\xc3\xb4\xc1\xc2\xb3\xf3\xf2\xe3\xd8\x9c\xfa";

/// The adapters that 0.11 tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum VideoType {
    /// Monochrome text display.
    Mda,
    /// Colour graphics adapter.
    Cga,
    /// EGA or VGA in monochrome mode.
    EgaMono,
    /// EGA or VGA in colour mode.
    EgaColour,
}

/// The display adapter.
#[derive(Clone, Copy)]
pub struct Adapter {
    pub video_type: VideoType,
    pub columns: u32,
    pub lines: u32,
    pub memory: VideoMemory,
    /// The display controller's index register; the next port is its data.
    pub port: u16,
}

impl Adapter {
    /// What nearly every PC has, until `find_screen` looks.
    pub const USUAL: Adapter = Adapter {
        video_type: VideoType::EgaColour,
        columns: 80,
        lines: 25,
        memory: VideoMemory::colour(32),
        port: 0x3d4,
    };

    /// Sets a pair of the display controller's registers, high byte first.
    fn set_register_pair(&self, index: u8, value: u32) {
        outb_p(index, self.port);
        outb_p((value >> 8) as u8, self.port + 1);
        outb_p(index + 1, self.port);
        outb_p(value as u8, self.port + 1);
    }

    /// Is it a colour adapter?
    fn in_colour(&self) -> bool {
        matches!(self.video_type, VideoType::Cga | VideoType::EgaColour)
    }

    /// Can it show any part of its memory?
    fn scrolls(&self) -> bool {
        matches!(self.video_type, VideoType::EgaMono | VideoType::EgaColour)
    }
}

/// Where in an escape sequence the output is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Normal,
    /// After ESC.
    Escape,
    /// After ESC [.
    Bracket,
    /// In the parameters.
    Parameters,
    /// After ESC ( or ESC ), which choose character set 0 and 1.
    Set(u8),
    /// After ESC ].
    System,
    /// In a text for the system, a window's title for one, up to a BEL.
    Title,
    /// So many characters belong to a sequence that is ignored.
    Skip(u8),
}

/// Which characters are shown. Not in 0.11, which has the adapter's own only.
#[derive(Clone, Copy)]
struct Charset {
    /// Is set 0 the VT100's graphics, is set 1 (ESC ( 0, ESC ) 0)?
    graphics: [bool; 2],
    /// The set in use: 0, or after ^N 1.
    current: usize,
    /// The adapter's own set, with what stands in place of control characters
    /// (CSI 11 m).
    direct: bool,
}

impl Charset {
    const NORMAL: Charset = Charset {
        graphics: [false, true],
        current: 0,
        direct: false,
    };

    /// The adapter's character for `c`.
    fn translate(self, c: u8) -> u8 {
        match c {
            b'_'..=b'~' if !self.direct && self.graphics[self.current] => {
                GRAPHICS[(c - b'_') as usize]
            }
            _ => c,
        }
    }
}

/// Most bytes of answers to what one write asks for.
const REPLY_MAX: usize = 40;

/// Short answers to a program's queries.
pub struct Reply {
    pub bytes: [u8; REPLY_MAX],
    pub len: usize,
}

/// A console.
pub struct Console {
    adapter: Adapter,
    /// Its part of the video memory.
    start: u32,
    end: u32,
    /// First cell on the screen.
    origin: u32,
    /// Is it the one that is shown?
    visible: bool,
    /// Cursor. `x` may equal the number of columns: the next character wraps.
    x: u32,
    y: u32,
    /// The lines that scroll: from `top` up to `bottom`, exclusive.
    top: u32,
    bottom: u32,
    state: State,
    npar: usize,
    par: [u32; NPAR],
    /// What followed ESC [ to make a sequence of another kind, or 0.
    private: u8,
    look: Look,
    charset: Charset,
    saved: (u32, u32, Look, Charset),
    tabs: [u32; TAB_COLUMNS / 32],
    /// Do characters push the rest of the line to the right?
    inserting: bool,
    /// Does text go on in the next line?
    wrapping: bool,
    cursor_shown: bool,
    /// Answers that a program has asked for, to be put into the input.
    pub reply: Reply,
}

impl Console {
    /// A console of the usual adapter, with the part of its memory from `start`
    /// up to `end`.
    pub const fn new(start: u32, end: u32) -> Self {
        Console {
            adapter: Adapter::USUAL,
            start,
            end,
            origin: start,
            visible: start == 0,
            x: 0,
            y: 0,
            top: 0,
            bottom: Adapter::USUAL.lines,
            state: State::Normal,
            npar: 0,
            par: [0; NPAR],
            private: 0,
            look: Look::NORMAL,
            charset: Charset::NORMAL,
            saved: (0, 0, Look::NORMAL, Charset::NORMAL),
            tabs: TABS,
            inserting: false,
            wrapping: true,
            cursor_shown: true,
            reply: Reply {
                bytes: [0; REPLY_MAX],
                len: 0,
            },
        }
    }

    /// Gives it its part of the adapter's memory.
    pub fn set_adapter(&mut self, adapter: Adapter, start: u32, end: u32) {
        self.adapter = adapter;
        (self.start, self.end, self.origin) = (start, end, start);
        self.bottom = adapter.lines;
    }

    /// Goes on where the boot loader's cursor is, unless something has been
    /// printed already.
    pub fn begin_at(&mut self, x: u32, y: u32) {
        if (self.x, self.y) == (0, 0) {
            self.gotoxy(x, y);
        }
    }

    /// Writes `text` into the upper right corner.
    pub fn label(&self, text: &[u8]) {
        let first = self.origin + self.adapter.columns - text.len() as u32;
        for (cell, &c) in (first..).zip(text) {
            let cell_value = Look::NORMAL.blank() & 0xff00 | c as u16;
            self.adapter.memory.write(cell, cell_value);
        }
    }

    /// Shows it, or lets another one be shown.
    pub fn set_visible(&mut self, visible: bool) {
        self.visible = visible;
        if visible {
            self.set_origin();
            self.set_cursor();
        }
    }

    /// The cell under the cursor.
    fn pos(&self) -> u32 {
        self.origin + self.y * self.adapter.columns + self.x
    }

    /// The first cell of line `y` on the screen.
    fn line(&self, y: u32) -> u32 {
        self.origin + y * self.adapter.columns
    }

    /// The first cell after the screen.
    fn scr_end(&self) -> u32 {
        self.line(self.adapter.lines)
    }

    /// What a cell is erased with: a space on the background that is set.
    fn video_erase_char(&self) -> u16 {
        self.look.blank()
    }

    /// Moves the cursor; what lies outside the screen is cut to its edge
    /// (0.11 `gotoxy`).
    fn gotoxy(&mut self, new_x: u32, new_y: u32) {
        self.x = new_x.min(self.adapter.columns - 1);
        self.y = new_y.min(self.adapter.lines - 1);
    }

    /// 0.11 `set_origin`.
    fn set_origin(&self) {
        if self.visible {
            self.adapter.set_register_pair(12, self.origin);
            video::ORIGIN.set(self.origin);
        }
    }

    /// Scrolls the lines from `top` to `bottom` up by one (0.11 `scrup`).
    fn scrup(&mut self) {
        let columns = self.adapter.columns;
        let erase = self.video_erase_char();
        let all = self.top == 0 && self.bottom == self.adapter.lines;
        if all && self.adapter.scrolls() {
            if self.scr_end() + columns > self.end {
                let count = (self.adapter.lines - 1) * columns;
                self.adapter.memory.copy(self.line(1), self.start, count);
                self.origin = self.start;
            } else {
                self.origin += columns;
            }
            self.adapter
                .memory
                .fill(self.scr_end() - columns, columns, erase);
            self.set_origin();
        } else {
            let count = (self.bottom - self.top - 1) * columns;
            self.adapter
                .memory
                .copy(self.line(self.top + 1), self.line(self.top), count);
            self.adapter
                .memory
                .fill(self.line(self.bottom - 1), columns, erase);
        }
    }

    /// Scrolls the lines from `top` to `bottom` down by one (0.11
    /// `scrdown`).
    fn scrdown(&mut self) {
        let columns = self.adapter.columns;
        let count = (self.bottom - self.top - 1) * columns;
        self.adapter
            .memory
            .copy(self.line(self.top), self.line(self.top + 1), count);
        self.adapter
            .memory
            .fill(self.line(self.top), columns, self.video_erase_char());
    }

    /// Line feed (0.11 `lf`): down by one, scrolling at the end of the
    /// region.
    fn lf(&mut self) {
        if self.y + 1 == self.bottom {
            self.scrup();
        } else if self.y + 1 < self.adapter.lines {
            self.y += 1;
        }
    }

    /// Reverse line feed (0.11 `ri`).
    fn ri(&mut self) {
        if self.y == self.top {
            self.scrdown();
        } else if self.y > 0 {
            self.y -= 1;
        }
    }

    /// 0.11 `cr`.
    fn cr(&mut self) {
        self.x = 0;
    }

    /// Erases the character before the cursor (0.11 `del`).
    fn del(&mut self) {
        if self.x > 0 {
            self.x -= 1;
            self.adapter
                .memory
                .write(self.pos(), self.video_erase_char());
        }
    }

    /// Erases on the screen (0.11 `csi_J`): 0 from the cursor, 1 up to the
    /// cursor, 2 all.
    fn csi_J(&self, par: u32) {
        let (start, end) = match par {
            0 => (self.pos(), self.scr_end()),
            1 => (self.origin, self.pos() + 1),
            2 => (self.origin, self.scr_end()),
            _ => return,
        };
        self.adapter
            .memory
            .fill(start, end.saturating_sub(start), self.video_erase_char());
    }

    /// Erases in the line (0.11 `csi_K`): 0 from the cursor, 1 up to the
    /// cursor, 2 all.
    fn csi_K(&self, par: u32) {
        let columns = self.adapter.columns;
        let (start, end) = match par {
            0 => (self.x, columns),
            1 => (0, (self.x + 1).min(columns)),
            2 => (0, columns),
            _ => return,
        };
        let count = end.saturating_sub(start);
        self.adapter
            .memory
            .fill(self.line(self.y) + start, count, self.video_erase_char());
    }

    /// Sets how characters look (0.11 `csi_m`).
    fn csi_m(&mut self) {
        for index in 0..=self.npar {
            match self.par[index] {
                0 | 10 => self.charset.direct = false,
                11 | 12 => self.charset.direct = true,
                _ => {}
            }
            self.look.set(self.par[index], self.adapter.in_colour());
        }
    }

    /// Puts the blinking cursor where the next character goes (0.11
    /// `set_cursor`), or below the screen if it is hidden. Its shape, which has a
    /// bit for that, can be read back from a VGA only: it is left alone.
    pub fn set_cursor(&self) {
        if !self.visible {
            return;
        }
        let pos = if self.cursor_shown {
            // Behind the last column the cursor stays on it.
            self.line(self.y) + self.x.min(self.adapter.columns - 1)
        } else {
            self.scr_end()
        };
        self.adapter.set_register_pair(14, pos);
    }

    /// Answers a query (0.11 `respond`). The bytes reach the terminal's
    /// input when `con_write` has let go of the screen, since they are
    /// echoed.
    fn respond(&mut self, answer: &[u8]) {
        let reply = &mut self.reply;
        if let Some(room) = reply.bytes.get_mut(reply.len..reply.len + answer.len()) {
            room.copy_from_slice(answer);
            reply.len += answer.len();
        }
    }

    /// Answers with the cursor's place (CSI 6 n). Not in 0.11.
    fn respond_position(&mut self) {
        let mut answer = *b"\x1b[000;000R";
        put_decimal(&mut answer[2..5], self.y + 1);
        put_decimal(&mut answer[6..9], self.x.min(self.adapter.columns - 1) + 1);
        self.respond(&answer);
    }

    /// Shifts the rest of the line right by one (0.11 `insert_char`).
    fn insert_char(&self) {
        if self.x < self.adapter.columns {
            let pos = self.pos();
            self.adapter
                .memory
                .copy(pos, pos + 1, self.adapter.columns - self.x - 1);
            self.adapter.memory.write(pos, self.video_erase_char());
        }
    }

    /// Shifts the lines from the cursor's to the end of the region down
    /// (0.11 `insert_line`).
    fn insert_line(&mut self) {
        self.in_rest_of_region(Self::scrdown);
    }

    /// Shifts the rest of the line left by one (0.11 `delete_char`).
    fn delete_char(&self) {
        if self.x < self.adapter.columns {
            let pos = self.pos();
            self.adapter
                .memory
                .copy(pos + 1, pos, self.adapter.columns - self.x - 1);
            self.adapter
                .memory
                .write(self.line(self.y + 1) - 1, self.video_erase_char());
        }
    }

    /// Shifts the lines below the cursor's, to the end of the region, up
    /// (0.11 `delete_line`).
    fn delete_line(&mut self) {
        self.in_rest_of_region(|console| {
            // Part of the screen: never by moving the origin.
            let columns = console.adapter.columns;
            let count = (console.bottom - console.top - 1) * columns;
            let (to, from) = (console.line(console.top), console.line(console.top + 1));
            console.adapter.memory.copy(from, to, count);
            let erase = console.video_erase_char();
            console
                .adapter
                .memory
                .fill(console.line(console.bottom - 1), columns, erase);
        });
    }

    /// Runs `scroll` with the region cut to begin at the cursor's line; does
    /// nothing if the cursor is outside. 0.11 scrolls down to the last line of
    /// the screen, beyond the region.
    fn in_rest_of_region(&mut self, scroll: impl FnOnce(&mut Self)) {
        if (self.top..self.bottom).contains(&self.y) {
            let top = core::mem::replace(&mut self.top, self.y);
            scroll(self);
            self.top = top;
        }
    }

    /// Inserts `nr` characters (0.11 `csi_at`).
    fn csi_at(&self, nr: u32) {
        for _ in 0..nr.clamp(1, self.adapter.columns) {
            self.insert_char();
        }
    }

    /// Erases `nr` characters from the cursor on. Not in 0.11.
    fn csi_X(&self, nr: u32) {
        let rest = self.adapter.columns.saturating_sub(self.x);
        let count = nr.max(1).min(rest);
        self.adapter
            .memory
            .fill(self.pos(), count, self.video_erase_char());
    }

    /// Sets or clears a mode (CSI h, CSI l). Not in 0.11.
    fn set_mode(&mut self, on: bool) {
        for index in 0..=self.npar {
            match (self.private, self.par[index]) {
                (0, 4) => self.inserting = on,
                (b'?', 7) => self.wrapping = on,
                (b'?', 25) => self.cursor_shown = on,
                _ => {}
            }
        }
    }

    /// Sets or clears the tab stop at column `x`.
    fn set_tab(&mut self, x: u32, on: bool) {
        if let Some(word) = self.tabs.get_mut(x as usize / 32) {
            let bit = 1 << (x % 32);
            *word = if on { *word | bit } else { *word & !bit };
        }
    }

    /// Moves to the next tab stop, or the last column.
    fn tab(&mut self) {
        while self.x + 1 < self.adapter.columns {
            self.x += 1;
            let word = self.tabs.get(self.x as usize / 32).copied().unwrap_or(0);
            if word & 1 << (self.x % 32) != 0 {
                break;
            }
        }
    }

    /// Inserts `nr` lines (0.11 `csi_L`).
    fn csi_L(&mut self, nr: u32) {
        for _ in 0..nr.clamp(1, self.adapter.lines) {
            self.insert_line();
        }
    }

    /// Deletes `nr` characters (0.11 `csi_P`).
    fn csi_P(&self, nr: u32) {
        for _ in 0..nr.clamp(1, self.adapter.columns) {
            self.delete_char();
        }
    }

    /// Deletes `nr` lines (0.11 `csi_M`).
    fn csi_M(&mut self, nr: u32) {
        for _ in 0..nr.clamp(1, self.adapter.lines) {
            self.delete_line();
        }
    }

    /// 0.11 `save_cur`.
    fn save_cur(&mut self) {
        self.saved = (self.x, self.y, self.look, self.charset);
    }

    /// 0.11 `restore_cur`.
    fn restore_cur(&mut self) {
        let (x, y, look, charset) = self.saved;
        self.gotoxy(x, y);
        (self.look, self.charset) = (look, charset);
    }

    /// Sets the scroll region to the lines from `first` to `last`, both from 1;
    /// 0 stands for the first and the last line of the screen.
    fn csi_r(&mut self, first: u32, last: u32) {
        let top = first.saturating_sub(1);
        let bottom = if last == 0 { self.adapter.lines } else { last };
        if top < bottom && bottom <= self.adapter.lines {
            self.top = top;
            self.bottom = bottom;
            self.gotoxy(0, top);
        }
    }

    /// Back to the state after start-up, with a clear screen (ESC c). Not in
    /// 0.11.
    pub fn reset(&mut self) {
        self.top = 0;
        self.bottom = self.adapter.lines;
        (self.look, self.charset) = (Look::NORMAL, Charset::NORMAL);
        self.saved = (0, 0, Look::NORMAL, Charset::NORMAL);
        self.tabs = TABS;
        (self.inserting, self.wrapping, self.cursor_shown) = (false, true, true);
        self.gotoxy(0, 0);
        self.csi_J(2);
    }
}

/// Writes `value`, at most 999, in three digits.
fn put_decimal(digits: &mut [u8], mut value: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}
