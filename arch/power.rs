//! Restart, halt, power off. Not in 0.11, which knows ctrl-alt-del alone.

use crate::arch::io::{inb, outb, outw};
use crate::arch::irq::{cli, halt_forever};
use crate::kernel::printk::printk;

/// Restarts the machine through the keyboard controller's reset line (0.11
/// `reboot` in `keyboard.S`), and if that fails by a triple fault.
pub fn restart() -> ! {
    cli();
    for _ in 0..0x1_0000 {
        if inb(0x64) & 2 == 0 {
            break;
        }
    }
    outb(0xfe, 0x64);
    for _ in 0..0x10_0000 {
        inb(0x80);
    }
    // SAFETY: with an empty IDT the next interrupt resets the CPU; nothing
    // runs after it.
    unsafe {
        core::arch::asm!("lidt [{}]", "int3", in(reg) &[0u32; 2], options(noreturn));
    }
}

/// Stops the CPU.
pub fn halt() -> ! {
    printk!("System halted. You may turn the power off.\n");
    halt_forever()
}

/// Ends the emulator where there is one: QEMU's ACPI port, Bochs's shutdown
/// port, QEMU's debug exit. Old PCs have no power switch in software, so there
/// this halts.
pub fn power_off() -> ! {
    outw(0x2000, 0x604);
    for byte in *b"Shutdown" {
        outb(byte, 0x8900);
    }
    outb(0, 0xf4);
    halt()
}
