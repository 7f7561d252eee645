//! The provisioning blob: a device's seeds in its own flash partition (spec §4.5).

use core::fmt;

use crate::crc32::crc32;
use crate::{
    AuthSeed, Device, DownSeed, Generation, KEY_LEN, MAX_CLIENT_ID_LEN, ParamError, UpSeed,
};

/// `"mqwP"`, version 1.
const PREFIX: [u8; 5] = *b"mqwP\x01";

/// Prefix, generation and three seeds.
const FIXED_LEN: usize = PREFIX.len() + 1 + 3 * KEY_LEN;

const CRC_LEN: usize = 4;

/// Bytes of a blob beyond its Client Identifier.
pub const BLOB_OVERHEAD: usize = FIXED_LEN + 1 + CRC_LEN;

/// The longest blob, in bytes.
pub const MAX_BLOB_LEN: usize = BLOB_OVERHEAD + MAX_CLIENT_ID_LEN;

/// Why bytes are no provisioning blob.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum BlobError {
    /// It does not start as one: an erased partition, or something else.
    NotABlob,
    /// It is a blob of a version that this library does not know.
    Version {
        /// The version found.
        version: u8,
    },
    /// It ends too early.
    Truncated,
    /// Bytes follow it where nothing may.
    TrailingBytes,
    /// The checksum is wrong: torn or worn flash.
    Checksum,
    /// The Client Identifier is empty or not UTF-8, or the generation is 0.
    Content,
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotABlob => f.write_str("no provisioning blob here"),
            Self::Version { version } => {
                write!(f, "a provisioning blob of unknown version {version}")
            }
            Self::Truncated => f.write_str("a provisioning blob that ends too early"),
            Self::TrailingBytes => f.write_str("a provisioning blob with bytes behind it"),
            Self::Checksum => f.write_str("a provisioning blob with a wrong checksum"),
            Self::Content => {
                f.write_str("a provisioning blob with an impossible client id or generation")
            }
        }
    }
}

impl core::error::Error for BlobError {}

/// What a device is flashed with: `"mqwP" || 1 || generation || auth_seed || up_seed || down_seed || lp(client_id) || crc32`.
///
/// The first boot record is not inside: beside the seeds, a copy that outlives the counter would invite a restore that
/// repeats nonces. Provisioning writes it to its own slot ([`BootRecord::first_slot`](crate::BootRecord::first_slot)).
///
/// ```
/// use mqward_crypto::*;
///
/// let device = Device::new("device-0123456789ab", Generation::FIRST)?;
/// let root = Root::from_bytes([7; 32]); // 32 random bytes in real life
/// let (auth, up, down) = (root.auth().seed(device), root.up().seed(device), root.down().seed(device));
/// let mut flash = [0xff; MAX_BLOB_LEN];
/// let len = Blob::write(device, &auth, &up, &down, &mut flash)?;
/// assert_eq!(len, 107 + 19);
///
/// let blob = Blob::parse_partition(&flash)?; // at boot; erased flash follows the blob
/// assert_eq!(blob.device().client_id(), "device-0123456789ab");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Blob<'a> {
    device: Device<'a>,
    auth_seed: AuthSeed,
    up_seed: UpSeed,
    down_seed: DownSeed,
    len: usize,
}

impl<'a> Blob<'a> {
    /// Writes a blob and returns its length.
    ///
    /// # Errors
    /// [`ParamError::BufferTooSmall`]; `out` is unchanged then.
    pub fn write(
        device: Device<'_>,
        auth_seed: &AuthSeed,
        up_seed: &UpSeed,
        down_seed: &DownSeed,
        out: &mut [u8],
    ) -> Result<usize, ParamError> {
        let (id_len, client_id) = device.length_prefixed();
        let needed = BLOB_OVERHEAD + client_id.len();
        let error = ParamError::BufferTooSmall { needed };
        let out = out.get_mut(..needed).ok_or(error)?;
        let (body, check) = out.split_last_chunk_mut::<CRC_LEN>().ok_or(error)?;
        let parts: [&[u8]; 7] = [
            &PREFIX,
            &[device.generation().get()],
            auth_seed.expose(),
            up_seed.expose(),
            down_seed.expose(),
            &id_len,
            client_id,
        ];
        let mut rest = &mut *body;
        for part in parts {
            let (slot, tail) = rest.split_at_mut_checked(part.len()).ok_or(error)?;
            slot.copy_from_slice(part);
            rest = tail;
        }
        *check = crc32(body).to_be_bytes();
        Ok(needed)
    }

    /// Reads a blob that is a file or an NVS value of its own: all of `bytes`, no more and no less.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn parse(bytes: &'a [u8]) -> Result<Self, BlobError> {
        // The blob is handed on, not moved: what is moved leaves copies of the seeds behind.
        match Self::parse_partition(bytes) {
            Ok(blob) if blob.len != bytes.len() => Err(BlobError::TrailingBytes),
            parsed => parsed,
        }
    }

    /// Reads the blob at the start of a raw flash partition; what follows it is ignored.
    ///
    /// # Errors
    /// [`BlobError`].
    pub fn parse_partition(partition: &'a [u8]) -> Result<Self, BlobError> {
        let (magic, _) = partition
            .split_first_chunk::<4>()
            .ok_or(BlobError::NotABlob)?;
        if *magic != PREFIX[..4] {
            return Err(BlobError::NotABlob);
        }
        match partition.get(4) {
            Some(1) => {}
            Some(&version) => return Err(BlobError::Version { version }),
            None => return Err(BlobError::Truncated),
        }
        let id_len = usize::from(*partition.get(FIXED_LEN).ok_or(BlobError::Truncated)?);
        let len = BLOB_OVERHEAD + id_len;
        let (body, check) = partition
            .get(..len)
            .and_then(<[u8]>::split_last_chunk::<CRC_LEN>)
            .ok_or(BlobError::Truncated)?;
        if crc32(body).to_be_bytes() != *check {
            return Err(BlobError::Checksum);
        }
        let seed = |index: usize| {
            let start = PREFIX.len() + 1 + index * KEY_LEN;
            body.get(start..)
                .and_then(<[u8]>::first_chunk::<KEY_LEN>)
                .ok_or(BlobError::Truncated)
        };
        let (auth_seed, up_seed, down_seed) = (seed(0)?, seed(1)?, seed(2)?);
        let client_id = body
            .get(FIXED_LEN + 1..)
            .and_then(|id| core::str::from_utf8(id).ok());
        let client_id = client_id.ok_or(BlobError::Content)?;
        let generation =
            Generation::new(body.get(5).copied().unwrap_or(0)).map_err(|_| BlobError::Content)?;
        let device = Device::new(client_id, generation).map_err(|_| BlobError::Content)?;
        Ok(Self {
            device,
            auth_seed: AuthSeed::from_bytes(*auth_seed),
            up_seed: UpSeed::from_bytes(*up_seed),
            down_seed: DownSeed::from_bytes(*down_seed),
            len,
        })
    }

    /// Client Identifier and generation.
    #[must_use]
    pub const fn device(&self) -> Device<'a> {
        self.device
    }

    /// The login seed.
    #[must_use]
    pub const fn auth_seed(&self) -> &AuthSeed {
        &self.auth_seed
    }

    /// The uplink seed.
    #[must_use]
    pub const fn up_seed(&self) -> &UpSeed {
        &self.up_seed
    }

    /// The downlink seed.
    #[must_use]
    pub const fn down_seed(&self) -> &DownSeed {
        &self.down_seed
    }

    /// Bytes of the partition that the blob takes.
    #[must_use]
    pub const fn encoded_len(&self) -> usize {
        self.len
    }
}
