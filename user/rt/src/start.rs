//! The way in and the way out of a program.

use core::panic::PanicInfo;

use crate::args::Args;
use crate::{io, sys};

core::arch::global_asm!(
    // The kernel leaves argc, the argument pointers and the environment
    // pointers on the stack, in the order in which C passes arguments: a call
    // passes them on (0.11's create_tables). This code is at address 0.
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "    xor ebp, ebp",
    "    cld",
    "    call {start}",
    "    ud2",
    ".text",
    start = sym start,
);

unsafe extern "Rust" {
    /// Defined by `rt::main!`.
    fn rt_main(args: Args) -> i32;
}

unsafe extern "C" fn start(argc: usize, argv: *const *const u8, envp: *const *const u8) -> ! {
    // SAFETY: called once, by _start, before anything else runs; the kernel's
    // exec built both NULL-terminated tables, and they live as long as the
    // program.
    let args = unsafe {
        crate::args::init(argc, argv, envp);
        Args::all()
    };
    // SAFETY: `rt::main!` defines the function with this signature.
    let code = unsafe { rt_main(args) };
    sys::exit(code)
}

/// Says where the program panicked and ends it with 134 (128 + SIGABRT).
#[panic_handler]
fn panic(info: &PanicInfo) -> ! {
    io::complain_args(format_args!("{info}"));
    sys::exit_now(134)
}
