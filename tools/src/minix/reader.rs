//! Looks into Minix images. It trusts nothing: a damaged image gives an error.

use anyhow::{Context, Result, ensure};

use super::*;

/// An inode as it lies on the disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inode {
    pub number: u16,
    pub mode: u16,
    pub uid: u16,
    pub size: u32,
    pub mtime: u32,
    pub gid: u8,
    pub links: u8,
    pub zones: [u16; 9],
}

impl Inode {
    /// One of the `S_IF` constants.
    pub fn kind(&self) -> u16 {
        self.mode & S_IFMT
    }

    /// Major and minor number of a device node.
    pub fn device(&self) -> Option<(u8, u8)> {
        let [minor, major] = self.zones[0].to_le_bytes();
        matches!(self.kind(), S_IFCHR | S_IFBLK).then_some((major, minor))
    }
}

/// An image with a sane superblock.
pub struct Reader<'a> {
    image: &'a [u8],
    inodes: usize,
    zones: usize,
    first_inode_block: usize,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from(u16_at(bytes, at)) | u32::from(u16_at(bytes, at + 2)) << 16
}

impl<'a> Reader<'a> {
    pub fn new(image: &'a [u8]) -> Result<Reader<'a>> {
        let sb = image
            .get(BLOCK..2 * BLOCK)
            .context("too short for a file system")?;
        ensure!(
            u16_at(sb, 16) == MAGIC,
            "not a Minix file system of version 1 with names of 14 bytes (magic {:#06x})",
            u16_at(sb, 16)
        );
        ensure!(u16_at(sb, 10) == 0, "zones of more than one block");
        let maps = usize::from(u16_at(sb, 4)) + usize::from(u16_at(sb, 6));
        let reader = Reader {
            image,
            inodes: u16_at(sb, 0).into(),
            zones: u16_at(sb, 2).into(),
            first_inode_block: 2 + maps,
        };
        let end = reader.first_inode_block * BLOCK + reader.inodes * INODE;
        ensure!(
            end <= image.len() && reader.zones * BLOCK <= image.len(),
            "the image ends before its file system does"
        );
        Ok(reader)
    }

    pub fn inode(&self, number: u16) -> Result<Inode> {
        let nr = usize::from(number);
        ensure!(
            (1..=self.inodes).contains(&nr),
            "there is no inode {number}"
        );
        let at = self.first_inode_block * BLOCK + (nr - 1) * INODE;
        let raw = &self.image[at..at + INODE];
        Ok(Inode {
            number,
            mode: u16_at(raw, 0),
            uid: u16_at(raw, 2),
            size: u32_at(raw, 4),
            mtime: u32_at(raw, 8),
            gid: raw[12],
            links: raw[13],
            zones: std::array::from_fn(|nr| u16_at(raw, 14 + nr * 2)),
        })
    }

    /// The inode at an absolute path.
    pub fn find(&self, path: &str) -> Result<Inode> {
        let mut inode = self.inode(ROOT)?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let entries = self.entries(&inode)?;
            let (_, number) = entries
                .iter()
                .find(|entry| entry.0 == name)
                .with_context(|| format!("{path}: there is no {name}"))?;
            inode = self.inode(*number)?;
        }
        Ok(inode)
    }

    /// Names and inode numbers in a directory, `.` and `..` included.
    pub fn entries(&self, dir: &Inode) -> Result<Vec<(String, u16)>> {
        ensure!(dir.kind() == S_IFDIR, "not a directory");
        let bytes = self.contents(dir)?;
        let used = bytes.chunks_exact(ENTRY).filter(|raw| u16_at(raw, 0) != 0);
        Ok(used
            .map(|raw| {
                let name = raw[2..].split(|byte| *byte == 0).next().unwrap_or(&[]);
                (String::from_utf8_lossy(name).into_owned(), u16_at(raw, 0))
            })
            .collect())
    }

    /// A file's bytes; holes read as zero.
    pub fn contents(&self, inode: &Inode) -> Result<Vec<u8>> {
        if inode.device().is_some() {
            return Ok(Vec::new());
        }
        let size = inode.size as usize;
        ensure!(size <= MAX_SIZE, "inode {} is too large", inode.number);
        let blocks = size.div_ceil(BLOCK);
        let mut bytes = Vec::with_capacity(blocks * BLOCK);
        for nr in 0..blocks {
            match self.zone_of(inode, nr)? {
                0 => bytes.resize(bytes.len() + BLOCK, 0),
                zone => bytes.extend_from_slice(self.block(zone)?),
            }
        }
        bytes.truncate(size);
        Ok(bytes)
    }

    /// The zone that holds a file's block; 0 for a hole.
    fn zone_of(&self, inode: &Inode, nr: usize) -> Result<u16> {
        if nr < DIRECT {
            return Ok(inode.zones[nr]);
        }
        let nr = nr - DIRECT;
        if nr < ZONES {
            return self.through(inode.zones[DIRECT], nr);
        }
        let nr = nr - ZONES;
        let below = self.through(inode.zones[DIRECT + 1], nr / ZONES)?;
        self.through(below, nr % ZONES)
    }

    fn through(&self, indirect: u16, nr: usize) -> Result<u16> {
        match indirect {
            0 => Ok(0),
            zone => Ok(u16_at(self.block(zone)?, nr * 2)),
        }
    }

    fn block(&self, zone: u16) -> Result<&'a [u8]> {
        let nr = usize::from(zone);
        ensure!(
            nr < self.zones && nr >= self.first_inode_block,
            "zone {zone} is not in the data area"
        );
        Ok(&self.image[nr * BLOCK..(nr + 1) * BLOCK])
    }

    /// Every path below `from` with its inode, sorted, `from` itself first.
    pub fn walk(&self, from: &str) -> Result<Vec<(String, Inode)>> {
        let inode = self.find(from)?;
        let mut found = vec![(from.to_string(), inode.clone())];
        if inode.kind() == S_IFDIR {
            let mut entries = self.entries(&inode)?;
            entries.retain(|entry| !matches!(entry.0.as_str(), "." | ".."));
            entries.sort();
            ensure!(
                from.matches('/').count() < 64,
                "{from}: directories nest too deep"
            );
            for (name, _) in entries {
                let path = format!("{}/{name}", from.trim_end_matches('/'));
                found.extend(self.walk(&path)?);
            }
        }
        Ok(found)
    }
}
