//! The check of a CONNECT password, up to the replay store (spec §6.3).

use core::fmt;

use subtle::Choice;

use crate::{Claim, Device, LoginKey, Mark, ParamError, Stamp, UnixTime};

/// The window that a fleet starts with, in seconds either way.
pub const DEFAULT_WINDOW_SECS: u16 = 60;

/// What a password may say about time.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum ClockRule {
    /// A password without time is refused.
    Required,
    /// A password without time passes: the registry says that the device has no clock.
    ///
    /// Until that device's next login is seen, such a password does not age.
    Accepted,
}

/// The terms on which a verifier accepts passwords. There is no way to switch the window off.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct LoginTerms {
    window: u16,
    clock: ClockRule,
}

impl LoginTerms {
    /// Terms with a window of 1 to 3600 seconds either way.
    ///
    /// # Errors
    /// [`ParamError::Window`] for any other window.
    pub const fn new(window_secs: u16, clock: ClockRule) -> Result<Self, ParamError> {
        match window_secs {
            1..=3600 => Ok(Self {
                window: window_secs,
                clock,
            }),
            _ => Err(ParamError::Window),
        }
    }

    /// The window in seconds.
    #[must_use]
    pub const fn window_secs(&self) -> u16 {
        self.window
    }
}

/// Why a well-formed password is refused: for the operator's log alone.
///
/// On the wire all of these, a malformed password and a replay are one and the same CONNACK.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum LoginRefusal {
    /// No key is known for this client id in this generation.
    UnknownDevice,
    /// The tag is wrong: other key, client id, hardware, audience, or a changed password.
    WrongTag,
    /// The time is outside the window.
    OutsideWindow {
        /// Sender's time minus verifier's, in seconds.
        skew: i64,
    },
    /// The password has no time, and the terms ask for one.
    NoClock,
}

impl fmt::Display for LoginRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownDevice => f.write_str("unknown device or generation"),
            Self::WrongTag => f.write_str("wrong key, hardware id or audience"),
            Self::OutsideWindow { skew } => write!(f, "the device's clock is off by {skew} s"),
            Self::NoClock => f.write_str("the device has no clock and must have one"),
        }
    }
}

impl core::error::Error for LoginRefusal {}

/// A password that is right and fresh. It is accepted once the replay store has advanced to its [`mark`](Self::mark).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[must_use = "a login is not accepted before the replay store has advanced"]
pub struct Login {
    mark: Mark,
    stamp: Stamp,
    skew: Option<i64>,
}

impl Login {
    /// What the replay store must advance to, in one atomic step, before the login counts.
    #[must_use]
    pub const fn mark(&self) -> Mark {
        self.mark
    }

    /// The stamp.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Sender's time minus verifier's, in seconds; `None` without a clock.
    #[must_use]
    pub const fn skew(&self) -> Option<i64> {
        self.skew
    }

    /// The sender's time; `None` without a clock.
    #[must_use]
    pub fn time(&self) -> Option<UnixTime> {
        self.stamp.time()
    }
}

impl Claim {
    /// Checks tag and time. `key` is the device's key, or a decoy with `known = false`: the work is the same.
    ///
    /// The result must never be cached: a cache turns a one-time password into a reusable one.
    ///
    /// ```
    /// use mqward_crypto::*;
    ///
    /// let device = Device::new("device-0123456789ab", Generation::FIRST)?;
    /// let hw = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3])?;
    /// let root = Root::from_bytes(core::array::from_fn(|i| i as u8));
    /// let key = root.auth().seed(device).login_key(hw, Audience::new("mqtt.example.com")?);
    ///
    /// let claim = Claim::parse(b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY")?;
    /// let terms = LoginTerms::new(DEFAULT_WINDOW_SECS, ClockRule::Required)?;
    /// let now = UnixTime::from_secs(1_767_225_630).expect("in range");
    /// let login = claim.verify(&key, true, device.client_id(), &terms, now)?;
    /// assert_eq!(login.skew(), Some(-30));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`LoginRefusal`], the first that applies in the order of its variants.
    pub fn verify(
        &self,
        key: &LoginKey,
        known: bool,
        client_id: &str,
        terms: &LoginTerms,
        now: UnixTime,
    ) -> Result<Login, LoginRefusal> {
        let device =
            Device::new(client_id, self.generation()).map_err(|_| LoginRefusal::UnknownDevice)?;
        let tag_matches = self.tag_matches(key, device);
        let skew = self.time().map(|time| time.minus(now));
        let in_window = match (skew, terms.clock) {
            (Some(skew), _) => skew.unsigned_abs() <= u64::from(terms.window),
            (None, ClockRule::Accepted) => true,
            (None, ClockRule::Required) => false,
        };
        // One branch on the whole answer; which part failed is told apart afterwards, for the log.
        let accepted =
            Choice::from(u8::from(known)) & tag_matches & Choice::from(u8::from(in_window));
        if bool::from(accepted) {
            return Ok(Login {
                mark: self.mark(),
                stamp: self.stamp(),
                skew,
            });
        }
        Err(match (known, bool::from(tag_matches), skew) {
            (false, _, _) => LoginRefusal::UnknownDevice,
            (true, false, _) => LoginRefusal::WrongTag,
            (true, true, Some(skew)) => LoginRefusal::OutsideWindow { skew },
            (true, true, None) => LoginRefusal::NoClock,
        })
    }
}
