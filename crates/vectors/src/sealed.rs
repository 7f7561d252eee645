//! `sealed.json`.

use serde::Deserialize;

use crate::{Bytes, Text, hex};

/// All of `sealed.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sealed {
    /// The first one, `design`, was computed before the generator existed.
    pub messages: Vec<SealedMessage>,
}

/// Which way a payload goes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Device to backend.
    Up,
    /// Backend to device.
    Down,
}

/// Class of a sealed payload (spec §7.1).
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// For whoever listens now.
    Live,
    /// Kept by the broker as the last value of its topic.
    Retained,
    /// Published by the broker when the connection ends.
    Will,
    /// Queued by the broker for a sleeper.
    Stored,
}

/// The AEAD's associated data, or its hash where it is long.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aad {
    /// All of it.
    Hex(#[serde(deserialize_with = "hex::bytes")] Vec<u8>),
    /// SHA-256 of it.
    Sha256(#[serde(deserialize_with = "hex::array")] [u8; 32]),
}

/// One sealed payload with all its inputs (spec §7).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedMessage {
    /// Names the case.
    pub name: String,
    /// Uplink or downlink.
    pub direction: Direction,
    /// Live, retained, will or stored.
    pub class: Class,
    /// Whether the sender knows the time (bit S clear).
    pub has_clock: bool,
    /// The fleet root.
    #[serde(deserialize_with = "hex::array")]
    pub root: [u8; 32],
    /// The device's id.
    pub client_id: String,
    /// 1 to 255.
    pub generation: u8,
    /// 0 to 32 bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub hardware_id: Vec<u8>,
    /// 0 to 15 for uplink, 16 to 255 for downlink.
    pub sender: u8,
    /// The device's current boot as the backend knows it; 0 for uplink, where it plays no part.
    pub device_boot: u32,
    /// What enters the sender key: `device_boot` for downlink class live, else 0.
    pub rboot: u32,
    /// Unix seconds, or the salt of a sender without a clock.
    pub time_or_salt: u32,
    /// The sender's boot, never 0.
    pub boot: u32,
    /// 0 to 2^24 - 1.
    pub count: u32,
    /// Topic Name of the PUBLISH.
    pub topic: Text,
    /// What is sealed.
    pub payload: Bytes,
    /// Derived from the above.
    #[serde(deserialize_with = "hex::array")]
    pub sender_key: [u8; 32],
    /// The AEAD's nonce.
    #[serde(deserialize_with = "hex::array")]
    pub iv: [u8; 12],
    /// The AEAD's associated data.
    pub aad: Aad,
    /// Header, ciphertext, tag.
    #[serde(deserialize_with = "hex::bytes")]
    pub sealed: Vec<u8>,
}
