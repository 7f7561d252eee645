//! The header of a sealed payload, which is in the clear.

use mqward_core::{Class, Header, UnixTime, is_sealed_shape};

use crate::boundary::{Out, Refusal, array, guard};
use crate::status::{MQWARD_ERR_FRAME, MQWARD_ERR_PARAM};

/// Bytes of the header of a sealed payload: where the plaintext begins in the buffer.
pub const MQWARD_HEADER_LEN: usize = 14;
/// Bytes of the tag behind it.
pub const MQWARD_TAG_LEN: usize = 16;
/// Bytes that sealing adds.
pub const MQWARD_SEAL_OVERHEAD: usize = 30;

/// Worth something now.
pub const MQWARD_CLASS_LIVE: u8 = 0;
/// A retained message.
pub const MQWARD_CLASS_RETAINED: u8 = 1;
/// A will, sealed at CONNECT.
pub const MQWARD_CLASS_WILL: u8 = 2;
/// Waits for a sleeping receiver.
pub const MQWARD_CLASS_STORED: u8 = 3;

const _: () = assert!(MQWARD_HEADER_LEN == mqward_core::HEADER_LEN);
const _: () = assert!(MQWARD_TAG_LEN == mqward_core::TAG_LEN);
const _: () = assert!(MQWARD_SEAL_OVERHEAD == mqward_core::SEAL_OVERHEAD);

/// The header of a sealed payload. Until a key has opened the payload, all of it is a claim.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_header {
    /// Unix time of sealing, 0 if the sender had no clock.
    pub time: u32,
    /// The sender's boot.
    pub boot: u32,
    /// The count within the boot.
    pub count: u32,
    /// MQWARD_CLASS_LIVE and its like.
    pub message_class: u8,
    /// The generation of the device's keys.
    pub generation: u8,
    /// Who sealed it: 0 to 15 on the device, 16 to 255 a backend.
    pub sender: u8,
}

/// The class of a number.
pub(crate) const fn class(number: u8) -> Result<Class, Refusal> {
    match number {
        MQWARD_CLASS_LIVE => Ok(Class::Live),
        MQWARD_CLASS_RETAINED => Ok(Class::Retained),
        MQWARD_CLASS_WILL => Ok(Class::Will),
        MQWARD_CLASS_STORED => Ok(Class::Stored),
        _ => Err(Refusal(MQWARD_ERR_PARAM)),
    }
}

/// The number of a class.
pub(crate) const fn class_number(class: Class) -> u8 {
    match class {
        Class::Live => MQWARD_CLASS_LIVE,
        Class::Retained => MQWARD_CLASS_RETAINED,
        Class::Will => MQWARD_CLASS_WILL,
        Class::Stored => MQWARD_CLASS_STORED,
    }
}

/// The header as C sees it.
fn facts(header: &Header) -> mqward_header {
    mqward_header {
        time: header.time().map_or(0, UnixTime::get),
        boot: header.stamp().boot(),
        count: header.stamp().count(),
        message_class: class_number(header.class()),
        generation: header.generation().get(),
        sender: header.sender().get(),
    }
}

/// Reads the header of a sealed payload, to pick the opener.
///
/// \param[in] sealed the payload of a PUBLISH.
/// \param[in] sealed_len its length.
/// \param[out] out the header.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_FRAME this is not a sealed payload.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_header_parse(
    sealed: *const u8,
    sealed_len: usize,
    out: *mut mqward_header,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let sealed = unsafe { array(sealed, sealed_len) }?;
        let header = Header::parse(sealed).map_err(|_| Refusal(MQWARD_ERR_FRAME))?;
        out.put(facts(&header))
    })
}

/// Whether a payload has the shape of a sealed one, for a broker, which has no key.
///
/// \param[in] payload the payload of a PUBLISH.
/// \param[in] payload_len its length.
/// \param[in] retain its RETAIN flag.
/// \param[out] out the answer.
/// \retval MQWARD_OK it is written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_is_sealed_shape(
    payload: *const u8,
    payload_len: usize,
    retain: bool,
    out: *mut bool,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        out.put(is_sealed_shape(
            unsafe { array(payload, payload_len) }?,
            retain,
        ))
    })
}
