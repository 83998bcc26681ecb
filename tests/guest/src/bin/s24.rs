//! S24: the kernel's own data segment ends with slot 0; user slots are reached
//! through fs only.

#![no_std]
#![no_main]
use guest::prelude::*;

cases! { "S24"; descriptor_limits, lsl_from_ring_3, inside_is_readable, beyond_slot_0, beyond_memory }

/// Base 0, limit 64 MB, ring 0.
fn descriptor_limits() -> Outcome {
    let info = peep::info()?;
    for (words, access) in [(info.kernel_code, 0x9a), (info.kernel_data, 0x92)] {
        equal!(peep::base_and_limit(words), (0, peep::SLOT - 1));
        equal!(words[1] >> 8 & 0xfe, access);
        equal!(
            peep::read(info.gdt + if access == 0x9a { 8 } else { 16 })?[1] & !0x100,
            words[1] & !0x100
        );
    }
    Ok(())
}

/// Ring 3 cannot even ask for the limits of ring 0's segments.
fn lsl_from_ring_3() -> Outcome {
    for selector in [0x08u32, 0x10] {
        let zero: u32;
        // SAFETY: lsl only reads, and leaves ZF clear where it may not.
        unsafe {
            core::arch::asm!("xor {0:e}, {0:e}", "lsl {1:e}, {2:e}", "jnz 2f", "inc {0:e}", "2:",
                out(reg) zero, out(reg) _, in(reg) selector);
        }
        equal!(zero, 0, "lsl of {selector:#x} worked");
    }
    Ok(())
}

/// Below the end of memory the probe works: it reads what PEEP_READ reads.
fn inside_is_readable() -> Outcome {
    let info = peep::info()?;
    for address in [0x1000, info.gdt, info.last_main] {
        let probe = peep::probe(address)?;
        equal!(probe.faulted, 0, "at {address:#x}");
        equal!(probe.value, peep::read(address)?[0], "at {address:#x}");
    }
    Ok(())
}

/// A kernel access through ds to a page of this process, which lies beyond 64
/// MB and is present. Where the CPU checks limits (Bochs; the word `bochs` on
/// the command line) it faults; QEMU reads the page, so there the descriptors
/// above are all that can be seen.
fn beyond_slot_0() -> Outcome {
    area::fill(0, 0x37);
    let me = peep::me()?;
    check!(me.start_code >= peep::SLOT);
    let probe = peep::probe(me.start_code + area::address(0) as u32)?;
    if peep::flag("bochs") {
        equal!(probe.faulted, 1, "the kernel's ds reaches a user slot");
    } else if probe.faulted == 0 {
        equal!(probe.value, 0x3737_3737, "QEMU reads the page itself");
    }
    // The last word of slot 0 and the first behind it.
    let probe = peep::probe(peep::SLOT)?;
    if peep::flag("bochs") {
        equal!(probe.faulted, 1);
    }
    Ok(())
}

/// Linear addresses without a page fault in the kernel too, and it goes on.
fn beyond_memory() -> Outcome {
    for address in [0x7fff_fffc, 0xffff_fffc, 63 * peep::SLOT + 0x100_0000] {
        equal!(peep::probe(address)?.faulted, 1, "at {address:#x}");
    }
    Ok(())
}
