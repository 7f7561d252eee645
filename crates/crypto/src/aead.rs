//! AEAD_CHACHA20_POLY1305 in place with associated data in two pieces (RFC 8439 §2.8): the only file that names its crate.

pub(crate) use mqward_aead::{Aad, open as aead_open, seal as aead_seal};
