//! The parts of docs/performance.md that commands print: what stands between
//! `<!-- begin NAME -->` and `<!-- end NAME -->`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use super::profile::{Names, title};
use super::recording::Counted;
use super::report::Table;
use crate::util::write_if_changed;

/// Functions that are shown of each row.
const SHOWN: usize = 10;

/// Renews the parts in the page, and the chart beside it.
pub fn update(page: &Path, report: &str, profiles: &str, chart: &str) -> Result<()> {
    let text =
        std::fs::read_to_string(page).with_context(|| format!("cannot read {}", page.display()))?;
    let text = replace(&text, "make bench", report)?;
    let text = replace(&text, "make profile", profiles)?;
    write_if_changed(page, text.as_bytes())?;
    write_if_changed(&page.with_extension("svg"), chart.as_bytes())?;
    println!("{}: renewed", page.display());
    Ok(())
}

/// What the rows above their targets are spent on.
pub fn profiles(kernel: &Path, table: &Table, counted: &[Counted]) -> Result<String> {
    let mut text = String::new();
    for line in table.lines.iter().filter(|line| !line.meets_target()) {
        let counted = counted
            .iter()
            .find(|counted| counted.figure.key == line.row.key);
        let counted = counted.context("a row without figure")?;
        let addresses: &BTreeMap<u32, u32> = &counted.addresses;
        let names = Names::read(kernel, addresses.keys())?;
        let target = line.row.limit();
        text += &format!("{}, target {target}\n", title(line.row.name, counted));
        text += &names.by_function(addresses, SHOWN);
        text.push('\n');
    }
    Ok(text)
}

/// The page with a new text between the two marks of a part.
fn replace(page: &str, name: &str, text: &str) -> Result<String> {
    let begin = format!("<!-- begin {name} -->\n");
    let end = format!("<!-- end {name} -->");
    let parts = page.split_once(&begin).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(&end)?;
        Some((before, after))
    });
    let (before, after) = parts.with_context(|| format!("the page has no part {name}"))?;
    Ok(format!(
        "{before}{begin}```\n{}\n```\n{end}{after}",
        text.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part() {
        let page = "a\n<!-- begin x -->\nold\n<!-- end x -->\nb\n";
        let new = replace(page, "x", "new\n").unwrap();
        assert_eq!(
            new,
            "a\n<!-- begin x -->\n```\nnew\n```\n<!-- end x -->\nb\n"
        );
        assert!(replace(page, "y", "new").is_err());
    }
}
