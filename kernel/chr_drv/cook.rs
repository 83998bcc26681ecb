//! What a terminal does with a character that is typed or written: line
//! editing, signals, echo, output conversions (the middle of 0.11's
//! `kernel/chr_drv/tty_io.c`: `copy_to_cooked` and what it is made of).

use crate::kernel::chr_drv::termios::*;
use crate::kernel::chr_drv::tty::{TTY_BUF_SIZE, Tty};
use crate::kernel::chr_drv::tty_io::{TTY_TABLE, WAKEUP_CHARS};
use crate::kernel::exit::kill_pg;
use crate::kernel::signal::{SIGINT, SIGQUIT, SIGTSTP};

/// Room that a line's end keeps in `secondary`.
const LINE_END_ROOM: usize = 1;
/// The other side is asked to stop when more than this is received and not
/// cooked: it may not heed at once.
const STOP_CHARS: usize = TTY_BUF_SIZE / 2;

/// Sends `sig` to the processes in the foreground (0.11 `tty_intr`).
fn tty_intr(tty: &mut Tty, sig: u32) {
    if !tty.l_flag(NOFLSH) {
        TTY_TABLE[tty.nr].raw.lock().read_q.clear();
        tty.secondary.clear();
        if sig != SIGTSTP {
            flush_output(tty);
        }
    }
    kill_pg(tty.pgrp, sig);
}

/// Throws away what was written and not yet sent (0.11 `flush`).
pub fn flush_output(tty: &mut Tty) {
    tty.write_q.clear();
    TTY_TABLE[tty.nr].raw.lock().send_q.clear();
    TTY_TABLE[tty.nr].writers.wake_up();
}

// ANCHOR: copy_to_cooked
/// Moves what was typed from `read_q` to `secondary`, shows or sends what there
/// is to be shown or sent, and wakes those who can go on (0.11
/// `copy_to_cooked`).
pub fn copy_to_cooked(tty: &mut Tty) {
    let line = &TTY_TABLE[tty.nr];
    while has_room(tty) {
        let Some(c) = line.raw.lock().read_q.get() else {
            break;
        };
        cook(tty, c);
        write_before_full(tty);
    }
    if tty.port != 0 {
        ask_to_stop(tty);
    }
    tty.write();
    if tty.write_q.chars() <= WAKEUP_CHARS {
        line.writers.wake_up();
    }
    if is_readable(tty) {
        line.readers.wake_up();
    }
}
// ANCHOR_END: copy_to_cooked

/// Is there something that a program may read?
pub fn is_readable(tty: &Tty) -> bool {
    if tty.l_flag(ICANON) {
        tty.secondary.lines() > 0
    } else {
        !tty.secondary.is_empty()
    }
}

/// With IXOFF: asks the other side of a serial line to stop when much is
/// received that no one reads, and to go on when it is read. Not in 0.11.
fn ask_to_stop(tty: &mut Tty) {
    let mut raw = TTY_TABLE[tty.nr].raw.lock();
    let wanted = tty.i_flag(IXOFF);
    if wanted && !raw.asked_to_stop && raw.read_q.chars() > STOP_CHARS {
        raw.asked_to_stop = true;
        raw.urgent = tty.termios.c_cc[VSTOP];
    } else if raw.asked_to_stop && (!wanted || raw.read_q.is_empty()) {
        raw.asked_to_stop = false;
        raw.urgent = tty.termios.c_cc[VSTART];
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
        TTY_TABLE[tty.nr].stopped.set(false);
    } else if stop {
        TTY_TABLE[tty.nr].stopped.set(true);
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
    TTY_TABLE[tty.nr].stopped.set(false);
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
        write_before_full(tty);
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
        write_before_full(tty);
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
        write_before_full(tty);
        index += 1;
    }
}

/// Sends off what is in the write queue when that is half full: the echo of
/// what is done to a long line may be more than it holds.
fn write_before_full(tty: &mut Tty) {
    if tty.write_q.left() < TTY_BUF_SIZE / 2 {
        tty.write();
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
/// `OUTPUT_ROOM` characters at most.
pub fn post_process(tty: &mut Tty, c: u8) {
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
