//! The resume record: a boot that sleeps deeply and wakes as itself (spec §5.4).

use zeroize::Zeroize;

use crate::crc32::crc32;
use crate::{LoginStamper, MAX_COUNT, SealStamper, Sender};

/// Bytes of retained RAM that a resume record takes: eight 32-bit words.
pub const RESUME_RECORD_LEN: usize = 32;

const MAGIC: u32 = u32::from_be_bytes(*b"mqwS");

/// The stampers of a device in RAM that survives deep sleep but not a power loss.
///
/// Deep sleep is no boot: it costs no flash write. [`wake`](Self::wake) erases the record before it returns, so that a
/// crash after waking cannot wake the same counts again. **Never copy a record**: each copy would wake the same counts.
///
/// Windows are kept beside it with their own `export`, which carries a checksum. One that is lost over the sleep starts
/// [cold](crate::Window::cold), never new: the boot goes on, and with it the key of live commands.
///
/// ```
/// # use mqward_crypto::*;
/// # fn sleep(login: LoginStamper, seal: SealStamper, retained: &mut [u8; RESUME_RECORD_LEN]) {
/// ResumeRecord::sleep(login, seal, retained); // the stampers are gone now
/// // … deep sleep …
/// match ResumeRecord::wake(retained) {
///     Some((login, seal)) => { /* the same boot goes on */ }
///     None => { /* power was lost: BootRecord::start */ }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct ResumeRecord;

impl ResumeRecord {
    /// Consumes the stampers into retained RAM, right before deep sleep.
    pub fn sleep(login: LoginStamper, seal: SealStamper, out: &mut [u8; RESUME_RECORD_LEN]) {
        let words = [
            MAGIC,
            u32::from(seal.sender().get()),
            login.boot(),
            login.next(),
            seal.boot(),
            seal.next(),
            seal.salt(),
        ];
        for (slot, word) in out.chunks_exact_mut(4).zip(words) {
            slot.copy_from_slice(&word.to_be_bytes());
        }
        let check = crc32(&out[..28]);
        out[28..].copy_from_slice(&check.to_be_bytes());
    }

    /// Takes the stampers back after waking and erases the record first; `None` if it is not a whole one.
    #[must_use]
    pub fn wake(retained: &mut [u8; RESUME_RECORD_LEN]) -> Option<(LoginStamper, SealStamper)> {
        let check = crc32(&retained[..28]);
        let mut words = [0; 8];
        for (word, bytes) in words.iter_mut().zip(retained.chunks_exact(4)) {
            *word = u32::from_be_bytes(bytes.try_into().ok()?);
        }
        retained.zeroize();
        let [
            magic,
            sender,
            login_boot,
            login_next,
            seal_boot,
            seal_next,
            salt,
            stored,
        ] = words;
        let whole = magic == MAGIC
            && stored == check
            && login_boot != 0
            && seal_boot != 0
            && login_next <= MAX_COUNT + 1
            && seal_next <= MAX_COUNT + 1;
        let sender = Sender::from_byte(u8::try_from(sender).ok()?);
        whole.then(|| {
            let login = LoginStamper::new(login_boot, login_next);
            (login, SealStamper::new(sender, salt, seal_boot, seal_next))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    fn asleep() -> [u8; RESUME_RECORD_LEN] {
        let mut login = LoginStamper::new(7, 0);
        login.stamp(Clock::None).unwrap();
        let seal = SealStamper::new(Sender::DEVICE, 0xdead_beef, 7, MAX_COUNT + 1);
        let mut retained = [0xa5; RESUME_RECORD_LEN];
        ResumeRecord::sleep(login, seal, &mut retained);
        retained
    }

    #[test]
    fn wakes_once_where_it_slept() {
        let mut retained = asleep();
        let (mut login, mut seal) = ResumeRecord::wake(&mut retained).unwrap();
        assert_eq!(login.stamp(Clock::None).unwrap().count(), 1);
        assert!(
            seal.stamp(Clock::None).is_err(),
            "a used-up counter must not wake fresh"
        );
        assert!(ResumeRecord::wake(&mut retained).is_none(), "woke twice");
    }

    #[test]
    fn lost_or_torn_ram_is_a_boot() {
        assert!(ResumeRecord::wake(&mut [0; RESUME_RECORD_LEN]).is_none());
        assert!(ResumeRecord::wake(&mut [0xff; RESUME_RECORD_LEN]).is_none());
        for bit in 0..RESUME_RECORD_LEN * 8 {
            let mut retained = asleep();
            retained[bit / 8] ^= 1 << (bit % 8);
            assert!(ResumeRecord::wake(&mut retained).is_none(), "bit {bit}");
            assert_eq!(retained, [0; RESUME_RECORD_LEN], "not erased");
        }
    }

    /// What this library never wrote does not wake, also if its checksum fits.
    #[test]
    fn a_whole_record_of_the_impossible_is_a_boot() {
        let wakes = |word: usize, value: u32| {
            let mut retained = asleep();
            retained[4 * word..][..4].copy_from_slice(&value.to_be_bytes());
            let check = crc32(&retained[..28]);
            retained[28..].copy_from_slice(&check.to_be_bytes());
            ResumeRecord::wake(&mut retained).is_some()
        };
        // Magic, sender, boot and count of the login stamper, boot and count of the other one.
        let (last, beyond) = (MAX_COUNT + 1, MAX_COUNT + 2);
        for (word, possible, impossible) in [
            (0, MAGIC, MAGIC ^ 1),
            (1, 255, 256),
            (2, 1, 0),
            (3, last, beyond),
            (4, 1, 0),
            (5, last, beyond),
        ] {
            assert!(wakes(word, possible), "word {word}: {possible}");
            assert!(!wakes(word, impossible), "word {word}: {impossible}");
        }
    }
}
