//! Hexadecimal fields.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// Decodes lower-case hexadecimal digits; `None` for anything else.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    base16ct::lower::decode_vec(text).ok()
}

pub(crate) fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    decode(&text).ok_or_else(|| D::Error::custom("not lower-case hexadecimal"))
}

pub(crate) fn array<'de, const N: usize, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    let decoded = bytes(deserializer)?;
    <[u8; N]>::try_from(decoded.as_slice())
        .map_err(|_| D::Error::custom(format!("{} bytes instead of {N}", decoded.len())))
}

/// A number of 16 hexadecimal digits.
pub(crate) fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    array(deserializer).map(u64::from_be_bytes)
}

pub(crate) fn optional_number<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<u64>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    let decoded = decode(&text).and_then(|bytes| bytes.as_slice().try_into().ok());
    decoded
        .map(|bytes| Some(u64::from_be_bytes(bytes)))
        .ok_or_else(|| D::Error::custom("not 16 hexadecimal digits"))
}
