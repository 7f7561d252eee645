//! A verdict as a sentence.

use core::fmt;

use mqward_topic::Why;

use crate::{Gate, Verdict};

pub(crate) struct Explanation<'g, 'a> {
    pub(crate) verdict: &'g Verdict,
    pub(crate) gate: &'g Gate<'a>,
}

impl fmt::Display for Explanation<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = self.verdict;
        let outcome = match (verdict.is_allowed(), verdict.close()) {
            (true, _) if verdict.is_reported() => "allowed but reported",
            (true, _) => "allowed",
            (false, false) => "refused",
            (false, true) => "refused, connection closed",
        };
        write!(f, "{} {outcome}", verdict.action())?;
        if let Some(reason) = verdict.reason() {
            write!(f, " ({}): {reason}", reason.code())?;
        }
        let Some(role) = verdict.role().and_then(|role| self.gate.roles().get(role)) else {
            return Ok(());
        };
        write!(f, "; role \"{}\"", role.name)?;
        let rule = |index: usize| RuleText(role.rules.get(index));
        match verdict.why() {
            None => Ok(()),
            Some(Why::AllowedBy { rule: index }) => {
                write!(f, ", allowed by rule {index} {}", rule(index))
            }
            Some(Why::AllowedTogether { first }) => write!(
                f,
                ", allowed by several rules together, the first is rule {first} {}",
                rule(first)
            ),
            Some(Why::DeniedBy { rule: index }) => {
                write!(f, ", denied by rule {index} {}", rule(index))
            }
            Some(Why::NoRule) => f.write_str(", which has no rule that allows this kind of access"),
            Some(Why::NotCovered { rule: index, level }) => write!(
                f,
                ", the closest is rule {index} {}, which does not cover it from level {level} on",
                rule(index)
            ),
        }?;
        if verdict.why().is_some_and(|why| why != Why::NoRule) {
            f.write_str(" (rules and levels count from 0)")?;
        }
        Ok(())
    }
}

struct RuleText<'a>(Option<&'a mqward_topic::Rule<'a>>);

impl fmt::Display for RuleText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rule) => write!(f, "\"{rule}\""),
            // A verdict of another gate: say nothing wrong.
            None => f.write_str("(unknown)"),
        }
    }
}
