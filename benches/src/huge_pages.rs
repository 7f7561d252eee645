//! Whole logins in a process of its own, whose allocator asks for huge pages: glibc reads that before `main`.

use std::error::Error;
use std::hint::black_box;
use std::process::{Command, Stdio};

use crate::document::Row;
use crate::fleet;

/// What glibc is told, and how.
const TUNABLES: (&str, &str) = ("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");

/// How often such a process is started: glibc 2.36 does not ask for huge pages each time that it could.
const TRIES: usize = 20;

/// The argument on which the program is that process.
pub(crate) const ARGUMENT: &str = "--million-rows";

/// The rows of a million devices; `None` where the kernel gives no huge pages.
pub(crate) fn million() -> Result<Option<Vec<Row>>, Box<dyn Error>> {
    for _ in 0..TRIES {
        let output = Command::new(std::env::current_exe()?)
            .arg(ARGUMENT)
            .env(TUNABLES.0, TUNABLES.1)
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err("the process in huge pages failed".into());
        }
        let text = String::from_utf8(output.stdout)?;
        if !text.is_empty() {
            return text.lines().map(read).collect::<Result<_, _>>().map(Some);
        }
    }
    eprintln!("not measured: whole logins in huge pages, because there are none here");
    Ok(None)
}

/// What that process does: prints the rows, or nothing if none of its memory is in huge pages.
pub(crate) fn print_million() -> Result<(), Box<dyn Error>> {
    // What is asked for here is there as long as it is held.
    let probe = black_box(vec![1_u8; 64 << 20]);
    let has_some = are_in_use()?;
    drop(probe);
    if has_some {
        for row in fleet::million()? {
            let [login, bytes] = row.times[..] else {
                return Err("a row has two columns".into());
            };
            println!("{}\t{}\t{login}\t{bytes}", row.name, row.is_ours);
        }
    }
    Ok(())
}

fn read(line: &str) -> Result<Row, Box<dyn Error>> {
    let [name, is_ours, times @ ..] = &line.split('\t').collect::<Vec<_>>()[..] else {
        return Err("not a row".into());
    };
    Ok(Row {
        name: Box::leak((*name).into()),
        is_ours: is_ours.parse()?,
        times: times
            .iter()
            .map(|time| time.parse())
            .collect::<Result<_, _>>()?,
    })
}

/// Whether any memory of this process is in huge pages.
fn are_in_use() -> Result<bool, Box<dyn Error>> {
    let rollup = std::fs::read_to_string("/proc/self/smaps_rollup")?;
    let line = rollup
        .lines()
        .find_map(|line| line.strip_prefix("AnonHugePages:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next());
    Ok(kibibytes.is_some_and(|number| number != "0"))
}
