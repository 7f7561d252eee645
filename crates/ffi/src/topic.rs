//! Topics, filters, patterns, Client Identifiers: their form and their sets.

use core::ffi::c_char;

use mqward_core::{ClientId, Pattern, Subscription, TopicFilter, TopicName};

use crate::boundary::{Out, Refusal, bytes, guard, text};
use crate::status::MQWARD_ERR_NO_CLIENT_ID;

/// Checks a Topic Name.
///
/// \param[in] name the name.
/// \param[in] name_len its length.
/// \retval MQWARD_OK it is one.
/// \retval MQWARD_ERR_EMPTY and its like: the rule that it breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_topic_name_check(name: *const c_char, name_len: usize) -> i32 {
    // SAFETY: the header's rules.
    guard(|| Ok(TopicName::from_bytes(unsafe { bytes(name, name_len) }?).map(|_| ())?))
}

/// Checks a Topic Filter without `$share`.
///
/// \param[in] filter the filter.
/// \param[in] filter_len its length.
/// \retval MQWARD_OK it is one.
/// \retval MQWARD_ERR_EMPTY and its like: the rule that it breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_topic_filter_check(
    filter: *const c_char,
    filter_len: usize,
) -> i32 {
    // SAFETY: the header's rules.
    guard(|| Ok(TopicFilter::from_bytes(unsafe { bytes(filter, filter_len) }?).map(|_| ())?))
}

/// Takes a filter of a SUBSCRIBE apart, with or without `$share`.
///
/// \param[in] text_ what the SUBSCRIBE holds.
/// \param[in] text_len its length.
/// \param[out] out_filter the Topic Filter, inside `text_`: what rules are about.
/// \param[out] out_filter_len its length.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_SHARE_NAME and its like: the rule that it breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_subscription_parse(
    text_: *const c_char,
    text_len: usize,
    out_filter: *mut *const c_char,
    out_filter_len: *mut usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out_filter) }?;
        // SAFETY: the header's rules.
        let out_len = unsafe { Out::new(out_filter_len) }?;
        // SAFETY: the header's rules.
        let subscription = Subscription::from_bytes(unsafe { bytes(text_, text_len) }?)?;
        let filter = subscription.filter().as_str();
        out.put(filter.as_ptr().cast::<c_char>())?;
        out_len.put(filter.len())
    })
}

/// Checks a Client Identifier: 1 to 255 printable ASCII characters, none of `# $ % * + /`.
///
/// \param[in] client_id the identifier.
/// \param[in] client_id_len its length.
/// \retval MQWARD_OK it is one.
/// \retval MQWARD_ERR_EMPTY it is empty.
/// \retval MQWARD_ERR_TOO_LONG it has more than 255 bytes.
/// \retval MQWARD_ERR_CHARACTER it has a character that it may not have.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_client_id_check(
    client_id: *const c_char,
    client_id_len: usize,
) -> i32 {
    // SAFETY: the header's rules.
    guard(|| Ok(ClientId::from_bytes(unsafe { bytes(client_id, client_id_len) }?).map(|_| ())?))
}

/// Whether a Topic Filter matches a Topic Name.
///
/// \param[in] filter the filter, without `$share`.
/// \param[in] filter_len its length.
/// \param[in] name the name.
/// \param[in] name_len its length.
/// \param[out] out the answer.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_EMPTY and its like: the rule that filter or name breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_topic_filter_matches(
    filter: *const c_char,
    filter_len: usize,
    name: *const c_char,
    name_len: usize,
    out: *mut bool,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let filter = TopicFilter::from_bytes(unsafe { bytes(filter, filter_len) }?)?;
        // SAFETY: the header's rules.
        let name = TopicName::from_bytes(unsafe { bytes(name, name_len) }?)?;
        out.put(filter.matches(name))
    })
}

/// Whether a Topic Filter matches every name that another one matches.
///
/// \param[in] filter the wider filter, without `$share`.
/// \param[in] filter_len its length.
/// \param[in] other the narrower filter, without `$share`.
/// \param[in] other_len its length.
/// \param[out] out the answer.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_EMPTY and its like: the rule that a filter breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_topic_filter_covers(
    filter: *const c_char,
    filter_len: usize,
    other: *const c_char,
    other_len: usize,
    out: *mut bool,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let filter = TopicFilter::from_bytes(unsafe { bytes(filter, filter_len) }?)?;
        // SAFETY: the header's rules.
        let other = TopicFilter::from_bytes(unsafe { bytes(other, other_len) }?)?;
        out.put(filter.covers(other))
    })
}

/// Whether two Topic Filters match a name in common.
///
/// \param[in] filter one filter, without `$share`.
/// \param[in] filter_len its length.
/// \param[in] other the other filter, without `$share`.
/// \param[in] other_len its length.
/// \param[out] out the answer.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_EMPTY and its like: the rule that a filter breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_topic_filter_overlaps(
    filter: *const c_char,
    filter_len: usize,
    other: *const c_char,
    other_len: usize,
    out: *mut bool,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let filter = TopicFilter::from_bytes(unsafe { bytes(filter, filter_len) }?)?;
        // SAFETY: the header's rules.
        let other = TopicFilter::from_bytes(unsafe { bytes(other, other_len) }?)?;
        out.put(filter.overlaps(other))
    })
}

/// The client whose topic this is: the one Client Identifier for which a pattern with `%c` matches a Topic Name. So a
/// backend finds the device, and with it the key, of a sealed payload.
///
/// \param[in] pattern the pattern.
/// \param[in] pattern_len its length.
/// \param[in] name the Topic Name.
/// \param[in] name_len its length.
/// \param[out] out_client_id the identifier, inside `name`.
/// \param[out] out_client_id_len its length.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NO_CLIENT_ID there is none.
/// \retval MQWARD_ERR_PLACEHOLDER the pattern has a '%' that is not the whole level '%c'.
/// \retval MQWARD_ERR_EMPTY and its like: the rule that pattern or name breaks.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_pattern_client_id(
    pattern: *const c_char,
    pattern_len: usize,
    name: *const c_char,
    name_len: usize,
    out_client_id: *mut *const c_char,
    out_client_id_len: *mut usize,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out_client_id) }?;
        // SAFETY: the header's rules.
        let out_len = unsafe { Out::new(out_client_id_len) }?;
        // SAFETY: the header's rules.
        let pattern = Pattern::new(unsafe { text(pattern, pattern_len) }?)?;
        // SAFETY: the header's rules.
        let name = TopicName::from_bytes(unsafe { bytes(name, name_len) }?)?;
        let id = pattern
            .client_id(name)
            .ok_or(Refusal(MQWARD_ERR_NO_CLIENT_ID))?;
        out.put(id.as_str().as_ptr().cast::<c_char>())?;
        out_len.put(id.as_str().len())
    })
}
