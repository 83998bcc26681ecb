//! The page: a template from `tools/page/` with the trace in it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use object::{Object, ObjectSymbol};
use serde_json::{Value, json};

use super::abi::{CLASSES, EVENTS, Event, Info, Record};
use super::replay::Replay;
use super::sites;
use crate::reading::map::{self, Row};

/// What each event says, in English and Chinese.
pub const TEXTS: &str = include_str!("../../page/texts.js");

/// The page's parts, in order.
const SCRIPTS: [&str; 5] = [
    TEXTS,
    include_str!("../../page/replay.js"),
    include_str!("../../page/stories.js"),
    include_str!("../../page/draw.js"),
    include_str!("../../page/app.js"),
];

/// Makes the page of a trace of `program`; `checked` is what agreed with the kernel's
/// tables. With `links` an event's places lead to the pages of both sources, which lie
/// in the folder `side-by-side` beside the page.
pub fn make(program: &str, records: &[Record], checked: &Replay, links: bool) -> Result<String> {
    let sites = sites::find(Path::new("."))?;
    let rows = if links {
        map::read_map(Path::new("."))?
    } else {
        vec![]
    };
    let events: BTreeMap<String, Value> = EVENTS
        .iter()
        .map(|info| {
            let ours = sites.get(info.name);
            let site = ours.map(|site| json!([site.file, site.line, site.function]));
            let class = CLASSES
                .iter()
                .enumerate()
                .find(|(bit, _)| info.class == 1 << bit)
                .map_or("", |(_, name)| name);
            let row = json!({
                "name": info.name, "class": class, "args": info.args,
                "old": info.old, "site": site, "link": link(info, &rows),
            });
            ((info.event as u8).to_string(), row)
        })
        .collect();
    let data = json!({
        "program": program,
        "checked": checked.agreed(),
        "events": events,
        "queues": queues(records)?,
        "records": base64(records),
    });
    // `</script>` in the data would end it.
    let data = serde_json::to_string(&data)?.replace('<', "\\u003c");
    Ok(include_str!("../../page/page.html")
        .replace("/*STYLE*/", include_str!("../../page/page.css"))
        .replace("/*DATA*/", &format!("window.TRACE = {data};"))
        .replace("/*SCRIPTS*/", &SCRIPTS.join("\n")))
}

/// The page of both sources that has the function of 0.11 where the event belongs, if
/// the reading map has the function.
fn link(info: &Info, rows: &[Row]) -> Option<String> {
    let (file, _, function) = info.old;
    let function = function.trim_start_matches('_');
    let row = rows
        .iter()
        .find(|row| row.original.file == file && row.original.name == function)?;
    let page = crate::side_by_side::file_name(&row.original.file);
    Some(format!("side-by-side/{page}#{function}"))
}

/// The names of the wait queues that appear in the trace, by address in decimal:
/// those that are part of a static of the kernel.
fn queues(records: &[Record]) -> Result<BTreeMap<String, String>> {
    let kernel = Path::new("build/linux011.elf");
    let bytes =
        std::fs::read(kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
    let file = object::File::parse(&*bytes)?;
    let mut statics: Vec<(u64, u64, String)> = file
        .symbols()
        .filter(|symbol| symbol.size() > 0 && symbol.kind() == object::SymbolKind::Data)
        .filter_map(|symbol| {
            let name = format!("{:#}", rustc_demangle::demangle(symbol.name().ok()?));
            let name = name.rsplit("::").next().unwrap_or(&name).to_string();
            Some((symbol.address(), symbol.size(), name))
        })
        .collect();
    statics.sort();
    let mut names = BTreeMap::new();
    for record in records {
        let queue = match record.event {
            event if event == Event::Sleep as u8 => record.args[0],
            event if event == Event::Wake as u8 => record.args[2],
            _ => continue,
        };
        let place = u64::from(queue);
        let found = statics
            .iter()
            .rfind(|(start, size, _)| (*start..start + size).contains(&place));
        if let Some((_, _, name)) = found {
            names.insert(queue.to_string(), name.clone());
        }
    }
    Ok(names)
}

/// The records' bytes in base 64.
fn base64(records: &[Record]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    for record in records {
        bytes.extend([record.event, record.nr]);
        bytes.extend(record.pid.to_le_bytes());
        let words = [record.tick, record.time[0], record.time[1]];
        for word in words.iter().chain(&record.args) {
            bytes.extend(word.to_le_bytes());
        }
    }
    let mut text = String::with_capacity(bytes.len() * 4 / 3 + 4);
    for group in bytes.chunks(3) {
        let word = (0..3).fold(0u32, |word, at| {
            word << 8 | u32::from(group.get(at).copied().unwrap_or(0))
        });
        for digit in 0..4 {
            let sign = if digit <= group.len() {
                DIGITS[(word >> (18 - 6 * digit) & 63) as usize] as char
            } else {
                '='
            };
            text.push(sign);
        }
    }
    text
}
