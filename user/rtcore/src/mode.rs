//! File modes: the bits of 0.11's `include/sys/stat.h`, as text and back.

/// The part of a mode that says what kind of file it is.
pub const S_IFMT: u16 = 0o170000;
/// A regular file.
pub const S_IFREG: u16 = 0o100000;
/// A block device.
pub const S_IFBLK: u16 = 0o060000;
/// A directory.
pub const S_IFDIR: u16 = 0o040000;
/// A character device.
pub const S_IFCHR: u16 = 0o020000;
/// A named pipe (or any pipe, from `fstat`).
pub const S_IFIFO: u16 = 0o010000;
/// A symbolic link (0.12).
pub const S_IFLNK: u16 = 0o120000;
/// Run with the owner's user id.
pub const S_ISUID: u16 = 0o4000;
/// Run with the owner's group id.
pub const S_ISGID: u16 = 0o2000;
/// In a directory: only owners delete.
pub const S_ISVTX: u16 = 0o1000;

/// Whether the mode is a directory's.
pub const fn is_dir(mode: u16) -> bool {
    mode & S_IFMT == S_IFDIR
}

/// Whether the mode is a regular file's.
pub const fn is_reg(mode: u16) -> bool {
    mode & S_IFMT == S_IFREG
}

/// Whether the mode is a character or block device's.
pub const fn is_device(mode: u16) -> bool {
    matches!(mode & S_IFMT, S_IFCHR | S_IFBLK)
}

/// Whether the mode is a symbolic link's.
pub const fn is_link(mode: u16) -> bool {
    mode & S_IFMT == S_IFLNK
}

/// The ten letters that `ls -l` shows: `drwxr-xr-x`.
pub fn text(mode: u16) -> [u8; 10] {
    let mut out = *b"-rwxrwxrwx";
    out[0] = match mode & S_IFMT {
        S_IFDIR => b'd',
        S_IFCHR => b'c',
        S_IFBLK => b'b',
        S_IFIFO => b'p',
        S_IFLNK => b'l',
        S_IFREG => b'-',
        _ => b'?',
    };
    for (i, letter) in out[1..].iter_mut().enumerate() {
        if mode & (0o400 >> i) == 0 {
            *letter = b'-';
        }
    }
    for (bit, at, plain, special) in [
        (S_ISUID, 3, b'x', b's'),
        (S_ISGID, 6, b'x', b's'),
        (S_ISVTX, 9, b'x', b't'),
    ] {
        if mode & bit != 0 {
            out[at] = if out[at] == plain {
                special
            } else {
                special.to_ascii_uppercase()
            };
        }
    }
    out
}

/// Applies a mode argument, octal (`755`) or symbolic (`u+x,go-w`, `a=r`,
/// `+x`), to `mode`; the new permission bits, or `None` if the argument is
/// malformed. `X` means execute only for directories and files that somebody
/// may execute already.
pub fn apply(argument: &[u8], mode: u16) -> Option<u16> {
    if argument.first()?.is_ascii_digit() {
        let bits = super::num::parse_radix(argument, 8)?;
        return u16::try_from(bits).ok().filter(|&b| b <= 0o7777);
    }
    let mut bits = mode & 0o7777;
    for clause in argument.split(|&b| b == b',') {
        bits = apply_clause(clause, bits, is_dir(mode))?;
    }
    Some(bits)
}

fn apply_clause(clause: &[u8], mut bits: u16, dir: bool) -> Option<u16> {
    let who_len = clause.iter().take_while(|b| b"ugoa".contains(b)).count();
    let mut who = 0;
    for b in &clause[..who_len] {
        who |= match b {
            b'u' => 0o4700,
            b'g' => 0o2070,
            b'o' => 0o1007,
            _ => 0o7777,
        };
    }
    if who_len == 0 {
        who = 0o7777;
    }
    let mut rest = &clause[who_len..];
    if rest.is_empty() {
        return None;
    }
    while let [op @ (b'+' | b'-' | b'='), tail @ ..] = rest {
        let len = tail.iter().take_while(|b| b"rwxXst".contains(b)).count();
        let mut what = 0;
        for b in &tail[..len] {
            what |= match b {
                b'r' => 0o444,
                b'w' => 0o222,
                b'x' => 0o111,
                b'X' if dir || bits & 0o111 != 0 => 0o111,
                b's' => S_ISUID | S_ISGID,
                b't' => S_ISVTX,
                _ => 0,
            };
        }
        what &= who;
        bits = match op {
            b'+' => bits | what,
            b'-' => bits & !what,
            _ => bits & !(who & 0o777) | what,
        };
        rest = &tail[len..];
    }
    rest.is_empty().then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        assert_eq!(&text(S_IFDIR | 0o755), b"drwxr-xr-x");
        assert_eq!(&text(S_IFREG | 0o4755), b"-rwsr-xr-x");
        assert_eq!(&text(S_IFREG | 0o2640), b"-rw-r-S---");
        assert_eq!(&text(S_IFDIR | 0o1777), b"drwxrwxrwt");
        assert_eq!(&text(S_IFCHR | 0o620), b"crw--w----");
    }

    #[test]
    fn octal_and_symbolic() {
        assert_eq!(apply(b"755", 0), Some(0o755));
        assert_eq!(apply(b"4711", 0), Some(0o4711));
        assert_eq!(apply(b"8", 0), None);
        assert_eq!(apply(b"77777", 0), None);
        assert_eq!(apply(b"+x", S_IFREG | 0o644), Some(0o755));
        assert_eq!(apply(b"go-w", 0o666), Some(0o644));
        assert_eq!(apply(b"u=rw,g=r,o=", 0o777), Some(0o640));
        assert_eq!(apply(b"a+r-x", 0o711), Some(0o644));
        assert_eq!(apply(b"u+s", 0o755), Some(0o4755));
        assert_eq!(apply(b"a+X", S_IFDIR | 0o600), Some(0o711));
        assert_eq!(apply(b"a+X", S_IFREG | 0o600), Some(0o600));
        assert_eq!(apply(b"u", 0), None);
        assert_eq!(apply(b"u+q", 0), None);
        assert_eq!(apply(b"", 0), None);
    }
}
