//! The reading map: 0.11's functions and ours.

pub mod map;
pub mod source;

use anyhow::{Context, Result, bail};
use clap::Args;
use map::{MAP, PAGE, Row, SYMBOLS};
use std::fmt::Write;
use std::path::PathBuf;

/// Checks docs/reading-map.tsv against 0.11's list of functions and the source
#[derive(Args)]
pub struct ReadingMap {
    /// Folder of the repository
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// Write docs/reading-map.md, else compare it
    #[arg(long)]
    write: bool,
}

impl ReadingMap {
    pub fn run(self) -> Result<()> {
        let symbols = map::read_symbols(&self.root)?;
        let rows = map::read_map(&self.root)?;
        let sources = source::read(&self.root)?;
        let wrong = map::check(&symbols, &rows, &sources);
        if !wrong.is_empty() {
            bail!("the reading map is wrong:\n  {}", wrong.join("\n  "));
        }
        let page = page(&rows);
        let path = self.root.join(PAGE);
        if self.write {
            std::fs::write(&path, page).with_context(|| path.display().to_string())?;
        } else if std::fs::read_to_string(&path).unwrap_or_default() != page {
            bail!("{PAGE} is older than {MAP}: run `make reading-map`");
        }
        println!("{}", map::coverage(&rows, &sources));
        Ok(())
    }
}

/// The map as a page to read.
fn page(rows: &[Row]) -> String {
    let mut text = format!(
        "# Reading map\n\n\
         Each function and label of Linux 0.11, file by file, and what does its work here. Made\n\
         by `make reading-map` from `{MAP}`; the list of 0.11's functions is `{SYMBOLS}`. In the\n\
         source each of these functions names its counterpart in its comment, as \"0.11 `name`\",\n\
         and `make test` compares all three.\n\n\
         The functions of a file stand in 0.11's order; a note that begins with *order* marks\n\
         the others. `make side-by-side ORIG=path/to/linux-0.11` shows both sources together.\n"
    );
    let mut file = "";
    for row in rows {
        if row.original.file != file {
            file = &row.original.file;
            let _ = write!(
                text,
                "\n## {file}\n\n| line | 0.11 | here | |\n|---|---|---|---|\n"
            );
        }
        let places: Vec<String> = row
            .places
            .iter()
            .map(|place| format!("[{0}](../{0}) `{1}`", place.file, place.name))
            .collect();
        let here = if places.is_empty() {
            "none".to_string()
        } else {
            places.join("<br>")
        };
        let _ = writeln!(
            text,
            "| {} | `{}` | {here} | {} |",
            row.original.line, row.original.name, row.note
        );
    }
    text
}
