//! A terminal's queues and state (0.11 `include/linux/tty.h`).

use crate::kernel::chr_drv::termios::*;
use crate::kernel::types::Pid;

/// Bytes of a queue: a power of two, one more than it can hold.
pub const TTY_BUF_SIZE: usize = 1024;
const MASK: usize = TTY_BUF_SIZE - 1;

/// A ring of characters. In the cooked queue (`secondary`) some are marked as
/// the end of a line; a NUL with the mark is an end of file.
pub struct TtyQueue {
    head: usize,
    tail: usize,
    /// How many marked characters there are (0.11 `data`).
    lines: usize,
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

    /// Takes the oldest character (0.11 `GETCH`).
    pub fn get(&mut self) -> Option<u8> {
        self.get_marked().map(|(c, _)| c)
    }

    /// Takes the oldest character; `true` if it ends a line.
    pub fn get_marked(&mut self) -> Option<(u8, bool)> {
        if self.is_empty() {
            return None;
        }
        let (c, marked) = (self.buf[self.tail], self.is_marked(self.tail));
        self.tail = (self.tail + 1) & MASK;
        self.lines -= marked as usize;
        Some((c, marked))
    }

    /// Takes the oldest character if it is an end of file.
    pub fn skip_end_of_file(&mut self) {
        if !self.is_empty() && self.is_marked(self.tail) && self.buf[self.tail] == 0 {
            self.get();
        }
    }

    /// Appends a character, or drops it where there is no room (0.11 `PUTCH`,
    /// which overruns).
    pub fn put(&mut self, c: u8) {
        self.put_marked(c, false);
    }

    /// Appends a character that ends a line if `mark` is set.
    pub fn put_marked(&mut self, c: u8, mark: bool) {
        if self.is_full() {
            return;
        }
        self.buf[self.head] = c;
        let (word, bit) = (&mut self.marks[self.head / 32], 1 << (self.head % 32));
        *word = if mark { *word | bit } else { *word & !bit };
        self.head = (self.head + 1) & MASK;
        self.lines += mark as usize;
    }

    /// The newest character that belongs to the unfinished line (0.11 `LAST`).
    pub fn last_of_line(&self) -> Option<u8> {
        let last = self.head.wrapping_sub(1) & MASK;
        (!self.is_empty() && !self.is_marked(last)).then(|| self.buf[last])
    }

    /// Takes back what [`Self::last_of_line`] showed.
    pub fn unput(&mut self) {
        if self.last_of_line().is_some() {
            self.head = self.head.wrapping_sub(1) & MASK;
        }
    }

    /// The characters of the unfinished line, oldest first.
    pub fn unfinished_line(&self) -> impl Iterator<Item = u8> {
        let (head, chars) = (self.head, self.chars());
        let len = (1..=chars)
            .position(|back| self.is_marked(head.wrapping_sub(back) & MASK))
            .unwrap_or(chars);
        (1..=len)
            .rev()
            .map(move |back| self.buf[head.wrapping_sub(back) & MASK])
    }

    /// Throws everything away.
    pub fn clear(&mut self) {
        self.tail = self.head;
        self.lines = 0;
    }

    /// Forgets where lines end: what is there is read as it is.
    pub fn clear_marks(&mut self) {
        self.marks = [0; TTY_BUF_SIZE / 32];
        self.lines = 0;
    }

    fn is_marked(&self, index: usize) -> bool {
        self.marks[index / 32] & 1 << (index % 32) != 0
    }
}

impl Default for TtyQueue {
    fn default() -> Self {
        Self::new()
    }
}

/// A terminal (0.11 `struct tty_struct`).
pub struct Tty {
    pub termios: Termios,
    /// Its window, as `TIOCSWINSZ` set it; zero where nobody did.
    pub winsize: WinSize,
    /// The process group in the foreground, 0 if there is none.
    pub pgrp: Pid,
    /// Has ^S stopped the output?
    pub stopped: bool,
    /// Sends off what is in `write_q`.
    pub write: fn(&mut Tty),
    /// Its index in `TTY_TABLE`: the minor device number.
    pub nr: usize,
    /// The serial port; 0 for the screen (0.11 `read_q.data`).
    pub port: u16,
    /// As typed; filled by interrupt handlers.
    pub read_q: TtyQueue,
    /// To be shown or sent.
    pub write_q: TtyQueue,
    /// After erase, kill and the like: what programs read.
    pub secondary: TtyQueue,
    /// Column of the output, for tabs and ONOCR.
    pub column: u32,
    /// Column at which the line that is being typed began.
    pub line_column: u32,
    /// Is the next character to be taken as it is (^V)?
    pub literal_next: bool,
    /// Does a serial line's chip keep its input, because `read_q` is full?
    pub throttled: bool,
}

impl Tty {
    /// A terminal with 0.11's settings for the screen; its serial lines start
    /// without echo and line editing, of no use to who logs in there.
    pub const fn new(nr: usize, port: u16, write: fn(&mut Tty)) -> Self {
        Tty {
            termios: Termios {
                c_iflag: ICRNL,
                c_oflag: OPOST | ONLCR,
                c_cflag: B9600 | CS8 | CREAD | CLOCAL,
                c_lflag: ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
                c_line: 0,
                c_cc: INIT_C_CC,
                padding: [0; 2],
            },
            winsize: WinSize {
                ws_row: 0,
                ws_col: 0,
                ws_xpixel: 0,
                ws_ypixel: 0,
            },
            pgrp: Pid(0),
            stopped: false,
            write,
            nr,
            port,
            read_q: TtyQueue::new(),
            write_q: TtyQueue::new(),
            secondary: TtyQueue::new(),
            column: 0,
            line_column: 0,
            literal_next: false,
            throttled: false,
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

    /// The next character to send, unless the output is stopped.
    #[inline(always)]
    pub fn next_output(&mut self) -> Option<u8> {
        if self.stopped {
            None
        } else {
            self.write_q.get()
        }
    }
}
