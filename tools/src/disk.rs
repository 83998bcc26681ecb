//! `xtask disk`: hard disk and floppy images that boot.
//!
//! `hd` has a master boot record with GRUB 2's first stage, the rest of GRUB in
//! the gap behind it, and one Minix partition with the kernel and the root, which
//! is mounted as the root. GRUB's own installer wants root, loop devices and a
//! BIOS's view of disks; the loader is two files that go to known places, so
//! that is done here.
//!
//! `hd386` and `fd` are for a true 80386, with 4 MB. No packaged loader runs there:
//! GRUB 2 uses CR4, Debian's GRUB Legacy is compiled with `cmov`, and SYSLINUX
//! cannot load a kernel with less than 5 MB. So they have our own,
//! `arch/boot/bootsect.S`; it, the kernel and the root image for the RAM disk lie
//! one behind the other from the first sector on, on the hard disk before the
//! Minix partition.
//!
//! The same parts give the same bytes every time.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use clap::{Args, ValueEnum};
use object::elf::{FileHeader32, PT_LOAD};
use object::read::elf::{FileHeader, ProgramHeader};

use crate::iso::{GRUB, strip};
use crate::manifest::{MTIME, Manifest};
use crate::minix::{Node, Options, Owner, Tree};
use crate::util::write_if_changed;

const SECTOR: usize = 512;
/// A Minix block is two sectors.
const BLOCK: usize = 1024;

/// The hard disk's geometry: about 20 MB, a common size of the time. Drive and
/// partition end with a cylinder.
const HD: Geometry = Geometry {
    cylinders: 40,
    heads: 16,
    sectors: 63,
};
/// A 1.44 MB floppy.
const FLOPPY: Geometry = Geometry {
    cylinders: 80,
    heads: 2,
    sectors: 18,
};
/// First sector of the Minix partition behind GRUB.
const BEHIND_GRUB: usize = 2048;

/// The partition type of the Minix file systems that 0.11 uses.
const TYPE_MINIX: u8 = 0x80;
/// The master boot record: its disk signature, and the partition table.
const SIGNATURE: usize = 0x1b8;
const TABLE: usize = 0x1be;

/// Where our loader has its configuration, and its end. Both, and what the
/// configuration holds, are at the end of `arch/boot/bootsect.S`.
const CONFIG: usize = 7 * SECTOR;
const LOADER_END: usize = 11 * SECTOR;
/// Where the BIOS loads it.
const LOADER_ADDRESS: usize = 0x7c00;
/// Where it loads the kernel.
const KERNEL_ADDRESS: u32 = 0x10_0000;
/// Until it chooses the first entry, in ticks of the BIOS's clock, 18.2 Hz.
const TIMEOUT: u16 = 91;

/// How a disk's sectors are numbered.
#[derive(Clone, Copy)]
struct Geometry {
    cylinders: usize,
    heads: usize,
    sectors: usize,
}

impl Geometry {
    const fn cylinder(self) -> usize {
        self.heads * self.sectors
    }

    const fn size(self) -> usize {
        self.cylinders * self.cylinder()
    }
}

/// What is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A hard disk with GRUB 2 (486 and up)
    Hd,
    /// A hard disk with our own loader (80386 and up)
    Hd386,
    /// A 1.44 MB floppy with our own loader (80386 and up)
    Fd,
}

/// Makes a bootable hard disk or floppy image.
#[derive(Args)]
pub struct Disk {
    /// What to make
    #[arg(value_enum)]
    kind: Kind,
    #[arg(long, default_value = "build/linux011.elf")]
    kernel: PathBuf,
    /// What is on the hard disk's root
    #[arg(long, default_value = "user/root.manifest")]
    manifest: PathBuf,
    /// The root image for a RAM disk: the floppy's root, the hard disk's reserve
    #[arg(long, default_value = "build/root.img")]
    module: PathBuf,
    /// Our own loader, assembled
    #[arg(long, default_value = "build/bootsect.bin")]
    loader: PathBuf,
    #[arg(long)]
    out: PathBuf,
    /// The files' modification time, seconds since 1970
    #[arg(long, env = "SOURCE_DATE_EPOCH", default_value_t = MTIME)]
    mtime: u32,
}

impl Disk {
    pub fn run(self) -> Result<()> {
        let mut manifest = Manifest::default();
        if self.kind != Kind::Fd {
            manifest.read(&self.manifest)?;
        }
        let parts = Parts {
            kernel: &self.kernel,
            module: &self.module,
            loader: &self.loader,
            menu: menu_of(self.kind)?,
            tree: manifest.tree,
            mtime: self.mtime,
        };
        let image = make_disk(self.kind, parts)
            .with_context(|| format!("cannot make {}", self.out.display()))?;
        if write_if_changed(&self.out, &image)? {
            println!("{}: {} KB", self.out.display(), image.len() / 1024);
        }
        Ok(())
    }
}

/// What goes onto a disk.
pub struct Parts<'a> {
    pub kernel: &'a Path,
    pub module: &'a Path,
    /// Our own loader; GRUB is found where Debian has it.
    pub loader: &'a Path,
    /// The loader's menu.
    pub menu: String,
    /// The root's files.
    pub tree: Tree,
    pub mtime: u32,
}

/// The menu of an image, from `grub/`.
pub fn menu_of(kind: Kind) -> Result<String> {
    let name = match kind {
        Kind::Hd => "grub/hd.cfg",
        Kind::Hd386 => "grub/hd386.menu",
        Kind::Fd => "grub/fd.menu",
    };
    std::fs::read_to_string(name).with_context(|| format!("cannot read {name}"))
}

/// The bytes of a bootable disk.
pub fn make_disk(kind: Kind, parts: Parts) -> Result<Vec<u8>> {
    match kind {
        Kind::Hd => {
            let tree = with_boot_folder(&parts)?;
            hard_disk(&grub2()?, BEHIND_GRUB, &tree, parts.mtime)
        }
        Kind::Hd386 => {
            let start = loaded(&parts, HD)?;
            // The partition begins with a cylinder.
            let behind = start.len().div_ceil(SECTOR);
            let behind = behind.next_multiple_of(HD.cylinder());
            hard_disk(&start, behind, &parts.tree, parts.mtime)
        }
        Kind::Fd => {
            let mut disk = loaded(&parts, FLOPPY)?;
            disk.resize(FLOPPY.size() * SECTOR, 0);
            Ok(disk)
        }
    }
}

/// The root's files, and those that GRUB loads.
fn with_boot_folder(parts: &Parts) -> Result<Tree> {
    let stripped = tempfile::NamedTempFile::new()?;
    strip(parts.kernel, stripped.path())?;
    let kernel = Node::File(read(stripped.path())?);
    let module = Node::File(read(parts.module)?);
    let menu = Node::File(parts.menu.clone().into_bytes());
    let mut tree = parts.tree.clone();
    tree.insert("/boot", owner(0o755), Node::Dir)?;
    tree.insert("/boot/grub", owner(0o755), Node::Dir)?;
    tree.insert("/boot/grub/grub.cfg", owner(0o644), menu)?;
    tree.insert("/boot/linux011.elf", owner(0o644), kernel)?;
    tree.insert("/boot/root.img", owner(0o644), module)?;
    Ok(tree)
}

const fn owner(mode: u16) -> Owner {
    Owner {
        mode,
        uid: 0,
        gid: 0,
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A hard disk: what is loaded from its first sector on, and a Minix partition
/// from sector `behind` to the end.
fn hard_disk(loader: &[u8], behind: usize, tree: &Tree, mtime: u32) -> Result<Vec<u8>> {
    ensure!(
        loader.len() <= behind * SECTOR,
        "the boot loader has {} KB, the room before the partition {} KB",
        loader.len() / 1024,
        behind * SECTOR / 1024
    );
    let sectors = behind..HD.size();
    let files = tree.image(Options {
        blocks: Some(sectors.len() * SECTOR / BLOCK),
        free: 0,
        inodes: None,
        mtime,
    })?;
    let mut disk = vec![0; HD.size() * SECTOR];
    disk[..loader.len()].copy_from_slice(loader);
    disk[SIGNATURE..SECTOR].fill(0);
    // What tells this disk from others: the same for every one.
    disk[SIGNATURE..SIGNATURE + 4].copy_from_slice(b"0.11");
    disk[TABLE..TABLE + 16].copy_from_slice(&entry(&sectors));
    disk[SECTOR - 2..SECTOR].copy_from_slice(&[0x55, 0xaa]);
    let at = sectors.start * SECTOR;
    disk[at..at + files.len()].copy_from_slice(&files);
    Ok(disk)
}

/// An active Minix partition's entry in the partition table.
fn entry(sectors: &Range<usize>) -> [u8; 16] {
    let mut entry = [0; 16];
    entry[0] = 0x80;
    entry[1..4].copy_from_slice(&place(sectors.start));
    entry[4] = TYPE_MINIX;
    entry[5..8].copy_from_slice(&place(sectors.end - 1));
    entry[8..12].copy_from_slice(&(sectors.start as u32).to_le_bytes());
    entry[12..].copy_from_slice(&(sectors.len() as u32).to_le_bytes());
    entry
}

/// Head, sector and cylinder of a sector, as a partition table has them.
fn place(sector: usize) -> [u8; 3] {
    let (track, sect) = (sector / HD.sectors, sector % HD.sectors + 1);
    let (cylinder, head) = (track / HD.heads, track % HD.heads);
    [
        head as u8,
        sect as u8 | (cylinder >> 8 << 6) as u8,
        cylinder as u8,
    ]
}

/// GRUB 2: a boot sector, which looks for core.img at sector 1, where this then
/// looks for its own rest at sector 2: both go onto the disk as they come.
fn grub2() -> Result<Vec<u8>> {
    const MODULES: &[&str] = &[
        "biosdisk",
        "part_msdos",
        "minix",
        "normal",
        "multiboot2",
        "serial",
        "terminal",
    ];
    let core = tempfile::NamedTempFile::new()?;
    let output = Command::new("grub-mkimage")
        .args(["-O", "i386-pc", "-d", GRUB])
        // No disk in it: the one that was booted from.
        .args(["-p", "(,msdos1)/boot/grub", "-o"])
        .arg(core.path())
        .args(MODULES)
        .output()
        .context("cannot run grub-mkimage; tools/setup.sh installs it")?;
    ensure!(
        output.status.success(),
        "grub-mkimage failed:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut loader = read(&Path::new(GRUB).join("boot.img"))?;
    // GRUB_BOOT_MACHINE_DRIVE_CHECK: GRUB's installer, too, removes the jump over
    // a correction of drive numbers that no hard disk has. Some BIOSes need it.
    let jump = loader.get_mut(0x66..0x68);
    let jump = jump.filter(|bytes| **bytes == [0xeb, 0x05]);
    jump.context("GRUB's boot.img is not the one of version 2.06 or 2.12")?
        .fill(0x90);
    loader.extend(read(core.path())?);
    Ok(loader)
}

/// Our own loader, configured, and behind it what it loads; each piece begins
/// with a track, so that it is read in whole ones.
fn loaded(parts: &Parts, geometry: Geometry) -> Result<Vec<u8>> {
    let (kernel, entry) = flat_kernel(&read(parts.kernel)?)?;
    let module = read(parts.module)?;
    let track = geometry.sectors;
    let kernel_sectors = kernel.len().div_ceil(SECTOR);
    let module_start = (track + kernel_sectors).next_multiple_of(track);
    let module_sectors = module.len().div_ceil(SECTOR);
    let end = module_start + module_sectors;
    ensure!(
        end <= geometry.size(),
        "kernel and root image need {} KB with the loader, the disk has {} KB",
        end * SECTOR / 1024,
        geometry.size() * SECTOR / 1024
    );
    let mut disk = read(parts.loader)?;
    ensure!(
        disk.len() == LOADER_END && disk[CONFIG..].iter().all(|byte| *byte == 0),
        "{} is not arch/boot/bootsect.S, assembled",
        parts.loader.display()
    );
    let (text, entries) = menu(&parts.menu)?;
    let mut config = Vec::new();
    for (start, sectors, word) in [
        (track, kernel_sectors, entry),
        (module_start, module_sectors, module.len() as u32),
    ] {
        config.extend((start as u16).to_le_bytes());
        config.extend((sectors as u16).to_le_bytes());
        config.extend(word.to_le_bytes());
    }
    config.extend(TIMEOUT.to_le_bytes());
    let entries_at = LOADER_ADDRESS + CONFIG + config.len() + 2 + text.len();
    config.extend((entries_at as u16).to_le_bytes());
    config.extend(text);
    config.extend(entries);
    ensure!(CONFIG + config.len() <= LOADER_END, "the menu is too long");
    disk[CONFIG..CONFIG + config.len()].copy_from_slice(&config);
    disk.resize(track * SECTOR, 0);
    disk.extend(kernel);
    disk.resize(module_start * SECTOR, 0);
    disk.extend(module);
    Ok(disk)
}

/// The kernel as it lies in memory from 1 MB on, and where it is entered.
fn flat_kernel(elf: &[u8]) -> Result<(Vec<u8>, u32)> {
    let header = FileHeader32::<object::Endianness>::parse(elf)?;
    let endian = header.endian()?;
    let mut kernel = Vec::new();
    for segment in header.program_headers(endian, elf)? {
        let data = segment.data(endian, elf).unwrap_or_default();
        if segment.p_type(endian) != PT_LOAD || data.is_empty() {
            continue;
        }
        let at = segment.p_paddr(endian).checked_sub(KERNEL_ADDRESS);
        let at = at.context("a segment is loaded below 1 MB")? as usize;
        ensure!(at < 1 << 20, "a segment is loaded above 2 MB");
        kernel.resize(kernel.len().max(at + data.len()), 0);
        kernel[at..at + data.len()].copy_from_slice(data);
    }
    Ok((kernel, header.e_entry(endian)))
}

/// The menu's text and its entries, as the loader wants them: letter, 1 if with
/// the root image, command line, 0.
fn menu(source: &str) -> Result<(Vec<u8>, Vec<u8>)> {
    let mut text = b"\r\n\r\nlinux011\r\n\r\n".to_vec();
    let mut entries = Vec::new();
    for line in source.lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let fields: Vec<&str> = line.split('|').map(str::trim).collect();
        let [letter, image, words, title] = fields[..] else {
            bail!("{line:?} has not four fields: letter | image | words | title");
        };
        let with_image = match image {
            "root.img" => 1,
            "-" => 0,
            _ => bail!("{image:?} is neither root.img nor -"),
        };
        ensure!(
            letter.len() == 1 && letter.as_bytes()[0].is_ascii_lowercase(),
            "{letter:?} is no letter from a to z"
        );
        text.extend(format!("  {letter}   {title}\r\n").bytes());
        entries.extend(letter.bytes());
        entries.push(with_image);
        // As from other loaders, the name comes first.
        entries.extend(format!("linux011 {words}").trim_end().bytes());
        entries.push(0);
    }
    ensure!(!entries.is_empty(), "the menu has no entries");
    entries.push(0);
    text.extend(b"\r\nboot: \0");
    Ok((text, entries))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minix::Reader;

    #[test]
    fn places_are_those_of_fdisk() {
        assert_eq!(place(0), [0, 1, 0]);
        assert_eq!(place(2048), [0, 0x21, 2]);
        assert_eq!(place(40 * 16 * 63 - 1), [15, 63, 39]);
        assert_eq!(place(1023 * 16 * 63), [0, 1 | 0xc0, 0xff]);
    }

    #[test]
    fn the_partition_is_where_the_table_says() {
        let disk = hard_disk(&[7; 3 * SECTOR], BEHIND_GRUB, &Tree::default(), MTIME).unwrap();
        assert_eq!(disk.len(), HD.size() * SECTOR);
        // Where the table is, the loader's bytes are not kept.
        assert_eq!(disk[SIGNATURE - 1], 7);
        assert_eq!(disk[TABLE + 16..SECTOR - 2], [0; 48]);
        assert_eq!(disk[SECTOR], 7);
        let word = |at: usize| u32::from_le_bytes(disk[at..at + 4].try_into().unwrap()) as usize;
        let (start, length) = (word(TABLE + 8) * SECTOR, word(TABLE + 12) * SECTOR);
        assert_eq!(start + length, disk.len());
        let root = Reader::new(&disk[start..]).unwrap().find("/").unwrap();
        assert_eq!(root.number, 1);
        assert!(hard_disk(&[0; 3 * SECTOR], 2, &Tree::default(), MTIME).is_err());
    }

    #[test]
    fn menus_are_read() {
        let (text, entries) =
            menu("# x\n\na | - | root=/dev/hd1 | A\nb | root.img | | B\n").unwrap();
        assert!(
            String::from_utf8(text)
                .unwrap()
                .contains("  a   A\r\n  b   B\r\n")
        );
        assert_eq!(entries, b"a\0linux011 root=/dev/hd1\0b\x01linux011\0\0");
        for wrong in ["", "a | - | x", "A | - | | x", "a | img | | x"] {
            assert!(menu(wrong).is_err(), "{wrong}");
        }
    }
}
