//! What a SUBSCRIBE packet asks for: a Topic Filter, alone or shared.

use crate::{SyntaxError, TopicFilter, utf8_string};

/// One filter of a SUBSCRIBE packet: a plain [`TopicFilter`], or `$share/{ShareName}/{filter}`,
/// parsed strictly (MQTT 5.0 §4.8.2; brokers that offer it to MQTT 3.1.1 clients use the same form).
///
/// Access is decided on the inner [`filter`](Self::filter): it says which messages come.
///
/// ```
/// use mqward_topic::{Subscription, SyntaxError};
///
/// let subscription = Subscription::new("$share/workers/tx/+/#")?;
/// assert_eq!(subscription.share_name(), Some("workers"));
/// assert_eq!(subscription.filter().as_str(), "tx/+/#");
/// assert_eq!(Subscription::new("$share//tx/#"), Err(SyntaxError::ShareName));
/// # Ok::<(), SyntaxError>(())
/// ```
#[derive(Copy, Clone, Debug, Eq, PartialEq, Hash)]
pub struct Subscription<'a> {
    share_name: Option<&'a str>,
    filter: TopicFilter<'a>,
}

impl<'a> Subscription<'a> {
    /// Parses one filter of a SUBSCRIBE packet.
    ///
    /// # Errors
    /// The rule of MQTT that `text` breaks. Positions of errors in the inner filter count from its
    /// own beginning.
    pub fn new(text: &'a str) -> Result<Self, SyntaxError> {
        utf8_string::check(text)?;
        let Some(shared) = shared(text) else {
            return Ok(Self {
                share_name: None,
                filter: TopicFilter::of_mqtt_text(text)?,
            });
        };
        let (name, filter) = match shared.split_once('/') {
            Some((name, filter)) => (name, Some(filter)),
            None => (shared, None),
        };
        // [MQTT-4.8.2-1], [MQTT-4.8.2-2]: at least one character, no wildcard (the `/` ends it).
        if name.is_empty() || utf8_string::has_wildcard(name) {
            return Err(SyntaxError::ShareName);
        }
        match filter {
            None | Some("") => Err(SyntaxError::ShareWithoutFilter),
            Some(filter) => Ok(Self {
                share_name: Some(name),
                filter: TopicFilter::of_mqtt_text(filter)?,
            }),
        }
    }

    /// Parses the bytes of one filter as they came from the network.
    ///
    /// # Errors
    /// The rule of MQTT that `text` breaks. The length is judged before anything is read.
    pub fn from_bytes(text: &'a [u8]) -> Result<Self, SyntaxError> {
        Self::new(utf8_string::decode(text)?)
    }

    /// The ShareName of a shared subscription.
    #[must_use]
    pub const fn share_name(&self) -> Option<&'a str> {
        self.share_name
    }

    /// The filter that says which messages come.
    #[must_use]
    pub const fn filter(&self) -> TopicFilter<'a> {
        self.filter
    }
}

impl<'a> TryFrom<&'a str> for Subscription<'a> {
    type Error = SyntaxError;

    fn try_from(text: &'a str) -> Result<Self, SyntaxError> {
        Self::new(text)
    }
}

/// What follows `$share/`, or the nothing that follows `$share`. `$shared/…` merely begins alike.
pub(crate) fn shared(text: &str) -> Option<&str> {
    match text.strip_prefix("$share")? {
        "" => Some(""),
        rest => rest.strip_prefix('/'),
    }
}
