//! The serial line, on a UART with a FIFO.

use crate::kernel::chr_drv::serial::{exists, note_settings};
use crate::kernel::chr_drv::termios::{BRKINT, CLOCAL, CREAD, HUPCL, IXOFF, Termios};
use crate::kernel::chr_drv::tty_io::{TTY_TABLE, tty_close, tty_open};
use crate::kernel::errno::EIO;
use crate::kernel::types::Pid;
use crate::machine::{Display, Machine};

/// Changes the settings of the first line.
fn set(change: impl FnOnce(&mut Termios)) {
    let tty = &mut *TTY_TABLE[1].lock();
    change(&mut tty.termios);
    note_settings(tty);
}

#[test]
fn finds_the_chip_that_is_there() {
    let _m = Machine::start();
    assert!(exists(0));
    assert!(!exists(1));
}

/// They share the interrupts of the first two. What is at the fourth one's address
/// may be no serial port.
#[test]
fn the_lines_that_are_not_used_are_quiet() {
    let m = Machine::start();
    assert_eq!(m.other_lines(), [0, 0x0f]);
    drop(m);
    let mut bda = Display::EgaColour.bda();
    (bda[6], bda[7]) = (0xe8, 0x02);
    let m = Machine::start_with(Display::EgaColour, bda);
    assert_eq!(m.other_lines(), [0, 0]);
}

#[test]
fn output_is_post_processed_and_sent_by_interrupt() {
    let m = Machine::start();
    m.write(1, b"one\ntwo\n");
    m.transmit_all();
    assert_eq!(m.sent(), b"one\r\ntwo\r\n");
    let text = [b'x'; 700];
    m.write(1, &text);
    assert!(
        m.sent().len() < text.len(),
        "the rest waits for the interrupt"
    );
    m.transmit_all();
    assert!(TTY_TABLE[1].lock().write_q.is_empty());
}

#[test]
fn input_is_echoed_and_read() {
    let m = Machine::start();
    m.receive(b"ls\r");
    m.transmit_all();
    assert_eq!(m.sent(), b"ls\r\n");
    assert_eq!(m.read(1, 10).as_deref(), Ok(&b"ls\n"[..]));
}

#[test]
fn xoff_stops_the_output_and_xon_goes_on() {
    let m = Machine::start();
    m.receive(b"\x13");
    m.write(1, b"abc");
    m.transmit_all();
    assert_eq!(m.sent(), b"");
    m.receive(b"\x11");
    m.transmit_all();
    assert_eq!(m.sent(), b"abc");
}

#[test]
fn interrupt_character_signals_the_foreground() {
    let m = Machine::start();
    m.receive(b"half a line\x03");
    assert_eq!(m.signals(), [(7, 2)]);
    assert!(m.read(1, 10).is_err(), "the line is gone");
}

#[test]
fn without_cread_nothing_is_received() {
    let m = Machine::start();
    set(|t| {
        t.c_cflag &= !CREAD;
        t.c_iflag |= BRKINT;
    });
    m.receive(b"abc\r");
    assert!(m.read(1, 10).is_err());
}

#[test]
fn a_line_without_a_chip_swallows_its_output() {
    let m = Machine::start();
    for _ in 0..100 {
        m.write(2, &[b'x'; 100]);
    }
    assert!(TTY_TABLE[2].lock().write_q.is_empty());
}

#[test]
fn input_that_no_one_reads_stays_in_the_chip() {
    let m = Machine::start();
    let text: Vec<u8> = (0..500)
        .flat_map(|n| format!("line {n}\n").into_bytes())
        .collect();
    m.receive(&text);
    m.receive_rest();
    let mut all = Vec::new();
    while let Ok(line) = m.read(1, 100) {
        all.extend(line);
        m.receive_rest();
    }
    assert_eq!(all.len(), text.len());
    assert_eq!(all, text);
}

#[test]
fn with_ixoff_the_other_side_is_asked_to_stop_and_to_go_on() {
    let m = Machine::start();
    set(|t| {
        t.c_iflag |= IXOFF;
        t.c_lflag = 0;
    });
    m.receive(&[b'x'; 1400]);
    m.receive_rest();
    m.transmit_all();
    assert_eq!(m.sent(), b"");
    m.receive(&[b'y'; 300]);
    m.receive_rest();
    m.transmit_all();
    assert_eq!(m.sent(), b"\x13", "asked once, before the queue is full");
    let mut all = 0;
    while let Ok(part) = m.read(1, 600) {
        all += part.len();
        m.transmit_all();
    }
    assert_eq!((all, m.sent()), (1700, b"\x11".to_vec()));
}

#[test]
fn a_lost_carrier_hangs_up() {
    let m = Machine::start();
    TTY_TABLE[1].lock().session = Pid(9);
    assert_eq!(tty_open(1, true), Ok(()));
    m.carrier(false);
    assert_eq!(m.signals(), [], "with CLOCAL it does not matter");
    set(|t| t.c_cflag &= !CLOCAL);
    m.receive(b"half a line");
    m.carrier(true);
    assert_eq!(m.signals(), []);
    m.carrier(false);
    assert_eq!(m.signals(), [(9, 1)], "SIGHUP");
    assert_eq!(m.read(1, 10).as_deref(), Ok(&b""[..]));
    let slice = crate::arch::segment::UserSlice::over(&mut [b'x']);
    let written = crate::kernel::chr_drv::tty_io::tty_write(1, slice);
    assert_eq!(written, Err(EIO));
    assert_eq!(tty_open(1, true), Ok(()));
    m.receive(b"anew\n");
    assert_eq!(m.read(1, 10).as_deref(), Ok(&b"anew\n"[..]));
    m.transmit_all();
    tty_close(1);
    tty_close(1);
}

#[test]
fn the_last_close_hangs_up() {
    let m = Machine::start();
    assert_eq!(tty_open(1, true), Ok(()));
    assert_eq!(tty_open(1, true), Ok(()));
    assert_eq!(m.modem_control(), 3);
    tty_close(1);
    assert_eq!(m.modem_control(), 3);
    tty_close(1);
    assert_eq!(m.modem_control(), 0);
    set(|t| t.c_cflag &= !HUPCL);
    assert_eq!(tty_open(1, true), Ok(()));
    tty_close(1);
    assert_eq!(m.modem_control(), 3);
}
