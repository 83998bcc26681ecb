//! Terminals: what turns typed characters into lines, signals and echo, and
//! written ones into what the screen or a serial line gets
//! (0.11 `kernel/chr_drv/tty_io.c`).
//!
//! Interrupt handlers put characters into `read_q`; `copy_to_cooked` moves them
//! to `secondary`, edits and echoes, still in the interrupt. Programs sleep in
//! `readers` for `secondary`, in `writers` for room in `write_q`.

use crate::arch::segment::UserSlice;
use crate::kernel::chr_drv::console::{con_init, con_write};
use crate::kernel::chr_drv::serial::{PORTS, WAKEUP_CHARS, rs_init, rs_write};
use crate::kernel::chr_drv::termios::*;
use crate::kernel::chr_drv::tty::Tty;
use crate::kernel::errno::{EAGAIN, EIO, ENXIO, ERESTARTSYS, Errno, SysResult};
use crate::kernel::exit::{is_orphaned_pgrp, kill_pg};
use crate::kernel::sched::{HZ, add_timer, jiffies, schedule};
use crate::kernel::shared::{IrqCell, IrqShared};
use crate::kernel::signal::{SIG_IGN, SIGINT, SIGQUIT, SIGTSTP, SIGTTIN, SIGTTOU, bit};
use crate::kernel::task::current;
use crate::kernel::types::{Pid, Ticks};
use crate::kernel::wait::WaitQueue;

/// The screen and two serial lines.
pub const NR_TTYS: usize = 3;
/// Bytes that are copied from or to a program at once: they lie on the kernel
/// stack, which is small.
const PIECE: usize = 64;
/// Room that one character of output may need: a tab as spaces.
const OUTPUT_ROOM: usize = 8;
/// Room that a line's end keeps in `secondary`.
const LINE_END_ROOM: usize = 1;

/// A terminal and those who wait for it.
pub struct TtyLine {
    pub tty: IrqShared<Tty>,
    /// Wait for input.
    pub readers: WaitQueue,
    /// Wait for room in the write queue, or for it to be empty.
    pub writers: WaitQueue,
    /// Wait for the running `tty_write` to end.
    turn: WaitQueue,
    /// Is a `tty_write` under way? One at a time, so that lines stay whole.
    writing: IrqCell<bool>,
    /// How many readers watch the time, and is a timer going to wake them?
    timed: IrqCell<u32>,
    timer: IrqCell<bool>,
}

impl TtyLine {
    const fn new(name: &'static str, tty: Tty) -> Self {
        TtyLine {
            tty: IrqShared::new(name, tty),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
            turn: WaitQueue::new(),
            writing: IrqCell::new(false),
            timed: IrqCell::new(0),
            timer: IrqCell::new(false),
        }
    }

    /// The terminal, with interrupts off.
    #[inline(always)]
    pub fn lock(&self) -> crate::kernel::shared::IrqSharedGuard<'_, Tty> {
        self.tty.lock()
    }
}

/// All terminals, by minor device number.
pub static TTY_TABLE: [TtyLine; NR_TTYS] = [
    TtyLine::new("tty0", Tty::new(0, 0, con_write)),
    TtyLine::new("tty1", Tty::new(1, PORTS[0], rs_write)),
    TtyLine::new("tty2", Tty::new(2, PORTS[1], rs_write)),
];

/// The terminal with number `tty`.
///
/// # Errors
/// `ENXIO`.
pub fn line(tty: usize) -> Result<&'static TtyLine, Errno> {
    TTY_TABLE.get(tty).ok_or(ENXIO)
}

/// Sets up the serial lines and the screen.
pub fn tty_init() {
    rs_init();
    con_init();
}

/// Sends `sig` to the processes in the foreground.
fn tty_intr(tty: &mut Tty, sig: u32) {
    if !tty.l_flag(NOFLSH) {
        tty.read_q.clear();
        tty.secondary.clear();
        if sig != SIGTSTP {
            tty.write_q.clear();
            TTY_TABLE[tty.nr].writers.wake_up();
        }
    }
    kill_pg(tty.pgrp, sig);
}

/// Waits until `ready` is true of the terminal's input, or a signal comes, or
/// the time is `deadline`.
///
/// # Errors
/// `ERESTARTSYS` if a signal came.
fn sleep_if_empty(
    line: &TtyLine,
    deadline: Option<Ticks>,
    mut ready: impl FnMut(&Tty) -> bool,
) -> Result<(), Errno> {
    line.readers
        .wait_while_interruptible(|| !ready(&line.lock()) && !deadline.is_some_and(has_passed))
}

/// Waits until the write queue has room for some output.
///
/// # Errors
/// `ERESTARTSYS` if a signal came.
fn sleep_if_full(line: &TtyLine) -> Result<(), Errno> {
    if line.lock().write_q.left() >= OUTPUT_ROOM {
        return Ok(());
    }
    line.writers
        .wait_while_interruptible(|| line.lock().write_q.chars() > WAKEUP_CHARS)
}

/// Waits until a line has been typed at the screen's keyboard, and takes it.
#[expect(
    dead_code,
    reason = "0.11 waits so for the root floppy, which comes with its driver"
)]
pub fn wait_for_keypress() {
    let line = &TTY_TABLE[0];
    line.readers
        .wait_while(|| line.lock().secondary.lines() == 0);
    line.lock().secondary.clear();
}

/// Has the time `deadline` come?
fn has_passed(deadline: Ticks) -> bool {
    jiffies().0.wrapping_sub(deadline.0) as i32 >= 0
}

/// Moves what was typed from `read_q` to `secondary`.
pub fn copy_to_cooked(tty: &mut Tty) {
    while has_room(tty) {
        let Some(c) = tty.read_q.get() else {
            break;
        };
        cook(tty, c);
    }
    (tty.write)(tty);
    let ready = if tty.l_flag(ICANON) {
        tty.secondary.lines() > 0
    } else {
        !tty.secondary.is_empty()
    };
    if ready {
        TTY_TABLE[tty.nr].readers.wake_up();
    }
}

/// May another character be cooked? Behind complete lines it waits for room; a
/// line that fills the queue alone must go on, to be cut, for it has to end.
fn has_room(tty: &Tty) -> bool {
    let behind_lines = tty.l_flag(ICANON) && tty.secondary.lines() > 0;
    tty.secondary.left() > if behind_lines { LINE_END_ROOM } else { 0 }
}

/// What one typed character does.
fn cook(tty: &mut Tty, c: u8) {
    let mut c = if tty.i_flag(ISTRIP) { c & 0x7f } else { c };
    if core::mem::take(&mut tty.literal_next) {
        return put_cooked(tty, c, false);
    }
    if tty.has_flow_control() && flow_control(tty, c) {
        return;
    }
    if tty.l_flag(ISIG) && signal_character(tty, c) {
        return;
    }
    match c {
        b'\r' if tty.i_flag(IGNCR) => return,
        b'\r' if tty.i_flag(ICRNL) => c = b'\n',
        b'\n' if tty.i_flag(INLCR) => c = b'\r',
        _ if tty.i_flag(IUCLC) => c = c.to_ascii_lowercase(),
        _ => {}
    }
    if !tty.l_flag(ICANON) {
        put_cooked(tty, c, false);
    } else if !edit_line(tty, c) {
        let ends = c == b'\n' || tty.is_cc(VEOL, c) || tty.is_cc(VEOL2, c);
        put_cooked(tty, c, ends);
    }
}

/// ^S and ^Q: stops and starts the output.
fn flow_control(tty: &mut Tty, c: u8) -> bool {
    let start = tty.is_cc(VSTART, c);
    let stop = tty.is_cc(VSTOP, c) && !start;
    if start || tty.i_flag(IXANY) && !stop {
        tty.stopped = false;
    } else if stop {
        tty.stopped = true;
    }
    start || stop
}

/// ^C, ^\ and ^Z.
fn signal_character(tty: &mut Tty, c: u8) -> bool {
    let sig = if tty.is_cc(VINTR, c) {
        SIGINT
    } else if tty.is_cc(VQUIT, c) {
        SIGQUIT
    } else if tty.is_cc(VSUSP, c) {
        SIGTSTP
    } else {
        return false;
    };
    tty.stopped = false;
    tty_intr(tty, sig);
    if tty.l_flag(ECHO) {
        echo(tty, c);
    }
    true
}

/// The characters that edit the line or end it unseen; `true` if `c` is one.
fn edit_line(tty: &mut Tty, c: u8) -> bool {
    let extended = tty.l_flag(IEXTEN);
    if is_erase(tty, c) {
        erase_character(tty);
    } else if tty.is_cc(VKILL, c) {
        kill_line(tty);
    } else if extended && tty.is_cc(VWERASE, c) {
        erase_word(tty);
    } else if extended && tty.is_cc(VREPRINT, c) {
        reprint_line(tty);
    } else if extended && tty.is_cc(VLNEXT, c) {
        tty.literal_next = true;
        if tty.l_flag(ECHO) && tty.l_flag(ECHOCTL) {
            out(tty, b"^\x08");
        }
    } else if tty.is_cc(VEOF, c) {
        // A NUL that is marked: see `TtyQueue`. It is not echoed.
        tty.secondary.put_marked(0, true);
    } else {
        return false;
    }
    true
}

/// Is `c` the erase character? Keyboards disagree about DEL and backspace, so
/// where it is one of them, the other one erases too.
fn is_erase(tty: &Tty, c: u8) -> bool {
    const BOTH: [u8; 2] = [0x08, 0x7f];
    tty.is_cc(VERASE, c) || BOTH.contains(&c) && BOTH.contains(&tty.termios.c_cc[VERASE])
}

/// Takes back the last character of the line.
fn erase_character(tty: &mut Tty) {
    let Some(c) = tty.secondary.last_of_line() else {
        return;
    };
    let width = echo_width(tty, c);
    tty.secondary.unput();
    if !tty.l_flag(ECHO) {
        return;
    }
    if !tty.l_flag(ECHOE) {
        return echo(tty, tty.termios.c_cc[VERASE]);
    }
    for _ in 0..width {
        out(tty, b"\x08 \x08");
    }
}

/// Columns that the echo of `c`, the last character of the line, takes up.
fn echo_width(tty: &Tty, c: u8) -> u32 {
    match c {
        b'\t' => {
            let mut column = tty.line_column;
            let mut before = column;
            for c in tty.secondary.unfinished_line() {
                before = column;
                column += match c {
                    b'\t' => 8 - column % 8,
                    c => visible_width(tty, c),
                };
            }
            column - before
        }
        c => visible_width(tty, c),
    }
}

/// Columns that the echo of `c`, not a tab, takes up.
fn visible_width(tty: &Tty, c: u8) -> u32 {
    match c {
        0..=31 | 127 if tty.l_flag(ECHOCTL) => 2,
        0..=31 | 127 => 0,
        _ => 1,
    }
}

/// Takes back the line.
fn kill_line(tty: &mut Tty) {
    let visibly = tty.l_flag(ECHOE) && tty.l_flag(ECHOKE);
    if tty.l_flag(ECHO) && !visibly {
        while tty.secondary.last_of_line().is_some() {
            tty.secondary.unput();
        }
        echo(tty, tty.termios.c_cc[VKILL]);
        if tty.l_flag(ECHOK) {
            out(tty, b"\n");
        }
        return;
    }
    while tty.secondary.last_of_line().is_some() {
        erase_character(tty);
        // A long line's erasure may be more than the queue holds.
        (tty.write)(tty);
    }
}

/// Takes back the spaces at the end of the line and the word before them.
fn erase_word(tty: &mut Tty) {
    let mut in_word = false;
    while let Some(c) = tty.secondary.last_of_line() {
        let blank = c == b' ' || c == b'\t';
        if in_word && blank {
            break;
        }
        in_word |= !blank;
        erase_character(tty);
    }
}

/// Shows the line again, on a new one.
fn reprint_line(tty: &mut Tty) {
    if !tty.l_flag(ECHO) {
        return;
    }
    echo(tty, tty.termios.c_cc[VREPRINT]);
    out(tty, b"\n");
    tty.line_column = tty.column;
    // Echoing needs the whole terminal, so the characters are taken one by one.
    let mut index = 0;
    loop {
        let next = tty.secondary.unfinished_line().nth(index);
        let Some(c) = next else {
            break;
        };
        echo(tty, c);
        index += 1;
    }
}

/// Appends `c` to what programs read, and echoes it. A full line takes no more
/// but its end.
fn put_cooked(tty: &mut Tty, c: u8, ends_line: bool) {
    if tty.l_flag(ICANON) && !ends_line && tty.secondary.left() <= LINE_END_ROOM {
        if tty.i_flag(IMAXBEL) {
            tty.write_q.put(0x07);
        }
        return;
    }
    if tty.secondary.last_of_line().is_none() {
        tty.line_column = tty.column;
    }
    tty.secondary.put_marked(c, ends_line);
    if c == b'\n' && tty.l_flag(ECHO | ECHONL) {
        out(tty, b"\n");
    } else if tty.l_flag(ECHO) {
        echo(tty, c);
    }
}

/// Shows a typed character: control characters as ^X with ECHOCTL. 0.11 shows
/// nothing for them otherwise; other Unixes send them as they are.
fn echo(tty: &mut Tty, c: u8) {
    match c {
        b'\n' | b'\t' => out(tty, &[c]),
        0..=31 | 127 if tty.l_flag(ECHOCTL) => out(tty, &[b'^', c ^ 0x40]),
        _ => out(tty, &[c]),
    }
}

/// Puts text that is echoed into the write queue; what does not fit is lost.
fn out(tty: &mut Tty, text: &[u8]) {
    for &c in text {
        post_process(tty, c);
    }
}

/// Puts `c` into the write queue, changed as `c_oflag` says. Needs room for
/// [`OUTPUT_ROOM`] characters at most.
fn post_process(tty: &mut Tty, c: u8) {
    if !tty.o_flag(OPOST) {
        return tty.write_q.put(c);
    }
    let c = match c {
        b'\r' if tty.o_flag(OCRNL) => b'\n',
        c if tty.o_flag(OLCUC) => c.to_ascii_uppercase(),
        c => c,
    };
    match c {
        b'\n' => {
            if tty.o_flag(ONLCR) {
                tty.write_q.put(b'\r');
            }
            if tty.o_flag(ONLCR | ONLRET) {
                tty.column = 0;
            }
        }
        b'\r' => {
            if tty.o_flag(ONOCR) && tty.column == 0 {
                return;
            }
            tty.column = 0;
        }
        b'\t' => {
            let width = 8 - tty.column % 8;
            tty.column += width;
            if tty.termios.c_oflag & XTABS == XTABS {
                (0..width).for_each(|_| tty.write_q.put(b' '));
                return;
            }
        }
        8 => tty.column = tty.column.saturating_sub(1),
        32..=126 | 128.. => tty.column += 1,
        _ => {}
    }
    tty.write_q.put(c);
}

/// Stops the running process, by `sig`, if it is not in the foreground of its
/// controlling terminal.
///
/// # Errors
/// `ERESTARTSYS`: the call begins again when the process continues. `EIO`
/// where no one could continue it, or if it does not heed SIGTTIN.
fn check_foreground(tty: usize, sig: u32) -> Result<(), Errno> {
    let task = current();
    let foreground = TTY_TABLE[tty].lock().pgrp;
    let pgrp = task.pgrp.get();
    if task.tty.get() != tty as i32 || foreground == pgrp || foreground.0 <= 0 {
        return Ok(());
    }
    let deaf = task.blocked.get() & bit(sig) != 0
        || task.sigaction[sig as usize - 1].get().handler == SIG_IGN;
    if deaf {
        return if sig == SIGTTIN { Err(EIO) } else { Ok(()) };
    }
    if is_orphaned_pgrp(pgrp) {
        return Err(EIO);
    }
    kill_pg(pgrp, sig);
    Err(ERESTARTSYS)
}

/// Wakes the readers of one terminal, for VTIME, and again a tenth of a second
/// later for as long as one of them watches the time.
fn tick<const TTY: usize>() {
    let line = &TTY_TABLE[TTY];
    line.timer
        .set(line.timed.get() > 0 && add_timer(HZ / 10, tick::<TTY>));
    line.readers.wake_up();
}

/// Makes sure that the readers of `tty` look at the time ten times a second.
fn start_timer(tty: usize) {
    const TICKS: [fn(); NR_TTYS] = [tick::<0>, tick::<1>, tick::<2>];
    let timer = &TTY_TABLE[tty].timer;
    if !timer.get() {
        timer.set(add_timer(HZ / 10, TICKS[tty]));
    }
}

/// Waits for input as VMIN and VTIME say; afterwards there may be none. 0.11
/// sets the process's alarm clock for it.
///
/// # Errors
/// `ERESTARTSYS` if a signal came before any input.
fn wait_raw(tty: usize, len: u32) -> Result<(), Errno> {
    let line = &TTY_TABLE[tty];
    let (minimum, time) = {
        let cc = line.lock().termios.c_cc;
        (cc[VMIN] as u32, cc[VTIME] as u32 * (HZ / 10))
    };
    if minimum == 0 && time == 0 {
        return Ok(());
    }
    let wanted = minimum.min(len).max(1) as usize;
    let from_now = || Some(Ticks(jiffies().0.wrapping_add(time)));
    // With VMIN the time counts from the last character on, without from now.
    let mut deadline = if minimum == 0 { from_now() } else { None };
    let mut before = 0;
    loop {
        let chars = line.lock().secondary.chars();
        if chars >= wanted || deadline.is_some_and(has_passed) {
            return Ok(());
        }
        if chars != before && time > 0 {
            deadline = from_now();
        }
        before = chars;
        if deadline.is_some() {
            start_timer(tty);
            line.timed.update(|n| n + 1);
        }
        let woken = sleep_if_empty(line, deadline, |tty| tty.secondary.chars() != before);
        if deadline.is_some() {
            line.timed.update(|n| n - 1);
        }
        if let Err(error) = woken {
            return if before > 0 { Ok(()) } else { Err(error) };
        }
    }
}

/// Reads from terminal `tty`: a line with ICANON, else what VMIN and VTIME ask
/// for.
///
/// # Errors
/// `EAGAIN` if there is nothing and `nonblock` is set, `EIO` for a process
/// that may not read in the background, `ENXIO`, `EFAULT`, `ENOMEM`, `EINTR`.
pub fn tty_read(tty: usize, buf: UserSlice, nonblock: bool) -> SysResult {
    let line = line(tty)?;
    check_foreground(tty, SIGTTIN)?;
    if buf.is_empty() {
        return Ok(0);
    }
    let ready = |tty: &Tty| match tty.l_flag(ICANON) {
        true => tty.secondary.lines() > 0,
        false => !tty.secondary.is_empty(),
    };
    let canonical = line.lock().l_flag(ICANON);
    if nonblock {
        if !ready(&line.lock()) {
            return Err(EAGAIN);
        }
    } else if canonical {
        sleep_if_empty(line, None, |tty| ready(tty) || !tty.l_flag(ICANON))?;
        check_foreground(tty, SIGTTIN)?;
    } else {
        wait_raw(tty, buf.len())?;
    }
    take_input(line, buf)
}

/// Copies what there is, up to the end of a line with ICANON.
fn take_input(line: &TtyLine, buf: UserSlice) -> SysResult {
    let mut done = 0;
    let mut ended = false;
    while !ended && done < buf.len() {
        let mut piece = [0; PIECE];
        let mut len = 0;
        {
            let tty = &mut *line.lock();
            let canonical = tty.l_flag(ICANON);
            let wanted = PIECE.min((buf.len() - done) as usize);
            while len < wanted && !ended {
                let Some((c, mark)) = tty.secondary.get_marked() else {
                    ended = true;
                    break;
                };
                ended = canonical && mark;
                if !(ended && c == 0) {
                    piece[len] = c;
                    len += 1;
                }
            }
            // An end of file right behind a full buffer ends this read, not
            // the next one.
            if canonical && !ended && done + len as u32 == buf.len() {
                tty.secondary.skip_end_of_file();
            }
            // There is room now for what was typed meanwhile.
            copy_to_cooked(tty);
        }
        let to = buf.part(done, len as u32);
        match to.copy_out(&piece[..len]) {
            Ok(()) => done += len as u32,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(done as i32)
}

/// The right to write to a terminal; the next one's turn comes when it drops.
struct Turn(&'static TtyLine);

impl Turn {
    fn wait(line: &'static TtyLine) -> Result<Turn, Errno> {
        line.turn.wait_while_interruptible(|| line.writing.get())?;
        line.writing.set(true);
        Ok(Turn(line))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.writing.set(false);
        self.0.turn.wake_up();
    }
}

/// Writes to terminal `tty`. Writers take turns: in 0.11 their output mixes
/// wherever the queue fills.
///
/// # Errors
/// `EIO` for a process that may not write in the background, `ENXIO`,
/// `EFAULT`, `ENOMEM`, `EINTR`.
pub fn tty_write(tty: usize, buf: UserSlice) -> SysResult {
    let line = line(tty)?;
    if line.lock().l_flag(TOSTOP) {
        check_foreground(tty, SIGTTOU)?;
    }
    let _turn = Turn::wait(line)?;
    let mut done = 0;
    while done < buf.len() {
        match write_piece(line, buf.part(done, PIECE as u32)) {
            Ok(len) => done += len,
            Err(error) if done == 0 => return Err(error),
            Err(_) => break,
        }
        // A long text to the screen never sleeps: give way when our time is up.
        if current().counter.get() <= 0 {
            schedule();
        }
    }
    Ok(done as i32)
}

/// Writes at most [`PIECE`] bytes; returns how many.
fn write_piece(line: &TtyLine, from: UserSlice) -> Result<u32, Errno> {
    sleep_if_full(line)?;
    let mut piece = [0; PIECE];
    let piece = &mut piece[..from.len() as usize];
    from.copy_in(piece)?;
    let tty = &mut *line.lock();
    let mut len = 0;
    for &c in &*piece {
        if tty.write_q.left() < OUTPUT_ROOM {
            break;
        }
        post_process(tty, c);
        len += 1;
    }
    (tty.write)(tty);
    Ok(len)
}

/// What an interrupt handler calls when it has put characters into `read_q`.
/// Nothing in here sleeps, whereas 0.11 says that it might.
pub fn do_tty_interrupt(tty: usize) {
    copy_to_cooked(&mut TTY_TABLE[tty].lock());
}

/// Nothing to do, as in 0.11: `tty_init` does it.
pub fn chr_dev_init() {}

/// The session leader whose terminal `tty` is has died: no one is in the
/// foreground any more (0.11 `do_exit`).
pub fn leader_exit(tty: usize) {
    if let Ok(line) = line(tty) {
        line.lock().pgrp = Pid(0);
    }
}

/// A session leader without a terminal has opened `tty`: its group is in the
/// foreground (0.11 `sys_open`).
pub fn leader_open(tty: usize, pgrp: Pid) {
    if let Ok(line) = line(tty) {
        line.lock().pgrp = pgrp;
    }
}
