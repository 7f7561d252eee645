//! The boot record: two slots of flash that hold the boot counter (spec §5.2).

use core::fmt;

use crate::crc32::crc32;
use crate::{Boot, UnixTime};

/// Bytes of one slot.
pub const BOOT_SLOT_LEN: usize = 16;

/// `"mqwB"`, version 1, three bytes reserved.
const PREFIX: [u8; 8] = *b"mqwB\x01\0\0\0";

/// One of the two slots; each lives in an erase unit of its own, so that a torn write harms one alone.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Slot {
    /// The first slot, written by provisioning.
    A,
    /// The second slot.
    B,
}

impl Slot {
    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }
}

/// Where a device keeps its boot record: two flash sectors, two NVS keys, an FRAM, two files.
///
/// A slot that was never written reads as anything but a valid record (erased flash does).
pub trait BootStorage {
    /// What reading or writing can fail with.
    type Error;

    /// Reads a slot whole.
    ///
    /// # Errors
    /// Only if the medium cannot be read; an erased slot is no error.
    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error>;

    /// Writes a slot whole and returns once it would survive a power loss.
    ///
    /// # Errors
    /// If the medium cannot be written.
    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error>;
}

/// Why a device cannot start its boot counter. None of these is ever answered with "start at 0".
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BootError<E> {
    /// The storage failed.
    Storage(E),
    /// Neither slot holds a valid record: the counter is lost, and only provisioning creates it.
    Missing,
    /// What was written did not read back: the slot is worn out or the driver is wrong.
    NotStored,
    /// All 2^32 - 1 boots are used up: the device needs a new generation.
    Exhausted,
    /// Provisioning found a record already there; erase seeds and record together first.
    AlreadyProvisioned,
}

impl<E: fmt::Display> fmt::Display for BootError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Storage(error) => write!(f, "the boot record's storage failed: {error}"),
            Self::Missing => f.write_str("no valid boot record: provision the device again"),
            Self::NotStored => f.write_str("the boot record did not read back as written"),
            Self::Exhausted => {
                f.write_str("the boot counter is used up: provision a new generation")
            }
            Self::AlreadyProvisioned => f.write_str("a boot record is already there"),
        }
    }
}

impl<E: fmt::Debug + fmt::Display> core::error::Error for BootError<E> {}

/// The boot counter in its two slots; the highest valid slot counts, the other one is written next.
///
/// A slot that tears, wears out or is restored from long ago, whichever of the two it is, never leads to a number that
/// was used before: the counter skips what the lost slot may have held. Both lost is [`BootError::Missing`].
///
/// ```
/// use mqward_crypto::{BOOT_SLOT_LEN, BootRecord, BootStorage, Slot, UnixTime};
///
/// struct Ram([[u8; BOOT_SLOT_LEN]; 2]); // a device has two flash sectors here
/// impl BootStorage for Ram {
///     type Error = core::convert::Infallible;
///     fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
///         *buf = self.0[slot as usize];
///         Ok(())
///     }
///     fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
///         self.0[slot as usize] = *buf;
///         Ok(())
///     }
/// }
///
/// let provisioned = UnixTime::from_secs(1_760_000_000).expect("in range");
/// let mut flash = Ram([BootRecord::first_slot(provisioned), [0xff; BOOT_SLOT_LEN]]);
/// let boot = BootRecord::start(&mut flash)?; // once per boot, before the first stamp
/// assert_eq!(boot.number(), 1_760_000_003); // slot B was not there yet: the counter skips what it may have held
/// # Ok::<(), mqward_crypto::BootError<core::convert::Infallible>>(())
/// ```
#[derive(Debug)]
pub struct BootRecord;

impl BootRecord {
    /// What provisioning puts into [`Slot::A`], for tools that write flash images; slot B stays erased.
    #[must_use]
    pub fn first_slot(provisioned: UnixTime) -> [u8; BOOT_SLOT_LEN] {
        encode(provisioned.get())
    }

    /// Creates the record on a device that gets new seeds at the same moment.
    ///
    /// Never the answer to [`BootError::Missing`]: beside seeds that were used before, a new record repeats nonces.
    ///
    /// # Errors
    /// [`BootError::AlreadyProvisioned`] if a valid record is there: its counter must not go back.
    pub fn provision<S: BootStorage>(
        storage: &mut S,
        provisioned: UnixTime,
    ) -> Result<(), BootError<S::Error>> {
        if newest(storage)?.is_some() {
            return Err(BootError::AlreadyProvisioned);
        }
        store(storage, Slot::A, provisioned.get())
    }

    /// Increments the counter, stores it, reads it back, and hands out the new boot.
    ///
    /// Call it once per boot before the first stamp, and again when a stamper is
    /// [used up](crate::StampError::UsedUp). Each call costs one flash write, two after a slot was lost.
    ///
    /// # Errors
    /// [`BootError`]; a device that gets one must not log in or seal.
    pub fn start<S: BootStorage>(storage: &mut S) -> Result<Boot, BootError<S::Error>> {
        advance(storage, 0)
    }

    /// As [`start`](Self::start) for a backend: the new boot is `max(stored + 1, now)`.
    ///
    /// The clock lets a backend whose counter was restored from a backup step over what it used since. Several
    /// processes share one counter; the caller makes this call atomic among them (a lock, a transaction).
    ///
    /// # Errors
    /// [`BootError`].
    pub fn start_at_least<S: BootStorage>(
        storage: &mut S,
        now: UnixTime,
    ) -> Result<Boot, BootError<S::Error>> {
        advance(storage, now.get())
    }
}

fn encode(boot: u32) -> [u8; BOOT_SLOT_LEN] {
    let mut slot = [0; BOOT_SLOT_LEN];
    slot[..8].copy_from_slice(&PREFIX);
    slot[8..12].copy_from_slice(&boot.to_be_bytes());
    let crc = crc32(&slot[..12]);
    slot[12..].copy_from_slice(&crc.to_be_bytes());
    slot
}

/// The boot number of a valid slot. Whatever is not exactly what [`encode`] writes is invalid.
fn decode(slot: &[u8; BOOT_SLOT_LEN]) -> Option<u32> {
    let boot = u32::from_be_bytes([slot[8], slot[9], slot[10], slot[11]]);
    (boot != 0 && *slot == encode(boot)).then_some(boot)
}

/// The slot with the highest boot, that boot, and whether the other slot holds the one before it.
type Newest = Option<(Slot, u32, bool)>;

fn newest<S: BootStorage>(storage: &mut S) -> Result<Newest, BootError<S::Error>> {
    let mut boots = [None; 2];
    for (boot, slot) in boots.iter_mut().zip([Slot::A, Slot::B]) {
        let mut bytes = [0; BOOT_SLOT_LEN];
        storage.read(slot, &mut bytes).map_err(BootError::Storage)?;
        *boot = decode(&bytes);
    }
    Ok(match boots {
        [None, None] => None,
        [Some(a), None] => Some((Slot::A, a, false)),
        [None, Some(b)] => Some((Slot::B, b, false)),
        [Some(a), Some(b)] if b > a => Some((Slot::B, b, b - a == 1)),
        [Some(a), Some(b)] => Some((Slot::A, a, a - b == 1)),
    })
}

/// The next boot: one higher if both slots are as this function leaves them, otherwise so much higher that a slot that
/// was lost cannot have held it.
///
/// Two slots hold a number and the one before it. If the lower is missing, so may be a higher one that was used and then
/// lost: the number after the one that is left is burnt, and both slots are written anew, lower number first.
fn advance<S: BootStorage>(storage: &mut S, floor: u32) -> Result<Boot, BootError<S::Error>> {
    let (slot, stored, whole) = newest(storage)?.ok_or(BootError::Missing)?;
    let step = if whole { 1 } else { 3 };
    let next = stored
        .checked_add(step)
        .ok_or(BootError::Exhausted)?
        .max(floor);
    // The valid slot stays as it is until the other one holds a higher number.
    if whole && next - stored == 1 {
        store(storage, slot.other(), next)?;
    } else {
        store(storage, slot.other(), next - 1)?;
        store(storage, slot, next)?;
    }
    Ok(Boot::new(next))
}

fn store<S: BootStorage>(
    storage: &mut S,
    slot: Slot,
    boot: u32,
) -> Result<(), BootError<S::Error>> {
    let written = encode(boot);
    storage.write(slot, &written).map_err(BootError::Storage)?;
    let mut read = [0; BOOT_SLOT_LEN];
    storage.read(slot, &mut read).map_err(BootError::Storage)?;
    if read == written {
        Ok(())
    } else {
        Err(BootError::NotStored)
    }
}
