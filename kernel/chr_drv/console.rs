//! The screen and its consoles (0.11's `kernel/chr_drv/console.c`; what a
//! console is and does, in `vc.rs`). 0.11 has one console; 0.12 has as many as
//! the adapter's memory holds, like this.

use crate::arch::boot::setup::boot_info;
use crate::arch::desc::{Stub, set_intr_gate};
use crate::arch::io::{inb_p, outb, outb_p};
use crate::arch::irq::without_interrupts;
use crate::kernel::bottom_half::{self, BhShared};
use crate::kernel::chr_drv::keyboard;
use crate::kernel::chr_drv::tty::Tty;
use crate::kernel::chr_drv::tty_io::{CONSOLE_TTYS, TTY_TABLE, console_of};
use crate::kernel::chr_drv::vc::{Adapter, Console, VideoType};
use crate::kernel::chr_drv::video::{self, VideoMemory};
use crate::kernel::sched::{HZ, add_timer};
use crate::kernel::shared::IrqCell;

/// Most consoles: as many as have a terminal.
const NR_CONSOLES: usize = CONSOLE_TTYS.len();
/// Cells of each console on an adapter with 32 KB.
const CELLS: u32 = Adapter::USUAL.memory.len() / NR_CONSOLES as u32;

/// The screen.
struct Screen {
    adapter: Adapter,
    consoles: [Console; NR_CONSOLES],
    /// The one that is shown.
    shown: usize,
}

static SCREEN: BhShared<Screen> = BhShared::new(
    &"the screen",
    Screen {
        adapter: Adapter::USUAL,
        consoles: [
            Console::new(0, CELLS),
            Console::new(CELLS, 2 * CELLS),
            Console::new(2 * CELLS, 3 * CELLS),
            Console::new(3 * CELLS, 4 * CELLS),
        ],
        shown: 0,
    },
);

/// How many consoles the adapter has memory for.
static COUNT: IrqCell<u32> = IrqCell::new(1);
/// The console that the keyboard is typed for; soon the one that is shown.
static FOREGROUND: IrqCell<u32> = IrqCell::new(0);

/// Is there memory for console `console`?
pub fn console_exists(console: usize) -> bool {
    console < COUNT.get() as usize
}

/// The terminal that the keyboard is typed for.
pub fn foreground_tty() -> usize {
    CONSOLE_TTYS[FOREGROUND.get() as usize]
}

/// Another console is to be shown, if it exists; for the keyboard's interrupt
/// handler. What is typed from now on is for that one.
pub fn want_console(console: usize) {
    if console_exists(console) {
        FOREGROUND.set(console as u32);
        bottom_half::mark(bottom_half::SWITCH);
    }
}

/// Shows the console that the keyboard is typed for (0.12 `change_console`).
pub fn change_console() {
    let screen = &mut *SCREEN.lock();
    let wanted = FOREGROUND.get() as usize;
    if wanted != screen.shown {
        screen.consoles[screen.shown].set_visible(false);
        screen.consoles[wanted].set_visible(true);
        screen.shown = wanted;
    }
}

/// Shows what is in the terminal's write queue (0.11 `con_write`).
pub fn con_write(tty: &mut Tty) {
    if tty.write_q.is_empty() || TTY_TABLE[tty.nr].stopped.get() {
        return;
    }
    let Some(console) = console_of(tty.nr) else {
        return;
    };
    let (len, bytes) = {
        let console = &mut SCREEN.lock().consoles[console];
        while let Some(c) = tty.write_q.get() {
            console.put(c);
        }
        console.set_cursor();
        let reply = &mut console.reply;
        (core::mem::take(&mut reply.len), reply.bytes)
    };
    if len > 0 {
        // Answers are input like what is typed.
        let raw = &mut *TTY_TABLE[tty.nr].raw.lock();
        bytes[..len].iter().for_each(|&c| raw.read_q.put(c));
        bottom_half::mark(bottom_half::tty(tty.nr));
    }
}

unsafe extern "C" {
    /// In `keyboard.S`.
    fn keyboard_interrupt();
}

/// Connects the keyboard and says in the upper right corner which adapter was
/// found (0.11 `con_init`).
pub fn con_init() {
    {
        let screen = SCREEN.lock();
        let name: &[u8; 4] = match screen.adapter.video_type {
            VideoType::EgaMono => b"EGAm",
            VideoType::Mda => b"*MDA",
            VideoType::EgaColour => b"EGAc",
            VideoType::Cga => b"*CGA",
        };
        screen.consoles[0].label(name);
    }
    if let Some(name) = boot_info().option("keyboard") {
        keyboard::choose_map(name);
    }
    keyboard::empty_controller();
    set_intr_gate(0x21, keyboard_interrupt as Stub);
    outb_p(inb_p(0x21) & 0xfd, 0x21);
    let a = inb_p(0x61);
    outb_p(a | 0x80, 0x61);
    outb(a, 0x61);
}

/// Is the speaker on?
static BEEPING: IrqCell<bool> = IrqCell::new(false);

/// Turns the speaker off (0.11 `sysbeepstop`): counter 2 is disconnected.
pub fn sysbeepstop() {
    without_interrupts(|| outb(inb_p(0x61) & 0xfc, 0x61));
    BEEPING.set(false);
}

/// 750 Hz for an eighth of a second (0.11 `sysbeep`). A beep during a beep is
/// not heard.
pub fn sysbeep() {
    if BEEPING.get() {
        return;
    }
    BEEPING.set(true);
    without_interrupts(|| outb_p(inb_p(0x61) | 3, 0x61));
    outb_p(0xb6, 0x43); // counter 2: square wave, two bytes follow
    outb_p(0x37, 0x42);
    outb(0x06, 0x42); // 1193180 Hz / 0x637
    if !add_timer(HZ / 8, sysbeepstop) {
        sysbeepstop();
    }
}

/// Finds out which adapter there is, from a copy of the BIOS data area (0.11
/// asks the BIOS in `boot/setup.s`, and looks at the answers in `con_init`).
/// Goes on where the boot loader's cursor is.
pub fn find_screen(bda: &[u8; 0x100]) {
    let mode = bda[0x49];
    // 0 where there is no EGA BIOS; but some fill it in on every machine.
    let ega = bda[0x87] != 0 && video::has_rom();
    let (video_type, memory) = match (mode == 7, ega) {
        (true, true) => (VideoType::EgaMono, VideoMemory::monochrome(32)),
        (true, false) => (VideoType::Mda, VideoMemory::monochrome(4)),
        (false, true) => (VideoType::EgaColour, VideoMemory::colour(32)),
        (false, false) => (VideoType::Cga, VideoMemory::colour(16)),
    };
    let columns = bda[0x4a] as u32;
    let lines = bda[0x84] as u32 + 1;
    let adapter = Adapter {
        video_type,
        memory,
        columns: if matches!(columns, 40 | 80 | 132) {
            columns
        } else {
            80
        },
        lines: if ega && (25..=60).contains(&lines) {
            lines
        } else {
            25
        },
        port: if mode == 7 { 0x3b4 } else { 0x3d4 },
    };
    video::IS_MONOCHROME.set(mode == 7);
    divide(adapter);
    let console = &mut SCREEN.lock().consoles[0];
    console.begin_at(bda[0x50] as u32, bda[0x51] as u32);
    console.set_visible(true);
}

/// Gives as many consoles as fit their parts of the adapter's memory, and
/// clears all but the first one's.
fn divide(adapter: Adapter) {
    let cells = adapter.memory.len();
    let count = (cells / (adapter.columns * adapter.lines)).clamp(1, NR_CONSOLES as u32);
    let part = cells / count;
    let screen = &mut *SCREEN.lock();
    screen.adapter = adapter;
    for (nr, console) in (0..count).zip(&mut screen.consoles) {
        console.set_adapter(adapter, nr * part, (nr + 1) * part);
        if nr > 0 {
            console.reset();
        }
    }
    COUNT.set(count);
}

/// Lines and columns of the screen.
pub fn screen_size() -> (u16, u16) {
    let adapter = SCREEN.lock().adapter;
    (adapter.lines as u16, adapter.columns as u16)
}

/// Prints a kernel message on the console that is shown.
pub fn print(text: &[u8]) {
    let Some(mut screen) = SCREEN.try_lock() else {
        return video::print_over(text);
    };
    let shown = screen.shown;
    screen.consoles[shown].print(text);
}
