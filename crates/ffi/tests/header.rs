//! `include/mqward.h`: generated, committed, and clean under every C compiler that is installed.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    unsafe_code,
    reason = "a test stops at the first surprise"
)]

mod support;

use std::fs;

use support::{HOST, STRICT, header, installed, root, run, scratch};

/// The sections of the header, in its order.
const SECTIONS: [&str; 19] = [
    "version",
    "status",
    "status_text",
    "wipe",
    "device",
    "key",
    "blob",
    "boot",
    "resume",
    "clock",
    "password",
    "header",
    "receipt",
    "sealer",
    "opener",
    "window",
    "mark",
    "cose",
    "topic",
];

/// The sections for brokers, after the device's.
const GATE_SECTIONS: [&str; 4] = ["role", "verdict", "login", "gate"];

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("crates/ffi/cbindgen.toml")).unwrap();
    let mut builder = cbindgen::Builder::new().with_config(config);
    for section in SECTIONS.iter().chain(&GATE_SECTIONS) {
        builder = builder.with_src(root().join(format!("crates/ffi/src/{section}.rs")));
    }
    let mut text = Vec::new();
    builder.generate().unwrap().write(&mut text);
    String::from_utf8(text).unwrap()
}

/// `MQWARD_WRITE=1 cargo test -p mqward-ffi --test header` writes it.
#[test]
fn the_committed_header_is_what_the_doc_comments_say() {
    let generated = generated();
    let path = root().join("include/mqward.h");
    if std::env::var_os("MQWARD_WRITE").is_some() {
        fs::write(&path, &generated).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    for (line, (is, should)) in committed.lines().zip(generated.lines()).enumerate() {
        assert_eq!(
            is,
            should,
            "line {}; write it anew with MQWARD_WRITE=1",
            line + 1
        );
    }
    assert_eq!(committed.lines().count(), generated.lines().count());
}

/// Freestanding too, by each compiler that is installed.
#[test]
fn every_compiler_accepts_the_header_alone() {
    let source = scratch("header").join("alone.c");
    fs::write(
        &source,
        "#include \"mqward.h\"\n#include \"mqward.h\"\nint unused;\n",
    )
    .unwrap();
    let include = root().join("include").into_os_string();
    let object = scratch("header").join("alone.o").into_os_string();
    let mut cases: Vec<(&str, &str, &[&str])> = HOST
        .iter()
        .map(|dialect| (dialect.compiler, dialect.standard, dialect.extra))
        .collect();
    for cross in ["arm-none-eabi-gcc", "riscv64-unknown-elf-gcc"] {
        cases.extend(["-std=c99", "-std=c11"].map(|standard| (cross, standard, [].as_slice())));
    }
    for (compiler, standard, extra) in cases {
        // The RISC-V compiler comes without a C library.
        let modes: &[&str] = if compiler.ends_with("elf-gcc") {
            &["-ffreestanding"]
        } else {
            &["-O1", "-ffreestanding"]
        };
        if !installed(compiler) {
            continue;
        }
        for mode in modes {
            let mut command: Vec<_> = STRICT.iter().chain(extra).map(Into::into).collect();
            command.extend([
                standard.into(),
                (*mode).into(),
                "-I".into(),
                include.clone(),
            ]);
            command.extend([
                "-c".into(),
                source.clone().into_os_string(),
                "-o".into(),
                object.clone(),
            ]);
            run(compiler, command);
        }
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    let part = |name: &str| -> u32 {
        let line = format!("#define MQWARD_VERSION_{name} ");
        let header = header();
        let value = header
            .lines()
            .find_map(|text| text.strip_prefix(&line))
            .unwrap();
        value.parse().unwrap()
    };
    let (major, minor, patch) = (part("MAJOR"), part("MINOR"), part("PATCH"));
    assert_eq!(
        format!("{major}.{minor}.{patch}"),
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(part("NUMBER"), major << 16 | minor << 8 | patch);
    assert_eq!(mqward::mqward_version(), part("NUMBER"));
}

/// Each code has a number and a text of its own.
#[test]
fn every_status_has_a_text() {
    let header = header();
    let codes: Vec<i32> = header
        .lines()
        .filter_map(|line| line.strip_prefix("#define MQWARD_ERR_")?.split_once(' '))
        .map(|(_, number)| number.parse().unwrap())
        .collect();
    assert!(codes.len() > 80);
    let mut texts = vec!["success".to_owned(), "unknown status".to_owned()];
    for code in codes {
        // SAFETY: a static string that ends with NUL.
        let text = unsafe { std::ffi::CStr::from_ptr(mqward::mqward_status_str(code)) };
        let text = text.to_str().unwrap().to_owned();
        assert!(!texts.contains(&text), "{code}: {text}");
        texts.push(text);
    }
}
