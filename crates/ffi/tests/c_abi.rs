//! C programs that are compiled as C99, C11 and C++17, linked with the library, and run.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;

use support::{HOST, build, installed, run, static_library};

const PROGRAMS: [&str; 1] = ["test_flow"];

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
