//! A terminal's queues and state (0.11 `include/linux/tty.h`).

use crate::kernel::chr_drv::console::con_write;
use crate::kernel::chr_drv::serial::rs_write;
use crate::kernel::chr_drv::termios::*;
use crate::kernel::types::Pid;

/// Bytes of a queue: a power of two, one more than it can hold.
pub const TTY_BUF_SIZE: usize = 1024;
const MASK: usize = TTY_BUF_SIZE - 1;
/// The same of the queue that a serial line's interrupts send from.
pub const SEND_SIZE: usize = 256;

/// A ring of characters that holds `N - 1`; `N` is a power of two.
pub struct Ring<const N: usize> {
    head: usize,
    tail: usize,
    buf: [u8; N],
}

impl<const N: usize> Ring<N> {
    /// An empty ring.
    pub const fn new() -> Self {
        assert!(N.is_power_of_two());
        Ring {
            head: 0,
            tail: 0,
            buf: [0; N],
        }
    }

    /// Is nothing in it (0.11 `EMPTY`)?
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Is there no room for another (0.11 `FULL`)?
    pub fn is_full(&self) -> bool {
        self.left() == 0
    }

    /// How many characters it holds (0.11 `CHARS`).
    pub fn chars(&self) -> usize {
        self.head.wrapping_sub(self.tail) & (N - 1)
    }

    /// For how many more it has room (0.11 `LEFT`).
    pub fn left(&self) -> usize {
        N - 1 - self.chars()
    }

    /// Takes the oldest character (0.11 `GETCH`).
    pub fn get(&mut self) -> Option<u8> {
        if self.is_empty() {
            return None;
        }
        let c = self.buf[self.tail & (N - 1)];
        self.tail = (self.tail + 1) & (N - 1);
        Some(c)
    }

    /// Appends a character, or drops it where there is no room (0.11 `PUTCH`,
    /// which overruns).
    pub fn put(&mut self, c: u8) {
        if !self.is_full() {
            self.buf[self.head & (N - 1)] = c;
            self.head = (self.head + 1) & (N - 1);
        }
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        self.tail = self.head;
    }
}

/// What programs read: a ring of characters, some of them marked as the end of
/// a line; a NUL with the mark is an end of file.
pub struct TtyQueue {
    head: usize,
    tail: usize,
    /// How many marked characters there are (0.11 `data`).
    lines: usize,
    /// How many characters the unfinished line has, the newest ones.
    unfinished: usize,
    buf: [u8; TTY_BUF_SIZE],
    marks: [u32; TTY_BUF_SIZE / 32],
}

impl TtyQueue {
    /// An empty queue.
    pub const fn new() -> Self {
        TtyQueue {
            head: 0,
            tail: 0,
            lines: 0,
            unfinished: 0,
            buf: [0; TTY_BUF_SIZE],
            marks: [0; TTY_BUF_SIZE / 32],
        }
    }

    /// Is nothing in it (0.11 `EMPTY`)?
    pub fn is_empty(&self) -> bool {
        self.head == self.tail
    }

    /// Is there no room for another (0.11 `FULL`)?
    pub fn is_full(&self) -> bool {
        self.left() == 0
    }

    /// How many characters it holds (0.11 `CHARS`).
    pub fn chars(&self) -> usize {
        self.head.wrapping_sub(self.tail) & MASK
    }

    /// For how many more it has room (0.11 `LEFT`).
    pub fn left(&self) -> usize {
        MASK - self.chars()
    }

    /// How many complete lines it holds.
    pub fn lines(&self) -> usize {
        self.lines
    }

    /// Takes the oldest character; `true` if it ends a line.
    pub fn get_marked(&mut self) -> Option<(u8, bool)> {
        if self.is_empty() {
            return None;
        }
        let (c, marked) = (self.buf[self.tail], self.is_marked(self.tail));
        self.tail = (self.tail + 1) & MASK;
        self.lines -= marked as usize;
        self.unfinished = self.unfinished.min(self.chars());
        Some((c, marked))
    }

    /// Takes the oldest character if it is an end of file.
    pub fn skip_end_of_file(&mut self) {
        if !self.is_empty() && self.is_marked(self.tail) && self.buf[self.tail] == 0 {
            self.get_marked();
        }
    }

    /// Appends a character, which ends a line if `mark` is set, or drops it
    /// where there is no room.
    pub fn put_marked(&mut self, c: u8, mark: bool) {
        if self.is_full() {
            return;
        }
        self.buf[self.head] = c;
        let (word, bit) = (&mut self.marks[self.head / 32], 1 << (self.head % 32));
        *word = if mark { *word | bit } else { *word & !bit };
        self.head = (self.head + 1) & MASK;
        self.lines += mark as usize;
        self.unfinished = if mark { 0 } else { self.unfinished + 1 };
    }

    /// The newest character that belongs to the unfinished line (0.11 `LAST`).
    pub fn last_of_line(&self) -> Option<u8> {
        let last = self.head.wrapping_sub(1) & MASK;
        (self.unfinished > 0).then(|| self.buf[last])
    }

    /// Takes back what [`Self::last_of_line`] showed.
    pub fn unput(&mut self) {
        if self.unfinished > 0 {
            self.head = self.head.wrapping_sub(1) & MASK;
            self.unfinished -= 1;
        }
    }

    /// The characters of the unfinished line, oldest first.
    pub fn unfinished_line(&self) -> impl Iterator<Item = u8> {
        (1..=self.unfinished)
            .rev()
            .map(|back| self.buf[self.head.wrapping_sub(back) & MASK])
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        self.tail = self.head;
        self.lines = 0;
        self.unfinished = 0;
    }

    /// Forgets where lines end: what is there is read as it is.
    pub fn clear_marks(&mut self) {
        self.marks = [0; TTY_BUF_SIZE / 32];
        self.lines = 0;
        self.unfinished = self.chars();
    }

    fn is_marked(&self, index: usize) -> bool {
        self.marks[index / 32] & 1 << (index % 32) != 0
    }
}

/// What interrupt handlers touch of a terminal.
pub struct Raw {
    /// As typed or received.
    pub read_q: Ring<TTY_BUF_SIZE>,
    /// What a serial line's interrupts send.
    pub send_q: Ring<SEND_SIZE>,
    /// A flow control character to be sent before all else, or 0.
    pub urgent: u8,
    /// Does a serial line's chip keep its input, because `read_q` is full?
    pub throttled: bool,
    /// Has the other side been asked to stop sending (IXOFF)?
    pub asked_to_stop: bool,
    /// Has the carrier gone?
    pub carrier_lost: bool,
    /// Is input taken at all (CREAD)?
    pub receives: bool,
    /// What is received for a break: an interrupt character, a NUL, or nothing.
    pub on_break: Option<u8>,
}

impl Raw {
    /// Nothing typed, nothing to be sent: all zero bytes.
    pub const fn new() -> Self {
        Raw {
            read_q: Ring::new(),
            send_q: Ring::new(),
            urgent: 0,
            throttled: false,
            asked_to_stop: false,
            carrier_lost: false,
            receives: false,
            on_break: None,
        }
    }
}

/// A terminal (0.11 `struct tty_struct`).
pub struct Tty {
    pub termios: Termios,
    /// Its window, as `TIOCSWINSZ` set it; zero where nobody did.
    pub winsize: WinSize,
    /// The process group in the foreground, 0 if there is none.
    pub pgrp: Pid,
    /// The session that it controls, 0 if there is none.
    pub session: Pid,
    /// Its index in `TTY_TABLE`: the minor device number.
    pub nr: usize,
    /// The serial port; 0 for a console (0.11 `read_q.data`).
    pub port: u16,
    /// To be shown or sent.
    pub write_q: Ring<TTY_BUF_SIZE>,
    /// After erase, kill and the like: what programs read.
    pub secondary: TtyQueue,
    /// Column of the output, for tabs and ONOCR.
    pub column: u32,
    /// Column at which the line that is being typed began.
    pub line_column: u32,
    /// Is the next character to be taken as it is (^V)?
    pub literal_next: bool,
    /// May only the superuser open it (`TIOCEXCL`)?
    pub exclusive: bool,
    /// Has the line been hung up since it was opened last?
    pub hung_up: bool,
}

impl Tty {
    /// A terminal before [`Tty::init`]: all zero bytes.
    pub const fn new() -> Self {
        Tty {
            termios: Termios::ZERO,
            winsize: WinSize {
                ws_row: 0,
                ws_col: 0,
                ws_xpixel: 0,
                ws_ypixel: 0,
            },
            pgrp: Pid(0),
            session: Pid(0),
            nr: 0,
            port: 0,
            write_q: Ring::new(),
            secondary: TtyQueue::new(),
            column: 0,
            line_column: 0,
            literal_next: false,
            exclusive: false,
            hung_up: false,
        }
    }

    /// Gives it 0.11's settings for the screen; its serial lines start without
    /// echo and line editing, of no use to who logs in there.
    pub fn init(&mut self, nr: usize, port: u16) {
        self.nr = nr;
        self.port = port;
        self.termios = Termios {
            c_iflag: ICRNL,
            c_oflag: OPOST | ONLCR,
            c_cflag: B9600 | CS8 | CREAD | HUPCL | CLOCAL,
            c_lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
            c_line: 0,
            c_cc: INIT_C_CC,
            padding: [0; 2],
        };
    }

    /// Sends off what is in `write_q` (0.11 `tty->write`).
    pub fn write(&mut self) {
        if self.port == 0 {
            con_write(self);
        } else {
            rs_write(self);
        }
    }

    /// Is any of these bits set in `c_lflag`?
    #[inline(always)]
    pub fn l_flag(&self, flags: u32) -> bool {
        self.termios.c_lflag & flags != 0
    }

    /// Is any of these bits set in `c_iflag`?
    #[inline(always)]
    pub fn i_flag(&self, flags: u32) -> bool {
        self.termios.c_iflag & flags != 0
    }

    /// Do ^S and ^Q stop and start the output? As in 0.11 always with ICANON, and
    /// IXON is off at first: editors of the time leave `c_iflag` alone and want to
    /// read ^S once they have cleared ICANON. IXON holds without ICANON too.
    pub fn has_flow_control(&self) -> bool {
        self.i_flag(IXON) || self.l_flag(ICANON)
    }

    /// Is any of these bits set in `c_oflag`?
    #[inline(always)]
    pub fn o_flag(&self, flags: u32) -> bool {
        self.termios.c_oflag & flags != 0
    }

    /// Is `c` the control character with this index?
    #[inline(always)]
    pub fn is_cc(&self, index: usize, c: u8) -> bool {
        c != 0 && self.termios.c_cc[index] == c
    }
}
