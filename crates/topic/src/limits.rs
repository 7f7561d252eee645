//! Sizes that are judged before anything is parsed.

use core::{error::Error, fmt};

/// What a role may send at most.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Limits {
    /// Whole control packet, in bytes.
    pub max_packet: u32,
    /// Payload of a PUBLISH or a will, in bytes.
    pub max_payload: u32,
    /// Topic Name or Topic Filter, in bytes.
    pub max_topic_len: u16,
    /// Levels of a Topic Name or of a whole Topic Filter.
    pub max_levels: u16,
    /// Topic Filters in one SUBSCRIBE.
    pub max_filters: u16,
}

impl Default for Limits {
    /// Packets of 8192 bytes, payloads of 4096, topics of 256 bytes with 16 levels, 8 filters.
    fn default() -> Self {
        Self {
            max_packet: 8192,
            max_payload: 4096,
            max_topic_len: 256,
            max_levels: 16,
            max_filters: 8,
        }
    }
}

impl Limits {
    /// Judges the length of a whole control packet, in bytes.
    ///
    /// # Errors
    /// [`Limit::Packet`] if it is too long.
    pub fn check_packet(&self, len: usize) -> Result<(), LimitError> {
        check(Limit::Packet, self.max_packet, len)
    }

    /// Judges the length of a payload, in bytes.
    ///
    /// # Errors
    /// [`Limit::Payload`] if it is too long.
    pub fn check_payload(&self, len: usize) -> Result<(), LimitError> {
        check(Limit::Payload, self.max_payload, len)
    }

    /// Judges length and levels of a Topic Name or Topic Filter before it is parsed. Levels are
    /// counted only if the length is allowed.
    ///
    /// # Errors
    /// [`Limit::TopicLength`] or [`Limit::TopicLevels`].
    pub fn check_topic(&self, bytes: &[u8]) -> Result<(), LimitError> {
        check(
            Limit::TopicLength,
            u32::from(self.max_topic_len),
            bytes.len(),
        )?;
        let levels = bytes.iter().filter(|b| **b == b'/').count() + 1;
        check(Limit::TopicLevels, u32::from(self.max_levels), levels)
    }

    /// Judges the number of Topic Filters in one SUBSCRIBE.
    ///
    /// # Errors
    /// [`Limit::Filters`] if there are too many.
    pub fn check_filters(&self, n: usize) -> Result<(), LimitError> {
        check(Limit::Filters, u32::from(self.max_filters), n)
    }
}

fn check(which: Limit, max: u32, actual: usize) -> Result<(), LimitError> {
    // A maximum that `usize` can't hold (16-bit targets) is never passed.
    match usize::try_from(max) {
        Ok(most) if actual > most => Err(LimitError { which, max, actual }),
        _ => Ok(()),
    }
}

/// Something is larger than its limit.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct LimitError {
    /// The limit.
    pub which: Limit,
    /// Its value.
    pub max: u32,
    /// What came.
    pub actual: usize,
}

/// One of the [`Limits`].
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// Bytes of a control packet.
    Packet,
    /// Bytes of a payload.
    Payload,
    /// Bytes of a Topic Name or Topic Filter.
    TopicLength,
    /// Levels of a Topic Name or Topic Filter.
    TopicLevels,
    /// Topic Filters in one SUBSCRIBE.
    Filters,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, unit) = match self.which {
            Limit::Packet => ("packet", "bytes"),
            Limit::Payload => ("payload", "bytes"),
            Limit::TopicLength => ("topic", "bytes"),
            Limit::TopicLevels => ("topic", "levels"),
            Limit::Filters => ("SUBSCRIBE", "filters"),
        };
        write!(
            f,
            "{what} of {} {unit}, at most {} are allowed",
            self.actual, self.max
        )
    }
}

impl Error for LimitError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_allowed_and_one_more_is_not() {
        let limits = Limits::default();
        assert!(limits.check_packet(8192).is_ok());
        assert_eq!(limits.check_packet(8193).unwrap_err().which, Limit::Packet);
        assert!(limits.check_payload(4096).is_ok());
        assert_eq!(
            limits.check_payload(4097).unwrap_err().which,
            Limit::Payload
        );
        assert!(limits.check_filters(8).is_ok());
        assert_eq!(limits.check_filters(9).unwrap_err().which, Limit::Filters);
        assert!(limits.check_topic(&[b'a'; 256]).is_ok());
        assert_eq!(
            limits.check_topic(&[b'a'; 257]),
            Err(LimitError {
                which: Limit::TopicLength,
                max: 256,
                actual: 257
            })
        );
        assert!(limits.check_topic(&[b'/'; 15]).is_ok());
        assert_eq!(
            limits.check_topic(&[b'/'; 16]),
            Err(LimitError {
                which: Limit::TopicLevels,
                max: 16,
                actual: 17
            })
        );
    }
}
