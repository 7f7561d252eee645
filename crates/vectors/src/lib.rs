//! Test vectors of the mqward protocol, version 1 (`docs/spec.md`), as typed values.
//!
//! The JSON in `data/` is printed by `generate.py`, a Python program that shares no code with the Rust crates: it takes
//! HMAC, HKDF and ChaCha20-Poly1305 from `cryptography`, CBOR from `cbor2`, COSE from `cwt`, and decides every topic
//! and ACL question by looking at each topic of a finite set. `tests/up_to_date.rs` shows that the committed files
//! are what the program prints.
//!
//! One function per file; each reads the text compiled into this crate:
//!
//! ```
//! let design = &mqward_vectors::passwords().passwords[0];
//! assert_eq!(design.text, "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY");
//! ```
//!
//! It is a development dependency of the other crates and depends on none of them.

mod acl;
mod blob;
mod cose;
mod failures;
mod hex;
mod keys;
mod oracle;
mod password;
mod sealed;
mod topic;
mod value;

use serde::de::DeserializeOwned;

pub use acl::{
    Acl, AclCase, ClientIdOf, Deliver, Patterns, Publish, Rule, RuleAccess, RuleEffect, Subscribe,
};
pub use blob::{Blob, Blobs, RefusedBlob, Slot, Start, StartOutcome};
pub use cose::{Cose, CoseOpens, CosePair, RefusedCompact, RefusedFull};
pub use failures::{
    ClockRule, ColdStart, Failures, Login, LoginOutcome, Opener, Opening, OpeningOutcome,
    ReplayAdvance, Shape, Verifier,
};
pub use hex::decode as decode_hex;
pub use keys::{DeviceKeys, Keys, LoginKey, SenderKey, Tree};
pub use oracle::{CoseQuestion, Oracle, OracleError};
pub use password::{Password, Passwords};
pub use sealed::{Aad, Class, Direction, Sealed, SealedMessage};
pub use topic::{
    CharClass, ClientIdRule, ClientIdRules, ClientIds, Grid, InvalidText, Subscription,
    Subscriptions, Syntax, Topics,
};
pub use value::{BitMatrix, Bytes, Text};

/// `keys.json`: the key tree (spec §4).
#[must_use]
pub fn keys() -> Keys {
    load(include_str!("../data/keys.json"))
}

/// `password.json`: CONNECT passwords (spec §6).
#[must_use]
pub fn passwords() -> Passwords {
    load(include_str!("../data/password.json"))
}

/// `sealed.json`: sealed payloads of all classes, in both directions (spec §7).
#[must_use]
pub fn sealed() -> Sealed {
    load(include_str!("../data/sealed.json"))
}

/// `cose.json`: compact and full COSE forms (spec §7.6).
#[must_use]
pub fn cose() -> Cose {
    load(include_str!("../data/cose.json"))
}

/// `blob.json`: provisioning blobs (spec §4.5), boot slots and starts (spec §5.2).
#[must_use]
pub fn blobs() -> Blobs {
    load(include_str!("../data/blob.json"))
}

/// `failures.json`: passwords and messages that must be refused, beside good ones.
#[must_use]
pub fn failures() -> Failures {
    load(include_str!("../data/failures.json"))
}

/// `topic.json`: Topic Names, Topic Filters, Client Identifiers and their set relations (spec §3, §10).
#[must_use]
pub fn topics() -> Topics {
    load(include_str!("../data/topic.json"))
}

/// `acl.json`: ACL decisions (spec §10).
#[must_use]
pub fn acl() -> Acl {
    load(include_str!("../data/acl.json"))
}

#[expect(
    clippy::panic,
    reason = "the text is part of this crate, and its tests load every file"
)]
fn load<T: DeserializeOwned>(text: &str) -> T {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("committed vectors do not fit their Rust type: {error}"),
    }
}
