//! Bars of one column, as an SVG that is readable on a light and on a dark page.

use std::fmt::Write as _;

use crate::document::{Chart, Row, Section};

const WIDTH: f64 = 720.0;
const LABEL_WIDTH: f64 = 190.0;
const BAR_HEIGHT: f64 = 18.0;
const STEP: f64 = 26.0;
const TOP: f64 = 40.0;

pub(crate) fn bars(section: &Section, chart: &Chart) -> String {
    let time = |row: &Row| row.times[chart.column];
    let mut rows: Vec<&Row> = section.rows.iter().collect();
    rows.sort_by(|a, b| time(a).total_cmp(&time(b)));
    let longest = rows.iter().map(|row| time(row)).fold(0.0, f64::max);
    let height = TOP + STEP * rows.len() as f64 + 8.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\" fill=\"#808080\">\n\
         <title>{title}</title>\n<text x=\"8\" y=\"22\" font-size=\"15\">{title}</text>\n",
        title = chart.title
    );
    for (index, row) in rows.iter().enumerate() {
        let y = TOP + STEP * index as f64;
        let width = (WIDTH - LABEL_WIDTH - 90.0) * time(row) / longest;
        let colour = if row.is_ours { "#2da44e" } else { "#8c959f" };
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{text_y}\" text-anchor=\"end\">{name}</text>\
             <rect x=\"{LABEL_WIDTH}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR_HEIGHT}\" rx=\"2\" fill=\"{colour}\"/>\
             <text x=\"{end:.1}\" y=\"{text_y}\">{time:.0} ns</text>",
            x = LABEL_WIDTH - 8.0,
            text_y = y + 14.0,
            name = row.name,
            end = LABEL_WIDTH + width + 6.0,
            time = time(row),
        );
    }
    svg.push_str("</svg>\n");
    svg
}
