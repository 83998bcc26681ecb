//! Where in the source each event is recorded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use regex::Regex;

/// A place in the kernel's source.
pub struct Site {
    pub file: String,
    pub line: usize,
    pub function: String,
}

/// The places that say `trace!(Name` or `// Traced: Name, Name.`, by name; for
/// what the recorder tells by itself, where kernel/trace.rs names it.
pub fn find(root: &Path) -> Result<BTreeMap<String, Site>> {
    let marks = Regex::new(r"trace!\(\s*(\w+)|// Traced: ([\w, ]+)\.")?;
    let own = Regex::new(r"Event::(\w+)")?;
    let mut sites = BTreeMap::new();
    let mut files = Vec::new();
    for folder in ["init", "mm", "fs", "kernel"] {
        let pattern = root.join(folder).join("**/*.rs");
        let pattern = pattern.to_str().context("a path is not UTF-8")?;
        files.extend(glob::glob(pattern)?.collect::<Result<Vec<PathBuf>, _>>()?);
    }
    // Last, so that other places come before it.
    files.sort_by_key(|file| file.ends_with("kernel/trace.rs"));
    for file in files {
        if file.ends_with("kernel/trace/abi.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let name = file.strip_prefix(root).unwrap_or(&file).to_string_lossy();
        let regex = if file.ends_with("kernel/trace.rs") {
            &own
        } else {
            &marks
        };
        for found in regex.captures_iter(&text) {
            let Some(names) = found.get(1).or(found.get(2)) else {
                continue;
            };
            for event in names.as_str().split(", ") {
                let line = text[..names.start()].matches('\n').count() + 1;
                let site = || Site {
                    file: name.to_string(),
                    line,
                    function: function_at(&text[..names.start()]),
                };
                sites.entry(event.to_string()).or_insert_with(site);
            }
        }
    }
    Ok(sites)
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
