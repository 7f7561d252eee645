//! `cargo xtask sizes`: what the library costs on each core, beside its peers and against its limits.

mod limit;
mod part;

use core::fmt::Write as _;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::board::{BOARDS, Board, Build, ready};
use crate::command::{Failure, root};
use crate::firmware::functions;
use crate::sysroot::Toolchain;
use limit::{check, limited, limits};
use part::{DEVICE, PARTS, PASSWORD, Part, SEALING};

/// Calls over which the steps are counted, as in `c/measure.c`.
const CALLS: u64 = 32;

const BUILDS: [Build; 2] = [
    Build::SMALL,
    Build {
        opt_level: "3",
        compact: false,
    },
];

/// What linking a part takes, in bytes.
struct Linked {
    flash: u64,
    mem: u64,
    ram: u64,
    symbols: Vec<(u64, String)>,
}

/// Stack in bytes and instructions of each operation.
type Measured = BTreeMap<String, (u64, u64)>;

/// Everything about one core and build.
struct Report {
    core: &'static str,
    build: Build,
    linked: Vec<Linked>,
    measured: Measured,
}

pub(crate) fn run() -> Result<(), Failure> {
    let toolchain = ready()?;
    let mut reports = Vec::new();
    for board in &BOARDS {
        for build in BUILDS {
            reports.push(report(board, &toolchain, build)?);
        }
    }
    let text = document(&reports, toolchain.version())?;
    println!("{text}");
    fs::write(root().join("docs/sizes.md"), &text)?;
    check(&reports)
}

fn report(board: &Board, toolchain: &Toolchain, build: Build) -> Result<Report, Failure> {
    let library = board.library(toolchain, build, "panic-handler")?;
    let exported = functions(board, &library)?;
    let mut linked = Vec::new();
    for part in PARTS {
        linked.push(link(board, &library, &wanted(part, &exported)?)?);
    }
    let printed = board.run(&board.c_program("measure", &library)?)?;
    if printed.status != 0 {
        return Err(format!("measure on {} ended with {}", board.core, printed.status).into());
    }
    let measured = measured(&printed.lines, board)?;
    Ok(Report {
        core: board.core,
        build,
        linked,
        measured,
    })
}

/// The functions of a part; naming one that is not exported is a mistake.
fn wanted(part: &Part, exported: &[String]) -> Result<Vec<String>, Failure> {
    let mut wanted = Vec::new();
    for function in part.functions {
        let before = wanted.len();
        wanted.extend(
            exported
                .iter()
                .filter(|name| {
                    *name == function || function.ends_with('_') && name.starts_with(function)
                })
                .cloned(),
        );
        if wanted.len() == before {
            return Err(format!("the library exports no {function}").into());
        }
    }
    Ok(wanted)
}

fn link(board: &Board, library: &Path, functions: &[String]) -> Result<Linked, Failure> {
    let elf = board.link(functions, library, "part")?;
    let sections = output(board.tool("size").arg("-A").arg(&elf))?;
    let section = |name: &str| -> u64 {
        sections
            .lines()
            .filter_map(|line| {
                line.strip_prefix(name)?
                    .split_whitespace()
                    .next()?
                    .parse::<u64>()
                    .ok()
            })
            .sum()
    };
    let named = output(
        board
            .tool("nm")
            .args(["--print-size", "--size-sort", "--demangle"])
            .arg(&elf),
    )?;
    let mut symbols: Vec<(u64, String)> = named.lines().rev().filter_map(symbol).collect();
    // Several names of one function are one function.
    symbols.dedup_by(|a, b| a.0 == b.0 && is_mem(&a.1) && is_mem(&b.1));
    let mem = symbols
        .iter()
        .filter(|(_, name)| is_mem(name))
        .map(|(size, _)| size)
        .sum();
    let (text, data, bss) = (section(".text "), section(".data "), section(".bss "));
    Ok(Linked {
        flash: (text + data).saturating_sub(mem),
        mem,
        ram: data + bss,
        symbols,
    })
}

/// `address size kind name`
fn symbol(line: &str) -> Option<(u64, String)> {
    let mut words = line.splitn(4, ' ');
    let size = u64::from_str_radix(words.nth(1)?, 16).ok()?;
    Some((size, words.nth(1)?.to_owned()))
}

/// The functions that every firmware has once, whoever brings them.
fn is_mem(name: &str) -> bool {
    [
        "memcpy",
        "memmove",
        "memset",
        "memcmp",
        "memclr",
        "bcmp",
        "compiler_builtins::mem",
    ]
    .iter()
    .any(|mem| name.contains(mem))
}

fn output(command: &mut std::process::Command) -> Result<String, Failure> {
    let output = command.output()?;
    if output.status.success() {
        Ok(String::from_utf8(output.stdout)?)
    } else {
        Err(format!("{command:?} failed").into())
    }
}

/// Reads the three lines per operation that `c/measure.c` prints.
fn measured(lines: &[String], board: &Board) -> Result<Measured, Failure> {
    let mut all = Measured::new();
    for chunk in lines.chunks(3) {
        let [name, stack, steps] = chunk else {
            return Err(format!("measure on {} printed {} lines", board.core, lines.len()).into());
        };
        let number = |line: &str, label: &str| -> Result<u64, Failure> {
            let number = line
                .strip_prefix(label)
                .ok_or("measure printed something else")?;
            Ok(number.parse()?)
        };
        let steps = number(steps, "steps ")?;
        let instructions = steps * board.instructions_per_1000 / 1000 / CALLS;
        all.insert(name.clone(), (number(stack, "stack ")?, instructions));
    }
    Ok(all)
}

fn peak_stack(part: &Part, measured: &Measured) -> Result<u64, Failure> {
    let mut peak = 0;
    for operation in part.operations {
        let (stack, _) = measured
            .get(*operation)
            .ok_or_else(|| format!("{operation} was not measured"))?;
        peak = peak.max(*stack);
    }
    Ok(peak)
}

fn document(reports: &[Report], version: &str) -> Result<String, Failure> {
    let mut text = format!(
        "# Sizes\n\n\
         Written by `cargo xtask sizes`; Rust {version}, fat LTO, `panic = \"abort\"`, through the C ABI.\n\n\
         - *s* is opt-level `s` with the compact SHA-256, as the prebuilt libraries are; *3* is opt-level `3` with the unrolled one.\n\
         - Flash is `.text`, `.rodata` and `.data` of an image that holds the functions of the column and what they need, \
         without `memcpy` and its like, which every firmware has once. The column *mem* says what they take if no C library brings them.\n\
         - RAM is `.data` and `.bss`. Stack is painted before a call and looked at after it, for payloads of 256 bytes.\n\
         - Instructions are counted in QEMU with `-icount`: the same on every run. They are not cycles: QEMU has no model of time.\n\n\
         ## Flash, static RAM, stack (bytes)\n\n\
         | core | build |"
    );
    for part in PARTS {
        write!(text, " {} |", part.name)?;
    }
    text.push_str(
        " mem | static RAM | stack: password | stack: seal, open | stack: device set |\n|---|---|",
    );
    text.push_str(&"--:|".repeat(PARTS.len() + 5));
    text.push('\n');
    for report in reports {
        write!(text, "| {} | {} |", report.core, report.build.opt_level)?;
        for linked in &report.linked {
            write!(text, " {} |", linked.flash)?;
        }
        let mem = report
            .linked
            .iter()
            .map(|linked| linked.mem)
            .max()
            .unwrap_or(0);
        let ram = report
            .linked
            .iter()
            .map(|linked| linked.ram)
            .max()
            .unwrap_or(0);
        write!(text, " {mem} | {ram} |")?;
        for part in [&PASSWORD, &SEALING, &DEVICE] {
            write!(text, " {} |", peak_stack(part, &report.measured)?)?;
        }
        text.push('\n');
    }
    instructions(reports, &mut text)?;
    text.push_str(PEERS);
    limits(reports, &mut text)?;
    symbols(limited(reports)?, &mut text)?;
    text.push_str(TRIED);
    Ok(text)
}

fn instructions(reports: &[Report], text: &mut String) -> Result<(), Failure> {
    text.push_str("\n## Instructions per call\n\n| operation |");
    for report in reports {
        write!(text, " {} {} |", report.core, report.build.opt_level)?;
    }
    text.push_str("\n|---|");
    text.push_str(&"--:|".repeat(reports.len()));
    text.push('\n');
    let operations: Vec<&String> = reports
        .first()
        .map(|report| report.measured.keys().collect())
        .unwrap_or_default();
    for operation in operations {
        write!(text, "| {operation} |")?;
        for report in reports {
            let (_, instructions) = report
                .measured
                .get(operation)
                .ok_or("an operation is missing")?;
            write!(text, " {instructions} |")?;
        }
        text.push('\n');
    }
    Ok(())
}

/// The largest functions of what a device links.
fn symbols(report: &Report, text: &mut String) -> Result<(), Failure> {
    for (part, linked) in PARTS.iter().zip(&report.linked).skip(2).take(2) {
        writeln!(
            text,
            "\n## Where the flash of \"{}\" goes, Cortex-M4F, opt-level s\n\n| bytes | symbol |\n|--:|---|",
            part.name
        )?;
        for (size, name) in linked.symbols.iter().take(24) {
            writeln!(text, "| {size} | `{name}` |")?;
        }
    }
    Ok(())
}

/// Measured with the same method on 2026-11-22 from the sources that the crates of each line carry; gcc 12.2, no LTO.
const PEERS: &str = "
## Peers, Cortex-M3 (bytes, instructions)

Bare primitives: one HMAC-SHA-256 (Monocypher: keyed BLAKE2b), ChaCha20-Poly1305 seal and open; no keys derived, no formats,
no checks of arguments. Sources: crates `bearssl-sys` 0.0.4 (BearSSL 0.6), `mbedtls-rs-sys` 0.3.1 (mbedTLS 3.6.5, `SHA256_SMALLER`),
`monocypher-sys` 4.0.2; gcc 12.2 without LTO.

| library | flash | stack: HMAC | stack: seal, open | HMAC | seal 64 | seal 256 | seal 1024 | refuse 256 |
|---|--:|--:|--:|--:|--:|--:|--:|--:|
| BearSSL -Os | 3960 | 1384 | 452 | 12251 | 4557 | 10887 | 36207 | 10990 |
| BearSSL -O3 | 4704 | 1388 | 448 | 10867 | 3695 | 8828 | 29360 | 8850 |
| mbedTLS -Os | 3760 | 600 | 600 | 16131 | 8851 | 20485 | 67020 | 20780 |
| mbedTLS -O3 | 5204 | 592 | 632 | 15187 | 4840 | 10495 | 33115 | 10761 |
| Monocypher -Os | 18656 | 444 | 524 | 12843 | 7248 | 13326 | 37637 | 7315 |
";

/// Measured on a Cortex-M4F at opt-level s on 2026-11-22, each against the code as it stood.
const TRIED: &str = "
## What was tried, Cortex-M4F, opt-level s

| what | bytes of flash, password with seal and open | else |
|---|--:|---|
| ChaCha20 of one block at a time, over words, instead of the crate `chacha20` | -164 | stack of a seal 1196 -> 776 bytes; 1024 bytes in 42 thousand instructions, not 45; with the next two rows Cortex-M0+ 130, not 182 |
| Poly1305: a loop over columns, the products of a column written out | -188 | as fast as all of it written out; loops over both take twice the instructions |
| Poly1305: the top word times r in one word | +8 | Cortex-M0+ 13 thousand instructions less for 1024 bytes |
| not taken: the rounds of ChaCha20 as two loops of four quarters | -288 | 1024 bytes in 56 thousand instructions, not 42 |
| not taken: the columns of ChaCha20 as a loop, the diagonals written out | -164 | 1024 bytes in 50 thousand instructions |
| state of ChaCha20 zero first, constants later | -226 with the next | no initial value of 216 bytes in flash |
| head of the Enc_structure written where it stays | | |
| keys of sealers and openers copied once, from where they are made | -18 | stack 1020 -> 908 bytes, fewer copies that nobody wipes |
| mark of a struct checked in one function for all structs | -132 | device set -412 bytes |
| not taken: overlap checked over a slice, arrays checked out of line | 0 | device set +140 bytes |
";
