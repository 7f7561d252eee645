//! What a window says of an authentic message (spec §8).

use core::fmt;

/// The answer to "have I acted on this before?".
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub enum Judgement {
    /// Not seen before. Do the effect and commit the ticket together, so that a crash neither loses nor doubles it.
    Fresh(Ticket),
    /// Committed before: acknowledge it to the broker and drop it.
    Duplicate,
    /// Older than what the window remembers: acknowledge and drop.
    TooOld,
    /// It cannot be told, or is not for this window: refuse until the window is [reopened](crate::Window::reopen).
    Closed,
}

/// The right to commit one fresh message to the window that judged it.
///
/// It cannot be built or cloned; dropping it leaves the message fresh, so that a redelivery is accepted.
#[derive(Debug, Eq, PartialEq)]
#[must_use = "a message that is not committed stays fresh and is accepted again"]
pub struct Ticket {
    pub(crate) boot: u32,
    pub(crate) count: u32,
    /// Whether time showed it newer than a cold start.
    pub(crate) timed: bool,
}

/// The message was committed already, or the window has moved past it.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct TicketError;

impl fmt::Display for TicketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the message was committed before")
    }
}

impl core::error::Error for TicketError {}
