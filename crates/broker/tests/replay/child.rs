//! A second process: this test program again, with a task in its environment.

use std::env;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use mqward::{Generation, Mark, UnixTime};
use mqward_broker::{ColdStart, ReplayJournal};

pub(crate) const NOW: u32 = 1_767_225_600;

pub(crate) fn now() -> UnixTime {
    UnixTime::from_secs(u64::from(NOW)).unwrap()
}

pub(crate) fn mark(count: u64) -> Mark {
    let boot = u32::try_from(count >> 24).unwrap() + 1;
    Mark::new(
        Generation::FIRST,
        boot,
        u32::try_from(count & 0xff_ffff).unwrap(),
    )
    .unwrap()
}

pub(crate) fn open(path: &Path) -> ReplayJournal {
    let cold_start = ColdStart::Strict {
        start: now(),
        window_secs: 60,
    };
    ReplayJournal::open(path, cold_start, now()).unwrap()
}

/// Says something to the parent, in one write, so that it is said whole or not at all.
pub(crate) fn say(text: &str) {
    let mut output = std::io::stdout().lock();
    output.write_all(format!("\n@{text}\n").as_bytes()).unwrap();
    output.flush().unwrap();
}

/// What a child said.
pub(crate) fn said(output: &str) -> impl Iterator<Item = &str> {
    // The last line may have been cut by the end of the process.
    let whole = output.rfind('\n').map_or("", |end| &output[..end]);
    whole.lines().filter_map(|line| line.strip_prefix('@'))
}

/// The folder that a child works in; `None` in the parent.
pub(crate) fn folder() -> Option<PathBuf> {
    env::var_os("MQWARD_TEST_FOLDER").map(PathBuf::from)
}

/// Runs the test `name` of this program in a child, after some words of shell.
pub(crate) fn spawn(name: &str, folder: &Path, shell: &str) -> Child {
    Command::new("sh")
        .args(["-c", &format!("{shell} exec \"$@\""), "sh"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture", "--test-threads", "1"])
        .env("MQWARD_TEST_FOLDER", folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}
