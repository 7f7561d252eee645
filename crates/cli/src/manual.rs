//! `mqward completions` and `mqward man`: what a package of this command brings along.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::{CliError, Status};
use crate::output;

/// Prints the completions of a shell.
#[derive(Args, Debug)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Writes the man pages.
#[derive(Args, Debug)]
pub(crate) struct ManArgs {
    /// Folder for the pages, one for each command
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl CompletionsArgs {
    pub(crate) fn run(&self) -> Result<Status, CliError> {
        let mut text = Vec::new();
        clap_complete::generate(self.shell, &mut Cli::command(), "mqward", &mut text);
        output::write(&text)?;
        Ok(Status::Ok)
    }
}

impl ManArgs {
    pub(crate) fn run(&self) -> Result<Status, CliError> {
        clap_mangen::generate_to(Cli::command(), &self.out)
            .map_err(|error| CliError::file(&self.out, error))?;
        Ok(Status::Ok)
    }
}
