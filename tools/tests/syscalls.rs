//! The table of system calls is told in several places; they must agree:
//! `docs/syscalls.md`, `kernel/system_call.rs`, the files that hold the calls,
//! `include/linux/unistd.h`, the numbers in `user/rt`. And each call and each
//! error that the page names has a guest test.

use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A row of the page.
struct Row {
    name: String,
    file: String,
    errors: Vec<String>,
}

/// Errors that no guest test can provoke on the machine it runs on, and why.
const NOT_PROVOKED: &[(&str, &str)] = &[
    ("read", "EIO"), // needs a disk that fails
    ("write", "EIO"),
    ("mount", "EIO"),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &str) -> String {
    let path = repository().join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// The rows of the page; those of other tables have no number in front.
fn rows() -> BTreeMap<u32, Row> {
    let call = regex(r"^`(\w+)");
    let errno = regex(r"`(E[A-Z0-9]+)`");
    let mut rows = BTreeMap::new();
    for line in text("docs/syscalls.md").lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Ok(number) = cells[0].parse::<u32>() else {
            continue;
        };
        if cells.len() != 6 {
            continue; // ptrace's requests
        }
        let name = call
            .captures(cells[1])
            .map_or(String::new(), |c| c[1].to_string());
        let errors = errno
            .captures_iter(cells[4])
            .map(|c| c[1].to_string())
            .collect();
        let row = Row {
            name,
            file: cells[2].to_string(),
            errors,
        };
        assert!(
            rows.insert(number, row).is_none(),
            "call {number} has two rows"
        );
    }
    rows
}

/// Number and function of each entry in the kernel's table; `None` for `sys_ni`.
fn table() -> BTreeMap<u32, Option<String>> {
    let entry = regex(r"(?m)^    /\*\s*(\d+)[^*]*\*/ (?:sys_ni|call!\(\|\w+\| sys_(\w+)\()");
    let source = text("kernel/system_call.rs");
    entry
        .captures_iter(&source)
        .map(|c| {
            (
                c[1].parse().expect("digits"),
                c.get(2).map(|name| name.as_str().to_string()),
            )
        })
        .collect()
}

#[test]
fn every_call_has_its_row() {
    let (rows, table) = (rows(), table());
    let size = regex(r"NR_SYSCALLS: usize = (\d+)");
    let size = size
        .captures(&text("kernel/system_call.rs"))
        .expect("NR_SYSCALLS")[1]
        .to_string();
    assert_eq!(
        table.len().to_string(),
        size,
        "entries in the table that are understood"
    );
    assert_eq!(
        rows.keys().collect::<Vec<_>>(),
        table.keys().collect::<Vec<_>>(),
        "numbers in docs/syscalls.md and in kernel/system_call.rs"
    );
    for (number, row) in &rows {
        match &table[number] {
            Some(function) => assert_eq!(&row.name, function, "name of call {number}"),
            None => assert_eq!(row.errors, ["ENOSYS"], "call {number} has no function"),
        }
    }
}

#[test]
fn the_files_hold_the_calls() {
    for (number, function) in table() {
        let row = &rows()[&number];
        let source = text(&row.file);
        if let Some(name) = function {
            // A function, or a name in the list of those that do nothing.
            let made = regex(&format!(r"(?m)pub fn sys_{name}\(|^    sys_{name}$"));
            assert!(
                made.is_match(&source),
                "{} does not have sys_{name}",
                row.file
            );
        }
    }
}

#[test]
fn the_numbers_agree() {
    let define = regex(r"#define __NR_(\w+)\s+(\d+)");
    let unistd: BTreeMap<String, u32> = define
        .captures_iter(&text("include/linux/unistd.h"))
        .map(|c| (c[1].to_string(), c[2].parse().expect("digits")))
        .collect();
    let variant = regex(r"(?m)^    (\w+) = (\d+),");
    let runtime: BTreeMap<String, u32> = variant
        .captures_iter(&text("user/rt/src/sys/nr.rs"))
        .map(|c| (c[1].to_lowercase(), c[2].parse().expect("digits")))
        .collect();
    let page: BTreeMap<String, u32> = rows()
        .into_iter()
        .filter(|(_, row)| !row.name.is_empty())
        .map(|(number, row)| (row.name, number))
        .collect();
    assert_eq!(unistd, page, "include/linux/unistd.h");
    for (name, number) in &runtime {
        assert_eq!(
            page.get(name),
            Some(number),
            "{name} in user/rt/src/sys/nr.rs"
        );
    }
}

#[test]
fn the_errors_exist() {
    let header = text("include/errno.h");
    for row in rows().values() {
        for error in &row.errors {
            let define = regex(&format!(r"#define {error}\s+\d+"));
            assert!(
                define.is_match(&header),
                "{}: no {error} in errno.h",
                row.name
            );
        }
    }
}

/// What the guest tests call, and which errors they expect of whom: the
/// arguments of the macro `fails!`.
fn tested() -> (BTreeSet<String>, BTreeSet<(String, String)>) {
    let call = regex(r"\b(?:sys::|Nr::)(\w+)");
    let fails = regex(r"(?s)fails!\(\s*(.*?),\s*(E[A-Z0-9]+)\s*\)");
    let (mut calls, mut errors) = (BTreeSet::new(), BTreeSet::new());
    let folder = repository().join("tests/guest/src/bin");
    for entry in fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display())) {
        let source = fs::read_to_string(entry.expect("an entry").path()).expect("a readable file");
        calls.extend(call.captures_iter(&source).map(|c| c[1].to_lowercase()));
        for expected in fails.captures_iter(&source) {
            for name in call.captures_iter(&expected[1]) {
                errors.insert((name[1].to_lowercase(), expected[2].to_string()));
            }
        }
    }
    (calls, errors)
}

#[test]
fn every_call_and_error_has_a_guest_test() {
    let (calls, errors) = tested();
    let mut missing = vec![];
    for row in rows().values().filter(|row| !row.name.is_empty()) {
        if !calls.contains(&row.name) {
            missing.push(row.name.clone());
        }
        for error in &row.errors {
            let known = (row.name.clone(), error.clone());
            let excused = NOT_PROVOKED.contains(&(row.name.as_str(), error.as_str()));
            if !errors.contains(&known) && !excused {
                missing.push(format!("{} {error}", row.name));
            }
        }
    }
    assert!(
        missing.is_empty(),
        "not tested in tests/guest/src/bin: {}",
        missing.join(", ")
    );
}
