//! `fleet init`.

use mqward::Root;

use crate::bench::{Bench, unhex};

const FILES: [&str; 4] = ["root.key", "auth_root.key", "up_root.key", "down_root.key"];

#[test]
fn makes_four_keys_that_belong_together_and_prints_none() {
    let bench = Bench::new();
    let ran = bench.run("fleet init --dir new/keys", "").ok();
    let mut keys = Vec::new();
    for file in FILES {
        let path = format!("new/keys/{file}");
        assert!(ran.text().contains(&path));
        assert_eq!(bench.mode(&path), 0o600);
        let text = String::from_utf8(bench.read(&path)).unwrap();
        assert_eq!(text.len(), 65);
        let digits = text.strip_suffix('\n').unwrap();
        assert!(
            digits
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        );
        assert!(!ran.text().contains(digits));
        keys.push(unhex(digits));
    }
    assert_eq!(bench.mode("new/keys"), 0o700);
    let root = Root::try_from_slice(&keys[0]).unwrap();
    assert_eq!(keys[1], root.auth().expose());
    assert_eq!(keys[2], root.up().expose());
    assert_eq!(keys[3], root.down().expose());

    let other = bench.run("--json fleet init --dir other", "").ok();
    assert_eq!(other.json()[0]["file"], "other/root.key");
    assert_ne!(
        bench.read("other/root.key"),
        bench.read("new/keys/root.key")
    );
}

#[test]
fn never_overwrites_a_key() {
    let bench = Bench::new();
    for survivor in FILES {
        let dir = format!("only-{survivor}");
        std::fs::create_dir(bench.path(&dir)).unwrap();
        bench.write(&format!("{dir}/{survivor}"), "precious");
        bench
            .run(&format!("fleet init --dir {dir}"), "")
            .fails(3, &["is there already", survivor]);
        let left: Vec<_> = std::fs::read_dir(bench.path(&dir)).unwrap().collect();
        assert_eq!(left.len(), 1, "no other key was written");
        assert_eq!(bench.read(&format!("{dir}/{survivor}")), b"precious");
    }
    bench.write("file", "");
    bench
        .run("fleet init --dir file/keys", "")
        .fails(3, &["file/keys"]);
    bench.run("fleet init", "").fails(2, &["--dir"]);
}
