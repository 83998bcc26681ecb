//! The serial lines, 8250 and its successors (0.11 `kernel/chr_drv/serial.c`,
//! and the handlers of `rs_io.s`; National Semiconductor, PC16550D data sheet).

use crate::arch::boot::setup::boot_info;
use crate::arch::desc::{Stub, set_intr_gate};
use crate::arch::io::{inb, inb_p, outb, outb_p};
use crate::kernel::bottom_half;
use crate::kernel::chr_drv::termios::{BRKINT, CREAD, IGNBRK, VINTR};
use crate::kernel::chr_drv::tty::{Raw, SEND_SIZE, TTY_BUF_SIZE, Tty};
use crate::kernel::chr_drv::tty_io::TTY_TABLE;
use crate::kernel::shared::IrqCell;
use crate::kernel::trace;

/// When no more than this is left for the interrupts to send, they get more.
const REFILL_CHARS: usize = SEND_SIZE / 4;
/// Characters that are handed to the interrupts at once, with those off.
const HAND_OVER: usize = 32;

/// The ports of the two lines, 0.11's and every PC's.
pub const PORTS: [u16; 2] = [0x3f8, 0x2f8];
/// The third and fourth lines, which are not used.
const COM3: u16 = 0x3e8;
const COM4: u16 = 0x2e8;

// Registers, as offsets from the port.
const DATA: u16 = 0;
/// Interrupt enable.
const IER: u16 = 1;
/// Interrupt identification (read), FIFO control (write).
const IIR: u16 = 2;
const LCR: u16 = 3;
const MCR: u16 = 4;
const LSR: u16 = 5;
const MSR: u16 = 6;

/// Interrupts on received data, line status and modem status.
const IER_INPUT: u8 = 0x0d;
const IER_RECEIVED: u8 = 0x01;
const IER_TRANSMIT: u8 = 0x02;
/// Access to the divisor.
pub const LCR_DLAB: u8 = 0x80;
const LCR_BREAK: u8 = 0x40;
const LCR_8N1: u8 = 0x03;
pub const MCR_DTR_RTS: u8 = 0x03;
/// DTR, RTS and OUT2, which lets the interrupt through on a PC.
const MCR_ON: u8 = 0x0b;
const LSR_DATA: u8 = 0x01;
const LSR_BREAK: u8 = 0x10;
const LSR_TRANSMIT_EMPTY: u8 = 0x20;
const LSR_ALL_SENT: u8 = 0x40;
/// The carrier is there; it has changed.
const MSR_CARRIER: u8 = 0x80;
const MSR_CARRIER_CHANGED: u8 = 0x08;

/// Longest wait for room in the transmitter, in reads of the status register
/// of a microsecond or two: several characters at 300 bps.
const SEND_TRIES: u32 = 200_000;
/// Most causes served, and characters received for each, in one interrupt, so
/// that a broken port, or a fast one, does not keep the CPU.
const CAUSES_MAX: u32 = 6;
const RECEIVE_MAX: u32 = 16;
/// Characters that a 16550's FIFO takes.
const FIFO_SIZE: u8 = 16;
/// The divisor of 9600 bps.
const DIVISOR_9600: u16 = 12;

/// Characters that each line's transmitter takes at once; 0: no such port.
static ROOM: [IrqCell<u8>; 2] = [const { IrqCell::new(0) }; 2];

/// Is there a chip? Its interrupt enable register keeps four bits. Afterwards they
/// are off.
fn is_present(port: u16) -> bool {
    outb_p(0x00, port + IER);
    let cleared = inb_p(port + IER);
    outb_p(0x0f, port + IER);
    let set = inb_p(port + IER);
    outb_p(0x00, port + IER);
    cleared == 0 && set == 0x0f
}

/// Sets a line's speed by the divisor of 115200 bps.
pub fn set_divisor(port: u16, divisor: u16) {
    let lcr = inb_p(port + LCR);
    outb_p(lcr | LCR_DLAB, port + LCR);
    outb_p(divisor as u8, port + DATA);
    outb_p((divisor >> 8) as u8, port + IER);
    outb_p(lcr, port + LCR);
}

/// Sets the form of a character: length, parity, stop bits.
pub fn set_line_control(port: u16, lcr: u8) {
    outb_p(lcr & !LCR_DLAB, port + LCR);
}

/// Sets some modem control lines and clears others.
pub fn set_modem_control(port: u16, set: u8, clear: u8) {
    outb_p(inb_p(port + MCR) & !clear | set, port + MCR);
}

/// The modem control and modem status registers.
pub fn modem_lines(port: u16) -> (u8, u8) {
    (inb_p(port + MCR), inb_p(port + MSR))
}

/// Begins or ends a break.
pub fn set_break(port: u16, on: bool) {
    let lcr = inb_p(port + LCR) & !LCR_BREAK;
    outb_p(if on { lcr | LCR_BREAK } else { lcr }, port + LCR);
}

/// Has the last bit left the chip?
pub fn all_sent(tty: &Tty) -> bool {
    !has_chip(tty) || inb_p(tty.port + LSR) & LSR_ALL_SENT != 0
}

/// Is it a serial line with a chip?
pub fn has_chip(tty: &Tty) -> bool {
    tty.port != 0 && exists(tty.nr - 1)
}

/// Tells the other side that we are there.
pub fn raise_lines(tty: &Tty) {
    if has_chip(tty) {
        set_modem_control(tty.port, MCR_DTR_RTS, 0);
    }
}

/// Tells the other side that we have gone: a modem hangs up.
pub fn drop_lines(tty: &Tty) {
    if has_chip(tty) {
        set_modem_control(tty.port, 0, MCR_DTR_RTS);
    }
}

/// Tells the interrupt handlers what they have to know of the settings.
pub fn note_settings(tty: &Tty) {
    let raw = &mut *TTY_TABLE[tty.nr].raw.lock();
    raw.receives = tty.termios.c_cflag & CREAD != 0;
    raw.on_break = if tty.i_flag(IGNBRK) {
        None
    } else if tty.i_flag(BRKINT) {
        Some(tty.termios.c_cc[VINTR])
    } else {
        Some(0)
    };
}

/// Does line `nr` (0 or 1) exist?
pub fn exists(nr: usize) -> bool {
    ROOM[nr].get() != 0
}

/// Sets up one port (0.11 `init`). Without a chip it does nothing.
fn init(line: usize) {
    let port = PORTS[line];
    if !is_present(port) {
        return;
    }
    outb_p(0x07, port + IIR); // FIFO on and empty, interrupt at one character
    let fifo = inb_p(port + IIR) & 0xc0 == 0xc0;
    if !fifo {
        outb_p(0, port + IIR); // a 16550 whose FIFO does not work, or none
    }
    set_line_control(port, LCR_8N1);
    set_divisor(port, DIVISOR_9600);
    outb_p(MCR_ON, port + MCR);
    for register in [DATA, IIR, LSR, MSR] {
        inb_p(port + register); // whatever was pending
    }
    ROOM[line].set(if fifo { FIFO_SIZE } else { 1 });
}

unsafe extern "C" {
    /// In `rs_io.S`.
    fn rs1_interrupt();
    fn rs2_interrupt();
}

/// Turns the interrupts of the lines off that are not used: the third shares the
/// first one's, the fourth the second one's, and held by one it would not come
/// from the other. The fourth one's address is also that of some graphics adapters
/// (8514/A): it is written to only where the BIOS has found a serial port. Not in
/// 0.11.
fn quieten_others() {
    is_present(COM3);
    let ports = boot_info().bda[..8].as_chunks::<2>().0;
    if ports.iter().any(|port| u16::from_le_bytes(*port) == COM4) {
        is_present(COM4);
    }
}

/// Sets up the serial lines and lets their interrupts through (0.11 `rs_init`).
pub fn rs_init() {
    set_intr_gate(0x24, rs1_interrupt as Stub);
    set_intr_gate(0x23, rs2_interrupt as Stub);
    quieten_others();
    for (line, port) in PORTS.into_iter().enumerate() {
        if trace::uses_line(line) {
            continue;
        }
        init(line);
        if exists(line) {
            outb_p(IER_INPUT, port + IER);
            let irq_mask = if line == 0 { 0x10 } else { 0x08 };
            outb(inb_p(0x21) & !irq_mask, 0x21);
        }
    }
}

/// A serial line as its interrupt handler sees it.
struct Line<'a> {
    raw: &'a mut Raw,
    port: u16,
    /// Its terminal's number.
    nr: usize,
}

/// Starts sending what `tty_write` has put into the write queue (0.11
/// `rs_write`). The first characters go out here, not on the interrupt that
/// enabling it should cause: some old chips do not deliver that one.
pub fn rs_write(tty: &mut Tty) {
    if !has_chip(tty) {
        // Nobody will ever take it: as if it had been sent.
        tty.write_q.clear();
        return;
    }
    loop {
        let raw = &mut *TTY_TABLE[tty.nr].raw.lock();
        for _ in 0..HAND_OVER.min(raw.send_q.left()) {
            match tty.write_q.get() {
                Some(c) => raw.send_q.put(c),
                None => break,
            }
        }
        let mut line = Line {
            raw,
            port: tty.port,
            nr: tty.nr,
        };
        line.go_on();
        if tty.write_q.is_empty() || line.raw.send_q.is_full() {
            return;
        }
    }
}

impl Line<'_> {
    /// Is there anything that may be sent?
    fn has_output(&self) -> bool {
        self.raw.urgent != 0 || !self.raw.send_q.is_empty() && !TTY_TABLE[self.nr].stopped.get()
    }

    /// Enables the interrupts that the line needs now.
    fn set_interrupts(&self) {
        let mut enabled = IER_INPUT;
        if self.raw.throttled {
            enabled &= !IER_RECEIVED;
        }
        if self.has_output() {
            enabled |= IER_TRANSMIT;
        }
        outb(enabled, self.port + IER);
    }

    /// Receives again when there is room, sends when there is something.
    fn go_on(&mut self) {
        if self.raw.throttled && self.raw.read_q.left() >= TTY_BUF_SIZE / 2 {
            self.raw.throttled = false;
            self.set_interrupts();
        }
        if !self.has_output() {
            return;
        }
        if inb(self.port + LSR) & LSR_TRANSMIT_EMPTY != 0 {
            self.transmit();
        } else {
            self.set_interrupts();
        }
    }

    /// Sends as much as the chip takes; the transmitter is empty.
    fn transmit(&mut self) {
        for _ in 0..ROOM[self.nr - 1].get() {
            if !self.has_output() {
                break;
            }
            let c = match core::mem::take(&mut self.raw.urgent) {
                0 => self.raw.send_q.get().unwrap_or(0),
                urgent => urgent,
            };
            outb(c, self.port + DATA);
        }
        self.set_interrupts();
        if self.raw.send_q.chars() <= REFILL_CHARS {
            bottom_half::mark(bottom_half::tty(self.nr));
        }
    }

    /// Takes what was received; `status` is the line status just read. When
    /// the queue is full the rest stays in the chip until `rs_write` finds
    /// room: an emulator then holds back what is pasted, where 0.11 loses it.
    fn receive(&mut self, mut status: u8) {
        for _ in 0..RECEIVE_MAX {
            if self.raw.read_q.is_full() {
                self.raw.throttled = true;
                return self.set_interrupts();
            }
            if status & LSR_BREAK != 0 {
                // The line was held low.
                inb(self.port + DATA);
                if let Some(c) = self.raw.on_break {
                    self.raw.read_q.put(c);
                }
            } else if status & LSR_DATA != 0 {
                let c = inb(self.port + DATA);
                if self.raw.receives {
                    self.raw.read_q.put(c);
                }
            } else {
                break;
            }
            status = inb(self.port + LSR);
        }
    }

    /// Serves the most urgent cause of an interrupt; `false` if there is none.
    fn serve_cause(&mut self) -> bool {
        let cause = inb(self.port + IIR);
        if cause & 1 != 0 {
            return false;
        }
        match cause >> 1 & 7 {
            0 => {
                let status = inb(self.port + MSR);
                if status & (MSR_CARRIER | MSR_CARRIER_CHANGED) == MSR_CARRIER_CHANGED {
                    self.raw.carrier_lost = true;
                }
            }
            1 => self.transmit(),
            _ => {
                let status = inb(self.port + LSR);
                self.receive(status);
            }
        }
        true
    }
}

/// The interrupt handler of line `line`: serves causes until none is pending,
/// as the 8259 sees edges only (0.11 `rs_int`).
fn do_rs(line: usize) {
    let nr = line + 1;
    let port = PORTS[line];
    outb(0x20, 0x20);
    if !exists(line) {
        return;
    }
    {
        let raw = &mut *TTY_TABLE[nr].raw.lock();
        let mut line = Line { raw, port, nr };
        let served = (0..CAUSES_MAX).any(|_| !line.serve_cause());
        if !served {
            // Still pending: a new edge, so that the 8259 asks again.
            let enabled = inb_p(port + IER);
            outb_p(0, port + IER);
            outb_p(enabled, port + IER);
        }
        if !line.raw.read_q.is_empty() || line.raw.carrier_lost {
            bottom_half::mark(bottom_half::tty(nr));
        }
    }
    bottom_half::run_after_interrupt();
}

/// Called by `rs1_interrupt`.
#[unsafe(no_mangle)]
extern "C" fn do_rs1() {
    do_rs(0);
}

/// Called by `rs2_interrupt`.
#[unsafe(no_mangle)]
extern "C" fn do_rs2() {
    do_rs(1);
}

/// Makes the first line ready for [`print`]; `false` if there is none. Not in
/// 0.11.
pub fn prepare_log() -> bool {
    if !exists(0) {
        init(0);
    }
    exists(0)
}

/// Sends a kernel message on the first line, waiting for the chip, not for an
/// interrupt. Not in 0.11.
pub fn print(text: &[u8]) {
    for &c in text {
        if c == b'\n' {
            send_polled(PORTS[0], b'\r');
        }
        send_polled(PORTS[0], c);
    }
}

/// Sets the second line up for [`send_raw`], at 115200 bps; `false` if there is
/// none. Not in 0.11.
pub fn prepare_trace() -> bool {
    init(1);
    let there = exists(1);
    if there {
        set_divisor(PORTS[1], 1);
    }
    ROOM[1].set(0); // it is no terminal
    there
}

/// Sends bytes on the second line as they are, waiting for the chip. Not in 0.11.
pub fn send_raw(bytes: &[u8]) {
    bytes.iter().for_each(|&c| send_polled(PORTS[1], c));
}

fn send_polled(port: u16, c: u8) {
    let ready = (0..SEND_TRIES).any(|_| inb_p(port + LSR) & LSR_TRANSMIT_EMPTY != 0);
    if ready {
        outb(c, port + DATA);
    }
}
