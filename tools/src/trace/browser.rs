//! `xtask trace-browser`: the page of a trace in a real browser.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};

use super::abi::{EVENTS, Record};
use super::{PROGRAM, check, grow, page, read};

/// The page's part that tests it.
const TEST: &str = include_str!("../../page/test.js");
/// Sections of the notes that a story must have.
const SECTIONS: [(&str, &[&str]); 2] = [
    (
        "life",
        &[
            "4.1.1", "4.1.2", "4.1.3", "4.1.4", "4.1.5", "4.1.6", "4.1.7", "4.2.1", "4.2.2",
            "4.2.3", "4.2.4", "4.3.1", "4.3.2", "4.3.3", "4.3.4", "4.3.5", "4.3.6", "4.4.1",
            "4.4.2", "4.4.3", "4.4.4",
        ],
    ),
    ("cow", &["5.1", "5.2", "5.3", "5.4", "5.5", "5.6"]),
];
/// Events of the long trace; the time to open it and to step, in milliseconds.
const MANY: usize = 100_000;
const OPEN_LIMIT: f64 = 2000.0;
const STEP_LIMIT: f64 = 100.0;
/// For one start of the browser on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Tests build/trace.html in a headless browser.
#[derive(Args)]
pub struct TraceBrowser {
    /// The records that the page was made of
    #[arg(long, default_value = "build/trace.bin")]
    records: PathBuf,
    /// What was typed at the shell
    #[arg(long, default_value = PROGRAM)]
    prog: String,
    /// Folder for pictures of the stories
    #[arg(long)]
    pictures: Option<PathBuf>,
}

impl TraceBrowser {
    pub fn run(self) -> Result<()> {
        let mut records = read(&self.records)?;
        let replay = check(&records)?;
        let page = page::make(&self.prog, &records, &replay, true)?;
        let folder = tempfile::tempdir()?;
        let expect = expectation(&records)?;
        let test = format!("<script>const EXPECT = {expect};\n{TEST}</script></body>");
        let result = measure(folder.path(), &page.replace("</body>", &test))?;
        let wrong = result["wrong"].as_array().context("no result")?;
        for line in wrong {
            println!("FAIL {}", line.as_str().unwrap_or_default());
        }
        ensure!(
            wrong.is_empty(),
            "the page is wrong in {} places",
            wrong.len()
        );
        println!(
            "ok   {} steps of the stories and of the trace, {} numbers in their sentences",
            result["steps"], result["numbers"]
        );
        grow(&mut records, MANY);
        let long = page::make(&self.prog, &records, &replay, false)?;
        let test = format!(
            "<script>const EXPECT = {{records:[],stories:[],sections:{{}},slots:{{}},counts:[]}};\n{TEST}</script></body>"
        );
        let result = measure(folder.path(), &long.replace("</body>", &test))?;
        let time = |name: &str| result[name].as_f64().unwrap_or(f64::MAX);
        println!(
            "ok   {} events: open in {:.0} ms, a step anywhere in {:.1} ms",
            result["events"],
            time("open"),
            time("step")
        );
        ensure!(
            time("open") < OPEN_LIMIT,
            "{MANY} events take more than {OPEN_LIMIT} ms to open"
        );
        ensure!(
            time("step") < STEP_LIMIT,
            "a step takes more than {STEP_LIMIT} ms"
        );
        if let Some(pictures) = &self.pictures {
            take_pictures(folder.path(), &page, pictures)?;
        }
        println!("2 passed, 0 failed");
        Ok(())
    }
}

/// What the records say, by the host's reading of them.
fn expectation(records: &[Record]) -> Result<Value> {
    let name = |event: u8| {
        EVENTS
            .iter()
            .find(|info| info.event as u8 == event)
            .map_or("", |info| info.name)
    };
    let rows: Vec<Value> = records
        .iter()
        .map(|record| json!([name(record.event), record.nr, record.pid, record.args]))
        .collect();
    let tables = check(records)?;
    Ok(json!({
        "records": rows,
        "stories": ["life", "cow"],
        "sections": SECTIONS.iter().map(|(story, list)| (story.to_string(), json!(list)))
            .collect::<serde_json::Map<_, _>>(),
        "slots": tables.pages_of_slots(),
        "counts": tables.counts(),
    }))
}

/// A browser that leaves the network alone, with a fresh profile.
fn browser(folder: &Path) -> Command {
    let mut command = Command::new("chromium");
    command
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--lang=en"])
        .arg(format!(
            "--user-data-dir={}",
            folder.join("profile").display()
        ))
        .stdin(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// Runs it to its end, for so long as there is patience.
fn run(mut command: Command, folder: &Path) -> Result<String> {
    let out = folder.join("out");
    let mut child = command
        .stdout(std::fs::File::create(&out)?)
        .spawn()
        .context("cannot start chromium; `make test-trace` installs it")?;
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait()? {
            ensure!(status.success(), "chromium ended with {status}");
            break;
        }
        if Instant::now() > deadline {
            child.kill()?;
            child.wait()?;
            bail!("chromium took more than {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(String::from_utf8_lossy(&std::fs::read(&out)?).into_owned())
}

/// Opens a page that tests itself: its result.
fn measure(folder: &Path, page: &str) -> Result<Value> {
    let file = folder.join("page.html");
    std::fs::write(&file, page)?;
    let mut command = browser(folder);
    command
        .args(["--dump-dom", "--window-size=1400,1600"])
        .arg(format!("file://{}", file.display()));
    let text = run(command, folder)?;
    let result = text
        .split_once("<pre id=\"result\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .context("the page's test has not come to its end")?
        .0;
    let plain = result
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&");
    Ok(serde_json::from_str(&plain)?)
}

/// Pictures of both stories, for the documentation.
fn take_pictures(folder: &Path, page: &str, to: &Path) -> Result<()> {
    let file = folder.join("trace.html");
    std::fs::write(&file, page)?;
    std::fs::create_dir_all(to)?;
    let places = [
        ("trace-life-fork", "story=life&step=9&theme=light&lang=en"),
        ("trace-life-exec", "story=life&step=24&theme=dark&lang=zh"),
        ("trace-life-exit", "story=life&step=36&theme=light&lang=en"),
        ("trace-cow-shared", "story=cow&step=1&theme=light&lang=zh"),
        ("trace-cow-copied", "story=cow&step=6&theme=light&lang=en"),
        ("trace-cow-back", "story=cow&step=8&theme=dark&lang=en"),
    ];
    for (name, place) in places {
        let picture = std::path::absolute(to.join(format!("{name}.png")))?;
        let mut command = browser(folder);
        command
            .arg("--window-size=1400,1280")
            .arg(format!("--screenshot={}", picture.display()))
            .arg(format!("file://{}#{place}", file.display()));
        run(command, folder)?;
        println!("{}", picture.display());
    }
    Ok(())
}
