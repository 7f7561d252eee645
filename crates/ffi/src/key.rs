//! Keys: a type per purpose, so that C's compiler too tells a downlink seed from an uplink seed.

use core::ffi::c_char;
use core::mem::{align_of, size_of};
use core::ptr;

use mqward_core::{
    Audience, AuthRoot, AuthSeed, DownRoot, DownSeed, LoginKey, Root, Sender, UpRoot, UpSeed,
};

use crate::boundary::{Out, Outcome, Refusal, guard, input, text};
use crate::device::{identity, mqward_device};

/// Bytes of every root, seed and key.
pub const MQWARD_KEY_LEN: usize = 32;
/// The longest audience, in bytes.
pub const MQWARD_AUDIENCE_MAX_LEN: usize = 64;

const _: () = assert!(MQWARD_KEY_LEN == mqward_core::KEY_LEN);
const _: () = assert!(MQWARD_AUDIENCE_MAX_LEN == mqward_core::MAX_AUDIENCE_LEN);

/// The root of a fleet's keys: kept offline, never on a broker, never on a production line.
#[repr(C)]
pub struct mqward_root {
    /// 32 random bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// Derives every device's login seed: what a broker holds.
#[repr(C)]
pub struct mqward_auth_root {
    /// The root's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// Derives every device's uplink seed: what a reader of telemetry holds.
#[repr(C)]
pub struct mqward_up_root {
    /// The root's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// Derives every device's downlink seed: what a commander holds as well.
#[repr(C)]
pub struct mqward_down_root {
    /// The root's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// One device's login seed.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_auth_seed {
    /// The seed's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// One device's seed for what it seals.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_up_seed {
    /// The seed's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// One device's seed for what is sealed to it.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_down_seed {
    /// The seed's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// The key of one device's CONNECT passwords at one audience.
#[repr(C)]
#[derive(Copy, Clone)]
pub struct mqward_login_key {
    /// The key's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// The AEAD key of one sender in one direction, for readers that use a COSE library instead of `mqward_open_in_place`.
#[repr(C)]
pub struct mqward_sender_key {
    /// The key's bytes.
    pub bytes: [u8; MQWARD_KEY_LEN],
}

/// A C struct of a key's bytes, and of nothing else.
///
/// # Safety
/// It is laid out as an array of [`MQWARD_KEY_LEN`] bytes, of which every value is one.
pub(crate) unsafe trait Bytes {}

// SAFETY: repr(C) with one array of bytes.
unsafe impl Bytes for mqward_auth_root {}
// SAFETY: as above.
unsafe impl Bytes for mqward_up_root {}
// SAFETY: as above.
unsafe impl Bytes for mqward_down_root {}
// SAFETY: as above.
unsafe impl Bytes for mqward_auth_seed {}
// SAFETY: as above.
unsafe impl Bytes for mqward_up_seed {}
// SAFETY: as above.
unsafe impl Bytes for mqward_down_seed {}
// SAFETY: as above.
unsafe impl Bytes for mqward_login_key {}
// SAFETY: as above.
unsafe impl Bytes for mqward_sender_key {}

impl<B: Bytes> Out<B> {
    /// Writes a key from where it lies: a copy on the way would have to be wiped.
    pub(crate) fn put_bytes(self, bytes: &[u8; MQWARD_KEY_LEN]) -> Outcome {
        // SAFETY: `Bytes` says that the struct is such an array.
        unsafe { self.cast::<[u8; MQWARD_KEY_LEN]>() }.copy(bytes)
    }
}

/// A C struct that is used as the key whose bytes it has.
///
/// # Safety
/// The key is laid out as an array of [`MQWARD_KEY_LEN`] bytes, of which every value is one.
pub(crate) unsafe trait KeyBytes: Bytes {
    /// The key that has these bytes.
    type Key;
}

// SAFETY: repr(transparent) around one array of bytes.
unsafe impl KeyBytes for mqward_auth_seed {
    type Key = AuthSeed;
}
// SAFETY: as above.
unsafe impl KeyBytes for mqward_up_seed {
    type Key = UpSeed;
}
// SAFETY: as above.
unsafe impl KeyBytes for mqward_down_seed {
    type Key = DownSeed;
}
// SAFETY: as above.
unsafe impl KeyBytes for mqward_login_key {
    type Key = LoginKey;
}

/// The key in a C struct, used where it lies: a copy would have to be wiped.
///
/// # Safety
/// As [`input`].
pub(crate) unsafe fn key<'a, B: KeyBytes>(pointer: *const B) -> Result<&'a B::Key, Refusal> {
    const { assert!(size_of::<B>() == size_of::<B::Key>() && align_of::<B::Key>() == 1) };
    // SAFETY: the caller's word.
    let bytes = ptr::from_ref(unsafe { input(pointer) }?);
    // SAFETY: `KeyBytes` says that the key has the layout of the struct, which is a reference.
    Ok(unsafe { &*bytes.cast::<B::Key>() })
}

/// A login key as C sees it, to be written where it lies.
pub(crate) fn bytes_of(key: &mut LoginKey) -> *mut mqward_login_key {
    const {
        assert!(
            size_of::<mqward_login_key>() == size_of::<LoginKey>()
                && align_of::<mqward_login_key>() == 1
        );
    }
    ptr::from_mut(key).cast()
}

/// Any sender that a header may name.
pub(crate) fn sender(number: u8) -> Result<Sender, Refusal> {
    Ok(Sender::device(number).or_else(|_| Sender::backend(number))?)
}

/// Derives the root of the login seeds.
///
/// \param[in] root the fleet's root.
/// \param[out] out the root of the login seeds.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NULL a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_root_auth(
    root: *const mqward_root,
    out: *mut mqward_auth_root,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let root = Root::from_bytes(unsafe { input(root) }?.bytes);
        out.put_bytes(root.auth().expose())
    })
}

/// Derives the root of the uplink seeds.
///
/// \param[in] root the fleet's root.
/// \param[out] out the root of the uplink seeds.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NULL a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_root_up(root: *const mqward_root, out: *mut mqward_up_root) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let root = Root::from_bytes(unsafe { input(root) }?.bytes);
        out.put_bytes(root.up().expose())
    })
}

/// Derives the root of the downlink seeds.
///
/// \param[in] root the fleet's root.
/// \param[out] out the root of the downlink seeds.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_NULL a pointer is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_root_down(
    root: *const mqward_root,
    out: *mut mqward_down_root,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let root = Root::from_bytes(unsafe { input(root) }?.bytes);
        out.put_bytes(root.down().expose())
    })
}

/// Derives a device's login seed. The hardware id plays no part in it.
///
/// \param[in] root the root of the login seeds.
/// \param[in] device client id and generation.
/// \param[out] out the seed.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_CLIENT_ID_LENGTH the client id is empty or longer than 255 bytes.
/// \retval MQWARD_ERR_GENERATION the generation is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_auth_root_seed(
    root: *const mqward_auth_root,
    device: *const mqward_device,
    out: *mut mqward_auth_seed,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let root = AuthRoot::from_bytes(unsafe { input(root) }?.bytes);
        // SAFETY: the header's rules.
        let (device, _) = unsafe { identity(device) }?;
        out.put_bytes(root.seed(device).expose())
    })
}

/// Derives a device's uplink seed. The hardware id plays no part in it.
///
/// \param[in] root the root of the uplink seeds.
/// \param[in] device client id and generation.
/// \param[out] out the seed.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_CLIENT_ID_LENGTH the client id is empty or longer than 255 bytes.
/// \retval MQWARD_ERR_GENERATION the generation is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_up_root_seed(
    root: *const mqward_up_root,
    device: *const mqward_device,
    out: *mut mqward_up_seed,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let root = UpRoot::from_bytes(unsafe { input(root) }?.bytes);
        // SAFETY: the header's rules.
        let (device, _) = unsafe { identity(device) }?;
        out.put_bytes(root.seed(device).expose())
    })
}

/// Derives a device's downlink seed. The hardware id plays no part in it.
///
/// \param[in] root the root of the downlink seeds.
/// \param[in] device client id and generation.
/// \param[out] out the seed.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_CLIENT_ID_LENGTH the client id is empty or longer than 255 bytes.
/// \retval MQWARD_ERR_GENERATION the generation is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_down_root_seed(
    root: *const mqward_down_root,
    device: *const mqward_device,
    out: *mut mqward_down_seed,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let root = DownRoot::from_bytes(unsafe { input(root) }?.bytes);
        // SAFETY: the header's rules.
        let (device, _) = unsafe { identity(device) }?;
        out.put_bytes(root.seed(device).expose())
    })
}

/// Derives the key of a device's passwords at one audience: on the device at every boot, and by the verifier.
///
/// \param[in] seed the device's login seed.
/// \param[in] device its hardware id; the client id is in the seed already.
/// \param[in] audience the configured name of the broker or cluster, never taken from the network.
/// \param[in] audience_len its length, 1 to 64 bytes.
/// \param[out] out the key.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_AUDIENCE the audience is empty, too long, or has a character that it may not have.
/// \retval MQWARD_ERR_HARDWARE_ID_LENGTH the hardware id is longer than 32 bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_auth_seed_login_key(
    seed: *const mqward_auth_seed,
    device: *const mqward_device,
    audience: *const c_char,
    audience_len: usize,
    out: *mut mqward_login_key,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (_, hardware) = unsafe { identity(device) }?;
        // SAFETY: the header's rules.
        let audience = Audience::new(unsafe { text(audience, audience_len) }?)?;
        out.put_bytes(seed.login_key(hardware, audience).expose())
    })
}

/// Derives the key of an uplink sender.
///
/// \param[in] seed the device's uplink seed.
/// \param[in] device its hardware id.
/// \param[in] sender 0 to 15.
/// \param[out] out the key.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_SENDER the sender is none of a device.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_up_seed_sender_key(
    seed: *const mqward_up_seed,
    device: *const mqward_device,
    sender: u8,
    out: *mut mqward_sender_key,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (_, hardware) = unsafe { identity(device) }?;
        out.put_bytes(seed.sender_key(Sender::device(sender)?, hardware).expose())
    })
}

/// Derives the key of a downlink sender.
///
/// \param[in] seed the device's downlink seed.
/// \param[in] device its hardware id.
/// \param[in] sender 16 to 255.
/// \param[in] device_boot the device's current boot for class live, 0 for the other classes.
/// \param[out] out the key.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_SENDER the sender is none of a backend.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_down_seed_sender_key(
    seed: *const mqward_down_seed,
    device: *const mqward_device,
    sender: u8,
    device_boot: u32,
    out: *mut mqward_sender_key,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let seed = unsafe { key(seed) }?;
        // SAFETY: the header's rules.
        let (_, hardware) = unsafe { identity(device) }?;
        let key = seed.sender_key(Sender::backend(sender)?, device_boot, hardware);
        out.put_bytes(key.expose())
    })
}
