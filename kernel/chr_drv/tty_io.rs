//! Terminals: what turns typed characters into lines, signals and echo, and
//! written ones into what the screen or a serial line gets
//! (0.11 `kernel/chr_drv/tty_io.c`).
//!
//! Interrupt handlers put characters into `read_q` and mark the terminal;
//! `copy_to_cooked` moves them to `secondary`, edits and echoes, when interrupts
//! are on again. Programs sleep in `readers` for `secondary`, in `writers` for
//! room in `write_q`.

use crate::arch::segment::UserSlice;
use crate::kernel::bottom_half::{BhGuard, BhShared};
use crate::kernel::chr_drv::console::{con_init, console_exists};
use crate::kernel::chr_drv::cook::{copy_to_cooked, flush_output, is_readable, post_process};
use crate::kernel::chr_drv::serial::{self, PORTS, rs_init};
use crate::kernel::chr_drv::termios::*;
use crate::kernel::chr_drv::tty::{Raw, TTY_BUF_SIZE, Tty};
use crate::kernel::errno::{EAGAIN, EBUSY, EIO, ENXIO, ERESTARTSYS, Errno, SysResult};
use crate::kernel::exit::{hang_up_session, is_orphaned_pgrp, kill_pg};
use crate::kernel::printk::to_serial;
use crate::kernel::sched::{HZ, add_timer, jiffies, schedule};
use crate::kernel::shared::{IrqCell, IrqShared};
use crate::kernel::signal::{SIG_IGN, SIGTTIN, SIGTTOU, bit};
use crate::kernel::task::current;
use crate::kernel::types::{Pid, Ticks};
use crate::kernel::wait::WaitQueue;

/// Minors of the consoles, the first one's as in 0.11, and two serial lines
/// between them.
pub const CONSOLE_TTYS: [usize; 4] = [0, 3, 4, 5];
pub const NR_TTYS: usize = 6;
/// A writer is woken when no more than this is left in the queue.
pub const WAKEUP_CHARS: usize = TTY_BUF_SIZE / 4;
/// Bytes that are copied from or to a program at once: they lie on the kernel
/// stack, which is small.
const PIECE: usize = 64;
/// Room that one character of output may need: a tab as spaces.
const OUTPUT_ROOM: usize = 8;
/// Longest time that the last close of a serial line waits for its output.
const CLOSE_TICKS: u32 = 30 * HZ;

/// A terminal and those who wait for it.
pub struct TtyLine {
    tty: BhShared<Tty>,
    /// What interrupt handlers touch of it.
    pub raw: IrqShared<Raw>,
    /// Has ^S stopped the output?
    pub stopped: IrqCell<bool>,
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
    /// How many open files there are for it.
    opened: IrqCell<u32>,
}

impl TtyLine {
    const fn new() -> Self {
        TtyLine {
            tty: BhShared::anonymous(Tty::new()),
            raw: IrqShared::anonymous(Raw::new()),
            stopped: IrqCell::new(false),
            readers: WaitQueue::new(),
            writers: WaitQueue::new(),
            turn: WaitQueue::new(),
            writing: IrqCell::new(false),
            timed: IrqCell::new(0),
            timer: IrqCell::new(false),
            opened: IrqCell::new(0),
        }
    }

    /// The terminal. Not for interrupt handlers.
    #[inline(always)]
    pub fn lock(&self) -> BhGuard<'_, Tty> {
        self.tty.lock()
    }

    /// Has all output been handed to the chip, or shown?
    pub fn is_sent(&self) -> bool {
        self.lock().write_q.is_empty() && self.raw.lock().send_q.is_empty()
    }
}

/// All terminals, by minor device number.
pub static TTY_TABLE: [TtyLine; NR_TTYS] = [const { TtyLine::new() }; NR_TTYS];

/// The number of the console that terminal `tty` is, if it is one.
pub fn console_of(tty: usize) -> Option<usize> {
    CONSOLE_TTYS.iter().position(|&nr| nr == tty)
}

/// The terminal with number `tty`.
///
/// # Errors
/// `ENXIO`, also for a console that the adapter has no memory for.
///
/// Erratum `tty-1`.
pub fn line(tty: usize) -> Result<&'static TtyLine, Errno> {
    match console_of(tty) {
        Some(console) if !console_exists(console) => Err(ENXIO),
        _ => TTY_TABLE.get(tty).ok_or(ENXIO),
    }
}

/// Sets up the serial lines and the screen (0.11 `tty_init`).
pub fn tty_init() {
    for (nr, line) in TTY_TABLE.iter().enumerate() {
        let port = if matches!(nr, 1 | 2) {
            PORTS[nr - 1]
        } else {
            0
        };
        let tty = &mut *line.lock();
        tty.init(nr, port);
        serial::note_settings(tty);
    }
    rs_init();
    con_init();
}

/// Waits until `ready` is true of the terminal's input, or a signal comes, or
/// the time is `deadline` (0.11 `sleep_if_empty`).
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

/// Waits until the write queue has room for some output (0.11 `sleep_if_full`).
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

/// Waits until a line has been typed at the console, and takes it (0.11
/// `wait_for_keypress`).
pub fn wait_for_keypress() {
    let line = &TTY_TABLE[to_serial() as usize];
    line.readers
        .wait_while(|| line.lock().secondary.lines() == 0);
    line.lock().secondary.clear();
}

/// Has the time `deadline` come?
fn has_passed(deadline: Ticks) -> bool {
    jiffies().0.wrapping_sub(deadline.0) as i32 >= 0
}

/// Stops the running process, by `sig`, if it is not in the foreground of its
/// controlling terminal.
///
/// # Errors
/// `ERESTARTSYS`: the call begins again when the process continues. `EIO`
/// where no one could continue it, or if it does not heed SIGTTIN.
pub fn check_foreground(tty: usize, sig: u32) -> Result<(), Errno> {
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
    const TICKS: [fn(); NR_TTYS] = [
        tick::<0>, tick::<1>, tick::<2>, tick::<3>, tick::<4>, tick::<5>,
    ];
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
        let (chars, over) = {
            let tty = line.lock();
            (tty.secondary.chars(), tty.hung_up)
        };
        if over || chars >= wanted || deadline.is_some_and(has_passed) {
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
        let woken = sleep_if_empty(line, deadline, |tty| {
            tty.secondary.chars() != before || tty.hung_up
        });
        if deadline.is_some() {
            line.timed.update(|n| n - 1);
        }
        if let Err(error) = woken {
            return if before > 0 { Ok(()) } else { Err(error) };
        }
    }
}

/// Reads from terminal `tty` (0.11 `tty_read`): a line with ICANON, else what
/// VMIN and VTIME ask for; nothing, an end of file, from one that was hung up.
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
    let canonical = line.lock().l_flag(ICANON);
    if nonblock {
        let tty = line.lock();
        if !is_readable(&tty) && !tty.hung_up {
            return Err(EAGAIN);
        }
    } else if canonical {
        sleep_if_empty(line, None, |tty| {
            is_readable(tty) || !tty.l_flag(ICANON) || tty.hung_up
        })?;
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

/// Writes to terminal `tty` (0.11 `tty_write`). Writers take turns: in 0.11
/// their output mixes wherever the queue fills.
///
/// # Errors
/// `EIO` for a process that may not write in the background, `ENXIO`,
/// `EFAULT`, `ENOMEM`, `EINTR`.
///
/// Erratum `tty-3`.
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
    if tty.hung_up {
        return Err(EIO);
    }
    let mut len = 0;
    for &c in &*piece {
        if tty.write_q.left() < OUTPUT_ROOM {
            break;
        }
        post_process(tty, c);
        len += 1;
    }
    tty.write();
    Ok(len)
}

/// What is left to do when an interrupt handler has put characters into
/// `read_q`, or sent some (0.11 `do_tty_interrupt`). Nothing in here sleeps,
/// whereas 0.11 says that it might.
pub fn do_tty_interrupt(tty: usize) {
    let line = &TTY_TABLE[tty];
    let tty = &mut *line.lock();
    let lost = core::mem::take(&mut line.raw.lock().carrier_lost);
    if lost && tty.termios.c_cflag & CLOCAL == 0 {
        tty_hangup(tty);
    }
    copy_to_cooked(tty);
}

/// Nothing to do (0.11 `chr_dev_init`, which is empty too): `tty_init` does it.
pub fn chr_dev_init() {}

/// The line is gone: input and output are thrown away, reads end, writes fail,
/// and the session whose terminal it is hears of it. Not in 0.11.
fn tty_hangup(tty: &mut Tty) {
    let line = &TTY_TABLE[tty.nr];
    tty.hung_up = true;
    line.raw.lock().read_q.clear();
    line.stopped.set(false);
    tty.secondary.clear();
    flush_output(tty);
    line.readers.wake_up();
    hang_up_session(tty.session);
}

/// A file for terminal `tty` is opened (0.11 `sys_open`). The first terminal
/// that a session leader opens, unless O_NOCTTY is set or it is another
/// session's, becomes its own.
///
/// # Errors
/// `ENXIO` if there is none; `EBUSY` if it is open exclusively (`TIOCEXCL`) and
/// the process is not the superuser's.
///
/// Erratum `tty-2`.
pub fn tty_open(tty: usize, noctty: bool) -> Result<(), Errno> {
    let line = line(tty)?;
    let terminal = &mut *line.lock();
    let task = current();
    if terminal.exclusive && line.opened.get() > 0 && !task.suser() {
        return Err(EBUSY);
    }
    if line.opened.get() == 0 || terminal.hung_up {
        terminal.hung_up = false;
        serial::raise_lines(terminal);
    }
    line.opened.increment();
    if task.leader.get() && task.tty.get() < 0 && !noctty && terminal.session == Pid(0) {
        leader_open(terminal);
    }
    Ok(())
}

/// The last handle of a file for terminal `tty` is gone. The last file for a
/// serial line hangs up with HUPCL, when the output has been sent. Not in 0.11.
/// May sleep.
pub fn tty_close(tty: usize) {
    let line = &TTY_TABLE[tty];
    line.opened.decrement();
    if line.opened.get() > 0 {
        return;
    }
    let hangs_up = {
        let tty = &mut *line.lock();
        tty.exclusive = false;
        tty.port != 0 && tty.termios.c_cflag & HUPCL != 0
    };
    if hangs_up {
        let start = jiffies().0;
        let waits = || {
            let sent = line.is_sent() && serial::all_sent(&line.lock());
            let in_time = jiffies().0.wrapping_sub(start) < CLOSE_TICKS;
            !sent && in_time && !line.stopped.get() && line.opened.get() == 0
        };
        while waits() {
            schedule();
        }
        if line.opened.get() == 0 {
            serial::drop_lines(&line.lock());
        }
    }
}

/// The session leader whose terminal `tty` is has died: it is no one's any
/// more, and no one is in the foreground (0.11 `do_exit`).
pub fn leader_exit(tty: usize) {
    if let Some(line) = TTY_TABLE.get(tty) {
        let tty = &mut *line.lock();
        tty.pgrp = Pid(0);
        tty.session = Pid(0);
    }
}

/// The running session leader gets the terminal: his group is in the
/// foreground.
pub fn leader_open(tty: &mut Tty) {
    let task = current();
    task.tty.set(tty.nr as i32);
    tty.session = task.session.get();
    tty.pgrp = task.pgrp.get();
}
