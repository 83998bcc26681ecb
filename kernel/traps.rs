//! Exceptions (0.11 `kernel/traps.c`), and the trap frame that every entry to
//! the kernel leaves on the stack.

use crate::arch::desc::{
    Stub, Tss, set_double_fault_gate, set_double_fault_tss, set_intr_gate, set_system_gate,
    set_trap_gate,
};
use crate::arch::io::{inb_p, outb, outb_p};
use crate::arch::system::has_fpu;
use crate::kernel::math::{math_emulate, math_error};
use crate::kernel::panic::print_registers;
use crate::kernel::printk::printk;
use crate::kernel::sched::{math_clear_exceptions, math_state_restore};
use crate::kernel::shared::Shared;
use crate::kernel::signal::{SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};
use crate::kernel::task::{current, try_current};
use crate::kernel::trace::{self, abi::Event};
use crate::kernel::types::LinAddr;

/// In `TrapFrame::eflags`: the trap flag.
const TF: u32 = 0x100;

/// In `TrapFrame::orig_eax`: it was not a system call.
pub const NO_CALL: u32 = u32::MAX;

/// The registers of whatever was interrupted, as `SAVE_ALL` (arch/entry.h) and
/// the CPU leave them on the kernel stack.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct TrapFrame {
    pub ebx: u32,
    pub ecx: u32,
    pub edx: u32,
    pub esi: u32,
    pub edi: u32,
    pub ebp: u32,
    pub eax: u32,
    pub ds: u32,
    pub es: u32,
    pub fs: u32,
    /// The number of the system call, the error code of an exception, or -1.
    pub orig_eax: u32,
    pub eip: u32,
    pub cs: u32,
    pub eflags: u32,
    /// Only there if it was ring 3 that was interrupted, like `ss`.
    pub esp: u32,
    pub ss: u32,
}

impl TrapFrame {
    /// Was it ring 3 that was interrupted?
    #[inline(always)]
    pub fn was_in_user_mode(&self) -> bool {
        self.cs & 3 != 0
    }

    /// Is a trap due after the next instruction (the trap flag)?
    pub fn is_stepping(&self) -> bool {
        self.eflags & TF != 0
    }

    /// Were interrupts on?
    #[inline(always)]
    pub fn interrupts_were_on(&self) -> bool {
        self.eflags & 0x200 != 0
    }

    /// The kernel itself has done something wrong (0.11 `die`): the end.
    pub fn die_in_kernel(&self, what: &str, address: Option<LinAddr>) -> ! {
        print_registers(self);
        match address {
            Some(address) => panic!(
                "{what} in the kernel at {:#x}, address {:#x}",
                self.eip, address.0
            ),
            None => panic!(
                "{what} in the kernel at {:#x}, error {:#x}",
                self.eip, self.orig_eax
            ),
        }
    }
}

/// An instruction of the kernel that may fault, and where it goes on then.
#[repr(C)]
struct FixUp {
    instruction: u32,
    go_on: u32,
}

unsafe extern "C" {
    static __start___ex_table: [FixUp; 0];
    static __stop___ex_table: [FixUp; 0];
}

/// Does the kernel expect a fault at this instruction? Then lets it go on where
/// the table says.
pub fn fix_up(frame: &mut TrapFrame) -> bool {
    // SAFETY: the linker script puts the symbols around the table, which holds
    // pairs of words and nothing else.
    let table = unsafe {
        let start = (&raw const __start___ex_table).cast::<FixUp>();
        let stop = (&raw const __stop___ex_table).cast::<FixUp>();
        core::slice::from_raw_parts(start, stop.offset_from_unsigned(start))
    };
    match table.iter().find(|entry| entry.instruction == frame.eip) {
        Some(entry) => {
            frame.eip = entry.go_on;
            true
        }
        None => false,
    }
}

/// An exception that a program caused becomes a signal; one of the kernel's own
/// is the end, unless it was expected.
///
/// Erratum `faults-2`.
fn fault(frame: &mut TrapFrame, signal: u32, what: &str) {
    if frame.was_in_user_mode() {
        frame.orig_eax = NO_CALL;
        current().raise_fault(signal);
    } else if !fix_up(frame) {
        frame.die_in_kernel(what, None);
    }
}

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident, $signal:expr, $what:literal;)*) => {$(
        $(#[$doc])*
        #[unsafe(no_mangle)]
        extern "C" fn $name(frame: &mut TrapFrame) {
            fault(frame, $signal, $what);
        }
    )*};
}

/// The double fault's own task: its TSS and stack.
static DOUBLE_FAULT: Shared<Tss> = Shared::new(&"the double-fault task", Tss::new());
static DOUBLE_FAULT_STACK: Shared<[u32; 512]> = Shared::anonymous([0; 512]);

/// Exception 8, in a task of its own (0.11 `do_double_fault`): the kernel's
/// stack is gone, as a rule. The registers are those that the CPU saved in the
/// running task's TSS.
#[unsafe(no_mangle)]
extern "C" fn do_double_fault() -> ! {
    let Some(task) = try_current() else {
        panic!("double fault before the first task");
    };
    let tss = task.tss.get();
    // SAFETY: the CPU has saved the registers there and the task does not run.
    let (eip, esp, ebp, eflags) = unsafe { ((*tss).eip, (*tss).esp, (*tss).ebp, (*tss).eflags) };
    printk!("double fault: eip {eip:#x} esp {esp:#x} ebp {ebp:#x} eflags {eflags:#x}\n");
    let page = &raw const *task as u32;
    if esp.wrapping_sub(page) < size_of::<crate::kernel::task::Task>() as u32 + 64 {
        panic!("kernel stack overflow in process {}", task.pid.get());
    }
    panic!("double fault in process {}", task.pid.get());
}

faults! {
    /// 0.11 `do_general_protection`.
    do_general_protection, SIGSEGV, "general protection fault";
    /// 0.11 `do_divide_error`.
    do_divide_error, SIGFPE, "divide error";
    /// What a debugger waits for (0.11 `do_int3`, which prints the registers).
    do_int3, SIGTRAP, "breakpoint";
}

/// Exception 2 (0.11 `do_nmi`): memory parity, or a button. The machine is not
/// to be trusted.
#[unsafe(no_mangle)]
extern "C" fn do_nmi(frame: &mut TrapFrame) {
    frame.die_in_kernel("non-maskable interrupt (memory parity?)", None);
}

/// Exception 1 (0.11 `do_debug`): the trap flag, or a debug register. In the
/// kernel it is the first instruction of a program that set the flag and made a
/// call.
#[unsafe(no_mangle)]
pub extern "C" fn do_debug(frame: &mut TrapFrame) {
    frame.eflags &= !TF;
    if frame.was_in_user_mode() {
        current().raise(SIGTRAP);
    }
}

faults! {
    /// 0.11 `do_overflow`.
    do_overflow, SIGSEGV, "overflow";
    /// 0.11 `do_bounds`.
    do_bounds, SIGSEGV, "bounds";
    /// 0.11 `do_invalid_op`.
    do_invalid_op, SIGILL, "invalid opcode";
    /// 0.11 `do_coprocessor_segment_overrun`.
    do_coprocessor_segment_overrun, SIGFPE, "coprocessor segment overrun";
    /// 0.11 `do_segment_not_present`.
    do_segment_not_present, SIGBUS, "segment not present";
    /// 0.11 `do_stack_segment`.
    do_stack_segment, SIGBUS, "stack segment";
    do_alignment_check, SIGSEGV, "alignment check";
    /// 0.11 `do_reserved`.
    do_reserved, SIGSEGV, "reserved exception";
}

/// Exception 10 (0.11 `do_invalid_TSS`). A program that sets NT and executes
/// `iret` gets here: the CPU looks for a task to return to and finds none.
///
/// Erratum `faults-1`.
#[unsafe(no_mangle)]
extern "C" fn do_invalid_TSS(frame: &mut TrapFrame) {
    const NT: u32 = 0x4000;
    if frame.was_in_user_mode() {
        frame.eflags &= !NT;
    }
    fault(frame, SIGSEGV, "invalid TSS");
}

/// The program cannot go on where it should, beyond the end of its code segment.
/// Not in 0.11, where the fault of the `iret` kills the process in the middle of
/// the kernel.
#[unsafe(no_mangle)]
extern "C" fn do_bad_iret(_frame: &mut TrapFrame) {
    current().raise_fault(SIGSEGV);
}

// ANCHOR: do_device_not_available
/// Exception 7 (0.11 `do_device_not_available`): a coprocessor instruction of a
/// task that does not have it, or on a machine without one.
#[unsafe(no_mangle)]
extern "C" fn do_device_not_available(frame: &mut TrapFrame) {
    if !frame.was_in_user_mode() {
        frame.die_in_kernel("coprocessor instruction", None);
    }
    if has_fpu() {
        math_state_restore();
    } else {
        math_emulate(frame);
    }
}
// ANCHOR_END: do_device_not_available

/// Exception 16 or interrupt 13 (0.11 `do_coprocessor_error`): an unmasked
/// coprocessor exception (0.11 `math_error`).
#[unsafe(no_mangle)]
extern "C" fn do_coprocessor_error(_frame: &mut TrapFrame) {
    if has_fpu() {
        math_clear_exceptions();
    }
    math_error();
}

unsafe extern "C" {
    fn divide_error();
    fn debug();
    fn nmi();
    fn int3();
    fn overflow();
    fn bounds();
    fn invalid_op();
    fn device_not_available();
    fn double_fault();
    fn coprocessor_segment_overrun();
    fn invalid_TSS();
    fn segment_not_present();
    fn stack_segment();
    fn general_protection();
    fn page_fault();
    fn page_fault_traced();
    fn coprocessor_error();
    fn alignment_check();
    fn reserved();
    fn irq13();
    fn parallel_interrupt();
    fn spurious_interrupt_slave();
}

/// Sets the gates for all exceptions (0.11 `trap_init`). Ring 3 may use `int3`,
/// `into` and `bound` itself.
pub fn trap_init() {
    let traps: [(u8, Stub); 16] = [
        (0, divide_error),
        (1, debug),
        (2, nmi),
        (6, invalid_op),
        (7, device_not_available),
        (9, coprocessor_segment_overrun),
        (10, invalid_TSS),
        (11, segment_not_present),
        (12, stack_segment),
        (13, general_protection),
        (15, reserved),
        (16, coprocessor_error),
        (17, alignment_check),
        (18, reserved),
        (19, reserved),
        (20, reserved),
    ];
    for (vector, stub) in traps {
        set_trap_gate(vector, stub);
    }
    set_system_gate(3, int3);
    set_system_gate(4, overflow);
    set_system_gate(5, bounds);
    set_page_fault_gate(trace::wants(Event::Fault));
    for vector in 21..48 {
        set_trap_gate(vector, reserved);
    }
    set_intr_gate(0x27, parallel_interrupt);
    set_intr_gate(0x2f, spurious_interrupt_slave);
    set_intr_gate(0x2d, irq13);
    outb_p(inb_p(0x21) & 0xfb, 0x21); // interrupt 2: the second 8259
    outb(inb_p(0xa1) & 0xdf, 0xa1); // interrupt 13
    init_double_fault();
}

/// Opens the gate for page faults; its way leads past the recorder while they are
/// traced, so that they cost nothing more if they are not.
pub fn set_page_fault_gate(traced: bool) {
    set_intr_gate(
        14,
        if traced {
            page_fault_traced as Stub
        } else {
            page_fault
        },
    );
}

fn init_double_fault() {
    let top = DOUBLE_FAULT_STACK.lock().as_ptr_range().end as u32;
    let tss = &mut *DOUBLE_FAULT.lock();
    tss.esp = top;
    tss.esp0 = top;
    tss.ss = 0x10;
    tss.ss0 = 0x10;
    tss.cs = 0x08;
    (tss.ds, tss.es, tss.fs, tss.gs) = (0x10, 0x10, 0x10, 0x10);
    tss.eflags = 2;
    tss.eip = double_fault as Stub as usize as u32;
    let address = &raw const *tss;
    // SAFETY: a static; nothing but the CPU uses it from here on.
    unsafe { set_double_fault_tss(address) };
    set_double_fault_gate(8);
}
