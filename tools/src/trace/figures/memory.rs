//! Memory at one moment: the slots, `mem_map`, the way of an address.

use std::collections::BTreeMap;

use super::super::replay::{PAGE, Tables};
use super::svg::{ACCENT, At, DIM, FREE, INK, LINE, Svg, WIDTH, slot_color};

/// Linear space of a slot.
const SLOT: u32 = 0x400_0000;

/// What a page of main memory is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Mapped by this slot; by more than one, the first of which this is.
    Program(u32),
    Shared(u32),
    Table(u32),
    Task(u32),
    /// The kernel has it for something else, such as the trace's own records.
    Kernel,
}

/// Who uses which page, by its address.
fn uses(tables: &Tables) -> BTreeMap<u32, Use> {
    let mut uses: BTreeMap<u32, Use> = tables
        .counts
        .keys()
        .map(|page| (*page, Use::Kernel))
        .collect();
    let mut set = |page: u32, to: Use| {
        if let Some(entry) = uses.get_mut(&page) {
            *entry = match *entry {
                Use::Program(nr) if to != Use::Program(nr) => Use::Shared(nr),
                Use::Shared(nr) => Use::Shared(nr),
                _ => to,
            };
        }
    };
    for (lin, entry) in &tables.entries {
        set(entry & !0xfff, Use::Program(lin / SLOT));
    }
    for (index, dir) in &tables.dirs {
        set(dir & !0xfff, Use::Table(index / 16));
    }
    for (nr, page) in &tables.task_pages {
        set(*page, Use::Task(*nr));
    }
    uses
}

/// The 64 slots of linear space with what is in each.
pub fn slots(tables: &Tables) -> String {
    const COLUMNS: u32 = 8;
    const HEIGHT: u32 = 50;
    let width = WIDTH / COLUMNS;
    let mut svg = Svg::new();
    for nr in 0..64 {
        let (x, y) = (nr % COLUMNS * width, nr / COLUMNS * HEIGHT);
        let (width, height) = (width - 4, HEIGHT - 4);
        let base = format!("{:08x}", u64::from(nr) * u64::from(SLOT));
        let Some(task) = tables.tasks.get(&nr) else {
            svg.rect(x, y, width, height, FREE, LINE);
            svg.mono(x + 4, y + 13, At::Start, DIM, &format!("{nr}"));
            svg.mono(x + width - 4, y + 13, At::End, DIM, &base);
            continue;
        };
        svg.rect(x, y, width, height, &slot_color(nr), INK);
        svg.mono(x + 4, y + 13, At::Start, "#fff", &format!("{nr}"));
        svg.mono(x + width - 4, y + 13, At::End, "#fff", &base);
        svg.bold(
            x + 4,
            y + 27,
            At::Start,
            "#fff",
            &format!("{} [{}]", task.name(), task.pid),
        );
        let pages = tables.entries.range(nr * SLOT..=nr * SLOT + (SLOT - 1));
        let pages = match nr {
            0 => "all memory".to_string(),
            _ => format!("{} pages", pages.count()),
        };
        svg.text(x + 4, y + 41, At::Start, "#fff", &pages);
    }
    svg.finish("The 64 slots of linear space")
}

/// `mem_map`, a square for each page of main memory; rows in which all pages are
/// free are left out.
pub fn mem_map(tables: &Tables) -> String {
    const SIDE: u32 = 16;
    const COLUMNS: u32 = 40;
    const LEFT: u32 = WIDTH - COLUMNS * SIDE;
    let uses = uses(tables);
    let (start, end) = tables.main;
    let row = COLUMNS * PAGE;
    let mut svg = Svg::new();
    let (mut y, mut left_out) = (0, 0);
    let skipped = |svg: &mut Svg, y: &mut u32, rows: &mut u32| {
        if *rows > 0 {
            let text = format!("{} free pages", *rows * COLUMNS);
            svg.text(LEFT, *y + 12, At::Start, DIM, &text);
            *y += SIDE + 2;
        }
        *rows = 0;
    };
    for first in (start..end).step_by(row as usize) {
        if uses.range(first..first + row).next().is_none() {
            left_out += 1;
            continue;
        }
        skipped(&mut svg, &mut y, &mut left_out);
        svg.mono(0, y + 12, At::Start, DIM, &format!("{first:08x}"));
        for page in (first..end.min(first + row)).step_by(PAGE as usize) {
            let x = LEFT + (page - first) / PAGE * SIDE;
            square(
                &mut svg,
                (x, y, SIDE - 2),
                uses.get(&page).copied(),
                tables.counts.get(&page),
            );
        }
        y += SIDE;
    }
    skipped(&mut svg, &mut y, &mut left_out);
    legend(&mut svg, y + 10, tables, &uses);
    svg.finish("mem_map: main memory, page by page")
}

/// A page: the owner's colour, and its count or what it holds.
fn square(svg: &mut Svg, (x, y, side): (u32, u32, u32), user: Option<Use>, count: Option<&u32>) {
    let Some(user) = user else {
        return svg.rect(x, y, side, side, FREE, LINE);
    };
    let count = count.copied().unwrap_or(0).to_string();
    let (color, sign) = match user {
        Use::Program(nr) => (slot_color(nr), count.as_str()),
        Use::Shared(_) => (INK.to_string(), count.as_str()),
        Use::Table(nr) => (slot_color(nr), "T"),
        Use::Task(nr) => (slot_color(nr), "S"),
        Use::Kernel => (LINE.to_string(), ""),
    };
    svg.rect(x, y, side, side, &color, INK);
    svg.mono(x + side / 2, y + 11, At::Middle, "#fff", sign);
}

fn legend(svg: &mut Svg, y: u32, tables: &Tables, uses: &BTreeMap<u32, Use>) {
    let (mut x, mut y) = (0, y);
    let mut entry = |svg: &mut Svg, fill: &str, sign: &str, text: &str| {
        let width = 34 + 7 * text.len() as u32;
        if x + width > WIDTH {
            (x, y) = (0, y + 20);
        }
        svg.rect(x, y, 14, 14, fill, INK);
        svg.mono(x + 7, y + 11, At::Middle, "#fff", sign);
        svg.text(x + 19, y + 11, At::Start, INK, text);
        x += width;
    };
    for (nr, task) in tables.tasks.range(1..) {
        entry(
            svg,
            &slot_color(*nr),
            "",
            &format!("slot {nr}, {}", task.name()),
        );
    }
    entry(svg, INK, "2", "shared, count 2");
    entry(svg, DIM, "S", "task_struct");
    entry(svg, DIM, "T", "page table");
    if uses.values().any(|user| *user == Use::Kernel) {
        entry(svg, LINE, "", "the kernel's, for the trace");
    }
}

/// The way of `linear` over directory and table to a page.
pub fn walk(tables: &Tables, linear: u32) -> String {
    let (dir_index, table_index) = (linear >> 22, linear >> 12 & 1023);
    let mut svg = Svg::new();
    svg.bold(
        0,
        12,
        At::Start,
        INK,
        &format!("linear address 0x{linear:08x}"),
    );
    let parts = [
        (0, 100, dir_index, "31…22"),
        (100, 100, table_index, "21…12"),
        (200, 120, linear & 0xfff, "11…0"),
    ];
    for (x, width, value, bits) in parts {
        svg.rect(x, 20, width, 22, "#fff", INK);
        svg.mono(x + width / 2, 35, At::Middle, INK, &format!("{value}"));
        svg.text(x + width / 2, 56, At::Middle, DIM, &format!("bits {bits}"));
    }
    let dir = tables.dirs.get(&dir_index).copied();
    let entry = tables.entries.get(&(linear & !0xfff)).copied();
    svg.bold(
        0,
        90,
        At::Start,
        INK,
        &format!("page directory [{dir_index}]"),
    );
    entry_box(&mut svg, 0, dir, false);
    svg.arrow((50, 60), (50, 76), INK);
    if dir.is_some() {
        svg.bold(
            250,
            90,
            At::Start,
            INK,
            &format!("page table [{table_index}]"),
        );
        entry_box(&mut svg, 250, entry, true);
        svg.line((150, 60), (150, 68), INK);
        svg.line((150, 68), (330, 68), INK);
        svg.arrow((330, 68), (330, 76), INK);
        svg.arrow((200, 112), (248, 112), INK);
    }
    if let Some(entry) = entry {
        svg.arrow((450, 112), (498, 112), INK);
        let page = entry & !0xfff;
        svg.bold(500, 90, At::Start, INK, "page");
        svg.rect(500, 98, 200, 28, &slot_color(linear / SLOT), INK);
        svg.mono(510, 116, At::Start, "#fff", &format!("0x{page:08x}"));
        let count = tables
            .counts
            .get(&page)
            .map_or("not counted".to_string(), |count| {
                format!("mem_map count {count}")
            });
        svg.text(500, 146, At::Start, INK, &count);
        svg.mono(
            500,
            166,
            At::Start,
            INK,
            &format!("physical 0x{:08x}", page + (linear & 0xfff)),
        );
    }
    svg.finish(&format!("The way of linear address {linear:#x}"))
}

/// An entry and the meaning of its bits, which only a table's entry has all.
fn entry_box(svg: &mut Svg, x: u32, entry: Option<u32>, is_table: bool) {
    let y = 98;
    let Some(entry) = entry else {
        svg.rect(x, y, 200, 28, FREE, LINE);
        svg.text(x + 8, y + 18, At::Start, INK, "P is 0: a page fault");
        return;
    };
    svg.rect(x, y, 200, 28, "#fff", INK);
    svg.mono(x + 10, y + 18, At::Start, INK, &format!("0x{entry:08x}"));
    let rows = [
        (0, "P", "present", "not present"),
        (1, "R/W", "writable", "read-only"),
        (2, "U/S", "for ring 3", "not for ring 3"),
        (5, "A", "accessed", "not accessed"),
        (6, "D", "written to", "not written to"),
    ];
    let rows = rows.iter().filter(|row| is_table || row.0 != 6);
    for (index, (bit, name, one, zero)) in rows.enumerate() {
        let y = y + 46 + index as u32 * 17;
        let is_set = entry >> bit & 1 == 1;
        let color = if is_set { INK } else { ACCENT };
        svg.bold(x, y, At::Start, INK, name);
        svg.mono(x + 44, y, At::Start, color, &(entry >> bit & 1).to_string());
        svg.text(x + 62, y, At::Start, color, if is_set { one } else { zero });
    }
}
