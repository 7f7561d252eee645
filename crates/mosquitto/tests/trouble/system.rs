//! The system that a broker sees, under the test's hand: its clock, and whether there is room on its disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use mqward_testbed::Setup;
use tempfile::TempDir;

/// Clock and disk of one broker.
pub(crate) struct System {
    dir: TempDir,
}

impl System {
    pub(crate) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    /// Has the broker of `setup` live in this system.
    pub(crate) fn hold(&self, setup: Setup) -> Setup {
        setup
            .environment("LD_PRELOAD", library())
            .environment("MQWARD_TEST_SYSTEM", self.dir.path())
    }

    /// Sets the broker's clock this many seconds ahead of the real one.
    pub(crate) fn set_clock(&self, offset: i64) {
        self.set("offset", &offset.to_string());
    }

    /// Leaves no room for files whose path contains `part`; an empty one makes room again.
    pub(crate) fn fill(&self, part: &str) {
        self.set("full", part);
    }

    /// Never half written.
    fn set(&self, name: &str, text: &str) {
        let new = self.dir.path().join("new");
        fs::write(&new, text).unwrap();
        fs::rename(new, self.dir.path().join(name)).unwrap();
    }
}

/// Compiles `system.c`, once.
fn library() -> &'static Path {
    static BUILT: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = BUILT.get_or_init(|| {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("system.so");
        let compiled = Command::new("cc")
            .args(["-shared", "-fPIC", "-Wall", "-Werror", "-o"])
            .arg(&path)
            .arg(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/trouble/system.c"
            ))
            .arg("-ldl")
            .output()
            .unwrap_or_else(|e| panic!("cannot run cc: install the Debian package `gcc`: {e}"));
        let said = String::from_utf8_lossy(&compiled.stderr);
        assert!(compiled.status.success(), "{said}");
        (dir, path)
    });
    path
}
