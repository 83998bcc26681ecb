//! The kernel's plain numbers, each with a type of its own, so that a block
//! number is never taken for a zone or a physical address for a linear one.

use core::fmt::{self, Write};

/// A physical address. Below 64 MB it is also the kernel's linear address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct PhysAddr(pub u32);

/// A linear address: base of the slot plus the address that the program uses.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct LinAddr(pub u32);

/// An address as a program uses it, an offset in its slot of 64 MB. An
/// allegation until `arch::segment` has checked it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct UserAddr(pub u32);

/// A process number; also process groups and sessions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Pid(pub i32);

/// A device number: major number in the high byte, minor in the low one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Dev(pub u16);

/// The number of a 1 KB block on a device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Block(pub u32);

/// The number of a zone of a Minix file system; 0 is no zone. Zones are one
/// block long here, so zone `n` is block `n` of the device.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Zone(pub u16);

/// The number of an inode on a device, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Ino(pub u16);

/// A time in clock ticks of 10 ms since boot (0.11 `jiffies`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Ticks(pub u32);

/// The number of a slot: index into `task[]`, and of 64 MB of linear space.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct TaskNr(pub u8);

/// Process 1, which inherits orphans and does not die of a signal.
pub const INIT: Pid = Pid(1);

impl Dev {
    /// No device.
    pub const NONE: Dev = Dev(0);

    /// The driver's number (0.11 `MAJOR`).
    pub const fn major(self) -> u8 {
        (self.0 >> 8) as u8
    }

    /// The number that the driver knows the device by (0.11 `MINOR`).
    pub const fn minor(self) -> u8 {
        self.0 as u8
    }
}

impl Zone {
    /// No zone: a hole in a file.
    pub const NONE: Zone = Zone(0);

    /// The zone's block on the device.
    pub const fn block(self) -> Block {
        Block(self.0 as u32)
    }
}

impl fmt::Display for Dev {
    /// As 0.11 prints it: four hexadecimal digits. One by one, because a format
    /// inside a format would cost the deepest stacks a second `core::fmt::write`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digit = |shift: u32| char::from_digit(u32::from(self.0) >> shift & 15, 16);
        [12, 8, 4, 0]
            .into_iter()
            .filter_map(digit)
            .try_for_each(|digit| f.write_char(digit))
    }
}

macro_rules! display_as_number {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}
display_as_number!(Pid, Block, Zone, Ino, Ticks, TaskNr);
