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
    // That the whole store forgets when the broker starts is no leave to forget one device.
    bench.run(&reset, "").fails(
        1,
        &["not for development", "development = true", "device rotate"],
    );
    let auth = "auth = \"mqward\"";
    let marked = POLICY.replacen(auth, &format!("{auth}\ndevelopment = true"), 1);
    // Without a file there is nothing that a command could reach.
    bench.write("policy.toml", &marked);
    bench.run(&reset, "").fails(1, &["memory alone"]);
    let kept = marked.replace("cold_start = \"open\"", "file = \"replay.journal\"");
    bench.write("policy.toml", &kept);
    bench
        .run(&reset.replace(ID, "op-ann"), "")
        .fails(1, &["no role with auth"]);
    // The registry's word counts, not what the id looks like.
    bench.run("registry init --registry registry.db", "").ok();
    bench
        .run(
            &format!("device add --registry registry.db {ID} --hw none --role other"),
            "",
        )
        .ok();
    let other = "[[role]]\nname = \"other\"\nauth = \"mqward\"\n\
        client_id = { prefix = \"other-\", chars = \"digits\", min = 7, max = 9 }\n";
    let registry = kept.replace("file = \"devices.csv\"", "registry = \"registry.db\"") + other;
    assert!(registry.contains("registry.db"));
    bench.write("policy.toml", registry);
    bench.run(&reset, "").fails(1, &["role \"other\""]);
    bench.write("policy.toml", kept);
    assert!(!bench.path("replay.journal.request").exists());
    bench.run(&reset, "").ok();
    let request = String::from_utf8(bench.read("replay.journal.request")).unwrap();
    assert_eq!(request.lines().nth(1), Some(format!("{ID},,,,").as_str()));
}

#[test]
fn a_store_of_a_whole_disk_put_back_is_declared_to_be_one() {
    let bench = crate::mosquitto::fleet();
    let restored = "replay declare-restored --policy policy.toml --json";
    bench.run(restored, "").fails(1, &["memory alone"]);
    let kept = POLICY.replace("cold_start = \"open\"", "file = \"replay.journal\"");
    bench.write("policy.toml", kept);
    let running = store(&bench, "replay.journal");
    bench.run(restored, "").fails(3, &["Stop the broker"]);
    drop(running);
    let until = bench.run(restored, "").ok().json()["not_before"]
        .as_u64()
        .unwrap();
    assert!(until > 1_767_225_600);
    let cold = ColdStart::Strict {
        start: at(9),
        window_secs: 60,
    };
    let store = ReplayJournal::open(&bench.path("replay.journal"), cold, at(9)).unwrap();
    let early = UnixTime::from_secs(until);
    let late = UnixTime::from_secs(until + 1);
    assert_eq!(store.advance(ID, mark(8), early), Advance::Unavailable);
    assert_eq!(store.advance(ID, mark(8), None), Advance::Unavailable);
    assert_eq!(
        store.advance(ID, mark(7), late),
        Advance::Same,
        "marks hold"
    );
    assert_eq!(store.advance(ID, mark(8), late), Advance::Advanced);
}
