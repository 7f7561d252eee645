//! What the library may take at most, and what of it is reached.

use core::fmt::Write as _;

use super::part::{BARE, DEVICE, PARTS, Part};
use super::{Report, peak_stack};
use crate::command::Failure;

/// What must hold on a Cortex-M4 with opt-level s and the compact SHA-256.
struct Limit {
    what: &'static str,
    /// What this project wants.
    goal: u64,
    /// What fails the command: the goal, or 2 % above the best that was reached, which is to be lowered with it.
    held: u64,
    found: fn(&Report) -> Result<u64, Failure>,
}

fn flash_of(report: &Report, part: &Part) -> Result<u64, Failure> {
    let index = PARTS.iter().position(|known| known.name == part.name);
    let linked = index
        .and_then(|index| report.linked.get(index))
        .ok_or("a part is missing")?;
    Ok(linked.flash)
}

const LIMITS: [Limit; 4] = [
    Limit {
        what: "flash: password, seal, open",
        goal: 4812,
        held: 7_890,
        found: |report| flash_of(report, &BARE),
    },
    Limit {
        what: "flash: device set",
        goal: 10_240,
        held: 16_100,
        found: |report| flash_of(report, &DEVICE),
    },
    Limit {
        what: "static RAM",
        goal: 0,
        held: 0,
        found: |report| {
            Ok(report
                .linked
                .iter()
                .map(|linked| linked.ram)
                .max()
                .unwrap_or(0))
        },
    },
    Limit {
        what: "peak stack, payload of 256 bytes",
        goal: 1024,
        held: 1024,
        found: |report| peak_stack(&DEVICE, &report.measured),
    },
];

pub(super) fn limited(reports: &[Report]) -> Result<&Report, Failure> {
    reports
        .iter()
        .find(|report| report.core == "Cortex-M4F" && report.build.opt_level == "s")
        .ok_or_else(|| "no Cortex-M4F was measured".into())
}

pub(super) fn limits(reports: &[Report], text: &mut String) -> Result<(), Failure> {
    let report = limited(reports)?;
    text.push_str(
        "\n## Limits, Cortex-M4F, opt-level s\n\n| what | goal | limit | is |\n|---|--:|--:|--:|\n",
    );
    for limit in &LIMITS {
        let found = (limit.found)(report)?;
        writeln!(
            text,
            "| {} | {} | {} | {found} |",
            limit.what, limit.goal, limit.held
        )?;
    }
    text.push_str(
        "\nContext structs are at most 256 bytes: `c/measure.c` does not compile otherwise.\n",
    );
    Ok(())
}

/// Fails with what exceeds its limit.
pub(super) fn check(reports: &[Report]) -> Result<(), Failure> {
    let report = limited(reports)?;
    let mut exceeded = String::new();
    for limit in &LIMITS {
        let found = (limit.found)(report)?;
        if found > limit.held {
            writeln!(
                exceeded,
                "{}: {found} bytes, at most {}",
                limit.what, limit.held
            )?;
        }
    }
    if exceeded.is_empty() {
        Ok(())
    } else {
        Err(format!("on a Cortex-M4F at opt-level s\n{exceeded}").into())
    }
}
