//! Associated data in two pieces.

#[cfg(target_pointer_width = "64")]
use crate::{Authenticator, TAG_LEN};

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

/// The tag over `aad || pad16 || ciphertext || pad16 || len(aad) || len(ciphertext)` (RFC 8439 §2.8).
///
/// `None` if the head is too long.
#[cfg(target_pointer_width = "64")]
#[inline(always)]
pub(crate) fn tag<A: Authenticator>(
    mut mac: A,
    aad: &Aad<'_>,
    ciphertext: &[u8],
) -> Option<[u8; TAG_LEN]> {
    // Padding belongs after the whole of it, so the blocks in which head and tail meet are joined here.
    let mut joint = [0; MAX_AAD_HEAD_LEN];
    let (before, after) = joint.split_at_mut_checked(aad.head.len())?;
    before.copy_from_slice(aad.head);
    let from_tail = after.len().min(aad.tail.len());
    let (first, rest) = aad.tail.split_at_checked(from_tail)?;
    after.get_mut(..from_tail)?.copy_from_slice(first);
    mac.update_padded(joint.get(..aad.head.len() + from_tail)?);
    mac.update_padded(rest);
    mac.update_padded(ciphertext);

    let aad_len = u64::try_from(aad.head.len().checked_add(aad.tail.len())?).ok()?;
    let mut lengths = [0; 16];
    lengths[..8].copy_from_slice(&aad_len.to_le_bytes());
    lengths[8..].copy_from_slice(&u64::try_from(ciphertext.len()).ok()?.to_le_bytes());
    mac.update_padded(&lengths);
    Some(mac.finish())
}
