//! `open --lines`: each message once, whatever dies when.

use core::time::Duration;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::Instant;

use crate::bench::{AUDIENCE, Bench, HW, ID, SEALED, TIME, TOPIC, ran};

const LINES: &str = "open --lines --state state --pattern tx/%c/# --up-root up_root.key --hw 246f28a1b2c3 --now 1767225630";

fn first_run() -> String {
    format!("{LINES} --first-run")
}

/// A line as mosquitto_sub prints it with -F '%r %x %t'.
fn line(sealed: &str) -> String {
    format!("0 {sealed} {TOPIC}\n")
}

/// Lines of sealed payloads `m0`, `m1`, …
fn sealed_lines(bench: &Bench, n: usize, options: &str) -> Vec<String> {
    let seal = format!(
        "seal --up-root up_root.key --client-id {ID} --hw {HW} --topic {TOPIC} --boot-record boot --to hex {options}"
    );
    (0..n)
        .map(|i| line(bench.run(&seal, format!("m{i}")).ok().text()))
        .collect()
}

fn verdicts(bench: &Bench, args: &str, lines: &[String]) -> Vec<String> {
    let ran = bench.run(args, lines.concat()).ok();
    ran.lines()
        .iter()
        .map(|line| line["verdict"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_message_is_fresh_once_also_over_restarts() {
    let bench = Bench::new();
    let fresh = bench.run(&first_run(), line(SEALED)).ok().json();
    assert_eq!(fresh["verdict"], "fresh");
    assert_eq!(
        (&fresh["payload"], &fresh["client_id"], &fresh["topic"]),
        (&"21.5".into(), &ID.into(), &TOPIC.into())
    );
    assert_eq!(
        (
            &fresh["boot"],
            &fresh["count"],
            &fresh["age"],
            &fresh["class"]
        ),
        (&1_760_000_001.into(), &7.into(), &30.into(), &"live".into())
    );
    let again = bench.run(LINES, line(SEALED)).ok().json();
    assert_eq!(again["verdict"], "duplicate");
    assert!(
        again.get("payload").is_none(),
        "what must not be acted on is not shown"
    );
    assert_eq!(bench.mode("state"), 0o600);
    assert!(!bench.leaks(bench.read("state")));
}

#[test]
fn what_is_not_authentic_is_refused_and_changes_nothing() {
    let bench = Bench::new();
    bench.run(&first_run(), "").ok();
    let state = bench.read("state");
    let lines = [
        format!("0 {}00 {TOPIC}\n", &SEALED[..66]),
        format!("0 {SEALED} tx/device-0123456789ab/u\n"),
        format!("0 {SEALED} tx/device-0123456789ac/t\n"),
        format!("0 {SEALED} other/device-0123456789ab/t\n"),
        format!("0 {} {TOPIC}\n", SEALED.replacen("100100", "100110", 1)),
        format!("0 {} {TOPIC}\n", SEALED.replacen("1001", "1002", 1)),
        format!("0 7b7d {TOPIC}\n"),
        format!("1 {SEALED} tx/+/t\n"),
        "garbage\n".to_owned(),
        "\n".to_owned(),
        format!("0 {SEALED} tx/device-0123456789ab/\u{0}\n"),
    ];
    let ran = bench.run(LINES, lines.concat()).ok();
    for (line, report) in lines.iter().zip(ran.lines()) {
        assert_eq!(report["verdict"], "refused", "{line}");
        assert!(
            report["reason"]
                .as_str()
                .is_some_and(|reason| !reason.is_empty())
        );
        assert!(report.get("payload").is_none());
    }
    assert_eq!(ran.lines().len(), lines.len());
    assert_eq!(bench.read("state"), state);
    // Bytes that are not UTF-8, and a line without end that is far too long.
    let mut long = vec![b'0'; 6_000_000];
    long.extend(b"\n\xff\xfe\n");
    long.extend(line(SEALED).trim_end().as_bytes());
    let ran = bench.run(LINES, long).ok();
    let verdicts: Vec<_> = ran
        .lines()
        .iter()
        .map(|line| line["verdict"].clone())
        .collect();
    assert_eq!(verdicts, ["refused", "refused", "fresh"]);
}

#[test]
fn without_its_state_a_receiver_starts_cold() {
    let bench = Bench::new();
    let before = sealed_lines(&bench, 1, &format!("--time {TIME}"));
    let clockless = sealed_lines(&bench, 2, "--no-clock");
    let after = sealed_lines(&bench, 1, "--time 1767225691");
    assert_eq!(
        verdicts(&bench, LINES, &[before.clone(), clockless.clone()].concat()),
        ["closed", "closed", "closed"]
    );
    // It stays cold over a restart, and --first-run says nothing about a state that is there.
    assert_eq!(verdicts(&bench, &first_run(), &before), ["closed"]);
    let later = LINES.replace("1767225630", "1767225692");
    assert_eq!(verdicts(&bench, &later, &after), ["fresh"]);

    let bench = Bench::new();
    let clockless = sealed_lines(&bench, 3, "--no-clock");
    assert_eq!(verdicts(&bench, LINES, &clockless), ["closed"; 3]);
    let reopened = format!("{LINES} --reopen {ID},1760000002,0");
    assert_eq!(
        verdicts(&bench, &reopened, &clockless),
        ["too-old", "duplicate", "fresh"]
    );
}

#[test]
fn age_is_told_and_judged_only_where_asked() {
    let bench = Bench::new();
    let max_age = format!("{} --max-age 29", first_run());
    let report = bench.run(&max_age, line(SEALED)).ok().json();
    assert_eq!(
        (&report["verdict"], &report["age"]),
        (&"too-old".into(), &30.into())
    );
    let future = first_run().replace("1767225630", "1767225530");
    let report = bench.run(&future, line(SEALED)).ok().json();
    assert_eq!(report["verdict"], "refused");
    assert!(
        report["reason"]
            .as_str()
            .unwrap()
            .contains("70 s in the future")
    );
    assert_eq!(
        verdicts(&bench, LINES, &[line(SEALED)]),
        ["fresh"],
        "neither was remembered"
    );
}

#[test]
fn retained_values_come_again_and_never_go_back() {
    let bench = Bench::new();
    let old = sealed_lines(&bench, 1, &format!("--class retained --time {TIME}")).concat();
    let new = sealed_lines(&bench, 1, &format!("--class retained --time {TIME}")).concat();
    let will = sealed_lines(&bench, 1, &format!("--class will --time {TIME}")).concat();
    let lines = [
        old.clone(),
        old.clone(),
        new.clone(),
        old,
        new,
        format!("0  {TOPIC}\n"),
        will,
    ];
    assert_eq!(
        verdicts(&bench, LINES, &lines),
        [
            "fresh", "fresh", "fresh", "too-old", "fresh", "cleared", "fresh"
        ]
    );
}

#[test]
fn devices_have_hardware_and_generation_of_their_own() {
    let bench = Bench::new();
    let table = LINES.replace("--hw 246f28a1b2c3", "--devices devices.csv --first-run");
    bench.write(
        "devices.csv",
        format!("client_id,generation,hardware_id,clock\n{ID},1,{HW},required\n{ID},2,,none\n"),
    );
    assert_eq!(verdicts(&bench, &table, &[line(SEALED)]), ["fresh"]);
    bench.write(
        "devices.csv",
        format!("client_id,generation,hardware_id,clock\n{ID},2,{HW},required\n"),
    );
    assert_eq!(verdicts(&bench, &table, &[line(SEALED)]), ["refused"]);
    bench
        .run(&format!("{table} --reopen {ID},1760000001,7"), "")
        .ok();
    let state = String::from_utf8(bench.read("state")).unwrap();
    assert!(
        state.contains("\"generation\":2"),
        "the newest generation: {state}"
    );
    bench
        .run(&format!("{table} --reopen device-9,1,1"), "")
        .fails(2, &["device-9"]);
    bench.write("devices.csv", "id,hw\n");
    bench.run(&table, "").fails(
        3,
        &["devices.csv:1", "client_id,generation,hardware_id,clock"],
    );
    bench.write(
        "devices.csv",
        "client_id,generation,hardware_id,clock\nd,1,zz,none\n",
    );
    bench
        .run(&table, "")
        .fails(3, &["devices.csv:2", "hexadecimal"]);

    let topic = "tx/device-246f28a1b2c3/t";
    let seal = format!(
        "seal --up-root up_root.key --client-id device-{HW} --hw {HW} --topic {topic} --boot-record boot --to hex"
    );
    let sealed = bench.run(&seal, "x").ok();
    let after = LINES.replace(
        "--hw 246f28a1b2c3",
        "--hw-after device- --now 2100-01-01T00:00:00Z --state other --first-run",
    );
    let after = after
        .replace("--now 1767225630", "")
        .replace("--state state", "");
    assert_eq!(
        verdicts(&bench, &after, &[format!("0 {} {topic}\n", sealed.text())]),
        ["fresh"]
    );
}

#[test]
fn two_readers_cannot_share_a_state() {
    let bench = Bench::new();
    let mut first = bench.spawn(&first_run());
    let mut input = first.stdin.take().unwrap();
    let mut output = BufReader::new(first.stdout.take().unwrap());
    input.write_all(line(SEALED).as_bytes()).unwrap();
    output.read_line(&mut String::new()).unwrap();
    bench
        .run(LINES, line(SEALED))
        .fails(3, &["state", "another process"]);
    drop(input);
    assert!(first.wait().unwrap().success());
    assert_eq!(verdicts(&bench, LINES, &[line(SEALED)]), ["duplicate"]);
}

#[test]
fn a_message_whose_commit_failed_comes_again() {
    let bench = Bench::new();
    let lines = sealed_lines(&bench, 2, &format!("--time {TIME}"));
    let mut child = bench.spawn(&first_run());
    let mut input = child.stdin.take().unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let wait = Instant::now();
    while !bench.path("state").exists() && wait.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let empty = bench.read("state");
    input.write_all(lines[0].as_bytes()).unwrap();
    while bench.read("state") == empty && wait.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let after_first = bench.read("state");
    assert_ne!(after_first, empty);
    // A folder in its place: the state cannot be replaced any more.
    std::fs::remove_file(bench.path("state")).unwrap();
    std::fs::create_dir(bench.path("state")).unwrap();
    std::fs::write(bench.path("state/x"), "").unwrap();
    input.write_all(lines[1].as_bytes()).unwrap();
    drop(input);
    let mut printed = String::new();
    std::io::Read::read_to_string(&mut output, &mut printed).unwrap();
    assert_eq!(
        printed.matches("\"fresh\"").count(),
        2,
        "printed first: {printed}"
    );
    ran(child.wait_with_output().unwrap()).fails(3, &["the state cannot be kept"]);

    std::fs::remove_dir_all(bench.path("state")).unwrap();
    bench.write("state", after_first);
    assert_eq!(verdicts(&bench, LINES, &lines), ["duplicate", "fresh"]);
}

#[test]
fn a_reader_that_goes_away_loses_nothing() {
    let bench = Bench::new();
    let mut child = bench.spawn(&first_run());
    drop(child.stdout.take());
    let mut input = child.stdin.take().unwrap();
    let _ = input.write_all(line(SEALED).as_bytes());
    drop(input);
    let ran = ran(child.wait_with_output().unwrap());
    assert_eq!(
        (ran.code, ran.stderr.as_str()),
        (141, ""),
        "quiet, as a shell reports SIGPIPE"
    );
    assert_eq!(verdicts(&bench, LINES, &[line(SEALED)]), ["fresh"]);

    // Other commands end as quietly.
    let mint = format!(
        "password --root root.key --client-id {ID} --hw {HW} --audience {AUDIENCE} --boot-record boot --count 65536"
    );
    let mut child = bench.command(&mint).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(141));
}

#[test]
fn killed_anywhere_it_loses_nothing_and_doubles_at_most_the_last() {
    let bench = Bench::new();
    let lines = sealed_lines(&bench, 12, &format!("--time {TIME}"));
    bench.run(&first_run(), "").ok();
    let mut fresh: BTreeMap<String, usize> = BTreeMap::new();
    let mut kills = 0;
    for round in 0..lines.len() {
        let mut child = bench.spawn(LINES);
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        input.write_all(lines.concat().as_bytes()).unwrap();
        // Killed as soon as one more fresh line is out: mostly before, sometimes after its commit.
        let mut text = String::new();
        for _ in 0..=round {
            output.read_line(&mut text).unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        // What it had printed before it died was printed.
        std::io::Read::read_to_string(&mut output, &mut text).unwrap();
        for line in text.lines().filter(|line| line.contains("\"fresh\"")) {
            let json: serde_json::Value = serde_json::from_str(line).unwrap();
            *fresh
                .entry(json["payload"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    for report in bench.run(LINES, lines.concat()).ok().lines() {
        if report["verdict"] == "fresh" {
            *fresh
                .entry(report["payload"].as_str().unwrap().to_owned())
                .or_default() += 1;
        }
    }
    assert_eq!(fresh.len(), lines.len(), "none was lost: {fresh:?}");
    let doubled: usize = fresh.values().map(|times| times - 1).sum();
    assert!(doubled <= kills, "{doubled} doubled in {kills} kills");
}

#[test]
fn a_damaged_state_is_never_taken_for_a_new_one() {
    let bench = Bench::new();
    bench.run(&first_run(), line(SEALED)).ok();
    let good = String::from_utf8(bench.read("state")).unwrap();
    let window = good.split("\"window\":\"").nth(1).unwrap();
    for bad in [
        String::new(),
        "{}".to_owned(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\":1", "\"version\":2"),
        good.replace(&window[..8], "AAAAAAAA"),
    ] {
        bench.write("state", &bad);
        bench
            .run(&first_run(), line(SEALED))
            .fails(3, &["not a receiver's state", "start cold"]);
        assert_eq!(bench.read("state"), bad.as_bytes());
    }
}

#[test]
fn usage() {
    let bench = Bench::new();
    bench
        .run("open --lines --up-root up_root.key --hw none", "")
        .fails(2, &["--state"]);
    bench
        .run(&LINES.replace("tx/%c/#", "tx/+/#"), "")
        .fails(2, &["%c"]);
    bench
        .run(&LINES.replace("--hw 246f28a1b2c3", ""), "")
        .fails(2, &["--devices"]);
    bench
        .run(&format!("{LINES} --client-id {ID}"), "")
        .fails(2, &["--client-id"]);
    bench
        .run(&LINES.replace("--up-root up", "--down-root down"), "")
        .fails(2, &["--up-root"]);
    bench
        .run(&format!("{LINES} --reopen x,0,1"), "")
        .fails(2, &["ID,BOOT,COUNT"]);
    bench
        .run(&LINES.replace("--state state", "--state none/state"), "")
        .fails(3, &["none/state"]);
    bench
        .run(&format!("{LINES} missing"), "")
        .fails(3, &["missing"]);
    assert_eq!(bench.run(LINES, "").ok().stdout, b"");
}
