//! math: what each of the coprocessor's instructions costs where a 387 is emulated.
//!
//! As a program sees it: from the trap to the next instruction, kernel included. The
//! operands are numbers of the usual kind: ST is 1.7, ST(1) is 0.2, and the other way
//! round for the two functions that are defined below 1 only.

#![no_std]
#![no_main]

use core::arch::asm;
use measure::*;
use rt::prelude::*;
use rt::sys;

rt::main!(main);

/// Room for operands, and what they are at first.
#[repr(C, align(16))]
struct Operands {
    st0: f64,
    st1: f64,
    double: f64,
    single: f32,
    long: i32,
    quad: i64,
    short: i16,
    control: u16,
    extended: [u8; 10],
    decimal: [u8; 10],
    environment: [u8; 28],
    state: [u8; 108],
}

const OPERANDS: Operands = Operands {
    st0: 1.7,
    st1: 0.2,
    double: 19.910_825,
    single: 386.25,
    long: 1991,
    quad: 0x1234_5678_9abc,
    short: 11,
    control: 0x37f,
    // 1.7
    extended: [0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0x99, 0xd9, 0xff, 0x3f],
    // 1234567890
    decimal: [0x90, 0x78, 0x56, 0x34, 0x12, 0, 0, 0, 0, 0],
    environment: [0; 28],
    state: [0; 108],
};

// Where the instructions below have them.
const _: () = {
    use core::mem::offset_of;
    assert!(offset_of!(Operands, st1) == 8 && offset_of!(Operands, double) == 16);
    assert!(offset_of!(Operands, single) == 24 && offset_of!(Operands, long) == 28);
    assert!(offset_of!(Operands, quad) == 32 && offset_of!(Operands, short) == 40);
    assert!(offset_of!(Operands, control) == 42 && offset_of!(Operands, extended) == 44);
    assert!(offset_of!(Operands, decimal) == 54 && offset_of!(Operands, environment) == 64);
    assert!(offset_of!(Operands, state) == 92);
};

const RUNS: usize = 8;

macro_rules! instructions {
    ($($name:ident: $code:literal $(after $before:literal)?;)*) => {
        /// Reports the cost of each instruction.
        fn each(out: i32) {
            let mut operands = OPERANDS;
            let place = &raw mut operands;
            $({
                let prepare = || {
                    // SAFETY: two numbers are loaded, and saved as what `frstor`
                    // and `fldenv` load.
                    unsafe {
                        asm!("fninit", "fld qword ptr [{0} + 8]", "fld qword ptr [{0}]",
                            "fnsave [{0} + 92]", "frstor [{0} + 92]",
                            "fnstenv [{0} + 64]", "fldcw word ptr [{0} + 42]", $($before,)?
                            in(reg) place);
                    }
                };
                // SAFETY: one instruction, on two full registers and the operands.
                let execute = || unsafe {
                    asm!($code, in("ecx") place, out("eax") _);
                };
                report(out, stringify!($name), least(RUNS, prepare, execute));
            })*
        }
    };
}

instructions! {
    fld_m32: "fld dword ptr [ecx + 24]";
    fld_m64: "fld qword ptr [ecx + 16]";
    fld_m80: "fld tbyte ptr [ecx + 44]";
    fld_st: "fld st(1)";
    fild_m16: "fild word ptr [ecx + 40]";
    fild_m32: "fild dword ptr [ecx + 28]";
    fild_m64: "fild qword ptr [ecx + 32]";
    fbld: "fbld [ecx + 54]";
    fst_m32: "fst dword ptr [ecx + 24]";
    fst_m64: "fst qword ptr [ecx + 16]";
    fstp_m80: "fstp tbyte ptr [ecx + 44]";
    fstp_st: "fstp st(1)";
    fist_m16: "fist word ptr [ecx + 40]";
    fist_m32: "fist dword ptr [ecx + 28]";
    fistp_m64: "fistp qword ptr [ecx + 32]";
    fbstp: "fbstp [ecx + 54]";
    fadd_st: "fadd st, st(1)";
    fadd_m64: "fadd qword ptr [ecx + 16]";
    faddp: "faddp st(1), st";
    fsub_st: "fsub st, st(1)";
    fsub_m64: "fsub qword ptr [ecx + 16]";
    fmul_st: "fmul st, st(1)";
    fmul_m64: "fmul qword ptr [ecx + 16]";
    fdiv_st: "fdiv st, st(1)";
    fdiv_m64: "fdiv qword ptr [ecx + 16]";
    fiadd_m32: "fiadd dword ptr [ecx + 28]";
    fimul_m16: "fimul word ptr [ecx + 40]";
    fcom_st: "fcom st(1)";
    fcomp_m64: "fcomp qword ptr [ecx + 16]";
    fcompp: "fcompp";
    ficom_m32: "ficom dword ptr [ecx + 28]";
    fucom: "fucom st(1)";
    ftst: "ftst";
    fxam: "fxam";
    fchs: "fchs";
    fabs: "fabs";
    fxch: "fxch st(1)";
    ffree: "ffree st(1)";
    fincstp: "fincstp";
    fld1: "fld1";
    fldz: "fldz";
    fldpi: "fldpi";
    frndint: "frndint";
    fscale: "fscale";
    fxtract: "fxtract";
    fprem: "fprem";
    fprem1: "fprem1";
    fsqrt: "fsqrt";
    f2xm1: "f2xm1" after "fxch";
    fyl2x: "fyl2x";
    fyl2xp1: "fyl2xp1" after "fxch";
    fpatan: "fpatan";
    fptan: "fptan";
    fsin: "fsin";
    fcos: "fcos";
    fsincos: "fsincos";
    fnop: "fnop";
    fwait: "fwait";
    fninit: "fninit";
    fnclex: "fnclex";
    fldcw: "fldcw word ptr [ecx + 42]";
    fnstcw: "fnstcw word ptr [ecx + 42]";
    fnstsw_ax: "fnstsw ax";
    fnstenv: "fnstenv [ecx + 64]";
    fldenv: "fldenv [ecx + 64]";
    fnsave: "fnsave [ecx + 92]";
    frstor: "frstor [ecx + 92]";
}

/// Numbers of a sum of products.
const LENGTH: usize = 100;

/// A sum of products as a compiler writes it: `fld`, `fmul`, `faddp` in a loop, with
/// the processor's own instructions in between.
fn products(out: i32) {
    let numbers = [1.25f64; LENGTH];
    let mut sum = 0f64;
    let value = least(
        RUNS,
        || (),
        || {
            // SAFETY: reads the numbers, stores the sum.
            unsafe {
                asm!("fninit", "fldz",
                    "2:", "fld qword ptr [{at}]", "fmul qword ptr [{at}]", "faddp st(1), st",
                    "add {at}, 8", "dec {n}", "jnz 2b",
                    "fstp qword ptr [{sum}]",
                    at = inout(reg) numbers.as_ptr() => _, n = inout(reg) LENGTH => _,
                    sum = in(reg) &raw mut sum);
            }
        },
    );
    let executed = (3 * LENGTH) as u32;
    report_of(out, "products", value / executed, executed);
}

fn main(_: Args) -> i32 {
    let out = sys::open("/dev/tty1", 2, 0).unwrap_or(1);
    each(out);
    products(out);
    let _ = sys::write(out, b"##done\n");
    loop {
        sys::pause();
    }
}
