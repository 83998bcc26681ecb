//! `xtask symbols`: gives the kernel the table from which its panic message
//! names the functions on the stack. `xtask size`: is the kernel small enough?

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use object::read::elf::ElfFile32;
use object::{LittleEndian, Object, ObjectSection};

use crate::binary::{Binary, Function};
use crate::util::write_if_changed;

/// The section that the kernel reserves for the table.
const SECTION: &str = ".ksyms";
/// First word of the table: "KSYM".
const MAGIC: u32 = 0x4d59_534b;
/// Names are cut to this many bytes, at the front: the end says most.
const LONGEST: usize = 48;
/// Pairs of pairs go no deeper than the kernel unfolds them.
const DEEPEST: usize = 15;

/// Writes the function names into the kernel's section .ksyms.
///
/// The table: magic 0x4D59534B and count, 32-bit words, little-endian; 128 pairs of
/// bytes; then for each function, by address, the distance from the one before
/// (seven bits to a byte, lowest first, bit 7 set in all but the last) and its name,
/// with a NUL at its end. Bytes from 128 on in a name stand for pairs.
#[derive(Args)]
pub struct Symbols {
    /// The linked kernel
    kernel: PathBuf,
    /// The kernel with the table [default: in place]
    #[arg(long)]
    out: Option<PathBuf>,
}

impl Symbols {
    pub fn run(self) -> Result<()> {
        let mut bytes = fs::read(&self.kernel)
            .with_context(|| format!("cannot read {}", self.kernel.display()))?;
        fill(&mut bytes).with_context(|| format!("{}", self.kernel.display()))?;
        write_if_changed(self.out.as_ref().unwrap_or(&self.kernel), &bytes)?;
        Ok(())
    }
}

/// Puts the table into a kernel's bytes.
fn fill(kernel: &mut [u8]) -> Result<()> {
    let (start, room) = {
        let file = ElfFile32::<LittleEndian>::parse(&*kernel).context("not a 32-bit ELF file")?;
        let section = file
            .section_by_name(SECTION)
            .with_context(|| format!("it has no section {SECTION}"))?;
        let (start, size) = section
            .file_range()
            .with_context(|| format!("{SECTION} has no room in the file"))?;
        (start as usize, size as usize)
    };
    let binary = Binary::parse(kernel)?;
    let table = table(binary.functions.values());
    ensure!(
        table.len() <= room,
        "the symbol table needs {} bytes and {SECTION} has {room}: enlarge KSYMS_SIZE in kernel/panic.rs",
        table.len()
    );
    kernel[start..start + room].fill(0);
    kernel[start..start + table.len()].copy_from_slice(&table);
    Ok(())
}

/// The table's bytes. Functions come by address.
fn table<'a>(functions: impl Iterator<Item = &'a Function>) -> Vec<u8> {
    let functions: Vec<_> = functions
        .filter(|function| !function.name.starts_with(".L"))
        .collect();
    let mut names: Vec<Vec<u8>> = functions
        .iter()
        .map(|function| plain(shortened(&function.name)))
        .collect();
    let pairs = compress(&mut names);
    let mut table = Vec::new();
    table.extend_from_slice(&MAGIC.to_le_bytes());
    table.extend_from_slice(&(functions.len() as u32).to_le_bytes());
    table.extend_from_slice(pairs.as_flattened());
    let mut before = 0;
    for (function, name) in functions.iter().zip(names) {
        let mut distance = function.address - before;
        before = function.address;
        while distance >= 0x80 {
            table.push(distance as u8 | 0x80);
            distance >>= 7;
        }
        table.push(distance as u8);
        table.extend_from_slice(&name);
        table.push(0);
    }
    table
}

/// A name in ASCII, which leaves the bytes from 128 on free.
fn plain(name: &str) -> Vec<u8> {
    name.bytes()
        .map(|byte| {
            if (0x20..0x7f).contains(&byte) {
                byte
            } else {
                b'?'
            }
        })
        .collect()
}

/// Replaces the commonest pair of bytes by one code, 128 times over ("byte pair
/// encoding"), and returns what the codes from 128 on stand for.
fn compress(names: &mut [Vec<u8>]) -> [[u8; 2]; 128] {
    let mut pairs = [[0; 2]; 128];
    let mut depths = [0; 256];
    for code in 128..=255u8 {
        let mut counts = BTreeMap::<[u8; 2], usize>::new();
        for pair in names.iter().flat_map(|name| name.windows(2)) {
            *counts.entry([pair[0], pair[1]]).or_default() += 1;
        }
        let depth = |pair: &[u8; 2]| {
            1 + pair
                .map(|byte| depths[byte as usize])
                .into_iter()
                .max()
                .unwrap()
        };
        let best = counts
            .iter()
            .filter(|(pair, count)| **count > 2 && depth(pair) < DEEPEST)
            .max_by_key(|(pair, count)| (**count, std::cmp::Reverse(**pair)));
        let Some((&pair, _)) = best else { break };
        depths[code as usize] = depth(&pair);
        pairs[code as usize - 128] = pair;
        for name in names.iter_mut() {
            let mut shorter = Vec::with_capacity(name.len());
            let mut rest = name.as_slice();
            while let Some((&byte, after)) = rest.split_first() {
                if rest.starts_with(&pair) {
                    shorter.push(code);
                    rest = &rest[2..];
                } else {
                    shorter.push(byte);
                    rest = after;
                }
            }
            *name = shorter;
        }
    }
    pairs
}

/// The last parts of a path that fit, or the end of its last part.
fn shortened(name: &str) -> &str {
    let mut short = name;
    while short.len() > LONGEST {
        short = match short.split_once("::") {
            Some((_, rest)) => rest,
            None => return short.get(short.len() - LONGEST..).unwrap_or(""),
        };
    }
    short
}

/// Prints the size of the kernel image, text and data; fails above a limit.
#[derive(Args)]
pub struct Size {
    /// The linked kernel
    kernel: PathBuf,
    /// Largest image, in KB
    #[arg(long, value_name = "KB")]
    limit: Option<u64>,
}

impl Size {
    pub fn run(self) -> Result<()> {
        let size = image_size(&self.kernel)?;
        if let Some(limit) = self.limit {
            if size > limit * 1024 {
                bail!("the kernel's text and data are {size} bytes, the limit is {limit} KB");
            }
        } else {
            println!("{size}");
        }
        Ok(())
    }
}

/// Bytes of text and data, all that is loaded.
pub fn image_size(kernel: &std::path::Path) -> Result<u64> {
    let binary = Binary::read(kernel)?;
    Ok(binary
        .sections
        .iter()
        .map(|section| section.bytes.len() as u64)
        .sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_lose_their_front() {
        assert_eq!(shortened("a::b"), "a::b");
        let long = format!("{}::{}::c", "a".repeat(30), "b".repeat(30));
        assert_eq!(shortened(&long), format!("{}::c", "b".repeat(30)));
        assert_eq!(shortened(&"x".repeat(60)).len(), LONGEST);
    }

    #[test]
    fn a_table() {
        let function = |address, name: &str| Function {
            address,
            size: 1,
            name: name.into(),
        };
        let long = "x".repeat(60);
        let functions = [
            function(0x11000, "ab"),
            function(0x11001, ".L1"),
            function(0x11010, &long),
        ];
        let bytes = table(functions.iter());
        assert_eq!(&bytes[..4], b"KSYM");
        assert_eq!(&bytes[4..8], 2u32.to_le_bytes());
        let stream = &bytes[8 + 256..];
        // 0x11000 is 0b100_0100000_0000000.
        assert_eq!(&stream[..6], [0x80, 0xa0, 0x04, b'a', b'b', 0]);
        assert_eq!(stream[6], 0x10);
        assert_eq!(
            unfold(&bytes, &stream[7..stream.len() - 1]),
            "x".repeat(LONGEST)
        );
        assert!(stream.len() < 7 + 12, "{}", stream.len());
    }

    /// What a name was before it was compressed.
    fn unfold(table: &[u8], codes: &[u8]) -> String {
        let unfold_code = |&code: &u8| match code.checked_sub(128) {
            None => (code as char).to_string(),
            Some(pair) => unfold(table, &table[8 + 2 * pair as usize..][..2]),
        };
        codes.iter().map(unfold_code).collect()
    }

    #[test]
    fn compressed_names_unfold_again() {
        let names = [
            "kernel::sched::schedule",
            "kernel::sched::sleep_on",
            "kernel::fork::sys_fork",
            "x\u{e9}",
        ];
        let mut short: Vec<_> = names.iter().map(|name| plain(name)).collect();
        let before: usize = short.iter().map(Vec::len).sum();
        let pairs = compress(&mut short);
        let after: usize = short.iter().map(Vec::len).sum();
        assert!(after < before, "{after} bytes of {before}");
        let table = [&[0; 8], pairs.as_flattened()].concat();
        let again: Vec<_> = short.iter().map(|name| unfold(&table, name)).collect();
        assert_eq!(
            again,
            [
                "kernel::sched::schedule",
                "kernel::sched::sleep_on",
                "kernel::fork::sys_fork",
                "x??"
            ]
        );
    }
}
