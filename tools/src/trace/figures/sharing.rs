//! Pages that two processes share.

use super::super::replay::Tables;
use super::svg::{ACCENT, At, DIM, INK, LINE, Svg, slot_color};

const SLOT: u32 = 0x400_0000;
/// Linear addresses of a directory entry.
const HEIGHT: u32 = 24;
/// Entries on the left, pages in the middle, entries on the right.
const MIDDLE: u32 = 260;
const RIGHT: u32 = 520;
const WIDTH: u32 = 200;

/// The flags of an entry of a table, as letters.
fn flags(entry: u32) -> String {
    [(0, 'P'), (1, 'W'), (2, 'U'), (5, 'A'), (6, 'D')]
        .iter()
        .map(|(bit, letter)| if entry >> bit & 1 == 1 { *letter } else { '-' })
        .collect()
}

/// The entry of a page table that maps `linear`, as a box.
fn entry(svg: &mut Svg, x: u32, y: u32, tables: &Tables, linear: u32) {
    let color = slot_color(linear / SLOT);
    svg.rect(x, y, WIDTH, HEIGHT - 4, "#fff", &color);
    let address = format!("0x{:07x}", linear & (SLOT - 1));
    svg.mono(x + 8, y + 14, At::Start, INK, &address);
    let Some(entry) = tables.entries.get(&linear) else {
        return svg.mono(x + 90, y + 14, At::Start, DIM, "not mapped");
    };
    let ink = if entry & 2 == 0 { ACCENT } else { INK };
    let text = format!("{:06x} {}", entry >> 12 << 12, flags(*entry));
    svg.mono(x + 90, y + 14, At::Start, ink, &text);
}

/// A page, in its users' colour, with its count.
fn page(svg: &mut Svg, y: u32, tables: &Tables, page: u32, owners: &[u32]) {
    let fill = match owners {
        [owner] => slot_color(*owner),
        _ => INK.to_string(),
    };
    svg.rect(MIDDLE, y, WIDTH, HEIGHT - 4, &fill, LINE);
    let count = tables.counts.get(&page).copied().unwrap_or(0);
    let text = format!("page 0x{page:06x}, count {count}");
    svg.mono(MIDDLE + WIDTH / 2, y + 14, At::Middle, "#fff", &text);
}

fn title(svg: &mut Svg, x: u32, y: u32, tables: &Tables, nr: u32) {
    let name = tables.tasks.get(&nr).map_or(String::new(), |task| {
        format!(", {} [{}]", task.name(), task.pid)
    });
    svg.bold(
        x,
        y,
        At::Start,
        &slot_color(nr),
        &format!("slot {nr}{name}"),
    );
}

/// Every page of slot `from` and of slot `to`, after fork.
pub fn fork(tables: &Tables, from: u32, to: u32) -> String {
    let mut svg = Svg::new();
    title(&mut svg, 0, 12, tables, from);
    svg.bold(MIDDLE, 12, At::Start, INK, "main memory");
    title(&mut svg, RIGHT, 12, tables, to);
    let mut y = 22;
    for (linear, value) in tables.entries.range(from * SLOT..=from * SLOT + (SLOT - 1)) {
        let other = linear - from * SLOT + to * SLOT;
        entry(&mut svg, 0, y, tables, *linear);
        entry(&mut svg, RIGHT, y, tables, other);
        page(&mut svg, y, tables, value & !0xfff, &[from, to]);
        svg.arrow((WIDTH, y + 10), (MIDDLE - 2, y + 10), INK);
        svg.arrow((RIGHT, y + 10), (MIDDLE + WIDTH + 2, y + 10), INK);
        y += HEIGHT;
    }
    svg.finish("Father and child share all pages after fork")
}

/// A moment of two processes with one page: its words, and the tables then.
pub struct Moment<'a> {
    pub words: String,
    pub tables: &'a Tables,
}

/// The pages at `ours` and `theirs`, two linear addresses, at some moments.
pub fn moments(name: &str, ours: u32, theirs: u32, moments: &[Moment]) -> String {
    let mut svg = Svg::new();
    title(&mut svg, 0, 12, moments[0].tables, ours / SLOT);
    title(&mut svg, RIGHT, 12, moments[0].tables, theirs / SLOT);
    let mut y = 22;
    for moment in moments {
        let at = |linear: u32| {
            moment
                .tables
                .entries
                .get(&linear)
                .map(|entry| entry & !0xfff)
        };
        svg.text(0, y + 14, At::Start, INK, &moment.words);
        y += HEIGHT;
        entry(&mut svg, 0, y, moment.tables, ours);
        entry(&mut svg, RIGHT, y, moment.tables, theirs);
        let (left, right) = (at(ours), at(theirs));
        let owners: &[u32] = match left == right {
            true => &[ours / SLOT, theirs / SLOT],
            false => &[ours / SLOT],
        };
        if let Some(left) = left {
            page(&mut svg, y, moment.tables, left, owners);
            svg.arrow((WIDTH, y + 10), (MIDDLE - 2, y + 10), INK);
        }
        if let Some(right) = right {
            let below = if left.is_some() && left != Some(right) {
                HEIGHT
            } else {
                0
            };
            if below > 0 || left.is_none() {
                page(&mut svg, y + below, moment.tables, right, &[theirs / SLOT]);
            }
            svg.arrow((RIGHT, y + 10), (MIDDLE + WIDTH + 2, y + 10 + below), INK);
            y += below;
        }
        y += HEIGHT + 8;
    }
    svg.finish(name)
}
