//! Words as written to words as passed: variables, command substitution,
//! arithmetic, splitting, file name patterns, quotes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use rtcore::{BStr, glob};

use crate::{arith, scan};

mod braces;

/// What went wrong, for people.
pub type Result<T> = core::result::Result<T, String>;

/// What expansion needs from the shell.
pub trait Host {
    /// Value of a variable, or of a special parameter (`?`, `$`, `!`, `#`,
    /// `-`, `0`, `1`, ...).
    fn value(&self, name: &[u8]) -> Option<Vec<u8>>;
    /// Sets a variable.
    fn assign(&mut self, name: &[u8], value: &[u8]);
    /// The positional parameters from `$1` on.
    fn positional(&self) -> &[Vec<u8>];
    /// Runs commands; what they wrote to standard output.
    ///
    /// # Errors
    /// Why they could not be run.
    fn substitute(&mut self, commands: &[u8]) -> Result<Vec<u8>>;
    /// Names in a folder without `.` and `..`; none if it cannot be read.
    fn names_in(&mut self, dir: &[u8]) -> Vec<Vec<u8>>;
    /// Whether the path names something.
    fn exists(&mut self, path: &[u8]) -> bool;
    /// Whether a variable that is not set is an error (`set -u`).
    fn strict(&self) -> bool {
        false
    }
}

/// Expands words to arguments: split at blanks, patterns replaced by names.
///
/// # Errors
/// `${x?}`, arithmetic, `set -u`.
pub fn arguments(host: &mut dyn Host, words: &[Vec<u8>]) -> Result<Vec<Vec<u8>>> {
    let mut all = Vec::new();
    for word in words {
        let mut out = Out::new(true);
        expand(host, word, Quotes::None, &mut out)?;
        for field in out.finish() {
            if glob::is_pattern(&field) {
                let matches = match_names(host, &field);
                if !matches.is_empty() {
                    all.extend(matches);
                    continue;
                }
            }
            all.push(unescape(&field));
        }
    }
    Ok(all)
}

/// Expands to one string, neither split nor matched: the value of an
/// assignment, the file of a redirection, the word of `case`.
///
/// # Errors
/// As [`arguments`].
pub fn string(host: &mut dyn Host, word: &[u8]) -> Result<Vec<u8>> {
    pattern(host, word).map(|escaped| unescape(&escaped))
}

/// Expands to a pattern for [`glob::matches`]: what was quoted stands for itself.
///
/// # Errors
/// As [`arguments`].
pub fn pattern(host: &mut dyn Host, word: &[u8]) -> Result<Vec<u8>> {
    let mut out = Out::new(false);
    expand(host, word, Quotes::None, &mut out)?;
    Ok(out.current)
}

/// Expands a text in which quotes have no meaning: a here-document, a prompt.
///
/// # Errors
/// As [`arguments`].
pub fn text(host: &mut dyn Host, text: &[u8]) -> Result<Vec<u8>> {
    let mut out = Out::new(false);
    expand(host, text, Quotes::Text, &mut out)?;
    Ok(unescape(&out.current))
}

/// What surrounds the text that is expanded.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    /// Nothing.
    None,
    /// `"..."`
    Double,
    /// A here-document: as `"..."`, but `"` is an ordinary character.
    Text,
}

/// Gathers fields. In them, a `\` stands before every byte that was quoted
/// and would mean something in a pattern.
struct Out {
    split: bool,
    fields: Vec<Vec<u8>>,
    current: Vec<u8>,
    /// Whether there is a current field, be it empty.
    started: bool,
}

impl Out {
    fn new(split: bool) -> Self {
        Out {
            split,
            fields: Vec::new(),
            current: Vec::new(),
            started: false,
        }
    }

    /// A byte of the word itself, not quoted.
    fn plain(&mut self, b: u8) {
        self.started = true;
        self.current.push(b);
    }

    /// Bytes that stand for themselves.
    fn quoted(&mut self, bytes: &[u8]) {
        self.started = true;
        for &b in bytes {
            if b"*?[]-!^\\".contains(&b) {
                self.current.push(b'\\');
            }
            self.current.push(b);
        }
    }

    /// Ends the current field.
    fn end_field(&mut self) {
        if core::mem::take(&mut self.started) {
            self.fields.push(core::mem::take(&mut self.current));
        }
    }

    /// The value of something that was expanded.
    fn value(&mut self, bytes: &[u8], quotes: Quotes, ifs: &[u8]) {
        if quotes != Quotes::None {
            return self.quoted(bytes);
        }
        for &b in bytes {
            if self.split && ifs.contains(&b) {
                // A separator that is no blank ends a field even if it is empty.
                self.started |= !b.is_ascii_whitespace();
                self.end_field();
            } else if b == b'\\' {
                self.quoted(&[b]);
            } else {
                self.plain(b);
            }
        }
    }

    fn finish(mut self) -> Vec<Vec<u8>> {
        self.end_field();
        self.fields
    }
}

fn unescape(escaped: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(escaped.len());
    let mut bytes = escaped.iter();
    while let Some(&b) = bytes.next() {
        match b {
            b'\\' => out.extend(bytes.next()),
            _ => out.push(b),
        }
    }
    out
}

fn field_separators(host: &dyn Host) -> Vec<u8> {
    host.value(b"IFS").unwrap_or_else(|| b" \t\n".to_vec())
}

fn expand(host: &mut dyn Host, word: &[u8], quotes: Quotes, out: &mut Out) -> Result<()> {
    let mut at = 0;
    if quotes == Quotes::None && word.first() == Some(&b'~') {
        at = tilde(host, word, out);
    }
    while at < word.len() {
        let b = word[at];
        match b {
            b'\\' => {
                let next = word.get(at + 1).copied();
                escaped(next, quotes, out);
                at += 2;
            }
            b'\'' if quotes == Quotes::None => {
                let end = end_of(word, at)?;
                out.quoted(&word[at + 1..end - 1]);
                at = end;
            }
            b'"' if quotes != Quotes::Text => {
                let end = end_of(word, at)?;
                double_quoted(host, &word[at + 1..end - 1], out)?;
                at = end;
            }
            b'`' => {
                let end = end_of(word, at)?;
                let commands = unescape_backquoted(&word[at + 1..end - 1]);
                command(host, &commands, quotes, out)?;
                at = end;
            }
            b'$' => {
                let end = end_of(word, at)?;
                dollar(host, &word[at + 1..end], quotes, out)?;
                at = end;
            }
            _ => {
                if quotes == Quotes::None {
                    out.plain(b);
                } else {
                    out.quoted(&[b]);
                }
                at += 1;
            }
        }
    }
    Ok(())
}

/// The index behind the element at `at`.
fn end_of(word: &[u8], at: usize) -> Result<usize> {
    scan::element(word, at, true).map_err(|_| format!("bad substitution: {}", BStr(word)))
}

/// A `\` and what follows it.
fn escaped(next: Option<u8>, quotes: Quotes, out: &mut Out) {
    let special: &[u8] = match quotes {
        Quotes::None => b"",
        Quotes::Double => b"$`\"\\",
        Quotes::Text => b"$`\\",
    };
    match next {
        Some(b'\n') => {}
        Some(b) if quotes == Quotes::None || special.contains(&b) => out.quoted(&[b]),
        Some(b) => out.quoted(&[b'\\', b]),
        None => out.quoted(b"\\"),
    }
}

/// `~` and `~/...`: the home folder; the index to go on at.
fn tilde(host: &mut dyn Host, word: &[u8], out: &mut Out) -> usize {
    match (word.get(1), host.value(b"HOME")) {
        (None | Some(b'/'), Some(home)) => {
            out.quoted(&home);
            1
        }
        _ => 0,
    }
}

/// The inside of `"..."`.
fn double_quoted(host: &mut dyn Host, inside: &[u8], out: &mut Out) -> Result<()> {
    // "$@" alone with no parameters is no field at all.
    let nothing = inside == b"$@" || inside == b"${@}";
    out.started |= !nothing;
    expand(host, inside, Quotes::Double, out)
}

fn unescape_backquoted(inside: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(inside.len());
    let mut bytes = inside.iter().peekable();
    while let Some(&b) = bytes.next() {
        match bytes.peek() {
            Some(&&next) if b == b'\\' && b"`\\$".contains(&next) => {
                bytes.next();
                out.push(next);
            }
            _ => out.push(b),
        }
    }
    out
}

/// Runs commands and takes their output, without new lines at its end.
fn command(host: &mut dyn Host, commands: &[u8], quotes: Quotes, out: &mut Out) -> Result<()> {
    let mut output = host.substitute(commands)?;
    while output.last() == Some(&b'\n') {
        output.pop();
    }
    let ifs = field_separators(host);
    out.value(&output, quotes, &ifs);
    Ok(())
}

/// What follows a `$`, up to its end.
fn dollar(host: &mut dyn Host, what: &[u8], quotes: Quotes, out: &mut Out) -> Result<()> {
    match what {
        [] => {
            out.quoted(b"$");
            Ok(())
        }
        [b'(', b'(', inside @ .., b')', b')'] => {
            let mut expression = Out::new(false);
            expand(host, inside, Quotes::Text, &mut expression)?;
            let expression = unescape(&expression.current);
            let value = arith::evaluate(&expression, &|name| host.value(name))?;
            out.value(format!("{value}").as_bytes(), quotes, b"");
            Ok(())
        }
        [b'(', inside @ .., b')'] => command(host, inside, quotes, out),
        [b'{', inside @ .., b'}'] => braces::expand(host, inside, quotes, out),
        name => parameter(host, name, quotes, out),
    }
}

/// The value of a parameter, `$@` and `$*` included.
fn parameter(host: &mut dyn Host, name: &[u8], quotes: Quotes, out: &mut Out) -> Result<()> {
    let ifs = field_separators(host);
    if name == b"@" || name == b"*" {
        let joined = name == b"*" && quotes != Quotes::None;
        for (i, value) in host.positional().iter().enumerate() {
            if i > 0 && joined {
                out.quoted(&ifs[..ifs.len().min(1)]);
            } else if i > 0 && out.split {
                out.end_field();
            } else if i > 0 {
                out.quoted(b" ");
            }
            out.value(value, quotes, &ifs);
        }
        return Ok(());
    }
    match host.value(name) {
        Some(value) => out.value(&value, quotes, &ifs),
        None if host.strict() => return Err(format!("{}: not set", BStr(name))),
        None => {}
    }
    Ok(())
}

/// The names that a pattern with slashes matches, sorted.
fn match_names(host: &mut dyn Host, pattern: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::from([Vec::new()]);
    let mut parts = pattern.split(|&b| b == b'/').peekable();
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let mut next = Vec::new();
        for path in found {
            if glob::is_pattern(part) {
                let dir: &[u8] = if path.is_empty() { b"." } else { &path };
                let mut names = host.names_in(dir);
                names.retain(|n| (n[0] != b'.' || part[0] == b'.') && glob::matches(part, n));
                names.sort_unstable();
                next.extend(names.iter().map(|n| [&path[..], n].concat()));
            } else {
                let candidate = [&path[..], &unescape(part)].concat();
                if !last || host.exists(&candidate) {
                    next.push(candidate);
                }
            }
        }
        if !last {
            next.iter_mut().for_each(|path| path.push(b'/'));
        }
        found = next;
    }
    found
}

#[cfg(test)]
mod tests;
