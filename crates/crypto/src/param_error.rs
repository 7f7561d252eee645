//! The error of building a value from parts that break a length or range rule.

use core::fmt;

/// A parameter breaks a rule of the specification; nothing secret is involved.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ParamError {
    /// The Client Identifier is empty or longer than 255 bytes.
    ClientIdLength {
        /// Its length in bytes.
        actual: usize,
    },
    /// The hardware id is longer than 32 bytes.
    HardwareIdLength {
        /// Its length in bytes.
        actual: usize,
    },
    /// The audience is empty, longer than 64 bytes, or has a byte outside 0x21 to 0x7E or an upper-case letter.
    Audience,
    /// A generation is 1 to 255.
    Generation,
    /// A key or seed is exactly 32 bytes.
    KeyLength {
        /// The length found, in bytes.
        actual: usize,
    },
    /// A device's sender is 0 to 15, a backend's 16 to 255.
    Sender,
    /// A boot counter is never 0.
    Boot,
    /// A login window is 1 to 3600 seconds.
    Window,
    /// The buffer cannot hold the result.
    BufferTooSmall {
        /// The length needed, in bytes.
        needed: usize,
    },
}

impl fmt::Display for ParamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClientIdLength { actual } => {
                write!(f, "a client id has 1 to 255 bytes, not {actual}")
            }
            Self::HardwareIdLength { actual } => {
                write!(f, "a hardware id has 0 to 32 bytes, not {actual}")
            }
            Self::Audience => f.write_str(
                "an audience has 1 to 64 printable ASCII characters, no space and no upper case",
            ),
            Self::Generation => f.write_str("a generation is 1 to 255"),
            Self::KeyLength { actual } => write!(f, "a key has 32 bytes, not {actual}"),
            Self::Sender => f.write_str("a device's sender is 0 to 15, a backend's 16 to 255"),
            Self::Boot => f.write_str("a boot counter is never 0"),
            Self::Window => f.write_str("a login window is 1 to 3600 seconds"),
            Self::BufferTooSmall { needed } => {
                write!(f, "the buffer is shorter than {needed} bytes")
            }
        }
    }
}

impl core::error::Error for ParamError {}
