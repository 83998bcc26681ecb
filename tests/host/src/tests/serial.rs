//! The serial line, on a UART with a FIFO.

use crate::kernel::chr_drv::serial::exists;
use crate::kernel::chr_drv::termios::{BRKINT, CREAD};
use crate::kernel::chr_drv::tty_io::TTY_TABLE;
use crate::machine::Machine;

#[test]
fn finds_the_chip_that_is_there() {
    let _m = Machine::start();
    assert!(exists(0));
    assert!(!exists(1));
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
    TTY_TABLE[1].lock().termios.c_cflag &= !CREAD;
    TTY_TABLE[1].lock().termios.c_iflag |= BRKINT;
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
