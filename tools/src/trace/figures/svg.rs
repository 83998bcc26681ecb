//! A small SVG picture: boxes, lines and text, on ground of its own, so that it can
//! be read whatever the colours of the page around it are.

use std::fmt::Write;

/// Width of all pictures.
pub const WIDTH: u32 = 720;
/// Space around what is drawn.
const MARGIN: u32 = 12;

pub const INK: &str = "#1d2430";
pub const DIM: &str = "#69707d";
pub const LINE: &str = "#b9b6aa";
pub const FREE: &str = "#efede6";
pub const ACCENT: &str = "#b3261e";

/// Where text stands at its place.
#[derive(Clone, Copy)]
pub enum At {
    Start,
    Middle,
    End,
}

/// A picture that grows; places are counted from inside the margin.
#[derive(Default)]
pub struct Svg {
    body: String,
    height: u32,
}

impl Svg {
    pub fn new() -> Svg {
        Svg::default()
    }

    pub fn rect(&mut self, x: u32, y: u32, width: u32, height: u32, fill: &str, line: &str) {
        let _ = writeln!(
            self.body,
            r#"<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}" stroke="{line}"/>"#
        );
        self.height = self.height.max(y + height);
    }

    pub fn line(&mut self, from: (u32, u32), to: (u32, u32), color: &str) {
        self.path(from, to, color, "");
    }

    /// A line with a head at its end.
    pub fn arrow(&mut self, from: (u32, u32), to: (u32, u32), color: &str) {
        self.path(from, to, color, r#" marker-end="url(#head)""#);
    }

    fn path(&mut self, from: (u32, u32), to: (u32, u32), color: &str, more: &str) {
        let _ = writeln!(
            self.body,
            r#"<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{color}"{more}/>"#,
            from.0, from.1, to.0, to.1
        );
        self.height = self.height.max(from.1).max(to.1);
    }

    /// Text whose base line is at `y`.
    pub fn text(&mut self, x: u32, y: u32, at: At, color: &str, text: &str) {
        self.write(x, y, at, color, "", text);
    }

    /// Addresses and entries: all figures of one width.
    pub fn mono(&mut self, x: u32, y: u32, at: At, color: &str, text: &str) {
        self.write(x, y, at, color, r#" class="m""#, text);
    }

    pub fn bold(&mut self, x: u32, y: u32, at: At, color: &str, text: &str) {
        self.write(x, y, at, color, r#" font-weight="bold""#, text);
    }

    fn write(&mut self, x: u32, y: u32, at: At, color: &str, more: &str, text: &str) {
        let anchor = match at {
            At::Start => "start",
            At::Middle => "middle",
            At::End => "end",
        };
        let text = text
            .replace('&', "&amp;")
            .replace('<', "&lt;")
            .replace('>', "&gt;");
        let _ = writeln!(
            self.body,
            r#"<text x="{x}" y="{y}" text-anchor="{anchor}" fill="{color}"{more}>{text}</text>"#
        );
        self.height = self.height.max(y + 4);
    }

    /// The whole file. `title` is for those who cannot see it.
    pub fn finish(self, title: &str) -> String {
        let (width, height) = (WIDTH + 2 * MARGIN, self.height + 2 * MARGIN);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" role=\"img\" font-size=\"12\" \
             font-family=\"system-ui, sans-serif\">\n\
             <title>{title}</title>\n\
             <style>.m {{ font-family: ui-monospace, monospace; font-size: 11px }}</style>\n\
             <defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
             markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\">\
             <path d=\"M0 0 8 4 0 8z\" fill=\"{INK}\"/></marker></defs>\n\
             <rect width=\"{width}\" height=\"{height}\" rx=\"6\" fill=\"#fdfcf8\" \
             stroke=\"#d5d3ca\"/>\n\
             <g transform=\"translate({MARGIN} {MARGIN})\">\n{}</g>\n</svg>\n",
            self.body
        )
    }
}

/// The colour of a slot, of the same hue in all pictures and on the trace's page.
pub fn slot_color(nr: u32) -> String {
    const HUES: [u32; 16] = [
        210, 30, 140, 280, 60, 0, 175, 320, 95, 250, 15, 195, 120, 300, 45, 225,
    ];
    match nr {
        0 => "#777777".to_string(),
        nr => format!("hsl({},65%,38%)", HUES[nr as usize % 16]),
    }
}
