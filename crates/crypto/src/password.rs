//! The CONNECT password: 39 characters that work once (spec §6.1).

use core::fmt;

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::base64url;
use crate::mac::hmac;
use crate::{
    Clock, Device, Generation, LoginKey, LoginStamper, Mark, STAMP_LEN, Stamp, StampError, TAG_LEN,
};

/// Characters of a password.
pub const PASSWORD_LEN: usize = 39;

/// Bytes of a password before encoding: head and tag.
const RAW_LEN: usize = HEAD_LEN + TAG_LEN;

/// `version || generation || stamp`
const HEAD_LEN: usize = 2 + STAMP_LEN;

/// The first byte of every password of this version.
const VERSION: u8 = 0x01;

/// The password of one connection attempt: 39 base64url characters, wiped on drop, never printed by `Debug`.
pub struct Password([u8; PASSWORD_LEN]);

impl Password {
    /// The characters, for the password field of CONNECT.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // The encoder writes ASCII only, so the fallback is never taken.
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The same as bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; PASSWORD_LEN] {
        &self.0
    }
}

impl Drop for Password {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Password {}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Password").finish_non_exhaustive()
    }
}

impl LoginStamper {
    /// Mints the password of one connection attempt. Call it anew for every attempt: an old one is worthless.
    ///
    /// `key` is the device's [`LoginKey`] at the broker's audience.
    ///
    /// # Errors
    /// [`StampError::UsedUp`] after 2^24 attempts within one boot.
    pub fn mint(
        &mut self,
        key: &LoginKey,
        device: Device<'_>,
        clock: Clock,
    ) -> Result<Password, StampError> {
        let head = encode_head(device.generation(), &self.stamp(clock)?);
        let mut raw = [0; RAW_LEN];
        raw[..HEAD_LEN].copy_from_slice(&head);
        raw[HEAD_LEN..].copy_from_slice(&tag(key, &head, device));
        let mut text = [0; PASSWORD_LEN];
        base64url::encode(&raw, &mut text);
        raw.zeroize();
        Ok(Password(text))
    }
}

fn encode_head(generation: Generation, stamp: &Stamp) -> [u8; HEAD_LEN] {
    let mut head = [0; HEAD_LEN];
    head[0] = VERSION;
    head[1] = generation.get();
    head[2..].copy_from_slice(&stamp.encode());
    head
}

/// `HMAC(login_key, "mqward1c" || head || lp(client_id))[0..16]`
fn tag(key: &LoginKey, head: &[u8; HEAD_LEN], device: Device<'_>) -> [u8; TAG_LEN] {
    let (len, client_id) = device.length_prefixed();
    let mut mac = [0; 32];
    hmac(
        key.expose(),
        &[b"mqward1c", head, &len, client_id],
        &mut mac,
    );
    let mut tag = [0; TAG_LEN];
    tag.copy_from_slice(&mac[..TAG_LEN]);
    tag
}

/// The password field is not one of this protocol: wrong length, alphabet, encoding, version, generation or boot.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub struct MalformedPassword;

impl fmt::Display for MalformedPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a mqward password")
    }
}

impl core::error::Error for MalformedPassword {}

/// What a password says before anyone has checked it. `Debug` leaves the tag out: with it, it is the password.
///
/// ```
/// use mqward_crypto::Claim;
///
/// let claim = Claim::parse(b"AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY")?;
/// assert_eq!((claim.generation().get(), claim.stamp().boot(), claim.stamp().count()), (1, 1_760_000_001, 7));
/// assert_eq!(claim.time().map(|time| time.get()), Some(1_767_225_600));
/// # Ok::<(), mqward_crypto::MalformedPassword>(())
/// ```
#[derive(Copy, Clone)]
pub struct Claim {
    generation: Generation,
    stamp: Stamp,
    tag: [u8; TAG_LEN],
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("generation", &self.generation)
            .field("stamp", &self.stamp)
            .finish_non_exhaustive()
    }
}

impl Claim {
    /// Reads a password field strictly: exactly 39 characters of canonical base64url without padding.
    ///
    /// # Errors
    /// [`MalformedPassword`], whatever is wrong.
    pub fn parse(password: &[u8]) -> Result<Self, MalformedPassword> {
        let password: &[u8; PASSWORD_LEN] = password.try_into().map_err(|_| MalformedPassword)?;
        let mut raw = [0; RAW_LEN];
        // The decoder refuses what is not canonical: two texts for one password would be two to whoever compares texts.
        if !base64url::decode(password, &mut raw) || raw[0] != VERSION {
            return Err(MalformedPassword);
        }
        let (Ok(stamp), Ok(tag)) = (raw[2..HEAD_LEN].try_into(), raw[HEAD_LEN..].try_into()) else {
            return Err(MalformedPassword);
        };
        Ok(Self {
            generation: Generation::new(raw[1]).map_err(|_| MalformedPassword)?,
            stamp: Stamp::decode(stamp).ok_or(MalformedPassword)?,
            tag,
        })
    }

    /// The generation whose key is claimed.
    #[must_use]
    pub const fn generation(&self) -> Generation {
        self.generation
    }

    /// The claimed stamp.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// The claimed time; `None` if the sender says that it has no clock.
    #[must_use]
    pub fn time(&self) -> Option<crate::UnixTime> {
        self.stamp.time()
    }

    /// The mark that a replay store keeps if the login is accepted.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark::from_parts(self.generation, &self.stamp)
    }

    /// Whether the tag is right, in constant time.
    pub(crate) fn tag_matches(&self, key: &LoginKey, device: Device<'_>) -> subtle::Choice {
        let expected = tag(key, &encode_head(self.generation, &self.stamp), device);
        crate::mac::equal(&expected, &self.tag)
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use super::*;

    const GOOD: &str = "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";

    #[test]
    fn exactly_one_text_per_password() {
        assert!(Claim::parse(GOOD.as_bytes()).is_ok());
        for bad in [
            &GOOD[..38],
            "",
            "A",
            &format!("{GOOD}="),
            &format!("{GOOD}A"),
        ] {
            assert!(Claim::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        // The last character carries two bits that no byte uses.
        for last in ['Z', 'a', 'b'] {
            let mut text = String::from(&GOOD[..38]);
            text.push(last);
            assert!(Claim::parse(text.as_bytes()).is_err(), "{text}");
        }
        for bad in ["+", "/", "=", " ", "\n", "\0"] {
            let text = format!("{}{bad}", &GOOD[..38]);
            assert!(Claim::parse(text.as_bytes()).is_err(), "{text:?}");
            let text = format!("{}{bad}{}", &GOOD[..20], &GOOD[21..]);
            assert!(Claim::parse(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(Claim::parse(&[0xff; 39]).is_err());
        assert!(Claim::parse(&[b'A'; 65_535]).is_err());
    }

    #[test]
    fn debug_hides_the_password() {
        let mut stamper = LoginStamper::new(1, 0);
        let device = Device::new("d", Generation::FIRST).unwrap();
        let password = stamper
            .mint(&LoginKey::from_bytes([0; 32]), device, Clock::None)
            .unwrap();
        assert!(!format!("{password:?}").contains(password.as_str()));
        let claim = Claim::parse(password.as_bytes()).unwrap();
        let shown = format!("{claim:?}");
        assert!(
            !shown.contains("tag") && !shown.contains(&format!("{:?}", claim.tag)),
            "{shown}"
        );
    }
}
