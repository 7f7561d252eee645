//! Where login keys come from: the auth root, or a table of them for this audience alone.

use core::fmt;
use core::hint::black_box;
use std::collections::HashMap;
use std::path::Path;

use mqward::{Audience, AuthRoot, AuthSeed, Device, Generation, HardwareId, KEY_LEN, LoginKey};
use zeroize::Zeroizing;

use crate::PolicyError;
use crate::policy::{KeysFile, Policy};
use crate::policy_error::line_of;
use crate::private_file::read_private;

#[cfg(test)]
std::thread_local! {
    /// How many keys this thread has checked a password with.
    pub(crate) static CHECKED: core::cell::Cell<u32> = const { core::cell::Cell::new(0) };
}

/// The header line of a table of login keys.
const HEADER: &str = "client_id,generation,login_key";

/// A table of a million devices is about 90 MB.
const MAX_TABLE_LEN: u64 = 512 * 1024 * 1024;

/// Login keys, each source with a decoy for whom it does not know.
///
/// The decoy is drawn anew at every load. Who is unknown costs the same derivation and the same tag as who is
/// known, so that the time of a refusal does not tell which devices exist (spec §6.3).
pub(crate) enum KeySource {
    AuthRoot {
        root: AuthRoot,
        decoy: AuthRoot,
    },
    LoginKeys {
        table: HashMap<String, Vec<(Generation, LoginKey)>>,
        decoy: LoginKey,
    },
    /// Every device has a seed of its own in the registry.
    OwnSeeds {
        decoy: AuthRoot,
    },
}

impl KeySource {
    /// For a policy that names no key file.
    ///
    /// # Errors
    /// When the system has no randomness for the decoy.
    pub(crate) fn own_seeds(registry: &Path) -> Result<Self, PolicyError> {
        Ok(Self::OwnSeeds {
            decoy: AuthRoot::from_bytes(*decoy(registry)?),
        })
    }

    /// Reads the file that a policy names.
    ///
    /// # Errors
    /// When others may read it, when a line is malformed, or when the system has no randomness for the decoy.
    pub(crate) fn read(file: &KeysFile, policy: &Policy) -> Result<Self, PolicyError> {
        match file {
            KeysFile::AuthRoot(path) => {
                let root = AuthRoot::from_bytes(*read_key(path)?);
                Ok(Self::AuthRoot {
                    root,
                    decoy: AuthRoot::from_bytes(*decoy(path)?),
                })
            }
            KeysFile::LoginKeys(path) => {
                let table = read_table(path, policy)?;
                Ok(Self::LoginKeys {
                    table,
                    decoy: LoginKey::from_bytes(*decoy(path)?),
                })
            }
        }
    }

    /// Whether there is a key for this device: of an auth root always.
    pub(crate) fn has(&self, device: Device<'_>, own_seed: bool) -> bool {
        match self {
            Self::AuthRoot { .. } => true,
            Self::LoginKeys { table, .. } => find(table, device).is_some(),
            Self::OwnSeeds { .. } => own_seed,
        }
    }

    /// Calls `check` with the device's login key, or with a decoy of the same cost if it is not `known`.
    ///
    /// A seed of the device's own goes before an auth root. A table of login keys has what it has.
    pub(crate) fn with_login_key<T>(
        &self,
        device: Device<'_>,
        known: bool,
        own_seed: Option<&AuthSeed>,
        hw: HardwareId<'_>,
        audience: Audience<'_>,
        check: impl FnOnce(&LoginKey) -> T,
    ) -> T {
        #[cfg(test)]
        CHECKED.set(CHECKED.get() + 1);
        match self {
            Self::AuthRoot { root, decoy } => {
                let root = if known { root } else { decoy };
                with_seed(root, device, own_seed.filter(|_| known), |seed| {
                    check(&seed.login_key(hw, audience))
                })
            }
            Self::OwnSeeds { decoy } => {
                with_seed(decoy, device, own_seed.filter(|_| known), |seed| {
                    check(&seed.login_key(hw, audience))
                })
            }
            Self::LoginKeys { table, decoy } => {
                let key = find(table, device).filter(|_| known);
                check(key.unwrap_or(decoy))
            }
        }
    }
}

impl fmt::Debug for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AuthRoot { .. } => "AuthRoot { .. }",
            Self::LoginKeys { .. } => "LoginKeys { .. }",
            Self::OwnSeeds { .. } => "OwnSeeds { .. }",
        })
    }
}

/// Derives a seed also where it is not needed: who has one of their own costs the same as who has not.
fn with_seed<T>(
    root: &AuthRoot,
    device: Device<'_>,
    own_seed: Option<&AuthSeed>,
    check: impl FnOnce(&AuthSeed) -> T,
) -> T {
    let derived = root.seed(device);
    check(own_seed.unwrap_or(black_box(&derived)))
}

fn find<'a>(
    table: &'a HashMap<String, Vec<(Generation, LoginKey)>>,
    device: Device<'_>,
) -> Option<&'a LoginKey> {
    let keys = table.get(device.client_id())?;
    keys.iter()
        .find(|(generation, _)| *generation == device.generation())
        .map(|(_, key)| key)
}

/// A secret of this process that no device holds.
fn decoy(path: &Path) -> Result<Zeroizing<[u8; KEY_LEN]>, PolicyError> {
    let mut bytes = Zeroizing::new([0; KEY_LEN]);
    match getrandom::fill(bytes.as_mut()) {
        Ok(()) => Ok(bytes),
        Err(error) => Err(PolicyError::of_file(
            path,
            format!("no randomness from the system: {error}"),
        )),
    }
}

/// A key file: 64 lower-case hexadecimal digits and a newline.
fn read_key(path: &Path) -> Result<Zeroizing<[u8; KEY_LEN]>, PolicyError> {
    let malformed = || {
        PolicyError::at_line(
            path,
            1,
            "a key file is 64 lower-case hexadecimal digits and a newline",
        )
    };
    let text = read_private(path, 1024)?;
    let digits = text.strip_suffix(b"\n").ok_or_else(malformed)?;
    decode_key(digits).ok_or_else(malformed)
}

fn decode_key(digits: &[u8]) -> Option<Zeroizing<[u8; KEY_LEN]>> {
    let mut key = Zeroizing::new([0; KEY_LEN]);
    let decoded = base16ct::lower::decode(digits, key.as_mut()).ok()?;
    (decoded.len() == KEY_LEN).then_some(key)
}

/// Reads by hand what is CSV without quotes: a CSV library would leave copies of the keys in its buffers.
fn read_table(
    path: &Path,
    policy: &Policy,
) -> Result<HashMap<String, Vec<(Generation, LoginKey)>>, PolicyError> {
    let contents = read_private(path, MAX_TABLE_LEN)?;
    let text = core::str::from_utf8(&contents).map_err(|error| {
        let start = error.valid_up_to();
        let before = contents
            .get(..start)
            .and_then(|bytes| core::str::from_utf8(bytes).ok());
        PolicyError::at_line(
            path,
            line_of(before.unwrap_or(""), &(start..start)),
            "not UTF-8",
        )
    })?;
    let mut lines = (1_u64..).zip(text.lines());
    if lines.next().is_none_or(|(_, header)| header != HEADER) {
        return Err(PolicyError::at_line(
            path,
            1,
            format!("the first line is `{HEADER}`"),
        ));
    }
    let mut table: HashMap<String, Vec<(Generation, LoginKey)>> = HashMap::new();
    for (number, line) in lines {
        let wrong = |reason: &str| PolicyError::at_line(path, number, reason);
        let mut fields = line.rsplitn(3, ',');
        let (Some(key), Some(generation), Some(client_id)) =
            (fields.next(), fields.next(), fields.next())
        else {
            return Err(wrong(
                "a line has three fields: client_id, generation, login_key",
            ));
        };
        policy
            .mqward_role(client_id)
            .map_err(|reason| wrong(&reason))?;
        let generation = parse_generation(generation).map_err(wrong)?;
        let key = decode_key(key.as_bytes())
            .ok_or_else(|| wrong("a login key is 64 lower-case hexadecimal digits"))?;
        let keys = table.entry(client_id.to_owned()).or_default();
        if keys.iter().any(|(other, _)| *other == generation) {
            return Err(wrong("this client id and generation have a key already"));
        }
        keys.push((generation, LoginKey::from_bytes(*key)));
    }
    Ok(table)
}

/// A generation as files write it: decimal, 1 to 255, no sign, no leading zero.
pub(crate) fn parse_generation(text: &str) -> Result<Generation, &'static str> {
    const RULE: &str = "a generation is a whole number from 1 to 255";
    if text.starts_with(['0', '+']) {
        return Err(RULE);
    }
    text.parse()
        .ok()
        .and_then(|number| Generation::new(number).ok())
        .ok_or(RULE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT_ID: &str = "device-0123456789ab";

    fn device(generation: u8) -> Device<'static> {
        Device::new(CLIENT_ID, Generation::new(generation).unwrap()).unwrap()
    }

    fn sources() -> [KeySource; 2] {
        let key = LoginKey::from_bytes([2; KEY_LEN]);
        [
            KeySource::AuthRoot {
                root: AuthRoot::from_bytes([1; KEY_LEN]),
                decoy: AuthRoot::from_bytes([3; KEY_LEN]),
            },
            KeySource::LoginKeys {
                table: HashMap::from([(CLIENT_ID.to_owned(), vec![(Generation::FIRST, key)])]),
                decoy: LoginKey::from_bytes([4; KEY_LEN]),
            },
        ]
    }

    #[test]
    fn a27_known_or_not_one_key_is_checked_and_the_right_one_for_the_known_alone() {
        for source in sources() {
            let checked = |generation, known| {
                let mut keys = Vec::new();
                let audience = Audience::new("mqtt.example.com").unwrap();
                source.with_login_key(
                    device(generation),
                    known,
                    None,
                    HardwareId::EMPTY,
                    audience,
                    |key| {
                        keys.push(*key.expose());
                    },
                );
                assert_eq!(keys.len(), 1);
                keys[0]
            };
            assert_eq!(checked(1, true), checked(1, true));
            assert_ne!(checked(1, true), checked(1, false));
            assert_ne!(checked(2, false), checked(1, true));
        }
        let [_, table] = sources();
        assert!(table.has(device(1), false) && !table.has(device(2), true));
    }

    #[test]
    fn decoys_differ_from_one_load_to_the_next() {
        let path = Path::new("auth_root.key");
        assert_ne!(*decoy(path).unwrap(), *decoy(path).unwrap());
        assert_ne!(*decoy(path).unwrap(), [0; KEY_LEN]);
    }
}
