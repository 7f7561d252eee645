//! The product and its peers side by side in one process, in rounds that take turns.
//!
//! `cargo xtask bench` runs it. Each section is a module with a function that returns a [`Section`]; `SECTIONS` lists them.

mod document;
mod fiat;
mod harness;
mod login;
mod machine;
mod plot;
mod sealing;
mod topics;

use std::error::Error;
use std::process::ExitCode;

use document::Section;

/// What is measured, in the order of the document.
const SECTIONS: [fn(rounds: usize) -> Result<Vec<Section>, Box<dyn Error>>; 3] =
    [sealing::sections, login::sections, topics::sections];

/// Rounds of which the median is printed.
const ROUNDS: usize = 201;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["--check"] => run(None, true),
        ["--write", folder] => run(Some(folder), false),
        [] => run(None, false),
        _ => Err("usage: side-by-side [--check | --write FOLDER]".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(folder: Option<&str>, check: bool) -> Result<(), Box<dyn Error>> {
    let mut sections = Vec::new();
    for section in SECTIONS {
        sections.extend(section(ROUNDS)?);
    }
    let text = document::text(&sections)?;
    println!("{text}");
    if let Some(folder) = folder {
        std::fs::write(format!("{folder}/performance.md"), &text)?;
        for section in &sections {
            if let Some(chart) = &section.chart {
                std::fs::write(
                    format!("{folder}/{}", chart.file),
                    plot::bars(section, chart),
                )?;
            }
        }
    }
    let missed: Vec<String> = sections
        .iter()
        .flat_map(|section| &section.goals)
        .filter(|goal| !goal.is_held())
        .map(ToString::to_string)
        .collect();
    if check && !missed.is_empty() {
        return Err(format!("missed by more than the margin:\n{}", missed.join("\n")).into());
    }
    Ok(())
}
