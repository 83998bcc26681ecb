//! What is remembered of each floppy drive, and its change line. 0.11 remembers
//! the track of the last drive only.

use super::DRIVES;
use crate::arch::io::inb;
use crate::kernel::shared::IrqCell;

/// Digital input register: bit 7 is the change line, the rest is the hard
/// disk's.
const FD_DIR: u16 = 0x3f7;
/// The bit of `FD_DIR`: the diskette has been taken out since the last step.
const DIR_CHANGED: u8 = 0x80;
/// The CMOS's number for the drive without a change line.
const CMOS_360K: u8 = 1;

/// What is known of a drive. Not in 0.11.
pub struct Drive {
    /// The CMOS's number; 0 if there is no drive.
    pub cmos: IrqCell<u8>,
    /// Where its head is, in steps; [`UNKNOWN`] before it is recalibrated
    /// (0.11 `current_track`, one for all).
    pub track: IrqCell<u8>,
    /// How often the diskette has been changed.
    pub changes: IrqCell<u8>,
    /// The change line is known to be set; a step with a diskette in clears it.
    pub line_set: IrqCell<bool>,
    /// That step has been made.
    pub stepped: IrqCell<bool>,
    /// A message has told of a failure, and nothing has succeeded since.
    pub reported: IrqCell<bool>,
}

/// No track.
pub const UNKNOWN: u8 = 255;

/// The drives.
pub static DRIVE: [Drive; DRIVES] = [const {
    Drive {
        cmos: IrqCell::new(0),
        track: IrqCell::new(UNKNOWN),
        changes: IrqCell::new(NO_CHANGE + 1),
        line_set: IrqCell::new(true),
        stepped: IrqCell::new(false),
        reported: IrqCell::new(false),
    }
}; DRIVES];

/// By minor number: how many changes `floppy_change` has told of.
pub static CHANGES_SEEN: [IrqCell<u8>; 32] = [const { IrqCell::new(NO_CHANGE) }; 32];
/// What [`Drive::changes`] never is.
pub const NO_CHANGE: u8 = 0;

/// Notes a change of the selected drive's diskette. True while the line is set.
pub fn look_at_change_line(drive: usize) -> bool {
    let state = &DRIVE[drive];
    let set = state.cmos.get() != CMOS_360K && inb(FD_DIR) & DIR_CHANGED != 0;
    if set && !state.line_set.get() {
        state
            .changes
            .set(state.changes.get().wrapping_add(1).max(NO_CHANGE + 1));
    }
    if !set {
        state.stepped.set(false);
    }
    state.line_set.set(set);
    set
}
