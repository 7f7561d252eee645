//! `keys.json`.

use serde::Deserialize;

use crate::{Direction, hex};

/// All of `keys.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// One tree per fleet root.
    pub trees: Vec<Tree>,
}

/// What grows out of one fleet root (spec §4.1).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tree {
    /// The fleet root.
    #[serde(deserialize_with = "hex::array")]
    pub root: [u8; 32],
    /// Purpose root of logins.
    #[serde(deserialize_with = "hex::array")]
    pub auth_root: [u8; 32],
    /// Purpose root of the direction device to backend.
    #[serde(deserialize_with = "hex::array")]
    pub up_root: [u8; 32],
    /// Purpose root of the direction backend to device.
    #[serde(deserialize_with = "hex::array")]
    pub down_root: [u8; 32],
    /// Devices under this root.
    pub devices: Vec<DeviceKeys>,
}

/// Seeds and keys of one generation of one device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeviceKeys {
    /// 1 to 255 bytes.
    pub client_id: String,
    /// 1 to 255.
    pub generation: u8,
    /// Seed of login keys.
    #[serde(deserialize_with = "hex::array")]
    pub auth_seed: [u8; 32],
    /// Seed of uplink sender keys.
    #[serde(deserialize_with = "hex::array")]
    pub up_seed: [u8; 32],
    /// Seed of downlink sender keys.
    #[serde(deserialize_with = "hex::array")]
    pub down_seed: [u8; 32],
    /// Per hardware id and audience.
    pub login_keys: Vec<LoginKey>,
    /// Per direction, sender, boot of the receiver and hardware id.
    pub sender_keys: Vec<SenderKey>,
}

/// A login key (spec §4.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginKey {
    /// 0 to 32 bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub hardware_id: Vec<u8>,
    /// Configured name of the broker.
    pub audience: String,
    /// The key.
    #[serde(deserialize_with = "hex::array")]
    pub login_key: [u8; 32],
}

/// A sender key (spec §4.4).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SenderKey {
    /// Which seed it comes from.
    pub direction: Direction,
    /// 0 to 15 for uplink, 16 to 255 for downlink.
    pub sender: u8,
    /// The receiving device's boot for downlink class live, else 0.
    pub rboot: u32,
    /// 0 to 32 bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub hardware_id: Vec<u8>,
    /// The key.
    #[serde(deserialize_with = "hex::array")]
    pub sender_key: [u8; 32],
}
