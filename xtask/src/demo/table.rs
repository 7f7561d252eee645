//! The table of attempts: what was tried, what became of it, what was seen on the wire.

use core::fmt;

use crate::command::Failure;

/// Columns of the terminal that the first two columns take.
const WIDTHS: [usize; 2] = [56, 40];

enum Line {
    Section(&'static str),
    Attempt {
        name: String,
        answer: String,
        wire: String,
        as_it_should: bool,
    },
}

/// Attempts in the order in which they were made.
#[derive(Default)]
pub(crate) struct Table(Vec<Line>);

impl Table {
    pub(crate) fn section(&mut self, title: &'static str) {
        eprintln!("… {title}");
        self.0.push(Line::Section(title));
    }

    /// An honest attempt: `passed` is what should be.
    pub(crate) fn honest(&mut self, name: &str, passed: bool, answer: &str, wire: &str) {
        self.push(name, passed, answer, wire);
    }

    /// An attack: `stopped` is what should be.
    pub(crate) fn attack(&mut self, name: &str, stopped: bool, answer: &str, wire: &str) {
        self.push(name, stopped, answer, wire);
    }

    fn push(&mut self, name: &str, as_it_should: bool, answer: &str, wire: &str) {
        let (name, answer, wire) = (name.into(), answer.into(), wire.into());
        self.0.push(Line::Attempt {
            name,
            answer,
            wire,
            as_it_should,
        });
    }

    /// An error if an attack got through or an honest attempt did not.
    pub(crate) fn verdict(&self) -> Result<(), Failure> {
        let attempts = self
            .0
            .iter()
            .filter(|line| matches!(line, Line::Attempt { .. }))
            .count();
        let wrong = self
            .0
            .iter()
            .filter(|line| {
                matches!(
                    line,
                    Line::Attempt {
                        as_it_should: false,
                        ..
                    }
                )
            })
            .count();
        if wrong > 0 || attempts == 0 {
            return Err(
                format!("{wrong} of {attempts} attempts did not end as they should").into(),
            );
        }
        println!("\nAll {attempts} attempts ended as they should.");
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, second] = WIDTHS;
        writeln!(
            f,
            "\n    {:first$} {:second$} Seen on the wire",
            "Attempt", "What the broker or receiver did"
        )?;
        for line in &self.0 {
            match line {
                Line::Section(title) => writeln!(f, "\n{title}")?,
                Line::Attempt {
                    name,
                    answer,
                    wire,
                    as_it_should,
                } => {
                    let mark = if *as_it_should { " ok" } else { "!!!" };
                    writeln!(f, "{mark} {name:first$} {answer:second$} {wire}")?;
                }
            }
        }
        Ok(())
    }
}
