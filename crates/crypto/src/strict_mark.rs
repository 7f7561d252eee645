//! The strict mark: commands for sleepers, each newer than the last (spec §8.3).

use crate::{Class, Judgement, Receipt, Ticket, TicketError, UnixTime};

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
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub struct StrictMark {
    position: u64,
    /// Until the first commit of a device that lost its mark: only what was sealed after this.
    cold: Option<u32>,
}

impl StrictMark {
    /// The mark that provisioning stores: nothing was sealed in this generation yet.
    pub const NONE: Self = Self {
        position: 0,
        cold: None,
    };

    /// The mark as stored.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        Self {
            position: number,
            cold: None,
        }
    }

    /// The mark of a device that starts at `start` and finds none, although it was provisioned before.
    ///
    /// Commands sealed after `start + skew_secs` pass; all others are [`Judgement::Closed`] until one has passed.
    #[must_use]
    pub fn cold(start: UnixTime, skew_secs: u16) -> Self {
        Self {
            position: 0,
            cold: Some(start.get().saturating_add(u32::from(skew_secs))),
        }
    }

    /// The number to store once a command was committed: `boot << 24 | count`, 0 for none.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.position
    }

    /// Judges an authentic message of class stored; any other class is [`Judgement::Closed`].
    pub fn judge(&self, receipt: &Receipt) -> Judgement {
        let position = position(receipt);
        if receipt.class() != Class::Stored {
            return Judgement::Closed;
        }
        if let Some(after) = self.cold {
            if receipt.time().is_none_or(|time| time.get() <= after) {
                return Judgement::Closed;
            }
        }
        if position > self.position {
            Judgement::Fresh(Ticket {
                boot: receipt.boot(),
                count: receipt.count(),
                timed: false,
            })
        } else if position == self.position {
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
        let position = u64::from(ticket.boot) << 24 | u64::from(ticket.count);
        if position <= self.position {
            return Err(TicketError);
        }
        *self = Self::from_u64(position);
        Ok(())
    }
}

/// `boot << 24 | count`: the order of a sender's messages; never 0, since no boot is.
pub(crate) fn position(receipt: &Receipt) -> u64 {
    u64::from(receipt.boot()) << 24 | u64::from(receipt.count())
}
