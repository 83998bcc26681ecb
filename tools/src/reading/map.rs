//! The reading map, `docs/reading-map.tsv`: which function here does what a
//! function of 0.11 did. `docs/linux-0.11-symbols.tsv` lists 0.11's functions.

use super::source::{Item, Sources};
use anyhow::{Context, Result, bail};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub const SYMBOLS: &str = "docs/linux-0.11-symbols.tsv";
pub const MAP: &str = "docs/reading-map.tsv";
pub const PAGE: &str = "docs/reading-map.md";

/// A function or label of 0.11: its file, its line and its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Original {
    pub file: String,
    pub line: usize,
    pub name: String,
}

/// A place in our source: a file and what is defined there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub file: String,
    pub name: String,
}

/// A row of the map.
#[derive(Clone, Debug)]
pub struct Row {
    pub original: Original,
    /// What does the same here, the main one first; none if `note` says why.
    pub places: Vec<Place>,
    pub note: String,
}

fn cells(text: &str) -> impl Iterator<Item = (usize, Vec<&str>)> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.starts_with('#') && !line.trim().is_empty())
        .map(|(number, line)| (number + 1, line.split('\t').collect()))
}

fn original(cells: &[&str]) -> Result<Original> {
    let [file, line, name, ..] = cells else {
        bail!("a row has a file, a line and a name, with tabs between them");
    };
    Ok(Original {
        file: file.to_string(),
        line: line.parse().with_context(|| format!("line {line:?}"))?,
        name: name.to_string(),
    })
}

/// 0.11's functions.
pub fn read_symbols(root: &Path) -> Result<Vec<Original>> {
    let text = std::fs::read_to_string(root.join(SYMBOLS)).context(SYMBOLS)?;
    cells(&text)
        .map(|(number, row)| original(&row).with_context(|| format!("{SYMBOLS}:{number}")))
        .collect()
}

/// The rows of the map.
pub fn read_map(root: &Path) -> Result<Vec<Row>> {
    let text = std::fs::read_to_string(root.join(MAP)).context(MAP)?;
    cells(&text)
        .map(|(number, row)| parse_row(&row).with_context(|| format!("{MAP}:{number}")))
        .collect()
}

/// `file line name our-file our-name also note`; `also` holds more places, as
/// `file:name`, with blanks between them; a `-` stands for nothing.
fn parse_row(row: &[&str]) -> Result<Row> {
    let [_, _, _, file, name, also, note] = row else {
        bail!("a row has 7 columns, not {}", row.len());
    };
    let mut places = vec![];
    if *file != "-" {
        places.push(Place {
            file: file.to_string(),
            name: name.to_string(),
        });
    }
    for other in also.split_whitespace().filter(|other| *other != "-") {
        let (file, name) = other
            .split_once(':')
            .with_context(|| format!("{other:?} is not file:name"))?;
        places.push(Place {
            file: file.to_string(),
            name: name.to_string(),
        });
    }
    Ok(Row {
        original: original(row)?,
        places,
        note: note.trim_matches('-').trim().to_string(),
    })
}

/// The item at `place`.
pub fn find<'a>(sources: &'a Sources, place: &Place) -> Option<&'a Item> {
    sources
        .get(&place.file)?
        .iter()
        .find(|item| item.name == place.name)
}

/// Compares the map with 0.11's list and with our source. What is wrong, one
/// sentence for each.
pub fn check(symbols: &[Original], rows: &[Row], sources: &Sources) -> Vec<String> {
    let mut wrong = vec![];
    let listed: Vec<&Original> = rows.iter().map(|row| &row.original).collect();
    for symbol in symbols {
        if !listed.contains(&symbol) {
            wrong.push(format!(
                "{}:{} {} has no row in {MAP}",
                symbol.file, symbol.line, symbol.name
            ));
        }
    }
    for row in rows {
        let Original { file, line, name } = &row.original;
        if !symbols.contains(&row.original) {
            wrong.push(format!("{file}:{line} {name} is not in {SYMBOLS}"));
        }
        if row.places.is_empty() && row.note.is_empty() {
            wrong.push(format!("{file} {name}: neither a function nor a reason"));
        }
        for place in &row.places {
            check_place(row, place, sources, &mut wrong);
        }
    }
    check_claims(rows, sources, &mut wrong);
    check_order(rows, sources, &mut wrong);
    wrong
}

fn check_place(row: &Row, place: &Place, sources: &Sources, wrong: &mut Vec<String>) {
    let name = &row.original.name;
    match find(sources, place) {
        None => wrong.push(format!(
            "{} {name}: {} has no {} (moved or renamed? change {MAP})",
            row.original.file, place.file, place.name
        )),
        // A label of the same name in the file of the same stem says it itself.
        Some(_) if place.file.ends_with(".S") && place.name == *name => {}
        Some(item) if !item.counterparts().contains(name) => wrong.push(format!(
            "{}:{}: the comment of {} must say \"0.11 `{name}`\"",
            place.file, item.line, place.name
        )),
        Some(_) => {}
    }
}

/// Each function whose comment names one of 0.11's must be in the map.
fn check_claims(rows: &[Row], sources: &Sources, wrong: &mut Vec<String>) {
    let mut by_name: BTreeMap<&str, BTreeSet<&Place>> = BTreeMap::new();
    for row in rows {
        let places = by_name.entry(&row.original.name).or_default();
        places.extend(&row.places);
    }
    for (file, items) in sources {
        for item in items.iter().filter(|item| item.is_function) {
            for claim in item.counterparts() {
                let place = Place {
                    file: file.clone(),
                    name: item.name.clone(),
                };
                if let Some(places) = by_name.get(claim.as_str())
                    && !places.contains(&place)
                {
                    wrong.push(format!(
                        "{file}:{}: {} says that it is 0.11's {claim}; {MAP} does not",
                        item.line, item.name
                    ));
                }
            }
        }
    }
}

/// Does the note say that the function has another place in its file?
fn is_out_of_order(row: &Row) -> bool {
    row.note.starts_with("order:")
}

fn check_order(rows: &[Row], sources: &Sources, wrong: &mut Vec<String>) {
    let mut last: BTreeMap<(&str, &str), (usize, &str)> = BTreeMap::new();
    for row in rows {
        let Some(place) = row.places.first() else {
            continue;
        };
        let Some(item) = find(sources, place) else {
            continue;
        };
        if is_out_of_order(row) {
            continue;
        }
        let files = (row.original.file.as_str(), place.file.as_str());
        match last.get(&files) {
            Some((line, before)) if *line > item.line => wrong.push(format!(
                "{}:{}: {} stands before {before}, in {} behind it: move it, or give a \
                 note that begins with \"order:\"",
                place.file, item.line, place.name, row.original.file
            )),
            _ => {
                last.insert(files, (item.line, &place.name));
            }
        }
    }
}

/// How much of 0.11 the map covers.
pub fn coverage(rows: &[Row], sources: &Sources) -> String {
    let mapped = rows.iter().filter(|row| !row.places.is_empty()).count();
    let same = rows.iter().filter(|row| has_same_name(row)).count();
    let moved = rows.iter().filter(|row| is_out_of_order(row)).count();
    let functions = sources.values().flatten().filter(|item| item.is_function);
    let named = functions
        .clone()
        .filter(|item| !item.counterparts().is_empty())
        .count();
    format!(
        "reading map: {} functions of 0.11, {mapped} are here ({same} under their own name), {} \
         are not, for a reason given; {moved} stand at another place in their file. Of our {} \
         functions {named} name a counterpart.",
        rows.len(),
        rows.len() - mapped,
        functions.count(),
    )
}

fn has_same_name(row: &Row) -> bool {
    row.places.first().is_some_and(|place| {
        let name = place.name.rsplit("::").next().unwrap_or("");
        name.eq_ignore_ascii_case(&row.original.name)
    })
}
