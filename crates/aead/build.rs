//! Whether the compiler has the vector intrinsics of AVX-512 (Rust 1.89).

use std::env;
use std::process::Command;

/// The first minor version that has them.
const FIRST_MINOR: u32 = 89;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(mqward_simd)");
    let wanted = env::var_os("CARGO_FEATURE_SIMD").is_some();
    let x86_64 = env::var_os("CARGO_CFG_TARGET_ARCH").is_some_and(|arch| arch == "x86_64");
    if wanted && x86_64 && minor_version().is_some_and(|minor| minor >= FIRST_MINOR) {
        println!("cargo::rustc-cfg=mqward_simd");
    }
}

/// Of `rustc 1.95.0 (…)`: 95.
fn minor_version() -> Option<u32> {
    let output = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let mut numbers = text.split_whitespace().nth(1)?.split('.');
    match (numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?) {
        (1u32, minor) => Some(minor),
        _ => None,
    }
}
