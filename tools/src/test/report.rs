//! What came of the tests, as it is shown and counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::machine::{Qemu, indent};

/// The file beside the logs that tells of each test whether it `passed` or
/// `FAILED`, and its name.
pub const RESULTS: &str = "results";

/// Bytes of a kernel stack that must stay unused.
const SPARE_STACK: i64 = 512;

/// Results of many tests that run at the same time.
pub struct Report {
    begin: Instant,
    logs: PathBuf,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    passed: usize,
    failed: Vec<String>,
    results: String,
    /// What tests noted: values by key, each with who noted it.
    notes: BTreeMap<String, Vec<(String, String)>>,
}

impl Report {
    /// A report without results; `logs` is the folder for what machines print.
    pub fn new(logs: &Path) -> Result<Report> {
        std::fs::create_dir_all(logs)
            .with_context(|| format!("cannot create the folder {}", logs.display()))?;
        Ok(Report {
            begin: Instant::now(),
            logs: logs.to_path_buf(),
            counts: Mutex::new(Counts::default()),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        // The counts are right even if a thread panicked with them in hand.
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn passed(&self, name: &str, time: Duration) {
        let mut counts = self.lock();
        counts.passed += 1;
        counts.results += &format!("passed {name}\n");
        println!("ok    {name}  {:.1} s", time.as_secs_f64());
    }

    /// A failure, with the part of the machine's output that belongs to it.
    pub fn failed(&self, name: &str, message: &str, output: &str) {
        let mut counts = self.lock();
        counts
            .failed
            .push(format!("{name}: {}", message.lines().next().unwrap_or("")));
        counts.results += &format!("FAILED {name}\n");
        println!("FAIL  {name}: {message}");
        if !output.trim().is_empty() {
            print!("{}", indent(output));
        }
    }

    /// A test that could not be run here, and why; it counts as nothing.
    pub fn skipped(&self, name: &str, why: &str) {
        let _counts = self.lock();
        println!("skip  {name}: {why}");
    }

    /// Something that a test measured.
    pub fn note(&self, from: &str, key: &str, value: &str) {
        let entry = (from.to_string(), value.to_string());
        self.lock()
            .notes
            .entry(key.to_string())
            .or_default()
            .push(entry);
    }

    /// Keeps what a machine printed, for whoever wants to know more.
    pub fn keep_log(&self, name: &str, text: &str) -> PathBuf {
        self.keep_text(&format!("{name}.log"), text)
    }

    /// Keeps a text under its own name beside them.
    pub fn keep_text(&self, name: &str, text: &str) -> PathBuf {
        let path = self.logs.join(name);
        if let Err(error) = std::fs::write(&path, text) {
            eprintln!("cannot write {}: {error}", path.display());
        }
        path
    }

    /// The deepest kernel stack that any guest had must leave enough of its page
    /// unused. Nothing to say if no guest noted it.
    pub fn check_stack(&self) {
        let largest = |key: &str| -> Option<i64> {
            let counts = self.lock();
            counts
                .notes
                .get(key)?
                .iter()
                .filter_map(|(_, value)| value.parse().ok())
                .max()
        };
        let (Some(deepest), Some(size)) = (
            largest("deepest_kernel_stack"),
            largest("kernel_stack_size"),
        ) else {
            return;
        };
        if size - deepest >= SPARE_STACK {
            self.passed("kernel_stack.spare", Duration::ZERO);
        } else {
            let message = format!("{deepest} of {size} bytes used, {SPARE_STACK} must be spare");
            self.failed("kernel_stack.spare", &message, "");
        }
    }

    /// Keeps a picture of the screen beside what machines printed.
    pub fn keep_picture(&self, name: &str, machine: &mut Qemu) -> Result<()> {
        machine.screenshot(&self.logs.join(format!("{name}.png")))
    }

    /// Prints notes, failures and the closing line. True if something passed and
    /// nothing failed.
    pub fn close(self) -> bool {
        let seconds = self.begin.elapsed().as_secs_f64();
        let counts = self
            .counts
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        let results = self.logs.join(RESULTS);
        if let Err(error) = std::fs::write(&results, &counts.results) {
            eprintln!("cannot write {}: {error}", results.display());
        }
        println!();
        for (key, values) in &counts.notes {
            println!("{}", note_line(key, values));
        }
        for failure in &counts.failed {
            println!("failed: {failure}");
        }
        println!(
            "in {seconds:.0} s; what the machines printed is in {}",
            self.logs.display()
        );
        println!("{} passed, {} failed", counts.passed, counts.failed.len());
        counts.failed.is_empty() && counts.passed > 0
    }
}

/// One line for the values of a key: the only one, or the span of numbers.
fn note_line(key: &str, values: &[(String, String)]) -> String {
    let numbers: Option<Vec<(i64, &str)>> = values
        .iter()
        .map(|(from, value)| Some((value.parse().ok()?, from.as_str())))
        .collect();
    if let (Some(numbers), 2..) = (numbers, values.len())
        && let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max())
        && least.0 != most.0
    {
        return format!(
            "{key}: {} ({}) to {} ({})",
            least.0, least.1, most.0, most.1
        );
    }
    let mut seen: Vec<&str> = values.iter().map(|(_, value)| value.as_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    format!("{key}: {}", seen.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> (tempfile::TempDir, Report) {
        let folder = tempfile::tempdir().unwrap();
        let report = Report::new(folder.path()).unwrap();
        (folder, report)
    }

    #[test]
    fn a_run_passes_only_if_something_passed_and_nothing_failed() {
        assert!(!report().1.close());
        let (_folder, good) = report();
        good.passed("a", Duration::ZERO);
        assert!(good.close());
        let (_folder, bad) = report();
        bad.passed("a", Duration::ZERO);
        bad.failed("b", "why", "");
        assert!(!bad.close());
    }

    #[test]
    fn a_kernel_stack_without_spare_room_fails() {
        for (deepest, good) in [("1488", true), ("1489", false)] {
            let (_folder, report) = report();
            report.check_stack();
            report.passed("other", Duration::ZERO);
            report.note("a", "kernel_stack_size", "2000");
            report.note("a", "deepest_kernel_stack", "100");
            report.note("b", "deepest_kernel_stack", deepest);
            report.check_stack();
            assert_eq!(report.close(), good, "{deepest}");
        }
    }

    #[test]
    fn notes_are_summed_up() {
        let note = |values: &[(&str, &str)]| {
            let values: Vec<_> = values
                .iter()
                .map(|(a, b)| (a.to_string(), b.to_string()))
                .collect();
            note_line("k", &values)
        };
        assert_eq!(
            note(&[("a", "7"), ("b", "10"), ("c", "9")]),
            "k: 7 (a) to 10 (b)"
        );
        assert_eq!(note(&[("a", "7"), ("b", "7")]), "k: 7");
        assert_eq!(note(&[("a", "x"), ("b", "7")]), "k: 7, x");
    }
}
