//! The product and its peers side by side in one process, in rounds that take turns.
//!
//! `cargo xtask bench` runs it. Each part is a module with a function that returns its [`Section`]s; `PARTS` lists them.

mod count;
mod document;
#[cfg(feature = "peers")]
mod fiat;
mod fleet;
mod gate;
mod harness;
mod huge_pages;
mod login;
mod machine;
mod plot;
mod sealing;
mod topics;

use std::error::Error;
use std::process::ExitCode;

use document::Section;

/// Measures some tables.
type Sections = fn(rounds: usize) -> Result<Vec<Section>, Box<dyn Error>>;

/// Some tables of the document.
struct Part {
    name: &'static str,
    sections: Sections,
    /// What a processor must have for the part's goals to be judged.
    needs: Option<&'static str>,
}

/// What is measured, in the order of the document.
const PARTS: &[Part] = &[
    Part {
        name: "sealing",
        sections: sealing::sections,
        needs: None,
    },
    Part {
        name: "login",
        sections: login::sections,
        // Without it SHA-256 is the crate's portable code against ring's assembler.
        needs: Some("sha_ni"),
    },
    Part {
        name: "fleet",
        sections: fleet::sections,
        // Beside a slow check, what the store takes is not seen.
        needs: Some("sha_ni"),
    },
    Part {
        name: "topics",
        sections: topics::sections,
        needs: None,
    },
];

/// Rounds of which the median is printed.
const ROUNDS: usize = 201;

const USAGE: &str = "usage: side-by-side [PART…] [--check | --write FOLDER [--broker TABLE]] | --count [NAME TIMES]";

/// What the command line asks for.
#[derive(Default)]
struct Arguments {
    parts: Vec<String>,
    check: bool,
    /// Where the document goes.
    folder: Option<String>,
    /// The table of what the plugin costs, which another program measured.
    broker: Option<String>,
}

impl Arguments {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, Box<dyn Error>> {
        let mut arguments = Self::default();
        while let Some(word) = words.next() {
            match word.as_str() {
                "--check" => arguments.check = true,
                "--write" => arguments.folder = Some(words.next().ok_or(USAGE)?),
                "--broker" => arguments.broker = Some(words.next().ok_or(USAGE)?),
                name if PARTS.iter().any(|part| part.name == name) => arguments.parts.push(word),
                _ => return Err(USAGE.into()),
            }
        }
        // A part of the document would overwrite the whole.
        let whole = arguments.parts.is_empty() && !arguments.check;
        if arguments.folder.is_some() && !whole {
            return Err(USAGE.into());
        }
        Ok(arguments)
    }

    fn parts(&self) -> impl Iterator<Item = &'static Part> {
        let all = self.parts.is_empty();
        PARTS
            .iter()
            .filter(move |part| all || self.parts.iter().any(|name| name == part.name))
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.as_slice() {
        [count] if count == "--count" => {
            count::list();
            Ok(())
        }
        [count, name, times] if count == "--count" => match times.parse() {
            Ok(times) => count::run(name, times),
            Err(_) => Err(USAGE.into()),
        },
        [rows] if rows == huge_pages::ARGUMENT => huge_pages::print_million(),
        _ => Arguments::parse(words.into_iter()).and_then(|arguments| {
            if arguments.check {
                gate::check(arguments.parts())
            } else {
                run(&arguments)
            }
        }),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let mut sections = Vec::new();
    for part in arguments.parts() {
        sections.extend((part.sections)(ROUNDS)?);
    }
    let broker = arguments.broker.as_ref().map(std::fs::read_to_string);
    let text = document::text(&sections, broker.transpose()?.as_deref())?;
    println!("{text}");
    if let Some(folder) = &arguments.folder {
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
    Ok(())
}
