//! What the boot loader and the BIOS told us (0.11 `boot/setup.s` left it at
//! 0x90000; `main.c` read it as `EXT_MEM_K`, `DRIVE_INFO`, `ORIG_ROOT_DEV`).

use crate::arch::io::{inb_p, outb_p};
use crate::kernel::types::PhysAddr;
use multiboot2::{BootInformation, BootInformationHeader};
use spin::Once;

const MULTIBOOT1_LOADER: u32 = 0x2BAD_B002;
const MULTIBOOT2_LOADER: u32 = 0x36D7_6289;

/// Longest kernel command line that is kept, in bytes.
pub const CMDLINE_MAX: usize = 256;
/// Most pieces of memory above 1 MB that are told apart.
const REGIONS_MAX: usize = 16;

/// What `head.S` saved before it moved the kernel down.
#[repr(C)]
pub struct BootParams {
    pub(in crate::arch) magic: u32,
    pub(in crate::arch) length: u32,
    /// The BIOS data area, 0x400 to 0x4ff.
    pub(in crate::arch) bda: [u8; 0x100],
    /// The parameter tables of both hard disks.
    pub(in crate::arch) hd: [[u8; 16]; 2],
    pub(in crate::arch) module: [u32; 4],
    pub(in crate::arch) cmdline: [u8; 0x200],
    /// Multiboot 2: all tags. Multiboot 1: 64 bytes of structure, the map.
    pub(in crate::arch) info: [u8; 0x1c00],
}

unsafe extern "C" {
    static boot_params: BootParams;
}

/// A half-open range of physical addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Range {
    pub start: PhysAddr,
    pub end: PhysAddr,
}

impl Range {
    const EMPTY: Range = Range {
        start: PhysAddr(0),
        end: PhysAddr(0),
    };

    /// Bytes in the range.
    pub const fn len(self) -> u32 {
        self.end.0.saturating_sub(self.start.0)
    }
}

/// What is known of the machine, in our own memory.
pub struct BootInfo {
    cmdline: [u8; CMDLINE_MAX],
    cmdline_len: usize,
    /// Where memory below 640 KB ends: above lies the extended BIOS data area.
    pub lower_end: PhysAddr,
    regions: [Range; REGIONS_MAX],
    region_count: usize,
    /// The root image that the loader put into memory, if it did.
    pub module: Option<Range>,
    /// The BIOS data area (0.11's `setup.s` copied parts of it).
    pub bda: [u8; 0x100],
    /// The BIOS's parameter tables of two hard disks (0.11 `DRIVE_INFO`).
    pub drive_info: [[u8; 16]; 2],
}

static BOOT_INFO: Once<BootInfo> = Once::new();

/// What is known of the machine. Panics before [`read_boot_params`].
pub fn boot_info() -> &'static BootInfo {
    BOOT_INFO
        .get()
        .expect("boot information is read first of all")
}

/// What is known of the machine, or nothing yet: for a panic.
pub fn try_boot_info() -> Option<&'static BootInfo> {
    BOOT_INFO.get()
}

impl BootInfo {
    /// The kernel's command line.
    pub fn cmdline(&self) -> &str {
        core::str::from_utf8(&self.cmdline[..self.cmdline_len]).unwrap_or("")
    }

    /// The value of `key=value` on the command line; the last one counts.
    pub fn option(&self, key: &str) -> Option<&str> {
        self.cmdline()
            .split_ascii_whitespace()
            .filter_map(|word| word.strip_prefix(key)?.strip_prefix('='))
            .next_back()
    }

    /// Is `word` on the command line?
    pub fn flag(&self, word: &str) -> bool {
        self.cmdline().split_ascii_whitespace().any(|w| w == word)
    }

    /// Usable memory from 1 MB up.
    pub fn regions(&self) -> &[Range] {
        &self.regions[..self.region_count]
    }

    fn add_region(&mut self, start: u64, end: u64) {
        let start = start.max(0x10_0000).min(u32::MAX as u64) as u32;
        let end = end.min(0xffff_f000) as u32;
        if end > start && self.region_count < REGIONS_MAX {
            self.regions[self.region_count] = Range {
                start: PhysAddr(start),
                end: PhysAddr(end),
            };
            self.region_count += 1;
        }
    }

    fn set_cmdline(&mut self, text: &[u8]) {
        let len = text
            .iter()
            .position(|&b| b == 0)
            .unwrap_or(text.len())
            .min(CMDLINE_MAX);
        self.cmdline[..len].copy_from_slice(&text[..len]);
        self.cmdline_len = len;
    }
}

/// Reads what `head.S` saved into [`boot_info`]. Call it once, before memory
/// above 1 MB, where it lies, is used.
pub fn read_boot_params() {
    // SAFETY: `head.S` has filled the structure, and nothing changes it.
    let params = unsafe { &boot_params };
    BOOT_INFO.call_once(|| {
        let mut info = BootInfo {
            cmdline: [0; CMDLINE_MAX],
            cmdline_len: 0,
            lower_end: PhysAddr(0x9_fc00),
            regions: [Range::EMPTY; REGIONS_MAX],
            region_count: 0,
            module: None,
            bda: params.bda,
            drive_info: params.hd,
        };
        match params.magic {
            MULTIBOOT2_LOADER => read_multiboot2(params, &mut info),
            MULTIBOOT1_LOADER => read_multiboot1(params, &mut info),
            _ => {}
        }
        let bda_kb = u16::from_le_bytes([params.bda[0x13], params.bda[0x14]]) as u32;
        if (256..=640).contains(&bda_kb) {
            info.lower_end = PhysAddr(info.lower_end.0.min(bda_kb * 1024));
        }
        if info.region_count == 0 {
            let end = 0x10_0000 + cmos_extended_kb() as u64 * 1024;
            info.add_region(0x10_0000, end);
        }
        if let Some(limit) = info.option("mem").and_then(megabytes) {
            for region in &mut info.regions[..info.region_count] {
                region.end.0 = region.end.0.min(limit).max(region.start.0);
            }
        }
        info
    });
}

/// The bytes of `mem=`, which is a number of megabytes with an `M`.
fn megabytes(text: &str) -> Option<u32> {
    let number: u32 = text.strip_suffix('M')?.parse().ok()?;
    number.checked_mul(1 << 20)
}

/// Extended memory in KB as the CMOS has it, for a loader that says nothing.
fn cmos_extended_kb() -> u32 {
    let read = |register: u8| {
        outb_p(0x80 | register, 0x70);
        inb_p(0x71) as u32
    };
    read(0x17) | read(0x18) << 8
}

fn read_multiboot2(params: &'static BootParams, info: &mut BootInfo) {
    let [a, b, c, d, ..] = params.info;
    if u32::from_le_bytes([a, b, c, d]) > params.length {
        return; // larger than the room for it: it was cut
    }
    let header = params.info.as_ptr().cast::<BootInformationHeader>();
    // SAFETY: `head.S` copied the loader's whole structure to this 8-aligned
    // array; the crate checks the tags, and fails otherwise.
    let Ok(loader) = (unsafe { BootInformation::load(header) }) else {
        return;
    };
    if let Some(Ok(text)) = loader.command_line_tag().map(|tag| tag.cmdline()) {
        info.set_cmdline(text.as_bytes());
    }
    if let Some(module) = loader.module_tags().next() {
        info.module = Some(Range {
            start: PhysAddr(module.start_address()),
            end: PhysAddr(module.end_address()),
        });
    }
    if let Some(memory) = loader.basic_memory_info_tag() {
        info.lower_end = PhysAddr(memory.memory_lower().min(640) * 1024);
    }
    if let Some(map) = loader.memory_map_tag() {
        for area in map.memory_areas() {
            if area.typ() == multiboot2::MemoryAreaType::Available {
                info.add_region(area.start_address(), area.end_address());
            }
        }
    } else if let Some(memory) = loader.basic_memory_info_tag() {
        info.add_region(0x10_0000, 0x10_0000 + memory.memory_upper() as u64 * 1024);
    }
}

/// Multiboot 1: the structure's fields by offset (Multiboot specification
/// 0.6.96, section 3.3).
fn read_multiboot1(params: &BootParams, info: &mut BootInfo) {
    let word = |offset: usize| {
        u32::from_le_bytes([
            params.info[offset],
            params.info[offset + 1],
            params.info[offset + 2],
            params.info[offset + 3],
        ])
    };
    let flags = word(0);
    if flags & 1 << 2 != 0 {
        info.set_cmdline(&params.cmdline);
        strip_kernel_name(info);
    }
    if params.module[1] > params.module[0] {
        info.module = Some(Range {
            start: PhysAddr(params.module[0]),
            end: PhysAddr(params.module[1]),
        });
    }
    if flags & 1 != 0 {
        info.lower_end = PhysAddr(word(4).min(640) * 1024);
    }
    if flags & 1 << 6 != 0 {
        let mut at = 64;
        let end = 64 + params.length as usize;
        while at + 24 <= end && at + 24 <= params.info.len() {
            let base = word(at + 4) as u64 | (word(at + 8) as u64) << 32;
            let length = word(at + 12) as u64 | (word(at + 16) as u64) << 32;
            if word(at + 20) == 1 {
                info.add_region(base, base.saturating_add(length));
            }
            at = at.saturating_add(word(at) as usize).saturating_add(4);
        }
    } else if flags & 1 != 0 {
        info.add_region(0x10_0000, 0x10_0000 + word(8) as u64 * 1024);
    }
}

/// Multiboot 1 loaders put the kernel's file name before the command line.
fn strip_kernel_name(info: &mut BootInfo) {
    let text = &info.cmdline[..info.cmdline_len];
    let first = text.iter().position(|&b| b == b' ').unwrap_or(text.len());
    if text[..first].contains(&b'=') || !text[..first].contains(&b'/') && first == text.len() {
        return;
    }
    let rest = (first + 1).min(text.len());
    info.cmdline.copy_within(rest.., 0);
    info.cmdline_len -= rest;
}

/// Sets both interrupt controllers to vectors 0x20 to 0x2f, all requests
/// masked but the one from the second to the first (0.11 `setup.s`).
pub fn init_8259() {
    for (value, port) in [
        (0x11, 0x20), // initialisation, in four words
        (0x11, 0xa0),
        (0x20, 0x21), // vectors
        (0x28, 0xa1),
        (0x04, 0x21), // the second one is at request 2
        (0x02, 0xa1),
        (0x01, 0x21), // 8086 mode
        (0x01, 0xa1),
        (0xfb, 0x21), // masks
        (0xff, 0xa1),
    ] {
        outb_p(value, port);
    }
}
