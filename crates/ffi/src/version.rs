//! Versions: of the header at compile time, of the library at run time.

/// First part of the version of this header.
pub const MQWARD_VERSION_MAJOR: u32 = 0;
/// Second part of the version of this header.
pub const MQWARD_VERSION_MINOR: u32 = 1;
/// Third part of the version of this header.
pub const MQWARD_VERSION_PATCH: u32 = 0;
/// `MAJOR << 16 | MINOR << 8 | PATCH`, for comparisons by the preprocessor.
pub const MQWARD_VERSION_NUMBER: u32 = 0x0000_0100;

const _: () = assert!(
    MQWARD_VERSION_NUMBER
        == MQWARD_VERSION_MAJOR << 16 | MQWARD_VERSION_MINOR << 8 | MQWARD_VERSION_PATCH
);

/// The version of the library that is linked, in the form of MQWARD_VERSION_NUMBER.
///
/// A program that was compiled with another header finds out by comparing.
///
/// \return the packed version.
#[unsafe(no_mangle)]
pub extern "C" fn mqward_version() -> u32 {
    MQWARD_VERSION_NUMBER
}
