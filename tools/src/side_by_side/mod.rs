//! The reader's own copy of 0.11 beside our source, function by function, as
//! pages for a browser. Nothing of 0.11's text is in the repository.

mod html;
mod original;

use crate::reading::map::{self, Place, Row};
use crate::reading::source::{self, Item, Sources};
use anyhow::{Context, Result, ensure};
use clap::Args;
pub use html::file_name;
use html::{Section, Side};
use original::Tree;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Writes pages that show a copy of Linux 0.11 beside this kernel
#[derive(Args)]
pub struct SideBySide {
    /// The copy: the folder that holds boot, fs, init, kernel, lib and mm
    orig: PathBuf,
    /// Folder of the repository
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Where the pages go
    #[arg(long, default_value = "build/side-by-side")]
    out: PathBuf,
}

/// The documents whose remarks stand in the margin.
const REMARKS: &[&str] = &["docs/differences.md", "docs/errata.md"];

impl SideBySide {
    pub fn run(self) -> Result<()> {
        let tree = Tree::open(&self.orig)?;
        let rows = map::read_map(&self.root)?;
        let sources = source::read(&self.root)?;
        let remarks = Remarks::read(&self.root)?;
        std::fs::create_dir_all(&self.out)
            .with_context(|| format!("cannot make {}", self.out.display()))?;
        let mut files: Vec<(String, Vec<Section>)> = vec![];
        let mut missing = vec![];
        for row in &rows {
            let section = section(row, &rows, &tree, &sources, &remarks, &self.root)?;
            if section.original.is_none() {
                missing.push(format!("{} {}", row.original.file, row.original.name));
            }
            match files.last_mut() {
                Some((file, sections)) if *file == row.original.file => sections.push(section),
                _ => files.push((row.original.file.clone(), vec![section])),
            }
        }
        ensure!(
            missing.len() < rows.len(),
            "{} has none of 0.11's functions: is it a copy of linux-0.11?",
            self.orig.display()
        );
        for (index, (file, sections)) in files.iter().enumerate() {
            let before = index.checked_sub(1).map(|i| files[i].0.as_str());
            let after = files.get(index + 1).map(|next| next.0.as_str());
            let page = html::page(file, sections, before, after);
            write(&self.out.join(html::file_name(file)), &page)?;
        }
        write(&self.out.join("index.html"), &html::index(&files))?;
        println!(
            "{}/index.html: {} functions in {} files{}",
            self.out.display(),
            rows.len() - missing.len(),
            files.len(),
            if missing.is_empty() {
                String::new()
            } else {
                format!("; not found in your copy: {}", missing.join(", "))
            }
        );
        Ok(())
    }
}

fn write(path: &Path, text: &str) -> Result<()> {
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn section(
    row: &Row,
    rows: &[Row],
    tree: &Tree,
    sources: &Sources,
    remarks: &Remarks,
    root: &Path,
) -> Result<Section> {
    let next = rows.iter().find(|other| {
        other.original.file == row.original.file && other.original.line > row.original.line
    });
    let original = tree.function(&row.original, next.map(|row| &row.original));
    let mut ours = vec![];
    for place in &row.places {
        if let Some(item) = map::find(sources, place) {
            ours.push(side(root, place, item)?);
        }
    }
    let mut notes: Vec<String> = vec![];
    if !row.note.is_empty() {
        notes.push(row.note.clone());
    }
    notes.extend(remarks.about(row));
    Ok(Section {
        name: row.original.name.clone(),
        original,
        ours,
        notes,
    })
}

/// The lines of one of our items.
fn side(root: &Path, place: &Place, item: &Item) -> Result<Side> {
    let text = std::fs::read_to_string(root.join(&place.file)).context(place.file.clone())?;
    let lines = text.lines().skip(item.first - 1);
    Ok(Side {
        file: place.file.clone(),
        name: place.name.clone(),
        first: item.first,
        lines: lines
            .take(item.last + 1 - item.first)
            .map(str::to_string)
            .collect(),
    })
}

/// The paragraphs, list items and table rows of the documents about differences.
struct Remarks(Vec<String>);

impl Remarks {
    fn read(root: &Path) -> Result<Remarks> {
        let mut remarks = vec![];
        for name in REMARKS {
            let path = root.join(name);
            if path.exists() {
                let text = std::fs::read_to_string(path).context(*name)?;
                remarks.extend(paragraphs(&text));
            }
        }
        Ok(Remarks(remarks))
    }

    /// Those that name the function, or one of ours that stands for it.
    fn about(&self, row: &Row) -> Vec<String> {
        let mut names: BTreeMap<&str, ()> = BTreeMap::new();
        names.insert(&row.original.name, ());
        for place in &row.places {
            names.insert(place.name.rsplit("::").next().unwrap_or(""), ());
        }
        let names_it = |text: &&String| {
            let mut quoted = text.split('`').skip(1).step_by(2);
            quoted.any(|word| {
                let word = word.trim_end_matches("()").rsplit("::").next();
                word.is_some_and(|word| names.contains_key(word))
            })
        };
        self.0.iter().filter(names_it).cloned().collect()
    }
}

/// Splits a page into its smallest parts that can be read alone.
fn paragraphs(text: &str) -> Vec<String> {
    let mut parts: Vec<String> = vec![];
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        if line.starts_with('|') {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            if !cells.iter().all(|cell| cell.starts_with("--")) {
                parts.push(cells.join(" — "));
            }
            open = false;
        } else if line.is_empty() || line.starts_with('#') {
            open = false;
        } else if open && !line.starts_with("- ") {
            if let Some(last) = parts.last_mut() {
                last.push(' ');
                last.push_str(line);
            }
        } else {
            parts.push(line.trim_start_matches("- ").to_string());
            open = true;
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_falls_into_parts() {
        let text =
            "# Head\n\nOne\ntwo.\n\n- a `f`\n  b\n- c\n\n| x | y |\n|---|---|\n| 1 | `g` |\n";
        assert_eq!(
            paragraphs(text),
            ["One two.", "a `f` b", "c", "x — y", "1 — `g`"]
        );
    }
}
