//! Images of disks for the tests of the drives.

use std::fs::File;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::product;
use crate::machine::Qemu;
use crate::minix::{Reader, S_IFREG};
use crate::util::fsck;

pub const SECTOR: usize = 512;

/// An empty image.
pub fn empty(folder: &Path, name: &str, bytes: usize) -> Result<PathBuf> {
    let path = folder.join(name);
    File::create(&path)?.set_len(bytes as u64)?;
    Ok(path)
}

/// Bytes without order, the same each time for the same seed.
pub fn noise(seed: u32, bytes: usize) -> Vec<u8> {
    let mut state = seed;
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    })
    .take(bytes)
    .collect()
}

/// A first sector with Minix partitions, each a beginning and a length in sectors.
pub fn partition_table(parts: &[(u32, u32)]) -> [u8; SECTOR] {
    const TABLE: usize = 0x1be;
    let mut sector = [0; SECTOR];
    for (nr, (start, sectors)) in parts.iter().enumerate() {
        let entry = &mut sector[TABLE + 16 * nr..][..16];
        entry[4] = 0x81;
        entry[8..12].copy_from_slice(&start.to_le_bytes());
        entry[12..].copy_from_slice(&sectors.to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

/// A Minix file system in a disk, from sector `start` on: checked by fsck.minix.
pub fn checked(disk: &Path, start: usize, sectors: usize) -> Result<Vec<u8>> {
    let bytes = std::fs::read(disk)?;
    let part = bytes
        .get(start * SECTOR..(start + sectors) * SECTOR)
        .context("the disk is too short")?;
    let file = tempfile::NamedTempFile::new()?;
    std::fs::write(file.path(), part)?;
    fsck(file.path())?;
    Ok(part.to_vec())
}

/// Makes sure that the folder `at` of the file system holds all programs of the
/// root's /bin, byte for byte.
pub fn has_bin(system: &[u8], at: &str) -> Result<()> {
    let root = std::fs::read(product("root.img"))?;
    let (root, copy) = (Reader::new(&root)?, Reader::new(system)?);
    let files = root.walk("/bin")?;
    ensure!(files.len() > 20, "{} files in /bin", files.len());
    for (path, inode) in files.iter().filter(|file| file.1.kind() == S_IFREG) {
        let there = path.replacen("/bin", at, 1);
        let found = copy.find(&there)?;
        ensure!(
            root.contents(inode)? == copy.contents(&found)?,
            "{there} is not what {path} is"
        );
    }
    Ok(())
}

/// Turns an interrupt of the second controller off (bit set in its mask) or on,
/// or one of the first (irq below 8).
pub fn mask_irq(machine: &mut Qemu, irq: u32, off: bool) -> Result<()> {
    let port = if irq < 8 { 0x21 } else { 0xa1 };
    let bit = 1 << (irq & 7);
    let answer = machine.monitor(&format!("i /b {port:#x}"))?;
    let value = answer.rsplit("= ").next().unwrap_or("").trim();
    let old = u8::from_str_radix(value.trim_start_matches("0x"), 16)
        .with_context(|| format!("the monitor says {answer:?}"))?;
    let new = if off { old | bit } else { old & !bit };
    machine.monitor(&format!("o /b {port:#x} {new}"))?;
    Ok(())
}
