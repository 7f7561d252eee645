//! SIGKILL while revocations are written: none that was answered is forgotten, and the registry opens again.

use core::time::Duration;
use std::io::Read;
use std::path::Path;
use std::sync::mpsc::channel;

use mqward::Generation;
use mqward_broker::{NewDevice, Registry};

use crate::child::{folder, now, said, say, spawn};

const KILLS: u32 = 200;
/// Processes that change the same registry: commands, beside each other.
const WRITERS: u32 = 2;

/// Adds devices and revokes each, whole or in one generation, as fast as it can, beside another writer and a reader.
#[test]
fn revoking() {
    let Some(folder) = folder() else { return };
    let path = folder.join("registry.db");
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let path = &path;
            scope.spawn(move || {
                let mut registry = Registry::open(path).unwrap();
                for count in 0.. {
                    let id = format!("device-{}-{writer}-{count}", std::process::id());
                    registry.add(&NewDevice::new(&id, b"board"), now()).unwrap();
                    if count % 2 == 0 {
                        registry.revoke(&id, "lost", now()).unwrap();
                        say(&format!("device {id}"));
                    } else {
                        let newer = registry.rotate(&id, None, None, now()).unwrap();
                        registry
                            .revoke_generation(&id, Generation::FIRST, now())
                            .unwrap();
                        say(&format!("generation {id} {newer}"));
                    }
                }
            });
        }
        // A broker reads all the time.
        let registry = Registry::open_read_only(&path).unwrap();
        loop {
            registry
                .iter()
                .take(100)
                .for_each(|device| drop(device.unwrap()));
        }
    });
}

#[test]
fn two_hundred_kills() {
    if folder().is_some() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("registry.db");
    drop(Registry::create(&path).unwrap());
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let (mut answers, mut rounds_with_answers) = (Vec::new(), 0);
    for kill in 0..KILLS {
        let mut child = spawn("revocations::revoking", place.path(), "");
        // xorshift: every run is killed at other moments, from before its first word on.
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        let mut output = child.stdout.take().unwrap();
        let (spoke, has_spoken) = channel();
        let reader = std::thread::spawn(move || {
            let (mut text, mut chunk) = (Vec::new(), [0; 4096]);
            loop {
                let len = output.read(&mut chunk).unwrap();
                text.extend_from_slice(&chunk[..len]);
                if len == 0 {
                    return String::from_utf8_lossy(&text).into_owned();
                }
                if text.contains(&b'@') {
                    let _ = spoke.send(());
                }
            }
        });
        // Every fifth is killed somewhere on its way up, the others under load.
        if kill % 5 != 0 {
            has_spoken.recv_timeout(Duration::from_secs(30)).unwrap();
        }
        std::thread::sleep(Duration::from_micros(random % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        let text = reader.join().unwrap();
        let first = answers.len();
        answers.extend(said(&text).map(str::to_owned));
        rounds_with_answers += u32::from(answers.len() > first);
        forgotten(&path, &answers[first..]).inspect(|line| panic!("{kill}: {line} is forgotten"));
    }
    assert!(
        rounds_with_answers >= KILLS * 4 / 5,
        "{rounds_with_answers}"
    );
    assert_eq!(forgotten(&path, &answers), None);
    // The check can fail: who is let back in by a person is noticed.
    let id = answers[0].strip_prefix("device ").unwrap();
    let mut registry = Registry::open(&path).unwrap();
    registry.unrevoke(id, now()).unwrap();
    assert_eq!(forgotten(&path, &answers), Some(answers[0].clone()));
    println!("{KILLS} kills, {} revocations", answers.len());
}

/// The first answer that the registry, opened anew, does not keep to.
fn forgotten(path: &Path, answers: &[String]) -> Option<String> {
    let registry = Registry::open_read_only(path).unwrap();
    let kept = |line: &&String| {
        let words: Vec<&str> = line.split(' ').collect();
        let device = registry.get(words[1]).unwrap().unwrap();
        let accepted: Vec<String> = device
            .accepted()
            .map(|entry| entry.generation.to_string())
            .collect();
        match words[..] {
            ["device", _] => accepted.is_empty() && device.revoked.is_some(),
            ["generation", _, newer] => accepted == [newer],
            _ => panic!("{line}"),
        }
    };
    answers.iter().find(|line| !kept(line)).cloned()
}
