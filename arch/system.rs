//! Control registers and the task switch (0.11 `include/asm/system.h`).

use crate::arch::desc::tss_selector;
use crate::kernel::types::{LinAddr, TaskNr};

/// Records the event with this number and these words in the trace, by way of
/// `record_event` in `kernel/asm.S`, which keeps all registers.
#[inline(always)]
pub fn record_event<const EVENT: u32>([a, b, c, d]: [u32; 4]) {
    // SAFETY: the function takes five words from the stack, which are dropped
    // afterwards, and changes no register but the flags.
    unsafe {
        core::arch::asm!("push {d}", "push {c}", "push {b}", "push {a}", "push {event}",
            "call record_event", "add esp, 20",
            event = const EVENT, a = in(reg) a, b = in(reg) b, c = in(reg) c, d = in(reg) d);
    }
}

/// Flushes the TLB by loading CR3, the page directory at 0
/// (0.11 `invalidate`). The 386 cannot flush a single entry.
#[inline(always)]
pub fn invalidate() {
    // SAFETY: CR3 is 0 from `setup_paging` on; loading it again only drops
    // cached translations.
    unsafe { core::arch::asm!("mov cr3, {}", in(reg) 0u32, options(nostack, preserves_flags)) }
}

/// The linear address of the last page fault (CR2).
#[inline(always)]
pub fn page_fault_address() -> LinAddr {
    let address: u32;
    // SAFETY: ring 0 may read CR2.
    unsafe {
        core::arch::asm!("mov {}, cr2", out(reg) address, options(nomem, nostack, preserves_flags))
    };
    LinAddr(address)
}

/// The frame pointer of the function that this is inlined into.
#[inline(always)]
pub fn frame_pointer() -> u32 {
    let ebp: u32;
    // SAFETY: copies a register.
    unsafe {
        core::arch::asm!("mov {}, ebp", out(reg) ebp, options(nomem, nostack, preserves_flags))
    };
    ebp
}

/// CR0 bit 2: there is no coprocessor, or it is not used.
const CR0_EM: u32 = 1 << 2;

/// Is there a coprocessor that programs use? `head.S` sets EM where there is none,
/// [`emulate_fpu`] where it is not to be used; no one clears it.
pub fn has_fpu() -> bool {
    let cr0: u32;
    // SAFETY: ring 0 may read CR0.
    unsafe {
        core::arch::asm!("mov {}, cr0", out(reg) cr0, options(nomem, nostack, preserves_flags))
    };
    cr0 & CR0_EM == 0
}

/// From now on every coprocessor instruction is exception 7: EM, and MP with TS
/// for `fwait`. Each switch of tasks sets TS, and where [`has_fpu`] is false no
/// one clears it.
pub fn emulate_fpu() {
    const MP_EM_TS: u32 = 0xe;
    // SAFETY: ring 0 may write CR0; these bits affect coprocessor instructions
    // only.
    unsafe {
        core::arch::asm!("mov {0}, cr0", "or {0}, {1}", "mov cr0, {0}",
            out(reg) _, const MP_EM_TS, options(nomem, nostack));
    }
}

/// Clears the task-switched flag: the coprocessor may be used.
#[inline(always)]
pub fn clts() {
    // SAFETY: ring 0 may execute `clts`.
    unsafe { core::arch::asm!("clts", options(nomem, nostack, preserves_flags)) }
}

/// Sets the task-switched flag: the next coprocessor instruction traps.
pub fn stts() {
    // SAFETY: ring 0 may write CR0; TS alone changes, which affects
    // coprocessor instructions only.
    unsafe {
        core::arch::asm!("mov {0}, cr0", "or {0}, 8", "mov cr0, {0}", out(reg) _, options(nomem, nostack));
    }
}

/// Saves the coprocessor's state to `area` and resets it.
///
/// # Safety
/// There is a coprocessor, TS is clear and `area` may be written.
pub unsafe fn fnsave(area: *mut [u32; 27]) {
    // SAFETY: the caller's promise; `fnsave` writes 108 bytes.
    unsafe { core::arch::asm!("fnsave [{}]", in(reg) area, options(nostack)) }
}

/// Loads the coprocessor's state from `area`.
///
/// # Safety
/// As for [`fnsave`]; `area` may be read.
pub unsafe fn frstor(area: *const [u32; 27]) {
    // SAFETY: the caller's promise; `frstor` reads 108 bytes.
    unsafe { core::arch::asm!("frstor [{}]", in(reg) area, options(nostack)) }
}

/// A fresh coprocessor, control word 0x37f (all exceptions masked).
///
/// # Safety
/// There is a coprocessor and TS is clear.
pub unsafe fn fninit() {
    // SAFETY: the caller's promise.
    unsafe { core::arch::asm!("fninit", options(nomem, nostack)) }
}

/// Drops pending coprocessor exceptions.
///
/// # Safety
/// There is a coprocessor and TS is clear.
pub unsafe fn fnclex() {
    // SAFETY: the caller's promise.
    unsafe { core::arch::asm!("fnclex", options(nomem, nostack)) }
}

/// Switches to the task in slot `nr` by a jump to its TSS and returns when
/// someone switches back.
///
/// # Safety
/// The slot's TSS is set up and is not the running task's.
#[inline(always)]
pub unsafe fn jump_to_task(nr: TaskNr) {
    #[repr(C)]
    struct FarPointer {
        offset: u32,
        selector: u32,
    }
    let target = FarPointer {
        offset: 0,
        selector: tss_selector(nr) as u32,
    };
    // SAFETY: the CPU saves all general and segment registers in our TSS and
    // loads them again on the way back; memory may have changed meanwhile,
    // which the missing `nomem` says.
    unsafe { core::arch::asm!("ljmp *({0})", in(reg) &target, options(att_syntax)) }
}

/// Calls `f` on the stack that ends at `top`. An interrupt handler may go on
/// there: the running task is not found by its stack.
///
/// # Safety
/// The words below `top` are no one else's until `f` returns, and as many as it
/// and the interrupts on top of it need.
pub unsafe fn call_on_stack(top: *mut u32, f: extern "C" fn()) {
    // SAFETY: the caller's promise; EDI survives the call, so our own stack is
    // back afterwards.
    unsafe {
        core::arch::asm!("mov edi, esp", "mov esp, {0}", "call {1}", "mov esp, edi",
            in(reg) top, in(reg) f, out("edi") _, clobber_abi("C"))
    };
}

/// The program's `gs`, which the kernel leaves alone.
pub fn user_gs() -> u32 {
    let gs: u32;
    // SAFETY: reads a segment register.
    unsafe {
        core::arch::asm!("mov {:e}, gs", out(reg) gs, options(nomem, nostack, preserves_flags))
    };
    gs & 0xffff
}

/// Loads `fs` and the program's `gs` with its data segment, so that the CPU sees
/// a descriptor that has changed.
pub fn load_user_segments() {
    // SAFETY: entry 2 of each task's LDT is a valid data segment; `fs` is used
    // for user memory alone, `gs` not at all.
    unsafe {
        core::arch::asm!("mov fs, {0:e}", "mov gs, {0:e}",
            in(reg) crate::arch::desc::USER_DS as u32, options(nostack, preserves_flags));
    }
}

/// Goes to ring 3 as task 0 (0.11's macro `move_to_user_mode`), forks, and
/// pauses for ever; the child, task 1, calls `init(argument)`.
///
/// All in one piece of assembly, because both tasks share this stack until one
/// writes to it, and task 0's pages are not copied on write: it must not touch
/// the stack any more.
///
/// # Safety
/// Everything is set up for tasks. `init` must be fit for ring 3: see
/// `lib/mod.rs`.
pub unsafe fn move_to_user_mode<T>(init: extern "C" fn(&T) -> !, argument: u32) -> ! {
    // SAFETY: the frame that `iret` takes leads to the label below in ring 3,
    // through task 0's code and data segments, which lie over the kernel's.
    unsafe {
        core::arch::asm!(
            "mov eax, esp",
            "push {user_ds}",
            "push eax",
            "pushfd",
            "push {user_cs}",
            "lea eax, [2f]",
            "push eax",
            "iretd",
            "2:",
            "mov eax, {user_ds}",
            "mov ds, eax",
            "mov es, eax",
            "mov fs, eax",
            "mov gs, eax",
            "mov eax, {fork}",
            "int 0x80",
            "test eax, eax",
            "jz 4f",
            "3:",
            "mov eax, {pause}",
            "int 0x80",
            "jmp 3b",
            "4:",
            "push ecx",
            "xor ebp, ebp",
            "call edx",
            "ud2",
            user_ds = const crate::arch::desc::USER_DS,
            user_cs = const crate::arch::desc::USER_CS,
            fork = const 2,
            pause = const 29,
            in("ecx") argument,
            in("edx") init,
            options(noreturn)
        )
    }
}
