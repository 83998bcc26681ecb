//! `xtask aout`: an ELF program becomes a ZMAGIC a.out file, the format that
//! `execve` of 0.11 loads page by page.
//!
//! A ZMAGIC file is a 32-byte header in a block of 1024 bytes, then the text,
//! then the data, both whole pages. Nothing in it can be relocated: the program
//! is linked at address 0, its data begins on a page.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use object::LittleEndian as LE;
use object::elf::{self, FileHeader32};
use object::read::elf::{FileHeader, ProgramHeader, SectionHeader};

use crate::util::write_if_changed;

/// Magic number of a demand-paged executable (0413 octal).
pub const ZMAGIC: u32 = 0o413;
/// Text begins here in the file.
pub const TEXT_OFFSET: usize = 1024;
const PAGE: u64 = 4096;
/// A task's slot; the top 128 KB belong to arguments and environment.
const SLOT: u64 = 64 << 20;
const ARGUMENTS: u64 = 128 << 10;

/// Converts an ELF program to a ZMAGIC a.out file.
#[derive(Args)]
pub struct Aout {
    /// The linked program: ELF32, linked at address 0, data on a page of its own
    input: PathBuf,
    /// The a.out file to write
    output: PathBuf,
}

impl Aout {
    pub fn run(self) -> Result<()> {
        convert_file(&self.input, &self.output).map(drop)
    }
}

/// Converts `input` and writes `output` if that changes it; true if it did.
pub fn convert_file(input: &Path, output: &Path) -> Result<bool> {
    let file = std::fs::read(input).with_context(|| format!("cannot read {}", input.display()))?;
    let aout = convert(&file).with_context(|| {
        format!(
            "{} cannot become an a.out program (link it with user/link.ld)",
            input.display()
        )
    })?;
    write_if_changed(output, &aout)
}

/// The a.out file for an ELF file's bytes.
pub fn convert(file: &[u8]) -> Result<Vec<u8>> {
    let header = FileHeader32::<LE>::parse(file).context("not a 32-bit ELF file")?;
    check_kind(header, file)?;
    let picture = Picture::of(header, file)?;

    let entry = u64::from(header.e_entry(LE));
    ensure!(
        entry < picture.text,
        "the entry point {entry:#x} lies outside the text (0 to {:#x})",
        picture.text
    );
    let data = picture.bytes.len() as u64 - picture.text;
    let bss = picture.end.saturating_sub(picture.bytes.len() as u64);
    let words = [u64::from(ZMAGIC), picture.text, data, bss, 0, entry, 0, 0];
    let mut out = Vec::with_capacity(TEXT_OFFSET + picture.bytes.len());
    for word in words {
        out.extend_from_slice(&u32::try_from(word)?.to_le_bytes());
    }
    out.resize(TEXT_OFFSET, 0);
    out.extend_from_slice(&picture.bytes);
    Ok(out)
}

/// Only a linked, static program for the 386 has an a.out form.
fn check_kind(header: &FileHeader32<LE>, file: &[u8]) -> Result<()> {
    ensure!(
        header.e_machine(LE) == elf::EM_386,
        "not a program for the 386 (machine {})",
        header.e_machine(LE)
    );
    match header.e_type(LE) {
        elf::ET_EXEC => {}
        elf::ET_REL => bail!("an object file: link it first"),
        elf::ET_DYN => bail!("position independent: link it with -no-pie -static"),
        other => bail!("ELF type {other}, not an executable"),
    }
    for section in header.sections(LE, file)?.iter() {
        let relocations = matches!(section.sh_type(LE), elf::SHT_REL | elf::SHT_RELA);
        ensure!(
            !(relocations && section.sh_flags(LE) & elf::SHF_ALLOC != 0 && section.sh_size(LE) > 0),
            "it holds relocations that nobody would apply"
        );
    }
    Ok(())
}

/// A program's memory from address 0: text, then initialised data, whole pages.
struct Picture {
    bytes: Vec<u8>,
    /// Bytes of text, whole pages.
    text: u64,
    /// End of the program in memory, bss included.
    end: u64,
}

impl Picture {
    fn of(header: &FileHeader32<LE>, file: &[u8]) -> Result<Picture> {
        let mut text_end = 0;
        let mut data_start = None;
        let mut end = 0;
        let mut loads = Vec::new();
        for segment in header.program_headers(LE, file)? {
            match segment.p_type(LE) {
                elf::PT_DYNAMIC | elf::PT_INTERP => {
                    bail!("dynamically linked: link it with -static")
                }
                elf::PT_TLS => bail!("it uses thread-local storage, which has no place in a.out"),
                elf::PT_LOAD if segment.p_memsz(LE) > 0 => {}
                _ => continue,
            }
            let start = u64::from(segment.p_vaddr(LE));
            let stop = start + u64::from(segment.p_memsz(LE));
            let data = segment
                .data(LE, file)
                .map_err(|()| anyhow::anyhow!("a segment lies outside the file"))?;
            ensure!(
                data.len() as u64 <= stop - start,
                "a segment is longer in the file than in memory"
            );
            if segment.p_flags(LE) & elf::PF_W != 0 {
                data_start = Some(data_start.map_or(start, |old: u64| old.min(start)));
            } else {
                text_end = stop.max(text_end);
            }
            end = stop.max(end);
            loads.push((start, stop, data));
        }
        loads.sort_by_key(|load| load.0);

        let first = loads.first().context("it has no segment to load")?;
        ensure!(
            first.0 == 0,
            "the first segment lies at {:#x}, it must be linked at 0",
            first.0
        );
        ensure!(
            loads.windows(2).all(|pair| pair[0].1 <= pair[1].0),
            "segments overlap"
        );
        ensure!(
            end <= SLOT - ARGUMENTS,
            "it needs {end} bytes, a slot has 64 MB and the stack is in it"
        );
        let text = data_start.unwrap_or(text_end.next_multiple_of(PAGE));
        ensure!(
            text > 0,
            "the segment at 0 is writable: there is no text apart from the data"
        );
        ensure!(
            text >= text_end,
            "a read-only segment lies above the data, which begins at {text:#x}"
        );
        ensure!(
            text.is_multiple_of(PAGE),
            "the data begins at {text:#x}, not on a page: align it to 4096"
        );

        let mut bytes = vec![0; text as usize];
        for (start, _, data) in loads {
            let start = start as usize;
            let stop = start + data.len();
            if data.is_empty() {
                continue;
            }
            if bytes.len() < stop {
                bytes.resize(stop, 0);
            }
            bytes[start..stop].copy_from_slice(data);
        }
        bytes.resize(bytes.len().next_multiple_of(PAGE as usize), 0);
        Ok(Picture { bytes, text, end })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const R: u32 = elf::PF_R | elf::PF_X;
    const W: u32 = elf::PF_R | elf::PF_W;

    /// An ELF executable with the given (address, file bytes, memory size, flags).
    fn program(entry: u32, segments: &[(u32, &[u8], u32, u32)]) -> Vec<u8> {
        let mut out = vec![0x7f, b'E', b'L', b'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        let half = |out: &mut Vec<u8>, v: u16| out.extend_from_slice(&v.to_le_bytes());
        half(&mut out, elf::ET_EXEC);
        half(&mut out, elf::EM_386);
        for word in [1, entry, 52, 0, 0] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        for v in [52, 32, segments.len() as u16, 40, 0, 0] {
            half(&mut out, v);
        }
        let mut at = 52 + 32 * segments.len();
        for (addr, bytes, memory, flags) in segments {
            let length = bytes.len() as u32;
            for word in [
                elf::PT_LOAD,
                at as u32,
                *addr,
                *addr,
                length,
                *memory,
                *flags,
                1,
            ] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            at += bytes.len();
        }
        for (_, bytes, _, _) in segments {
            out.extend_from_slice(bytes);
        }
        out
    }

    fn word(aout: &[u8], nr: usize) -> u32 {
        u32::from_le_bytes(aout[nr * 4..nr * 4 + 4].try_into().unwrap())
    }

    #[test]
    fn text_data_and_bss() {
        let text = vec![0x90; 5000];
        let elf = program(8, &[(0, &text, 5000, R), (8192, b"data", 9000, W)]);
        let aout = convert(&elf).unwrap();
        let header: Vec<u32> = (0..8).map(|nr| word(&aout, nr)).collect();
        // 9000 bytes of memory from 8192: one page is data, the rest bss.
        assert_eq!(header, [0x10b, 8192, 4096, 9000 - 4096, 0, 8, 0, 0]);
        assert_eq!(aout.len(), 1024 + 8192 + 4096);
        assert_eq!(&aout[1024..1024 + 5000], &text[..]);
        assert_eq!(&aout[1024 + 8192..1024 + 8196], b"data");
        assert!(aout[1024 + 8196..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn text_only_and_pure_bss() {
        let aout = convert(&program(0, &[(0, b"\xc3", 1, R)])).unwrap();
        assert_eq!(
            (word(&aout, 1), word(&aout, 2), word(&aout, 3)),
            (4096, 0, 0)
        );
        let aout = convert(&program(0, &[(0, b"\xc3", 1, R), (4096, b"", 10, W)])).unwrap();
        assert_eq!(
            (word(&aout, 1), word(&aout, 2), word(&aout, 3)),
            (4096, 0, 10)
        );
    }

    #[test]
    fn small_bss_disappears_in_the_last_data_page() {
        let aout = convert(&program(0, &[(0, b"\xc3", 1, R), (4096, b"xy", 100, W)])).unwrap();
        assert_eq!((word(&aout, 2), word(&aout, 3)), (4096, 0));
    }

    #[test]
    fn refuses_what_cannot_run() {
        let fails = |elf: &[u8], reason: &str| {
            let error = format!("{:#}", convert(elf).unwrap_err());
            assert!(error.contains(reason), "{error}");
        };
        fails(&program(0, &[(4096, b"\xc3", 1, R)]), "linked at 0");
        fails(
            &program(0, &[(0, b"\xc3", 1, R), (5000, b"x", 1, W)]),
            "not on a page",
        );
        fails(&program(0, &[(0, b"\xc3", 1, W)]), "no text");
        fails(&program(4096, &[(0, b"\xc3", 1, R)]), "entry point");
        fails(
            &program(0, &[(0, b"\xc3", 8192, R), (4096, b"x", 1, W)]),
            "overlap",
        );
        fails(&program(0, &[(0, b"\xc3", 64 << 20, R)]), "64 MB");
        fails(b"#!/bin/sh\n", "not a 32-bit ELF");
        let mut other = program(0, &[(0, b"\xc3", 1, R)]);
        other[18] = 62;
        fails(&other, "machine 62");
        let mut object = program(0, &[(0, b"\xc3", 1, R)]);
        object[16] = elf::ET_REL as u8;
        fails(&object, "link it first");
        object[16] = elf::ET_DYN as u8;
        fails(&object, "-no-pie");
    }
}
