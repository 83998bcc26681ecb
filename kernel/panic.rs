//! The end (0.11 `kernel/panic.c`).
//!
//! Prints the reason, the task and a backtrace with names, on the screen and on
//! the first serial line, then stops. 0.11 writes the buffers back first
//! (`sys_sync`); a kernel that has just found itself broken leaves the disks as
//! they are.
//!
//! Everything that is read here is bounded: the chain of frames stays in one
//! page and only goes up, the symbol table is checked entry by entry, and a
//! panic within a panic prints one line and stops.

use crate::arch::boot::setup::try_boot_info;
use crate::arch::io::outb;
use crate::arch::irq::{cli, halt_forever};
use crate::arch::system::{frame_pointer, page_fault_address};
use crate::kernel::printk::{self, printk};
use crate::kernel::shared::IrqCell;
use crate::kernel::task::try_current;
use crate::kernel::traps::TrapFrame;
use core::cell::UnsafeCell;
use core::fmt::{self, Write};
use core::panic::PanicInfo;

/// Most frames of a backtrace.
const FRAMES_MAX: usize = 32;
/// QEMU's `isa-debug-exit` device: it ends the emulator with status
/// `value << 1 | 1`.
const DEBUG_EXIT_PORT: u16 = 0xf4;
/// What a panic writes there: exit status 255.
const DEBUG_EXIT_PANIC: u8 = 0x7f;

/// How many panics are under way.
static DEPTH: IrqCell<u32> = IrqCell::new(0);

/// Prints what is known and stops the machine (0.11 `panic`).
#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    cli();
    DEPTH.set(DEPTH.get() + 1);
    match DEPTH.get() {
        1 => report(info),
        2 => printk!("\nKernel panic within a panic: {}\n", info.message()),
        _ => {}
    }
    if try_boot_info().is_some_and(|info| info.flag("peep")) {
        outb(DEBUG_EXIT_PANIC, DEBUG_EXIT_PORT);
    }
    halt_forever()
}

fn report(info: &PanicInfo) {
    printk::log_at_once();
    printk!("\nKernel panic: {}\n", info.message());
    if let Some(place) = info.location() {
        // Paths are seen from the crate root, init/main.rs.
        let file = place.file().trim_start_matches("init/../");
        printk!("at {}:{}\n", file, place.line());
    }
    match try_current() {
        Some(task) => {
            task.with_name(|name| printk!("running: pid {}, {}\n", task.pid.get(), name));
        }
        None => printk!("running: start-up\n"),
    }
    printk!("backtrace:\n");
    backtrace(frame_pointer());
    printk!("The machine has stopped. Nothing was written back to the disks.\n");
}

/// Prints the registers of an interrupted program or kernel function (0.11
/// `die` in `kernel/traps.c`).
pub fn print_registers(frame: &TrapFrame) {
    let was_in_user_mode = frame.was_in_user_mode();
    if !was_in_user_mode {
        // A panic follows, which is to be seen whole on the serial line.
        printk::log_at_once();
        printk!("\n");
    }
    printk!("EIP:    {:04x}:{:08x}", frame.cs & 0xffff, frame.eip);
    if !was_in_user_mode {
        print_symbol(frame.eip);
    }
    printk!("\nEFLAGS: {:08x}", frame.eflags);
    if was_in_user_mode {
        printk!("  ESP: {:04x}:{:08x}", frame.ss & 0xffff, frame.esp);
    }
    printk!("  CR2: {:08x}\n", page_fault_address().0);
    printk!(
        "eax {:08x}  ebx {:08x}  ecx {:08x}  edx {:08x}\n",
        frame.eax,
        frame.ebx,
        frame.ecx,
        frame.edx
    );
    printk!(
        "esi {:08x}  edi {:08x}  ebp {:08x}  ds {:04x} es {:04x} fs {:04x}\n",
        frame.esi,
        frame.edi,
        frame.ebp,
        frame.ds & 0xffff,
        frame.es & 0xffff,
        frame.fs & 0xffff
    );
}

/// Prints the return addresses that the chain of saved frame pointers leads to.
/// The chain may end anywhere, in a program's ebp for one, so it is followed
/// only upwards and only within the page it starts in: every kernel stack fits
/// in one page.
fn backtrace(start: u32) {
    let page = start & !0xfff;
    let mut frame = start;
    for _ in 0..FRAMES_MAX {
        if frame & !0xfff != page || frame & 3 != 0 || frame & 0xfff > 0xff8 {
            break;
        }
        // SAFETY: both words are aligned and in the page that `start`, our own
        // frame pointer, is in: present, and read as plain numbers.
        let [next, address] = unsafe { (frame as *const [u32; 2]).read_volatile() };
        if address == 0 {
            break;
        }
        printk!("  {:08x}", address);
        // A call that never returns may be the last instruction of its
        // function: the return address is then the next function's.
        print_symbol(address.wrapping_sub(1));
        printk!("\n");
        if next <= frame {
            break;
        }
        frame = next;
    }
}

/// Prints the name of the function that `address` lies in, if it is known.
fn print_symbol(address: u32) {
    if let Some((start, name)) = find_symbol(address) {
        printk!("  {}+{:#x}", name, address - start);
    }
}

/// Bytes kept free for the symbol table.
const KSYMS_SIZE: usize = 8 * 1024;
/// "KSYM" in memory: the table has been filled in.
const KSYMS_MAGIC: u32 = 0x4d59_534b;
/// Where the table's pairs begin, and behind them its functions.
const KSYMS_PAIRS: usize = 8;
const KSYMS_FUNCTIONS: usize = KSYMS_PAIRS + 2 * 128;
/// Most characters of a name that are printed.
const NAME_MAX: usize = 60;
/// Deepest that pairs are made of pairs.
const PAIR_DEPTH: usize = 16;

#[repr(C, align(4))]
struct SymbolTable(UnsafeCell<[u8; KSYMS_SIZE]>);
// SAFETY: only read, once the kernel runs. The cell says that the bytes are not
// the ones that the compiler sees.
unsafe impl Sync for SymbolTable {}

/// The kernel's functions, which `xtask symbols` fills into the linked ELF. Empty
/// until then.
///
/// Magic and count, two 32-bit words; 128 pairs of bytes; then per function,
/// ascending, how far it lies behind the one before (seven bits to a byte, lowest
/// first, bit 7 set in all but the last) and its name, which ends in NUL. In a name
/// a byte from 128 on stands for the pair of that number less 128. So the table
/// takes a third of what the names alone would.
#[unsafe(link_section = ".ksyms")]
#[used]
static KSYMS: SymbolTable = SymbolTable(UnsafeCell::new([0; KSYMS_SIZE]));

/// The byte at `offset` in the table; 0 beyond its end.
fn ksyms_byte(offset: usize) -> u8 {
    if offset >= KSYMS_SIZE {
        return 0;
    }
    // SAFETY: inside `KSYMS`; volatile, because the linked file was edited.
    unsafe { KSYMS.0.get().cast::<u8>().add(offset).read_volatile() }
}

/// The 32-bit word at `offset` in the table; 0 beyond its end.
fn ksyms_word(offset: usize) -> u32 {
    u32::from_le_bytes([0, 1, 2, 3].map(|byte| ksyms_byte(offset + byte)))
}

/// A function's name: where in the table it begins.
struct SymbolName(usize);

impl fmt::Display for SymbolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut printed = 0;
        for at in self.0..KSYMS_SIZE {
            // What is still to be written, the next of it last.
            let mut codes = [ksyms_byte(at); PAIR_DEPTH];
            let mut left = 1;
            if codes[0] == 0 {
                break;
            }
            while left > 0 && printed < NAME_MAX {
                left -= 1;
                let code = codes[left];
                if code < 128 {
                    f.write_char(code as char)?;
                    printed += 1;
                } else if let Some(two) = codes.get_mut(left..left + 2) {
                    let pair = KSYMS_PAIRS + 2 * (code as usize - 128);
                    two.copy_from_slice(&[ksyms_byte(pair + 1), ksyms_byte(pair)]);
                    left += 2;
                }
            }
        }
        Ok(())
    }
}

/// The function that `address` lies in: where it starts, and its name.
fn find_symbol(address: u32) -> Option<(u32, SymbolName)> {
    if ksyms_word(0) != KSYMS_MAGIC {
        return None;
    }
    let mut found = None;
    let (mut start, mut at) = (0u32, KSYMS_FUNCTIONS);
    for _ in 0..ksyms_word(4) {
        for shift in (0..32).step_by(7) {
            let byte = ksyms_byte(at);
            at += 1;
            start = start.wrapping_add(u32::from(byte & 0x7f) << shift);
            if byte & 0x80 == 0 {
                break;
            }
        }
        if start > address || at >= KSYMS_SIZE {
            break;
        }
        found = Some((start, SymbolName(at)));
        while ksyms_byte(at) != 0 {
            at += 1;
        }
        at += 1;
    }
    found
}
