//! `password.json`.

use serde::Deserialize;

use crate::hex;

/// All of `password.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passwords {
    /// The first one, `design`, was computed before the generator existed.
    pub passwords: Vec<Password>,
}

/// One CONNECT password with all its inputs (spec §6).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Password {
    /// Names the case.
    pub name: String,
    /// The fleet root.
    #[serde(deserialize_with = "hex::array")]
    pub root: [u8; 32],
    /// 1 to 255 bytes.
    pub client_id: String,
    /// 1 to 255.
    pub generation: u8,
    /// 0 to 32 bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub hardware_id: Vec<u8>,
    /// Configured name of the broker.
    pub audience: String,
    /// Unix seconds; 0 without a clock.
    pub time: u32,
    /// Never 0.
    pub boot: u32,
    /// 0 to 2^24 - 1.
    pub count: u32,
    /// Derived from the above.
    #[serde(deserialize_with = "hex::array")]
    pub login_key: [u8; 32],
    /// 13 bytes: version, generation, stamp.
    #[serde(deserialize_with = "hex::array")]
    pub head: [u8; 13],
    /// First 16 bytes of the HMAC.
    #[serde(deserialize_with = "hex::array")]
    pub tag: [u8; 16],
    /// The 39 characters that travel.
    pub text: String,
    /// The replay mark.
    #[serde(deserialize_with = "hex::number")]
    pub mark: u64,
}
