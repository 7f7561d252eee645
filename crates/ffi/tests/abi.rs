//! What programs that were compiled yesterday rely on: exported symbols and struct layouts, against committed lists.
//!
//! `MQWARD_WRITE=1 cargo test -p mqward-ffi --test abi` writes the lists anew. A line that goes or changes breaks
//! programs: it takes another major version. A line that comes does not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use core::fmt::Write;
use core::mem::{align_of, size_of};
use std::fs;

use support::{functions, header, installed, libraries, root, run, scratch};

/// Compares a list with the committed one, or writes it.
fn compare(name: &str, list: &str) {
    let path = root().join("crates/ffi/tests/abi").join(name);
    if std::env::var_os("MQWARD_WRITE").is_some() {
        fs::write(&path, list).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    for line in committed.lines() {
        assert!(list.lines().any(|is| is == line), "gone or changed: {line}");
    }
    for line in list.lines() {
        assert!(
            committed.lines().any(|was| was == line),
            "new, so write the list anew: {line}"
        );
    }
}

#[test]
fn the_shared_library_exports_the_header_and_nothing_else() {
    let library = libraries().join("libmqward.so");
    let table = run(
        "nm",
        [
            "-D",
            "--defined-only",
            "--format=posix",
            library.to_str().unwrap(),
        ],
    );
    let mut exported: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    exported.sort_unstable();
    assert_eq!(exported, functions());
    compare("symbols.txt", &(exported.join("\n") + "\n"));
}

/// Name and members of each struct of the header.
fn structs() -> Vec<(String, Vec<String>)> {
    let header = header();
    let mut found = Vec::new();
    for text in header.split("typedef struct ").skip(1) {
        let (name, rest) = text.split_once(" {\n").unwrap();
        let (body, _) = rest.split_once(&format!("}} {name};")).unwrap();
        let mut code = String::new();
        for part in body.split("/**") {
            code += part.split_once("*/").map_or(part, |(_, code)| code);
        }
        let members = code
            .split(';')
            .map(str::trim)
            .filter(|declaration| !declaration.is_empty());
        found.push((name.to_owned(), members.map(member).collect()));
    }
    found
}

/// The name that a member's declaration gives.
fn member(declaration: &str) -> String {
    if let Some((_, rest)) = declaration.split_once("(*") {
        return rest.split(')').next().unwrap().to_owned();
    }
    let name = declaration.split('[').next().unwrap();
    name.rsplit([' ', '*']).next().unwrap().to_owned()
}

/// Sizes and offsets as a compiler sees them: it writes them as numbers into assembly, which need not be run.
fn layout(compiler: &str, flags: &[&str]) -> String {
    let mut questions = Vec::new();
    for (name, members) in structs() {
        questions.push((format!("{name} size"), format!("sizeof({name})")));
        questions.push((format!("{name} align"), format!("_Alignof({name})")));
        for member in members {
            questions.push((
                format!("{name}.{member}"),
                format!("offsetof({name}, {member})"),
            ));
        }
    }
    let values: Vec<&str> = questions.iter().map(|(_, value)| value.as_str()).collect();
    let source = scratch("abi").join(format!("{compiler}.c"));
    let text = format!(
        "#include \"mqward.h\"\nconst unsigned layout[] = {{ {} , 0xabcdef }};\n",
        values.join(", ")
    );
    fs::write(&source, text).unwrap();
    let include = format!("-I{}", root().join("include").display());
    let mut arguments = vec!["-std=c11", "-ffreestanding", "-S", "-o", "-", &include];
    arguments.extend(flags);
    arguments.push(source.to_str().unwrap());
    let assembly = run(compiler, arguments);
    let numbers: Vec<u32> = assembly
        .lines()
        .map(|line| line.split_whitespace())
        .filter(|words| {
            words
                .clone()
                .next()
                .is_some_and(|word| word == ".word" || word == ".long")
        })
        .filter_map(|mut words| words.nth(1)?.parse().ok())
        .collect();
    assert_eq!(numbers.len(), questions.len() + 1, "{assembly}");
    let mut list = String::new();
    for ((name, _), number) in questions.iter().zip(numbers) {
        writeln!(list, "{name} {number}").unwrap();
    }
    list
}

#[test]
fn structs_have_the_committed_layout_on_hosts() {
    compare("layout-lp64.txt", &layout("gcc", &[]));
    if installed("clang") {
        compare("layout-lp64.txt", &layout("clang", &[]));
    }
}

#[test]
fn structs_have_the_committed_layout_on_microcontrollers() {
    if installed("arm-none-eabi-gcc") {
        compare(
            "layout-ilp32.txt",
            &layout("arm-none-eabi-gcc", &["-mcpu=cortex-m3", "-mthumb"]),
        );
    }
    if installed("riscv64-unknown-elf-gcc") {
        compare(
            "layout-ilp32.txt",
            &layout(
                "riscv64-unknown-elf-gcc",
                &["-march=rv32imc", "-mabi=ilp32"],
            ),
        );
    }
}

/// Rust's side of the same sizes.
#[test]
fn rust_and_c_agree_on_every_struct() {
    macro_rules! sizes {
        ($($name:ident)*) => {
            vec![$((stringify!($name), size_of::<mqward::$name>(), align_of::<mqward::$name>())),*]
        };
    }
    let rust = sizes! {
        mqward_root mqward_auth_root mqward_up_root mqward_down_root mqward_auth_seed mqward_up_seed mqward_down_seed
        mqward_login_key mqward_sender_key mqward_device mqward_blob mqward_storage mqward_boot mqward_login_stamper
        mqward_seal_stamper mqward_clock_gate mqward_header mqward_receipt mqward_sealer mqward_opener mqward_message
        mqward_window mqward_ticket mqward_strict_mark mqward_latest_mark mqward_rule mqward_limits mqward_role
        mqward_rule_memory mqward_role_memory mqward_verdict mqward_terms mqward_claim mqward_login mqward_verifier
        mqward_gate mqward_will mqward_connect mqward_publish
    };
    assert_eq!(rust.len(), structs().len());
    let c = layout("gcc", &[]);
    for (name, size, align) in rust {
        assert!(
            c.contains(&format!("{name} size {size}\n{name} align {align}\n")),
            "{name}: {size}, {align}"
        );
    }
}
