//! The stampers: the only source of stamps, each of which counts once (spec §5.3).

use core::fmt;

use crate::{Clock, MAX_COUNT, Sender, Stamp};

/// Why no stamp can be had.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum StampError {
    /// All 2^24 counts of this boot are used: start the next boot with
    /// [`BootRecord::start`](crate::BootRecord::start) and take its stampers.
    UsedUp,
}

impl fmt::Display for StampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the counts of this boot are used up: start the next boot")
    }
}

impl core::error::Error for StampError {}

/// The next count of a boot; what is used up stays so, nothing wraps around.
#[derive(Debug)]
struct Counter {
    boot: u32,
    next: u32,
}

impl Counter {
    fn take(&mut self, time_field: u32) -> Result<Stamp, StampError> {
        if self.next > MAX_COUNT {
            return Err(StampError::UsedUp);
        }
        let stamp = Stamp::new(time_field, self.boot, self.next);
        self.next += 1;
        Ok(stamp)
    }
}

/// Makes the stamps of CONNECT passwords: one per connection attempt, for all audiences.
///
/// It comes from [`Boot::login_stamper`](crate::Boot::login_stamper) and can be neither built nor cloned:
///
/// ```compile_fail,E0599
/// fn twice(stamper: mqward_crypto::LoginStamper) {
///     let _ = (stamper.clone(), stamper);
/// }
/// ```
#[derive(Debug)]
pub struct LoginStamper(Counter);

impl LoginStamper {
    pub(crate) const fn new(boot: u32, next: u32) -> Self {
        Self(Counter { boot, next })
    }

    /// The boot it counts in.
    #[must_use]
    pub const fn boot(&self) -> u32 {
        self.0.boot
    }

    /// A stamp in which time 0 says "no clock".
    pub(crate) fn stamp(&mut self, clock: Clock) -> Result<Stamp, StampError> {
        self.0.take(clock.time().map_or(0, crate::UnixTime::get))
    }

    pub(crate) const fn next(&self) -> u32 {
        self.0.next
    }
}

/// Makes the stamps of sealed payloads of one sender, and with them its nonces.
///
/// It comes from [`Boot::seal_stamper`](crate::Boot::seal_stamper) and can be neither built nor cloned:
///
/// ```compile_fail,E0599
/// fn twice(stamper: mqward_crypto::SealStamper) {
///     let _ = (stamper.clone(), stamper);
/// }
/// ```
#[derive(Debug)]
pub struct SealStamper {
    counter: Counter,
    sender: Sender,
    salt: u32,
}

impl SealStamper {
    pub(crate) const fn new(sender: Sender, salt: u32, boot: u32, next: u32) -> Self {
        Self {
            counter: Counter { boot, next },
            sender,
            salt,
        }
    }

    /// The boot it counts in.
    #[must_use]
    pub const fn boot(&self) -> u32 {
        self.counter.boot
    }

    /// Whose stamps these are.
    #[must_use]
    pub const fn sender(&self) -> Sender {
        self.sender
    }

    /// A stamp, and whether its time field is the salt (bit S).
    pub(crate) fn stamp(&mut self, clock: Clock) -> Result<(Stamp, bool), StampError> {
        match clock.time() {
            Some(time) => Ok((self.counter.take(time.get())?, false)),
            None => Ok((self.counter.take(self.salt)?, true)),
        }
    }

    pub(crate) const fn next(&self) -> u32 {
        self.counter.next
    }

    pub(crate) const fn salt(&self) -> u32 {
        self.salt
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_count_is_given_once_and_nothing_wraps() {
        let mut stamper = LoginStamper::new(5, MAX_COUNT);
        assert_eq!(stamper.stamp(Clock::None).unwrap().count(), MAX_COUNT);
        for _ in 0..3 {
            assert_eq!(stamper.stamp(Clock::None), Err(StampError::UsedUp));
        }
    }
}
