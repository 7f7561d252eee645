//! `mqward replay`: what the broker remembers of passwords that were used.

use std::fs::File;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use mqward::UnixTime;
use mqward_broker::{ColdStart, Policy, ReplayError, ReplayJournal, ReplayMark};
use serde::Serialize;

use crate::error::{CliError, Status};
use crate::input::is_dash;
use crate::{output, time_argument};

/// The replay store of a broker: the last accepted mark of each device.
#[derive(Debug, Subcommand)]
pub(crate) enum ReplayCommand {
    /// Make the store of a new broker; a lost one is never made anew, the broker does that by itself
    ///
    /// It says that no password was ever accepted for this audience, so nobody has to wait for a window to pass.
    Init(StoreArgs),
    /// Write the marks as CSV, also while the broker runs
    Export(StoreArgs),
    /// Ask the broker to take marks over where they are higher; it does within seconds, or when it starts
    Merge(MergeArgs),
    /// Say that the store was put back from a backup in a way that the broker cannot notice; while it is stopped
    ///
    /// For a snapshot of a whole disk or machine. Passwords up to now plus the window of the policy may have been used since
    /// it was made: they are refused, and devices without a clock stay out until `replay merge` gives their last marks.
    DeclareRestored(RestoredArgs),
}

#[derive(Args, Debug)]
pub(crate) struct RestoredArgs {
    /// The broker's policy
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
}

#[derive(Serialize)]
struct NotBefore {
    not_before: Option<u32>,
}

#[derive(Args, Debug)]
pub(crate) struct StoreArgs {
    /// The replay store, `file` in `[replay]` of the policy
    #[arg(long, value_name = "FILE")]
    store: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct MergeArgs {
    #[command(flatten)]
    store: StoreArgs,
    /// Marks as `replay export` writes them, from a broker you trust; `-` is standard input
    #[arg(value_name = "FILE")]
    marks: PathBuf,
}

#[derive(Serialize)]
struct Asked {
    marks: usize,
}

/// A mistake in what was given is an answer; anything about a file is a failure.
pub(crate) fn failed(error: ReplayError) -> CliError {
    match error {
        ReplayError::Line { .. } => CliError::refused(error),
        _ => CliError::failed(error),
    }
}

impl ReplayCommand {
    pub(crate) fn run(&self, json: bool) -> Result<Status, CliError> {
        match self {
            Self::Init(args) => {
                ReplayJournal::create(&args.store, time_argument::now()?).map_err(failed)?;
                output::either(json, &Asked { marks: 0 }, || {
                    format!(
                        "made {}: no password was ever accepted",
                        args.store.display()
                    )
                })?;
            }
            Self::Export(args) => {
                let marks = ReplayJournal::read_marks(&args.store).map_err(failed)?;
                let mut csv = Vec::new();
                ReplayMark::write_csv(&marks, &mut csv)
                    .map_err(|error| CliError::failed(error.to_string()))?;
                output::write(&csv)?;
            }
            Self::DeclareRestored(args) => {
                File::open(&args.policy).map_err(|error| CliError::file(&args.policy, error))?;
                let policy = Policy::read(&args.policy).map_err(CliError::failed)?;
                let path = policy.replay_file().ok_or_else(|| {
                    CliError::refused(
                        "the policy keeps marks in memory alone: every start is a cold one",
                    )
                })?;
                let (now, window_secs) = (time_argument::now()?, policy.window_secs());
                let cold_start = ColdStart::Strict {
                    start: now,
                    window_secs,
                };
                let store = ReplayJournal::open(path, cold_start, now).map_err(|error| {
                    let in_use = matches!(error, ReplayError::InUse { .. });
                    match (failed(error), in_use) {
                        (error, true) => error.hint("Stop the broker first."),
                        (error, false) => error,
                    }
                })?;
                store.declare_restored(now, window_secs).map_err(failed)?;
                let not_before = store.not_before();
                let declared = NotBefore {
                    not_before: not_before.map(UnixTime::get),
                };
                output::either(json, &declared, || {
                    let until = not_before.map_or_else(String::new, time_argument::rfc3339);
                    format!(
                        "{}: passwords up to {until} are refused, and devices without a clock stay out",
                        path.display()
                    )
                })?;
            }
            Self::Merge(args) => {
                let marks = if is_dash(&args.marks) {
                    ReplayMark::read_csv(std::io::stdin().lock())
                } else {
                    let file = File::open(&args.marks);
                    ReplayMark::read_csv(file.map_err(|error| CliError::file(&args.marks, error))?)
                };
                let marks = marks.map_err(failed)?;
                if marks.iter().any(|mark| mark.mark.is_none()) {
                    return Err(
                        CliError::refused("a line without a mark would forget its device")
                            .hint("`mqward device reset-replay` does that, for development alone."),
                    );
                }
                ReplayJournal::request_merge(&args.store.store, &marks).map_err(failed)?;
                let asked = Asked { marks: marks.len() };
                output::either(json, &asked, || {
                    format!(
                        "asked the broker to merge {} marks; its audit log says when it did",
                        asked.marks
                    )
                })?;
            }
        }
        Ok(Status::Ok)
    }
}
