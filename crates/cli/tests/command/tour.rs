//! The README's tour, run as it stands there.

use std::process::Command;

use crate::bench::Bench;

#[test]
fn the_tour_of_the_readme_works() {
    let readme = include_str!("../../README.md");
    let script: String = readme
        .split("```sh\n")
        .skip(1)
        .map(|block| block.split("```").next().unwrap())
        .collect();
    assert!(script.lines().count() > 15, "the tour is there");
    // `set -e` takes no notice of `!`.
    let refused = "refused() { if \"$@\"; then return 1; fi; }\n";
    let script = refused.to_owned() + &script.replace("\n! ", "\nrefused ");
    let bench = Bench::new();
    let folder = bench.path("tour");
    std::fs::create_dir(&folder).unwrap();
    let bin = std::path::Path::new(env!("CARGO_BIN_EXE_mqward"))
        .parent()
        .unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-euxc", &script])
        .env("PATH", path)
        .current_dir(&folder)
        .output()
        .unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stdout}\n{stderr}");
    for word in [
        "accepted",
        "refused (outside-window)",
        "21.5",
        "\"verdict\":\"fresh\"",
        "\"verdict\":\"duplicate\"",
        "no mistakes",
        "valve on",
    ] {
        assert!(stdout.contains(word), "no {word:?} in:\n{stdout}");
    }
    let root = std::fs::read_to_string(folder.join("keys/root.key")).unwrap();
    assert!(!stdout.contains(root.trim()) && !stderr.contains(root.trim()));
}
