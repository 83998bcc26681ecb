//! Looks that only the tests take, through `/dev/peep`. Not in 0.11.

/// The word at `addr` of the kernel's data segment; `None` if the access
/// faults, because the segment ends before it or no page is there. The
/// exception table lets the kernel go on behind the instruction.
pub fn read_word(addr: u32) -> Option<u32> {
    let (value, done): (u32, u32);
    // SAFETY: only reads, and no Rust object through a reference; where it
    // faults, the handler finds the instruction in the table and goes on at
    // label 3, with `done` still 0.
    unsafe {
        core::arch::asm!(
            "xor {value:e}, {value:e}",
            "xor {done:e}, {done:e}",
            "2: mov {value:e}, [{addr:e}]",
            "inc {done:e}",
            "3:",
            ".pushsection __ex_table, \"a\"",
            ".long 2b, 3b",
            ".popsection",
            addr = in(reg) addr,
            value = out(reg) value,
            done = out(reg) done,
            options(nostack, readonly)
        );
    }
    (done != 0).then_some(value)
}

/// CR0 and CR3.
pub fn control_registers() -> [u32; 2] {
    let (cr0, cr3): (u32, u32);
    // SAFETY: ring 0 may read both.
    unsafe {
        core::arch::asm!("mov {}, cr0", "mov {}, cr3", out(reg) cr0, out(reg) cr3,
            options(nomem, nostack, preserves_flags));
    }
    [cr0, cr3]
}
