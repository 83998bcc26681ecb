//! The smallest program: one page, which exits. What `bench` executes.

#![no_std]
#![no_main]

core::arch::global_asm!(
    ".section .text.start, \"ax\"",
    ".globl _start",
    "_start:",
    "    mov eax, 1",
    "    xor ebx, ebx",
    "    int 0x80",
    ".text",
);

/// Nothing here can panic.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    loop {}
}
