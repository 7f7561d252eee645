//! `cargo xtask cost`: the broker's processor time for each CONNECT and PUBLISH, with the plugin and without.

use std::path::Path;

use crate::command::Failure;
use crate::soak::test;

/// Prints the table, and writes it to the file.
pub(crate) fn run(file: Option<&Path>) -> Result<(), Failure> {
    let file = file.map(|file| file.display().to_string());
    let settings = file.as_ref().map(|file| ("MQWARD_COST_FILE", file));
    test("clients", &["cost::", "--ignored"], settings.as_slice())
}
