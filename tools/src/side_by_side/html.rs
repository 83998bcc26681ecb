//! The pages: one for each of 0.11's files, and an index with a search.

use std::fmt::Write;

const STYLE: &str = include_str!("page.css");
const SEARCH: &str = include_str!("search.js");

/// Some lines of a source file.
pub struct Side {
    pub file: String,
    pub name: String,
    /// The number of the first line.
    pub first: usize,
    pub lines: Vec<String>,
}

/// A function on both sides.
pub struct Section {
    pub name: String,
    pub original: Option<Side>,
    pub ours: Vec<Side>,
    pub notes: Vec<String>,
}

/// The name of the page of one of 0.11's files.
pub fn file_name(file: &str) -> String {
    format!("{}.html", file.replace('/', "_"))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Text with `code` in it.
fn prose(text: &str) -> String {
    let mut html = String::new();
    for (index, part) in escape(text).split('`').enumerate() {
        match index % 2 {
            0 => html.push_str(&part.replace("**", "")),
            _ => {
                let _ = write!(html, "<code>{part}</code>");
            }
        }
    }
    html
}

fn head(title: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content='width=device-width'><title>{}</title>\
         <style>{STYLE}</style>",
        escape(title)
    )
}

/// Numbered lines; comments are marked.
fn code(side: &Side) -> String {
    let mut html = String::from("<pre>");
    let mut in_comment = false;
    for (offset, line) in side.lines.iter().enumerate() {
        let text = marked(&without_tabs(line), &mut in_comment);
        let _ = write!(html, "<s><i>{:4}</i> {text}</s>", side.first + offset);
    }
    html.push_str("</pre>");
    html
}

/// The line with its tabs as blanks: the number in front shifts the tab stops.
fn without_tabs(line: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for c in line.chars() {
        if c == '\t' {
            let width = 8 - column % 8;
            text.extend(std::iter::repeat_n(' ', width));
            column += width;
        } else {
            text.push(c);
            column += 1;
        }
    }
    text
}

/// A line with its comments in `<em>`.
fn marked(line: &str, in_comment: &mut bool) -> String {
    let mut html = String::new();
    let mut rest = line;
    loop {
        if *in_comment {
            match rest.find("*/") {
                Some(end) => {
                    let _ = write!(html, "<em>{}</em>", escape(&rest[..end + 2]));
                    rest = &rest[end + 2..];
                    *in_comment = false;
                }
                None => {
                    let _ = write!(html, "<em>{}</em>", escape(rest));
                    return html;
                }
            }
        }
        let block = rest.find("/*");
        let line_comment = rest.find("//").filter(|at| block.is_none_or(|b| *at < b));
        match (line_comment, block) {
            (Some(at), _) => {
                let _ = write!(
                    html,
                    "{}<em>{}</em>",
                    escape(&rest[..at]),
                    escape(&rest[at..])
                );
                return html;
            }
            (None, Some(at)) => {
                html.push_str(&escape(&rest[..at]));
                rest = &rest[at..];
                *in_comment = true;
            }
            (None, None) => {
                html.push_str(&escape(rest));
                return html;
            }
        }
    }
}

/// The page of one of 0.11's files, with ways to the one before and after it.
pub fn page(file: &str, sections: &[Section], before: Option<&str>, after: Option<&str>) -> String {
    let mut html = head(file);
    html.push_str("<header><a href=index.html>all files</a>");
    for (label, other) in [("&larr;", before), ("&rarr;", after)] {
        if let Some(other) = other {
            let (link, name) = (file_name(other), escape(other));
            let _ = write!(html, " <a href='{link}'>{label} {name}</a>");
        }
    }
    let _ = write!(html, "<h1>{}</h1><nav>", escape(file));
    for section in sections {
        let name = escape(&section.name);
        let _ = write!(html, "<a href='#{name}'>{name}</a> ");
    }
    html.push_str("</nav></header>\n");
    for section in sections {
        html.push_str(&section_html(file, section));
    }
    html
}

fn section_html(file: &str, section: &Section) -> String {
    let name = escape(&section.name);
    let mut html = format!("<section id='{name}'>");
    // A second anchor for who knows the name here only.
    for side in &section.ours {
        let _ = write!(
            html,
            "<a id='{}:{}'></a>",
            escape(&side.file),
            escape(&side.name)
        );
    }
    let _ = write!(
        html,
        "<h2><a href='#{name}'>{name}</a></h2><div class=both><div>"
    );
    match &section.original {
        Some(side) => {
            let _ = write!(
                html,
                "<h3>0.11 {}:{}</h3>{}",
                escape(file),
                side.first,
                code(side)
            );
        }
        None => html.push_str("<p>Not found in this copy.</p>"),
    }
    html.push_str("</div><div>");
    for side in &section.ours {
        let (file, name) = (escape(&side.file), escape(&side.name));
        let _ = write!(
            html,
            "<h3>{file}:{} <b>{name}</b></h3>{}",
            side.first,
            code(side)
        );
    }
    if section.ours.is_empty() {
        html.push_str("<p>Not here.</p>");
    }
    html.push_str("</div><aside>");
    for note in &section.notes {
        let _ = write!(html, "<p>{}</p>", prose(note));
    }
    html.push_str("</aside></div></section>\n");
    html
}

/// All functions, to be searched by any part of a name or file.
pub fn index(files: &[(String, Vec<Section>)]) -> String {
    let mut html = head("Linux 0.11, side by side");
    html.push_str(
        "<header><h1>Linux 0.11, side by side</h1>\
         <p>Your copy of 0.11 on the left, this kernel on the right, what differs in the \
         margin.</p><input id=search type=search autofocus placeholder='function or file' \
         aria-label='function or file'> <span id=found></span></header><main>",
    );
    for (file, sections) in files {
        let page = file_name(file);
        let _ = write!(
            html,
            "<div class=file><h2><a href='{page}'>{}</a></h2><ul>",
            escape(file)
        );
        for section in sections {
            let name = escape(&section.name);
            let ours: Vec<String> = section
                .ours
                .iter()
                .map(|side| escape(&format!("{}:{}", side.file, side.name)))
                .collect();
            let _ = write!(
                html,
                "<li data-ours='{}'><a href='{page}#{name}'>{name}</a> <small>{}</small></li>",
                ours.join(" "),
                if ours.is_empty() {
                    "not here".into()
                } else {
                    ours.join(", ")
                }
            );
        }
        html.push_str("</ul></div>");
    }
    let _ = write!(html, "</main><script>{SEARCH}</script>");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_comments_and_escapes() {
        let mut in_comment = false;
        let html = marked("a < b; /* x", &mut in_comment);
        assert_eq!(html, "a &lt; b; <em>/* x</em>");
        assert!(in_comment);
        assert_eq!(
            marked("y */ c && d // e", &mut in_comment),
            "<em>y */</em> c &amp;&amp; d <em>// e</em>"
        );
        assert!(!in_comment);
    }

    #[test]
    fn tabs_reach_the_next_stop() {
        assert_eq!(without_tabs("\ta\tb"), "        a       b");
    }

    #[test]
    fn prose_has_code() {
        assert_eq!(prose("a `<b>` **c**"), "a <code>&lt;b&gt;</code> c");
    }
}
