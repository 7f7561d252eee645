//! SIGKILL at any moment: no stamp is accepted twice, none is forgotten, nobody has to wait.

use core::time::Duration;
use std::collections::HashMap;
use std::fs;
use std::io::Read;

use mqward::Advance;
use mqward_broker::{ReplayJournal, ReplayStart, ReplayStore};

use crate::child::{folder, mark, now, open, said, say, spawn};

const KILLS: u32 = 250;
const DEVICES: usize = 40;

/// Logs devices in as fast as it can, with the journal being written anew in between.
#[test]
fn logging_in() {
    let Some(folder) = folder() else { return };
    let store = open(&folder.join("replay.journal"));
    say(&format!(
        "start {:?} {:?}",
        store.start(),
        store.not_before()
    ));
    // What the parent knows to be used up.
    let used = fs::read_to_string(folder.join("used")).unwrap();
    let mut next = HashMap::new();
    for line in used.lines() {
        let (id, count) = line.split_once(' ').unwrap();
        let count: u64 = count.parse().unwrap();
        for again in [count, count.saturating_sub(1)] {
            if store.advance(id, mark(again), Some(now())) == Advance::Advanced {
                say(&format!("twice {id} {again}"));
            }
        }
        next.insert(id.to_owned(), count + 1);
    }
    say("checked");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            loop {
                std::thread::sleep(Duration::from_millis(3));
                if let Err(error) = store.compact() {
                    say(&format!("notice {error}"));
                }
                for notice in store.maintain(now()) {
                    say(&format!("notice {notice}"));
                }
            }
        });
        for part in 0..2 {
            let (store, next) = (&store, &next);
            scope.spawn(move || {
                for round in 0.. {
                    for device in (part..DEVICES).step_by(2) {
                        let id = format!("device-{device}");
                        // Far ahead of what a child before may have used and not said.
                        let count = next.get(&id).map_or(0, |next| next + 1_000) + round;
                        // A device without a clock waits for the disk.
                        let time = (device != 0 || round % 16 != 0).then_some(now());
                        if store.advance(&id, mark(count), time) == Advance::Advanced {
                            say(&format!("{id} {count}"));
                        }
                    }
                }
            });
        }
    });
}

#[test]
fn two_hundred_and_fifty_kills() {
    if folder().is_some() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("replay.journal");
    drop(ReplayJournal::create(&path, now()).unwrap());
    let mut used: HashMap<String, u64> = HashMap::new();
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    let (mut accepted, mut killed_starts, mut rewritten) = (0_u64, 0_u32, 0_u32);
    let mut len_before = 0;
    for kill in 0..KILLS {
        let list: String = used
            .iter()
            .map(|(id, count)| format!("{id} {count}\n"))
            .collect();
        fs::write(place.path().join("used"), list).unwrap();
        let mut child = spawn("kill::logging_in", place.path(), "");
        // xorshift: every run is killed at other moments, from before its first word on.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut output = child.stdout.take().unwrap();
        let (checked, is_checked) = std::sync::mpsc::channel();
        let reader = std::thread::spawn(move || {
            let (mut text, mut chunk, mut found) = (Vec::new(), [0; 4096], false);
            loop {
                let len = output.read(&mut chunk).unwrap();
                text.extend_from_slice(&chunk[..len]);
                if len == 0 {
                    return String::from_utf8_lossy(&text).into_owned();
                }
                if !found && text.windows(8).any(|word| word == b"@checked") {
                    found = true;
                    let _ = checked.send(());
                }
            }
        });
        // Every fifth is killed somewhere on its way up, the others under load.
        if kill % 5 != 0 {
            is_checked.recv_timeout(Duration::from_secs(30)).unwrap();
        }
        std::thread::sleep(Duration::from_micros(random % 30_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let text = reader.join().unwrap();
        for line in said(&text) {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["start", how, "None"] => {
                    killed_starts += u32::from(how == "Killed");
                    assert!(["Killed", "InOrder"].contains(&how), "{kill}: {line}");
                }
                ["checked"] => {}
                [id, count] => {
                    let count = count.parse().unwrap();
                    let before = used.insert(id.to_owned(), count);
                    assert!(
                        before < Some(count),
                        "{kill}: {id}: {before:?}, then {count}"
                    );
                    accepted += 1;
                }
                _ => panic!("{kill}: {line}"),
            }
        }
        let len = fs::metadata(&path).unwrap().len();
        rewritten += u32::from(len < len_before);
        len_before = len;
        // Another process reads the same from the file as it lies there.
        let marks = ReplayJournal::read_marks(&path).unwrap();
        let marks: HashMap<_, _> = marks
            .into_iter()
            .map(|mark| (mark.client_id, mark.mark.unwrap()))
            .collect();
        for (id, count) in &used {
            assert!(
                marks.get(id) >= Some(&mark(*count)),
                "{kill}: {id} is forgotten"
            );
        }
    }
    assert!(accepted > 10_000, "{accepted} logins are no load");
    assert!(
        killed_starts > KILLS / 2,
        "only {killed_starts} runs got as far as to open the store"
    );
    assert!(rewritten > 0, "the journal was never written anew");
    let store = open(&path);
    assert_eq!(store.start(), ReplayStart::Killed);
    for (id, count) in &used {
        assert_ne!(
            store.advance(id, mark(*count), Some(now())),
            Advance::Advanced
        );
    }
    println!(
        "{KILLS} kills, {accepted} logins, {killed_starts} starts after a kill, rewritten {rewritten} times"
    );
}
