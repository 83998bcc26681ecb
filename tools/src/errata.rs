//! `xtask errata`: the list of 0.11's errata, with what came of their tests.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::test::RESULTS;

/// A row of the list.
struct Erratum {
    name: String,
    /// What is wrong in 0.11.
    fault: String,
    /// The source file with the mark.
    #[cfg_attr(
        not(test),
        expect(dead_code, reason = "the list's own test looks there")
    )]
    place: String,
    tests: Vec<String>,
    /// Why there is no test.
    reason: String,
}

/// Prints the list of 0.11's errata with their tests, and what came of those when
/// they last ran.
#[derive(Args)]
pub struct Errata {
    /// The list
    #[arg(long, default_value = "docs/errata.md")]
    list: PathBuf,
    /// What `xtask test` has left of its last run
    #[arg(long, default_value_os_t = PathBuf::from("build/test-logs").join(RESULTS))]
    results: PathBuf,
    /// Prints the tests alone, for the filter of `xtask test`
    #[arg(long)]
    tests: bool,
}

impl Errata {
    pub fn run(self) -> Result<()> {
        let text = fs::read_to_string(&self.list)
            .with_context(|| format!("cannot read {}", self.list.display()))?;
        let errata = parse(&text);
        if self.tests {
            let tests = errata.iter().flat_map(|row| &row.tests);
            // Those with `::` run on the host, not in an emulator.
            let guests: Vec<&str> = tests
                .filter(|test| !test.contains("::"))
                .map(String::as_str)
                .collect();
            println!("{}", guests.join(","));
            return Ok(());
        }
        let results = fs::read_to_string(&self.results).unwrap_or_default();
        let results: BTreeMap<&str, &str> = results
            .lines()
            .filter_map(|line| line.split_once(' ').map(|(result, name)| (name, result)))
            .collect();
        for row in &errata {
            println!("{:<11}{}", row.name, row.fault);
            for test in &row.tests {
                let on_host = test.contains("::");
                let result = results.get(test.as_str()).copied();
                let missing = if on_host { "on the host" } else { "not run" };
                println!("{:13}{:<12}{test}", "", result.unwrap_or(missing));
            }
            if row.tests.is_empty() {
                println!("{:13}{}", "", row.reason);
            }
        }
        let tests: usize = errata.iter().map(|row| row.tests.len()).sum();
        println!("{} errata, {tests} tests", errata.len());
        Ok(())
    }
}

/// The rows of the list: name, fault, what is done, place, tests.
fn parse(text: &str) -> Vec<Erratum> {
    let rows = text.lines().filter_map(|line| {
        let cells: Vec<&str> = line
            .strip_prefix("| ")?
            .strip_suffix(" |")?
            .split(" | ")
            .map(str::trim)
            .collect();
        let [name, fault, _, place, tests] = cells[..] else {
            return None;
        };
        if name == "name" {
            return None;
        }
        Some(Erratum {
            name: name.into(),
            fault: fault.into(),
            place: place.trim_matches('`').into(),
            tests: tests
                .split(", ")
                .filter_map(|test| test.strip_prefix('`')?.strip_suffix('`'))
                .map(String::from)
                .collect(),
            reason: tests.into(),
        })
    });
    rows.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
    }

    fn read(path: &str) -> String {
        fs::read_to_string(root().join(path)).unwrap_or_default()
    }

    /// Is there a test of this name?
    fn exists(test: &str) -> bool {
        if let Some((file, name)) = test.split_once("::") {
            return read(&format!("tests/host/src/tests/{file}.rs"))
                .contains(&format!("fn {name}("));
        }
        // The test run adds this one itself.
        if test == "kernel_stack.spare" {
            return true;
        }
        // A program, perhaps on a kernel without the coprocessor.
        let name = test.strip_prefix("no387.").unwrap_or(test);
        let Some((program, case)) = name.split_once('.') else {
            return false;
        };
        let guest = read(&format!(
            "tests/guest/src/bin/{}.rs",
            program.to_lowercase()
        ));
        guest.contains(&format!("fn {case}()"))
            || crate::scenarios::ALL
                .iter()
                .any(|scenario| scenario.name == test)
    }

    /// All files of the kernel's source.
    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the source is there") {
            let path = entry.expect("it can be listed").path();
            if path.is_dir() {
                sources(&path, found);
            } else if path
                .extension()
                .is_some_and(|end| end == "rs" || end == "S")
            {
                found.push(path);
            }
        }
    }

    #[test]
    fn each_erratum_is_marked_and_tested() {
        let errata = parse(&read("docs/errata.md"));
        assert!(errata.len() > 50, "{} rows", errata.len());
        let mut names = BTreeSet::new();
        let mut wrong = Vec::new();
        for row in &errata {
            if !names.insert(row.name.as_str()) {
                wrong.push(format!("{}: two rows", row.name));
            }
            if !read(&row.place).contains(&format!("Erratum `{}`", row.name)) {
                wrong.push(format!("{}: no mark in {}", row.name, row.place));
            }
            if row.tests.is_empty() && !row.reason.starts_with("None: ") {
                wrong.push(format!("{}: neither a test nor \"None: why\"", row.name));
            }
            let missing = row.tests.iter().filter(|test| !exists(test));
            wrong.extend(missing.map(|test| format!("{}: there is no test {test}", row.name)));
        }
        assert!(wrong.is_empty(), "docs/errata.md:\n{}", wrong.join("\n"));
    }

    #[test]
    fn each_mark_has_a_row() {
        let errata = parse(&read("docs/errata.md"));
        let mark = regex::Regex::new("Erratum `([^`]+)`").expect("a valid pattern");
        let mut files = Vec::new();
        for folder in ["arch", "fs", "init", "kernel", "lib", "mm"] {
            sources(&root().join(folder), &mut files);
        }
        for file in files {
            let text = fs::read_to_string(&file).expect("it can be read");
            for found in mark.captures_iter(&text) {
                assert!(
                    errata.iter().any(|row| row.name == found[1]),
                    "{}: no row for {} in docs/errata.md",
                    file.display(),
                    &found[1]
                );
            }
        }
    }
}
