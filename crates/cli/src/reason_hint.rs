//! What to do about each reason that an audit log names.

/// A hint for a reason code of `mqward::Reason`, or of the broker side; `None` for one that this version does not know.
pub(crate) fn hint(code: &str) -> Option<&'static str> {
    HINTS
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, hint)| *hint)
}

const HINTS: &[(&str, &str)] = &[
    (
        "client-id",
        "Client ids are 1 to 255 printable ASCII characters without + # / $ % *. Set one in the client; an empty one is made up by \
         the broker.",
    ),
    (
        "no-role",
        "No role of the policy has a client_id rule that fits. `mqward policy check FILE` prints the rules; mind prefix, length and \
         upper case.",
    ),
    (
        "user-name",
        "The user name must be the client id, byte for byte. Some libraries leave it out when it is empty, or make up a client id of \
         their own.",
    ),
    (
        "no-password",
        "The client sent no password. Mint one for every connection attempt; with MQTT 5, in the password and not in an \
         authentication method.",
    ),
    (
        "malformed-password",
        "A password is 39 characters of base64url. A static one, one that was cut, or one with a newline behind it is none. \
         `mqward password inspect` looks at one.",
    ),
    (
        "unknown-device",
        "The id or its generation is not in the registry, or not any more: a login with a newer generation ends the older ones. \
         `mqward device show CLIENT_ID` tells; `mqward device add` or `bind` puts it in.",
    ),
    (
        "wrong-tag",
        "Another key: other seeds than the broker's auth root gives, another hardware id in the registry than on the board, another \
         audience in the firmware than in the policy, or an attacker. Compare all three; `mqward verify` tries them.",
    ),
    (
        "outside-window",
        "The skew says how far the clocks are apart. Check NTP on the broker first, then on the device: a boot before time sync must \
         log in without time, not with a wrong one. A library that reconnects with its old password looks the same: mint anew for \
         every attempt.",
    ),
    (
        "no-clock",
        "The device sent no time, and the registry says that it has a clock. If it has none: `mqward device set --clock none` (or \
         `optional`, for one whose clock comes up late).",
    ),
    (
        "replayed",
        "The same password came twice. Nearly always a library that reconnects by itself with the password it was given: mint a new \
         one for every attempt. Otherwise somebody listens, and was kept out. Right after a restart of the broker: wait one window.",
    ),
    (
        "counter-went-back",
        "The boot counter is lower than it was: flash that was erased, restored or cloned. Give the device the next generation: \
         `mqward device rotate`, then `device export`. If two boards answer to one id, revoke it. If the device has no clock and \
         goes on logging in between these, somebody tries passwords that he recorded: they are refused, and nothing is to be done.",
    ),
    (
        "revoked",
        "Somebody ran `mqward device revoke`; `mqward device show CLIENT_ID` has the note. `unrevoke` takes it back.",
    ),
    (
        "unavailable",
        "Either a cold start: the broker began without knowing which passwords were used, so it takes only those that are made more \
         than one window after that. Lines with \"event\":\"store\" say until when; `mqward replay init` spares a new audience the wait. \
         Or something cannot be stored: disk full, a read-only folder, a store that is damaged or locked; `mqward doctor` looks at the \
         files. The device just tries again.",
    ),
    (
        "packet-too-large",
        "Longer than `packet` in the role's limits. Send less, or raise it there and max_packet_size in mosquitto.conf with it.",
    ),
    (
        "payload-too-large",
        "Longer than `payload` in the role's limits; sealing adds 30 bytes. Send less, or raise it.",
    ),
    (
        "topic-too-long",
        "Longer than `topic` in the role's limits. Shorten it, or raise the limit.",
    ),
    (
        "topic-too-deep",
        "More levels than `levels` in the role's limits. Flatten it, or raise the limit.",
    ),
    (
        "too-many-filters",
        "More filters in one SUBSCRIBE than `filters` in the role's limits. Subscribe in several packets, or raise it.",
    ),
    (
        "limit",
        "A limit of the role in the policy; the detail says which.",
    ),
    (
        "malformed-topic",
        "Not a Topic Name or Filter of MQTT (§4.7): a wildcard that is not alone in its level, `#` that is not last, an empty or \
         control character. A fault of the client's code.",
    ),
    (
        "not-allowed",
        "No rule allows it. The detail names the closest one and the level where it ends; `mqward acl explain` tries others. A filter \
         with wildcards needs rules that allow every topic that it could match.",
    ),
    (
        "denied",
        "A deny rule forbids it, whatever else allows it. A subscription is refused whole if it meets one: subscribe beside it.",
    ),
    (
        "not-sealed",
        "The rule says `sealed`, and this payload has not the shape of one: old firmware, or retain set without class retained. \
         `mqward seal` makes one to compare.",
    ),
    (
        "will-not-allowed",
        "The rules do not let the client publish its will. A will needs the same `publish` rule as the message itself.",
    ),
    (
        "will-not-sealed",
        "The will is plaintext where the rule says `sealed`. Seal it anew for every CONNECT, with class will.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// The codes, as the library's own source spells them: a new one without a hint fails here.
    fn codes() -> Vec<&'static str> {
        let source = include_str!("../../mqward/src/reason.rs");
        let body = source.split("pub const fn code(").nth(1).unwrap();
        let body = body.split("impl fmt::Display").next().unwrap();
        let codes = body.split("=> \"").skip(1);
        codes.map(|rest| rest.split('"').next().unwrap()).collect()
    }

    #[test]
    fn every_reason_has_one_hint() {
        let codes = codes();
        assert!(
            codes.len() >= 25 && codes.contains(&mqward::Reason::Replayed.code()),
            "{codes:?}"
        );
        for code in &codes {
            assert!(
                hint(code).is_some_and(|hint| hint.len() > 40),
                "no hint for {code}"
            );
        }
        for (code, _) in HINTS {
            assert!(codes.contains(code), "{code} is no reason");
            assert_eq!(
                HINTS.iter().filter(|(other, _)| other == code).count(),
                1,
                "{code}"
            );
        }
        assert_eq!(hint("sunspots"), None);
    }
}
