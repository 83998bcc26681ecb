//! Where in the source each event is recorded.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use regex::Regex;

/// A place in the kernel's source.
pub struct Site {
    pub file: String,
    pub line: usize,
    pub function: String,
}

/// The places of events, by name: where a comment `// Traced: Name, Name.` says so,
/// which is where a helper is called that records them; else where the source says
/// `trace!(Name`; for what the recorder tells by itself, where kernel/trace.rs names it.
pub fn find(root: &Path) -> Result<BTreeMap<String, Site>> {
    let mut files = vec![];
    for folder in ["init", "mm", "fs", "kernel"] {
        let pattern = root.join(folder).join("**/*.rs");
        let pattern = pattern.to_str().context("a path is not UTF-8")?;
        for path in glob::glob(pattern)? {
            let path = path?;
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            files.push((name.into_owned(), text));
        }
    }
    let mut sites = BTreeMap::new();
    let recorder = |name: &str| name == "kernel/trace.rs";
    let source = |name: &str| !name.starts_with("kernel/trace");
    collect(r"// Traced: ([\w, ]+)\.", &files, source, &mut sites)?;
    collect(r"trace!\(\s*(\w+)", &files, source, &mut sites)?;
    collect(r"Event::(\w+)", &files, recorder, &mut sites)?;
    Ok(sites)
}

/// Adds the places in the files that are `wanted` where the pattern names events that
/// have no place yet.
fn collect(
    pattern: &str,
    files: &[(String, String)],
    wanted: impl Fn(&str) -> bool,
    sites: &mut BTreeMap<String, Site>,
) -> Result<()> {
    let pattern = Regex::new(pattern)?;
    for (file, text) in files.iter().filter(|(file, _)| wanted(file)) {
        for names in pattern.captures_iter(text).filter_map(|found| found.get(1)) {
            let before = &text[..names.start()];
            for event in names.as_str().split(", ") {
                sites.entry(event.to_string()).or_insert_with(|| Site {
                    file: file.clone(),
                    line: before.matches('\n').count() + 1,
                    function: function_at(before),
                });
            }
        }
    }
    Ok(())
}

/// The function in which the text ends.
fn function_at(text: &str) -> String {
    let name = |line: &str| {
        let rest = line.split_once("fn ")?;
        let plain = rest
            .0
            .chars()
            .all(|c| c.is_alphanumeric() || " ()_\":".contains(c));
        let end = rest.1.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        (plain && end > 0).then(|| rest.1[..end].to_string())
    };
    text.lines().rev().find_map(name).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found() {
        let text =
            "pub fn one(a: u8) {}\n    pub(crate) extern \"C\" fn two<T>() {\n  let f = |x| x;\n";
        assert_eq!(function_at(text), "two");
        assert_eq!(function_at("// call fn() here\n"), "");
    }
}
