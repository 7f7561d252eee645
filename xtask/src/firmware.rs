//! `cargo xtask firmware`: the device on five emulated cores, in C and in Rust, and the proof that it cannot panic.

use std::fs;
use std::path::Path;

use mqward::{BOOT_SLOT_LEN, BootRecord, UnixTime};
use mqward_vectors::{Direction, OpeningOutcome, SealedMessage};

use crate::board::{BOARDS, Board, Build, Printed, ready};
use crate::command::{Failure, root};
use crate::sysroot::Toolchain;

/// Bytes of the emulated flash.
const FLASH_LEN: usize = 512;
/// The longest topic and payload that the smallest board takes.
const MAX_TOPIC_LEN: usize = 300;
const MAX_BODY_LEN: usize = 1100;
/// What the panic handler of the link gate calls.
const NOBODY_DEFINES: &str = "mqward_a_panic_is_reachable";
/// The name of the vectors that are the one device of this firmware.
const DESIGN: &str = "design";
/// What the devices print beside the lines that have vectors.
const EVENTS: [&str; 8] = [
    "command again: dropped",
    "tampered command: refused",
    "command on another topic: refused",
    "boot 68e77802",
    "command from before the reboot: refused",
    "erased boot record: refused",
    "corrupt boot record: refused",
    "broken flash: refused",
];

pub(crate) fn run() -> Result<(), Failure> {
    let toolchain = ready()?;
    let vectors = write_inputs()?;
    let device = expected_device()?;
    for board in &BOARDS {
        let library = board.library(&toolchain, Build::SMALL, "panic-handler")?;
        compare(
            board,
            "device in C",
            &board.run(&board.c_program("device", &library)?)?,
            &device,
        )?;
        compare(
            board,
            "vectors in C",
            &board.run(&board.c_program("vectors", &library)?)?,
            &vectors,
        )?;
        let elf = board.rust_device(&toolchain, Build::SMALL, "")?;
        compare(board, "device in Rust", &board.run(&elf)?, &device)?;
        no_panic(board, &toolchain)?;
    }
    eprintln!(
        "firmware: {} cores, {} vectors each, no panic reachable",
        BOARDS.len(),
        vectors.len()
    );
    Ok(())
}

/// Links every function of the library, and the device in Rust, with a panic handler that calls what does not exist.
fn no_panic(board: &Board, toolchain: &Toolchain) -> Result<(), Failure> {
    for build in [
        Build::SMALL,
        Build {
            opt_level: "3",
            compact: true,
        },
    ] {
        let library = board.library(toolchain, build, "link-gate")?;
        let functions = functions(board, &library)?;
        let undefined = board.undefined(&functions, &library)?;
        if !undefined.is_empty() {
            return Err(format!(
                "a panic is reachable on {} at opt-level {}:\n{}",
                board.core,
                build.opt_level,
                undefined.join("\n")
            )
            .into());
        }
        board.rust_device(toolchain, build, "link-gate")?;
    }
    // The gate itself: a device that can panic must not link, and for no other reason.
    let said = board.rust_device_failure(toolchain, Build::SMALL, "planted-panic")?;
    if !said.contains(NOBODY_DEFINES) {
        return Err(format!(
            "the link gate let a planted panic through on {}:\n{said}",
            board.core
        )
        .into());
    }
    eprintln!(
        "{}: no panic is reachable at opt-level s and 3; a planted one did not link",
        board.core
    );
    Ok(())
}

/// The exported functions of a library.
pub(crate) fn functions(board: &Board, library: &Path) -> Result<Vec<String>, Failure> {
    let output = board
        .tool("nm")
        .args(["--defined-only", "--extern-only"])
        .arg(library)
        .output()?;
    let mut names: Vec<String> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .filter(|name| name.starts_with("mqward_"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    if names.is_empty() {
        return Err(format!("{} exports nothing", library.display()).into());
    }
    Ok(names)
}

/// Line by line, so that an error names the line.
fn compare(
    board: &Board,
    program: &str,
    printed: &Printed,
    expected: &[Line],
) -> Result<(), Failure> {
    let at = |index: usize| printed.lines.get(index).map_or("", String::as_str);
    let wrong = |(index, line): &(usize, &Line)| !line.accepts(at(*index));
    if let Some((index, line)) = expected.iter().enumerate().find(wrong) {
        return Err(format!(
            "{program} on {}: line {} ({}) is\n  {}\nand not\n  {}",
            board.core,
            index + 1,
            line.name,
            at(index),
            line.text
        )
        .into());
    }
    if printed.lines.len() != expected.len() || printed.status != 0 {
        return Err(format!(
            "{program} on {}: exit status {}, {} lines instead of {}: {:?}",
            board.core,
            printed.status,
            printed.lines.len(),
            expected.len(),
            printed.lines.last()
        )
        .into());
    }
    eprintln!(
        "{}: {program}: {} lines as they should be",
        board.core,
        expected.len()
    );
    Ok(())
}

/// What a line must be, or begin with where no vector knows more.
struct Line {
    name: String,
    text: String,
    whole: bool,
}

impl Line {
    fn whole(name: &str, text: String) -> Self {
        Self {
            name: name.to_owned(),
            text,
            whole: true,
        }
    }

    fn accepts(&self, line: &str) -> bool {
        if self.whole {
            line == self.text
        } else {
            line.starts_with(&self.text)
        }
    }
}

/// What a device prints: the eighth password and the eighth payload have vectors, the command has one.
fn expected_device() -> Result<Vec<Line>, Failure> {
    let passwords = mqward_vectors::passwords();
    let password = passwords
        .passwords
        .iter()
        .find(|password| password.name == DESIGN)
        .ok_or("no password")?;
    let sealed = message(DESIGN)?;
    let command = message("down-live")?;
    let mut lines = vec![
        Line::whole("client id", format!("client {}", password.client_id)),
        Line::whole("first boot", format!("boot {:08x}", password.boot)),
    ];
    let eighth = |label: &str, text: String, lines: &mut Vec<Line>| {
        for _ in 0..7 {
            lines.push(Line {
                name: label.to_owned(),
                text: format!("{label} "),
                whole: false,
            });
        }
        lines.push(Line::whole(DESIGN, format!("{label} {text}")));
    };
    eighth("password", password.text.clone(), &mut lines);
    eighth("sealed", hex(&sealed.sealed), &mut lines);
    lines.push(Line::whole(
        "down-live",
        format!("command {}", hex(&command.payload.to_vec())),
    ));
    lines.extend(EVENTS.map(|event| Line::whole("event", event.to_owned())));
    Ok(lines)
}

fn message(name: &str) -> Result<SealedMessage, Failure> {
    let found = mqward_vectors::sealed()
        .messages
        .into_iter()
        .find(|message| message.name == name);
    found.ok_or_else(|| format!("there is no vector {name}").into())
}

/// Writes flash, command and vectors for the devices from the project's vectors; returns the right answers.
fn write_inputs() -> Result<Vec<Line>, Failure> {
    let blobs = mqward_vectors::blobs();
    let blob = blobs
        .blobs
        .iter()
        .find(|blob| blob.name == DESIGN)
        .ok_or("no blob")?;
    let boot = message(DESIGN)?.boot;
    let mut flash = [slot(boot, 1)?, slot(boot, 2)?].concat();
    flash.extend(&blob.blob);
    flash.resize(FLASH_LEN, 0xff);
    let (records, answers) = records(boot)?;
    for (name, contents) in [
        ("flash.bin", flash),
        ("command.bin", message("down-live")?.sealed),
        ("vectors.bin", records),
    ] {
        let path = root().join("bindings/firmware/inputs").join(name);
        if fs::read(&path).ok().as_ref() != Some(&contents) {
            fs::write(&path, contents)?;
            eprintln!("bindings/firmware/inputs/{name} was not up to date: written anew");
        }
    }
    Ok(answers)
}

/// A slot as it stands before a boot: with the boot that was so many before it.
fn slot(boot: u32, before: u32) -> Result<[u8; BOOT_SLOT_LEN], Failure> {
    let earlier = boot.checked_sub(before).ok_or("the first boot of all")?;
    let number = UnixTime::from_secs(u64::from(earlier)).ok_or("boot 0")?;
    Ok(BootRecord::first_slot(number))
}

/// One question to the device: see `c/vectors.c` for the form.
struct Record<'a> {
    kind: u8,
    class: u8,
    clock: bool,
    sender: u8,
    time: u32,
    number: u32,
    topic: &'a str,
    body: &'a [u8],
}

impl Record<'_> {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), Failure> {
        out.extend([self.kind, self.class, u8::from(self.clock), self.sender]);
        out.extend(self.time.to_be_bytes());
        out.extend(self.number.to_be_bytes());
        out.extend(u16::try_from(self.topic.len())?.to_be_bytes());
        out.extend(u16::try_from(self.body.len())?.to_be_bytes());
        out.extend(self.topic.as_bytes());
        out.extend(self.body);
        Ok(())
    }
}

/// The vectors that concern the one device, as records and answers.
fn records(boot: u32) -> Result<(Vec<u8>, Vec<Line>), Failure> {
    let design = message(DESIGN)?;
    let mut out = Vec::new();
    let mut answers = Vec::new();
    for password in mqward_vectors::passwords().passwords {
        let ours = password.root == design.root
            && password.client_id == design.client_id
            && password.generation == design.generation
            && password.hardware_id == design.hardware_id
            && password.audience == "mqtt.example.com"
            && password.boot == boot
            && password.count < 100;
        if ours {
            let record = Record {
                kind: 1,
                class: 0,
                clock: password.time != 0,
                sender: 0,
                time: password.time,
                number: password.count,
                topic: "",
                body: &[],
            };
            record.write(&mut out)?;
            answers.push(Line::whole(&password.name, password.text));
        }
    }
    for message in mqward_vectors::sealed().messages {
        let (topic, payload) = (message.topic.to_text(), message.payload.to_vec());
        let ours = message.root == design.root
            && message.client_id == design.client_id
            && message.generation == design.generation
            && message.hardware_id == design.hardware_id
            && topic.len() <= MAX_TOPIC_LEN
            && payload.len() <= MAX_BODY_LEN;
        if !ours {
            continue;
        }
        let up = message.direction == Direction::Up;
        if up && message.boot == boot && message.count < 100 {
            let record = Record {
                kind: 2,
                class: message.class as u8,
                clock: message.has_clock,
                sender: message.sender,
                time: message.time_or_salt,
                number: message.count,
                topic: &topic,
                body: &payload,
            };
            record.write(&mut out)?;
            answers.push(Line::whole(&message.name, hex(&message.sealed)));
        }
        let record = Record {
            kind: if up { 3 } else { 4 },
            class: 0,
            clock: false,
            sender: message.sender,
            time: 0,
            number: message.device_boot,
            topic: &topic,
            body: &message.sealed,
        };
        record.write(&mut out)?;
        answers.push(Line::whole(&message.name, hex(&payload)));
    }
    for opening in mqward_vectors::failures().openings {
        let opener = &opening.opener;
        let ours = opener.root == design.root
            && opener.client_id == design.client_id
            && opener.generation == design.generation
            && opener.hardware_id == design.hardware_id
            && opening.sealed.len() <= MAX_BODY_LEN;
        if !ours {
            continue;
        }
        let record = Record {
            kind: if opener.direction == Direction::Up {
                3
            } else {
                4
            },
            class: 0,
            clock: false,
            sender: opener.sender,
            time: 0,
            number: opener.device_boot,
            topic: &opening.topic,
            body: &opening.sealed,
        };
        record.write(&mut out)?;
        let answer = match &opening.outcome {
            OpeningOutcome::Frame => "frame".to_owned(),
            OpeningOutcome::WrongKey => "other key".to_owned(),
            OpeningOutcome::Refused => "refused".to_owned(),
            OpeningOutcome::Opened { payload } => hex(payload),
        };
        answers.push(Line::whole(&opening.name, answer));
    }
    Ok((out, answers))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
