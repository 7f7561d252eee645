//! A time on the command line: Unix seconds, or as RFC 3339 writes it.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use jiff::Timestamp;
use mqward::{Clock, UnixTime};

use crate::error::CliError;

/// Reads `1767225600` or `2026-01-01T00:00:00Z`.
pub(crate) fn parse(text: &str) -> Result<UnixTime, String> {
    let secs = match text.parse::<u64>() {
        Ok(secs) => Some(secs),
        Err(_) => text
            .parse::<Timestamp>()
            .ok()
            .and_then(|time| u64::try_from(time.as_second()).ok()),
    };
    secs.and_then(UnixTime::from_secs).ok_or_else(|| {
        "a time is Unix seconds (1 to 4294967295) or RFC 3339 (2026-01-01T00:00:00Z)".to_owned()
    })
}

/// The time now, by this machine's clock.
pub(crate) fn now() -> Result<UnixTime, CliError> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| UnixTime::from_secs(since.as_secs()))
        .ok_or_else(|| {
            CliError::failed("this machine's clock is outside 1970 to 2106").hint("Set the clock.")
        })
}

/// The time as RFC 3339 writes it.
pub(crate) fn rfc3339(time: UnixTime) -> String {
    // Every 32-bit second is a timestamp, so the fallback is never taken.
    Timestamp::from_second(i64::from(time.get()))
        .map_or_else(|_| time.get().to_string(), |time| time.to_string())
}

/// What the sender knows of the time.
#[derive(Args, Debug)]
pub(crate) struct ClockArgs {
    /// The sender's time: Unix seconds or RFC 3339 [default: this machine's clock]
    #[arg(long, value_name = "TIME", value_parser = parse, conflicts_with = "no_clock")]
    time: Option<UnixTime>,
    /// The sender has no clock
    #[arg(long)]
    no_clock: bool,
}

impl ClockArgs {
    pub(crate) fn clock(&self) -> Result<Clock, CliError> {
        match self.time {
            Some(time) => Ok(Clock::Trusted(time)),
            None if self.no_clock => Ok(Clock::None),
            None => now().map(Clock::Trusted),
        }
    }
}
