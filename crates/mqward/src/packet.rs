//! What the gate has to know of a packet, as the bytes that came.

use core::fmt;

/// A CONNECT packet (MQTT 5.0 §3.1, 3.1.1 §3.1). Absent and empty are different things.
#[derive(Copy, Clone)]
pub struct Connect<'p> {
    /// Client Identifier.
    pub client_id: &'p [u8],
    /// User Name.
    pub user_name: Option<&'p [u8]>,
    /// Password.
    pub password: Option<&'p [u8]>,
    /// The will; also `None` where the adapter can't see it. It is judged again when it is published.
    pub will: Option<Will<'p>>,
    /// Length of the whole packet in bytes; `None` where the adapter can't see it.
    pub packet_len: Option<usize>,
}

/// The Will Message of a CONNECT packet.
#[derive(Copy, Clone)]
pub struct Will<'p> {
    /// Will Topic.
    pub topic: &'p [u8],
    /// Will Payload.
    pub payload: &'p [u8],
    /// Will Retain.
    pub retain: bool,
}

/// A PUBLISH packet, or a will when it is published.
#[derive(Copy, Clone)]
pub struct Publish<'p> {
    /// Topic Name; for a Topic Alias, the name that it stands for.
    pub topic: &'p [u8],
    /// Payload.
    pub payload: &'p [u8],
    /// RETAIN.
    pub retain: bool,
    /// Length of the whole packet in bytes; `None` where the adapter can't see it.
    pub packet_len: Option<usize>,
}

// Written by hand: neither passwords nor payloads belong into a log.
impl fmt::Debug for Connect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connect")
            .field(
                "client_id",
                &format_args!("{}", self.client_id.escape_ascii()),
            )
            .field("will", &self.will)
            .field("packet_len", &self.packet_len)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Will<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Will")
            .field("topic", &format_args!("{}", self.topic.escape_ascii()))
            .field("retain", &self.retain)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Publish<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("topic", &format_args!("{}", self.topic.escape_ascii()))
            .field("retain", &self.retain)
            .field("packet_len", &self.packet_len)
            .finish_non_exhaustive()
    }
}
