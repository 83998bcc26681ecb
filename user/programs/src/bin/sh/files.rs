//! Reading scripts, and lines from descriptors that others read, too.

use rt::prelude::*;

/// The text of a script.
///
/// # Errors
/// Whatever opening or reading reports; ENOEXEC if it is a binary file.
pub fn read_script(path: impl AsRef<[u8]>) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    File::open(path)?.read_to_end(&mut text)?;
    // A text has no NUL in its first line.
    let line = text.split(|&b| b == b'\n').next().unwrap_or(&[]);
    if line.contains(&0) {
        return Err(Errno::ENOEXEC);
    }
    Ok(text)
}

/// Appends one line with its new line to `line` and reads no byte further, so
/// that a command finds what follows; `false` at the end of the input.
///
/// # Errors
/// Whatever reading reports, EINTR included.
pub fn read_line(fd: i32, line: &mut Vec<u8>) -> Result<bool> {
    let start = line.len();
    let mut buf = [0; 256];
    let seekable = sys::lseek(fd, 0, sys::SEEK_CUR).is_ok();
    // A terminal gives one line at a time by itself.
    let chunk = if seekable || rt::io::is_terminal(fd) {
        buf.len()
    } else {
        1
    };
    loop {
        let n = match sys::read(fd, &mut buf[..chunk]) {
            Err(Errno::EINTR) if line.len() > start && !seekable => continue,
            other => other?,
        };
        if n == 0 {
            return Ok(line.len() > start);
        }
        let newline = buf[..n].iter().position(|&b| b == b'\n');
        let used = newline.map_or(n, |at| at + 1);
        line.extend_from_slice(&buf[..used]);
        if newline.is_some() {
            if used < n && seekable {
                sys::lseek(fd, used as i32 - n as i32, sys::SEEK_CUR)?;
            }
            return Ok(true);
        }
    }
}
