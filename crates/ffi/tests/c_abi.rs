//! C programs that are compiled as C99, C11 and C++17, linked with the library, and run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use support::{HOST, build, functions, installed, root, run, scratch, static_library};

const PROGRAMS: [&str; 5] = [
    "test_flow",
    "test_gate",
    "test_null",
    "test_null_gate",
    "test_sizes",
];

#[test]
fn c_programs_pass_in_every_dialect() {
    for dialect in HOST {
        if installed(dialect.compiler) {
            for name in PROGRAMS {
                run(
                    build(name, dialect, &[], &static_library())
                        .to_str()
                        .unwrap(),
                    [""; 0],
                );
            }
        }
    }
}

#[test]
fn c_programs_pass_under_the_sanitizers() {
    for name in PROGRAMS {
        let flags = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
        run(
            build(name, HOST[1], &flags, &static_library())
                .to_str()
                .unwrap(),
            [""; 0],
        );
    }
}

#[test]
fn c_programs_pass_under_valgrind() {
    if !installed("valgrind") {
        return;
    }
    for name in PROGRAMS {
        let program = build(name, HOST[0], &[], &static_library());
        run(
            "valgrind",
            [
                "-q",
                "--error-exitcode=9",
                "--leak-check=full",
                program.to_str().unwrap(),
            ],
        );
    }
}

/// The functions that a program of `tests/c` does not call.
#[test]
fn every_function_meets_hostile_arguments() {
    let read = |name| {
        let path = root().join("crates/ffi/tests/c").join(name);
        std::fs::read_to_string(path).unwrap()
    };
    let source = read("test_null.c") + &read("test_null_gate.c");
    for function in functions() {
        assert!(
            source.contains(&format!("{function}(")),
            "{function} is in no test_null"
        );
    }
}

/// In a build of its own, since the function that panics is not for anyone else.
#[test]
fn a_panic_does_not_cross_into_c() {
    let target = scratch("panicking");
    let manifest = root().join("Cargo.toml");
    let arguments = [
        "build",
        "--quiet",
        "--locked",
        "--package",
        "mqward-ffi",
        "--lib",
        "--features",
        "test-panic",
        "--manifest-path",
        manifest.to_str().unwrap(),
        "--target-dir",
        target.to_str().unwrap(),
    ];
    run(env!("CARGO"), arguments);
    let program = build(
        "test_panic",
        HOST[1],
        &[],
        &target.join("debug/libmqward.a"),
    );
    run(program.to_str().unwrap(), [""; 0]);
}
