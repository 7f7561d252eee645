//! The vectors as C arrays.

#[path = "topic_tables.rs"]
mod topic_tables;

use core::fmt::Write;
use std::collections::HashMap;
use std::fs;

use mqward_vectors as vectors;
use vectors::{
    BitMatrix, Class, ClockRule, Direction, LoginOutcome, OpeningOutcome, ReplayAdvance,
    StartOutcome,
};

use crate::support::scratch;

/// A C header under construction: byte strings first, tables that point to them behind.
#[derive(Default)]
struct Tables {
    strings: String,
    tables: String,
    known: HashMap<Vec<u8>, usize>,
}

impl Tables {
    /// A `struct bytes` of these bytes; an empty one is `(NULL, 0)`.
    fn bytes(&mut self, bytes: impl AsRef<[u8]>) -> String {
        let bytes = bytes.as_ref();
        if bytes.is_empty() {
            return "{NULL,0}".to_owned();
        }
        let next = self.known.len();
        let number = *self.known.entry(bytes.to_vec()).or_insert(next);
        if number == next {
            let list: Vec<String> = bytes.iter().map(u8::to_string).collect();
            writeln!(
                self.strings,
                "static const uint8_t b{number}[] = {{{}}};",
                list.join(",")
            )
            .unwrap();
        }
        format!("{{b{number},{}}}", bytes.len())
    }

    /// The row of a matrix as bits.
    fn row(&mut self, matrix: &BitMatrix, row: usize, columns: usize) -> String {
        let mut bits = vec![0_u8; columns.div_ceil(8)];
        for column in 0..columns {
            bits[column / 8] |= u8::from(matrix.get(row, column).unwrap()) << (7 - column % 8);
        }
        self.bytes(bits)
    }

    /// A table of this struct, one element a row.
    fn table(&mut self, kind: &str, name: &str, rows: &[String]) {
        assert!(!rows.is_empty(), "{name}");
        let rows = rows.join(",\n");
        writeln!(
            self.tables,
            "static const struct {kind} {name}[] = {{\n{rows}\n}};"
        )
        .unwrap();
    }
}

fn up(direction: Direction) -> u8 {
    u8::from(direction == Direction::Up)
}

fn keys(out: &mut Tables) {
    let (mut trees, mut seeds, mut login_keys, mut sender_keys) = (vec![], vec![], vec![], vec![]);
    for tree in vectors::keys().trees {
        let roots = [tree.root, tree.auth_root, tree.up_root, tree.down_root];
        trees.push(format!(
            "{{{}}}",
            roots.map(|root| out.bytes(root)).join(",")
        ));
        for keys in tree.devices {
            let root = out.bytes(tree.root);
            let id = out.bytes(&keys.client_id);
            let all = [keys.auth_seed, keys.up_seed, keys.down_seed].map(|seed| out.bytes(seed));
            seeds.push(format!(
                "{{{root},{id},{},{}}}",
                all.join(","),
                keys.generation
            ));
            for case in keys.login_keys {
                let (hardware, audience) =
                    (out.bytes(&case.hardware_id), out.bytes(&case.audience));
                let (seed, key) = (out.bytes(keys.auth_seed), out.bytes(case.login_key));
                login_keys.push(format!("{{{seed},{hardware},{audience},{key}}}"));
            }
            for case in keys.sender_keys {
                let up = up(case.direction);
                let seed = out.bytes(if up == 1 {
                    keys.up_seed
                } else {
                    keys.down_seed
                });
                let (hardware, key) = (out.bytes(&case.hardware_id), out.bytes(case.sender_key));
                sender_keys.push(format!(
                    "{{{seed},{hardware},{key},{},{up},{}}}",
                    case.rboot, case.sender
                ));
            }
        }
    }
    out.table("tree_case", "trees", &trees);
    out.table("seed_case", "seeds", &seeds);
    out.table("login_key_case", "login_keys", &login_keys);
    out.table("sender_key_case", "sender_keys", &sender_keys);
}

fn passwords(out: &mut Tables) {
    let mut rows = vec![];
    for case in vectors::passwords().passwords {
        let (key, id, text) = (
            out.bytes(case.login_key),
            out.bytes(&case.client_id),
            out.bytes(&case.text),
        );
        let numbers =
            [case.time, case.boot, case.count, case.generation.into()].map(|it| format!("{it}u"));
        rows.push(format!(
            "{{{key},{id},{text},UINT64_C({}),{}}}",
            case.mark,
            numbers.join(",")
        ));
    }
    out.table("password_case", "password_cases", &rows);
    let mut rows = vec![];
    for case in vectors::failures().logins {
        let it = case.verifier;
        let texts = [
            case.text.as_bytes(),
            &it.root,
            it.client_id.as_bytes(),
            &it.known_generations,
            &it.hardware_id,
            it.audience.as_bytes(),
        ];
        let (status, mark, skew) = match case.outcome {
            LoginOutcome::Malformed => ("PASSWORD", 0, 0),
            LoginOutcome::Unknown => ("UNKNOWN_DEVICE", 0, 0),
            LoginOutcome::Tag => ("WRONG_TAG", 0, 0),
            LoginOutcome::Window { .. } => ("OUTSIDE_WINDOW", 0, 0),
            LoginOutcome::Clock => ("NO_CLOCK", 0, 0),
            LoginOutcome::Replay {
                advance: ReplayAdvance::Same,
                ..
            } => ("REPLAYED", 0, 0),
            LoginOutcome::Replay {
                advance: ReplayAdvance::Behind,
                ..
            } => ("COUNTER_WENT_BACK", 0, 0),
            LoginOutcome::Accepted { mark, skew } => ("OK", mark, skew.unwrap_or(0)),
        };
        let clock = u8::from(it.clock == ClockRule::Accepted);
        rows.push(format!(
            "{{{},UINT64_C({}),UINT64_C({mark}),{skew},{}u,{},{},{clock}}}",
            texts.map(|text| out.bytes(text)).join(","),
            it.stored_mark.unwrap_or(0),
            it.now,
            code(status),
            it.window,
        ));
    }
    out.table("login_case", "login_cases", &rows);
}

fn code(name: &str) -> String {
    if name == "OK" {
        "MQWARD_OK".to_owned()
    } else {
        format!("MQWARD_ERR_{name}")
    }
}

fn sealed(out: &mut Tables) {
    let mut rows = vec![];
    for case in vectors::sealed().messages {
        let class = match case.class {
            Class::Live => 0,
            Class::Retained => 1,
            Class::Will => 2,
            Class::Stored => 3,
        };
        let (topic, payload) = (case.topic.to_text(), case.payload.to_vec());
        let texts = [
            &case.root,
            case.client_id.as_bytes(),
            &case.hardware_id,
            topic.as_bytes(),
            &payload,
            &case.sealed,
        ];
        let numbers =
            [case.device_boot, case.time_or_salt, case.boot, case.count].map(|it| format!("{it}u"));
        rows.push(format!(
            "{{{},{},{},{class},{},{},{}}}",
            texts.map(|text| out.bytes(text)).join(","),
            numbers.join(","),
            up(case.direction),
            u8::from(case.has_clock),
            case.generation,
            case.sender
        ));
    }
    out.table("sealed_case", "sealed_cases", &rows);
    let (mut openings, mut shapes) = (vec![], vec![]);
    let failures = vectors::failures();
    for case in failures.openings {
        let it = case.opener;
        let (status, payload) = match case.outcome {
            OpeningOutcome::Frame => ("FRAME", vec![]),
            OpeningOutcome::WrongKey => ("OTHER_KEY", vec![]),
            OpeningOutcome::Refused => ("REFUSED", vec![]),
            OpeningOutcome::Opened { payload } => ("OK", payload),
        };
        let texts = [
            &it.root,
            it.client_id.as_bytes(),
            &it.hardware_id,
            case.topic.as_bytes(),
            &case.sealed,
            &payload,
        ];
        openings.push(format!(
            "{{{},{}u,{},{},{},{}}}",
            texts.map(|text| out.bytes(text)).join(","),
            it.device_boot,
            code(status),
            up(it.direction),
            it.generation,
            it.sender
        ));
    }
    for case in failures.shapes {
        let payload = out.bytes(case.payload);
        shapes.push(format!(
            "{{{payload},{},{}}}",
            u8::from(case.retain),
            u8::from(case.sealed)
        ));
    }
    out.table("opening_case", "opening_cases", &openings);
    out.table("shape_case", "shape_cases", &shapes);
}

fn cose(out: &mut Tables) {
    let file = vectors::cose();
    let pairs: Vec<String> = file
        .pairs
        .iter()
        .map(|pair| {
            format!(
                "{{{},{}}}",
                out.bytes(pair.sealed()),
                out.bytes(pair.cose())
            )
        })
        .collect();
    out.table("cose_case", "cose_pairs", &pairs);
    let full: Vec<String> = file
        .refused_full
        .iter()
        .map(|it| format!("{{{},1}}", out.bytes(&it.cose)))
        .collect();
    out.table("text_case", "refused_full", &full);
    let compact: Vec<String> = file
        .refused_compact
        .iter()
        .map(|it| format!("{{{},1}}", out.bytes(&it.sealed)))
        .collect();
    out.table("text_case", "refused_compact", &compact);
}

fn blobs(out: &mut Tables) {
    let file = vectors::blobs();
    let mut rows = vec![];
    for case in file.blobs {
        let texts = [
            case.client_id.as_bytes(),
            &case.auth_seed,
            &case.up_seed,
            &case.down_seed,
            &case.blob,
        ];
        let texts = texts.map(|text| out.bytes(text)).join(",");
        rows.push(format!("{{{texts},{}}}", case.generation));
    }
    out.table("blob_case", "blob_cases", &rows);
    let refused: Vec<String> = file
        .refused_blobs
        .iter()
        .map(|it| format!("{{{},1}}", out.bytes(&it.blob)))
        .collect();
    out.table("text_case", "refused_blobs", &refused);
    let mut rows = vec![];
    for case in file.starts {
        let (after, boot, status) = match case.outcome {
            StartOutcome::Started {
                boot,
                slot_a,
                slot_b,
            } => ([slot_a, slot_b], boot, "OK"),
            StartOutcome::Missing => ([case.slot_a, case.slot_b], 0, "NO_BOOT_RECORD"),
            StartOutcome::UsedUp => ([case.slot_a, case.slot_b], 0, "BOOTS_EXHAUSTED"),
        };
        let slots = [case.slot_a, case.slot_b, after[0], after[1]].map(|slot| out.bytes(slot));
        rows.push(format!("{{{},{boot}u,{}}}", slots.join(","), code(status)));
    }
    out.table("start_case", "start_cases", &rows);
}

/// Writes `vectors.h` where the C programs look for it.
pub(crate) fn write() {
    let mut out = Tables::default();
    keys(&mut out);
    passwords(&mut out);
    sealed(&mut out);
    cose(&mut out);
    blobs(&mut out);
    topic_tables::topics(&mut out);
    topic_tables::acl(&mut out);
    fs::write(scratch("c").join("vectors.h"), out.strings + &out.tables).unwrap();
}
