//! The formats of floppy disks.

/// A format (0.11 `struct floppy_struct`).
pub struct FloppyStruct {
    /// Sectors in all, in a track.
    pub size: u32,
    pub sect: u32,
    pub head: u32,
    /// A track of the diskette is `1 << stretch` steps of the drive.
    pub stretch: u8,
    /// Bytes between sectors.
    pub gap: u8,
    /// 0: 500, 1: 300, 2: 250 kbit/s.
    pub rate: u8,
    /// First byte of SPECIFY: step rate and head unload time.
    pub spec1: u8,
}

const fn format(size: u32, sect: u32, stretch: u8, gap: u8, rate: u8, spec1: u8) -> FloppyStruct {
    FloppyStruct {
        size,
        sect,
        head: 2,
        stretch,
        gap,
        rate,
        spec1,
    }
}

/// By the number in bits 2 to 4 of the minor number (0.11 `floppy_type`).
pub static FLOPPY_TYPE: [FloppyStruct; 8] = [
    format(0, 0, 0, 0, 0, 0),           // the drive's own
    format(720, 9, 0, 0x2a, 2, 0xdf),   // 360 KB
    format(2400, 15, 0, 0x1b, 0, 0xdf), // 1.2 MB
    format(720, 9, 1, 0x2a, 2, 0xdf),   // 360 KB in a 720 KB drive
    format(1440, 9, 0, 0x2a, 2, 0xdf),  // 720 KB
    format(720, 9, 1, 0x23, 1, 0xdf),   // 360 KB in a 1.2 MB drive
    format(1440, 9, 0, 0x23, 1, 0xdf),  // 720 KB in a 1.2 MB drive
    format(2880, 18, 0, 0x1b, 0, 0xcf), // 1.44 MB
];

/// By the CMOS's number for a drive: the format of type 0. Codes 5 and 6 are
/// drives for 2.88 MB, used for 1.44 MB.
pub const NATIVE_TYPE: [u8; 7] = [0, 1, 2, 4, 7, 7, 7];
