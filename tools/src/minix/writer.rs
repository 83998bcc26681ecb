//! Makes Minix images: a tree in memory, then its bytes. The same tree gives
//! the same bytes: inode and zone numbers follow the sorted paths, times are
//! given from outside.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};

use super::*;

/// Permission bits (with set-id and sticky), user and group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    pub mode: u16,
    pub uid: u16,
    pub gid: u8,
}

/// What a name in the tree stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    Dir,
    File(Vec<u8>),
    Symlink(Vec<u8>),
    /// A device node: `S_IFCHR` or `S_IFBLK`, major, minor.
    Device(u16, u8, u8),
    Fifo,
}

impl Node {
    fn kind(&self) -> u16 {
        match self {
            Node::Dir => S_IFDIR,
            Node::File(_) => S_IFREG,
            Node::Symlink(_) => S_IFLNK,
            Node::Device(kind, ..) => *kind,
            Node::Fifo => S_IFIFO,
        }
    }
}

/// How large an image becomes, and the time all its files carry.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Size of the image in blocks of 1 KB; `None`: what is needed and `free`.
    pub blocks: Option<usize>,
    /// Blocks left free where `blocks` is not given.
    pub free: usize,
    /// Inodes; `None`: the used ones and one for each four blocks.
    pub inodes: Option<usize>,
    /// Modification time, seconds since 1970.
    pub mtime: u32,
}

/// A file tree by absolute path. `/` exists from the start, 0755 root.
#[derive(Clone, Debug)]
pub struct Tree {
    nodes: BTreeMap<String, (Owner, Node)>,
    /// Further names of files: path to the path of the file itself.
    links: BTreeMap<String, String>,
}

impl Default for Tree {
    fn default() -> Tree {
        let owner = Owner {
            mode: 0o755,
            uid: 0,
            gid: 0,
        };
        Tree {
            nodes: BTreeMap::from([("/".to_string(), (owner, Node::Dir))]),
            links: BTreeMap::new(),
        }
    }
}

/// The folder part of an absolute path, and the name in it.
fn split(path: &str) -> (&str, &str) {
    match path.rsplit_once('/') {
        Some(("", name)) => ("/", name),
        Some((folder, name)) => (folder, name),
        None => ("", path),
    }
}

impl Tree {
    /// Puts a node at `path`. A node of the same kind is replaced, so that a
    /// test image can change a file of the root image that it starts from.
    pub fn insert(&mut self, path: &str, owner: Owner, node: Node) -> Result<()> {
        self.check_path(path)?;
        ensure!(
            !self.links.contains_key(path),
            "{path} is already a link to {}",
            self.links[path]
        );
        if let Some((_, old)) = self.nodes.get(path) {
            ensure!(
                old.kind() == node.kind(),
                "{path} is already there as something of another kind"
            );
        }
        if let Node::File(bytes) | Node::Symlink(bytes) = &node {
            ensure!(
                bytes.len() <= MAX_SIZE,
                "{path} has {} bytes, a file of this file system at most {MAX_SIZE}",
                bytes.len()
            );
        }
        self.nodes.insert(path.to_string(), (owner, node));
        Ok(())
    }

    /// Gives the file at `target` the further name `path`.
    pub fn link(&mut self, path: &str, target: &str) -> Result<()> {
        self.check_path(path)?;
        ensure!(
            !self.nodes.contains_key(path) && !self.links.contains_key(path),
            "{path} is already there"
        );
        let target = self.links.get(target).map_or(target, String::as_str);
        match self.nodes.get(target) {
            None => bail!("{target}, which {path} shall link to, is not there yet"),
            Some((_, Node::Dir)) => bail!("{target} is a directory: it cannot be linked"),
            Some(_) => {}
        }
        self.links.insert(path.to_string(), target.to_string());
        Ok(())
    }

    fn check_path(&self, path: &str) -> Result<()> {
        if path == "/" {
            return Ok(());
        }
        let (folder, name) = split(path);
        ensure!(
            path.starts_with('/') && !path.contains("//") && !path.ends_with('/'),
            "{path:?} is not an absolute path in its shortest form"
        );
        ensure!(
            name.len() <= NAME_LENGTH && !matches!(name, "." | ".."),
            "{path}: a name has at most {NAME_LENGTH} bytes and is not . or .."
        );
        ensure!(
            matches!(self.nodes.get(folder), Some((_, Node::Dir))),
            "{path}: there is no directory {folder} (declare it before, with a `dir` line)"
        );
        Ok(())
    }

    /// The image of this tree.
    pub fn image(&self, options: Options) -> Result<Vec<u8>> {
        let numbers: BTreeMap<&str, u16> = self
            .nodes
            .keys()
            .enumerate()
            .map(|(nr, path)| Ok((path.as_str(), u16::try_from(nr + 1)?)))
            .collect::<Result<_>>()
            .context("more than 65535 files")?;
        let names = self.names(&numbers);
        let contents: Vec<Vec<u8>> = self
            .nodes
            .iter()
            .map(|(path, (_, node))| match node {
                Node::Dir => directory(&names[path.as_str()]),
                Node::File(bytes) | Node::Symlink(bytes) => bytes.clone(),
                Node::Device(..) | Node::Fifo => Vec::new(),
            })
            .collect();

        let used: usize = contents.iter().map(|bytes| zones_for(bytes.len())).sum();
        let mut disk = Disk::new(Layout::new(used, self.nodes.len(), options)?);
        for (nr, ((path, (owner, node)), bytes)) in self.nodes.iter().zip(&contents).enumerate() {
            let zones = match node {
                Node::Device(_, major, minor) => {
                    let mut zones = [0; 9];
                    zones[0] = u16::from_le_bytes([*minor, *major]);
                    zones
                }
                _ => disk.store(bytes),
            };
            let links = match node {
                Node::Dir => 2 + names[path.as_str()].iter().filter(|name| name.2).count() - 1,
                _ => 1 + self.links.values().filter(|target| *target == path).count(),
            };
            disk.inode(nr, |put| {
                put.u16(owner.mode & 0o7777 | node.kind());
                put.u16(owner.uid);
                put.u32(bytes.len() as u32);
                put.u32(options.mtime);
                put.u8(owner.gid);
                put.u8(u8::try_from(links).with_context(|| format!("{path} has {links} links"))?);
                zones.into_iter().for_each(|zone| put.u16(zone));
                Ok(())
            })?;
        }
        Ok(disk.finish(self.nodes.len()))
    }

    /// For each directory its entries: name, inode, whether it counts as a link
    /// to the directory (`.` of its own and `..` of each directory in it).
    fn names<'a>(
        &'a self,
        numbers: &BTreeMap<&'a str, u16>,
    ) -> BTreeMap<&'a str, Vec<(&'a str, u16, bool)>> {
        let mut names = BTreeMap::new();
        for (path, (_, node)) in &self.nodes {
            if *node == Node::Dir {
                let number = numbers[path.as_str()];
                let parent = numbers[if path == "/" { "/" } else { split(path).0 }];
                names.insert(
                    path.as_str(),
                    vec![(".", number, true), ("..", parent, false)],
                );
            }
        }
        let files = self.nodes.iter().filter(|(path, _)| *path != "/");
        let links = self
            .links
            .iter()
            .map(|(path, target)| (path, target, false));
        for (path, target, is_dir) in files
            .map(|(path, (_, node))| (path, path, *node == Node::Dir))
            .chain(links)
        {
            let (folder, name) = split(path);
            let entries = names.get_mut(folder).expect("checked when it was added");
            entries.push((name, numbers[target.as_str()], is_dir));
        }
        names
    }
}

/// The bytes of a directory.
fn directory(entries: &[(&str, u16, bool)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * ENTRY);
    for (name, inode, _) in entries {
        bytes.extend_from_slice(&inode.to_le_bytes());
        bytes.extend_from_slice(name.as_bytes());
        bytes.resize(bytes.len().next_multiple_of(ENTRY), 0);
    }
    bytes
}

/// Zones that a file of this many bytes takes, indirect blocks included.
pub(super) fn zones_for(bytes: usize) -> usize {
    let data = bytes.div_ceil(BLOCK);
    let indirect = usize::from(data > DIRECT);
    let double = data.saturating_sub(DIRECT + ZONES);
    data + indirect + usize::from(double > 0) + double.div_ceil(ZONES)
}

/// Where the parts of an image lie, in blocks.
struct Layout {
    blocks: usize,
    inodes: usize,
    imap: usize,
    zmap: usize,
    first_data: usize,
}

impl Layout {
    fn new(used_zones: usize, used_inodes: usize, options: Options) -> Result<Layout> {
        // The bitmaps take room themselves: a few rounds settle the size.
        let mut blocks = options.blocks.unwrap_or(used_zones + options.free);
        loop {
            let layout = Layout::sized(blocks, used_inodes, options.inodes);
            let wanted = layout.first_data + used_zones + options.free;
            if options.blocks.is_none() && blocks < wanted {
                blocks = wanted;
                continue;
            }
            ensure!(
                layout.inodes >= used_inodes,
                "{used_inodes} files need more than the {} inodes asked for",
                layout.inodes
            );
            ensure!(
                blocks <= 65535,
                "an image has at most 65535 blocks of 1 KB, this one needs {blocks}"
            );
            ensure!(
                layout.first_data + used_zones <= blocks,
                "the files need {} KB with the tables, the image has {blocks} KB: give a larger --size",
                layout.first_data + used_zones
            );
            return Ok(layout);
        }
    }

    fn sized(blocks: usize, used_inodes: usize, inodes: Option<usize>) -> Layout {
        // Inodes fill their last block: the rest of it could serve nothing else.
        let per_block = BLOCK / INODE;
        let inodes = inodes.unwrap_or((used_inodes + blocks / 4).min(65535 - per_block));
        let inodes = inodes.next_multiple_of(per_block).min(65535);
        // Bit 0 of both maps stands for nothing.
        let imap = (inodes + 1).div_ceil(BLOCK * 8);
        let zmap = blocks.div_ceil(BLOCK * 8);
        let first_data = 2 + imap + zmap + inodes.div_ceil(per_block);
        Layout {
            blocks,
            inodes,
            imap,
            zmap,
            first_data,
        }
    }
}

/// Little-endian fields, one after the other.
struct Put<'a>(&'a mut [u8], usize);

impl Put<'_> {
    fn bytes(&mut self, bytes: &[u8]) {
        self.0[self.1..self.1 + bytes.len()].copy_from_slice(bytes);
        self.1 += bytes.len();
    }
    fn u8(&mut self, value: u8) {
        self.bytes(&[value]);
    }
    fn u16(&mut self, value: u16) {
        self.bytes(&value.to_le_bytes());
    }
    fn u32(&mut self, value: u32) {
        self.bytes(&value.to_le_bytes());
    }
}

/// An image that is being filled.
struct Disk {
    layout: Layout,
    bytes: Vec<u8>,
    next_zone: usize,
}

impl Disk {
    fn new(layout: Layout) -> Disk {
        Disk {
            bytes: vec![0; layout.blocks * BLOCK],
            next_zone: layout.first_data,
            layout,
        }
    }

    /// Takes the next free zone; `Layout::new` made sure that there is one.
    fn zone(&mut self) -> u16 {
        let zone = self.next_zone;
        self.next_zone += 1;
        zone as u16
    }

    fn block(&mut self, zone: u16) -> &mut [u8] {
        let at = usize::from(zone) * BLOCK;
        &mut self.bytes[at..at + BLOCK]
    }

    /// Stores a file's bytes; the zone numbers for its inode.
    fn store(&mut self, file: &[u8]) -> [u16; 9] {
        let mut zones = [0; 9];
        let mut rest = file;
        for zone in &mut zones[..DIRECT] {
            *zone = self.store_level(&mut rest, 0);
        }
        zones[DIRECT] = self.store_level(&mut rest, 1);
        zones[DIRECT + 1] = self.store_level(&mut rest, 2);
        zones
    }

    /// Stores as much of `rest` as one zone of this level of indirection
    /// reaches; 0 if nothing is left.
    fn store_level(&mut self, rest: &mut &[u8], level: usize) -> u16 {
        if rest.is_empty() {
            return 0;
        }
        let zone = self.zone();
        if level == 0 {
            let (now, later) = rest.split_at(rest.len().min(BLOCK));
            self.block(zone)[..now.len()].copy_from_slice(now);
            *rest = later;
        } else {
            for nr in 0..ZONES {
                let below = self.store_level(rest, level - 1);
                self.block(zone)[nr * 2..nr * 2 + 2].copy_from_slice(&below.to_le_bytes());
            }
        }
        zone
    }

    fn inode(&mut self, nr: usize, fill: impl FnOnce(&mut Put) -> Result<()>) -> Result<()> {
        let at = (2 + self.layout.imap + self.layout.zmap) * BLOCK + nr * INODE;
        fill(&mut Put(&mut self.bytes[at..at + INODE], 0))
    }

    /// Writes superblock and bitmaps.
    fn finish(mut self, used_inodes: usize) -> Vec<u8> {
        let layout = &self.layout;
        let mut put = Put(&mut self.bytes[BLOCK..2 * BLOCK], 0);
        put.u16(layout.inodes as u16);
        put.u16(layout.blocks as u16);
        put.u16(layout.imap as u16);
        put.u16(layout.zmap as u16);
        put.u16(layout.first_data as u16);
        put.u16(0);
        put.u32(MAX_SIZE as u32);
        put.u16(MAGIC);
        put.u16(STATE_VALID);

        let (imap, zmap) = (2, 2 + layout.imap);
        let zones = self.next_zone - layout.first_data;
        let all_zones = layout.blocks - layout.first_data;
        let maps = [
            (imap, layout.imap, used_inodes, layout.inodes),
            (zmap, layout.zmap, zones, all_zones),
        ];
        for (start, blocks, used, all) in maps {
            // Bit 0, what is used, and what lies beyond the end are set.
            for bit in (0..=used).chain(all + 1..blocks * BLOCK * 8) {
                self.bytes[start * BLOCK + bit / 8] |= 1 << (bit % 8);
            }
        }
        self.bytes
    }
}
