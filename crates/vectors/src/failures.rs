//! `failures.json`.

use serde::Deserialize;

use crate::{Direction, hex};

/// All of `failures.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Failures {
    /// Verifications of CONNECT passwords.
    pub logins: Vec<Login>,
    /// What passes a replay store that began empty.
    pub cold_starts: Vec<ColdStart>,
    /// Openings of sealed payloads.
    pub openings: Vec<Opening>,
    /// What a broker takes for a sealed payload.
    pub shapes: Vec<Shape>,
}

/// One verification of a CONNECT password (spec §6.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// Names the case.
    pub name: String,
    /// Name of the accepted case that this refused one was made from.
    pub twin: Option<String>,
    /// The password field; its UTF-8 bytes are what arrives.
    pub text: String,
    /// Who judges.
    pub verifier: Verifier,
    /// The step at which it ends.
    pub outcome: LoginOutcome,
}

/// What the verifier of a password knows.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// The fleet root that its keys come from.
    #[serde(deserialize_with = "hex::array")]
    pub root: [u8; 32],
    /// Client Identifier of the CONNECT.
    pub client_id: String,
    /// Generations of this device for which it has a key.
    pub known_generations: Vec<u8>,
    /// 0 to 32 bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub hardware_id: Vec<u8>,
    /// Its own configured name.
    pub audience: String,
    /// Seconds, 1 to 3600.
    pub window: u16,
    /// Whether a password without time may pass.
    pub clock: ClockRule,
    /// Unix seconds.
    pub now: u32,
    /// The client's replay mark, if there is one.
    #[serde(deserialize_with = "hex::optional_number")]
    pub stored_mark: Option<u64>,
}

/// Whether a password without time may pass.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ClockRule {
    /// Time 0 is refused.
    Required,
    /// Time 0 passes.
    Accepted,
}

/// The step at which a verification ends.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum LoginOutcome {
    /// Not the text of a password.
    Malformed,
    /// No key for the client id and generation.
    Unknown,
    /// The tag is wrong.
    Tag,
    /// The time is too far from the verifier's.
    Window {
        /// Sender minus verifier, in seconds.
        skew: i64,
    },
    /// No time, and the rule asks for one.
    Clock,
    /// The mark does not advance.
    Replay {
        /// Same or behind.
        advance: ReplayAdvance,
        /// The password's mark.
        #[serde(deserialize_with = "hex::number")]
        mark: u64,
        /// Sender minus verifier, in seconds; `None` without a clock.
        skew: Option<i64>,
    },
    /// Logged in.
    Accepted {
        /// The mark to store.
        #[serde(deserialize_with = "hex::number")]
        mark: u64,
        /// Sender minus verifier, in seconds; `None` without a clock.
        skew: Option<i64>,
    },
}

/// How a mark stands to the stored one when it does not advance it.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ReplayAdvance {
    /// Equal.
    Same,
    /// Lower.
    Behind,
}

/// One password with a right tag before a replay store without a mark for its client (spec §6.5).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColdStart {
    /// When the store began, in Unix seconds.
    pub started: u32,
    /// Seconds.
    pub window: u16,
    /// Time in the password; 0 without a clock.
    pub time: u32,
    /// Whether the store may let it pass.
    pub accepted: bool,
}

/// One opening of a sealed payload (spec §7.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opening {
    /// Names the case.
    pub name: String,
    /// Name of the opened case that this refused one was made from.
    pub twin: Option<String>,
    /// Who opens.
    pub opener: Opener,
    /// Topic Name on which it arrives.
    pub topic: String,
    /// What arrives.
    #[serde(deserialize_with = "hex::bytes")]
    pub sealed: Vec<u8>,
    /// The step at which it ends.
    pub outcome: OpeningOutcome,
}

/// What the receiver of a sealed payload expects.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Opener {
    /// The direction in which it receives.
    pub direction: Direction,
    /// The fleet root that its keys come from.
    #[serde(deserialize_with = "hex::array")]
    pub root: [u8; 32],
    /// The device at one end.
    pub client_id: String,
    /// 1 to 255.
    pub generation: u8,
    /// 0 to 32 bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub hardware_id: Vec<u8>,
    /// The one sender that it opens.
    pub sender: u8,
    /// The receiving device's own boot; 0 for uplink, where it plays no part.
    pub device_boot: u32,
}

/// The step at which an opening ends.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq)]
#[serde(tag = "step", rename_all = "snake_case")]
pub enum OpeningOutcome {
    /// Not a sealed payload.
    Frame,
    /// Another generation or sender than the opener's.
    WrongKey,
    /// The tag is wrong.
    Refused,
    /// It opens.
    Opened {
        /// What was sealed.
        #[serde(deserialize_with = "hex::bytes")]
        payload: Vec<u8>,
    },
}

/// What a broker's rule `sealed` says of a payload (spec §7.8).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The payload of a PUBLISH.
    #[serde(deserialize_with = "hex::bytes")]
    pub payload: Vec<u8>,
    /// Its RETAIN flag.
    pub retain: bool,
    /// Whether it has the shape.
    pub sealed: bool,
}
