//! The emulated 387: does a program see a coprocessor? It runs with `no387`.
//!
//! What the instructions compute is tested on the host, millions of times
//! (`tests/math`). Here is how they get at a program's code, operands and signals;
//! and for each instruction a few results of the host's own coprocessor, in a file
//! that the build makes.

#![no_std]
#![no_main]
use core::arch::{asm, global_asm};
use core::sync::atomic::{AtomicU32, Ordering::Relaxed};
use guest::prelude::*;
use rt::io::Read;
use signal::{Action, SIGFPE, SIGILL, SIGSEGV, SIGTRAP};

cases! {
    "math387";
    as_the_chip, addresses, segments, code_across_pages, operands_across_pages, pages_come,
    unshares, stack_grows, illegal, reported_by_next, faults_change_nothing, one_at_a_time
}

global_asm!(
    // The instruction, then its return; `execute` writes the former.
    ".pushsection .text.math387, \"ax\"",
    ".balign 4",
    "math387_insn: fnop",
    "ret",
    // One instruction across the end of a page.
    ".balign 4096",
    ".skip 4092, 0x90",
    "math387_across: fild dword ptr [math387_number]",
    "ret",
    ".popsection",
    ".pushsection .data.math387, \"aw\"",
    ".balign 4",
    "math387_number: .long 0x1234567",
    ".popsection",
);

unsafe extern "C" {
    static math387_insn: [u8; 3];
    static math387_across: [u8; 7];
}

/// What `fsave` stores.
type State = [u8; 108];

/// Writes the instruction into our text.
fn write_code(code: [u8; 2]) {
    // SAFETY: text is written to as old programs do it; nothing else is there.
    unsafe {
        (&raw const math387_insn)
            .cast_mut()
            .cast::<[u8; 2]>()
            .write_volatile(code)
    };
}

/// Executes an instruction of two bytes, whose operand is at [esi], on a state.
/// Returns ax.
fn execute(code: [u8; 2], state: &mut State, operand: &mut [u8; 16], ax: u16) -> u16 {
    write_code(code);
    let result: u32;
    // SAFETY: one instruction, which reaches 16 bytes at esi at most, and saving
    // before and after it.
    unsafe {
        asm!(
            "xchg esi, ecx",
            "frstor [edi]",
            "call math387_insn",
            "fnsave [edi]",
            "xchg esi, ecx",
            in("edi") state.as_mut_ptr(),
            inout("ecx") operand.as_mut_ptr() => _,
            inout("eax") u32::from(ax) => result,
        );
    }
    result as u16
}

/// A record of the file, as `tests/math/src/vectors.rs` writes it.
#[repr(C)]
struct Vector {
    code: [u8; 2],
    /// Units of the last place that the result may be off.
    units: u8,
    _unused: u8,
    ax: u16,
    ax_after: u16,
    state: State,
    after: State,
    operand: [u8; 16],
    operand_after: [u8; 16],
}

const RECORD: usize = 256;
const _: () = assert!(size_of::<Vector>() == RECORD);

/// Control, status and tag word.
fn words(state: &State) -> [u16; 3] {
    [0, 4, 8].map(|at| u16::from_le_bytes([state[at], state[at + 1]]))
}

/// Do the registers agree, but for so many units in the last place of each?
fn same_registers(ours: &State, real: &State, units: u8) -> bool {
    ours[28..]
        .chunks(10)
        .zip(real[28..].chunks(10))
        .all(|(ours, real)| {
            // Sign, exponent and significand make one number that counts on over the
            // powers of 2.
            let rank = |bytes: &[u8]| {
                bytes
                    .iter()
                    .rev()
                    .fold(0u128, |rank, byte| rank << 8 | u128::from(*byte))
            };
            let rank = |bytes: &[u8]| {
                let rank = rank(bytes);
                (rank >> 64 << 63) + (rank & ((1 << 63) - 1))
            };
            ours == real || rank(ours).abs_diff(rank(real)) <= u128::from(units)
        })
}

/// Each instruction gives what the host's coprocessor gave.
fn as_the_chip() -> Outcome {
    let mut file = rt::io::File::open("/test/387.vectors")?;
    let mut record = [0; RECORD];
    let mut count = 0;
    while file.read(&mut record)? == RECORD {
        // SAFETY: of its size, and any bytes are one.
        let vector: Vector = unsafe { core::mem::transmute(record) };
        let (mut state, mut operand) = (vector.state, vector.operand);
        let ax = execute(vector.code, &mut state, &mut operand, vector.ax);
        let code = vector.code;
        // Of a function it is not compared whether it was exact, underflowed, and
        // which way it was rounded: C1, PE, UE and the summary bits.
        let ignored = if vector.units == 0 { 0 } else { 0x82b0 };
        let [control, status, tags] = words(&state);
        let [control_after, status_after, tags_after] = words(&vector.after);
        equal!(
            (control, status | ignored, tags),
            (control_after, status_after | ignored, tags_after),
            "{code:02x?} {count}"
        );
        check!(
            same_registers(&state, &vector.after, vector.units),
            "{code:02x?} {count}: {:02x?}, not {:02x?}",
            &state[28..48],
            &vector.after[28..48]
        );
        equal!(operand, vector.operand_after, "{code:02x?} {count}");
        equal!(ax, vector.ax_after, "{code:02x?} {count}");
        count += 1;
    }
    check!(count > 400, "only {count} cases");
    Ok(())
}

/// Stores ST(0), an integer, and takes it off.
fn integer() -> i32 {
    let mut number = 0i32;
    // SAFETY: stores four bytes there.
    unsafe { asm!("fistp dword ptr [{}]", in(reg) &raw mut number) };
    core::hint::black_box(number)
}

/// Every way to write an address.
fn addresses() -> Outcome {
    static NUMBERS: [i32; 8] = [100, 101, 102, 103, 104, 105, 106, 107];
    let at = NUMBERS.as_ptr();
    // Each loads one of them, with ebx = at, edx = 2, ebp = at on the way.
    macro_rules! number {
        ($($code:literal),+) => {{
            // SAFETY: loads one of the numbers; all registers are put back.
            unsafe {
                asm!("fninit", "push ebx", "push ebp", "mov ebx, eax", "mov ebp, eax",
                    $($code,)+
                    "pop ebp", "pop ebx",
                    in("eax") at, in("edx") 2);
            }
            integer()
        }};
    }
    equal!(number!("fild dword ptr [eax]"), 100);
    equal!(number!("fild dword ptr [eax + 4]"), 101);
    equal!(number!("fild dword ptr [eax + 0x10000 - 0xfff8]"), 102);
    equal!(number!("fild dword ptr [ebx + edx*4 + 4]"), 103);
    equal!(number!("fild dword ptr [edx*8 + eax]"), 104);
    equal!(number!("fild dword ptr [ebp + 20]"), 105);
    equal!(number!("fild dword ptr [ebp + edx*8 + 8]"), 106);
    equal!(number!("fild dword ptr [edx + ebp + 26]"), 107);
    equal!(
        number!(
            "push dword ptr [eax + 12]",
            "fild dword ptr [esp]",
            "add esp, 4"
        ),
        103
    );
    equal!(
        number!("sub eax, 0x7fffffff", "fild dword ptr [eax + 0x7fffffff]"),
        100
    );
    // No base at all: the address is in the instruction.
    // SAFETY: loads the number.
    unsafe { asm!("fninit", "fild dword ptr [math387_number]") };
    equal!(integer(), 0x123_4567);
    // 16 bits: bx + 4, bp + si + 2, and what is above them left out.
    check!(at.addr() < 0x1_0000, "the program has become large: {at:?}");
    equal!(
        number!("or ebx, 0x7fff0000", ".byte 0x67, 0xdb, 0x47, 4"),
        101
    );
    equal!(
        number!(
            "push esi",
            "mov esi, 2",
            ".byte 0x67, 0xdb, 0x42, 2",
            "pop esi"
        ),
        101
    );
    Ok(())
}

/// Segment prefixes: what the program may not reach is SIGSEGV.
fn segments() -> Outcome {
    let number = 77i32;
    let at = &raw const number;
    macro_rules! with {
        ($code:literal) => {{
            // SAFETY: loads the number; gs, which nothing uses, is null again.
            unsafe {
                asm!("fninit", "mov ecx, ds", "mov gs, ecx", $code, "xor ecx, ecx",
                    "mov gs, ecx", in("eax") at, out("ecx") _);
            }
            integer()
        }};
    }
    equal!(with!("fild dword ptr fs:[eax]"), 77);
    equal!(with!("fild dword ptr gs:[eax]"), 77);
    equal!(with!("fild dword ptr es:[eax]"), 77);
    equal!(with!("fild dword ptr ss:[eax]"), 77);
    // The code segment may be read, as far as it reaches, but not written to.
    // SAFETY: loads four bytes of our text.
    unsafe { asm!("fninit", "fild dword ptr cs:[math387_insn]") };
    let text = integer();
    // SAFETY: the same bytes.
    equal!(text, unsafe {
        (&raw const math387_insn).cast::<i32>().read_unaligned()
    });
    let code = || {
        // SAFETY: faults.
        unsafe { asm!("fld1", "fistp dword ptr cs:[math387_insn]") }
    };
    equal!(death(code)?, SIGSEGV);
    let null = || {
        // SAFETY: faults.
        unsafe {
            asm!("xor ecx, ecx", "mov gs, ecx", "fild dword ptr gs:[eax]",
                in("eax") at, out("ecx") _);
        }
    };
    equal!(death(null)?, SIGSEGV);
    // The kernel, a neighbour, and around the end of all addresses.
    for address in [0x400_0000usize, 0xfc10_0000, 0xffff_fffe, 0x3ff_fffe] {
        let load = || {
            // SAFETY: faults.
            unsafe { asm!("fild dword ptr [{}]", in(reg) address) }
        };
        equal!(death(load)?, SIGSEGV, "{address:#x}");
    }
    Ok(())
}

fn code_across_pages() -> Outcome {
    // SAFETY: loads a number and returns.
    unsafe { asm!("fninit", "call math387_across") };
    equal!(integer(), 0x123_4567);
    equal!((&raw const math387_across).addr() % PAGE, 4092);
    Ok(())
}

/// Stores a number of ten bytes at an address, and loads it from there.
fn store_and_load(at: *mut u8) -> i32 {
    // SAFETY: the caller's room.
    unsafe {
        asm!("fninit", "fldpi", "fistp dword ptr [{0}]", "fild dword ptr [{0}]",
        "fldl2t", "fstp tbyte ptr [{0}]", "fld tbyte ptr [{0}]", "faddp", in(reg) at)
    };
    integer()
}

fn operands_across_pages() -> Outcome {
    for offset in PAGE - 12..PAGE {
        equal!(store_and_load(area::pointer(0, offset)), 6, "{offset}");
    }
    Ok(())
}

/// A page of zeros, and one of the program's file, that nothing else has touched.
fn pages_come() -> Outcome {
    static COLD: [i32; 3 * PAGE / 4] = [4711; 3 * PAGE / 4];
    for index in [10, 20, 30] {
        // SAFETY: loads four bytes of the area.
        unsafe { asm!("fninit", "fild dword ptr [{}]", in(reg) area::pointer(index, 100)) };
        equal!(integer(), 0);
    }
    let cold = core::hint::black_box(&COLD);
    // SAFETY: loads the middle one.
    unsafe { asm!("fninit", "fild dword ptr [{}]", in(reg) &raw const cold[3 * PAGE / 8]) };
    equal!(integer(), 4711);
    Ok(())
}

/// What a child stores reaches neither its father nor its brother.
fn unshares() -> Outcome {
    for page in 0..3 {
        area::fill(page, 7);
    }
    let children = (0..2)
        .map(|_| {
            Child::test(|| {
                for offset in [8, PAGE - 4] {
                    equal!(store_and_load(area::pointer(0, offset)), 6);
                }
                nap(2);
                check!(area::get(0, 0) == 7 && area::get(1, 20) == 7);
                Ok(())
            })
        })
        .collect::<Result<Vec<Child>>>()?;
    for child in children {
        child.pass()?;
    }
    check!((0..3).all(|page| area::is_filled(page, 7)));
    Ok(())
}

/// A store below the stack's last page makes it grow.
fn stack_grows() -> Outcome {
    // SAFETY: the stack has room for five pages more, and is put back.
    unsafe {
        asm!(
            "fninit",
            "fldpi",
            "sub esp, 20000",
            "fistp qword ptr [esp]",
            "fild qword ptr [esp]",
            "add esp, 20000"
        );
    }
    equal!(integer(), 3);
    Ok(())
}

/// Codes that are no instruction of a 387's, and those that came later.
fn illegal() -> Outcome {
    let codes = [
        [0xd9, 0xd1],
        [0xd9, 0xe2],
        [0xd9, 0xe6],
        [0xd9, 0xef],
        [0xd9, 0x08],
        [0xda, 0xf0],
        [0xda, 0xc0],
        [0xda, 0xd0],
        [0xdb, 0xc1],
        [0xdb, 0xe8],
        [0xdb, 0xf0],
        [0xdb, 0x0e],
        [0xdb, 0x26],
        [0xdd, 0x0e],
        [0xdd, 0x2e],
        [0xde, 0xd8],
        [0xdf, 0x0e],
        [0xdf, 0xe1],
        [0xdf, 0xe8],
        [0xdf, 0xf0],
    ];
    for code in codes {
        let run = || {
            execute(code, &mut [0; 108], &mut [0; 16], 0);
        };
        equal!(death(run)?, SIGILL, "{code:02x?}");
    }
    Ok(())
}

/// Counts up to the instruction that something happens at.
static AT: AtomicU32 = AtomicU32::new(0);

extern "C" fn tell_at(signal: i32) {
    sys::exit_now(signal * 16 + AT.load(Relaxed) as i32);
}

/// An exception is reported by the next instruction that waits, and not by those
/// that do not.
fn reported_by_next() -> Outcome {
    // Division by zero is not masked.
    macro_rules! at {
        ($next:literal) => {{
            let child = Child::run(|| {
                let _ = signal::set(SIGFPE, Action::Handler(tell_at));
                let control = 0x37bu16;
                let mut word = 0u32;
                // SAFETY: stores a word there at most.
                unsafe {
                    asm!("fninit", "fldcw word ptr [{c}]", "fld1", "fldz",
                        "mov dword ptr [{at}], 1", "fdivp",
                        "mov dword ptr [{at}], 2", "fnstsw word ptr [{w}]", "fnstcw word ptr [{w}]",
                        "mov dword ptr [{at}], 3", $next,
                        "mov dword ptr [{at}], 4",
                        c = in(reg) &raw const control, at = in(reg) AT.as_ptr(),
                        w = in(reg) &raw mut word);
                }
                0
            })?;
            child.code()?
        }};
    }
    equal!(at!("fwait"), SIGFPE * 16 + 3);
    equal!(at!("fldpi"), SIGFPE * 16 + 3);
    equal!(at!("fstp st(0)"), SIGFPE * 16 + 3);
    equal!(at!("fist dword ptr [esp - 8]"), SIGFPE * 16 + 3);
    equal!(at!("fnclex"), 0);
    equal!(at!("fninit"), 0);
    // Reported once: after a handler that returns, the instruction is executed.
    let child = Child::run(|| {
        let _ = signal::set(SIGFPE, Action::Handler(count));
        let control = 0x37bu16;
        // SAFETY: the handler uses no coprocessor.
        unsafe {
            asm!("fninit", "fldcw word ptr [{}]", "fld1", "fldz", "fdivp", "fwait", "fwait",
                in(reg) &raw const control);
        }
        AT.load(Relaxed) as i32
    })?;
    equal!(child.code()?, 1);
    Ok(())
}

extern "C" fn count(_: i32) {
    AT.store(AT.load(Relaxed) + 1, Relaxed);
}

/// A store that faults has neither popped nor written a part; it can be repeated.
fn faults_change_nothing() -> Outcome {
    static FIRST: AtomicU32 = AtomicU32::new(0);
    extern "C" fn handler(_: i32) {
        // Was anything popped? One number is on the stack.
        let mut word = 0u16;
        // SAFETY: stores a word.
        unsafe { asm!("fnstsw word ptr [{}]", in(reg) &raw mut word) };
        let top = u32::from(core::hint::black_box(word)) >> 11 & 7;
        // SAFETY: the last page of the data segment, which `brk` has given us.
        let first = unsafe { (FIRST.load(Relaxed) as *const u32).read_volatile() };
        sys::exit_now(if top == 7 && first == 0x5a5a_5a5a {
            9
        } else {
            10
        });
    }
    // The last four bytes before what is not ours.
    let end = sys::brk(0).next_multiple_of(PAGE);
    equal!(sys::brk(end), end);
    let last = end - 4;
    // SAFETY: on the heap, which no one else uses up to there.
    unsafe { (last as *mut u32).write_volatile(0x5a5a_5a5a) };
    FIRST.store(last as u32, Relaxed);
    let child = Child::run(|| {
        let _ = signal::set(SIGSEGV, Action::Handler(handler));
        // SAFETY: faults.
        unsafe { asm!("fninit", "fldpi", "fstp tbyte ptr [{}]", in(reg) last) };
        1
    })?;
    equal!(child.code()?, 9);
    Ok(())
}

/// With the trap flag set a single instruction is executed, and then reported.
fn one_at_a_time() -> Outcome {
    extern "C" fn handler(_: i32) {
        let mut word = 0u16;
        // SAFETY: stores a word.
        unsafe { asm!("fnstsw word ptr [{}]", in(reg) &raw mut word) };
        sys::exit_now(i32::from(core::hint::black_box(word) >> 11 & 7));
    }
    let child = Child::run(|| {
        let _ = signal::set(SIGTRAP, Action::Handler(handler));
        // SAFETY: the trap comes before the flag could do harm.
        unsafe {
            asm!(
                "fninit",
                "pushfd",
                "or dword ptr [esp], 0x100",
                "popfd",
                "fld1",
                "fldz",
                "fldpi"
            )
        };
        9
    })?;
    equal!(child.code()?, 7, "top of the stack after one of three");
    Ok(())
}
