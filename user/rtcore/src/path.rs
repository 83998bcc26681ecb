//! Path names as bytes.

use alloc::vec::Vec;

/// Longest name of one path component on a Minix file system.
pub const NAME_LEN: usize = 14;

/// The last component: `/usr/bin/` gives `bin`, `/` gives `/`.
pub fn basename(path: &[u8]) -> &[u8] {
    let path = trim_slashes(path);
    match path.iter().rposition(|&b| b == b'/') {
        Some(at) if path.len() > 1 => &path[at + 1..],
        _ => path,
    }
}

/// Everything before the last component: `a/b` gives `a`, `a` gives `.`.
pub fn dirname(path: &[u8]) -> &[u8] {
    let path = trim_slashes(path);
    match path.iter().rposition(|&b| b == b'/') {
        Some(0) => b"/",
        Some(at) => trim_slashes(&path[..at]),
        None => b".",
    }
}

/// `dir/name`, without a doubled slash.
pub fn join(dir: &[u8], name: &[u8]) -> Vec<u8> {
    let mut path = Vec::with_capacity(dir.len() + name.len() + 1);
    path.extend_from_slice(dir);
    if !dir.is_empty() && !dir.ends_with(b"/") {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    path
}

/// The path without slashes at its end (the root keeps its one).
pub fn trim_slashes(path: &[u8]) -> &[u8] {
    let mut end = path.len();
    while end > 1 && path[end - 1] == b'/' {
        end -= 1;
    }
    &path[..end]
}

/// `path` seen from `cwd`, with `.` and `..` and doubled slashes resolved by
/// their spelling.
pub fn normalize(cwd: &[u8], path: &[u8]) -> Vec<u8> {
    let base: &[u8] = if path.starts_with(b"/") { b"" } else { cwd };
    let mut out: Vec<u8> = Vec::new();
    for part in base.split(|&b| b == b'/').chain(path.split(|&b| b == b'/')) {
        match part {
            b"" | b"." => {}
            b".." => {
                let cut = out.iter().rposition(|&b| b == b'/').unwrap_or(0);
                out.truncate(cut);
            }
            _ => {
                out.push(b'/');
                out.extend_from_slice(part);
            }
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        assert_eq!(basename(b"/usr/bin/"), b"bin");
        assert_eq!(basename(b"ls"), b"ls");
        assert_eq!(basename(b"/"), b"/");
        assert_eq!(basename(b"//"), b"/");
        assert_eq!(dirname(b"/usr/bin"), b"/usr");
        assert_eq!(dirname(b"/usr"), b"/");
        assert_eq!(dirname(b"a//b/"), b"a");
        assert_eq!(dirname(b"a"), b".");
        assert_eq!(dirname(b"/"), b"/");
    }

    #[test]
    fn joins() {
        assert_eq!(join(b"/", b"bin"), b"/bin");
        assert_eq!(join(b"a", b"b"), b"a/b");
        assert_eq!(join(b"", b"b"), b"b");
        assert_eq!(normalize(b"/usr/root", b"../bin/./sh"), b"/usr/bin/sh");
        assert_eq!(normalize(b"/usr", b"/"), b"/");
        assert_eq!(normalize(b"/", b"../.."), b"/");
        assert_eq!(normalize(b"/a", b"//b///c"), b"/b/c");
    }
}
