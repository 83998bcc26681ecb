//! The keyboard and the screen from inside: scan codes are put into the
//! keyboard controller through `/dev/port`, the screen's memory is read.

use rt::prelude::*;

use crate::peep;

/// The controller's data and command port.
const DATA: i32 = 0x60;
const COMMAND: i32 = 0x64;
/// Command: the next data byte is taken for one from the keyboard.
const WRITE_OUTPUT: u8 = 0xd2;
/// Status: the output buffer is full, the input buffer is full.
const OUTPUT_FULL: u8 = 1;
const INPUT_FULL: u8 = 2;

/// Reads a port.
fn inb(file: &File, port: i32) -> Result<u8> {
    let mut byte = [0];
    sys::lseek(file.fd(), port, sys::SEEK_SET)?;
    sys::read(file.fd(), &mut byte)?;
    Ok(byte[0])
}

/// Writes a port.
fn outb(file: &File, port: i32, value: u8) -> Result<()> {
    sys::lseek(file.fd(), port, sys::SEEK_SET)?;
    sys::write(file.fd(), &[value]).map(drop)
}

/// Sends scan codes (set 1) as if keys were pressed and released.
///
/// # Errors
/// ENOENT without `/dev/port`, EIO if the controller takes none.
pub fn scancodes(codes: &[u8]) -> Result<()> {
    let port = File::from_fd(sys::open("/dev/port", sys::O_RDWR, 0)?);
    for &code in codes {
        for (at, value) in [(COMMAND, WRITE_OUTPUT), (DATA, code)] {
            let mut tries = 0;
            while inb(&port, COMMAND)? & (OUTPUT_FULL | INPUT_FULL) != 0 {
                tries += 1;
                if tries > 10_000 {
                    return Err(Errno::EIO);
                }
            }
            outb(&port, at, value)?;
        }
    }
    Ok(())
}

/// Scan codes of the keys from `1`, `q`, `a` and `z` on, on an American
/// keyboard.
const ROWS: [(u8, &[u8]); 4] = [
    (0x02, b"1234567890-="),
    (0x10, b"qwertyuiop[]"),
    (0x1e, b"asdfghjkl;'`"),
    (0x2c, b"zxcvbnm,./"),
];

/// The scan code of the key for a character, if there is one without shift.
fn key(c: u8) -> Option<u8> {
    match c {
        b' ' => Some(0x39),
        b'\n' | b'\r' => Some(0x1c),
        0x7f | 8 => Some(0x0e),
        b'\t' => Some(0x0f),
        0x1b => Some(0x01),
        _ => ROWS
            .iter()
            .find_map(|(first, keys)| keys.iter().position(|k| *k == c).map(|at| first + at as u8)),
    }
}

/// Types text: small letters, digits, blanks, new lines; a capital letter is
/// typed with shift, a control character with ctrl.
///
/// # Errors
/// As [`scancodes`]; EINVAL for a character that has no key.
pub fn type_text(text: &str) -> Result<()> {
    for c in text.bytes() {
        let (modifier, c) = match c {
            b'A'..=b'Z' => (Some(0x2a), c.to_ascii_lowercase()),
            1..=7 | 11..=12 | 14..=26 => (Some(0x1d), c + b'a' - 1),
            28 => (Some(0x1d), b'\\'),
            _ => (None, c),
        };
        let code = if c == b'\\' {
            0x2b
        } else {
            key(c).ok_or(Errno::EINVAL)?
        };
        if let Some(modifier) = modifier {
            scancodes(&[modifier, code, code | 0x80, modifier | 0x80])?;
        } else {
            scancodes(&[code, code | 0x80])?;
        }
    }
    Ok(())
}

/// Characters of the screen's memory: 32 KB with a byte of colour each.
const SCREEN: u32 = 0xb_8000;

/// What the whole video memory shows, with a new line after 80 characters.
pub fn screen() -> String {
    let mut text = String::new();
    for address in (SCREEN..SCREEN + 0x8000).step_by(4 * peep::WORDS) {
        let Ok(words) = peep::read(address) else {
            break;
        };
        for word in words {
            for c in [word as u8, (word >> 16) as u8] {
                text.push(if (32..127).contains(&c) {
                    c as char
                } else {
                    ' '
                });
            }
        }
    }
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(80)
        .map(|l| core::str::from_utf8(l).unwrap_or(""))
        .collect();
    lines
        .iter()
        .map(|line| line.trim_end())
        .filter(|l| !l.is_empty())
        .fold(String::new(), |all, line| all + line + "\n")
}
