//! `mosquitto_sub` and `mosquitto_pub` in a loop, as in a script: they read their password from a file.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::{self, JoinHandle, sleep};

use mqward_testbed::Version;
use tempfile::TempDir;

use crate::{Client, Passwords};

/// A loop that starts the program again whenever it has ended, until the test ends.
pub(crate) struct Loop {
    done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Starts the loop around `mosquitto_sub` or `mosquitto_pub`.
pub(crate) fn start(program: &'static str, client: &Client<'_>) -> Loop {
    let done = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&done);
    let (mint, port, passwords) = (client.mint.clone(), client.port, client.passwords);
    let version = match client.version {
        Version::V3 => "mqttv311",
        Version::V5 => "mqttv5",
    };
    let thread = thread::spawn(move || {
        // An argument could be read by every user of the machine, so it goes to the file that both programs read.
        let folder = tempfile::tempdir().unwrap();
        let mut password = mint.password();
        while !ended.load(Ordering::Acquire) {
            write(&folder, program, mint.id, &password);
            let mut command = Command::new(program);
            command
                .env("XDG_CONFIG_HOME", folder.path())
                .args(["-h", "127.0.0.1", "-p", &port.to_string(), "-i", mint.id])
                .args(["-V", version, "-q", "1"]);
            match program {
                "mosquitto_sub" => command.args(["-t", &format!("rx/{}/#", mint.id)]),
                _ => command.args(["-l", "-t", &format!("tx/{}/t", mint.id)]),
            };
            command.stdin(Stdio::piped()).stderr(Stdio::null());
            let mut child = command.spawn().expect("Debian package mosquitto-clients");
            assert!(!arguments(&child).contains(&password));
            wait(&mut child, &ended);
            if passwords == Passwords::Fresh {
                password = mint.password();
            }
        }
    });
    Loop {
        done,
        thread: Some(thread),
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        self.done.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            let outcome = thread.join();
            assert!(outcome.is_ok() || thread::panicking());
        }
    }
}

/// Until it has ended: a line a moment, without which `mosquitto_pub -l` does not notice that it was refused.
fn wait(child: &mut Child, ended: &AtomicBool) {
    while matches!(child.try_wait(), Ok(None)) {
        if ended.load(Ordering::Acquire) {
            let _ = child.kill();
        }
        if let Some(stdin) = &mut child.stdin {
            let _ = stdin.write_all(b"21.5\n");
        }
        sleep(Duration::from_millis(100));
    }
    // Refused at once, it would be started again at once.
    sleep(Duration::from_millis(200));
}

fn write(folder: &TempDir, program: &str, id: &str, password: &str) {
    let file = folder.path().join(program);
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    fs::write(&file, format!("-u {id}\n-P {password}\n")).unwrap();
}

/// What every user of the machine sees of a process.
fn arguments(child: &Child) -> String {
    let file = format!("/proc/{}/cmdline", child.id());
    let arguments = fs::read(Path::new(&file)).unwrap();
    String::from_utf8_lossy(&arguments).into_owned()
}
