//! File name patterns: `*`, `?`, `[a-z]`, `[!a-z]`, and `\` before a
//! character that stands for itself.

/// Whether `pattern` holds a character that makes it a pattern.
pub fn is_pattern(pattern: &[u8]) -> bool {
    let mut bytes = pattern.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'*' | b'?' | b'[' => return true,
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    false
}

/// Whether `name` as a whole matches `pattern`.
///
/// A `/` and a leading dot have no special meaning here: the caller matches
/// one path component at a time and decides about hidden names.
pub fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    // Where to go on after a mismatch: behind the last `*`, one byte later.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if n < name.len() {
            if pattern.get(p) == Some(&b'*') {
                retry = Some((p + 1, n));
                p += 1;
                continue;
            }
            if let Some(next) = step(pattern, p, name[n]) {
                p = next;
                n += 1;
                continue;
            }
        } else if pattern[p..].iter().all(|&b| b == b'*') {
            return true;
        }
        match retry {
            Some((star, from)) if from < name.len() => {
                retry = Some((star, from + 1));
                (p, n) = (star, from + 1);
            }
            _ => return false,
        }
    }
}

/// Matches one byte against the pattern element at `p`; the index behind the
/// element, or `None` where it does not match.
fn step(pattern: &[u8], p: usize, byte: u8) -> Option<usize> {
    match *pattern.get(p)? {
        b'?' => Some(p + 1),
        b'[' => match class(pattern, p + 1, byte) {
            Some((true, next)) => Some(next),
            Some((false, _)) => None,
            None => (byte == b'[').then_some(p + 1),
        },
        b'\\' if p + 1 < pattern.len() => (pattern[p + 1] == byte).then_some(p + 2),
        b => (b == byte).then_some(p + 1),
    }
}

/// Reads the class whose first byte (behind the `[`) is at `p`: whether `byte`
/// belongs to it, and the index behind the `]`. `None` if no `]` closes it.
fn class(pattern: &[u8], mut p: usize, byte: u8) -> Option<(bool, usize)> {
    let negated = matches!(pattern.get(p), Some(b'!' | b'^'));
    p += usize::from(negated);
    let start = p;
    let mut found = false;
    loop {
        let mut low = *pattern.get(p)?;
        if low == b']' && p > start {
            return Some((found != negated, p + 1));
        }
        if low == b'\\' {
            p += 1;
            low = *pattern.get(p)?;
        }
        p += 1;
        if pattern.get(p) == Some(&b'-') && !matches!(pattern.get(p + 1), None | Some(b']')) {
            let mut high = pattern[p + 1];
            p += 2;
            if high == b'\\' {
                high = *pattern.get(p)?;
                p += 1;
            }
            found |= (low..=high).contains(&byte);
        } else {
            found |= low == byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_and_single() {
        assert!(matches(b"abc", b"abc"));
        assert!(!matches(b"abc", b"abcd"));
        assert!(!matches(b"abcd", b"abc"));
        assert!(matches(b"a?c", b"abc"));
        assert!(!matches(b"a?", b"a"));
        assert!(matches(b"", b""));
        assert!(!matches(b"", b"a"));
    }

    #[test]
    fn star_goes_back() {
        assert!(matches(b"*", b""));
        assert!(matches(b"*.rs", b"main.rs"));
        assert!(!matches(b"*.rs", b"main.rsx"));
        assert!(matches(b"a*b*c", b"axxbyybzzc"));
        assert!(!matches(b"a*b*c", b"axxbyybzz"));
        assert!(matches(b"*a*a*a*", b"aaa"));
        assert!(!matches(b"*a*a*a*", b"aa"));
    }

    #[test]
    fn classes() {
        assert!(matches(b"[abc]x", b"bx"));
        assert!(matches(b"tty[0-2]", b"tty1"));
        assert!(!matches(b"tty[0-2]", b"tty3"));
        assert!(matches(b"[!0-9]", b"a"));
        assert!(!matches(b"[^0-9]", b"5"));
        assert!(matches(b"[]x]", b"]"));
        assert!(matches(b"[a-]", b"-"));
        assert!(matches(b"[", b"["));
        assert!(matches(b"[ab", b"[ab"));
        assert!(matches(b"[\\]a]", b"]"));
    }

    #[test]
    fn escapes() {
        assert!(matches(b"\\*", b"*"));
        assert!(!matches(b"\\*", b"a"));
        assert!(is_pattern(b"a*"));
        assert!(!is_pattern(b"a\\*b"));
    }
}
