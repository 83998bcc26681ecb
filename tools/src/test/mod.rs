//! `xtask test`: everything that is tested on a running system.
//!
//! Each guest program (`tests/guest`, one for each row of the specification or
//! area) runs in a machine of its own, and so does each scenario that the host
//! drives. As many machines run at a time as the host has processors.

mod guest;
mod report;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::scenarios;
pub use report::{RESULTS, Report};

/// Runs the tests in emulators.
#[derive(Args)]
pub struct Test {
    /// Only what has one of these words (separated by commas) in its name; `S7`
    /// and `S07.case` name guest programs and their cases
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    filter: String,
    /// Lists the names and runs nothing
    #[arg(long)]
    list: bool,
    /// Machines that run at the same time [default: one for each processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// The test image
    #[arg(long, default_value = "build/test.img")]
    image: PathBuf,
    /// The folder of the guest programs, for their names
    #[arg(long, default_value = "build/test")]
    programs: PathBuf,
    /// Folder for what the machines printed
    #[arg(long, default_value = "build/test-logs")]
    logs: PathBuf,
    /// Seconds after which no further test is begun
    #[arg(long, value_name = "SECONDS", default_value_t = 480)]
    limit: u64,
    /// Runs the guest programs on this Bochs, a strict 80386, and nothing else
    #[arg(long, value_name = "BOCHS")]
    bochs_386: Option<PathBuf>,
}

/// The guest programs that run in Bochs, too: there the processor enforces the
/// limits of segments, which QEMU ignores.
const IN_BOCHS: &[&str] = &["s02", "s24"];

/// The guest programs that run on a kernel with `no387`: that which tests the
/// emulated coprocessor and runs nowhere else, and that which tests either.
const WITHOUT_387: &[&str] = &["math387", "coprocessor"];

/// Something to run.
enum Job {
    /// A guest program, or the cases of it that are wanted.
    Guest {
        program: String,
        wanted: String,
    },
    /// A guest program in Bochs.
    Bochs(String),
    /// A guest program on a kernel that emulates the coprocessor.
    Without387(String),
    /// A guest program on a strict 80386.
    On386(String),
    Scenario(&'static scenarios::Scenario),
}

impl Job {
    fn name(&self) -> String {
        match self {
            Job::Guest { program, .. } => program.clone(),
            Job::Bochs(program) => format!("bochs.{program}"),
            Job::Without387(program) => format!("no387.{program}"),
            Job::On386(program) => format!("386.{program}"),
            Job::Scenario(scenario) => scenario.name.into(),
        }
    }
}

impl Test {
    pub fn run(self) -> Result<()> {
        let programs = guest_programs(&self.programs)?;
        let jobs = match self.bochs_386 {
            Some(_) => choose_for_386(&programs, &self.filter),
            None => choose(&programs, scenarios::ALL, &self.filter),
        };
        if self.list || jobs.is_empty() {
            let chosen = if self.list {
                &jobs
            } else {
                &choose(&programs, scenarios::ALL, "")
            };
            for job in chosen {
                println!("{}", job.name());
            }
            if !self.list {
                bail!(
                    "no test has {:?} in its name; the names are above",
                    self.filter
                );
            }
            return Ok(());
        }
        let report = Report::new(&self.logs)?;
        self.run_jobs(jobs, &report);
        report.check_stack();
        if !report.close() {
            // The closing line has said it all, and is the last.
            std::process::exit(1);
        }
        Ok(())
    }

    /// Runs the jobs, some at a time, in order of their beginning.
    fn run_jobs(&self, jobs: Vec<Job>, report: &Report) {
        let deadline = Instant::now() + Duration::from_secs(self.limit);
        let jobs = Mutex::new(VecDeque::from(jobs));
        let next = || {
            jobs.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .pop_front()
        };
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.unwrap_or(processors).max(1) {
                scope.spawn(|| {
                    while let Some(job) = next() {
                        if Instant::now() > deadline {
                            let message = format!("not begun: {} s are over", self.limit);
                            report.failed(&job.name(), &message, "");
                        } else {
                            self.run_job(&job, report);
                        }
                    }
                });
            }
        });
    }

    fn run_job(&self, job: &Job, report: &Report) {
        match job {
            Job::Guest { program, wanted } => guest::run(program, wanted, &self.image, report),
            Job::Bochs(program) => guest::run_in_bochs(program, &self.image, report),
            Job::Without387(program) => guest::run_without_387(program, &self.image, report),
            Job::On386(program) => {
                let bochs = self.bochs_386.as_deref().unwrap_or(Path::new("bochs"));
                guest::run_on_386(program, &self.image, bochs, report);
            }
            Job::Scenario(scenario) => {
                let begin = Instant::now();
                match (scenario.run)(&scenarios::Context { report }) {
                    Ok(()) => report.passed(scenario.name, begin.elapsed()),
                    Err(error) if error.is::<scenarios::Skipped>() => {
                        report.skipped(scenario.name, &error.to_string());
                    }
                    Err(error) => report.failed(scenario.name, &format!("{error:#}"), ""),
                }
            }
        }
    }
}

/// What a filter chooses for the 386: all guest programs.
fn choose_for_386(programs: &[String], filter: &str) -> Vec<Job> {
    let guests = choose(programs, &[], filter).into_iter();
    guests
        .filter_map(|job| match job {
            Job::Guest { program, .. } => Some(Job::On386(program)),
            Job::Without387(program) if program == WITHOUT_387[0] => Some(Job::On386(program)),
            _ => None,
        })
        .collect()
}

/// The names of the guest programs, without the runner's.
fn guest_programs(folder: &Path) -> Result<Vec<String>> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("no guest programs in {}: `make test`", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name != "run" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// What a filter chooses. Scenarios come last: most of them take little.
fn choose(
    programs: &[String],
    scenarios: &'static [scenarios::Scenario],
    filter: &str,
) -> Vec<Job> {
    let words: Vec<&str> = filter
        .split([',', ' '])
        .filter(|word| !word.is_empty())
        .collect();
    let mut jobs = Vec::new();
    // Those on special machines; Bochs is slow and begins first.
    let special = [
        (IN_BOCHS, Job::Bochs as fn(String) -> Job),
        (WITHOUT_387, Job::Without387),
    ];
    for (names, job) in special {
        for program in names
            .iter()
            .filter(|name| programs.iter().any(|p| p == *name))
        {
            let job = job(program.to_string());
            // All of it runs for one of its cases, too.
            let wanted = |word: &&str| {
                let (name, word) = (job.name(), word.to_lowercase());
                word.len() > 2 && (name.contains(&word) || word.starts_with(&format!("{name}.")))
            };
            if words.is_empty() || words.iter().any(wanted) {
                jobs.push(job);
            }
        }
    }
    for program in programs.iter().filter(|program| *program != WITHOUT_387[0]) {
        let wanted: Vec<&str> = words
            .iter()
            .copied()
            .filter(|word| names(word, program))
            .collect();
        let cases: Vec<&str> = wanted
            .iter()
            .copied()
            .filter(|word| word.contains('.'))
            .collect();
        // One word for the whole program outdoes those for single cases.
        let wanted = match wanted.len() {
            0 if !words.is_empty() => continue,
            count if count > 0 && count == cases.len() => cases.join(","),
            _ => program.clone(),
        };
        jobs.push(Job::Guest {
            program: program.clone(),
            wanted,
        });
    }
    let chosen = scenarios.iter().filter(|scenario| {
        words.is_empty()
            || words
                .iter()
                .any(|word| scenario.name.contains(&word.to_lowercase()))
    });
    jobs.extend(chosen.map(Job::Scenario));
    jobs
}

/// Does a filter's word mean this guest program? `S7`, `s07` and `S07.case` mean
/// `s07`; any other part of the name does, too.
fn names(word: &str, program: &str) -> bool {
    let row = word.split('.').next().unwrap_or(word).to_lowercase();
    let number = |name: &str| {
        name.strip_prefix('s')
            .and_then(|digits| digits.parse::<u32>().ok())
    };
    match (number(&row), number(program)) {
        (Some(wanted), Some(number)) => wanted == number,
        (Some(_), None) => false,
        _ => program.contains(&row),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(filter: &str) -> Vec<(String, String)> {
        let programs = ["files", "s01", "s10"].map(String::from);
        choose(&programs, &[], filter)
            .into_iter()
            .map(|job| match job {
                Job::Guest { program, wanted } => (program, wanted),
                Job::Bochs(program) | Job::Without387(program) | Job::On386(program) => {
                    (format!("bochs.{program}"), String::new())
                }
                Job::Scenario(_) => unreachable!("none were given"),
            })
            .collect()
    }

    #[test]
    fn filters_choose() {
        let pair = |a: &str, b: &str| (a.to_string(), b.to_string());
        assert_eq!(chosen("").len(), 3);
        assert_eq!(chosen("S1"), [pair("s01", "s01")]);
        assert_eq!(chosen("S01.one,S01.two"), [pair("s01", "S01.one,S01.two")]);
        assert_eq!(chosen("S01.one,s1"), [pair("s01", "s01")]);
        assert_eq!(
            chosen("fil,S10"),
            [pair("files", "files"), pair("s10", "s10")]
        );
        assert_eq!(chosen("nothing"), []);
        let names_of = |programs: &[String], filter: &str| -> Vec<String> {
            choose(programs, &[], filter)
                .iter()
                .map(Job::name)
                .collect()
        };
        let programs = ["s02".to_string(), "s03".to_string()];
        let names = |filter| names_of(&programs, filter);
        assert_eq!(names(""), ["bochs.s02", "s02", "s03"]);
        assert_eq!(names("bochs"), ["bochs.s02"]);
        assert_eq!(names("S02"), ["bochs.s02", "s02"]);
        let programs = ["coprocessor".to_string(), "math387".to_string()];
        let names = |filter| names_of(&programs, filter);
        assert_eq!(
            names(""),
            ["no387.math387", "no387.coprocessor", "coprocessor"]
        );
        assert_eq!(names("math387"), ["no387.math387"]);
        assert_eq!(names("no387.math387.illegal"), ["no387.math387"]);
        let on_386: Vec<String> = choose_for_386(&programs, "")
            .iter()
            .map(Job::name)
            .collect();
        assert_eq!(on_386, ["386.math387", "386.coprocessor"]);
    }
}
