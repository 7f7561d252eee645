//! docs/performance.md.

use std::error::Error;
use std::fmt::{self, Write as _};

use crate::gate::{MARGIN, held};
use crate::machine;

/// A table of times.
pub(crate) struct Section {
    pub(crate) title: &'static str,
    pub(crate) note: &'static str,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
    pub(crate) goals: Vec<Goal>,
    pub(crate) chart: Option<Chart>,
}

/// One implementation.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) is_ours: bool,
    /// Nanoseconds, one for each column.
    pub(crate) times: Vec<f64>,
}

/// A picture of one column.
pub(crate) struct Chart {
    pub(crate) file: &'static str,
    pub(crate) title: &'static str,
    pub(crate) column: usize,
}

/// A ratio that is to be held.
pub(crate) struct Goal {
    pub(crate) what: String,
    pub(crate) at_most: f64,
    pub(crate) is: f64,
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {:.3}, goal {:.3}", self.what, self.is, self.at_most)
    }
}

impl Section {
    pub(crate) fn row(&self, name: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// Adds the goal that `ours` takes at most that share of the time of `peer`; says so where there is no such row.
    pub(crate) fn goal(&mut self, ours: &str, peer: &str, column: usize, at_most: f64) {
        let what = format!("{}, {}: {ours} / {peer}", self.title, self.columns[column]);
        let time = |name: &str| self.row(name).and_then(|row| row.times.get(column));
        match (time(ours), time(peer)) {
            (Some(our_time), Some(peer_time)) => self.goals.push(Goal {
                what,
                at_most,
                is: our_time / peer_time,
            }),
            _ => eprintln!(
                "not judged: {what}, because one of them is not in this build or not for this processor"
            ),
        }
    }
}

/// The document; `broker` is the table of what the plugin costs, if it was measured.
pub(crate) fn text(sections: &[Section], broker: Option<&str>) -> Result<String, Box<dyn Error>> {
    let mut text = String::from("# Performance\n\nWritten by `cargo xtask bench`. ");
    text.push_str(&machine::description()?);
    text.push_str(
        "\nAll implementations are linked into one process and run batches in turn; each number is the median of its batches, in\n\
         nanoseconds, with its ratio to the best peer in parentheses. Ratios say more than times: other work shares the machine.\n",
    );
    for section in sections {
        write!(text, "\n## {}\n\n{}\n\n| |", section.title, section.note)?;
        for column in &section.columns {
            write!(text, " {column} |")?;
        }
        writeln!(text, "\n|---|{}", "--:|".repeat(section.columns.len()))?;
        let best = |column: usize| {
            let peers = section.rows.iter().filter(|row| !row.is_ours);
            peers
                .map(|row| row.times[column])
                .fold(f64::INFINITY, f64::min)
        };
        for row in &section.rows {
            let mark = if row.is_ours { "**" } else { "" };
            write!(text, "| {mark}{}{mark} |", row.name)?;
            for (column, time) in row.times.iter().enumerate() {
                let decimals = usize::from(section.columns[column].starts_with("bytes"));
                write!(text, " {time:.decimals$} ({:.2}) |", time / best(column))?;
            }
            text.push('\n');
        }
    }
    if let Some(table) = broker {
        let version = machine::mosquitto()?;
        write!(text, "\n## The plugin in {version}\n\n{table}")?;
    }
    writeln!(
        text,
        "\n## Goals\n\n`cargo xtask bench --check` fails when a ratio is more than {:.0} % above what is held, three times in a row: the goal\n\
         or, where that is out of reach so far, the best ratio that was reached.\n\n\
         | ratio | goal | is | | held |\n|---|--:|--:|---|--:|",
        MARGIN * 100.0
    )?;
    for goal in sections.iter().flat_map(|section| &section.goals) {
        let verdict = if goal.is <= goal.at_most {
            "reached"
        } else {
            "**missed**"
        };
        writeln!(
            text,
            "| {} | {:.3} | {:.3} | {verdict} | {:.3} |",
            goal.what,
            goal.at_most,
            goal.is,
            held(goal)
        )?;
    }
    text.push('\n');
    text.push_str(include_str!("../what-did-not-pay.md"));
    Ok(text)
}
