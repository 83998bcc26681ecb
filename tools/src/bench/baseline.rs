//! The original on the same machine: a floppy image with its kernel, and a hard
//! disk with one Minix partition that has the bench programs, where its `init`
//! starts `/bin/sh`.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use super::machine::counting;
use super::recording::{self, Counted};
use crate::machine::{Boot, Setup};

const SECTOR: usize = 512;
/// The disk's shape; QEMU concludes it from where the partition ends.
const HEADS: usize = 16;
const SECTORS: usize = 63;
/// A floppy disk of 1.44 MB.
const FLOPPY: usize = 2880 * SECTOR;
/// Where a boot sector of 0.11 has the root's device number.
const ROOT_DEV: usize = 508;
/// `/dev/hd1`, the first partition of the first drive.
const HD1: u16 = 0x301;

/// Boots `kernel`, an Image of Linux 0.11, with the file system in `root`.
pub fn run(kernel: &Path, root: &Path) -> Result<Vec<Counted>> {
    let image = std::fs::read(kernel)
        .with_context(|| format!("cannot read the baseline kernel {}", kernel.display()))?;
    let root = std::fs::read(root).with_context(|| format!("cannot read {}", root.display()))?;
    let folder = TempDir::new()?;
    let floppy = folder.path().join("floppy");
    let disk = folder.path().join("disk");
    std::fs::write(&floppy, floppy_of(image)?)?;
    std::fs::write(&disk, disk_of(&root))?;
    recording::run(counting(Setup::new(Boot::Floppy { floppy, disk })))
        .with_context(|| format!("the baseline {}", kernel.display()))
}

/// A floppy disk with the kernel, which is told to mount `/dev/hd1`.
fn floppy_of(mut image: Vec<u8>) -> Result<Vec<u8>> {
    ensure!(
        image.len() > SECTOR && image.len() <= FLOPPY && image[510..512] == [0x55, 0xaa],
        "it is no Image of Linux 0.11: a boot sector, setup and the kernel, 1.44 MB at most"
    );
    image.resize(FLOPPY, 0);
    image[ROOT_DEV..ROOT_DEV + 2].copy_from_slice(&HD1.to_le_bytes());
    Ok(image)
}

/// A hard disk with the file system in its first partition.
fn disk_of(root: &[u8]) -> Vec<u8> {
    let first = SECTORS; // the second track
    let cylinders = (first * SECTOR + root.len()).div_ceil(HEADS * SECTORS * SECTOR);
    let sectors = cylinders * HEADS * SECTORS;
    let mut disk = vec![0; sectors * SECTOR];
    disk[first * SECTOR..first * SECTOR + root.len()].copy_from_slice(root);
    let last = cylinders - 1;
    let entry = &mut disk[446..462];
    entry[1..4].copy_from_slice(&[1, 1, 0]); // head 1, sector 1, cylinder 0
    entry[4] = 0x81; // Minix
    let high = (last >> 8 << 6) as u8;
    entry[5..8].copy_from_slice(&[HEADS as u8 - 1, SECTORS as u8 | high, last as u8]);
    entry[8..12].copy_from_slice(&(first as u32).to_le_bytes());
    entry[12..16].copy_from_slice(&((sectors - first) as u32).to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk() {
        let disk = disk_of(&[7; 2048]);
        assert_eq!(disk.len(), HEADS * SECTORS * SECTOR);
        assert_eq!(disk[63 * SECTOR], 7);
        assert_eq!(disk[446 + 5..446 + 8], [15, 63, 0]);
        assert_eq!(disk[446 + 8], 63);
    }

    #[test]
    fn a_floppy() {
        assert!(floppy_of(vec![0; 1024]).is_err());
        let mut image = vec![0; 1024];
        image[510..512].copy_from_slice(&[0x55, 0xaa]);
        let floppy = floppy_of(image).unwrap();
        assert_eq!(floppy.len(), FLOPPY);
        assert_eq!(floppy[508..510], [1, 3]);
    }
}
