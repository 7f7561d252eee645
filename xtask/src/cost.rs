//! `cargo xtask cost`: the broker's processor time for each CONNECT and PUBLISH, with the plugin and without.

use crate::command::Failure;
use crate::soak::test;

pub(crate) fn run() -> Result<(), Failure> {
    test("clients", &["cost::", "--ignored"], &[])
}
