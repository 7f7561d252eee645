//! Instructions of each operation under callgrind, held to those of `benches/instructions.txt`: exact where a clock is not.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command::{Failure, root};

const TABLE: &str = "benches/instructions.txt";

const HEAD: &str = "\
# Instructions of one operation under callgrind: `cargo xtask bench --count` writes this, `cargo xtask bench --check` compares.
# A line `a - b` is what `a` takes beside `b`. The next two lines say which compiler and which code was counted.
";

/// Per thousand that a count may rise: standard libraries copy bytes in other ways.
const RISE: u64 = 20;

/// The same after a change of the compiler, which alone moves counts by a few per cent.
const RISE_WITH_OTHER_COMPILER: u64 = 100;

/// Runs of an operation in the shorter of two counts.
const TIMES: u64 = 20;

/// The counts of one build on one kind of processor.
#[derive(Debug, Eq, PartialEq)]
struct Counts {
    compiler: String,
    /// What of the processor decides which code runs.
    processor: String,
    operations: Vec<(String, u64)>,
}

impl Counts {
    /// Counts the operations that the program lists.
    fn of(program: &Path) -> Result<Self, Failure> {
        // Listed there too: callgrind's processor has less than this one.
        let listed = output(&mut under_callgrind(program, &["--count"]))?.0;
        let mut lines = listed.lines();
        let processor = lines.next().ok_or("nothing is counted")?.to_owned();
        let mut operations = Vec::new();
        for line in lines {
            let mut count = 0;
            for (index, name) in line.split(" - ").enumerate() {
                let [once, twice] = [TIMES, 2 * TIMES].map(|times| {
                    let arguments = ["--count", name, &times.to_string()];
                    collected(&output(&mut under_callgrind(program, &arguments))?.1)
                });
                let one = twice?.saturating_sub(once?) / TIMES;
                count = if index == 0 {
                    one
                } else {
                    count.saturating_sub(one)
                };
            }
            operations.push((line.to_owned(), count));
        }
        let compiler = output(Command::new("rustc").arg("--version"))?.0;
        Ok(Self {
            compiler: compiler.trim().to_owned(),
            processor,
            operations,
        })
    }

    fn parse(text: &str) -> Result<Self, Failure> {
        let mut lines = text.strip_prefix(HEAD).ok_or("another head")?.lines();
        let mut next = || lines.next().and_then(|line| line.strip_prefix("# "));
        let compiler = next().ok_or("no compiler")?.to_owned();
        let processor = next().ok_or("no processor")?.to_owned();
        let mut operations = Vec::new();
        for line in lines {
            let (count, name) = line.trim_start().split_once(' ').ok_or("no count")?;
            operations.push((name.to_owned(), count.parse()?));
        }
        Ok(Self {
            compiler,
            processor,
            operations,
        })
    }

    fn print(&self) -> String {
        let mut text = format!("{HEAD}# {}\n# {}\n", self.compiler, self.processor);
        for (name, count) in &self.operations {
            text.push_str(&format!("{count:>8} {name}\n"));
        }
        text
    }

    /// What takes more than `before` by more than the share that may be, is missing, or is not in the table.
    fn risen(&self, before: &Self) -> Vec<String> {
        let per_thousand = if self.compiler == before.compiler {
            RISE
        } else {
            RISE_WITH_OTHER_COMPILER
        };
        let mut risen = Vec::new();
        for (name, held) in &before.operations {
            match self.operations.iter().find(|(known, _)| known == name) {
                Some((_, is)) if is * 1000 > held * (1000 + per_thousand) => {
                    risen.push(format!("{name}: {is} instructions, {held} before"));
                }
                Some(_) => {}
                None => risen.push(format!("{name}: not counted any more")),
            }
        }
        for (name, is) in &self.operations {
            if !before.operations.iter().any(|(known, _)| known == name) {
                risen.push(format!("{name}: {is} instructions, not in the table"));
            }
        }
        risen
    }
}

fn under_callgrind(program: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("valgrind");
    command
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(arguments);
    command
}

/// Standard output and error.
fn output(command: &mut Command) -> Result<(String, String), Failure> {
    let output = command.output()?;
    let (stdout, stderr) = (
        String::from_utf8(output.stdout)?,
        String::from_utf8(output.stderr)?,
    );
    if output.status.success() {
        Ok((stdout, stderr))
    } else {
        Err(format!("{command:?} failed: {stderr}").into())
    }
}

/// The instructions that callgrind tells at its end.
fn collected(report: &str) -> Result<u64, Failure> {
    let line = report.lines().find(|line| line.contains("Collected :"));
    let count = line.and_then(|line| line.split(": ").nth(1));
    Ok(count.ok_or("callgrind tells no number")?.trim().parse()?)
}

/// Counts and writes the table.
pub(crate) fn write(program: &Path) -> Result<(), Failure> {
    let text = Counts::of(program)?.print();
    print!("{text}");
    Ok(fs::write(root().join(TABLE), text)?)
}

/// Counts and fails with what has risen since the table was written.
pub(crate) fn check(program: &Path) -> Result<(), Failure> {
    let before = fs::read_to_string(root().join(TABLE))?;
    let before = Counts::parse(&before).map_err(|error| format!("{TABLE}: {error}"))?;
    let now = Counts::of(program)?;
    print!("{}", now.print());
    if now.processor != before.processor {
        eprintln!(
            "instructions not judged: this machine runs \"{}\", the table is of \"{}\"",
            now.processor, before.processor
        );
        return Ok(());
    }
    if now.compiler != before.compiler {
        eprintln!(
            "another compiler than the table's: {} per thousand more pass",
            RISE_WITH_OTHER_COMPILER
        );
    }
    let risen = now.risen(&before);
    if risen.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more instructions than {TABLE} says; if they are worth it, `cargo xtask bench --count` writes it anew:\n{}",
        risen.join("\n")
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(compiler: &str, operations: &[(&str, u64)]) -> Counts {
        Counts {
            compiler: compiler.to_owned(),
            processor: "AVX2, no SHA-NI".to_owned(),
            operations: operations
                .iter()
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
        }
    }

    #[test]
    fn a_table_reads_back() {
        let table = counts(
            "rustc 1",
            &[("seal 16 AVX2", 800), ("login - compress", 1200)],
        );
        assert_eq!(Counts::parse(&table.print()).ok(), Some(table));
        assert!(Counts::parse("# something else\n").is_err());
    }

    #[test]
    fn a_rise_is_found_and_a_fall_is_not() {
        let before = counts("rustc 1", &[("a", 1000), ("b", 1000)]);
        let risen = |compiler, operations: &[_]| counts(compiler, operations).risen(&before).len();
        assert_eq!(risen("rustc 1", &[("a", 1020), ("b", 10)]), 0);
        assert_eq!(risen("rustc 1", &[("a", 1021), ("b", 1000)]), 1);
        assert_eq!(risen("rustc 2", &[("a", 1100), ("b", 1101)]), 1);
        assert_eq!(risen("rustc 1", &[("a", 1000), ("c", 1)]), 2);
    }

    #[test]
    fn callgrind_is_understood() {
        let report = "==7== Events    : Ir\n==7== Collected : 4223561\n==7==\n";
        assert_eq!(collected(report).ok(), Some(4_223_561));
        assert!(collected("==7== error\n").is_err());
    }
}
