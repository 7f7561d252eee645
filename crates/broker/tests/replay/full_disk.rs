//! No room: nothing is accepted, nothing is lost, and it goes on by itself.

use std::io::Read;

use mqward::Advance;
use mqward_broker::{ReplayJournal, ReplayStore};

use crate::child::{folder, mark, now, open, said, say, spawn};

/// Writes into a file that may not grow beyond 16 KiB.
#[test]
fn writing_without_room() {
    let Some(folder) = folder() else { return };
    let store = open(&folder.join("replay.journal"));
    let mut refused = 0;
    for count in 0..2_000 {
        for device in ["device-1", "device-2", "device-3"] {
            match store.advance(device, mark(count), Some(now())) {
                Advance::Advanced => say(&format!("{device} {count}")),
                Advance::Unavailable => refused += 1,
                other => say(&format!("wrong {other:?}")),
            }
        }
        if (10..1_000).contains(&refused) {
            // What was refused was not used up.
            say(&format!("notice {}", store.maintain(now()).join(" ")));
            refused = 1_000;
        }
    }
    say(&format!("refused {refused}"));
}

/// As many devices as there is room for: writing anew does not help.
#[test]
fn more_than_fits() {
    let Some(folder) = folder() else { return };
    let store = open(&folder.join("replay.journal"));
    for device in 0..1_000 {
        let id = format!("device-{device}");
        match store.advance(&id, mark(1), Some(now())) {
            Advance::Advanced => say(&format!("{id} 1")),
            Advance::Unavailable => say("unavailable"),
            other => say(&format!("wrong {other:?}")),
        }
        if device % 100 == 99 {
            store.maintain(now());
        }
    }
}

/// Writes the journal anew with one file descriptor left, and goes on.
#[test]
fn rewriting_without_descriptors() {
    let Some(folder) = folder() else { return };
    let store = open(&folder.join("replay.journal"));
    for left in 0..2 {
        let mut taken = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            taken.push(file);
        }
        taken.truncate(taken.len() - left);
        let written = store.compact();
        drop(taken);
        say(&format!("with {left}: {}", written.is_ok()));
        let id = format!("device-{left}");
        match store.advance(&id, mark(1), Some(now())) {
            Advance::Advanced => say(&format!("{id} 1")),
            other => say(&format!("wrong {other:?}")),
        }
    }
    // As by a SIGKILL.
    core::mem::forget(store);
}

fn run(name: &str) -> (tempfile::TempDir, Vec<String>) {
    // In blocks of 512 bytes; without the trap the system would end the process.
    run_with(name, "trap '' XFSZ; ulimit -f 32;")
}

fn run_with(name: &str, shell: &str) -> (tempfile::TempDir, Vec<String>) {
    let place = tempfile::tempdir().unwrap();
    drop(ReplayJournal::create(&place.path().join("replay.journal"), now()).unwrap());
    let mut child = spawn(name, place.path(), shell);
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    assert!(child.wait().unwrap().success());
    let lines = said(&text).map(str::to_owned).collect();
    (place, lines)
}

fn assert_all_kept(place: &tempfile::TempDir, lines: &[String]) -> usize {
    let store = open(&place.path().join("replay.journal"));
    let mut kept = 0;
    for line in lines.iter().filter(|line| line.starts_with("device-")) {
        let (id, count) = line.split_once(' ').unwrap();
        let mark = mark(count.parse().unwrap());
        assert!(store.newest(id).unwrap() >= Some(mark), "{line}");
        assert_ne!(store.advance(id, mark, Some(now())), Advance::Advanced);
        kept += 1;
    }
    kept
}

#[test]
fn a_full_disk_refuses_until_the_journal_is_written_anew() {
    if folder().is_some() {
        return;
    }
    let (place, lines) = run("full_disk::writing_without_room");
    assert!(
        !lines.iter().any(|line| line.starts_with("wrong")),
        "{lines:?}"
    );
    let notice = lines
        .iter()
        .position(|line| line.starts_with("notice"))
        .unwrap();
    assert!(
        lines[notice].contains("could not be written"),
        "{}",
        lines[notice]
    );
    let before = lines[..notice].len();
    let after = lines[notice..].len();
    assert!(
        before > 100 && after > 100,
        "{before} before, {after} after"
    );
    assert!(assert_all_kept(&place, &lines) > 200);
}

#[test]
fn a_disk_that_stays_full_loses_nothing_that_was_accepted() {
    if folder().is_some() {
        return;
    }
    let (place, lines) = run("full_disk::more_than_fits");
    assert!(
        !lines.iter().any(|line| line.starts_with("wrong")),
        "{lines:?}"
    );
    let refused = lines.iter().filter(|line| *line == "unavailable").count();
    assert!(refused > 300, "{refused}");
    let kept = assert_all_kept(&place, &lines);
    assert!(kept > 200, "{kept}");
    assert_eq!(kept + refused, 1_000);
}

#[test]
fn without_descriptors_no_mark_goes_to_a_file_that_nobody_will_read() {
    if folder().is_some() {
        return;
    }
    let (place, lines) = run_with("full_disk::rewriting_without_descriptors", "ulimit -n 40;");
    assert_eq!(lines[0], "with 0: false");
    assert_eq!(assert_all_kept(&place, &lines), 2, "{lines:?}");
}
