//! `mqward why`: the last verdicts about a client, in words, and what to do.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;

use clap::Args;
use mqward::UnixTime;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{CliError, Status};
use crate::output;
use crate::reason_hint::hint;
use crate::time_argument::rfc3339;

/// The longest line of an audit log that is looked at, in bytes.
const MAX_LINE_LEN: u64 = 64 * 1024;

/// Looks a client up in the audit log.
#[derive(Args, Debug)]
pub(crate) struct WhyArgs {
    /// The client, in whatever shape it connects
    #[arg(value_name = "CLIENT_ID")]
    client_id: String,
    /// The audit log of the policy; rotated ones before it, oldest first
    #[arg(long, value_name = "FILE", required = true)]
    audit: Vec<PathBuf>,
    /// How many verdicts to show
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    last: u16,
    /// Only refusals, and what would have been one
    #[arg(long)]
    refused: bool,
}

/// A line of the audit log, as far as this command knows it.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct Entry {
    time: u64,
    event: String,
    client_id: Option<String>,
    address: Option<String>,
    verdict: String,
    reason: Option<String>,
    role: Option<String>,
    close: Option<bool>,
    skew: Option<i64>,
    topic: Option<String>,
    detail: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    #[serde(flatten)]
    entry: &'a Entry,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'static str>,
}

impl WhyArgs {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        let wanted = usize::from(self.last);
        let mut last: VecDeque<Entry> = VecDeque::with_capacity(wanted);
        for path in &self.audit {
            let file = File::open(path).map_err(|error| CliError::file(path, error))?;
            let mut log = BufReader::new(file);
            let mut line = Vec::new();
            loop {
                line.clear();
                let read = (&mut log).take(MAX_LINE_LEN).read_until(b'\n', &mut line);
                if read.map_err(|error| CliError::file(path, error))? == 0 {
                    break;
                }
                // A line that is none was torn by a full disk or a crash; the others still say what they say.
                let Some(entry) = self.entry(&line) else {
                    continue;
                };
                if last.len() == wanted {
                    last.pop_front();
                }
                last.push_back(entry);
            }
        }
        for entry in &last {
            let report = Report {
                entry,
                hint: entry.reason.as_deref().and_then(hint),
            };
            output::either(json, &report, || report.text())?;
        }
        if last.is_empty() {
            return Err(CliError::refused(format_args!(
                "the log holds no verdict about {:?}",
                self.client_id
            ))
            .hint(
                "It never reached the plugin: the address, the port, TLS, or a listener that asks no plugin \
                 (`mqward doctor`). Or the log was rotated: name the older file with another `--audit` before it.",
            ));
        }
        Ok(Status::Ok)
    }

    fn entry(&self, line: &[u8]) -> Option<Entry> {
        let value: Value = serde_json::from_slice(line).ok()?;
        if value.get("client_id")?.as_str()? != self.client_id {
            return None;
        }
        let entry: Entry = serde_json::from_value(value).ok()?;
        (!self.refused || entry.reason.is_some()).then_some(entry)
    }
}

impl Report<'_> {
    fn text(&self) -> String {
        let Entry {
            time,
            event,
            address,
            verdict,
            reason,
            role,
            skew,
            topic,
            detail,
            ..
        } = self.entry;
        let time = UnixTime::from_secs(*time).map_or_else(|| time.to_string(), rfc3339);
        let verdict = match verdict.as_str() {
            "allow" => "allowed",
            "defer" => "left to the broker's own users",
            "refuse" => "refused",
            "report" => "allowed, but would be refused if its role did more than report",
            other => other,
        };
        let mut text = format!("{time}  {event}");
        if let Some(topic) = topic {
            text.push_str(&format!(" {topic:?}"));
        }
        if let Some(address) = address {
            text.push_str(&format!(" from {address}"));
        }
        text.push_str(&format!(": {verdict}"));
        if let Some(reason) = reason {
            text.push_str(&format!(" ({reason})"));
        }
        if let Some(role) = role {
            text.push_str(&format!(", role {role:?}"));
        }
        if let Some(skew) = skew {
            text.push_str(&format!(", its clock {skew:+} s off the broker's"));
        }
        if let Some(detail) = detail {
            // Parsed from JSON: control characters may be in it again.
            text.push_str(&format!("\n    {}", detail.replace(char::is_control, " ")));
        }
        if let Some(hint) = self.hint {
            text.push_str(&format!("\n    What to do: {hint}"));
        }
        text
    }
}
