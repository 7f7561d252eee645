//! The key tree: one type per purpose, so that a key of the wrong kind does not compile (spec §4).

use core::fmt;

use subtle::{Choice, ConstantTimeEq};
use zeroize::{Zeroize, ZeroizeOnDrop, optimization_barrier};

use crate::mac::{HmacKey, equal, expand};
use crate::{Audience, Device, HardwareId, KEY_LEN, ParamError, Sender};

/// Declares a 32-byte secret: not `Copy`, not `Clone`, wiped on drop, redacted in `Debug`, compared in constant time.
///
/// A secret that `derives` keeps its HMAC key: it derives often, and half of the work is the same each time.
macro_rules! secret {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// 32 bytes, wiped on drop, never printed, neither `Copy` nor `Clone`. Laid out as the array of its bytes.
        #[repr(transparent)]
        pub struct $name {
            bytes: [u8; KEY_LEN],
        }

        impl $name {
            /// Takes the key from an array; the caller wipes its own copy.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
                Self { bytes }
            }

            /// The key that `derive` writes; inlined, so that it knows the lengths of what it hashes.
            #[allow(dead_code, reason = "what is at the top of the tree is not derived")]
            #[cfg(target_pointer_width = "64")]
            #[inline(always)]
            fn derived(derive: impl FnOnce(&mut [u8; KEY_LEN])) -> Self {
                let mut bytes = [0; KEY_LEN];
                derive(&mut bytes);
                let key = Self { bytes };
                bytes = [0; KEY_LEN];
                optimization_barrier(&bytes);
                key
            }

            /// The key that `derive` writes where it stays: inlined, it would be copied to there, and its copy not wiped.
            #[allow(dead_code, reason = "what is at the top of the tree is not derived")]
            #[cfg(not(target_pointer_width = "64"))]
            #[inline(never)]
            fn derived(derive: impl FnOnce(&mut [u8; KEY_LEN])) -> Self {
                let mut key = Self { bytes: [0; KEY_LEN] };
                derive(&mut key.bytes);
                key
            }
        }

        secret! { @any $name }
    };
    ($(#[$doc:meta])* $name:ident derives) => {
        $(#[$doc])*
        ///
        /// 32 bytes and what is prepared from them, wiped on drop, never printed, neither `Copy` nor `Clone`.
        pub struct $name {
            bytes: [u8; KEY_LEN],
            hmac: HmacKey,
        }

        impl $name {
            /// Takes the key from an array; the caller wipes its own copy.
            #[must_use]
            pub fn from_bytes(bytes: [u8; KEY_LEN]) -> Self {
                let hmac = HmacKey::new(&bytes);
                Self { bytes, hmac }
            }

            /// The key that `derive` writes.
            fn derived(derive: impl FnOnce(&mut [u8; KEY_LEN])) -> Self {
                let mut bytes = [0; KEY_LEN];
                derive(&mut bytes);
                let key = Self::from_bytes(bytes);
                bytes.zeroize();
                key
            }
        }

        secret! { @any $name }
    };
    (@any $name:ident) => {
        impl $name {
            /// Copies the key out of a slice.
            ///
            /// # Errors
            /// [`ParamError::KeyLength`] unless it has exactly 32 bytes.
            pub fn try_from_slice(bytes: &[u8]) -> Result<Self, ParamError> {
                match <&[u8; KEY_LEN]>::try_from(bytes) {
                    Ok(bytes) => Ok(Self::from_bytes(*bytes)),
                    Err(_) => Err(ParamError::KeyLength { actual: bytes.len() }),
                }
            }

            /// The key's bytes, for storing them; handle with care.
            #[must_use]
            pub const fn expose(&self) -> &[u8; KEY_LEN] {
                &self.bytes
            }
        }

        impl Drop for $name {
            // Firmware has the loop once, for every kind of key.
            #[cfg_attr(not(target_pointer_width = "64"), inline(never))]
            fn drop(&mut self) {
                self.bytes = [0; KEY_LEN];
                optimization_barrier(self);
            }
        }

        impl ZeroizeOnDrop for $name {}

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }

        impl ConstantTimeEq for $name {
            fn ct_eq(&self, other: &Self) -> Choice {
                equal(&self.bytes, &other.bytes)
            }
        }
    };
}

secret! {
    /// The root of a fleet's keys: kept offline or in an HSM, never on a broker, never on a production line.
    ///
    /// ```
    /// use mqward_crypto::{Audience, Device, Generation, HardwareId, Root};
    ///
    /// let root = Root::from_bytes([7; 32]); // 32 random bytes in real life
    /// let device = Device::new("device-0123456789ab", Generation::FIRST)?;
    /// let seed = root.auth().seed(device); // what the device is flashed with
    /// let hw = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3])?;
    /// let key = seed.login_key(hw, Audience::new("mqtt.example.com")?); // what it computes at boot
    /// # let _ = key;
    /// # Ok::<(), mqward_crypto::ParamError>(())
    /// ```
    Root
}
secret! {
    /// Derives every device's login seed: what a broker holds.
    AuthRoot derives
}
secret! {
    /// Derives every device's uplink seed: what a reader of telemetry holds.
    UpRoot derives
}
secret! {
    /// Derives every device's downlink seed: what a commander holds as well.
    DownRoot derives
}
secret! {
    /// One device's login seed, the same for every broker and every board.
    AuthSeed
}
secret! {
    /// One device's seed for what it seals.
    UpSeed
}
secret! {
    /// One device's seed for what is sealed to it.
    DownSeed
}
secret! {
    /// The key of one device's CONNECT passwords at one audience.
    LoginKey
}
secret! {
    /// The AEAD key of one sender in one direction.
    SenderKey
}

impl Root {
    /// `Expand(root, "mqward1A", 32)`
    #[must_use]
    pub fn auth(&self) -> AuthRoot {
        AuthRoot::derived(|out| expand(&self.bytes, &[b"mqward1A"], out))
    }

    /// `Expand(root, "mqward1U", 32)`
    #[must_use]
    pub fn up(&self) -> UpRoot {
        UpRoot::derived(|out| expand(&self.bytes, &[b"mqward1U"], out))
    }

    /// `Expand(root, "mqward1D", 32)`
    #[must_use]
    pub fn down(&self) -> DownRoot {
        DownRoot::derived(|out| expand(&self.bytes, &[b"mqward1D"], out))
    }
}

/// `Expand(root, label || generation || lp(client_id), 32)`
fn seed(root: &HmacKey, label: &[u8; 8], device: Device<'_>, out: &mut [u8; KEY_LEN]) {
    let (len, client_id) = device.length_prefixed();
    let info = [
        label.as_slice(),
        &[device.generation().get()],
        &len,
        client_id,
    ];
    root.expand(&info, out);
}

impl AuthRoot {
    /// `auth_seed = Expand(auth_root, "mqward1a" || generation || lp(client_id), 32)`
    #[must_use]
    pub fn seed(&self, device: Device<'_>) -> AuthSeed {
        AuthSeed::derived(|out| seed(&self.hmac, b"mqward1a", device, out))
    }
}

impl UpRoot {
    /// `up_seed = Expand(up_root, "mqward1u" || generation || lp(client_id), 32)`
    #[must_use]
    pub fn seed(&self, device: Device<'_>) -> UpSeed {
        UpSeed::derived(|out| seed(&self.hmac, b"mqward1u", device, out))
    }
}

impl DownRoot {
    /// `down_seed = Expand(down_root, "mqward1d" || generation || lp(client_id), 32)`
    #[must_use]
    pub fn seed(&self, device: Device<'_>) -> DownSeed {
        DownSeed::derived(|out| seed(&self.hmac, b"mqward1d", device, out))
    }
}

impl AuthSeed {
    /// `login_key = Expand(auth_seed, "mqward1l" || lp(hw) || lp(audience), 32)`
    #[must_use]
    pub fn login_key(&self, hw: HardwareId<'_>, audience: Audience<'_>) -> LoginKey {
        let (hw_len, hw) = hw.length_prefixed();
        let (audience_len, audience) = audience.length_prefixed();
        let info = [b"mqward1l".as_slice(), &hw_len, hw, &audience_len, audience];
        LoginKey::derived(|out| expand(&self.bytes, &info, out))
    }
}

impl UpSeed {
    /// The key of an uplink sender; its rboot is 0.
    #[must_use]
    pub fn sender_key(&self, sender: Sender, hw: HardwareId<'_>) -> SenderKey {
        sender_key(&self.bytes, sender, 0, hw)
    }
}

impl DownSeed {
    /// The key of a downlink sender: `rboot` is the receiving device's current boot for class live, otherwise 0.
    #[must_use]
    pub fn sender_key(&self, sender: Sender, rboot: u32, hw: HardwareId<'_>) -> SenderKey {
        sender_key(&self.bytes, sender, rboot, hw)
    }
}

/// `sender_key = Expand(seed, "mqward1k" || sender || rboot || lp(hw), 32)`
fn sender_key(seed: &[u8; KEY_LEN], sender: Sender, rboot: u32, hw: HardwareId<'_>) -> SenderKey {
    let (hw_len, hw) = hw.length_prefixed();
    let info = [
        b"mqward1k".as_slice(),
        &[sender.get()],
        &rboot.to_be_bytes(),
        &hw_len,
        hw,
    ];
    SenderKey::derived(|out| expand(seed, &info, out))
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    #[test]
    fn debug_shows_the_type_alone() {
        let text = format!(
            "{:?} {:#?}",
            Root::from_bytes([0xab; 32]),
            UpSeed::from_bytes([171; 32])
        );
        assert!(
            text.contains("Root") && !text.contains("ab,") && !text.contains("171"),
            "{text}"
        );
    }

    #[test]
    fn equality_is_of_the_bytes() {
        let key = || LoginKey::from_bytes([1; 32]);
        assert!(bool::from(key().ct_eq(&key())));
        assert!(!bool::from(key().ct_eq(&LoginKey::from_bytes([2; 32]))));
        assert!(LoginKey::try_from_slice(&[0; 31]).is_err());
    }
}
