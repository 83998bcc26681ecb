//! A controller of AT type with two drives: one from before IDE, which knows no
//! IDENTIFY, and one that does. What is on them is told by their sectors' numbers.

use crate::fs::le32;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

const SECTOR: usize = 512;
const ERR: u8 = 0x01;
const DRQ: u8 = 0x08;
const READY: u8 = 0x50;
const ABORTED: u8 = 0x04;

/// How a drive counts, and what it says of that.
#[derive(Clone, Copy, Default)]
pub struct Drive {
    pub cylinders: u32,
    pub heads: u32,
    pub sectors: u32,
    /// Does it answer IDENTIFY?
    pub identifies: bool,
    /// Beginning and length of its first partition.
    pub partition: (u32, u32),
}

impl Drive {
    fn size(&self) -> u32 {
        self.cylinders * self.heads * self.sectors
    }

    /// A sector that no one has written: its number, or the partition table.
    fn sector(&self, number: u32) -> Vec<u8> {
        let mut bytes = vec![0; SECTOR];
        if number != 0 {
            bytes[..4].copy_from_slice(&number.to_le_bytes());
            return bytes;
        }
        let (start, length) = self.partition;
        let place = |at: u32| {
            let (track, sector) = (at / self.sectors, at % self.sectors + 1);
            let (cylinder, head) = (track / self.heads, track % self.heads);
            [
                head as u8,
                sector as u8 | (cylinder >> 8 << 6) as u8,
                cylinder as u8,
            ]
        };
        let entry = &mut bytes[0x1be..0x1ce];
        entry[1..4].copy_from_slice(&place(start));
        entry[4] = 0x80;
        entry[5..8].copy_from_slice(&place(start + length - 1));
        entry[8..12].copy_from_slice(&start.to_le_bytes());
        entry[12..].copy_from_slice(&length.to_le_bytes());
        bytes[510..].copy_from_slice(&[0x55, 0xaa]);
        bytes
    }

    /// The answer to IDENTIFY (ATA-1, section 9.9). Words 1, 3 and 6 are its own
    /// geometry; it does not tell of another one in use.
    fn identity(&self) -> Vec<u8> {
        let mut bytes = vec![0; SECTOR];
        for (word, value) in [(1, self.cylinders), (3, self.heads), (6, self.sectors)] {
            bytes[2 * word..][..2].copy_from_slice(&(value as u16).to_le_bytes());
        }
        bytes[120..124].copy_from_slice(&self.size().to_le_bytes());
        bytes
    }
}

struct Controller {
    drives: [Drive; 2],
    written: [BTreeMap<u32, Vec<u8>>; 2],
    /// Ports 0x1f1 to 0x1f6, by their last digit.
    registers: [u8; 8],
    status: u8,
    error: u8,
    /// What passes through the data port, and how far that is.
    data: Vec<u8>,
    at: usize,
    /// The sector it is, how many come behind it, and whether it is written.
    number: u32,
    more: u32,
    writing: bool,
    interrupt: bool,
    masked: bool,
    /// The geometries that the drives have been told.
    told: [Option<(u32, u32)>; 2],
}

static CONTROLLER: Mutex<Option<Controller>> = Mutex::new(None);

fn controller() -> MutexGuard<'static, Option<Controller>> {
    CONTROLLER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Plugs a controller in.
pub fn plug_in(drives: [Drive; 2]) {
    *controller() = Some(Controller {
        drives,
        written: Default::default(),
        registers: [0; 8],
        status: READY,
        error: 0,
        data: Vec::new(),
        at: 0,
        number: 0,
        more: 0,
        writing: false,
        interrupt: false,
        masked: false,
        told: [None; 2],
    });
}

/// Sectors and heads as the drive has been told them.
pub fn told(drive: usize) -> Option<(u32, u32)> {
    controller().as_ref()?.told[drive]
}

/// The sectors of a drive that have been written, by number.
pub fn written(drive: usize) -> BTreeMap<u32, Vec<u8>> {
    let controller = controller();
    let controller = controller.as_ref().expect("a controller is plugged in");
    controller.written[drive].clone()
}

/// The number that a sector holds.
pub fn number_in(sector: &[u8]) -> u32 {
    le32(sector, 0)
}

unsafe extern "C" {
    safe fn do_hd();
}

// The stub: only its address is needed.
#[unsafe(no_mangle)]
extern "C" fn hd_interrupt() {}

/// Lets the kernel's handler have the interrupt that waits; `false` if none does.
pub fn interrupt() -> bool {
    let waits = controller()
        .as_mut()
        .is_some_and(|it| std::mem::take(&mut it.interrupt));
    if waits {
        do_hd();
    }
    waits
}

pub fn inb(port: u16) -> u8 {
    match controller().as_mut() {
        None => 0xff,
        Some(it) => match port {
            0x1f1 => it.error,
            0x1f7 => it.status,
            _ => it.registers[port as usize & 7],
        },
    }
}

pub fn outb(value: u8, port: u16) {
    if let Some(it) = controller().as_mut() {
        match port {
            0x1f7 => it.command(value),
            0x3f6 => it.masked = value & 2 != 0,
            _ => it.registers[port as usize & 7] = value,
        }
    }
}

pub fn port_read(words: &mut [u16]) {
    let mut controller = controller();
    let it = controller.as_mut().expect("a controller is plugged in");
    for word in words {
        assert!(it.status & DRQ != 0 && !it.writing, "there are no data");
        *word = u16::from_le_bytes([it.data[it.at], it.data[it.at + 1]]);
        it.moved();
    }
}

pub fn port_write(words: &[u16]) {
    let mut controller = controller();
    let it = controller.as_mut().expect("a controller is plugged in");
    for word in words {
        assert!(it.status & DRQ != 0 && it.writing, "no data are wanted");
        let at = it.at;
        it.data[at..at + 2].copy_from_slice(&word.to_le_bytes());
        it.moved();
    }
}

impl Controller {
    fn selected(&self) -> usize {
        (self.registers[6] >> 4 & 1) as usize
    }

    /// The sector that the registers name, in the drive's own geometry.
    fn addressed(&self) -> Option<u32> {
        let drive = &self.drives[self.selected()];
        let [_, _, _, sector, low, high, current, _] = self.registers;
        let cylinder = u32::from(high) << 8 | u32::from(low);
        let (head, sector) = (u32::from(current & 15), u32::from(sector));
        let inside = cylinder < drive.cylinders
            && head < drive.heads
            && (1..=drive.sectors).contains(&sector);
        inside.then(|| (cylinder * drive.heads + head) * drive.sectors + sector - 1)
    }

    fn raise(&mut self) {
        self.interrupt = !self.masked;
    }

    fn fails(&mut self) {
        (self.status, self.error) = (READY | ERR, ABORTED);
        self.raise();
    }

    fn command(&mut self, command: u8) {
        let nr = self.selected();
        let drive = self.drives[nr];
        (self.status, self.error, self.at) = (READY, 0, 0);
        match command {
            0x10 => self.raise(),
            0x91 => {
                let heads = u32::from(self.registers[6] & 15) + 1;
                self.told[nr] = Some((u32::from(self.registers[2]), heads));
                self.raise();
            }
            0xec if drive.identifies => {
                (self.data, self.more, self.writing) = (drive.identity(), 0, false);
                self.status |= DRQ;
                self.raise();
            }
            0x20 | 0x30 => match self.addressed() {
                None => self.fails(),
                Some(number) => {
                    self.number = number;
                    self.more = u32::from(self.registers[2]) - 1;
                    self.writing = command == 0x30;
                    self.data = self.sector();
                    self.status |= DRQ;
                    if !self.writing {
                        self.raise();
                    }
                }
            },
            _ => self.fails(),
        }
    }

    fn sector(&self) -> Vec<u8> {
        let nr = self.selected();
        match self.written[nr].get(&self.number) {
            Some(bytes) => bytes.clone(),
            None => self.drives[nr].sector(self.number),
        }
    }

    /// A word has passed; the last one of a sector ends it.
    fn moved(&mut self) {
        self.at += 2;
        if self.at < SECTOR {
            return;
        }
        if self.writing {
            let data = std::mem::take(&mut self.data);
            self.written[self.selected()].insert(self.number, data);
        }
        self.at = 0;
        if self.more == 0 {
            self.status &= !DRQ;
        } else {
            self.more -= 1;
            self.number += 1;
            self.data = self.sector();
        }
        if self.writing || self.status & DRQ != 0 {
            self.raise();
        }
    }
}
