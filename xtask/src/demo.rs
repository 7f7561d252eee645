//! `cargo xtask demo`: a real Mosquitto with the plugin, an honest fleet, and attackers who try what it is built against.

mod honest;
mod login_attacks;
pub(crate) mod node;
mod payload_attacks;
pub(crate) mod stage;
mod table;
mod topic_attacks;

use crate::command::Failure;
use crate::packages::{MOSQUITTO, need};
use stage::Stage;
use table::Table;

pub(crate) fn run() -> Result<(), Failure> {
    need(&[MOSQUITTO])?;
    let stage = Stage::build()?;
    let mut table = Table::default();

    table.section("What has to get through");
    let traffic = honest::exchange(&stage, &mut table)?;
    table.section("Logging in with what a listener has");
    login_attacks::run(&stage, &mut table)?;
    table.section("Honest credentials, other people's topics");
    topic_attacks::run(&stage, &mut table)?;
    table.section("Payloads on a broker that cannot be trusted");
    payload_attacks::run(&stage, &traffic, &mut table)?;

    print!("{table}");
    table.verdict()
}
