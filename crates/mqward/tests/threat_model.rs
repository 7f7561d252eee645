//! The tables of docs/threat-model.md: every attack has its row, and every test that they name exists.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn document() -> String {
    fs::read_to_string(root().join("docs/threat-model.md")).unwrap()
}

/// Whether `source` has a test function of this name: under `#[test]`, or in a `proptest!` block.
fn has_test(source: &str, name: &str) -> bool {
    let head = format!("fn {name}(");
    let Some((before, _)) = source.split_once(&head) else {
        return false;
    };
    before
        .lines()
        .rev()
        .map(str::trim)
        .skip_while(|line| line.is_empty() || line.starts_with("//"))
        .take_while(|line| line.starts_with("#[") || line.starts_with("//") || line.is_empty())
        .any(|line| line == "#[test]")
}

/// Every `path::name` between backticks.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    text.split('`')
        .filter_map(|code| code.split_once(".rs::"))
        .collect()
}

#[test]
fn every_test_that_the_threat_model_names_exists() {
    let document = document();
    let tests = named_tests(&document);
    assert!(tests.len() > 60, "only {} tests are named", tests.len());
    let missing: BTreeSet<String> = tests
        .iter()
        .filter(|(file, name)| {
            let source = root().join("crates").join(format!("{file}.rs"));
            !fs::read_to_string(source).is_ok_and(|source| has_test(&source, name))
        })
        .map(|(file, name)| format!("{file}.rs::{name}"))
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_attack_and_every_defect_has_one_row_with_a_test() {
    let document = document();
    let numbers = (1..=30)
        .map(|n| format!("A{n}"))
        .chain((1..=10).map(|n| format!("D{n}")));
    for number in numbers {
        let rows: Vec<&str> = document
            .lines()
            .filter(|line| line.starts_with(&format!("| {number} |")))
            .collect();
        let [row] = rows[..] else {
            panic!("{number} has {} rows", rows.len());
        };
        let applies = !row.contains("does not apply:");
        assert_eq!(applies, !named_tests(row).is_empty(), "{number}");
    }
}

#[test]
fn a_function_that_is_no_test_does_not_count() {
    let source = "#[test]\nfn real() {}\n\nfn helper() {}\n";
    assert!(has_test(source, "real"));
    assert!(!has_test(source, "helper"));
    assert!(!has_test(source, "gone"));
}
