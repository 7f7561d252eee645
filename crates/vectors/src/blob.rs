//! `blob.json`.

use serde::Deserialize;

use crate::hex;

/// All of `blob.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blobs {
    /// Good provisioning blobs.
    pub blobs: Vec<Blob>,
    /// Byte strings that are no provisioning blob.
    pub refused_blobs: Vec<RefusedBlob>,
    /// Single boot slots, good and bad.
    pub slots: Vec<Slot>,
    /// Starts of a device over two slots.
    pub starts: Vec<Start>,
}

/// A provisioning blob with its parts (spec §4.5).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Blob {
    /// Names the case.
    pub name: String,
    /// The device's id.
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
    /// The whole blob.
    #[serde(deserialize_with = "hex::bytes")]
    pub blob: Vec<u8>,
}

/// A byte string that is no provisioning blob.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedBlob {
    /// Says what is wrong.
    pub name: String,
    /// The bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub blob: Vec<u8>,
}

/// One boot slot (spec §5.2).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// Names the case.
    pub name: String,
    /// Contents.
    #[serde(deserialize_with = "hex::array")]
    pub slot: [u8; 16],
    /// The boot that it holds; `None` when it is not valid.
    pub boot: Option<u32>,
}

/// One start of a device.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Names the case.
    pub name: String,
    /// Slot A before.
    #[serde(deserialize_with = "hex::array")]
    pub slot_a: [u8; 16],
    /// Slot B before.
    #[serde(deserialize_with = "hex::array")]
    pub slot_b: [u8; 16],
    /// What comes of it.
    pub outcome: StartOutcome,
}

/// What a start comes to.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum StartOutcome {
    /// The device runs.
    Started {
        /// Its boot number.
        boot: u32,
        /// Slot A after.
        #[serde(deserialize_with = "hex::array")]
        slot_a: [u8; 16],
        /// Slot B after.
        #[serde(deserialize_with = "hex::array")]
        slot_b: [u8; 16],
    },
    /// No valid slot: an error, nothing is written.
    Missing,
    /// The highest boot number has been used: an error, nothing is written.
    UsedUp,
}
