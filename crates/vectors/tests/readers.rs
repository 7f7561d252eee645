//! The readers in Python and Node give the answers of the vectors.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on has failed"
)]

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};

use mqward_vectors::{Class, Direction, OpeningOutcome, Oracle};
use serde_json::{Value, json};

const BINDINGS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../bindings");

/// Both readers' answers to the same questions.
fn ask(questions: &[Value]) -> [(&'static str, Vec<Value>); 2] {
    let oracle = Oracle::prepare(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let mut python = oracle.python();
    python.arg(format!("{BINDINGS}/python/tests/answer.py"));
    let mut node = Command::new("node");
    node.arg(format!("{BINDINGS}/node/tests/answer.mjs"));
    [
        ("python", run(&mut python, questions)),
        ("node", run(&mut node, questions)),
    ]
}

fn run(command: &mut Command, questions: &[Value]) -> Vec<Value> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?}: {error} (Debian: nodejs, python3-venv)"));
    let mut stdin = child.stdin.take().unwrap();
    let lines: String = questions.iter().map(|value| format!("{value}\n")).collect();
    // Beside the reading of its output, or both sides may wait on a full pipe.
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {told}");
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), questions.len(), "{command:?}: {told}");
    answers
}

fn hex(bytes: &[u8]) -> String {
    base16ct::lower::encode_string(bytes)
}

/// The root that a backend holds for that direction, and the direction's name.
fn purpose_root(root: [u8; 32], direction: Direction) -> (&'static str, String) {
    let trees: HashMap<_, _> = mqward_vectors::keys()
        .trees
        .into_iter()
        .map(|tree| (tree.root, tree))
        .collect();
    match direction {
        Direction::Up => ("up", hex(&trees[&root].up_root)),
        Direction::Down => ("down", hex(&trees[&root].down_root)),
    }
}

#[test]
fn every_sealed_vector_opens() {
    let mut questions = Vec::new();
    let mut expected = Vec::new();
    for m in mqward_vectors::sealed().messages {
        let (direction, purpose_root) = purpose_root(m.root, m.direction);
        questions.push(json!({
            "ask": "open", "direction": direction, "purpose_root": purpose_root, "client_id": m.client_id,
            "generation": m.generation, "hardware_id": hex(&m.hardware_id), "sender": m.sender,
            "device_boot": m.device_boot, "topic": m.topic.to_text(), "sealed": hex(&m.sealed),
        }));
        let class = match m.class {
            Class::Live => "live",
            Class::Retained => "retained",
            Class::Will => "will",
            Class::Stored => "stored",
        };
        expected.push(json!({
            "step": "opened", "payload": hex(&m.payload.to_vec()), "generation": m.generation, "sender": m.sender,
            "time": m.has_clock.then_some(m.time_or_salt), "boot": m.boot, "count": m.count, "class": class,
        }));
    }
    assert!(questions.len() >= 60);
    for (reader, answers) in ask(&questions) {
        for ((question, answer), expected) in questions.iter().zip(answers).zip(&expected) {
            assert_eq!(&answer, expected, "{reader}: {question}");
        }
    }
}

#[test]
fn every_opening_ends_at_its_step() {
    let openings = mqward_vectors::failures().openings;
    assert!(openings.len() >= 90);
    let mut questions = Vec::new();
    for case in &openings {
        let o = &case.opener;
        let (direction, purpose_root) = purpose_root(o.root, o.direction);
        questions.push(json!({
            "ask": "open", "direction": direction, "purpose_root": purpose_root, "client_id": o.client_id,
            "generation": o.generation, "hardware_id": hex(&o.hardware_id), "sender": o.sender,
            "device_boot": o.device_boot, "topic": case.topic, "sealed": hex(&case.sealed),
        }));
    }
    let mut cleared = questions[0].clone();
    cleared["sealed"] = json!("");
    questions.push(cleared);
    for (reader, answers) in ask(&questions) {
        for (case, answer) in openings.iter().zip(&answers) {
            let (step, payload) = match &case.outcome {
                OpeningOutcome::Frame => ("frame", Value::Null),
                OpeningOutcome::WrongKey => ("wrong_key", Value::Null),
                OpeningOutcome::Refused => ("refused", Value::Null),
                OpeningOutcome::Opened { payload } => ("opened", json!(hex(payload))),
            };
            assert_eq!(answer["step"], step, "{reader}: {}", case.name);
            assert_eq!(answer["payload"], payload, "{reader}: {}", case.name);
        }
        assert_eq!(answers.last().unwrap(), &json!({"step": "cleared"}));
    }
}

#[test]
fn topics_name_their_device() {
    let mut cases: Vec<(String, String, Option<String>)> = mqward_vectors::acl()
        .client_id_of
        .into_iter()
        .map(|case| (case.pattern, case.topic, case.client_id))
        .collect();
    assert!(cases.len() >= 30);
    // What is no Topic Name belongs to nobody, though the pattern would match.
    for name in mqward_vectors::topics().names.invalid {
        let Ok(text) = String::from_utf8(name.bytes.to_vec()) else {
            continue;
        };
        cases.push(("%c/#".into(), format!("d/{text}"), None));
        // An empty level is one of a Topic Name.
        if text.is_empty() {
            cases.last_mut().unwrap().2 = Some("d".into());
        }
    }
    for name in mqward_vectors::topics().names.valid {
        let topic = format!("d/{}", name.to_text());
        let id = (topic.len() <= 65_535).then(|| "d".into());
        cases.push(("%c/#".into(), topic, id));
    }
    let questions: Vec<Value> = cases
        .iter()
        .map(|(pattern, topic, _)| json!({"ask": "client_id_of", "pattern": pattern, "topic": topic}))
        .collect();
    for (reader, answers) in ask(&questions) {
        for ((pattern, topic, id), answer) in cases.iter().zip(answers) {
            let shown: String = topic.chars().take(60).collect();
            assert_eq!(
                answer["client_id"],
                json!(id),
                "{reader}: {pattern} {shown:?}"
            );
        }
    }
}

/// Spec §8.1 and §8.5 with sets instead of bits.
#[derive(Default)]
struct Model {
    boots: Vec<(u32, BTreeSet<u32>)>,
    cold_until: Option<u32>,
    anchored: bool,
    /// What a receiver was told: nothing up to it is fresh.
    floor: Option<(u32, u32)>,
}

impl Model {
    /// The highest stamp known.
    fn newest(&self) -> (u32, u32) {
        let seen = self
            .boots
            .iter()
            .map(|(boot, counts)| (*boot, *counts.last().unwrap()));
        seen.chain(self.floor).max().unwrap_or_default()
    }

    fn receive(&mut self, time: Option<u32>, boot: u32, count: u32) -> &'static str {
        let above = (boot, count) > self.newest();
        if let Some(until) = self.cold_until {
            let timed = time.is_some_and(|time| time > until);
            if !(timed || self.anchored && above) {
                return "closed";
            }
            let verdict = self.place(boot, count);
            self.anchored |= verdict == "fresh" && timed && above;
            return verdict;
        }
        self.place(boot, count)
    }

    fn place(&mut self, boot: u32, count: u32) -> &'static str {
        if self.floor.is_some_and(|floor| (boot, count) <= floor) {
            return "old";
        }
        if !self.boots.iter().any(|(known, _)| *known == boot) {
            if self.boots.len() == 2 && boot < self.boots[0].0 {
                return "too-old";
            }
            self.boots.push((boot, BTreeSet::from([count])));
            self.boots.sort();
            if self.boots.len() == 3 {
                self.boots.remove(0);
            }
            return "fresh";
        }
        let (_, counts) = self
            .boots
            .iter_mut()
            .find(|(known, _)| *known == boot)
            .unwrap();
        if count + 1024 <= *counts.last().unwrap() {
            "too-old"
        } else if counts.insert(count) {
            "fresh"
        } else {
            "duplicate"
        }
    }
}

/// Marsaglia's xorshift64: the same messages on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from(self.0 % u64::from(limit)).unwrap()
    }
}

#[test]
fn windows_follow_the_specification() {
    const STARTED: u32 = 1_000_000;
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let (mut questions, mut expected) = (Vec::new(), Vec::new());
    for run in 0..300 {
        let is_cold = run % 3 != 0;
        let mut model = Model {
            cold_until: is_cold.then_some(STARTED + 60),
            ..Model::default()
        };
        let reopen_at = if run % 3 == 2 {
            dice.below(60)
        } else {
            u32::MAX
        };
        let (mut messages, mut verdicts) = (Vec::new(), Vec::new());
        let mut last: Option<(u32, u32)> = None;
        let spread = [4, 70, 1100, 5000][run % 4];
        for index in 0..60 {
            let (mut boot, mut count) = (1 + dice.below(4), dice.below(spread));
            // Often just inside of the window of what was last, or just outside.
            if let (0, Some((last_boot, last_count))) = (dice.below(3), last) {
                let steps = [1, 2, 1022, 1023, 1024, 1025];
                let step = steps[usize::try_from(dice.below(6)).unwrap()];
                (boot, count) = match dice.below(2) {
                    0 => (last_boot, u32::saturating_sub(last_count, step)),
                    _ => (last_boot, last_count + step),
                };
            }
            last = Some((boot, count));
            let time = match dice.below(4) {
                0 => None,
                1 => Some(STARTED + 60),
                _ => Some(STARTED + 61),
            };
            if index == reopen_at {
                model.floor = Some(model.newest().max((boot, count)));
                model.boots.clear();
                model.cold_until = None;
            }
            messages.push(json!({
                "class": if index % 2 == 0 { "live" } else { "stored" }, "time": time, "boot": boot, "count": count,
                "reopen": index == reopen_at,
            }));
            verdicts.push(model.receive(time, boot, count));
        }
        let started = is_cold.then_some(STARTED);
        questions.push(
            json!({"ask": "judge", "started": started, "now": STARTED + 61, "messages": messages}),
        );
        expected.push(verdicts);
    }
    for verdict in ["fresh", "duplicate", "too-old", "closed", "old"] {
        let times = expected
            .iter()
            .flatten()
            .filter(|told| **told == verdict)
            .count();
        assert!(times > 100, "{verdict}: {times}");
    }
    let [(_, python), (_, node)] = ask(&questions);
    for (((question, python), node), expected) in
        questions.iter().zip(python).zip(node).zip(expected)
    {
        // Verdicts, and the stored text: one may take over from the other.
        assert_eq!(python, node, "{question}");
        let verdicts = python["verdicts"].as_array().unwrap();
        for (index, (told, expected)) in verdicts.iter().zip(expected).enumerate() {
            let fits = match expected {
                "old" => told == "duplicate" || told == "too-old",
                other => told == other,
            };
            assert!(fits, "{index}: {told} is not {expected}: {question}");
        }
    }
}

#[test]
fn marks_and_times() {
    let message = |class: &str, time: u32, boot: u32, count: u32| json!({"class": class, "time": time, "boot": boot, "count": count, "reopen": false});
    let messages = [
        message("retained", 1000, 5, 7),
        message("retained", 1000, 5, 7),
        message("retained", 1000, 5, 6),
        message("retained", 1000, 4, 9),
        message("retained", 1060, 6, 0),
        message("retained", 1061, 7, 0),
        message("retained", 1, 5, 9),
    ];
    let retained = json!({"ask": "judge", "started": 1000, "now": 1000, "messages": messages});
    let will = json!({"ask": "judge", "started": 1000, "now": 1000, "messages": [message("will", 10, 5, 7)]});
    let future = json!({"ask": "judge", "started": null, "now": 1000, "messages": [message("live", 1061, 5, 7)]});
    for (reader, answers) in ask(&[retained, will, future]) {
        let verdicts: Vec<&str> = answers
            .iter()
            .flat_map(|answer| answer["verdicts"].as_array().unwrap())
            .map(|verdict| verdict.as_str().unwrap())
            .collect();
        let expected = [
            "fresh",
            "fresh",
            "too-old",
            "too-old",
            "fresh",
            "from-the-future",
            "too-old",         // retained
            "fresh",           // will
            "from-the-future", // live
        ];
        assert_eq!(verdicts, expected, "{reader}");
    }
}

#[test]
fn key_files_are_private_and_keys_are_not_shown() {
    let path =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("reader-{}.key", std::process::id()));
    let key = "5a".repeat(32);
    let question = json!({"ask": "read_key", "path": path});
    let mut told = Vec::new();
    for (text, mode) in [
        (format!("{key}\n"), 0o600),
        (format!("{key}\n"), 0o640),
        (key.to_uppercase(), 0o600),
        (key[1..].into(), 0o600),
    ] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        told.push(ask(core::slice::from_ref(&question)));
    }
    fs::remove_file(&path).unwrap();
    for (index, answers) in told.into_iter().enumerate() {
        for (reader, answer) in answers {
            assert_eq!(
                answer[0].get("error").is_none(),
                index == 0,
                "{reader}: {answer:?}"
            );
            let shown = answer[0].to_string().to_lowercase();
            assert!(
                !shown.contains("5a5a") && !shown.contains("zzzz"),
                "{reader}: {shown}"
            );
        }
    }
}
