//! Interrupt control (0.11 `cli()`, `sti()` in `include/asm/system.h`).

/// The interrupt flag in EFLAGS.
const IF: u32 = 0x200;

/// Reads EFLAGS.
#[inline(always)]
fn eflags() -> u32 {
    let flags: u32;
    // SAFETY: pushes and pops one word of our own stack.
    unsafe { core::arch::asm!("pushfd", "pop {}", out(reg) flags) };
    flags
}

/// Interrupts off. A compiler barrier: no access to memory moves across it.
#[inline(always)]
pub fn cli() {
    // SAFETY: ring 0 may execute `cli`; leaving interrupts off too long costs
    // time, not safety.
    unsafe { core::arch::asm!("cli", options(nostack)) }
}

/// Interrupts on. A compiler barrier like [`cli`].
#[inline(always)]
pub fn sti() {
    // SAFETY: ring 0 may execute `sti`. A handler that runs now finds every
    // structure it shares with other code whole: they are changed only while
    // an [`IrqGuard`] lives.
    unsafe { core::arch::asm!("sti", options(nostack)) }
}

/// Waits for the next interrupt with interrupts on, without a gap in which one
/// could be missed: `sti` takes effect after the instruction that follows it.
#[inline(always)]
pub fn sti_hlt() {
    // SAFETY: as for `sti`; `hlt` ends with the next interrupt.
    unsafe { core::arch::asm!("sti", "hlt", options(nostack)) }
}

/// Stops the machine for good.
pub fn halt_forever() -> ! {
    loop {
        cli();
        // SAFETY: ring 0 may execute `hlt`.
        unsafe { core::arch::asm!("hlt", options(nostack)) }
    }
}

/// Are interrupts on?
#[inline(always)]
pub fn interrupts_enabled() -> bool {
    eflags() & IF != 0
}

/// Interrupts are off while this lives; afterwards they are as before.
pub struct IrqGuard {
    were_on: bool,
}

/// Turns interrupts off until the guard is dropped.
#[inline(always)]
pub fn irq_save() -> IrqGuard {
    let were_on = interrupts_enabled();
    cli();
    IrqGuard { were_on }
}

impl Drop for IrqGuard {
    #[inline(always)]
    fn drop(&mut self) {
        if self.were_on {
            sti();
        }
    }
}

/// Runs `f` with interrupts off.
#[inline(always)]
pub fn without_interrupts<R>(f: impl FnOnce() -> R) -> R {
    let _guard = irq_save();
    f()
}

struct SingleCpu;
critical_section::set_impl!(SingleCpu);

// SAFETY: there is one CPU, and with interrupts off nothing else runs on it.
unsafe impl critical_section::Impl for SingleCpu {
    unsafe fn acquire() -> u32 {
        let flags = eflags();
        cli();
        flags
    }

    unsafe fn release(flags: u32) {
        if flags & IF != 0 {
            sti();
        }
    }
}
