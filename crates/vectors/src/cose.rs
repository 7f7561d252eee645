//! `cose.json`.

use serde::Deserialize;

use crate::{Bytes, Text, hex};

/// All of `cose.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cose {
    /// Compact and full form of the same message.
    pub pairs: Vec<CosePair>,
    /// Byte strings that are no full form; each but for a detail that of the pair `design`.
    pub refused_full: Vec<RefusedFull>,
    /// Byte strings that have no full form.
    pub refused_compact: Vec<RefusedCompact>,
}

/// One message in both forms (spec §7.6). They share the body, so it stands here once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CosePair {
    /// Names the case.
    pub name: String,
    /// The first 14 bytes of the compact form.
    #[serde(deserialize_with = "hex::array")]
    pub header: [u8; 14],
    /// Ciphertext and tag.
    pub body: Bytes,
    /// What stands before the body in the full form.
    #[serde(deserialize_with = "hex::bytes")]
    pub cose_prefix: Vec<u8>,
    /// With what it opens; `None` where the body is a pattern that nothing opens.
    pub opens: Option<CoseOpens>,
}

impl CosePair {
    /// The sealed payload as it travels.
    #[must_use]
    pub fn sealed(&self) -> Vec<u8> {
        [self.header.as_slice(), &self.body.to_vec()].concat()
    }

    /// The `COSE_Encrypt0` form.
    #[must_use]
    pub fn cose(&self) -> Vec<u8> {
        [self.cose_prefix.as_slice(), &self.body.to_vec()].concat()
    }
}

/// What a COSE library needs to open a message, and what it then gets.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoseOpens {
    /// The content encryption key.
    #[serde(deserialize_with = "hex::array")]
    pub sender_key: [u8; 32],
    /// Its bytes are the external AAD.
    pub topic: Text,
    /// The plaintext.
    pub payload: Bytes,
}

/// A byte string that must not be taken for a full form.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedFull {
    /// Says what is wrong.
    pub name: String,
    /// The bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub cose: Vec<u8>,
}

/// A byte string that must not be expanded.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusedCompact {
    /// Says what is wrong.
    pub name: String,
    /// The bytes.
    #[serde(deserialize_with = "hex::bytes")]
    pub sealed: Vec<u8>,
}
