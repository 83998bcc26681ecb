//! `xtask symbols`: gives the kernel the table from which its panic message
//! names the functions on the stack. `xtask size`: is the kernel small enough?

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

/// Writes the function names into the kernel's section .ksyms.
///
/// The table: magic 0x4D59534B, count, then for each function, by address, its
/// address and where its name begins (from the table's start), then the names,
/// each with a NUL at its end. All words are 32 bits, little-endian.
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
    let mut names = Vec::new();
    let mut table = Vec::new();
    let mut word = |value: u32| table.extend_from_slice(&value.to_le_bytes());
    word(MAGIC);
    word(functions.len() as u32);
    let first = 8 + 8 * functions.len();
    for function in functions {
        word(function.address);
        word((first + names.len()) as u32);
        names.extend_from_slice(shortened(&function.name).as_bytes());
        names.push(0);
    }
    table.extend_from_slice(&names);
    table
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
        let words: Vec<u32> = bytes
            .chunks(4)
            .take(6)
            .map(|word| u32::from_le_bytes(word.try_into().unwrap()))
            .collect();
        assert_eq!(words, [MAGIC, 2, 0x11000, 24, 0x11010, 27]);
        assert_eq!(&bytes[..4], b"KSYM");
        assert_eq!(&bytes[24..27], b"ab\0");
        assert_eq!(bytes.len(), 27 + LONGEST + 1);
    }
}
