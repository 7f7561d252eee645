//! A device as the registry knows it.

use core::fmt;
use core::str::FromStr;

use mqward::{Access, AuthSeed, Effect, Generation, UnixTime};

/// What the registry says about a device's clock (spec §6.3).
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq)]
pub enum DeviceClock {
    /// Every password carries a time.
    #[default]
    Required,
    /// Passwords without time pass a few times in a row: a clock that comes up late.
    Optional,
    /// The device has no clock.
    None,
}

/// How far a device has come from static passwords and plaintext. A device only ever moves forward by itself.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Ord, PartialOrd)]
pub enum DeviceStage {
    /// The broker's own users decide about its password, until its first good mqward password.
    Legacy,
    /// mqward passwords only. Where a rule says `sealed`, plaintext passes until the first sealed payload.
    Login,
    /// The policy as it is written.
    #[default]
    Sealed,
}

/// A word that a file or column may hold, and what it means.
trait Word: Copy + Sized + 'static {
    const WORDS: &'static [(&'static str, Self)];
}

impl Word for DeviceClock {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("required", Self::Required),
        ("optional", Self::Optional),
        ("none", Self::None),
    ];
}

impl Word for DeviceStage {
    const WORDS: &'static [(&'static str, Self)] = &[
        ("legacy", Self::Legacy),
        ("login", Self::Login),
        ("sealed", Self::Sealed),
    ];
}

fn parse_word<T: Word>(what: &'static str, text: &str) -> Result<T, UnknownWord> {
    let found = T::WORDS.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| *value).ok_or_else(|| UnknownWord {
        what,
        text: text.to_owned(),
        words: T::WORDS.iter().map(|(word, _)| *word).collect(),
    })
}

fn word_of<T: Word + PartialEq>(value: T) -> &'static str {
    let found = T::WORDS.iter().find(|(_, other)| *other == value);
    found.map_or("", |(word, _)| word)
}

/// A word that is none of the expected ones.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct UnknownWord {
    what: &'static str,
    text: String,
    words: Vec<&'static str>,
}

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, words) = (self.what, self.words.join(", "));
        write!(f, "unknown {what} {:?} (one of {words})", self.text)
    }
}

impl core::error::Error for UnknownWord {}

macro_rules! written_as_a_word {
    ($type:ident, $what:literal) => {
        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                parse_word($what, text)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(word_of(*self))
            }
        }
    };
}

written_as_a_word!(DeviceClock, "clock");
written_as_a_word!(DeviceStage, "stage");

/// A device to be added. [`new`](Self::new) fills in what most devices have.
#[derive(Debug)]
pub struct NewDevice<'a> {
    /// The Client Identifier.
    pub client_id: &'a str,
    /// Its first generation in this registry.
    pub generation: Generation,
    /// 0 to 32 bytes; empty where keys are bound to the client id alone.
    pub hardware_id: &'a [u8],
    /// A random seed of its own, instead of one from the auth root. Makes the registry a file of secrets.
    pub auth_seed: Option<AuthSeed>,
    /// Its clock.
    pub clock: DeviceClock,
    /// The stage it starts in.
    pub stage: DeviceStage,
    /// The name of the role it has, instead of the one that its client id fits.
    pub role: Option<&'a str>,
    /// What `%c` stands for in rules, instead of the client id: gateways, second connections.
    pub topic_id: Option<&'a str>,
    /// For people.
    pub note: &'a str,
}

impl<'a> NewDevice<'a> {
    /// A device with a clock, in generation 1, under the policy as it is written.
    #[must_use]
    pub const fn new(client_id: &'a str, hardware_id: &'a [u8]) -> Self {
        Self {
            client_id,
            generation: Generation::FIRST,
            hardware_id,
            auth_seed: None,
            clock: DeviceClock::Required,
            stage: DeviceStage::Sealed,
            role: None,
            topic_id: None,
            note: "",
        }
    }
}

/// A rule of one device beside those of its role. Deny wins over allow here as everywhere.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DeviceRule {
    /// Allow or deny.
    pub effect: Effect,
    /// Publish or subscribe.
    pub access: Access,
    /// A pattern as in the policy: `tx/%c/#`.
    pub pattern: String,
    /// Whether the payload has to be sealed; for allowed publishing only.
    pub sealed: bool,
}

/// A device that the registry holds.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DeviceRecord {
    /// The Client Identifier.
    pub client_id: String,
    /// Its clock.
    pub clock: DeviceClock,
    /// The stage that the registry names. A broker may have seen a later one since.
    pub stage: DeviceStage,
    /// The role it is pinned to.
    pub role: Option<String>,
    /// What `%c` stands for, if not the client id.
    pub topic_id: Option<String>,
    /// For people.
    pub note: String,
    /// When and why it was revoked, if it is.
    pub revoked: Option<Revocation>,
    /// Every generation it ever had, oldest first.
    pub generations: Vec<GenerationRecord>,
    /// Rules of its own.
    pub rules: Vec<DeviceRule>,
    /// When it was added.
    pub created: UnixTime,
    /// When anything about it was last changed.
    pub changed: UnixTime,
}

impl DeviceRecord {
    /// The generations that are accepted: none of a revoked device.
    pub fn accepted(&self) -> impl Iterator<Item = &GenerationRecord> {
        let device_is_good = self.revoked.is_none();
        let generations = self.generations.iter();
        generations.filter(move |generation| device_is_good && generation.revoked.is_none())
    }
}

/// When and why a device was revoked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Revocation {
    /// When.
    pub time: UnixTime,
    /// Why, for people.
    pub note: String,
}

/// One provisioning of a device.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct GenerationRecord {
    /// Its number.
    pub generation: Generation,
    /// The board it runs on, 0 to 32 bytes.
    pub hardware_id: Vec<u8>,
    /// Whether it has a random seed of its own.
    pub has_seed: bool,
    /// When it was revoked, if it is. One that a login of a newer generation ended is not revoked: the replay mark
    /// keeps it out.
    pub revoked: Option<UnixTime>,
    /// When it was added.
    pub created: UnixTime,
}
