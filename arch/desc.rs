//! Segment descriptors, gates and the task state segment
//! (0.11 `include/linux/head.h`, `include/asm/system.h`; Intel 80386
//! Programmer's Reference Manual, chapters 5 to 7 and 9).

use crate::kernel::task::{NR_TASKS, Task};
use crate::kernel::types::{LinAddr, PhysAddr, TaskNr};
use core::cell::UnsafeCell;

/// Entry of the first task's TSS in the GDT: 0 is null, 1 and 2 kernel code
/// and data, 3 the double-fault task.
pub const FIRST_TSS_ENTRY: usize = 4;
/// Entry of the first task's LDT.
pub const FIRST_LDT_ENTRY: usize = FIRST_TSS_ENTRY + 1;
/// The double-fault task's entry; unused in 0.11.
pub const DOUBLE_FAULT_ENTRY: usize = 3;

pub const KERNEL_CS: u16 = 0x08;
pub const KERNEL_DS: u16 = 0x10;
/// A task's own code and data, entries 1 and 2 of its LDT, for ring 3.
pub const USER_CS: u16 = 0x0f;
pub const USER_DS: u16 = 0x17;

/// Selector of the TSS of slot `nr` (0.11 `_TSS`).
pub const fn tss_selector(nr: TaskNr) -> u16 {
    ((FIRST_TSS_ENTRY + 2 * nr.0 as usize) << 3) as u16
}

/// Selector of the LDT of slot `nr` (0.11 `_LDT`).
pub const fn ldt_selector(nr: TaskNr) -> u16 {
    ((FIRST_LDT_ENTRY + 2 * nr.0 as usize) << 3) as u16
}

/// A segment descriptor of 8 bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Descriptor {
    low: u32,
    high: u32,
}

impl Descriptor {
    /// The null descriptor.
    pub const NULL: Descriptor = Descriptor { low: 0, high: 0 };

    /// A ring 3 segment with a limit in pages of 4 KB: code (`true`) or data.
    pub const fn user(base: LinAddr, limit_pages: u32, code: bool) -> Self {
        let access = if code { 0xfa } else { 0xf2 };
        Descriptor::NULL
            .with_access(access, 0xc0)
            .with_limit(limit_pages - 1)
            .with_base(base)
    }

    /// A system segment: type 0x89 a TSS, 0x82 an LDT; limit in bytes less one.
    const fn system(base: u32, limit: u32, access: u32) -> Self {
        Descriptor::NULL
            .with_access(access, 0)
            .with_limit(limit)
            .with_base(LinAddr(base))
    }

    const fn with_access(self, access: u32, flags: u32) -> Self {
        Descriptor {
            low: self.low,
            high: self.high | access << 8 | flags << 16,
        }
    }

    const fn with_limit(self, limit: u32) -> Self {
        Descriptor {
            low: self.low & 0xffff_0000 | limit & 0xffff,
            high: self.high & 0xfff0_ffff | limit & 0xf_0000,
        }
    }

    /// The same segment at `base` (0.11 `set_base`).
    pub const fn with_base(self, base: LinAddr) -> Self {
        Descriptor {
            low: self.low & 0xffff | base.0 << 16,
            high: self.high & 0x00ff_ff00 | base.0 >> 16 & 0xff | base.0 & 0xff00_0000,
        }
    }

    /// Where the segment begins (0.11 `get_base`).
    pub const fn base(self) -> LinAddr {
        LinAddr(self.low >> 16 | (self.high & 0xff) << 16 | self.high & 0xff00_0000)
    }

    /// How many bytes the segment is long (0.11 `get_limit`).
    pub const fn limit_in_bytes(self) -> u32 {
        let limit = self.low & 0xffff | self.high & 0xf_0000;
        if self.high & 1 << 23 != 0 {
            (limit + 1) << 12
        } else {
            limit + 1
        }
    }

    /// The two words of the descriptor.
    pub const fn words(self) -> [u32; 2] {
        [self.low, self.high]
    }
}

/// The task state segment as the CPU saves and loads it, and behind it what
/// `fsave` stores (0.11 `struct tss_struct`).
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Tss {
    pub back_link: u32,
    pub esp0: u32,
    pub ss0: u32,
    pub esp1: u32,
    pub ss1: u32,
    pub esp2: u32,
    pub ss2: u32,
    pub cr3: u32,
    pub eip: u32,
    pub eflags: u32,
    pub eax: u32,
    pub ecx: u32,
    pub edx: u32,
    pub ebx: u32,
    pub esp: u32,
    pub ebp: u32,
    pub esi: u32,
    pub edi: u32,
    pub es: u32,
    pub cs: u32,
    pub ss: u32,
    pub ds: u32,
    pub fs: u32,
    pub gs: u32,
    pub ldt: u32,
    /// Bit 0 of the low word: debug trap. High word: the I/O permission map's
    /// offset; beyond the limit, so ring 3 reaches no port.
    pub trace_bitmap: u32,
    pub i387: [u32; 27],
}

/// Bytes of the TSS that the CPU knows.
const TSS_LENGTH: u32 = 104;

const _: () = assert!(core::mem::offset_of!(Tss, i387) == TSS_LENGTH as usize);

impl Tss {
    /// All zero, with no access to I/O ports.
    pub const fn new() -> Self {
        // SAFETY: every field is a plain number.
        let mut tss: Tss = unsafe { core::mem::zeroed() };
        tss.trace_bitmap = 0x8000_0000;
        tss
    }
}

impl Default for Tss {
    fn default() -> Self {
        Self::new()
    }
}

/// A descriptor table that the CPU reads at any time.
#[repr(transparent)]
struct Table(UnsafeCell<[Descriptor; 256]>);
// SAFETY: one CPU; entries are written with volatile stores by tasks and by
// start-up code only, and no reference to one is handed out.
unsafe impl Sync for Table {}

unsafe extern "C" {
    /// In `boot/head.S`, 256 entries each.
    safe static gdt: Table;
    safe static idt: Table;
}

impl Table {
    fn set(&self, index: u8, descriptor: Descriptor) {
        // SAFETY: a u8 indexes any of the 256 entries.
        unsafe {
            self.0
                .get()
                .cast::<Descriptor>()
                .add(index as usize)
                .write_volatile(descriptor)
        }
    }

    fn get(&self, index: u8) -> Descriptor {
        // SAFETY: as above; all bits are valid.
        unsafe {
            self.0
                .get()
                .cast::<Descriptor>()
                .add(index as usize)
                .read_volatile()
        }
    }
}

/// Entry `index` of the GDT.
pub fn gdt_entry(index: u8) -> Descriptor {
    gdt.get(index)
}

/// Address of the GDT, for inspection.
pub fn gdt_address() -> PhysAddr {
    PhysAddr((&raw const gdt) as u32)
}

/// Connects slot `nr` with the TSS and LDT of `task` (0.11 `set_tss_desc`,
/// `set_ldt_desc`).
pub fn set_task_descriptors(nr: TaskNr, task: &Task) {
    assert!((nr.0 as usize) < NR_TASKS);
    let entry = (FIRST_TSS_ENTRY + 2 * nr.0 as usize) as u8;
    gdt.set(
        entry,
        Descriptor::system(task.tss.get() as u32, TSS_LENGTH - 1, 0x89),
    );
    gdt.set(
        entry + 1,
        Descriptor::system(task.ldt.as_ptr() as u32, 3 * 8 - 1, 0x82),
    );
}

/// Removes what [`set_task_descriptors`] set.
pub fn clear_task_descriptors(nr: TaskNr) {
    let entry = (FIRST_TSS_ENTRY + 2 * nr.0 as usize) as u8;
    gdt.set(entry, Descriptor::NULL);
    gdt.set(entry + 1, Descriptor::NULL);
}

/// Sets the double-fault task's TSS.
///
/// # Safety
/// `tss` is valid for ever and describes a task that may run at any time.
pub unsafe fn set_double_fault_tss(tss: *const Tss) {
    gdt.set(
        DOUBLE_FAULT_ENTRY as u8,
        Descriptor::system(tss as u32, TSS_LENGTH - 1, 0x89),
    );
}

/// Makes the CPU's start-up state task 0's: TSS and LDT register.
///
/// # Safety
/// Slot 0's descriptors are set.
pub unsafe fn load_first_task() {
    // SAFETY: the caller vouches for both selectors.
    unsafe {
        core::arch::asm!("ltr {0:x}", in(reg) tss_selector(TaskNr(0)) as u32);
        core::arch::asm!("lldt {0:x}", in(reg) ldt_selector(TaskNr(0)) as u32);
    }
}

/// The address of an entry stub in one of the `.S` files.
pub type Stub = unsafe extern "C" fn();

fn set_gate(vector: u8, stub: Stub, gate_type: u32, dpl: u32) {
    let address = stub as usize as u32;
    idt.set(
        vector,
        Descriptor {
            low: (KERNEL_CS as u32) << 16 | address & 0xffff,
            high: address & 0xffff_0000 | 0x8000 | dpl << 13 | gate_type << 8,
        },
    );
}

/// A gate that turns interrupts off (0.11 `set_intr_gate`).
pub fn set_intr_gate(vector: u8, stub: Stub) {
    set_gate(vector, stub, 14, 0);
}

/// A gate that leaves interrupts as they are (0.11 `set_trap_gate`).
pub fn set_trap_gate(vector: u8, stub: Stub) {
    set_gate(vector, stub, 15, 0);
}

/// A trap gate that ring 3 may use with `int` (0.11 `set_system_gate`).
pub fn set_system_gate(vector: u8, stub: Stub) {
    set_gate(vector, stub, 15, 3);
}

/// A gate that switches to the double-fault task.
pub fn set_double_fault_gate(vector: u8) {
    idt.set(
        vector,
        Descriptor {
            low: ((DOUBLE_FAULT_ENTRY as u32) << 3) << 16,
            high: 0x8500,
        },
    );
}
