//! The strict mark: commands for sleepers, each newer than the last (spec §6.5).

use crate::{Class, Judgement, Receipt, Ticket, TicketError};

/// The last stored command that a device acted on, per backend sender; the next one must be strictly newer.
///
/// Persist [`get`](Self::get) after [`commit`](Self::commit) and **before** acting: a command that is lost in a crash is
/// sent again by its backend, one that is doubled may open a valve twice.
///
/// ```
/// # use mqward_crypto::{Judgement, Receipt, StrictMark};
/// # fn store(_: u64) {}
/// # fn act() {}
/// fn receive(mark: &mut StrictMark, receipt: &Receipt) {
///     if let Judgement::Fresh(ticket) = mark.judge(receipt) {
///         if mark.commit(ticket).is_ok() {
///             store(mark.get());
///             act();
///         }
///     }
/// }
/// ```
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd)]
pub struct StrictMark(u64);

impl StrictMark {
    /// The mark of a device that was just provisioned: it has seen nothing.
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

    /// Judges an authentic message of class stored; any other class is [`Judgement::Closed`].
    pub fn judge(&self, receipt: &Receipt) -> Judgement {
        let number = position(receipt);
        if receipt.class() != Class::Stored {
            Judgement::Closed
        } else if number > self.0 {
            Judgement::Fresh(Ticket {
                boot: receipt.boot(),
                count: receipt.count(),
                timed: false,
            })
        } else if number == self.0 {
            Judgement::Duplicate
        } else {
            Judgement::TooOld
        }
    }

    /// Advances to a fresh message.
    ///
    /// # Errors
    /// [`TicketError`] if the mark has moved past it in between.
    pub fn commit(&mut self, ticket: Ticket) -> Result<(), TicketError> {
        let number = u64::from(ticket.boot) << 24 | u64::from(ticket.count);
        if number <= self.0 {
            return Err(TicketError);
        }
        self.0 = number;
        Ok(())
    }
}

/// `boot << 24 | count`: the order of a sender's messages; never 0, since no boot is.
pub(crate) fn position(receipt: &Receipt) -> u64 {
    u64::from(receipt.boot()) << 24 | u64::from(receipt.count())
}
