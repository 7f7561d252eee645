//! The bar of a long piece of work: for who watches a terminal, and for nobody else.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::bench::Bench;

const DEVICES: usize = 300;

/// A terminal of 80 columns: the end that shows what is written, and the end that programs write to.
fn terminal() -> (File, File) {
    let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&screen).unwrap();
    unlockpt(&screen).unwrap();
    let name = ptsname(&screen, Vec::new()).unwrap();
    let line = OpenOptions::new()
        .read(true)
        .write(true)
        .open(Path::new(std::ffi::OsStr::from_bytes(name.as_bytes())))
        .unwrap();
    tcsetwinsize(
        &line,
        Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        },
    )
    .unwrap();
    (File::from(screen), line)
}

/// All that is shown until nobody has the other end open.
fn shown(mut screen: File) -> String {
    let (mut shown, mut some) = (Vec::new(), [0; 1024]);
    // Linux says EIO at the end.
    while let Ok(len) = screen.read(&mut some) {
        if len == 0 {
            break;
        }
        shown.extend_from_slice(&some[..len]);
    }
    String::from_utf8_lossy(&shown).into_owned()
}

#[test]
fn a_terminal_shows_how_far_bulk_work_is_and_a_pipe_gets_nothing() {
    let bench = Bench::new();
    let issue = |out: &str| {
        format!("device issue --root root.key --prefix device- --count {DEVICES} --out {out}")
    };
    let (screen, line) = terminal();
    let mut command = bench.command(&issue("watched"));
    command.env("TERM", "xterm").stderr(line);
    let child = command.spawn().unwrap();
    // It has the last copy of the other end.
    drop(command);
    let shown = shown(screen);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    for what in ["deriving", "writing"] {
        // Drawn again and again in one line.
        let drawn = shown.split('\r').rfind(|line| line.contains(what));
        let how_far = format!("/{DEVICES} ");
        assert!(
            drawn.is_some_and(|bar| bar.contains(&how_far)),
            "no bar of {what} in {shown:?}"
        );
    }
    let report = String::from_utf8(output.stdout).unwrap();
    assert!(
        report.starts_with(&format!("issued {DEVICES} devices")),
        "{report}"
    );
    // `ok` looks for an empty standard error, which is a pipe here.
    let unwatched = bench.run(&issue("unwatched"), "").ok();
    assert_eq!(
        unwatched.text(),
        report.trim_end().replace("watched", "unwatched")
    );
    for batch in ["watched", "unwatched"] {
        let manifest = String::from_utf8(bench.read(&format!("{batch}/manifest.jsonl"))).unwrap();
        assert_eq!(manifest.lines().count(), DEVICES);
    }
}
