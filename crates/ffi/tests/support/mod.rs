//! C compilers, and C programs that are linked with the library.

#![allow(dead_code, reason = "each test uses its part")]

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What every C file here is compiled with.
pub(crate) const STRICT: [&str; 4] = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"];

/// What a Rust static library asks of the linker on Linux.
const SYSTEM_LIBRARIES: [&str; 7] = [
    "-lgcc_s",
    "-lutil",
    "-lrt",
    "-lpthread",
    "-lm",
    "-ldl",
    "-lc",
];

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// The committed header.
pub(crate) fn header() -> String {
    fs::read_to_string(root().join("include/mqward.h")).unwrap()
}

/// The names of the functions that the header declares.
pub(crate) fn functions() -> Vec<String> {
    let header = header();
    let declared = header
        .lines()
        .filter_map(|line| line.split_once('('))
        .map(|(before, _)| before);
    let names = declared.filter_map(|before| before.rsplit([' ', '*']).next());
    let mut names: Vec<String> = names
        .filter(|name| name.starts_with("mqward_"))
        .map(str::to_owned)
        .collect();
    names.sort();
    names.dedup();
    names
}

/// The folder in which cargo puts tests and, for them, the libraries: the copy one level up is made by `cargo build` alone.
pub(crate) fn libraries() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.parent().unwrap().to_owned()
}

/// A folder for what this test makes.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Whether a program can be started. With MQWARD_EVERY_TOOL set, as in CI, a missing one is an error.
pub(crate) fn installed(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|it| it.status.success());
    if !found {
        assert!(
            env::var_os("MQWARD_EVERY_TOOL").is_none(),
            "{program} is not installed"
        );
        eprintln!("{program} is not installed: left out");
    }
    found
}

/// Runs a command and gives its output; the test fails unless it succeeds.
pub(crate) fn run<S: AsRef<OsStr>>(
    program: &str,
    arguments: impl IntoIterator<Item = S>,
) -> String {
    let mut command = Command::new(program);
    command.args(arguments);
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// How a C file is compiled.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Dialect {
    pub(crate) compiler: &'static str,
    pub(crate) standard: &'static str,
    pub(crate) extra: &'static [&'static str],
}

/// The dialects of the host's compilers.
pub(crate) const HOST: [Dialect; 6] = [
    Dialect {
        compiler: "gcc",
        standard: "-std=c99",
        extra: &[],
    },
    Dialect {
        compiler: "gcc",
        standard: "-std=c11",
        extra: &[],
    },
    Dialect {
        compiler: "g++",
        standard: "-std=c++17",
        extra: &["-x", "c++"],
    },
    Dialect {
        compiler: "clang",
        standard: "-std=c99",
        extra: &[],
    },
    Dialect {
        compiler: "clang",
        standard: "-std=c11",
        extra: &[],
    },
    Dialect {
        compiler: "clang++",
        standard: "-std=c++17",
        extra: &["-x", "c++"],
    },
];

/// Builds a C program of `tests/c` against the library of this build and gives its path.
pub(crate) fn build(name: &str, dialect: Dialect, flags: &[&str], library: &Path) -> PathBuf {
    let c = root().join("crates/ffi/tests/c");
    let label = format!(
        "{name}{}-{}{}",
        dialect.standard,
        dialect.compiler,
        flags.concat()
    );
    let program = scratch("c").join(label.replace([',', '='], "-"));
    let mut arguments: Vec<PathBuf> = [dialect.standard]
        .iter()
        .chain(&STRICT)
        .map(PathBuf::from)
        .collect();
    arguments.extend(dialect.extra.iter().chain(flags).map(PathBuf::from));
    arguments.push("-g".into());
    for folder in [root().join("include"), scratch("c")] {
        arguments.extend(["-I".into(), folder]);
    }
    arguments.push(c.join(format!("{name}.c")));
    // The language of the source is not that of the archive.
    arguments.extend(["-x", "none"].map(PathBuf::from));
    arguments.push(library.to_owned());
    arguments.extend(SYSTEM_LIBRARIES.map(PathBuf::from));
    arguments.extend(["-o".into(), program.clone()]);
    run(dialect.compiler, &arguments);
    program
}

/// The static library of this build.
pub(crate) fn static_library() -> PathBuf {
    libraries().join("libmqward.a")
}
