//! All C programs on a 32-bit big-endian machine, in QEMU.
//!
//! Left out of an ordinary run, since it builds `std` for that machine (two minutes): `cargo xtask machines` installs what
//! it needs and runs it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;
#[path = "support/vectors_header.rs"]
mod vectors_header;

use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Dialect, build, root, run, scratch};

const TARGET: &str = "powerpc-unknown-linux-gnu";

const POWERPC: Dialect = Dialect {
    compiler: "powerpc-linux-gnu-gcc",
    standard: "-std=c11",
    extra: &[],
};

/// The static library for that machine, by Debian's compiler, which comes with the source of its `std`.
fn library() -> PathBuf {
    let target = scratch("big-endian");
    let mut cargo = Command::new("/usr/bin/cargo");
    cargo
        .args([
            "rustc",
            "--quiet",
            "--locked",
            "--package",
            "mqward-ffi",
            "--lib",
        ])
        .args([
            "--crate-type",
            "staticlib",
            "-Zbuild-std",
            "--target",
            TARGET,
            "--target-dir",
        ])
        .arg(&target)
        .current_dir(root())
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("RUSTUP_TOOLCHAIN")
        .env(
            "CARGO_TARGET_POWERPC_UNKNOWN_LINUX_GNU_LINKER",
            POWERPC.compiler,
        );
    assert!(cargo.status().unwrap().success());
    target.join(TARGET).join("debug/libmqward.a")
}

fn pass(name: &str, library: &Path) {
    let program = build(name, POWERPC, &[], library);
    run(
        "qemu-ppc",
        ["-L", "/usr/powerpc-linux-gnu", program.to_str().unwrap()],
    );
}

#[test]
#[ignore = "builds std for another machine; see the top of this file"]
fn c_programs_pass_on_a_big_endian_machine() {
    vectors_header::write();
    let library = library();
    for name in [
        "test_flow",
        "test_gate",
        "test_null",
        "test_null_gate",
        "test_sizes",
        "test_vectors",
    ] {
        pass(name, &library);
    }
}
