//! What the command prints.

use std::io::{self, IsTerminal, Write};

use clap::ValueEnum;
use serde::Serialize;

use crate::error::CliError;

/// Writes bytes to standard output and flushes them.
pub(crate) fn write(bytes: &[u8]) -> Result<(), CliError> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)
        .and_then(|()| out.flush())
        .map_err(|error| CliError::output(&error))
}

/// Writes a text and a newline.
pub(crate) fn line(text: &str) -> Result<(), CliError> {
    write(format!("{text}\n").as_bytes())
}

/// Writes a value as one line of JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<(), CliError> {
    let text = serde_json::to_string(value).map_err(|error| CliError::failed(error.to_string()))?;
    line(&text)
}

/// Writes a value as JSON if that was asked for, or its text.
pub(crate) fn either(
    as_json: bool,
    value: &impl Serialize,
    text: impl FnOnce() -> String,
) -> Result<(), CliError> {
    if as_json { json(value) } else { line(&text()) }
}

/// How bytes travel as text.
#[derive(Copy, Clone, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Encoding {
    /// The bytes themselves.
    Raw,
    /// Hexadecimal digits and a newline.
    Hex,
    /// base64 with padding and a newline.
    Base64,
}

impl Encoding {
    /// Writes bytes to standard output in this form.
    pub(crate) fn write(self, bytes: &[u8]) -> Result<(), CliError> {
        match self {
            Self::Raw if io::stdout().is_terminal() => {
                Err(CliError::usage("binary output does not go to a terminal")
                    .hint("Redirect it, or choose `--to hex` or `--to base64`."))
            }
            Self::Raw => write(bytes),
            Self::Hex => line(&base16ct::lower::encode_string(bytes)),
            Self::Base64 => line(&base64(bytes)),
        }
    }

    /// Reads bytes that came in this form; white space around text is ignored.
    pub(crate) fn decode(self, bytes: Vec<u8>) -> Result<Vec<u8>, CliError> {
        match self {
            Self::Raw => Ok(bytes),
            Self::Hex => base16ct::mixed::decode_vec(bytes.trim_ascii())
                .map_err(|_| CliError::failed("the input is not hexadecimal")),
            Self::Base64 => core::str::from_utf8(bytes.trim_ascii())
                .ok()
                .and_then(from_base64)
                .ok_or_else(|| CliError::failed("the input is not base64")),
        }
    }
}

/// base64 with padding (RFC 4648 §4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    use base64ct::{Base64, Encoding};
    Base64::encode_string(bytes)
}

/// The bytes of base64 with padding.
pub(crate) fn from_base64(text: &str) -> Option<Vec<u8>> {
    use base64ct::{Base64, Encoding};
    Base64::decode_vec(text).ok()
}
