//! The CPU and the boot loader, as far as the drivers look at them.

pub mod boot {
    pub mod setup {
        /// A loader that said nothing.
        pub struct BootInfo {
            pub bda: [u8; 0x100],
            /// The BIOS's tables of the hard disks: none.
            pub drive_info: [[u8; 16]; 2],
        }

        impl BootInfo {
            pub fn option(&self, _key: &str) -> Option<&'static str> {
                None
            }
        }

        /// A new one each time: the next test's machine has another BIOS.
        pub fn boot_info() -> &'static BootInfo {
            Box::leak(Box::new(BootInfo {
                bda: crate::machine::bda(),
                drive_info: [[0; 16]; 2],
            }))
        }
    }
}

pub mod desc {
    pub type Stub = unsafe extern "C" fn();

    pub fn set_intr_gate(_vector: u8, _stub: Stub) {}
}

pub mod io {
    use crate::disk;
    use crate::machine;

    pub fn inb(port: u16) -> u8 {
        match port {
            0x1f0..=0x1f7 | 0x3f6 => disk::inb(port),
            _ => machine::inb(port),
        }
    }

    pub fn outb(value: u8, port: u16) {
        match port {
            0x1f0..=0x1f7 | 0x3f6 => disk::outb(value, port),
            _ => machine::outb(value, port),
        }
    }

    pub use inb as inb_p;
    pub use outb as outb_p;

    pub fn port_read(_port: u16, words: &mut [u16]) {
        disk::port_read(words);
    }

    pub fn port_write(_port: u16, words: &[u16]) {
        disk::port_write(words);
    }
}

pub mod irq {
    pub struct IrqGuard;

    pub fn irq_save() -> IrqGuard {
        IrqGuard
    }

    /// They are never off: what handlers put off is done right behind them.
    pub fn interrupts_enabled() -> bool {
        true
    }

    pub fn cli() {}

    pub fn sti() {}

    pub fn without_interrupts<R>(f: impl FnOnce() -> R) -> R {
        f()
    }
}

pub mod power {
    pub fn restart() -> ! {
        panic!("the machine was restarted")
    }
}

pub mod segment {
    use crate::kernel::errno::Errno;

    /// As in the kernel.
    ///
    /// # Safety
    /// Any bit pattern is a valid value, and there is no padding.
    pub unsafe trait Plain: Copy {}

    /// A program's buffer.
    #[derive(Clone, Copy)]
    pub struct UserSlice {
        start: *mut u8,
        len: u32,
    }

    impl UserSlice {
        pub fn over(bytes: &mut [u8]) -> Self {
            UserSlice {
                start: bytes.as_mut_ptr(),
                len: bytes.len() as u32,
            }
        }

        pub fn len(self) -> u32 {
            self.len
        }

        pub fn is_empty(self) -> bool {
            self.len == 0
        }

        pub fn part(self, from: u32, len: u32) -> UserSlice {
            let from = from.min(self.len);
            UserSlice {
                start: self.start.wrapping_add(from as usize),
                len: len.min(self.len - from),
            }
        }

        pub fn copy_in(self, to: &mut [u8]) -> Result<(), Errno> {
            assert_eq!(to.len(), self.len as usize);
            // SAFETY: `over` was given this buffer, and the tests keep it until
            // the call that uses the slice has returned.
            unsafe { core::ptr::copy_nonoverlapping(self.start, to.as_mut_ptr(), to.len()) };
            Ok(())
        }

        pub fn copy_out(self, from: &[u8]) -> Result<(), Errno> {
            assert_eq!(from.len(), self.len as usize);
            // SAFETY: as above; nobody else holds the buffer.
            unsafe { core::ptr::copy_nonoverlapping(from.as_ptr(), self.start, from.len()) };
            Ok(())
        }
    }
}

pub mod system {
    /// There is one stack here.
    ///
    /// # Safety
    /// None needed; the kernel's own is.
    pub unsafe fn call_on_stack(_top: *mut u32, f: extern "C" fn()) {
        f();
    }
}
