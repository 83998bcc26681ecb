//! The time stamp counter, which came with the Pentium (Intel manual, volume 2,
//! CPUID and RDTSC). Not in 0.11. These are the only two instructions in the
//! kernel that an 80386 does not know; `xtask scan` allows them in these two
//! functions alone, and `exists` makes sure of the CPU before it comes to them.

/// EFLAGS bit 21: it can be changed where there is CPUID.
const ID: u32 = 1 << 21;
/// CPUID leaf 1, edx bit 4.
const HAS_TSC: u32 = 1 << 4;

/// Does this CPU count its clock cycles?
pub fn exists() -> bool {
    let changed: u32;
    // SAFETY: changes one flag that has no effect and puts the flags back.
    unsafe {
        core::arch::asm!("pushfd", "pop {old:e}", "mov {new:e}, {old:e}", "xor {new:e}, {id}",
            "push {new:e}", "popfd", "pushfd", "pop {new:e}", "push {old:e}", "popfd",
            "xor {new:e}, {old:e}",
            old = out(reg) _, new = out(reg) changed, id = const ID);
    }
    changed & ID != 0 && features() & HAS_TSC != 0
}

/// The CPU's features (CPUID leaf 1, edx). There must be CPUID.
#[inline(never)]
fn features() -> u32 {
    let (leaf, features): (u32, u32);
    // SAFETY: `exists` has made sure that the instruction is there; it changes
    // these four registers. Leaf 0 gives the highest leaf.
    unsafe {
        core::arch::asm!("xor eax, eax", "cpuid", out("eax") leaf, out("ebx") _, out("ecx") _, out("edx") _,
            options(nostack));
        if leaf == 0 {
            return 0;
        }
        core::arch::asm!("mov eax, 1", "cpuid", out("eax") _, out("ebx") _, out("ecx") _, out("edx") features,
            options(nostack));
    }
    features
}

/// The counter, low word and high word. Call it only where [`exists`] said so.
#[inline(never)]
pub fn read() -> [u32; 2] {
    let (low, high): (u32, u32);
    // SAFETY: the caller has asked `exists`; ring 0 may read it.
    unsafe {
        core::arch::asm!("rdtsc", out("eax") low, out("edx") high, options(nomem, nostack));
    }
    [low, high]
}
