//! A copy of 0.11's source: where a function begins and ends.

use super::html::Side;
use crate::reading::map::Original;
use anyhow::{Result, bail};
use regex::Regex;
use std::path::{Path, PathBuf};

/// The copy.
pub struct Tree(PathBuf);

impl Tree {
    /// The folder itself, or one in it, that holds `kernel/fork.c`.
    pub fn open(folder: &Path) -> Result<Tree> {
        for inner in ["", "linux-0.11", "linux", "src"] {
            let candidate = folder.join(inner);
            if candidate.join("kernel/fork.c").is_file() {
                return Ok(Tree(candidate));
            }
        }
        bail!(
            "{} is not a copy of linux-0.11: it has no kernel/fork.c",
            folder.display()
        )
    }

    /// The text of a file; some copies have .S where 0.11 has .s.
    fn read(&self, file: &str) -> Option<Vec<String>> {
        let (stem, ending) = file.rsplit_once('.')?;
        let names = [
            file.to_string(),
            format!("{stem}.{}", ending.to_uppercase()),
            format!("{stem}.{}", ending.to_lowercase()),
        ];
        let bytes = names
            .iter()
            .find_map(|name| std::fs::read(self.0.join(name)).ok())?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Some(text.lines().map(str::to_string).collect())
    }

    /// The function, with the comment above it; `next` is the one after it.
    pub fn function(&self, wanted: &Original, next: Option<&Original>) -> Option<Side> {
        let lines = self.read(&wanted.file)?;
        let at = find(&lines, wanted)?;
        let (first, last) = if wanted.file.ends_with(".c") {
            (above(&lines, at), end_of_c(&lines, at))
        } else {
            let end = next.and_then(|next| find(&lines, next));
            let end = end.map_or(lines.len(), |end| above(&lines, end));
            (above(&lines, at), last_line_of_code(&lines, at, end))
        };
        Some(Side {
            file: wanted.file.clone(),
            name: wanted.name.clone(),
            first: first + 1,
            lines: lines[first..=last].to_vec(),
        })
    }
}

/// The index of the line that defines it. The list's number is right for the
/// original; in other copies it is near.
fn find(lines: &[String], wanted: &Original) -> Option<usize> {
    let name = regex::escape(&wanted.name);
    let definition = Regex::new(&format!(
        r"^(?:_?{name}:|(?:[A-Za-z_][\w\s\*]*[\s\*])?{name}\s*\(.*[^;]\s*$|.*\b{name}\b.*\b_syscall|_syscall)"
    ))
    .ok()?;
    let near = wanted.line.saturating_sub(1);
    let mentions = |index: usize| {
        lines
            .get(index)
            .is_some_and(|line| line.contains(&wanted.name) && !line.trim_end().ends_with(';'))
    };
    if mentions(near) {
        return Some(near);
    }
    (0..lines.len())
        .filter(|index| definition.is_match(&lines[*index]) && lines[*index].contains(&wanted.name))
        .min_by_key(|index| index.abs_diff(near))
}

/// The first line of what belongs to the definition at `at`: the lines of its head
/// and the comment above them.
fn above(lines: &[String], at: usize) -> usize {
    let mut first = at;
    while first > 0 {
        let line = lines[first - 1].trim_end();
        let is_head = !line.is_empty()
            && !line.starts_with(['}', '#', '/', '\t', ' '])
            && !line.ends_with([';', '}', '/', ':']);
        if !is_head {
            break;
        }
        first -= 1;
    }
    if first > 0 && lines[first - 1].trim_end().ends_with("*/") {
        let mut start = first - 1;
        while start > 0 && !lines[start].contains("/*") {
            start -= 1;
        }
        return start;
    }
    first
}

/// The last line of a C function, the brace in the first column; of a macro's
/// use, its line.
fn end_of_c(lines: &[String], at: usize) -> usize {
    let rest = lines.iter().enumerate().skip(at);
    let mut opened = false;
    for (index, line) in rest {
        opened |= line.contains('{');
        if line.starts_with('}')
            || (opened && line.matches('{').count() == line.matches('}').count() && index == at)
        {
            return index;
        }
        if !opened && line.trim().is_empty() {
            return index - 1;
        }
    }
    lines.len() - 1
}

/// The last line from `at` on, before `end`, that is not empty.
fn last_line_of_code(lines: &[String], at: usize, end: usize) -> usize {
    let mut last = end.max(at + 1) - 1;
    while last > at && lines[last].trim().is_empty() {
        last -= 1;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    fn original(file: &str, line: usize, name: &str) -> Original {
        Original {
            file: file.into(),
            line,
            name: name.into(),
        }
    }

    /// A copy with a C file of our own making.
    fn copy() -> (tempfile::TempDir, Tree) {
        let folder = tempfile::tempdir().expect("a folder");
        let kernel = folder.path().join("kernel");
        std::fs::create_dir(&kernel).expect("a folder");
        let text = "#define X 1\n\n/*\n * first\n */\nint one(int a)\n{\n\tif (a) {\n\t}\n}\n\n\
                    static int\ntwo(void)\n{\n}\n";
        std::fs::write(kernel.join("fork.c"), text).expect("written");
        let text = "_go:\n\tret\n\n/* then */\n_stop:\n\thlt\n";
        std::fs::write(kernel.join("x.S"), text).expect("written");
        let tree = Tree::open(folder.path()).expect("a copy");
        (folder, tree)
    }

    #[test]
    fn finds_begin_and_end() {
        let (_folder, tree) = copy();
        let side = tree.function(&original("kernel/fork.c", 6, "one"), None);
        let side = side.expect("found");
        assert_eq!((side.first, side.lines.len()), (3, 8));
        // The list's number is off here.
        let side = tree.function(&original("kernel/fork.c", 1, "two"), None);
        let side = side.expect("found");
        assert_eq!((side.first, side.lines.len()), (12, 4));
    }

    #[test]
    fn a_label_ends_where_the_next_begins() {
        let (_folder, tree) = copy();
        let (go, stop) = (
            original("kernel/x.s", 1, "go"),
            original("kernel/x.s", 5, "stop"),
        );
        let side = tree.function(&go, Some(&stop)).expect("found");
        assert_eq!((side.first, side.lines.len()), (1, 2));
        let side = tree.function(&stop, None).expect("found");
        assert_eq!((side.first, side.lines.len()), (4, 3));
    }
}
