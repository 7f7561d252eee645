//! Associated data in two pieces.

#[cfg(target_pointer_width = "64")]
use crate::Authenticator;
#[cfg(target_pointer_width = "64")]
use crate::words::padded;

/// The longest [`Aad::head`], in bytes.
pub const MAX_AAD_HEAD_LEN: usize = 32;

/// Associated data in two pieces, authenticated as if they were one.
///
/// The tail may be a long text that nobody wants to copy, such as the Topic Name in an `Enc_structure` (RFC 9052 §5.3).
#[derive(Clone, Copy, Debug)]
pub struct Aad<'a> {
    /// What comes first: at most [`MAX_AAD_HEAD_LEN`] bytes.
    pub head: &'a [u8],
    /// What follows, of any length.
    pub tail: &'a [u8],
}

#[cfg(target_pointer_width = "64")]
impl Aad<'_> {
    /// Begins what the tag is over: `aad || pad16 || ciphertext || pad16 || len(aad) || len(ciphertext)` (RFC 8439 §2.8).
    ///
    /// `None` if the head is too long.
    #[inline(always)]
    pub(crate) fn authenticate<A: Authenticator>(&self, mac: &mut A) -> Option<()> {
        if self.head.len() > MAX_AAD_HEAD_LEN {
            return None;
        }
        let (whole, begun) = self.head.split_at_checked(self.head.len() & !15)?;
        mac.update_padded(whole);
        if begun.is_empty() {
            mac.update_padded(self.tail);
            return Some(());
        }
        // Padding belongs after the whole of it, so the block in which head and tail meet is joined here.
        let missing = self.tail.len().min(16 - begun.len());
        let (first, rest) = self.tail.split_at_checked(missing)?;
        mac.update(padded(begun) | padded(first) << (begun.len() * 8));
        mac.update_padded(rest);
        Some(())
    }

    /// The tag, once the ciphertext is authenticated too.
    #[inline(always)]
    pub(crate) fn finish<A: Authenticator>(
        &self,
        mut mac: A,
        ciphertext_len: usize,
    ) -> Option<u128> {
        let aad_len = self.head.len().checked_add(self.tail.len())?;
        let [aad_len, ciphertext_len] =
            [aad_len, ciphertext_len].map(|len| u64::try_from(len).ok());
        mac.update(u128::from(aad_len?) | u128::from(ciphertext_len?) << 64);
        Some(mac.finish())
    }
}
