//! The screen: 0.11's `kernel/chr_drv/console.c`, a terminal much like a VT100.
//!
//! Cells are counted, not addressed: `origin` is the first one on the screen,
//! `pos` the one under the cursor. On EGA and VGA scrolling moves `origin`
//! through the adapter's memory and copies only when it reaches the end.
#![expect(non_snake_case, reason = "csi_J and its kin keep 0.11's names")]

use crate::arch::boot::setup::boot_info;
use crate::arch::desc::{Stub, set_intr_gate};
use crate::arch::io::{inb_p, outb, outb_p};
use crate::arch::irq::without_interrupts;
use crate::kernel::chr_drv::keyboard;
use crate::kernel::chr_drv::look::{ATTR_NORMAL, Look};
use crate::kernel::chr_drv::tty::Tty;
use crate::kernel::chr_drv::tty_io::{TTY_TABLE, copy_to_cooked};
use crate::kernel::chr_drv::video::{self, VideoMemory};
use crate::kernel::sched::{HZ, add_timer};
use crate::kernel::shared::{IrqCell, IrqShared};

/// Most parameters of an escape sequence.
const NPAR: usize = 16;
/// Largest value of such a parameter.
const PARAMETER_MAX: u32 = 9999;
/// What the terminal answers to ESC Z and CSI c: "a VT100 with options".
const RESPONSE: &[u8] = b"\x1b[?1;2c";

/// The adapters that 0.11 tells apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum VideoType {
    /// Monochrome text display.
    Mda,
    /// Colour graphics adapter.
    Cga,
    /// EGA or VGA in monochrome mode.
    EgaMono,
    /// EGA or VGA in colour mode.
    EgaColour,
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
    /// The next character belongs to a sequence that is ignored, such as ESC (.
    Skip,
}

/// The whole state of the screen.
struct Console {
    video_type: VideoType,
    video_num_columns: u32,
    video_num_lines: u32,
    video_mem: VideoMemory,
    /// The display controller's index register; the next port is its data.
    video_port_reg: u16,
    /// First cell on the screen.
    origin: u32,
    /// Cursor. `x` may equal the number of columns: the next character wraps.
    x: u32,
    y: u32,
    /// The lines that scroll: from `top` up to `bottom`, exclusive.
    top: u32,
    bottom: u32,
    state: State,
    npar: usize,
    par: [u32; NPAR],
    /// Did the sequence begin with ESC [ ?
    ques: bool,
    look: Look,
    saved: (u32, u32, Look),
    /// Answers that a program has asked for, to be put into the input.
    reply: Reply,
}

/// Most bytes of answers to what one write asks for.
const REPLY_MAX: usize = 40;

/// Short answers to a program's queries.
struct Reply {
    bytes: [u8; REPLY_MAX],
    len: usize,
}

static CONSOLE: IrqShared<Console> = IrqShared::new(
    "the screen",
    Console {
        video_type: VideoType::EgaColour,
        video_num_columns: 80,
        video_num_lines: 25,
        video_mem: VideoMemory::colour(16),
        video_port_reg: 0x3d4,
        origin: 0,
        x: 0,
        y: 0,
        top: 0,
        bottom: 25,
        state: State::Normal,
        npar: 0,
        par: [0; NPAR],
        ques: false,
        look: Look::NORMAL,
        saved: (0, 0, Look::NORMAL),
        reply: Reply {
            bytes: [0; REPLY_MAX],
            len: 0,
        },
    },
);

impl Console {
    /// The cell under the cursor.
    fn pos(&self) -> u32 {
        self.origin + self.y * self.video_num_columns + self.x
    }

    /// The first cell of line `y` on the screen.
    fn line(&self, y: u32) -> u32 {
        self.origin + y * self.video_num_columns
    }

    /// The first cell after the screen.
    fn scr_end(&self) -> u32 {
        self.line(self.video_num_lines)
    }

    /// What a cell is erased with: a space on the background that is set.
    fn video_erase_char(&self) -> u16 {
        self.look.blank()
    }

    /// Is it a colour adapter?
    fn in_colour(&self) -> bool {
        matches!(self.video_type, VideoType::Cga | VideoType::EgaColour)
    }

    /// Moves the cursor; what lies outside the screen is cut to its edge.
    fn gotoxy(&mut self, new_x: u32, new_y: u32) {
        self.x = new_x.min(self.video_num_columns - 1);
        self.y = new_y.min(self.video_num_lines - 1);
    }

    /// Sets a pair of the display controller's registers, high byte first.
    fn set_register_pair(&self, index: u8, value: u32) {
        outb_p(index, self.video_port_reg);
        outb_p((value >> 8) as u8, self.video_port_reg + 1);
        outb_p(index + 1, self.video_port_reg);
        outb_p(value as u8, self.video_port_reg + 1);
    }

    fn set_origin(&self) {
        self.set_register_pair(12, self.origin);
        video::ORIGIN.set(self.origin);
    }

    /// Scrolls the lines from `top` to `bottom` up by one.
    fn scrup(&mut self) {
        let columns = self.video_num_columns;
        let erase = self.video_erase_char();
        let ega = matches!(self.video_type, VideoType::EgaMono | VideoType::EgaColour);
        if ega && self.top == 0 && self.bottom == self.video_num_lines {
            if self.scr_end() + columns > self.video_mem.len() {
                self.video_mem
                    .copy(self.line(1), 0, (self.video_num_lines - 1) * columns);
                self.origin = 0;
            } else {
                self.origin += columns;
            }
            self.video_mem
                .fill(self.scr_end() - columns, columns, erase);
            self.set_origin();
        } else {
            let count = (self.bottom - self.top - 1) * columns;
            self.video_mem
                .copy(self.line(self.top + 1), self.line(self.top), count);
            self.video_mem
                .fill(self.line(self.bottom - 1), columns, erase);
        }
    }

    /// Scrolls the lines from `top` to `bottom` down by one.
    fn scrdown(&mut self) {
        let columns = self.video_num_columns;
        let count = (self.bottom - self.top - 1) * columns;
        self.video_mem
            .copy(self.line(self.top), self.line(self.top + 1), count);
        self.video_mem
            .fill(self.line(self.top), columns, self.video_erase_char());
    }

    /// Line feed: down by one, scrolling at the end of the region.
    fn lf(&mut self) {
        if self.y + 1 == self.bottom {
            self.scrup();
        } else if self.y + 1 < self.video_num_lines {
            self.y += 1;
        }
    }

    /// Reverse line feed.
    fn ri(&mut self) {
        if self.y == self.top {
            self.scrdown();
        } else if self.y > 0 {
            self.y -= 1;
        }
    }

    fn cr(&mut self) {
        self.x = 0;
    }

    /// Erases the character before the cursor.
    fn del(&mut self) {
        if self.x > 0 {
            self.x -= 1;
            self.video_mem.write(self.pos(), self.video_erase_char());
        }
    }

    /// Erases on the screen: 0 from the cursor, 1 up to the cursor, 2 all.
    fn csi_J(&self, par: u32) {
        let (start, end) = match par {
            0 => (self.pos(), self.scr_end()),
            1 => (self.origin, self.pos() + 1),
            2 => (self.origin, self.scr_end()),
            _ => return,
        };
        self.video_mem
            .fill(start, end.saturating_sub(start), self.video_erase_char());
    }

    /// Erases in the line: 0 from the cursor, 1 up to the cursor, 2 all.
    fn csi_K(&self, par: u32) {
        let columns = self.video_num_columns;
        let (start, end) = match par {
            0 => (self.x, columns),
            1 => (0, (self.x + 1).min(columns)),
            2 => (0, columns),
            _ => return,
        };
        let count = end.saturating_sub(start);
        self.video_mem
            .fill(self.line(self.y) + start, count, self.video_erase_char());
    }

    /// Sets how characters look.
    fn csi_m(&mut self) {
        for index in 0..=self.npar {
            self.look.set(self.par[index], self.in_colour());
        }
    }

    fn set_cursor(&self) {
        // Behind the last column the cursor stays on it.
        let pos = self.line(self.y) + self.x.min(self.video_num_columns - 1);
        self.set_register_pair(14, pos);
    }

    /// Shows or hides the cursor (bit 5 of its first scan line). Not in 0.11.
    fn show_cursor(&self, show: bool) {
        outb_p(10, self.video_port_reg);
        let start = inb_p(self.video_port_reg + 1);
        outb_p(
            if show { start & !0x20 } else { start | 0x20 },
            self.video_port_reg + 1,
        );
    }

    /// Answers a query. The bytes reach the terminal's input when `con_write`
    /// has let go of the screen, since they are echoed.
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
        put_decimal(
            &mut answer[6..9],
            self.x.min(self.video_num_columns - 1) + 1,
        );
        self.respond(&answer);
    }

    /// Shifts the rest of the line right by one.
    fn insert_char(&self) {
        if self.x < self.video_num_columns {
            let pos = self.pos();
            self.video_mem
                .copy(pos, pos + 1, self.video_num_columns - self.x - 1);
            self.video_mem.write(pos, self.video_erase_char());
        }
    }

    /// Shifts the lines from the cursor's to the end of the region down.
    fn insert_line(&mut self) {
        self.in_rest_of_region(Self::scrdown);
    }

    /// Shifts the rest of the line left by one.
    fn delete_char(&self) {
        if self.x < self.video_num_columns {
            let pos = self.pos();
            self.video_mem
                .copy(pos + 1, pos, self.video_num_columns - self.x - 1);
            self.video_mem
                .write(self.line(self.y + 1) - 1, self.video_erase_char());
        }
    }

    /// Shifts the lines below the cursor's, to the end of the region, up.
    fn delete_line(&mut self) {
        self.in_rest_of_region(|console| {
            // Part of the screen: never by moving the origin.
            let columns = console.video_num_columns;
            let count = (console.bottom - console.top - 1) * columns;
            let (to, from) = (console.line(console.top), console.line(console.top + 1));
            console.video_mem.copy(from, to, count);
            let erase = console.video_erase_char();
            console
                .video_mem
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

    /// Inserts `nr` characters.
    fn csi_at(&self, nr: u32) {
        for _ in 0..nr.clamp(1, self.video_num_columns) {
            self.insert_char();
        }
    }

    /// Inserts `nr` lines.
    fn csi_L(&mut self, nr: u32) {
        for _ in 0..nr.clamp(1, self.video_num_lines) {
            self.insert_line();
        }
    }

    /// Deletes `nr` characters.
    fn csi_P(&self, nr: u32) {
        for _ in 0..nr.clamp(1, self.video_num_columns) {
            self.delete_char();
        }
    }

    /// Deletes `nr` lines.
    fn csi_M(&mut self, nr: u32) {
        for _ in 0..nr.clamp(1, self.video_num_lines) {
            self.delete_line();
        }
    }

    fn save_cur(&mut self) {
        self.saved = (self.x, self.y, self.look);
    }

    fn restore_cur(&mut self) {
        let (x, y, look) = self.saved;
        self.gotoxy(x, y);
        self.look = look;
    }

    /// Sets the scroll region to the lines from `first` to `last`, both from 1;
    /// 0 stands for the first and the last line of the screen.
    fn csi_r(&mut self, first: u32, last: u32) {
        let top = first.saturating_sub(1);
        let bottom = if last == 0 {
            self.video_num_lines
        } else {
            last
        };
        if top < bottom && bottom <= self.video_num_lines {
            self.top = top;
            self.bottom = bottom;
            self.gotoxy(0, top);
        }
    }

    /// Back to the state after start-up, with a clear screen (ESC c). Not in
    /// 0.11.
    fn reset(&mut self) {
        self.top = 0;
        self.bottom = self.video_num_lines;
        self.look = Look::NORMAL;
        self.saved = (0, 0, Look::NORMAL);
        self.gotoxy(0, 0);
        self.csi_J(2);
        self.show_cursor(true);
    }

    /// A character in the text.
    fn put_text(&mut self, c: u8) {
        match c {
            7 => sysbeep(),
            8 => self.x = self.x.min(self.video_num_columns).saturating_sub(1),
            9 => {
                let next = (self.x | 7) + 1;
                self.x = next.min(self.video_num_columns - 1).max(self.x);
            }
            10..=12 => self.lf(),
            13 => self.cr(),
            27 => self.state = State::Escape,
            127 => self.del(),
            32..=126 | 128.. => {
                if self.x >= self.video_num_columns {
                    self.cr();
                    self.lf();
                }
                self.video_mem.write(
                    self.pos(),
                    (self.look.attr(self.in_colour()) as u16) << 8 | c as u16,
                );
                self.x += 1;
            }
            _ => {}
        }
    }

    /// The character after ESC.
    fn put_escape(&mut self, c: u8) {
        self.state = State::Normal;
        match c {
            b'[' => self.state = State::Bracket,
            b'(' | b')' | b'#' | b'%' => self.state = State::Skip,
            b'E' => {
                self.cr();
                self.lf();
            }
            b'M' => self.ri(),
            b'D' => self.lf(),
            b'Z' => self.respond(RESPONSE),
            // 0.11 compares the column with '7' and '8' here.
            b'7' => self.save_cur(),
            b'8' => self.restore_cur(),
            b'c' => self.reset(),
            _ => {}
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
            27 => self.state = State::Escape,
            0x40..=0x7e => {
                self.state = State::Normal;
                if self.ques {
                    self.end_private(c)
                } else {
                    self.end_sequence(c)
                }
            }
            _ => self.state = State::Normal,
        }
    }

    /// Executes ESC [ ? ... `c`. Not in 0.11, which takes them for the others.
    fn end_private(&mut self, c: u8) {
        match (c, self.par[0]) {
            (b'h', 25) => self.show_cursor(true),
            (b'l', 25) => self.show_cursor(false),
            _ => {}
        }
    }

    /// Executes ESC [ ... `c`.
    fn end_sequence(&mut self, c: u8) {
        let [par0, par1, ..] = self.par;
        let (x, y) = (self.x.min(self.video_num_columns - 1), self.y);
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
            b'@' => self.csi_at(par0),
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

    /// Takes one character of output.
    fn put(&mut self, c: u8) {
        match self.state {
            State::Normal => self.put_text(c),
            State::Escape => self.put_escape(c),
            State::Skip => self.state = State::Normal,
            State::Bracket => {
                self.npar = 0;
                self.par = [0; NPAR];
                self.ques = c == b'?';
                self.state = State::Parameters;
                if !self.ques {
                    self.put_parameter(c);
                }
            }
            State::Parameters => self.put_parameter(c),
        }
    }
}

/// Writes `value`, at most 999, in three digits.
fn put_decimal(digits: &mut [u8], mut value: u32) {
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

/// Shows what is in the terminal's write queue.
pub fn con_write(tty: &mut Tty) {
    let mut console = CONSOLE.lock();
    while let Some(c) = tty.next_output() {
        console.put(c);
    }
    console.set_cursor();
    let len = core::mem::take(&mut console.reply.len);
    let bytes = console.reply.bytes;
    drop(console);
    TTY_TABLE[tty.nr].writers.wake_up();
    if len > 0 {
        bytes[..len].iter().for_each(|&c| tty.read_q.put(c));
        copy_to_cooked(tty);
    }
}

unsafe extern "C" {
    /// In `keyboard.S`.
    fn keyboard_interrupt();
}

/// Connects the keyboard and says in the upper right corner which adapter was
/// found.
pub fn con_init() {
    {
        let console = CONSOLE.lock();
        let name: &[u8; 4] = match console.video_type {
            VideoType::EgaMono => b"EGAm",
            VideoType::Mda => b"*MDA",
            VideoType::EgaColour => b"EGAc",
            VideoType::Cga => b"*CGA",
        };
        let first = console.origin + console.video_num_columns - name.len() as u32;
        for (cell, &c) in (first..).zip(name) {
            console
                .video_mem
                .write(cell, (ATTR_NORMAL as u16) << 8 | c as u16);
        }
    }
    if let Some(name) = boot_info().option("keyboard") {
        keyboard::choose_map(name);
    }
    keyboard::empty_controller();
    set_intr_gate(0x21, keyboard_interrupt as Stub);
    outb_p(inb_p(0x21) & 0xfd, 0x21);
    let a = inb_p(0x61);
    outb_p(a | 0x80, 0x61);
    outb(a, 0x61);
}

/// Is the speaker on?
static BEEPING: IrqCell<bool> = IrqCell::new(false);

/// Turns the speaker off: counter 2 is disconnected.
pub fn sysbeepstop() {
    without_interrupts(|| outb(inb_p(0x61) & 0xfc, 0x61));
    BEEPING.set(false);
}

/// 750 Hz for an eighth of a second. A beep during a beep is not heard.
fn sysbeep() {
    if BEEPING.get() {
        return;
    }
    BEEPING.set(true);
    outb_p(inb_p(0x61) | 3, 0x61);
    outb_p(0xb6, 0x43); // counter 2: square wave, two bytes follow
    outb_p(0x37, 0x42);
    outb(0x06, 0x42); // 1193180 Hz / 0x637
    if !add_timer(HZ / 8, sysbeepstop) {
        sysbeepstop();
    }
}

/// Finds out which adapter there is, from a copy of the BIOS data area (0.11
/// asks the BIOS in `boot/setup.s`, and looks at the answers in `con_init`).
/// Goes on where the boot loader's cursor is.
pub fn find_screen(bda: &[u8; 0x100]) {
    let mode = bda[0x49];
    // 0 where there is no EGA BIOS.
    let ega = bda[0x87] != 0;
    let mut console = CONSOLE.lock();
    let console = &mut *console;
    (console.video_type, console.video_mem) = match (mode == 7, ega) {
        (true, true) => (VideoType::EgaMono, VideoMemory::monochrome(32)),
        (true, false) => (VideoType::Mda, VideoMemory::monochrome(4)),
        (false, true) => (VideoType::EgaColour, VideoMemory::colour(16)),
        (false, false) => (VideoType::Cga, VideoMemory::colour(16)),
    };
    console.video_port_reg = if mode == 7 { 0x3b4 } else { 0x3d4 };
    video::IS_MONOCHROME.set(mode == 7);
    let columns = bda[0x4a] as u32;
    console.video_num_columns = if matches!(columns, 40 | 80 | 132) {
        columns
    } else {
        80
    };
    let lines = bda[0x84] as u32 + 1;
    console.video_num_lines = if ega && (25..=60).contains(&lines) {
        lines
    } else {
        25
    };
    console.bottom = console.video_num_lines;
    console.origin = 0;
    // Messages that were printed before lie on the screen already.
    if (console.x, console.y) == (0, 0) {
        console.gotoxy(bda[0x50] as u32, bda[0x51] as u32);
    }
    console.set_origin();
    console.set_cursor();
}

/// Lines and columns of the screen.
pub fn screen_size() -> (u16, u16) {
    let console = CONSOLE.lock();
    (
        console.video_num_lines as u16,
        console.video_num_columns as u16,
    )
}

/// Prints a kernel message, whatever escape sequence a program is in the
/// middle of.
pub fn print(text: &str) {
    let Some(mut console) = CONSOLE.try_lock() else {
        return video::print_over(text);
    };
    let state = core::mem::replace(&mut console.state, State::Normal);
    let look = core::mem::replace(&mut console.look, Look::NORMAL);
    for c in text.bytes() {
        if c == b'\n' {
            console.put_text(b'\r');
        }
        console.put_text(c);
    }
    console.look = look;
    console.state = state;
    console.set_cursor();
}
