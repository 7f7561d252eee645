//! The latest mark: retained messages and wills, delivered again and again (spec §8.4).

use crate::strict_mark::position;
use crate::{Class, Receipt, Ticket, TicketError};

/// What a latest mark says of an authentic message.
#[derive(Debug, Eq, PartialEq)]
#[must_use]
pub enum LatestJudgement {
    /// Newer than the last: take the value and commit the ticket.
    Newer(Ticket),
    /// The last one again, as after every subscribe: take the value if it is not at hand; there is nothing to commit.
    Same,
    /// Older than the last: a broker or a replay shows an old value.
    Older,
    /// Of another class.
    Closed,
}

/// The newest retained message or will of one sender on one Topic Name.
///
/// The caller keeps one per (sender, topic, class): a will is sealed at CONNECT, before the retained value of the same
/// connection, and would be refused behind it.
///
/// Without a stored mark the first message is [`LatestJudgement::Newer`], whatever its age: a receiver that forgets
/// its marks can be shown an old retained value, and sees its age in the receipt.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd)]
pub struct LatestMark(u64);

impl LatestMark {
    /// Nothing was seen on this topic.
    pub const NONE: Self = Self(0);

    /// The mark as stored.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self(number)
    }

    /// The number to store: `boot << 24 | count`, 0 for none.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Judges an authentic message of class retained or will.
    pub fn judge(&self, receipt: &Receipt) -> LatestJudgement {
        let number = position(receipt);
        if !matches!(receipt.class(), Class::Retained | Class::Will) {
            LatestJudgement::Closed
        } else if number > self.0 {
            LatestJudgement::Newer(Ticket {
                boot: receipt.boot(),
                count: receipt.count(),
                timed: false,
            })
        } else if number == self.0 {
            LatestJudgement::Same
        } else {
            LatestJudgement::Older
        }
    }

    /// Advances to a newer message.
    ///
    /// # Errors
    /// [`TicketError`] if the mark has moved to it or past it in between.
    pub fn commit(&mut self, ticket: Ticket) -> Result<(), TicketError> {
        let number = u64::from(ticket.boot) << 24 | u64::from(ticket.count);
        if number <= self.0 {
            return Err(TicketError);
        }
        self.0 = number;
        Ok(())
    }
}
