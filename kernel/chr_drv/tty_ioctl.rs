//! Terminal settings (0.11 `kernel/chr_drv/tty_ioctl.c`; later Linux for the
//! commands that 0.11 answers with `EINVAL`).

use crate::kernel::chr_drv::console::screen_size;
use crate::kernel::chr_drv::cook::{self, copy_to_cooked};
use crate::kernel::chr_drv::serial::{
    MCR_DTR_RTS, all_sent, drop_lines, has_chip, modem_lines, note_settings, raise_lines,
    set_break, set_divisor, set_line_control, set_modem_control,
};
use crate::kernel::chr_drv::termios::*;
use crate::kernel::chr_drv::tty::Tty;
use crate::kernel::chr_drv::tty_io::{
    TtyLine, check_foreground, console_of, leader_exit, leader_open, line,
};
use crate::kernel::errno::{EINVAL, ENOTTY, ENXIO, EPERM, Errno, SysResult};
use crate::kernel::exit::{abandon_terminal, kill_pg};
use crate::kernel::sched::{HZ, jiffies, schedule};
use crate::kernel::signal::{SIGCONT, SIGHUP, SIGTTOU, SIGWINCH};
use crate::kernel::task::{current, tasks};
use crate::kernel::types::{Dev, Pid, UserAddr};

/// What 115200 bps is divided by, for each of `CBAUD`'s values: 0 (hang up),
/// 50, 75, 110, 134.5, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200
/// and 38400 bps.
const QUOTIENT: [u16; 16] = [
    0, 2304, 1536, 1047, 857, 768, 576, 384, 192, 96, 64, 48, 24, 12, 6, 3,
];
/// The major number of `/dev/tty`, a process's own terminal.
const MAJOR_OWN_TTY: u8 = 5;
/// A break lasts a quarter of a second.
const BREAK_TICKS: u32 = HZ / 4;

/// Sets a serial line's speed and form of characters as `c_cflag` says; B0
/// hangs up (0.11 `change_speed`).
fn change_speed(tty: &Tty) {
    if !has_chip(tty) {
        return;
    }
    let cflag = tty.termios.c_cflag;
    let quotient = QUOTIENT[(cflag & CBAUD) as usize];
    if quotient == 0 {
        return drop_lines(tty);
    }
    raise_lines(tty);
    set_divisor(tty.port, quotient);
    let length = ((cflag & CSIZE) >> 4) as u8;
    let stop = if cflag & CSTOPB != 0 { 0x04 } else { 0 };
    let parity = match (cflag & PARENB != 0, cflag & PARODD != 0) {
        (false, _) => 0,
        (true, true) => 0x08,
        (true, false) => 0x18,
    };
    set_line_control(tty.port, length | stop | parity);
}

/// Throws away what was typed and not yet read.
fn flush_input(line: &TtyLine) {
    let tty = &mut *line.lock();
    line.raw.lock().read_q.clear();
    tty.secondary.clear();
    copy_to_cooked(tty); // which also lets the line receive again
}

/// Throws away what was written and not yet sent.
fn flush_output(line: &TtyLine) {
    cook::flush_output(&mut line.lock());
}

/// Waits until all output has been sent (0.11 `wait_until_sent`). Does nothing
/// in 0.11.
///
/// # Errors
/// `ERESTARTSYS` if a signal came.
fn wait_until_sent(line: &TtyLine) -> Result<(), Errno> {
    line.writers.wait_while_interruptible(|| !line.is_sent())?;
    // The chip's FIFO: a few milliseconds. Let others run meanwhile.
    let start = jiffies().0;
    while !all_sent(&line.lock()) && jiffies().0.wrapping_sub(start) < HZ {
        schedule();
    }
    Ok(())
}

/// Sends a break on a serial line (0.11 `send_break`). Does nothing in 0.11.
fn send_break(line: &TtyLine) {
    let port = {
        let tty = line.lock();
        if !has_chip(&tty) {
            return;
        }
        tty.port
    };
    set_break(port, true);
    let start = jiffies().0;
    while jiffies().0.wrapping_sub(start) < BREAK_TICKS {
        schedule();
    }
    set_break(port, false);
}

/// 0.11 `get_termios`.
fn get_termios(line: &TtyLine, to: UserAddr) -> SysResult {
    let termios = line.lock().termios;
    to.write(&termios)?;
    Ok(0)
}

/// 0.11 `set_termios`.
fn set_termios(line: &TtyLine, from: UserAddr) -> SysResult {
    let mut termios: Termios = from.read()?;
    termios.padding = [0; 2];
    install(line, termios);
    Ok(0)
}

/// Makes `termios` the settings of the terminal.
fn install(line: &TtyLine, termios: Termios) {
    {
        let tty = &mut *line.lock();
        let old = core::mem::replace(&mut tty.termios, termios);
        if (old.c_lflag ^ termios.c_lflag) & ICANON != 0 {
            tty.secondary.clear_marks();
        }
        if !tty.has_flow_control() {
            line.stopped.set(false);
        }
        note_settings(tty);
        if old.c_cflag != termios.c_cflag {
            change_speed(tty);
        }
        copy_to_cooked(tty);
    }
    // What a sleeping reader waits for may be another thing now.
    line.readers.wake_up();
}

/// 0.11 `get_termio`.
fn get_termio(line: &TtyLine, to: UserAddr) -> SysResult {
    let termios = line.lock().termios;
    let mut c_cc = [0; NCC];
    c_cc.copy_from_slice(&termios.c_cc[..NCC]);
    to.write(&Termio {
        c_iflag: termios.c_iflag as u16,
        c_oflag: termios.c_oflag as u16,
        c_cflag: termios.c_cflag as u16,
        c_lflag: termios.c_lflag as u16,
        c_line: termios.c_line,
        c_cc,
        padding: 0,
    })?;
    Ok(0)
}

/// Sets the low halves of the flags and the first control characters (0.11
/// `set_termio`).
fn set_termio(line: &TtyLine, from: UserAddr) -> SysResult {
    let new: Termio = from.read()?;
    let mut termios = line.lock().termios;
    let low = |old: u32, new: u16| old & 0xffff_0000 | new as u32;
    termios.c_iflag = low(termios.c_iflag, new.c_iflag);
    termios.c_oflag = low(termios.c_oflag, new.c_oflag);
    termios.c_cflag = low(termios.c_cflag, new.c_cflag);
    termios.c_lflag = low(termios.c_lflag, new.c_lflag);
    termios.c_line = new.c_line;
    termios.c_cc[..NCC].copy_from_slice(&new.c_cc);
    install(line, termios);
    Ok(0)
}

/// Is the terminal the running process's own?
///
/// # Errors
/// `ENOTTY`.
fn require_own(nr: usize) -> Result<(), Errno> {
    if current().tty.get() == nr as i32 {
        Ok(())
    } else {
        Err(ENOTTY)
    }
}

/// Puts a group of the caller's session into the foreground. 0.11 takes any
/// number.
fn set_pgrp(line: &TtyLine, nr: usize, from: UserAddr) -> SysResult {
    let pgrp = Pid(from.read()?);
    require_own(nr)?;
    if pgrp.0 <= 0 {
        return Err(EINVAL);
    }
    let session = current().session.get();
    let known = tasks()
        .users()
        .any(|task| task.pgrp.get() == pgrp && task.session.get() == session);
    if !known {
        return Err(EPERM);
    }
    line.lock().pgrp = pgrp;
    Ok(0)
}

/// `TIOCSCTTY`: makes the terminal that of a session leader who has none.
fn take_terminal(line: &TtyLine, nr: usize) -> SysResult {
    let task = current();
    if task.tty.get() == nr as i32 {
        return Ok(0);
    }
    let tty = &mut *line.lock();
    if !task.leader.get() || task.tty.get() >= 0 || tty.session != Pid(0) {
        return Err(EPERM);
    }
    leader_open(tty);
    Ok(0)
}

/// `TIOCNOTTY`: gives up one's terminal; a session leader does so for the whole
/// session, which is told as by his death.
fn give_up_terminal(line: &TtyLine, nr: usize) -> SysResult {
    require_own(nr)?;
    let task = current();
    if task.leader.get() {
        let pgrp = line.lock().pgrp;
        leader_exit(nr);
        kill_pg(pgrp, SIGHUP);
        kill_pg(pgrp, SIGCONT);
        abandon_terminal();
    }
    task.tty.set(-1);
    Ok(0)
}

/// `TCXONC`: stops and starts output (0, 1) or asks the other side to (2, 3).
fn flow(line: &TtyLine, action: u32) -> SysResult {
    let tty = &mut *line.lock();
    match action {
        0 => line.stopped.set(true),
        1 => line.stopped.set(false),
        2 => line.raw.lock().urgent = tty.termios.c_cc[VSTOP],
        3 => line.raw.lock().urgent = tty.termios.c_cc[VSTART],
        _ => return Err(EINVAL),
    }
    copy_to_cooked(tty); // which also wakes those who wait for room
    Ok(0)
}

/// `TCFLSH`: 0 input, 1 output, 2 both.
fn flush(line: &TtyLine, queues: u32) -> SysResult {
    if queues > 2 {
        return Err(EINVAL);
    }
    if queues != 1 {
        flush_input(line);
    }
    if queues != 0 {
        flush_output(line);
    }
    Ok(0)
}

/// `TIOCSTI`: as if `c` had been typed. For one's own terminal, or root.
fn type_character(line: &TtyLine, nr: usize, from: UserAddr) -> SysResult {
    let c: u8 = from.read()?;
    if require_own(nr).is_err() {
        current().require_suser()?;
    }
    let tty = &mut *line.lock();
    line.raw.lock().read_q.put(c);
    copy_to_cooked(tty);
    Ok(0)
}

fn get_window_size(line: &TtyLine, nr: usize, to: UserAddr) -> SysResult {
    let mut size = line.lock().winsize;
    if console_of(nr).is_some() {
        (size.ws_row, size.ws_col) = screen_size();
    }
    to.write(&size)?;
    Ok(0)
}

/// Notes the size of a serial terminal's window and tells the foreground. The
/// screen's is what it is.
fn set_window_size(line: &TtyLine, nr: usize, from: UserAddr) -> SysResult {
    let size: WinSize = from.read()?;
    if console_of(nr).is_some() {
        return Err(EINVAL);
    }
    let tty = &mut *line.lock();
    let old = core::mem::replace(&mut tty.winsize, size);
    if (old.ws_row, old.ws_col) != (size.ws_row, size.ws_col) {
        kill_pg(tty.pgrp, SIGWINCH);
    }
    Ok(0)
}

/// `TIOCMGET`: the modem lines.
fn get_modem(line: &TtyLine, to: UserAddr) -> SysResult {
    let (mcr, msr) = modem_lines(serial_port(line)?);
    let lines = [
        (mcr & 0x01, TIOCM_DTR),
        (mcr & 0x02, TIOCM_RTS),
        (msr & 0x10, TIOCM_CTS),
        (msr & 0x20, TIOCM_DSR),
        (msr & 0x40, TIOCM_RNG),
        (msr & 0x80, TIOCM_CAR),
    ];
    let set = lines
        .iter()
        .filter(|(on, _)| *on != 0)
        .fold(0, |set, (_, bit)| set | bit);
    to.write(&set)?;
    Ok(0)
}

/// `TIOCMBIS`, `TIOCMBIC`, `TIOCMSET`: sets and clears DTR and RTS.
fn set_modem(line: &TtyLine, cmd: u32, from: UserAddr) -> SysResult {
    let port = serial_port(line)?;
    let bits: u32 = from.read()?;
    let lines = (bits & TIOCM_DTR != 0) as u8 | ((bits & TIOCM_RTS != 0) as u8) << 1;
    match cmd {
        TIOCMBIS => set_modem_control(port, lines, 0),
        TIOCMBIC => set_modem_control(port, 0, lines),
        _ => set_modem_control(port, lines, MCR_DTR_RTS),
    }
    Ok(0)
}

/// The port of a serial line that exists.
///
/// # Errors
/// `EINVAL` for the screen, `ENXIO` where there is no chip.
fn serial_port(line: &TtyLine) -> Result<u16, Errno> {
    let tty = line.lock();
    match tty.port {
        0 => Err(EINVAL),
        port if has_chip(&tty) => Ok(port),
        _ => Err(ENXIO),
    }
}

/// `TIOCSSOFTCAR`: shall the line count as connected without a carrier?
fn set_soft_carrier(line: &TtyLine, from: UserAddr) -> SysResult {
    let on: u32 = from.read()?;
    let cflag = &mut line.lock().termios.c_cflag;
    *cflag = if on != 0 {
        *cflag | CLOCAL
    } else {
        *cflag & !CLOCAL
    };
    Ok(0)
}

/// Executes command `cmd` on the terminal `dev` (0.11 `tty_ioctl`).
///
/// # Errors
/// `EINVAL` for an unknown command, `ENOTTY` for what concerns only one's own
/// terminal, `EPERM` for a foreign process group, `ENXIO`, `EFAULT`, `ENOMEM`,
/// `EINTR`.
pub fn tty_ioctl(dev: Dev, cmd: u32, arg: UserAddr) -> SysResult {
    let nr = if dev.major() == MAJOR_OWN_TTY {
        usize::try_from(current().tty.get()).map_err(|_| ENXIO)?
    } else {
        dev.minor() as usize
    };
    let line = line(nr)?;
    // POSIX wants it for TIOCSPGRP too; programs of 0.11's time do not know.
    if matches!(
        cmd,
        TCSETS | TCSETSW | TCSETSF | TCSETA | TCSETAW | TCSETAF | TCSBRK | TCXONC | TCFLSH
    ) {
        check_foreground(nr, SIGTTOU)?;
    }
    if matches!(cmd, TCSETSF | TCSETSW | TCSETAF | TCSETAW) {
        wait_until_sent(line)?;
    }
    if matches!(cmd, TCSETSF | TCSETAF) {
        flush_input(line);
    }
    match cmd {
        TCGETS => get_termios(line, arg),
        TCSETSF | TCSETSW | TCSETS => set_termios(line, arg),
        TCGETA => get_termio(line, arg),
        TCSETAF | TCSETAW | TCSETA => set_termio(line, arg),
        TCSBRK => {
            wait_until_sent(line)?;
            if arg.is_null() {
                send_break(line);
            }
            Ok(0)
        }
        TCXONC => flow(line, arg.0),
        TCFLSH => flush(line, arg.0),
        TIOCGPGRP => {
            let pgrp = line.lock().pgrp;
            arg.write(&pgrp.0).map(|()| 0)
        }
        TIOCSPGRP => set_pgrp(line, nr, arg),
        TIOCOUTQ => {
            let chars = line.lock().write_q.chars() + line.raw.lock().send_q.chars();
            let chars = chars as u32;
            arg.write(&chars).map(|()| 0)
        }
        TIOCINQ => {
            let chars = line.lock().secondary.chars() as u32;
            arg.write(&chars).map(|()| 0)
        }
        TIOCSCTTY => take_terminal(line, nr),
        TIOCNOTTY => give_up_terminal(line, nr),
        TIOCEXCL | TIOCNXCL => {
            line.lock().exclusive = cmd == TIOCEXCL;
            Ok(0)
        }
        TIOCSTI => type_character(line, nr, arg),
        TIOCGWINSZ => get_window_size(line, nr, arg),
        TIOCSWINSZ => set_window_size(line, nr, arg),
        TIOCMGET => get_modem(line, arg),
        TIOCMBIS | TIOCMBIC | TIOCMSET => set_modem(line, cmd, arg),
        TIOCGSOFTCAR => {
            let on = (line.lock().termios.c_cflag & CLOCAL != 0) as u32;
            arg.write(&on).map(|()| 0)
        }
        TIOCSSOFTCAR => set_soft_carrier(line, arg),
        _ => Err(EINVAL),
    }
}
