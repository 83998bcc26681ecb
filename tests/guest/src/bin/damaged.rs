//! Damaged file systems: whatever the disk says, calls end with an error or a
//! result, the kernel goes on, and nothing of the file system stays in use.
//!
//! The second hard disk gets a small file system, made here, of which a few bytes
//! or words are then changed at random, the same ones in every run.

#![no_std]
#![no_main]
use guest::prelude::*;
use rt::{dir, mode};

cases! {
    "damaged";
    changed_bytes, changed_words, changed_zones, superblocks, root_is_no_directory, undamaged
}

const DISK: &str = "/dev/hd5";
const DEV: u16 = 0x305;
const BLOCK: usize = 1024;
/// Blocks of the file system: boot block, superblock, two bitmaps, three of
/// inodes, and data.
const BLOCKS: usize = 160;
const INODES: usize = 96;
const FIRST_INODES: usize = 4;
const FIRST_DATA: usize = FIRST_INODES + INODES / 32;
/// What holds the file system's own numbers, and the directories and lists of
/// zones that are made first.
const META: usize = FIRST_DATA + 12;

fn put16(image: &mut [u8], at: usize, value: u16) {
    image[at..at + 2].copy_from_slice(&value.to_le_bytes());
}

/// An empty file system: the root directory and nothing else.
fn empty() -> Vec<u8> {
    let mut image = vec![0; BLOCKS * BLOCK];
    let numbers = [INODES, BLOCKS, 1, 1, FIRST_DATA, 0];
    for (index, number) in numbers.into_iter().enumerate() {
        put16(&mut image, BLOCK + 2 * index, number as u16);
    }
    let longest: u32 = (7 + 512 + 512 * 512) * 1024;
    image[BLOCK + 12..BLOCK + 16].copy_from_slice(&longest.to_le_bytes());
    put16(&mut image, BLOCK + 16, 0x137f);
    // Bits for what is in use, and for what there is none of.
    for (block, last) in [(2, INODES), (3, BLOCKS - FIRST_DATA)] {
        let map = &mut image[block * BLOCK..(block + 1) * BLOCK];
        map[0] = 3;
        for bit in last + 1..8 * BLOCK {
            map[bit / 8] |= 1 << (bit % 8);
        }
    }
    let root = FIRST_INODES * BLOCK;
    put16(&mut image, root, mode::S_IFDIR | 0o755);
    put16(&mut image, root + 4, 32); // size
    image[root + 13] = 2; // links
    put16(&mut image, root + 14, FIRST_DATA as u16);
    let entries = FIRST_DATA * BLOCK;
    put16(&mut image, entries, 1);
    image[entries + 2] = b'.';
    put16(&mut image, entries + 16, 1);
    image[entries + 18..entries + 20].copy_from_slice(b"..");
    image
}

fn write_disk(image: &[u8]) -> Result<()> {
    let fd = sys::open(DISK, sys::O_RDWR, 0)?;
    let written = sys::write(fd, image);
    sys::close(fd)?;
    written.map(drop)
}

fn read_disk() -> Result<Vec<u8>> {
    let mut image = vec![0; BLOCKS * BLOCK];
    let fd = sys::open(DISK, sys::O_RDONLY, 0)?;
    let mut got = 0;
    while got < image.len() {
        match sys::read(fd, &mut image[got..])? {
            0 => return Err(Errno::EIO),
            count => got += count,
        }
    }
    sys::close(fd)?;
    Ok(image)
}

/// A file system with something of everything.
fn furnished() -> core::result::Result<Vec<u8>, guest::harness::Failure> {
    write_disk(&empty())?;
    sys::mount(DISK, "/mnt", false)?;
    sys::mkdir("/mnt/dir", 0o755)?;
    sys::mkdir("/mnt/dir/sub", 0o755)?;
    let fd = sys::creat("/mnt/long", 0o644)?;
    for at in [0, 6, 7, 8, 7 + 511, 7 + 512, 7 + 512 + 600] {
        sys::lseek(fd, at * 1024, sys::SEEK_SET)?;
        sys::write(fd, &[b'l'; 1024])?;
    }
    sys::close(fd)?;
    for name in ["/mnt/small", "/mnt/dir/file", "/mnt/dir/sub/deep"] {
        let fd = sys::creat(name, 0o644)?;
        sys::write(fd, name.as_bytes())?;
        sys::close(fd)?;
    }
    sys::symlink("dir/sub", "/mnt/link")?;
    sys::link("/mnt/small", "/mnt/dir/linked")?;
    sys::mknod("/mnt/node", mode::S_IFCHR | 0o600, 0x103)?;
    sys::umount(DISK)?;
    Ok(read_disk()?)
}

/// A sequence of numbers that looks like chance (xorshift).
struct Chance(u32);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 as usize % limit
    }
}

/// All that can be done to a file.
fn use_file(name: &[u8]) {
    let Ok(fd) = sys::open(name, sys::O_RDWR, 0) else {
        return;
    };
    let mut buffer = vec![0; 4096];
    for at in [0, 7 * 1024 - 100, (7 + 512) * 1024 - 100] {
        let _ = sys::lseek(fd, at, sys::SEEK_SET);
        let _ = sys::read(fd, &mut buffer);
    }
    for at in [0, 9 * 1024, (7 + 512) * 1024 + 5] {
        let _ = sys::lseek(fd, at, sys::SEEK_SET);
        let _ = sys::write(fd, b"written");
    }
    let _ = sys::close(fd);
}

/// All that can be done in a directory.
fn use_directory(name: &[u8]) {
    let inside = |file: &str| [name, b"/", file.as_bytes()].concat();
    if let Ok(fd) = sys::creat(inside("new"), 0o644) {
        let _ = sys::write(fd, &[b'n'; 3000]);
        let _ = sys::close(fd);
    }
    let _ = sys::mkdir(inside("made"), 0o755);
    let _ = sys::link(inside("new"), inside("made/other"));
    let _ = sys::rename(inside("new"), inside("renamed"));
    let _ = sys::symlink("renamed", inside("soft"));
    let _ = sys::stat(inside("soft"));
    let _ = sys::rmdir(inside("made"));
    let _ = sys::unlink(inside("made/other"));
    let _ = sys::rmdir(inside("made"));
    let _ = sys::unlink(inside("soft"));
}

/// Looks at everything below a directory, at most `left` names in all, then
/// removes what lets itself be removed.
fn use_tree(name: &[u8], depth: u32, left: &mut u32) {
    use_directory(name);
    let Ok(entries) = dir::open(name) else { return };
    for entry in entries.take(40) {
        let Ok(entry) = entry else { break };
        if entry.is_dot() || *left == 0 {
            continue;
        }
        *left -= 1;
        let path = [name, b"/", entry.name().bytes()].concat();
        let Ok(stat) = sys::lstat(&path) else {
            let _ = sys::unlink(&path);
            continue;
        };
        if mode::is_dir(stat.mode) {
            if depth > 0 {
                use_tree(&path, depth - 1, left);
            }
            let _ = sys::rmdir(&path);
        } else if mode::is_reg(stat.mode) {
            // A device or a pipe that chance has made is none of this test's.
            use_file(&path);
        } else if mode::is_link(stat.mode) {
            let _ = sys::readlink(&path);
            let _ = sys::stat(&path);
        }
        let _ = sys::unlink(&path);
    }
}

/// Mounts what `damage` leaves of the file system, uses it, unmounts it; how
/// many of `rounds` could be mounted.
fn survive(
    seed: u32,
    rounds: u32,
    damage: impl Fn(&mut Chance, &mut [u8]),
) -> core::result::Result<u32, guest::harness::Failure> {
    let whole = furnished()?;
    let mut mounted = 0;
    for round in 0..rounds {
        let mut chance = Chance(seed.wrapping_add(round.wrapping_mul(0x9e37_79b9)) | 1);
        let mut image = whole.clone();
        damage(&mut chance, &mut image);
        write_disk(&image)?;
        if sys::mount(DISK, "/mnt", false).is_err() {
            continue;
        }
        mounted += 1;
        use_tree(b"/mnt", 4, &mut 60);
        let _ = sys::ustat(DEV);
        sys::sync();
        // EBUSY would mean that an inode is still held by someone.
        equal!(sys::umount(DISK), Ok(()), "round {round} of {seed:#x}");
    }
    Ok(mounted)
}

fn changed_bytes() -> Outcome {
    let mounted = survive(0x1991_0917, 40, |chance, image| {
        for _ in 0..1 + chance.below(8) {
            let at = 2 * BLOCK + chance.below((META - 2) * BLOCK);
            image[at] = chance.below(256) as u8;
        }
    })?;
    check!(
        mounted > 35,
        "{mounted} of 40: only a damaged root cannot be mounted"
    );
    Ok(())
}

/// Numbers at the borders, where inodes and directories lie.
fn changed_words() -> Outcome {
    const NUMBERS: [usize; 10] = [
        0,
        1,
        2,
        FIRST_DATA - 1,
        FIRST_DATA,
        BLOCKS - 1,
        BLOCKS,
        INODES,
        INODES + 1,
        0xffff,
    ];
    let mounted = survive(0x0123_4567, 100, |chance, image| {
        for _ in 0..1 + chance.below(6) {
            let used = 12 * 32; // of the table of inodes
            let at = match chance.below(2) {
                0 => FIRST_INODES * BLOCK + chance.below(used),
                _ => FIRST_DATA * BLOCK + chance.below((META - FIRST_DATA) * BLOCK),
            };
            put16(image, at & !1, NUMBERS[chance.below(NUMBERS.len())] as u16);
        }
    })?;
    check!(mounted > 90, "{mounted} of 100");
    Ok(())
}

/// Every file's zones are any zones: shared, those of the inodes, none that exist.
fn changed_zones() -> Outcome {
    let mounted = survive(0x1993_0403, 30, |chance, image| {
        for inode in 0..10 {
            let zone = FIRST_INODES * BLOCK + 32 * inode + 14 + 2 * chance.below(9);
            if inode > 0 || chance.below(8) == 0 {
                put16(image, zone, chance.below(BLOCKS + 20) as u16);
            }
        }
    })?;
    equal!(mounted, 30, "the root is a directory all the time");
    Ok(())
}

/// Most of these are refused; those that are not do no harm.
fn superblocks() -> Outcome {
    let mounted = survive(0x1994_0314, 60, |chance, image| {
        let at = BLOCK + 2 * chance.below(8);
        let value = match chance.below(3) {
            0 => chance.below(0x1_0000),
            1 => chance.below(200),
            _ => 0xffff - chance.below(10),
        };
        put16(image, at, value as u16);
    })?;
    check!(mounted < 50, "{mounted} of 60 were mounted");
    Ok(())
}

/// A root that is a file is refused, and is not remembered when it has been
/// repaired.
fn root_is_no_directory() -> Outcome {
    let whole = furnished()?;
    for word in [mode::S_IFREG | 0o755, 0] {
        let mut image = whole.clone();
        put16(&mut image, FIRST_INODES * BLOCK, word);
        write_disk(&image)?;
        fails!(sys::mount(DISK, "/mnt", false), EIO);
        write_disk(&whole)?;
        sys::mount(DISK, "/mnt", false)?;
        check!(mode::is_dir(sys::stat("/mnt")?.mode));
        sys::umount(DISK)?;
    }
    Ok(())
}

/// What was done above, done to a sound one, leaves it empty and sound: all zones
/// and inodes come back.
fn undamaged() -> Outcome {
    let mounted = survive(1, 2, |_, _| ())?;
    equal!(mounted, 2);
    sys::mount(DISK, "/mnt", false)?;
    let free = sys::ustat(DEV)?;
    let names = dir::names("/mnt")?;
    sys::umount(DISK)?;
    equal!(names, Vec::<Vec<u8>>::new());
    equal!(
        (free.tfree as usize, free.tinode as usize),
        (BLOCKS - FIRST_DATA - 1, INODES - 1)
    );
    Ok(())
}
