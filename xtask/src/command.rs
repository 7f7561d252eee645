//! Commands that the tasks run, echoed before they run and fatal if they fail.

use std::env;
use std::path::PathBuf;
use std::process::Command;

/// What ends a task: a sentence for the terminal.
pub(crate) type Failure = Box<dyn core::error::Error>;

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// Runs the cargo that runs this task.
pub(crate) fn cargo<const N: usize>(arguments: [&str; N]) -> Result<(), Failure> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    run(
        Command::new(cargo).args(arguments),
        &format!("cargo {}", arguments.join(" ")),
    )
}

/// Echoes `shown`, runs the command in the workspace's folder, and fails unless it succeeds.
pub(crate) fn run(command: &mut Command, shown: &str) -> Result<(), Failure> {
    eprintln!("+ {shown}");
    let status = command
        .current_dir(root())
        .status()
        .map_err(|error| format!("`{shown}` did not start: {error}"))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{shown}` failed: {status}").into())
    }
}
