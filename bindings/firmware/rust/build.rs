//! Chooses the linker script of the target's board.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=../board");
    let script = match env::var("TARGET").unwrap_or_default().as_str() {
        "thumbv6m-none-eabi" => "microbit.ld",
        "thumbv7m-none-eabi" | "thumbv7em-none-eabihf" => "mps2.ld",
        "thumbv8m.main-none-eabi" => "an505.ld",
        "riscv32imc-unknown-none-elf" => "virt.ld",
        other => panic!("no board for {other}: give one of the targets in .cargo/config.toml"),
    };
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
    println!("cargo::rustc-link-search={here}/../board");
    println!("cargo::rustc-link-arg-bins=-T{script}");
    println!("cargo::rustc-link-arg-bins=--gc-sections");
}
