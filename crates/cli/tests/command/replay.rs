//! `replay`, and `device reset-replay`.

use mqward::{Advance, Generation, Mark, UnixTime};
use mqward_broker::{ColdStart, ReplayJournal, ReplayStore};

use crate::bench::{Bench, ID};
use crate::mosquitto::POLICY;

fn mark(count: u32) -> Mark {
    Mark::new(Generation::FIRST, 1_760_000_001, count).unwrap()
}

fn at(secs: u64) -> UnixTime {
    UnixTime::from_secs(1_767_225_600 + secs).unwrap()
}

/// A store as a broker has it open: here one login was accepted.
fn store(bench: &Bench, name: &str) -> ReplayJournal {
    bench.run(&format!("replay init --store {name}"), "").ok();
    let cold = ColdStart::Strict {
        start: at(0),
        window_secs: 60,
    };
    let store = ReplayJournal::open(&bench.path(name), cold, at(0)).unwrap();
    assert_eq!(store.advance(ID, mark(7), Some(at(1))), Advance::Advanced);
    store
}

#[test]
fn marks_travel_from_one_broker_to_another() {
    let bench = Bench::new();
    let one = store(&bench, "one");
    bench.run("replay init --store one", "").fails(3, &["one"]);
    // While the broker runs.
    let csv = bench.run("replay export --store one", "").ok();
    assert_eq!(
        csv.text(),
        format!("client_id,generation,boot,count,known\n{ID},1,1760000001,7,at-least")
    );
    drop(one);
    bench.run("replay init --store two", "").ok();
    bench.run("replay merge --store two -", &csv.stdout).ok();
    // One request at a time; the broker takes it away when it has done it.
    bench
        .run("replay merge --store two -", &csv.stdout)
        .fails(3, &["two.request"]);
    let forget = format!("client_id,generation,boot,count,known\n{ID},,,,\n");
    bench
        .run("replay merge --store one -", forget)
        .fails(1, &["reset-replay"]);
    bench
        .run("replay merge --store one -", "client_id\n")
        .fails(1, &["line 1"]);
    bench
        .run("replay merge --store one missing", "")
        .fails(3, &["missing"]);
    bench.write("text", "x".repeat(500));
    bench
        .run("replay export --store text", "")
        .fails(3, &["text"]);
}

#[test]
fn a_counter_is_forgotten_on_a_workbench_alone() {
    let bench = crate::mosquitto::fleet();
    let _broker = store(&bench, "replay.journal");
    let reset = format!("device reset-replay --policy policy.toml {ID}");
    let replay = "cold_start = \"open\"\nfile = \"replay.journal\"";
    let strict = POLICY.replace("cold_start = \"open\"", "file = \"replay.journal\"");
    bench.write("policy.toml", strict);
    bench
        .run(&reset, "")
        .fails(1, &["not a policy for development", "device rotate"]);
    // Without a file there is nothing that a command could reach.
    bench.write("policy.toml", POLICY);
    bench.run(&reset, "").fails(1, &["memory alone"]);
    bench.write(
        "policy.toml",
        POLICY.replace("cold_start = \"open\"", replay),
    );
    bench
        .run(&reset.replace(ID, "op-ann"), "")
        .fails(1, &["no role with auth"]);
    assert!(!bench.path("replay.journal.request").exists());
    bench.run(&reset, "").ok();
    let request = String::from_utf8(bench.read("replay.journal.request")).unwrap();
    assert_eq!(request.lines().nth(1), Some(format!("{ID},,,,").as_str()));
}
