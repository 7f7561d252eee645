//! The audit log: one JSON object per line for every login, refusal and reload. It never holds a secret.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use mqward::UnixTime;
use serde::{Serialize, Serializer};
use serde_json::ser::Formatter;

use crate::PolicyError;

/// How much of a name from the network a line shows, in characters.
const MAX_SHOWN: usize = 128;

/// What happened.
#[derive(Copy, Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuditEvent {
    Login,
    Publish,
    Subscribe,
    Reload,
    /// The registry was changed, or cannot be read.
    Registry,
    /// The replay store was opened, or has something to say.
    Store,
    /// A device reached another stage of the migration.
    Stage,
    /// Somebody failed so often that further failures are counted in the metrics alone.
    Limit,
}

/// How it was judged.
#[derive(Copy, Clone, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuditVerdict {
    Allow,
    Defer,
    Refuse,
    Report,
}

/// One line. There is no field for a password, a user name or a payload.
#[derive(Debug, Serialize)]
pub(crate) struct AuditEntry<'a> {
    /// The time that the decision went by; the system's clock where no time took part in it.
    #[serde(rename = "time", serialize_with = "seconds")]
    pub(crate) now: Option<UnixTime>,
    pub(crate) event: AuditEvent,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub(crate) client_id: Option<&'a [u8]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<&'a str>,
    pub(crate) verdict: AuditVerdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) close: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) skew: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "shown")]
    pub(crate) topic: Option<&'a [u8]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) detail: Option<String>,
}

impl AuditEntry<'_> {
    /// A line about the broker's own work.
    pub(crate) const fn notice(now: UnixTime, event: AuditEvent, detail: String) -> Self {
        Self {
            now: Some(now),
            event,
            client_id: None,
            address: None,
            verdict: AuditVerdict::Report,
            reason: None,
            role: None,
            close: None,
            skew: None,
            topic: None,
            detail: Some(detail),
        }
    }
}

// Signatures are those that `serialize_with` asks for.
fn seconds<S: Serializer>(now: &Option<UnixTime>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(now.map_or_else(system_time, |now| u64::from(now.get())))
}

/// Bytes from the network as text: lossy where they are not UTF-8, cut where they are long.
fn shown<S: Serializer>(bytes: &Option<&[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    // No character takes more than four bytes, so what is beyond cannot be among those shown.
    let bytes = bytes.unwrap_or_default();
    let head = bytes.get(..4 * MAX_SHOWN + 4).unwrap_or(bytes);
    let text = String::from_utf8_lossy(head);
    match text.char_indices().nth(MAX_SHOWN) {
        None => serializer.serialize_str(&text),
        Some((end, _)) => {
            serializer.serialize_str(&format!("{}...", text.get(..end).unwrap_or("")))
        }
    }
}

/// Prints what is not printable ASCII as `\u` escapes: a line can neither steer nor mirror a terminal.
struct AsciiFormatter;

impl Formatter for AsciiFormatter {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        let is_strange = |character| !matches!(character, ' '..='~');
        while let Some((at, strange)) = rest.char_indices().find(|(_, it)| is_strange(*it)) {
            let (plain, from) = rest.split_at(at);
            writer.write_all(plain.as_bytes())?;
            for unit in strange.encode_utf16(&mut [0; 2]) {
                write!(writer, "\\u{unit:04x}")?;
            }
            rest = from.get(strange.len_utf8()..).unwrap_or("");
        }
        writer.write_all(rest.as_bytes())
    }
}

/// An open log file, or none.
#[derive(Debug)]
pub(crate) struct AuditLog(Option<Mutex<Output>>);

#[derive(Debug)]
struct Output {
    path: PathBuf,
    file: File,
    /// The last line may lack its end; the next one begins with a newline.
    torn: bool,
    /// A newline and the last line: one allocation serves them all.
    text: Vec<u8>,
}

impl AuditLog {
    /// Opens a log for appending; a new file gets mode 0640 on Unix.
    ///
    /// # Errors
    /// When the file cannot be opened or made.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, PolicyError> {
        let Some(path) = path else {
            return Ok(Self(None));
        };
        match open(path) {
            Ok(file) => Ok(Self(Some(Mutex::new(Output {
                path: path.to_owned(),
                file,
                torn: false,
                text: Vec::new(),
            })))),
            Err(error) => Err(PolicyError::of_file(path, format!("audit log: {error}"))),
        }
    }

    /// Whether lines go anywhere.
    pub(crate) const fn is_kept(&self) -> bool {
        self.0.is_some()
    }

    /// Goes on in a new file where somebody moved the old one away: a log is rotated without a reload.
    ///
    /// # Errors
    /// When the new file cannot be made. The moved one is still written then.
    pub(crate) fn follow(&self) -> io::Result<()> {
        let Some(output) = &self.0 else { return Ok(()) };
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        if !was_moved(&output.path, &output.file) {
            return Ok(());
        }
        output.file = open(&output.path)?;
        output.torn = false;
        Ok(())
    }

    /// Appends a line.
    ///
    /// # Errors
    /// When it could not be written whole.
    pub(crate) fn write(&self, entry: &AuditEntry<'_>) -> io::Result<()> {
        let Some(output) = &self.0 else { return Ok(()) };
        let mut output = output.lock().unwrap_or_else(PoisonError::into_inner);
        let Output {
            file, torn, text, ..
        } = &mut *output;
        text.clear();
        // A newline first, for the case that the line before was torn.
        text.push(b'\n');
        entry.serialize(&mut serde_json::Serializer::with_formatter(
            &mut *text,
            AsciiFormatter,
        ))?;
        text.push(b'\n');
        // One line is one write, so whoever reads along never sees half of it.
        let written = file.write_all(text.get(usize::from(!*torn)..).unwrap_or(&[]));
        *torn = written.is_err();
        written
    }
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o640);
    options.open(path)
}

#[cfg(unix)]
fn was_moved(path: &Path, file: &File) -> bool {
    use std::os::unix::fs::MetadataExt;

    match (std::fs::metadata(path), file.metadata()) {
        (Ok(there), Ok(open)) => (there.dev(), there.ino()) != (open.dev(), open.ino()),
        (Err(error), _) => error.kind() == io::ErrorKind::NotFound,
        (Ok(_), Err(_)) => false,
    }
}

#[cfg(not(unix))]
fn was_moved(path: &Path, _: &File) -> bool {
    !path.exists()
}

fn system_time() -> u64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_for(client_id: &[u8]) -> String {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let log = AuditLog::open(Some(&path)).unwrap();
        let entry = AuditEntry {
            now: UnixTime::from_secs(1_767_225_600),
            event: AuditEvent::Login,
            client_id: Some(client_id),
            address: None,
            verdict: AuditVerdict::Refuse,
            reason: Some("client-id"),
            role: None,
            close: Some(true),
            skew: Some(-3),
            topic: None,
            detail: None,
        };
        log.write(&entry).unwrap();
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn hostile_client_ids_stay_on_their_line() {
        for hostile in [
            "a\nb",
            "a\r\n{}",
            "\u{1b}[2J",
            "\u{9b}31m",
            "\u{7f}",
            "\u{202e}abc",
            "\"",
            "\\",
            "\u{1f600}",
            "\0",
        ] {
            let line = line_for(hostile.as_bytes());
            let body = line.strip_suffix('\n').unwrap();
            assert!(
                body.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
                "{body:?}"
            );
            let parsed: serde_json::Value = serde_json::from_str(body).unwrap();
            assert_eq!(parsed["client_id"], hostile);
            assert_eq!(parsed["skew"], -3);
            assert_eq!(parsed["time"], 1_767_225_600);
            assert_eq!(parsed["verdict"], "refuse");
        }
    }

    #[test]
    fn what_is_no_text_is_lossy_and_what_is_long_is_cut() {
        let parsed: serde_json::Value = serde_json::from_str(&line_for(b"a\xff\xfeb")).unwrap();
        assert_eq!(parsed["client_id"], "a\u{fffd}\u{fffd}b");
        for long in ["x".repeat(65_535), "\u{1f600}".repeat(16_000)] {
            let line = line_for(long.as_bytes());
            let parsed: serde_json::Value = serde_json::from_str(&line).unwrap();
            let shown = parsed["client_id"].as_str().unwrap();
            assert_eq!(shown.chars().count(), MAX_SHOWN + 3);
            assert!(line.len() < 2_000);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_new_log_is_not_for_everybody() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        AuditLog::open(Some(&path)).unwrap();
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o137, 0, "{mode:o}");
    }
}
