//! The boot record in the firmware's storage, and the stampers of a boot.

use core::ffi::c_void;

use mqward_core::{BOOT_SLOT_LEN, Boot, BootRecord, BootStorage, LoginStamper, SealStamper, Slot};

use crate::boundary::{Out, Refusal, array_mut, guard, input};
use crate::clock::time;
use crate::key::sender;
use crate::place::{self, Place};
use crate::refusal::StorageFailed;
use crate::status::{MQWARD_ERR_BUFFER_TOO_SMALL, MQWARD_ERR_NULL, MQWARD_ERR_TAKEN};

/// Bytes of one slot of the boot record.
pub const MQWARD_BOOT_SLOT_LEN: usize = 16;
/// Slot A, written by provisioning.
pub const MQWARD_SLOT_A: u32 = 0;
/// Slot B.
pub const MQWARD_SLOT_B: u32 = 1;

const _: () = assert!(MQWARD_BOOT_SLOT_LEN == BOOT_SLOT_LEN);

/// Where the firmware keeps the two slots of the boot record: two flash sectors, two NVS keys, an FRAM, two files.
///
/// Each slot lives in an erase unit of its own, so that a torn write harms one alone. The callbacks return 0 for
/// success; they are called during the call alone.
#[repr(C)]
pub struct mqward_storage {
    /// Handed to the callbacks; may be NULL.
    pub context: *mut c_void,
    /// Reads slot MQWARD_SLOT_A or MQWARD_SLOT_B into MQWARD_BOOT_SLOT_LEN bytes. An erased slot is no error.
    pub read: Option<unsafe extern "C" fn(context: *mut c_void, slot: u32, buf: *mut u8) -> i32>,
    /// Writes MQWARD_BOOT_SLOT_LEN bytes to a slot and returns once they would survive a power loss.
    pub write: Option<unsafe extern "C" fn(context: *mut c_void, slot: u32, buf: *const u8) -> i32>,
}

/// The callbacks, both present.
struct Callbacks {
    context: *mut c_void,
    read: unsafe extern "C" fn(*mut c_void, u32, *mut u8) -> i32,
    write: unsafe extern "C" fn(*mut c_void, u32, *const u8) -> i32,
}

impl Callbacks {
    /// # Safety
    /// As [`input`], and the callbacks do what the struct says.
    unsafe fn new(storage: *const mqward_storage) -> Result<Self, Refusal> {
        // SAFETY: the caller's word.
        let storage = unsafe { input(storage) }?;
        match (storage.read, storage.write) {
            (Some(read), Some(write)) => Ok(Self {
                context: storage.context,
                read,
                write,
            }),
            _ => Err(Refusal(MQWARD_ERR_NULL)),
        }
    }
}

const fn number(slot: Slot) -> u32 {
    match slot {
        Slot::A => MQWARD_SLOT_A,
        Slot::B => MQWARD_SLOT_B,
    }
}

const fn done(status: i32) -> Result<(), StorageFailed> {
    if status == 0 {
        Ok(())
    } else {
        Err(StorageFailed)
    }
}

impl BootStorage for Callbacks {
    type Error = StorageFailed;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), StorageFailed> {
        // SAFETY: a buffer of a slot's length; the rest is what the struct asks of its callbacks.
        done(unsafe { (self.read)(self.context, number(slot), buf.as_mut_ptr()) })
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), StorageFailed> {
        // SAFETY: a buffer of a slot's length; the rest is what the struct asks of its callbacks.
        done(unsafe { (self.write)(self.context, number(slot), buf.as_ptr()) })
    }
}

/// One boot, from which each stamper is taken once. Private; it works only where it was set up, a copy is refused.
#[repr(C)]
pub struct mqward_boot {
    private_: [u64; 6],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_boot {
    type Value = Boot;
    const MARK: u32 = u32::from_be_bytes(*b"boot");
    const PINNED: bool = true;
}

/// Counts the CONNECT passwords of a boot. Private; it works only where it was set up, a copy is refused.
///
/// \warning C cannot forbid to save its bytes and put them back. Whoever does repeats passwords.
#[repr(C)]
pub struct mqward_login_stamper {
    private_: [u32; 3],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_login_stamper {
    type Value = LoginStamper;
    const MARK: u32 = u32::from_be_bytes(*b"logs");
    const PINNED: bool = true;
}

/// Counts the sealed payloads of one sender in a boot, and with them its nonces. Private; it works only where it was
/// set up, a copy is refused.
///
/// \warning C cannot forbid to save its bytes and put them back. Whoever does repeats nonces, which reveals plaintexts.
#[repr(C)]
pub struct mqward_seal_stamper {
    private_: [u32; 5],
}

// SAFETY: repr(C), integers alone.
unsafe impl Place for mqward_seal_stamper {
    type Value = SealStamper;
    const MARK: u32 = u32::from_be_bytes(*b"seas");
    const PINNED: bool = true;
}

/// Starts a boot: increments the counter, stores it, reads it back. Once per start of the device, before the first
/// stamp, and again when a stamper is used up. Costs one write, two after a slot was lost.
///
/// \param[in] storage the firmware's storage.
/// \param[out] out the boot.
/// \retval MQWARD_OK the new boot is stored.
/// \retval MQWARD_ERR_STORAGE a callback failed.
/// \retval MQWARD_ERR_NO_BOOT_RECORD neither slot is valid. Do not provision from here: a counter that starts over
/// repeats nonces.
/// \retval MQWARD_ERR_NOT_STORED the slot did not read back as written.
/// \retval MQWARD_ERR_BOOTS_EXHAUSTED the counter is used up.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_boot_start(
    storage: *const mqward_storage,
    out: *mut mqward_boot,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let mut callbacks = unsafe { Callbacks::new(storage) }?;
        // SAFETY: the header's rules.
        unsafe { place::put(out, BootRecord::start(&mut callbacks)?) }
    })
}

/// As mqward_boot_start for a backend: the new boot is the larger of the stored one plus 1 and now.
///
/// \param[in] storage storage that all processes share; the caller makes this call atomic among them.
/// \param[in] now Unix time in seconds, not 0.
/// \param[out] out the boot.
/// \retval MQWARD_OK the new boot is stored.
/// \retval MQWARD_ERR_TIME now is 0.
/// \retval MQWARD_ERR_STORAGE and the others of mqward_boot_start.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_boot_start_at_least(
    storage: *const mqward_storage,
    now: u32,
    out: *mut mqward_boot,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let mut callbacks = unsafe { Callbacks::new(storage) }?;
        let boot = BootRecord::start_at_least(&mut callbacks, time(now)?)?;
        // SAFETY: the header's rules.
        unsafe { place::put(out, boot) }
    })
}

/// The number of a boot, never 0.
///
/// \param[in] boot the boot.
/// \param[out] out its number.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_STATE the boot was not started, or is a copy.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_boot_number(boot: *const mqward_boot, out: *mut u32) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        out.put(unsafe { place::get(boot) }?.number())
    })
}

/// Takes the login stamper of a boot, for all audiences.
///
/// \param[in,out] boot the boot.
/// \param[out] out the stamper.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_TAKEN it was taken before.
/// \retval MQWARD_ERR_STATE the boot was not started, or is a copy.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_boot_login_stamper(
    boot: *mut mqward_boot,
    out: *mut mqward_login_stamper,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let boot = unsafe { place::get_mut(boot) }?;
        let stamper = boot.login_stamper().ok_or(Refusal(MQWARD_ERR_TAKEN))?;
        // SAFETY: the header's rules.
        unsafe { place::put(out, stamper) }
    })
}

/// Takes the seal stamper of one sender in a boot.
///
/// \param[in,out] boot the boot.
/// \param[in] number the sender: 0 is the device, 1 to 15 further sealers on it, 16 to 255 backends.
/// \param[in] salt four random bytes that stand in the place of the time where there is no clock; 0 without a random
/// source.
/// \param[out] out the stamper.
/// \retval MQWARD_OK it is set up.
/// \retval MQWARD_ERR_TAKEN it was taken before.
/// \retval MQWARD_ERR_STATE the boot was not started, or is a copy.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn mqward_boot_seal_stamper(
    boot: *mut mqward_boot,
    number: u8,
    salt: u32,
    out: *mut mqward_seal_stamper,
) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        unsafe { Out::new(out) }?;
        // SAFETY: the header's rules.
        let boot = unsafe { place::get_mut(boot) }?;
        let stamper = boot.seal_stamper(sender(number)?, salt.to_be_bytes());
        // SAFETY: the header's rules.
        unsafe { place::put(out, stamper.ok_or(Refusal(MQWARD_ERR_TAKEN))?) }
    })
}

/// Creates the boot record of a device that gets new seeds at the same moment. Never the answer to
/// MQWARD_ERR_NO_BOOT_RECORD: beside seeds that were used before, a new record repeats nonces.
///
/// \param[in] storage the firmware's storage.
/// \param[in] now Unix time in seconds, not 0.
/// \retval MQWARD_OK it is stored.
/// \retval MQWARD_ERR_ALREADY_PROVISIONED a record is there; erase seeds and record together first.
/// \retval MQWARD_ERR_STORAGE a callback failed.
/// \retval MQWARD_ERR_NOT_STORED the slot did not read back as written.
/// \retval MQWARD_ERR_TIME now is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_boot_provision(storage: *const mqward_storage, now: u32) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let mut callbacks = unsafe { Callbacks::new(storage) }?;
        Ok(BootRecord::provision(&mut callbacks, time(now)?)?)
    })
}

/// What provisioning writes to slot A, for tools that make flash images; slot B stays erased.
///
/// \param[in] now Unix time in seconds, not 0.
/// \param[out] out the slot.
/// \param[in] out_size room in bytes: at least MQWARD_BOOT_SLOT_LEN, which is what is written.
/// \retval MQWARD_OK it is written.
/// \retval MQWARD_ERR_BUFFER_TOO_SMALL out is unchanged.
/// \retval MQWARD_ERR_TIME now is 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn mqward_boot_first_slot(now: u32, out: *mut u8, out_size: usize) -> i32 {
    guard(|| {
        // SAFETY: the header's rules.
        let out = unsafe { array_mut(out, out_size) }?;
        let slot = out
            .first_chunk_mut()
            .ok_or(Refusal(MQWARD_ERR_BUFFER_TOO_SMALL))?;
        *slot = BootRecord::first_slot(time(now)?);
        Ok(())
    })
}
