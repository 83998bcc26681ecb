//! Checks the numbers of `offsets.h` against the Rust types.

use crate::arch::boot::setup::BootParams;
use crate::kernel::errno::Errno;
use crate::kernel::task::{KERNEL_STACK_PAGE, Task};
use crate::kernel::traps::TrapFrame;
use core::mem::{offset_of, size_of};

const _: () = {
    assert!(offset_of!(Task, attention) == 20);
    assert!(size_of::<Task>() + 2560 <= KERNEL_STACK_PAGE as usize);

    assert!(offset_of!(TrapFrame, ebx) == 0x00);
    assert!(offset_of!(TrapFrame, eax) == 0x18);
    assert!(offset_of!(TrapFrame, orig_eax) == 0x28);
    assert!(offset_of!(TrapFrame, eip) == 0x2c);
    assert!(offset_of!(TrapFrame, cs) == 0x30);
    assert!(offset_of!(TrapFrame, ss) == 0x3c);

    assert!(Errno::ENOSYS as i32 == 38);
    assert!(Errno::ERESTARTSYS as i32 == 512);
    assert!(Errno::ERESTARTNOHAND as i32 == 514);

    assert!(offset_of!(BootParams, magic) == 0x000);
    assert!(offset_of!(BootParams, length) == 0x004);
    assert!(offset_of!(BootParams, bda) == 0x008);
    assert!(offset_of!(BootParams, hd) == 0x108);
    assert!(offset_of!(BootParams, module) == 0x128);
    assert!(offset_of!(BootParams, cmdline) == 0x138);
    assert!(offset_of!(BootParams, info) == 0x338);
    assert!(size_of::<BootParams>() == 0x338 + 0x1c00);
};
