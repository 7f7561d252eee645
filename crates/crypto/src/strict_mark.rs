//! The strict mark: commands for sleepers, each newer than the last (spec §8.3).

use core::cmp::Ordering;

use crate::receipt::MAX_AHEAD_SECS;
use crate::{Class, Direction, Judgement, Receipt, Ticket, TicketError, UnixTime};

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
pub struct StrictMark(State);

#[derive(Copy, Clone, Debug, Eq, PartialEq)]
enum State {
    /// `boot << 24 | count` of the last command, 0 for none.
    At(u64),
    /// Lost, and no command has passed since: only what was sealed after this second.
    Cold(u32),
}

impl Default for State {
    fn default() -> Self {
        Self::At(0)
    }
}

/// Set in a stored number that is a cold mark; a position has 56 bits.
const COLD: u64 = 1 << 63;

impl StrictMark {
    /// The mark that provisioning stores: nothing was sealed in this generation yet.
    pub const NONE: Self = Self(State::At(0));

    /// The mark as stored.
    #[must_use]
    pub const fn from_u64(number: u64) -> Self {
        if number & COLD == 0 {
            Self(State::At(number))
        } else {
            let [.., a, b, c, d] = number.to_be_bytes();
            Self(State::Cold(u32::from_be_bytes([a, b, c, d])))
        }
    }

    /// The mark of a device that starts at `start` and finds none, although it was provisioned before.
    ///
    /// Commands sealed after `start + skew_secs` pass; all others are [`Judgement::Closed`] until one has passed. The
    /// rule rests on clocks: pass every command by [`Receipt::check_age`] first. A skew below 60 seconds counts as 60.
    #[must_use]
    pub fn cold(start: UnixTime, skew_secs: u16) -> Self {
        Self(State::Cold(
            start
                .get()
                .saturating_add(u32::from(skew_secs.max(MAX_AHEAD_SECS))),
        ))
    }

    /// The mark of a device that lost its own and has no clock: nothing passes until its backend's last stamp is
    /// [told](Self::at).
    #[must_use]
    pub const fn closed() -> Self {
        Self(State::Cold(u32::MAX))
    }

    /// The mark of a device that is told its backend's last stamp: only what is above it passes.
    #[must_use]
    pub const fn at(boot: u32, count: u32) -> Self {
        let [_, a, b, c] = count.to_be_bytes();
        let [d, e, f, g] = boot.to_be_bytes();
        Self(State::At(u64::from_be_bytes([0, d, e, f, g, a, b, c])))
    }

    /// The number to store, also before the first command: it keeps a cold mark cold.
    #[must_use]
    pub const fn get(self) -> u64 {
        match self.0 {
            State::At(position) => position,
            State::Cold(after) => {
                let [a, b, c, d] = after.to_be_bytes();
                COLD | u64::from_be_bytes([0, 0, 0, 0, a, b, c, d])
            }
        }
    }

    /// Judges an authentic command of class stored; anything else is [`Judgement::Closed`].
    pub fn judge(&self, receipt: &Receipt) -> Judgement {
        if receipt.class() != Class::Stored || receipt.direction() != Direction::Down {
            return Judgement::Closed;
        }
        let fresh = || {
            Judgement::Fresh(Ticket {
                boot: receipt.boot(),
                count: receipt.count(),
                timed: false,
            })
        };
        match self.0 {
            State::Cold(after) if receipt.time().is_some_and(|time| time.get() > after) => fresh(),
            State::Cold(_) => Judgement::Closed,
            State::At(mark) => match position(receipt).cmp(&mark) {
                Ordering::Greater => fresh(),
                Ordering::Equal => Judgement::Duplicate,
                Ordering::Less => Judgement::TooOld,
            },
        }
    }

    /// Advances to a fresh message.
    ///
    /// # Errors
    /// [`TicketError`] if the mark has moved to it or past it in between.
    pub fn commit(&mut self, ticket: Ticket) -> Result<(), TicketError> {
        let next = Self::at(ticket.boot, ticket.count);
        match self.0 {
            State::At(mark) if next.get() <= mark => Err(TicketError),
            _ => {
                *self = next;
                Ok(())
            }
        }
    }
}

/// `boot << 24 | count`: the order of a sender's messages; never 0, since no boot is.
pub(crate) fn position(receipt: &Receipt) -> u64 {
    u64::from(receipt.boot()) << 24 | u64::from(receipt.count())
}
