//! A PC without a CPU: a display adapter, a keyboard controller, one UART that is
//! used and two that are not.

use crate::kernel::chr_drv::console;
use crate::kernel::chr_drv::tty::{Raw, Tty};
use crate::kernel::chr_drv::tty_io::{TTY_TABLE, do_tty_interrupt, tty_init, tty_read, tty_write};
use crate::kernel::errno::Errno;
use crate::kernel::types::Pid;
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What the ports are connected to.
struct Devices {
    /// Codes that the keyboard has sent.
    keys: VecDeque<u8>,
    /// What the CPU has sent to the keyboard.
    to_keyboard: Vec<u8>,
    /// What is plugged in, its controller's registers and the chosen one.
    display: Display,
    crtc: [u8; 32],
    crtc_index: usize,
    /// The UART at 0x3f8: its registers, what it received and has sent.
    uart: [u8; 8],
    received: VecDeque<u8>,
    sent: Vec<u8>,
    /// How many of those are still on their way.
    in_fifo: u32,
    /// A modem status that the CPU has not read yet.
    modem_change: Option<u8>,
    /// The interrupt enable registers of COM3 and COM4.
    others: [u8; 2],
    /// The BIOS data area.
    bda: [u8; 0x100],
    /// Group and number of the signals sent.
    signals: Vec<(i32, u32)>,
}

static DEVICES: Mutex<Devices> = Mutex::new(Devices {
    keys: VecDeque::new(),
    to_keyboard: Vec::new(),
    display: Display::EgaColour,
    crtc: [0; 32],
    crtc_index: 0,
    uart: [0; 8],
    received: VecDeque::new(),
    sent: Vec::new(),
    in_fifo: 0,
    modem_change: None,
    others: [0; 2],
    bda: [0; 0x100],
    signals: Vec::new(),
});

/// A display adapter in 80 by 25 characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Display {
    Mda,
    Cga,
    EgaMono,
    EgaColour,
}

impl Display {
    /// Does it show green on black, at the addresses of the first PC's adapter?
    fn is_monochrome(self) -> bool {
        matches!(self, Display::Mda | Display::EgaMono)
    }

    /// Is it an EGA, or a VGA?
    fn is_ega(self) -> bool {
        matches!(self, Display::EgaMono | Display::EgaColour)
    }

    /// Cells of its memory.
    fn cells(self) -> u32 {
        match self {
            Display::Mda => 2048,
            Display::Cga => 8192,
            Display::EgaMono | Display::EgaColour => 16384,
        }
    }

    /// The BIOS data area that its BIOS leaves. An EGA's BIOS alone has a number of
    /// lines and a byte at 0x87.
    pub fn bda(self) -> [u8; 0x100] {
        let mut bda = [0; 0x100];
        (bda[0x49], bda[0x4a]) = (if self.is_monochrome() { 7 } else { 3 }, 80);
        if self.is_ega() {
            (bda[0x84], bda[0x87]) = (24, 0x60);
        }
        bda
    }
}

fn devices() -> MutexGuard<'static, Devices> {
    DEVICES.lock().unwrap_or_else(PoisonError::into_inner)
}

const UART: u16 = 0x3f8;
const DLAB: u8 = 0x80;

pub fn inb(port: u16) -> u8 {
    let mut d = devices();
    let dlab = d.uart[3] & DLAB != 0;
    match port {
        0x60 => d.keys.pop_front().unwrap_or(0),
        0x64 => !d.keys.is_empty() as u8,
        0x3b0..=0x3df => {
            d.check_display(port);
            // Of the first adapters' controller nothing else can be read.
            assert!(
                port & 15 == 5 && (14..=17).contains(&d.crtc_index),
                "register {} of {:?} is read at {port:#x}",
                d.crtc_index,
                d.display
            );
            d.crtc[d.crtc_index]
        }
        UART if !dlab => d.received.pop_front().unwrap_or(0),
        // A cause: data received, transmitter empty if that is wanted, none.
        0x3fa if !d.received.is_empty() && d.uart[1] & 1 != 0 => 0xc4,
        0x3fa if d.uart[1] & 2 != 0 && d.in_fifo == 0 => 0xc2,
        0x3fa if d.modem_change.is_some() => 0xc0,
        0x3fa => 0xc1,
        0x3fe => d.modem_change.take().unwrap_or(0x80),
        0x3fd if d.in_fifo == 0 => 0x60 | !d.received.is_empty() as u8,
        0x3fd => !d.received.is_empty() as u8,
        0x3f9 if dlab => 0,
        0x3f8..=0x3ff => d.uart[(port - UART) as usize],
        0x2f8..=0x2ff => 0xff,
        0x3e9 => d.others[0],
        0x2e9 => d.others[1],
        _ => 0,
    }
}

pub fn outb(value: u8, port: u16) {
    let mut d = devices();
    let dlab = d.uart[3] & DLAB != 0;
    match port {
        0x60 => d.to_keyboard.push(value),
        0x3b0..=0x3df => {
            d.check_display(port);
            let index = d.crtc_index;
            if port & 15 == 4 {
                d.crtc_index = value as usize & 31;
            } else {
                // What is shown, and the cursor's place. The timing is the BIOS's
                // business: a wrong one breaks old monitors.
                assert!((12..=15).contains(&index), "register {index} is set");
                d.crtc[index] = value;
            }
        }
        UART if !dlab => {
            d.sent.push(value);
            d.in_fifo += 1;
            assert!(d.in_fifo <= 16, "the FIFO was full");
        }
        0x3f9 if dlab => {}
        0x3f9 => d.uart[1] = value & 0x0f,
        0x3f8..=0x3ff => d.uart[(port - UART) as usize] = value,
        0x3e9 => d.others[0] = value & 0x0f,
        0x2e9 => d.others[1] = value & 0x0f,
        _ => {}
    }
}

impl Devices {
    /// A display adapter's port must be that of a register that this one has.
    fn check_display(&self, port: u16) {
        let base = if self.display.is_monochrome() {
            0x3b4
        } else {
            0x3d4
        };
        assert!(
            port == base || port == base + 1,
            "{:?} has no port {port:#x}",
            self.display
        );
    }
}

/// The BIOS data area.
pub fn bda() -> [u8; 0x100] {
    devices().bda
}

pub fn note_signal(pgrp: i32, sig: u32) {
    devices().signals.push((pgrp, sig));
}

/// What takes the place of `kernel/chr_drv/video.rs`: memory that is checked.
pub mod video {
    use crate::kernel::shared::IrqCell;
    use std::sync::atomic::{AtomicU16, Ordering::Relaxed};

    pub static ORIGIN: IrqCell<u32> = IrqCell::new(0);
    pub static IS_MONOCHROME: IrqCell<bool> = IrqCell::new(false);
    static CELLS: [AtomicU16; 16384] = [const { AtomicU16::new(0) }; 16384];

    #[derive(Clone, Copy)]
    pub struct VideoMemory {
        cells: u32,
        monochrome: bool,
    }

    impl VideoMemory {
        pub const fn colour(kb: u32) -> Self {
            VideoMemory {
                cells: kb * 512,
                monochrome: false,
            }
        }

        pub const fn monochrome(kb: u32) -> Self {
            VideoMemory {
                cells: kb * 512,
                monochrome: true,
            }
        }

        pub const fn len(self) -> u32 {
            self.cells
        }

        /// The real one ignores what is out of bounds; a test wants to know.
        fn cell(self, index: u32) -> &'static AtomicU16 {
            assert!(index < self.cells, "cell {index} of {}", self.cells);
            let display = super::devices().display;
            assert!(
                self.monochrome == display.is_monochrome() && index < display.cells(),
                "{display:?} has no memory there"
            );
            &CELLS[index as usize]
        }

        pub fn read(self, index: u32) -> u16 {
            self.cell(index).load(Relaxed)
        }

        pub fn write(self, index: u32, cell: u16) {
            self.cell(index).store(cell, Relaxed);
        }

        pub fn fill(self, start: u32, count: u32, cell: u16) {
            (start..start + count).for_each(|index| self.write(index, cell));
        }

        pub fn copy(self, from: u32, to: u32, count: u32) {
            let cells: Vec<u16> = (from..from + count).map(|at| self.read(at)).collect();
            (to..)
                .zip(cells)
                .for_each(|(at, cell)| self.write(at, cell));
        }
    }

    pub fn has_rom() -> bool {
        super::devices().display.is_ega()
    }

    pub fn print_over(text: &[u8]) {
        panic!("the screen was in use when this was printed: {text:?}");
    }

    pub fn cell(index: u32) -> u16 {
        CELLS[index as usize].load(Relaxed)
    }
}

unsafe extern "C" {
    // The kernel's handlers, which its assembly stubs call.
    safe fn do_keyboard();
    safe fn do_rs1();
}

// The stubs themselves: only their addresses are needed.
#[unsafe(no_mangle)]
extern "C" fn keyboard_interrupt() {}
#[unsafe(no_mangle)]
extern "C" fn rs1_interrupt() {}
#[unsafe(no_mangle)]
extern "C" fn rs2_interrupt() {}

/// The one machine, which one test at a time has.
pub struct Machine {
    _alone: MutexGuard<'static, ()>,
}

impl Machine {
    /// Switched on: a colour screen of 80 by 25, terminals as after start-up.
    pub fn start() -> Self {
        Self::start_with(Display::EgaColour, Display::EgaColour.bda())
    }

    /// The same with another display, and what the BIOS says.
    pub fn start_with(display: Display, bda: [u8; 0x100]) -> Self {
        let machine = Self::switch_on(display, bda);
        // The rest of an escape sequence, if a test has left one, then a reset.
        machine.show(b"\x18\x18\x1bc");
        let mut d = devices();
        d.sent.clear();
        d.signals.clear();
        d.to_keyboard.clear();
        drop(d);
        machine
    }

    /// As the system's own start-up leaves it; on the screen is what an earlier
    /// test has left, too.
    pub fn switch_on(display: Display, bda: [u8; 0x100]) -> Self {
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut d = devices();
            (d.display, d.bda) = (display, bda);
            d.others = [0x0f; 2];
            d.keys.clear();
            d.received.clear();
            d.uart = [0; 8];
            d.in_fifo = 0;
        }
        for line in &TTY_TABLE {
            *line.lock() = Tty::new();
            *line.raw.lock() = Raw::new();
            line.stopped.set(false);
        }
        console::find_screen(&bda);
        // The first console is shown.
        console::want_console(0);
        console::change_console();
        tty_init();
        TTY_TABLE.iter().for_each(|line| line.lock().pgrp = Pid(7));
        Machine { _alone: alone }
    }

    /// Writes to the screen as a program that wants nothing changed.
    pub fn show(&self, bytes: &[u8]) {
        let mut tty = TTY_TABLE[0].lock();
        let oflag = std::mem::take(&mut tty.termios.c_oflag);
        drop(tty);
        self.write(0, bytes);
        TTY_TABLE[0].lock().termios.c_oflag = oflag;
    }

    /// `write(2)` to a terminal; all of it must go at once.
    pub fn write(&self, tty: usize, bytes: &[u8]) {
        let mut bytes = bytes.to_vec();
        let len = bytes.len();
        let slice = crate::arch::segment::UserSlice::over(&mut bytes);
        assert_eq!(tty_write(tty, slice), Ok(len as i32));
    }

    /// `read(2)` from a terminal with room for `len` bytes.
    pub fn read(&self, tty: usize, len: usize) -> Result<Vec<u8>, Errno> {
        let mut bytes = vec![0; len];
        let slice = crate::arch::segment::UserSlice::over(&mut bytes);
        let count = tty_read(tty, slice, true)?;
        bytes.truncate(count as usize);
        Ok(bytes)
    }

    /// The keyboard sends these codes.
    pub fn keys(&self, codes: &[u8]) {
        for &code in codes {
            devices().keys.push_back(code);
            do_keyboard();
        }
    }

    /// Puts characters into the screen terminal's input, past the keyboard.
    pub fn type_text(&self, text: &[u8]) {
        for &c in text {
            TTY_TABLE[0].raw.lock().read_q.put(c);
            do_tty_interrupt(0);
        }
    }

    /// The carrier of the serial line comes or goes.
    pub fn carrier(&self, there: bool) {
        let change = if there { 0x80 } else { 0 } | 0x08;
        devices().modem_change = Some(change);
        do_rs1();
    }

    /// The interrupts that COM3 and COM4 may raise.
    pub fn other_lines(&self) -> [u8; 2] {
        devices().others
    }

    /// The lines that the CPU drives to the modem: DTR and RTS.
    pub fn modem_control(&self) -> u8 {
        devices().uart[4] & 3
    }

    /// The serial line receives these bytes.
    pub fn receive(&self, bytes: &[u8]) {
        devices().received.extend(bytes);
        do_rs1();
    }

    /// The UART's interrupts for as long as it holds input and may say so.
    pub fn receive_rest(&self) {
        while {
            let d = devices();
            !d.received.is_empty() && d.uart[1] & 1 != 0
        } {
            do_rs1();
        }
    }

    /// The UART's interrupts, until it has nothing more to send.
    pub fn transmit_all(&self) {
        while {
            let mut d = devices();
            d.in_fifo = 0;
            d.uart[1] & 2 != 0
        } {
            do_rs1();
        }
    }

    /// What the serial line has sent since the last call.
    pub fn sent(&self) -> Vec<u8> {
        std::mem::take(&mut devices().sent)
    }

    pub fn sent_to_keyboard(&self) -> Vec<u8> {
        std::mem::take(&mut devices().to_keyboard)
    }

    pub fn signals(&self) -> Vec<(i32, u32)> {
        std::mem::take(&mut devices().signals)
    }

    fn pair(&self, index: usize) -> u32 {
        let d = devices();
        (d.crtc[index] as u32) << 8 | d.crtc[index + 1] as u32
    }

    /// Column and line of the cursor, from 0.
    pub fn cursor(&self) -> (u32, u32) {
        let at = self.pair(14) - self.pair(12);
        (at % 80, at / 80)
    }

    /// The first cell that is shown.
    pub fn first_cell(&self) -> u32 {
        self.pair(12)
    }

    /// A line of the screen, from 0, without the spaces at its end.
    pub fn line(&self, y: u32) -> String {
        let first = self.pair(12) + 80 * y;
        let text: String = (first..first + 80)
            .map(|at| (video::cell(at) as u8) as char)
            .collect();
        text.trim_end().to_string()
    }

    /// The character in a cell of the screen, in the adapter's set.
    pub fn cell(&self, x: u32, y: u32) -> u8 {
        video::cell(self.pair(12) + 80 * y + x) as u8
    }

    /// The attribute of a cell of the screen.
    pub fn attr(&self, x: u32, y: u32) -> u8 {
        (video::cell(self.pair(12) + 80 * y + x) >> 8) as u8
    }
}
