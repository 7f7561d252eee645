//! The Python program behind the vectors, run from a test.

use core::fmt;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Mutex;

static MAKING: Mutex<()> = Mutex::new(());

/// The packages that the program needs, pinned.
const REQUIREMENTS: &str = include_str!("../requirements.txt");

/// The Python program in a virtual environment of its own.
///
/// Tests share one environment per content of `requirements.txt`; making it needs `python3` with its `venv` module,
/// and a package index.
#[derive(Debug)]
pub struct Oracle {
    python: PathBuf,
}

/// Why the Python program could not be run.
pub struct OracleError(String);

/// The text with its line breaks: this is what `unwrap` shows in a test.
impl fmt::Debug for OracleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for OracleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::error::Error for OracleError {}

/// One COSE message for [`Oracle::open_cose`].
#[derive(Clone, Debug)]
pub struct CoseQuestion {
    /// Content encryption key.
    pub key: [u8; 32],
    /// Topic Name; its bytes are the external AAD.
    pub topic: String,
    /// The `COSE_Encrypt0` form.
    pub cose: Vec<u8>,
}

impl Oracle {
    /// Finds the environment below `folder`, or makes it. In a test, `folder` is `env!("CARGO_TARGET_TMPDIR")`.
    ///
    /// # Errors
    /// Python or its `venv` module is missing, or the packages cannot be installed.
    pub fn prepare(folder: &Path) -> Result<Self, OracleError> {
        let home = folder.join(format!("oracle-{:016x}", fnv(REQUIREMENTS.as_bytes())));
        let python = |home: &Path| home.join("bin").join("python");
        // The tests of one process run side by side: the first makes it, the others wait.
        let _guard = MAKING.lock();
        if !python(&home).exists() {
            // Made aside and then renamed: another test process may be at it, and none may see half of it.
            let draft = folder.join(format!("oracle-draft-{}", std::process::id()));
            make(&draft)?;
            if !python(&home).exists() {
                // Left from a Python that is no longer installed.
                let _ = fs::remove_dir_all(&home);
            }
            if fs::rename(&draft, &home).is_err() {
                let _ = fs::remove_dir_all(&draft);
            }
        }
        let python = python(&home);
        if python.exists() {
            Ok(Self { python })
        } else {
            Err(OracleError(format!("{} was not made", home.display())))
        }
    }

    /// Runs `generate.py --check`.
    ///
    /// # Errors
    /// A committed file differs from what the program prints, or one of its own checks failed; the text says which.
    pub fn check(&self) -> Result<(), OracleError> {
        let mut command = self.script("generate.py");
        run(command.arg("--check")).map(drop)
    }

    /// Opens COSE messages with Python's `cwt`; `None` for each that it refuses.
    ///
    /// # Errors
    /// A topic holds a control character, or the program cannot be run or answers nonsense.
    pub fn open_cose(
        &self,
        questions: &[CoseQuestion],
    ) -> Result<Vec<Option<Vec<u8>>>, OracleError> {
        let mut input = String::new();
        for question in questions {
            if question.topic.chars().any(char::is_control) {
                return Err(OracleError("control character in a topic".into()));
            }
            let key = base16ct::lower::encode_string(&question.key);
            let cose = base16ct::lower::encode_string(&question.cose);
            input.push_str(&format!("{key}\t{}\t{cose}\n", question.topic));
        }
        let output = feed(&mut self.script("open_cose.py"), input)?;
        let answers = output
            .lines()
            .map(|line| match line {
                "refused" => Ok(None),
                payload => crate::decode_hex(payload)
                    .map(Some)
                    .ok_or_else(|| OracleError(format!("open_cose.py said {line:?}"))),
            })
            .collect::<Result<Vec<_>, _>>()?;
        if answers.len() == questions.len() {
            Ok(answers)
        } else {
            Err(OracleError(format!(
                "{} answers to {} questions",
                answers.len(),
                questions.len()
            )))
        }
    }

    /// Its Python, with the pinned packages: for other programs that are judged by the vectors.
    #[must_use]
    pub fn python(&self) -> Command {
        let mut command = Command::new(&self.python);
        // No __pycache__ in the source tree.
        command.arg("-B");
        command
    }

    fn script(&self, name: &str) -> Command {
        let mut command = self.python();
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(name));
        command
    }
}

fn make(home: &Path) -> Result<(), OracleError> {
    let _ = fs::remove_dir_all(home);
    run(Command::new("python3").args(["-m", "venv"]).arg(home)).map_err(|error| {
        OracleError(format!(
            "the vectors are checked with Python: install python3 and its venv module (Debian: python3-venv)\n{error}"
        ))
    })?;
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("requirements.txt");
    let mut pip = Command::new(home.join("bin").join("python"));
    pip.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
    ]);
    pip.arg("--requirement").arg(requirements);
    run(&mut pip).map(drop)
}

fn run(command: &mut Command) -> Result<String, OracleError> {
    let output = command
        .output()
        .map_err(|error| OracleError(format!("{command:?}: {error}")))?;
    finish(command, &output)
}

/// Runs a command with `input` on its standard input.
fn feed(command: &mut Command, input: String) -> Result<String, OracleError> {
    let failed = |error: std::io::Error| OracleError(format!("open_cose.py: {error}"));
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let stdin = child.stdin.take();
    // Beside the reading of its output, or both sides may wait on a full pipe.
    let writer = std::thread::spawn(move || {
        stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()))
    });
    let output = child.wait_with_output().map_err(failed)?;
    let text = finish(command, &output)?;
    match writer.join() {
        Ok(Ok(())) => Ok(text),
        _ => Err(OracleError("open_cose.py did not read its input".into())),
    }
}

fn finish(command: &Command, output: &Output) -> Result<String, OracleError> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        return Ok(text(&output.stdout));
    }
    Err(OracleError(format!(
        "{command:?}: {}\n{}{}",
        output.status,
        text(&output.stdout),
        text(&output.stderr)
    )))
}

/// FNV-1a: the standard hasher may differ from one Rust to the next, and would leave environments behind.
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
