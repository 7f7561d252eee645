//! A folder with the fleet of the specification's example, in which the command runs.

use std::ffi::OsStr;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use mqward::{BootRecord, Device, Generation, Root, UnixTime};
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ID: &str = "device-0123456789ab";
pub(crate) const HW: &str = "246f28a1b2c3";
pub(crate) const AUDIENCE: &str = "mqtt.example.com";
pub(crate) const TOPIC: &str = "tx/device-0123456789ab/t";
/// The example's time, password and sealed payload.
pub(crate) const TIME: &str = "1767225600";
pub(crate) const PASSWORD: &str = "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";
pub(crate) const SEALED: &str =
    "1001006955b90068e778010000078013dff51db5b3430a73708af1e57f44dd62e3ad";

pub(crate) struct Bench {
    dir: TempDir,
    /// Every key of the example, in the forms that it could leak in.
    secrets: Vec<String>,
}

/// What a run of the command left.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn text(&self) -> &str {
        core::str::from_utf8(&self.stdout).unwrap().trim_end()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.stdout).unwrap()
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.text().lines();
        lines
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""));
        self
    }

    /// It failed with this code, and said all of this.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        assert_eq!(
            self.code,
            code,
            "{}\n{}",
            self.stderr,
            String::from_utf8_lossy(&self.stdout)
        );
        for word in words {
            assert!(
                self.stderr.contains(word),
                "no {word:?} in:\n{}",
                self.stderr
            );
        }
        self
    }
}

impl Bench {
    /// Holds root.key, auth_root.key, up_root.key, down_root.key, and a boot record after which boot 1760000001 comes.
    pub(crate) fn new() -> Self {
        let root = Root::from_bytes(core::array::from_fn(|i| u8::try_from(i).unwrap()));
        let device = Device::new(ID, Generation::FIRST).unwrap();
        let (auth, up, down) = (root.auth(), root.up(), root.down());
        let (auth_seed, up_seed, down_seed) =
            (auth.seed(device), up.seed(device), down.seed(device));
        let keys = [
            root.expose(),
            auth.expose(),
            up.expose(),
            down.expose(),
            auth_seed.expose(),
            up_seed.expose(),
            down_seed.expose(),
        ];
        let secrets = keys.iter().flat_map(|key| {
            use base64ct::{Base64, Encoding};
            // Without the last characters, which depend on what follows the key.
            let base64 = Base64::encode_string(&key[..]);
            [
                base16ct::lower::encode_string(&key[..]),
                base64[..42].to_owned(),
                format!("{key:?}"),
            ]
        });
        let bench = Self {
            secrets: secrets.collect(),
            dir: tempfile::tempdir().unwrap(),
        };
        bench.private("root.key", key_text(root.expose()));
        bench.private("auth_root.key", key_text(auth.expose()));
        bench.private("up_root.key", key_text(up.expose()));
        bench.private("down_root.key", key_text(down.expose()));
        bench.private(
            "boot",
            [1_760_000_000, 1_759_999_999]
                .map(|boot| BootRecord::first_slot(UnixTime::from_secs(boot).unwrap()))
                .concat(),
        );
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.path(name), contents).unwrap();
    }

    /// Writes a file with mode 0600.
    pub(crate) fn private(&self, name: &str, contents: impl AsRef<[u8]>) {
        self.write(name, contents);
        self.chmod(name, 0o600);
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    pub(crate) fn mode(&self, name: &str) -> u32 {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(self.path(name)).unwrap().permissions().mode() & 0o777
    }

    pub(crate) fn command(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mqward"));
        command
            .args(
                args.split_whitespace()
                    .map(|arg| if arg == "''" { "" } else { arg }),
            )
            .current_dir(self.dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn spawn(&self, args: &str) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// Runs the command; what it prints holds no key.
    #[track_caller]
    pub(crate) fn run(&self, args: &str, stdin: impl AsRef<[u8]>) -> Ran {
        let ran = self.run_leaky(args, stdin);
        let text = [String::from_utf8_lossy(&ran.stdout).as_ref(), &ran.stderr].concat();
        for secret in &self.secrets {
            assert!(!text.contains(secret), "`{args}` leaks a key:\n{text}");
        }
        ran
    }

    /// Runs the command where it is told to print secrets.
    #[track_caller]
    pub(crate) fn run_leaky(&self, args: &str, stdin: impl AsRef<[u8]>) -> Ran {
        let mut child = self.spawn(args);
        let mut pipe = child.stdin.take().unwrap();
        let stdin = stdin.as_ref().to_owned();
        // A command that fails early does not read its input.
        let feeder = std::thread::spawn(move || drop(pipe.write_all(&stdin)));
        let output = child.wait_with_output().unwrap();
        feeder.join().unwrap();
        ran(output)
    }

    pub(crate) fn leaks(&self, text: impl AsRef<[u8]>) -> bool {
        let text = String::from_utf8_lossy(text.as_ref()).into_owned();
        self.secrets.iter().any(|secret| text.contains(secret))
    }
}

pub(crate) fn ran(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap(),
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

pub(crate) fn key_text(key: &[u8]) -> String {
    base16ct::lower::encode_string(key) + "\n"
}

pub(crate) fn unhex(text: impl AsRef<OsStr>) -> Vec<u8> {
    base16ct::mixed::decode_vec(text.as_ref().to_str().unwrap()).unwrap()
}
