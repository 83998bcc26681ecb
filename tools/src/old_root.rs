//! A hard disk of 0.11's time: what it holds, and `xtask old-root`, which boots
//! the reader's own copy of one. See docs/old-root.md.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use clap::Args;

use crate::minix::{Reader, S_IFREG};
use crate::util::output_of;

/// Bytes of a sector.
const SECTOR: u64 = 512;
/// Where the four entries of the partition table lie in the first sector.
const TABLE: usize = 446;
const ENTRY: usize = 16;
/// How a program begins that is loaded page by page.
const ZMAGIC: [u8; 2] = [0x0b, 0x01];
/// Partition types of Minix file systems: older than Minix 1.4b, and since.
const MINIX: [u8; 2] = [0x80, 0x81];

/// A partition of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// 1 to 4, as in `/dev/hd1`.
    pub number: usize,
    /// Bytes from the disk's beginning.
    pub start: u64,
    /// Bytes.
    pub length: u64,
}

/// The Minix partitions in the disk's first sector.
fn partitions(sector: &[u8]) -> Vec<Partition> {
    if sector.len() < SECTOR as usize || sector[510..512] != [0x55, 0xaa] {
        return Vec::new();
    }
    let word = |at: usize| {
        u64::from(u32::from_le_bytes([
            sector[at],
            sector[at + 1],
            sector[at + 2],
            sector[at + 3],
        ]))
    };
    (0..4)
        .map(|index| (index + 1, TABLE + index * ENTRY))
        .filter(|(_, at)| MINIX.contains(&sector[at + 4]))
        .map(|(number, at)| Partition {
            number,
            start: word(at + 8) * SECTOR,
            length: word(at + 12) * SECTOR,
        })
        .collect()
}

/// The Minix partitions of a disk image, the root file system first.
///
/// # Errors
/// If the image cannot be read, or partition 1 is none of Minix's.
pub fn minix_partitions(disk: &Path) -> Result<Vec<Partition>> {
    let mut sector = [0; SECTOR as usize];
    File::open(disk)
        .and_then(|mut file| file.read_exact(&mut sector))
        .with_context(|| format!("cannot read {}", disk.display()))?;
    let found = partitions(&sector);
    ensure!(
        found.first().is_some_and(|first| first.number == 1),
        "{} is no hard disk whose first partition is of type 80 or 81 (Minix): unpack the \
         image first if it is compressed (docs/old-root.md)",
        disk.display()
    );
    Ok(found)
}

/// A partition's bytes.
fn contents(disk: &Path, partition: Partition) -> Result<Vec<u8>> {
    let mut file = File::open(disk)?;
    file.seek(SeekFrom::Start(partition.start))?;
    let mut bytes = Vec::new();
    file.take(partition.length).read_to_end(&mut bytes)?;
    ensure!(
        bytes.len() as u64 == partition.length,
        "partition {} reaches beyond the end of {}",
        partition.number,
        disk.display()
    );
    Ok(bytes)
}

/// The paths of all programs that are a.out files for Linux (and may be executed:
/// shared libraries do not count).
pub fn programs_on(disk: &Path, partition: Partition) -> Result<Vec<String>> {
    let bytes = contents(disk, partition)?;
    let reader = Reader::new(&bytes)?;
    let mut found = Vec::new();
    for (path, inode) in reader.walk("/")? {
        if inode.kind() == S_IFREG
            && inode.mode & 0o111 != 0
            && reader.contents(&inode)?.starts_with(&ZMAGIC)
        {
            found.push(path);
        }
    }
    Ok(found)
}

/// What `fsck.minix -f` has to say about a partition, line by line.
pub fn complaints(disk: &Path, partition: Partition) -> Result<Vec<String>> {
    let mut copy = tempfile::NamedTempFile::new()?;
    copy.write_all(&contents(disk, partition)?)?;
    let path = copy.path().to_str().context("a path is not UTF-8")?;
    let output = output_of("/sbin/fsck.minix", &["-f", path])?;
    let words = [output.stdout, output.stderr].concat();
    Ok(String::from_utf8_lossy(&words)
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.contains(path))
        .map(String::from)
        .collect())
}

/// QEMU's arguments for the disk.
pub fn drive(disk: &Path) -> Vec<String> {
    // A comma in a file name is written twice.
    let name = disk.display().to_string().replace(',', ",,");
    vec![
        "-drive".into(),
        format!("file={name},format=raw,if=ide,index=0"),
    ]
}

/// Boots our kernel with a hard disk of 0.11's time as its root.
#[derive(Args)]
pub struct OldRoot {
    /// Image of the hard disk, with its partition table
    disk: PathBuf,
    /// Keep what the guest writes [default: forget it]
    #[arg(long)]
    write: bool,
    /// Memory in MB
    #[arg(long, default_value_t = 16)]
    mem: u32,
    /// The screen and keyboard in a window, in place of the serial line in this
    /// terminal
    #[arg(long)]
    window: bool,
    /// The kernel
    #[arg(long, default_value = "build/linux011.elf")]
    kernel: PathBuf,
}

impl OldRoot {
    pub fn run(self) -> Result<()> {
        minix_partitions(&self.disk)?;
        let mut command = Command::new("qemu-system-i386");
        command
            .args(["-name", "linux011", "-m", &self.mem.to_string()])
            .args(["-rtc", "base=utc", "-net", "none"])
            .arg("-kernel")
            .arg(&self.kernel)
            .args(drive(&self.disk));
        if !self.write {
            command.arg("-snapshot");
            println!("The disk stays as it is; WRITE=1 keeps what you change.");
        }
        if self.window {
            command.args(["-append", "root=0301", "-serial", "none"]);
        } else {
            println!("To leave QEMU: `sync`, then Ctrl-A, then X.");
            command.args(["-append", "root=0301 console=ttyS0"]).args([
                "-display",
                "none",
                "-serial",
                "mon:stdio",
            ]);
        }
        let status = command
            .status()
            .context("cannot start qemu-system-i386; tools/setup.sh installs it")?;
        ensure!(status.success(), "QEMU ended with {status}");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(kind: u8) -> Vec<u8> {
        let mut sector = vec![0; 512];
        sector[TABLE + 4] = kind;
        sector[TABLE + 8] = 2;
        sector[TABLE + 12..TABLE + 14].copy_from_slice(&[0x00, 0x01]);
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    #[test]
    fn finds_minix_partitions() {
        let wanted = Partition {
            number: 1,
            start: 1024,
            length: 0x100 * 512,
        };
        assert_eq!(partitions(&sector(0x81)), [wanted]);
        assert_eq!(partitions(&sector(0x83)), []);
        assert_eq!(partitions(&[0; 512]), []);
        assert_eq!(partitions(b"short"), []);
    }

    #[test]
    fn a_comma_in_a_name_is_doubled() {
        let words = drive(Path::new("a,b"));
        assert_eq!(words[1], "file=a,,b,format=raw,if=ide,index=0");
    }
}
