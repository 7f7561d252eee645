//! What a policy says about the work beside the rules: replay store, audit log, limiter, metrics, migration.

use core::time::Duration;
use std::path::PathBuf;

use toml::Spanned;

use crate::PolicyError;
use crate::policy::Source;
use crate::policy_file::{ColdStartName, PolicyTable};

/// The sections of a policy that are not about who may do what.
#[derive(Clone, Debug)]
pub(crate) struct Services {
    pub(crate) cold_start_open: bool,
    pub(crate) replay_file: Option<PathBuf>,
    pub(crate) audit_file: Option<PathBuf>,
    pub(crate) limiter: LimiterRule,
    pub(crate) metrics: Option<MetricsRule>,
    /// Where the stages are kept that devices have reached; `None` where the policy holds for all of them as it is.
    pub(crate) stages_file: Option<PathBuf>,
}

/// `[limiter]`.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) struct LimiterRule {
    /// How many failures in a row are logged one by one.
    pub(crate) failures: u32,
    /// How many of them a minute without any wins back.
    pub(crate) per_minute: u32,
    /// How many times in a row a client is disconnected over the same topic; `None` is always.
    pub(crate) closes: Option<u32>,
}

/// `[metrics]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct MetricsRule {
    pub(crate) file: PathBuf,
    pub(crate) interval: Duration,
}

/// A minute of a client that reconnects every second; no hand comes to as many.
const DEFAULT_CLOSES: u32 = 60;
/// The largest number in `[limiter]`.
const MAX_RATE: u32 = 1_000_000;
/// The longest time between two metrics files, in seconds.
const MAX_INTERVAL: u32 = 3600;

impl Services {
    pub(crate) fn new(source: &Source<'_>, table: &PolicyTable) -> Result<Self, PolicyError> {
        let replay = table.replay.as_ref();
        let limiter = table.limiter.as_ref();
        let rate = |name, written: Option<&Spanned<u32>>, default| {
            number(source, name, written, default, MAX_RATE)
        };
        let metrics = match &table.metrics {
            None => None,
            Some(metrics) => {
                let secs = number(
                    source,
                    "interval",
                    metrics.interval.as_ref(),
                    15,
                    MAX_INTERVAL,
                )?;
                Some(MetricsRule {
                    file: source.beside(&metrics.file),
                    interval: Duration::from_secs(u64::from(secs)),
                })
            }
        };
        Ok(Self {
            cold_start_open: replay.is_some_and(|replay| replay.cold_start == ColdStartName::Open),
            replay_file: replay
                .and_then(|replay| replay.file.as_deref())
                .map(|file| source.beside(file)),
            audit_file: table.audit.as_ref().map(|audit| source.beside(&audit.file)),
            limiter: LimiterRule {
                failures: rate(
                    "failures",
                    limiter.and_then(|limiter| limiter.failures.as_ref()),
                    100,
                )?,
                per_minute: rate(
                    "per_minute",
                    limiter.and_then(|limiter| limiter.per_minute.as_ref()),
                    60,
                )?,
                closes: match limiter.and_then(|limiter| limiter.closes.as_ref()) {
                    Some(never) if *never.get_ref() == 0 => None,
                    given => Some(rate("closes", given, DEFAULT_CLOSES)?),
                },
            },
            metrics,
            stages_file: table
                .migration
                .as_ref()
                .map(|migration| source.beside(&migration.file)),
        })
    }
}

fn number(
    source: &Source<'_>,
    name: &str,
    written: Option<&Spanned<u32>>,
    default: u32,
    max: u32,
) -> Result<u32, PolicyError> {
    match written.map(|written| (*written.get_ref(), written.span())) {
        None => Ok(default),
        Some((value, _)) if (1..=max).contains(&value) => Ok(value),
        Some((value, span)) => {
            Err(source.error(&span, format!("`{name}` is 1 to {max}, not {value}")))
        }
    }
}
