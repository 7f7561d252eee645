//! `mqward acl explain`: why a client may or may not publish, subscribe or receive.

use std::path::PathBuf;

use clap::Args;
use mqward::{Acl, ClientId, Publish, SEAL_OVERHEAD, TopicName, Verdict, Why};
use mqward_broker::Policy;
use serde::Serialize;

use crate::error::{CliError, Status};
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct ExplainArgs {
    /// The policy file
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The client, in whatever shape it connects
    #[arg(long, value_name = "ID")]
    client_id: String,
    #[command(flatten)]
    access: AccessArgs,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
struct AccessArgs {
    /// May it publish to this topic?
    #[arg(long, value_name = "TOPIC")]
    publish: Option<String>,
    /// May it subscribe to this filter, $share included?
    #[arg(long, value_name = "FILTER")]
    subscribe: Option<String>,
    /// May a message on this topic go to it?
    #[arg(long, value_name = "TOPIC")]
    deliver: Option<String>,
}

#[derive(Serialize)]
struct Report<'a> {
    verdict: &'static str,
    sentence: String,
    reported: bool,
    close: bool,
    reason: Option<&'static str>,
    role: Option<&'a str>,
    rule: Option<usize>,
    rule_text: Option<String>,
    level: Option<usize>,
    sealed: bool,
    v3: u8,
    v5: u8,
}

/// A payload that has the shape of a sealed one; no rule wants it otherwise.
const SEALED_SHAPE: [u8; SEAL_OVERHEAD] = {
    let mut payload = [1; SEAL_OVERHEAD];
    payload[0] = 0x10;
    payload
};

impl ExplainArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let policy = Policy::read(&self.policy).map_err(CliError::failed)?;
        let gate = policy.gate();
        let client = self.client_id.as_bytes();
        let access = &self.access;
        let verdict = match (&access.publish, &access.subscribe, &access.deliver) {
            (Some(topic), _, _) => {
                let packet = Publish {
                    topic: topic.as_bytes(),
                    payload: &SEALED_SHAPE,
                    retain: false,
                    packet_len: None,
                };
                gate.publish(client, &packet)
            }
            (_, Some(filter), _) => gate.subscribe(client, filter.as_bytes()),
            (_, _, Some(topic)) => gate.deliver(client, topic.as_bytes()),
            _ => {
                return Err(CliError::usage(
                    "`--publish`, `--subscribe` or `--deliver`?",
                ));
            }
        };
        let role = verdict.role().and_then(|role| gate.roles().get(role));
        let sealed = match (&access.publish, role, ClientId::new(&self.client_id)) {
            (Some(topic), Some(role), Ok(client)) if verdict.is_allowed() => TopicName::new(topic)
                .is_ok_and(|topic| Acl::new(role.rules).publish(client, topic).sealed()),
            _ => false,
        };
        let (rule, level) = rule_and_level(&verdict);
        let report = Report {
            verdict: if verdict.is_allowed() {
                "allowed"
            } else {
                "refused"
            },
            sentence: verdict.explain(&gate).to_string(),
            reported: verdict.is_reported(),
            close: verdict.close(),
            reason: verdict.reason().map(|reason| reason.code()),
            role: role.map(|role| role.name),
            rule,
            rule_text: rule
                .zip(role)
                .and_then(|(rule, role)| role.rules.get(rule))
                .map(ToString::to_string),
            level,
            sealed,
            v3: verdict.v3(),
            v5: verdict.v5(),
        };
        output::either(json, &report, || {
            let sealed = if report.sealed {
                "; the payload must be sealed"
            } else {
                ""
            };
            format!("{}{sealed}", report.sentence)
        })?;
        Ok(if verdict.is_allowed() {
            Status::Ok
        } else {
            Status::Refused
        })
    }
}

const fn rule_and_level(verdict: &Verdict) -> (Option<usize>, Option<usize>) {
    match verdict.why() {
        Some(
            Why::AllowedBy { rule } | Why::AllowedTogether { first: rule } | Why::DeniedBy { rule },
        ) => (Some(rule), None),
        Some(Why::NotCovered { rule, level }) => (Some(rule), Some(level)),
        Some(Why::NoRule) | None => (None, None),
    }
}
