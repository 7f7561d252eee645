//! `mqward replay`: what the broker remembers of passwords that were used.

use std::fs::File;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use mqward_broker::{ReplayError, ReplayJournal, ReplayMark};
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
