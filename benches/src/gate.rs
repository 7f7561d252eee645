//! The gate on ratios: what `cargo xtask bench --check` fails for.

use std::error::Error;

use crate::document::Goal;
use crate::{Part, ROUNDS, machine};

/// How much worse than what is held a ratio may be: processors differ, and other work on the machine moves ratios too.
pub(crate) const MARGIN: f64 = 0.15;

/// How often a part is measured, a few seconds each time, before a ratio counts as missed.
const TRIES: usize = 3;

/// Goals that are out of reach so far, and the best ratio that was reached, which is held instead.
///
/// Where processors differ it is that of the slowest of those that docs/performance.md has been written on.
const BEST_SO_FAR: [(&str, f64); 1] = [("Open, 1024 B: mqward, AVX2 / ring", 1.02)];

/// What a ratio is held to: its goal, or the best so far.
pub(crate) fn held(goal: &Goal) -> f64 {
    let best = BEST_SO_FAR.iter().find(|(what, _)| *what == goal.what);
    best.map_or(goal.at_most, |(_, best)| goal.at_most.max(*best))
}

fn is_held(goal: &Goal) -> bool {
    goal.is <= held(goal) * (1.0 + MARGIN)
}

/// Measures each part, again if a ratio is missed, and fails with those that were missed each time.
pub(crate) fn check(parts: impl Iterator<Item = &'static Part>) -> Result<(), Box<dyn Error>> {
    let has = machine::flags()?;
    let mut missed = Vec::new();
    for part in parts {
        if let Some(feature) = part
            .needs
            .filter(|feature| !has.iter().any(|flag| flag == feature))
        {
            eprintln!(
                "not judged: {}, because this processor has no {feature}",
                part.name
            );
            continue;
        }
        for goal in best_of(part)? {
            let line = format!("{goal}, held to {:.3}", held(&goal));
            let verdict = if is_held(&goal) { "held" } else { "MISSED" };
            println!("{verdict}: {line}");
            if !is_held(&goal) {
                missed.push(line);
            }
        }
    }
    if missed.is_empty() {
        return Ok(());
    }
    Err(format!(
        "above what is held by more than {:.0} %, {TRIES} times:\n{}",
        MARGIN * 100.0,
        missed.join("\n")
    )
    .into())
}

/// The goals of a part, each with the lowest ratio of the tries that it took.
fn best_of(part: &Part) -> Result<Vec<Goal>, Box<dyn Error>> {
    let mut best: Vec<Goal> = Vec::new();
    for _ in 0..TRIES {
        let sections = (part.sections)(ROUNDS)?;
        for goal in sections.into_iter().flat_map(|section| section.goals) {
            match best.iter_mut().find(|known| known.what == goal.what) {
                Some(known) => known.is = known.is.min(goal.is),
                None => best.push(goal),
            }
        }
        if best.iter().all(is_held) {
            break;
        }
    }
    Ok(best)
}
