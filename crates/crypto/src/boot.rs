//! One boot of a device, from which its stampers are taken once each (spec §5.3).

use crate::{LoginStamper, SealStamper, Sender};

/// A boot number that was stored before it is used; made by [`BootRecord`](crate::BootRecord), never cloned.
///
/// It yields one login stamper and one seal stamper per sender, each once, so that no two can count alike.
///
/// A boot cannot be copied:
///
/// ```compile_fail,E0599
/// fn twice(boot: mqward_crypto::Boot) -> (mqward_crypto::Boot, mqward_crypto::Boot) {
///     (boot.clone(), boot)
/// }
/// ```
#[derive(Debug)]
pub struct Boot {
    number: u32,
    login_taken: bool,
    /// One bit per sender.
    seal_taken: [u64; 4],
}

impl Boot {
    pub(crate) const fn new(number: u32) -> Self {
        Self {
            number,
            login_taken: false,
            seal_taken: [0; 4],
        }
    }

    /// The boot number, never 0.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// The login stamper of this boot, for all audiences; `None` the second time.
    #[must_use]
    pub fn login_stamper(&mut self) -> Option<LoginStamper> {
        if self.login_taken {
            return None;
        }
        self.login_taken = true;
        Some(LoginStamper::new(self.number, 0))
    }

    /// The seal stamper of one sender in this boot; `None` the second time.
    ///
    /// `salt` fills the time field of what is sealed without a clock: four random bytes, drawn once per boot. It is a
    /// safety net below the counter; a chip without a random source passes zeros.
    #[must_use]
    pub fn seal_stamper(&mut self, sender: Sender, salt: [u8; 4]) -> Option<SealStamper> {
        let number = sender.get();
        let word = self.seal_taken.get_mut(usize::from(number >> 6))?;
        let bit = 1u64 << (number & 63);
        if *word & bit != 0 {
            return None;
        }
        *word |= bit;
        Some(SealStamper::new(
            sender,
            u32::from_be_bytes(salt),
            self.number,
            0,
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stamper_once() {
        let mut boot = Boot::new(9);
        assert!(boot.login_stamper().is_some());
        assert!(boot.login_stamper().is_none());
        for number in 0..=255 {
            let sender = Sender::from_byte(number);
            assert!(boot.seal_stamper(sender, [0; 4]).is_some(), "{number}");
            assert!(boot.seal_stamper(sender, [1; 4]).is_none(), "{number}");
        }
    }
}
