//! Structures and constants of the binary interface: 0.11's `include/`.

use core::mem::{offset_of, size_of};

/// What `stat` tells about a file (`include/sys/stat.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Stat {
    /// Device that holds the inode.
    pub dev: u16,
    /// Inode number.
    pub ino: u16,
    /// Kind and permissions: see [`crate::mode`].
    pub mode: u16,
    /// Number of directory entries that name it.
    pub nlink: u8,
    /// Owner.
    pub uid: u16,
    /// Owner's group.
    pub gid: u8,
    /// Device that it is, for a device node.
    pub rdev: u16,
    /// Length in bytes.
    pub size: i32,
    /// Last read, seconds since 1970.
    pub atime: u32,
    /// Last written.
    pub mtime: u32,
    /// Inode last changed.
    pub ctime: u32,
}

const _: () = assert!(size_of::<Stat>() == 32);
const _: () = assert!(offset_of!(Stat, nlink) == 6 && offset_of!(Stat, uid) == 8);
const _: () = assert!(offset_of!(Stat, gid) == 10 && offset_of!(Stat, rdev) == 12);
const _: () = assert!(offset_of!(Stat, size) == 16 && offset_of!(Stat, ctime) == 28);

/// What `uname` tells (`include/sys/utsname.h`): NUL-terminated fields.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Utsname {
    /// Name of the system.
    pub sysname: [u8; 9],
    /// Name of this machine.
    pub nodename: [u8; 9],
    /// Release.
    pub release: [u8; 9],
    /// Version.
    pub version: [u8; 9],
    /// Kind of machine.
    pub machine: [u8; 9],
}

const _: () = assert!(size_of::<Utsname>() == 45);

/// The bytes of a NUL-terminated field.
pub fn until_nul(field: &[u8]) -> rtcore::BStr<'_> {
    let len = field.iter().position(|&b| b == 0).unwrap_or(field.len());
    rtcore::BStr(&field[..len])
}

/// Terminal settings (`include/termios.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Termios {
    /// Input modes.
    pub iflag: u32,
    /// Output modes.
    pub oflag: u32,
    /// Control modes.
    pub cflag: u32,
    /// Local modes.
    pub lflag: u32,
    /// Line discipline.
    pub line: u8,
    /// Control characters.
    pub cc: [u8; 17],
}

const _: () = assert!(size_of::<Termios>() == 36 && offset_of!(Termios, cc) == 17);

/// Local mode: signals from ^C and ^\.
pub const ISIG: u32 = 0o1;
/// Local mode: whole lines, with erase and kill.
pub const ICANON: u32 = 0o2;
/// Local mode: echo.
pub const ECHO: u32 = 0o10;
/// Index in `cc`: interrupt.
pub const VINTR: usize = 0;
/// Index in `cc`: time-out of a raw read, tenths of a second.
pub const VTIME: usize = 5;
/// Index in `cc`: bytes that a raw read waits for.
pub const VMIN: usize = 6;
/// ioctl: read [`Termios`].
pub const TCGETS: u32 = 0x5401;
/// ioctl: set [`Termios`].
pub const TCSETS: u32 = 0x5402;
/// ioctl: set [`Termios`] when the output is out.
pub const TCSETSW: u32 = 0x5403;
/// ioctl: as [`TCSETSW`], and drop unread input.
pub const TCSETSF: u32 = 0x5404;
/// ioctl: make this the controlling terminal.
pub const TIOCSCTTY: u32 = 0x540E;
/// ioctl: read the foreground process group (i32).
pub const TIOCGPGRP: u32 = 0x540F;
/// ioctl: set the foreground process group (i32).
pub const TIOCSPGRP: u32 = 0x5410;
/// ioctl: bytes waiting to be read (i32).
pub const TIOCINQ: u32 = 0x541B;

/// What to do on a signal (`include/signal.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct SigAction {
    /// Address of the handler; 0 default, 1 ignore.
    pub handler: usize,
    /// Signals blocked while the handler runs.
    pub mask: u32,
    /// `SA_...`.
    pub flags: u32,
    /// Where the handler returns to.
    pub restorer: usize,
}

#[cfg(target_pointer_width = "32")]
const _: () = assert!(size_of::<SigAction>() == 16 && offset_of!(SigAction, restorer) == 12);

/// Processor times (`include/sys/times.h`), in ticks of 1/100 s.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Tms {
    /// This process, in its own code.
    pub utime: i32,
    /// This process, in the kernel.
    pub stime: i32,
    /// Children that were waited for, in their own code.
    pub cutime: i32,
    /// Children that were waited for, in the kernel.
    pub cstime: i32,
}

const _: () = assert!(size_of::<Tms>() == 16);

/// What `ustat` tells about a file system (`include/sys/types.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Ustat {
    /// Free blocks of 1 KB.
    pub tfree: i32,
    /// Free inodes.
    pub tinode: u16,
    /// Name (unused).
    pub fname: [u8; 6],
    /// Pack name (unused).
    pub fpack: [u8; 6],
}

const _: () = assert!(size_of::<Ustat>() == 20 && offset_of!(Ustat, fname) == 6);

/// One entry of a directory file.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Dirent {
    /// Inode number; 0 for a free entry.
    pub ino: u16,
    /// Name, NUL-padded.
    pub name: [u8; 14],
}

const _: () = assert!(size_of::<Dirent>() == 16);

/// Time with microseconds (0.12's `include/sys/time.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Timeval {
    /// Seconds since 1970.
    pub sec: i32,
    /// Microseconds.
    pub usec: i32,
}

const _: () = assert!(size_of::<Timeval>() == 8);

/// Times for `utime` (`include/utime.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Utimbuf {
    /// Last read, seconds since 1970.
    pub actime: u32,
    /// Last written, seconds since 1970.
    pub modtime: u32,
}

const _: () = assert!(size_of::<Utimbuf>() == 8);

/// A limit of 0.12's `getrlimit`.
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Rlimit {
    /// Limit in force.
    pub cur: i32,
    /// What it may be raised to.
    pub max: i32,
}

/// Size of a terminal (`include/termios.h`).
#[repr(C)]
#[derive(Clone, Copy, Default, Debug)]
pub struct Winsize {
    /// Lines.
    pub row: u16,
    /// Columns.
    pub col: u16,
    /// Unused.
    pub xpixel: u16,
    /// Unused.
    pub ypixel: u16,
}

/// Read and write descriptor sets of `select` (0.12): one word of 32 bits.
pub type FdSet = u32;

/// How a child ended or stopped, from `waitpid`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct WaitStatus(pub i32);

impl WaitStatus {
    /// The exit code, if it ended by `exit`.
    pub fn exit_code(self) -> Option<i32> {
        (self.0 & 0x7f == 0).then_some((self.0 >> 8) & 0xff)
    }

    /// The signal that killed it.
    pub fn term_signal(self) -> Option<i32> {
        let signal = self.0 & 0x7f;
        (signal != 0 && signal != 0x7f).then_some(signal)
    }

    /// The signal that stopped it.
    pub fn stop_signal(self) -> Option<i32> {
        (self.0 & 0xff == 0x7f).then_some((self.0 >> 8) & 0xff)
    }

    /// What a shell shows as `$?`: the exit code, or 128 and the signal.
    pub fn shell_code(self) -> i32 {
        match (self.exit_code(), self.term_signal(), self.stop_signal()) {
            (Some(code), _, _) => code,
            (_, Some(signal), _) | (_, _, Some(signal)) => 128 + signal,
            _ => 255,
        }
    }
}

/// Number of the block or character device (major, minor).
pub const fn makedev(major: u8, minor: u8) -> u16 {
    (major as u16) << 8 | minor as u16
}

/// Major number of a device.
pub const fn major(dev: u16) -> u8 {
    (dev >> 8) as u8
}

/// Minor number of a device.
pub const fn minor(dev: u16) -> u8 {
    dev as u8
}
