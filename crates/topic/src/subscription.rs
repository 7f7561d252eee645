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
        let Some(shared) = text.strip_prefix("$share") else {
            let filter = TopicFilter::new(text)?;
            return Ok(Self {
                share_name: None,
                filter,
            });
        };
        match shared.strip_prefix('/') {
            Some(shared) => {
                // The whole string first: too long or malformed as such.
                utf8_string::check(text)?;
                let (name, filter) = shared.split_once('/').ok_or(if is_share_name(shared) {
                    SyntaxError::ShareWithoutFilter
                } else {
                    SyntaxError::ShareName
                })?;
                if !is_share_name(name) {
                    return Err(SyntaxError::ShareName);
                }
                if filter.is_empty() {
                    return Err(SyntaxError::ShareWithoutFilter);
                }
                Ok(Self {
                    share_name: Some(name),
                    filter: TopicFilter::new(filter)?,
                })
            }
            None if shared.is_empty() => Err(SyntaxError::ShareName),
            // `$shared/…` is another name that merely begins alike.
            None => Ok(Self {
                share_name: None,
                filter: TopicFilter::new(text)?,
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

/// [MQTT-4.8.2-1], [MQTT-4.8.2-2]: at least one character, no wildcard (the `/` ends it).
fn is_share_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(['+', '#'])
}
