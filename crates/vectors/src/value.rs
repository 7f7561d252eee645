//! Values that `data/` writes short: long bytes, long texts, rows of truth values.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::hex;

/// Bytes, given as they are or as a unit that is repeated and then cut.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bytes {
    /// The bytes themselves.
    Hex(#[serde(deserialize_with = "hex::bytes")] Vec<u8>),
    /// A unit of prime length, so that swapped blocks cannot cancel out.
    Repeat {
        /// What is repeated.
        #[serde(deserialize_with = "hex::bytes")]
        unit: Vec<u8>,
        /// Total length in bytes.
        length: usize,
    },
}

impl Bytes {
    /// The bytes, written out.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        match self {
            Self::Hex(bytes) => bytes.clone(),
            Self::Repeat { unit, length } => unit.iter().copied().cycle().take(*length).collect(),
        }
    }
}

/// Text, given as it is or as an ASCII unit that is repeated and then cut.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Text {
    /// The text itself.
    Text(String),
    /// An ASCII unit.
    Repeat {
        /// What is repeated.
        unit: String,
        /// Total length in bytes.
        length: usize,
    },
}

impl Text {
    /// The text, written out.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Repeat { unit, length } => unit.chars().cycle().take(*length).collect(),
        }
    }
}

/// A table of truth values: one text of hexadecimal digits per row, first column in the highest bit.
#[derive(Clone, Debug)]
pub struct BitMatrix {
    rows: Vec<Vec<u8>>,
}

impl BitMatrix {
    /// Number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The value in a row and column; `None` outside the table (a row is filled up to whole bytes).
    #[must_use]
    pub fn get(&self, row: usize, column: usize) -> Option<bool> {
        let byte = self.rows.get(row)?.get(column / 8)?;
        Some(byte >> (7 - column % 8) & 1 == 1)
    }
}

impl<'de> Deserialize<'de> for BitMatrix {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<String>::deserialize(deserializer)?
            .iter()
            .map(|row| hex::decode(row).ok_or_else(|| D::Error::custom("row is not hexadecimal")))
            .collect::<Result<_, _>>()?;
        Ok(Self { rows })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_unit_is_cut_at_the_length() {
        let json = r#"{"repeat": {"unit": "010203", "length": 7}}"#;
        let bytes: Bytes = serde_json::from_str(json).unwrap();
        assert_eq!(bytes.to_vec(), [1, 2, 3, 1, 2, 3, 1]);
        let json = r#"{"repeat": {"unit": "abc", "length": 4}}"#;
        let text: Text = serde_json::from_str(json).unwrap();
        assert_eq!(text.to_text(), "abca");
    }

    #[test]
    fn the_first_column_is_the_highest_bit() {
        let matrix: BitMatrix = serde_json::from_str(r#"["8001", "4000"]"#).unwrap();
        assert_eq!(matrix.rows(), 2);
        assert_eq!(matrix.get(0, 0), Some(true));
        assert_eq!(matrix.get(0, 1), Some(false));
        assert_eq!(matrix.get(0, 15), Some(true));
        assert_eq!(matrix.get(1, 1), Some(true));
        assert_eq!(matrix.get(1, 16), None);
        assert_eq!(matrix.get(2, 0), None);
    }
}
