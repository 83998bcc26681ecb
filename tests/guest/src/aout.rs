//! Makes small programs by hand, good and bad ones.

use rt::prelude::*;

/// An a.out file in the making. The fields are the header's; [`Program::write`]
/// puts text and data behind it as they are.
#[derive(Clone, Debug)]
pub struct Program {
    /// Magic number: 0o413 is ZMAGIC.
    pub magic: u32,
    /// Text size.
    pub a_text: u32,
    /// Data size.
    pub a_data: u32,
    /// Size of bss.
    pub a_bss: u32,
    /// Size of the symbol table.
    pub a_syms: u32,
    /// Where it begins.
    pub a_entry: u32,
    /// Size of the text's relocations.
    pub a_trsize: u32,
    /// Size of the data's relocations.
    pub a_drsize: u32,
    /// What lies in the file from byte 1024 on.
    pub contents: Vec<u8>,
}

/// `mov eax, 29; int 0x80; jmp $-7`: waits for signals, for ever.
pub const PAUSE: [u8; 9] = [0xb8, 29, 0, 0, 0, 0xcd, 0x80, 0xeb, 0xf7];
/// `mov ebx, 42; mov eax, 1; int 0x80`: exits with 42.
pub const EXIT_42: [u8; 12] = [0xbb, 42, 0, 0, 0, 0xb8, 1, 0, 0, 0, 0xcd, 0x80];

impl Program {
    /// A program of so many pages of text with `code` at `entry`, and so many
    /// pages of data (filled with the page's number).
    pub fn new(code: &[u8], entry: u32, text_pages: u32, data_pages: u32) -> Program {
        let mut contents = vec![0x90; 4096 * text_pages as usize];
        contents[entry as usize..][..code.len()].copy_from_slice(code);
        for page in 0..data_pages {
            contents.resize(contents.len() + 4096, page as u8 + 1);
        }
        Program {
            magic: 0o413,
            a_text: 4096 * text_pages,
            a_data: 4096 * data_pages,
            a_bss: 0,
            a_syms: 0,
            a_entry: entry,
            a_trsize: 0,
            a_drsize: 0,
            contents,
        }
    }

    /// Writes it to a file with mode 755, over what was there.
    ///
    /// # Errors
    /// As `creat` and `write`.
    pub fn write(&self, path: &str) -> Result<()> {
        let header = [
            self.magic,
            self.a_text,
            self.a_data,
            self.a_bss,
            self.a_syms,
            self.a_entry,
            self.a_trsize,
            self.a_drsize,
        ];
        let mut bytes: Vec<u8> = header.iter().flat_map(|word| word.to_le_bytes()).collect();
        bytes.resize(1024, 0);
        bytes.extend_from_slice(&self.contents);
        write_file(path, &bytes, 0o755)
    }
}

/// Makes a file with these contents and this mode, over what was there.
///
/// # Errors
/// As `creat` and `write`.
pub fn write_file(path: &str, bytes: &[u8], mode: u16) -> Result<()> {
    let mut file = File::from_fd(sys::creat(path, mode)?);
    file.write_all(bytes)?;
    file.close()?;
    sys::chmod(path, mode)
}
