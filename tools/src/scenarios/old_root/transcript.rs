//! What was typed and what was seen, for people to read.

use regex::Regex;

/// Longest output that is shown, in lines, and longest line.
const LINES: usize = 14;
const COLUMNS: usize = 100;

/// A page of Markdown that grows.
pub struct Transcript {
    text: String,
    /// Colours, cursor movements and other sequences of the terminal.
    sequences: Regex,
    /// In a block of commands.
    open: bool,
}

impl Transcript {
    pub fn new() -> Transcript {
        Transcript {
            text: "# A session on a root disk of 1991\n\n\
                   What `make test-old-root` typed and saw: see [old-root.md](old-root.md). Long \
                   output is cut. `make old-root-session` makes this page.\n"
                .into(),
            sequences: Regex::new("\x1b(\\[[0-9;?]*)?.|[\x00-\x08\x0b-\x1f]").expect("it is good"),
            open: false,
        }
    }

    pub fn heading(&mut self, words: &str) {
        self.close();
        self.text += &format!("\n## {words}\n\n");
    }

    /// A sentence between the blocks.
    pub fn say(&mut self, words: &str) {
        self.close();
        self.text += &format!("{words}\n");
    }

    /// A picture that lies beside the page.
    pub fn picture(&mut self, name: &str, words: &str) {
        self.close();
        self.text += &format!("{words}\n\n![{words}]({name}.png)\n\n");
    }

    /// What the machine printed.
    pub fn block(&mut self, output: &str) {
        self.open();
        self.output(output);
        self.close();
    }

    /// A line that was typed at the shell, and what it printed.
    pub fn command(&mut self, line: &str, output: &str) {
        self.open();
        self.text += &format!("# {}\n", line.replace('\t', "    "));
        self.output(output);
    }

    fn output(&mut self, output: &str) {
        let clean = self.sequences.replace_all(output, "");
        let lines: Vec<&str> = clean.lines().map(str::trim_end).collect();
        // The beginning and the end say most.
        let (head, tail) = if lines.len() > LINES {
            (LINES / 2, lines.len() - LINES / 2)
        } else {
            (lines.len(), lines.len())
        };
        for line in &lines[..head] {
            self.line(line);
        }
        if head < tail {
            self.text += &format!("    ... {} lines\n", tail - head);
        }
        for line in &lines[tail..] {
            self.line(line);
        }
    }

    fn line(&mut self, line: &str) {
        let cut: String = line.chars().take(COLUMNS).collect();
        self.text += &cut;
        self.text += if cut.len() < line.len() {
            " ...\n"
        } else {
            "\n"
        };
    }

    fn open(&mut self) {
        if !self.open {
            self.text += "```text\n";
            self.open = true;
        }
    }

    fn close(&mut self) {
        if self.open {
            self.text += "```\n";
            self.open = false;
        }
    }

    /// The page.
    pub fn text(mut self) -> String {
        self.close();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_open_and_close() {
        let mut page = Transcript::new();
        page.heading("One");
        page.command("echo a", "\x1b[25;1H\x1b[7ma\x1b[m\x07\n");
        page.command("true", "");
        page.picture("p", "A picture");
        let text = page.text();
        assert!(
            text.ends_with(
                "## One\n\n```text\n# echo a\na\n# true\n```\nA picture\n\n![A picture](p.png)\n\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn long_output_is_cut() {
        let mut page = Transcript::new();
        let long: String = (0..100).map(|n| format!("{n}\n")).collect();
        page.block(&long);
        let text = page.text();
        assert!(text.contains("6\n    ... 86 lines\n93\n"), "{text}");
    }
}
