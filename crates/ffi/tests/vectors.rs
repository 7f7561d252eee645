//! Every vector, written as C arrays and driven through C.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod support;
#[path = "support/vectors_header.rs"]
mod vectors_header;

use support::{HOST, build, installed, run, static_library};

#[test]
fn every_vector_through_c() {
    vectors_header::write();
    let library = static_library();
    for dialect in [HOST[0], HOST[2], HOST[4]] {
        if installed(dialect.compiler) {
            run(
                build("test_vectors", dialect, &[], &library)
                    .to_str()
                    .unwrap(),
                [""; 0],
            );
        }
    }
    let sanitizers = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    run(
        build("test_vectors", HOST[1], &sanitizers, &library)
            .to_str()
            .unwrap(),
        [""; 0],
    );
    if installed("valgrind") {
        let program = build("test_vectors", HOST[0], &["-O1"], &library);
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
