//! The book in docs/book quotes what there is: anchors, files, links, chapters;
//! its worked example still applies. Without mdbook, so that it runs each time.

use regex::Regex;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

fn names_in(folder: &Path, ending: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| name.to_str().map(str::to_string))
        .filter(|name| name.ends_with(ending))
        .collect()
}

/// What is wrong with what a chapter includes and links to.
fn faults(folder: &Path, chapter: &str, page: &str) -> Vec<String> {
    let mut wrong = vec![];
    let include = regex(r"\{\{#include ([^}:]+)(?::(\w+))?\}\}");
    for found in include.captures_iter(page) {
        let path = folder.join(&found[1]);
        let Ok(source) = fs::read_to_string(&path) else {
            wrong.push(format!("{chapter}: {} is not there", &found[1]));
            continue;
        };
        let Some(anchor) = found.get(2) else { continue };
        for mark in ["ANCHOR", "ANCHOR_END"] {
            let line = regex(&format!(
                r"(?m)^\s*(?://|/\*) {mark}: {}\b",
                anchor.as_str()
            ));
            if line.find_iter(&source).count() != 1 {
                wrong.push(format!(
                    "{chapter}: {} does not have one \"{mark}: {}\"",
                    &found[1],
                    anchor.as_str()
                ));
            }
        }
    }
    let link = regex(r"\]\(([^)#:]+)(?:#[^)]*)?\)");
    for found in link.captures_iter(page) {
        if !folder.join(&found[1]).is_file() {
            wrong.push(format!(
                "{chapter}: links to {}, which is not there",
                &found[1]
            ));
        }
    }
    wrong
}

#[test]
fn anchors_and_links_exist() {
    let folder = repository().join("docs/book/src");
    let mut wrong = vec![];
    for chapter in names_in(&folder, ".md") {
        wrong.extend(faults(&folder, &chapter, &text(&folder.join(&chapter))));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn missing_anchors_and_links_are_found() {
    let folder = repository().join("docs/book/src");
    let page = "{{#include ../../../mm/memory.rs:no_such}} {{#include no.txt}} [x](no.md)";
    let wrong = faults(&folder, "x.md", page);
    assert_eq!(wrong.len(), 4, "{wrong:?}");
}

#[test]
fn every_anchor_is_quoted() {
    let folder = repository().join("docs/book/src");
    let mut quoted = BTreeSet::new();
    let include = regex(r"\{\{#include ([^}:]+):(\w+)\}\}");
    for chapter in names_in(&folder, ".md") {
        for found in include.captures_iter(&text(&folder.join(chapter))) {
            let path = folder.join(&found[1]);
            let path = path.canonicalize().expect("a file");
            quoted.insert((path, found[2].to_string()));
        }
    }
    let mark = regex(r"(?m)^\s*(?://|/\*) ANCHOR: (\w+)");
    for path in quoted.iter().map(|(path, _)| path).collect::<BTreeSet<_>>() {
        for found in mark.captures_iter(&text(path)) {
            let known = quoted.contains(&(path.clone(), found[1].to_string()));
            assert!(known, "{}: nobody quotes {}", path.display(), &found[1]);
        }
    }
}

#[test]
fn the_summary_has_every_chapter() {
    let folder = repository().join("docs/book/src");
    let link = regex(r"\]\(([\w-]+\.md)\)");
    let summary = text(&folder.join("SUMMARY.md"));
    let listed: BTreeSet<String> = link
        .captures_iter(&summary)
        .map(|found| found[1].to_string())
        .collect();
    let mut there = names_in(&folder, ".md");
    there.remove("SUMMARY.md");
    assert_eq!(listed, there);
}

#[test]
fn every_figure_is_made_and_shown() {
    let book = repository().join("docs/book");
    let figure = regex(r#"["/]([\w-]+\.(?:svg|txt))\b"#);
    let named = |text: &str| -> Vec<String> {
        let found = figure.captures_iter(text);
        found.map(|found| found[1].to_string()).collect()
    };
    let mut there = names_in(&book.join("src/figures"), ".svg");
    there.extend(names_in(&book.join("src/figures"), ".txt"));
    // By a trace, by a script for gdb, or in a session at the prompt.
    let tool = text(&repository().join("tools/src/trace/figures/mod.rs"));
    let mut made: BTreeSet<String> = named(&tool).into_iter().collect();
    for script in names_in(&book.join("figures"), ".gdb") {
        made.insert(script.replace(".gdb", ".txt"));
    }
    made.insert("add-a-call.txt".to_string());
    assert_eq!(there, made);
    let mut shown = BTreeSet::new();
    for chapter in names_in(&book.join("src"), ".md") {
        shown.extend(named(&text(&book.join("src").join(chapter))));
    }
    assert_eq!(there, shown);
    for name in there {
        let lines = text(&book.join("src/figures").join(&name)).lines().count();
        assert!(lines > 2, "{name} is empty: make book-figures");
    }
}

#[test]
fn the_worked_example_applies() {
    let patch = repository().join("docs/book/src/add-a-call.patch");
    let output = Command::new("git")
        .args(["apply", "--check", "--verbose"])
        .arg(patch.canonicalize().expect("the patch"))
        .current_dir(repository())
        .output()
        .expect("git runs");
    assert!(
        output.status.success(),
        "docs/book/src/add-a-call.patch no longer fits the source; change the patch: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn the_editor_knows_the_targets() {
    let read = |name: &str| -> serde_json::Value {
        let path = repository().join(".vscode").join(name);
        serde_json::from_str(&text(&path)).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let (launch, tasks) = (read("launch.json"), read("tasks.json"));
    let makefile = text(&repository().join("Makefile"));
    let mut labels = BTreeSet::new();
    for task in tasks["tasks"].as_array().expect("tasks") {
        labels.insert(task["label"].as_str().expect("a label").to_string());
        let command = task["command"].as_str().expect("a command");
        let target = command.strip_prefix("make ").expect("a call of make");
        let target = target.split(' ').next().expect("a target");
        let rule = regex(&format!(r"(?m)^{target}:"));
        assert!(rule.is_match(&makefile), "no target {target}");
    }
    for run in launch["configurations"].as_array().expect("configurations") {
        let task = run["preLaunchTask"].as_str().expect("a task");
        assert!(labels.contains(task), "no task {task}");
        let said = run.to_string();
        let script = "tools/gdb/linux011.py";
        assert!(
            said.contains(script),
            "{} does not load {script}",
            run["name"]
        );
    }
    assert!(repository().join("tools/gdb/linux011.py").is_file());
}
