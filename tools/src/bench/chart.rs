//! The table as a bar chart: each operation's cost as a part of the original's.

use super::report::Table;

const WIDTH: u32 = 860;
/// Where the bars begin.
const LEFT: u32 = 250;
/// Width of a bar for a ratio of 1.
const UNIT: u32 = 420;
/// Longest bar, in units.
const MOST: f64 = 1.25;
const STEP: u32 = 22;
const TOP: u32 = 64;

/// An SVG picture, legible on light and dark backgrounds: it follows what the
/// reader's browser prefers.
pub fn svg(table: &Table) -> String {
    let height = TOP + STEP * table.lines.len() as u32 + 16;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">\n\
         <title>Instructions for each operation, as a part of what Linux 0.11 needs</title>\n\
         <style>\n\
         .back {{ fill: #ffffff }} text {{ font: 13px sans-serif; fill: #1f2328 }} .small {{ font-size: 12px; fill: #59636e }}\n\
         .bar {{ fill: #2f6fab }} .missed {{ fill: #b8651b }} .one {{ stroke: #59636e; stroke-dasharray: 3 3 }} .target {{ stroke: #1f2328; stroke-width: 2 }}\n\
         @media (prefers-color-scheme: dark) {{ .back {{ fill: #0d1117 }} text {{ fill: #e6edf3 }} .small {{ fill: #9198a1 }}\n\
         .bar {{ fill: #5aa2e0 }} .missed {{ fill: #e0924a }} .one {{ stroke: #9198a1 }} .target {{ stroke: #e6edf3 }} }}\n\
         </style>\n\
         <rect class=\"back\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text x=\"16\" y=\"24\">Instructions for each operation: Linux 0.11 (-O2) is 1; lower is better</text>\n\
         <text class=\"small\" x=\"16\" y=\"44\">upright mark: the target; orange: above it; figures: ours / 0.11</text>\n"
    );
    let one = LEFT + UNIT;
    svg.push_str(&format!(
        "<line class=\"one\" x1=\"{one}\" y1=\"{}\" x2=\"{one}\" y2=\"{}\"/>\n",
        TOP - 8,
        height - 12
    ));
    for (nr, line) in table.lines.iter().enumerate() {
        let y = TOP + STEP * nr as u32;
        let class = if line.meets_target() { "bar" } else { "missed" };
        let width = line.ratio().min(MOST) * f64::from(UNIT);
        let target = f64::from(line.row.limit()) / f64::from(line.original);
        let mark = f64::from(LEFT) + target.min(MOST) * f64::from(UNIT);
        svg.push_str(&format!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{}\" width=\"{width:.1}\" height=\"14\"/>\
             <line class=\"target\" x1=\"{mark:.1}\" y1=\"{}\" x2=\"{mark:.1}\" y2=\"{}\"/>\
             <text class=\"small\" x=\"{:.1}\" y=\"{}\">{} / {}</text>\n",
            LEFT - 8,
            y + 12,
            escaped(line.row.name),
            y + 1,
            y - 1,
            y + 17,
            f64::from(LEFT) + width.max(mark - f64::from(LEFT)) + 8.0,
            y + 12,
            line.ours,
            line.original,
        ));
    }
    svg.push_str("</svg>\n");
    svg
}

/// A text within XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::machine::Figure;
    use crate::bench::recording::Counted;
    use crate::bench::rows::ROWS;

    #[test]
    fn every_row_has_a_bar() {
        let half = |row: &crate::bench::rows::Row| Counted {
            figure: Figure {
                key: row.key.into(),
                value: row.original / 2,
                count: 1,
            },
            clocks: 0,
            addresses: Default::default(),
        };
        let ours: Vec<Counted> = ROWS.iter().map(half).collect();
        let svg = svg(&Table::new(&ours, None).unwrap());
        assert_eq!(
            svg.matches("<rect class=\"bar\"").count()
                + svg.matches("<rect class=\"missed\"").count(),
            ROWS.len()
        );
        assert_eq!(escaped("a<b&c"), "a&lt;b&amp;c");
    }
}
