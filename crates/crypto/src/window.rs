//! The replay window: which messages of one sender were acted on (spec §8.1).

use core::fmt;

use crate::crc32::crc32;
use crate::receipt::MAX_AHEAD_SECS;
use crate::{Class, Direction, Judgement, MAX_COUNT, Receipt, Ticket, TicketError, UnixTime};

/// Version and width lead an export; a checksum ends it.
const EXPORT_VERSION: u8 = 1;

/// The counts of one boot: the highest, and a bit for each of the `64 * WORDS` up to it (bit 0 is the highest).
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
struct BootWindow<const WORDS: usize> {
    /// 0 while unused.
    boot: u32,
    highest: u32,
    seen: [u64; WORDS],
}

/// What the bits say of one count.
enum Place {
    Unseen,
    Seen,
    Below,
}

impl<const WORDS: usize> BootWindow<WORDS> {
    const UNUSED: Self = Self {
        boot: 0,
        highest: 0,
        seen: [0; WORDS],
    };

    /// A boot of which `count` is the first that was seen.
    fn starting(boot: u32, count: u32) -> Self {
        let mut window = Self {
            boot,
            highest: count,
            seen: [0; WORDS],
        };
        window.mark(count);
        window
    }

    /// A boot all of whose counts up to `highest` are over.
    const fn over(boot: u32, highest: u32) -> Self {
        Self {
            boot,
            highest,
            seen: [u64::MAX; WORDS],
        }
    }

    /// Word and bit of a count at or below the highest; `None` below the window.
    fn position(&self, count: u32) -> Option<(usize, u64)> {
        let back = self.highest.checked_sub(count)?;
        let word = usize::try_from(back >> 6).ok()?;
        (word < WORDS).then_some((word, 1 << (back & 63)))
    }

    fn place(&self, count: u32) -> Place {
        if count > self.highest {
            return Place::Unseen;
        }
        match self
            .position(count)
            .and_then(|(word, bit)| Some(self.seen.get(word)? & bit))
        {
            Some(0) => Place::Unseen,
            Some(_) => Place::Seen,
            None => Place::Below,
        }
    }

    fn mark(&mut self, count: u32) {
        if let Some(ahead) = count.checked_sub(self.highest) {
            self.slide(ahead);
            self.highest = count;
        }
        if let Some((word, bit)) = self.position(count) {
            if let Some(seen) = self.seen.get_mut(word) {
                *seen |= bit;
            }
        }
    }

    /// Shifts all bits up by `ahead` counts.
    fn slide(&mut self, ahead: u32) {
        let words = usize::try_from(ahead >> 6).unwrap_or(usize::MAX);
        let bits = ahead & 63;
        for to in (0..WORDS).rev() {
            let part = |back: usize| {
                to.checked_sub(words)
                    .and_then(|from| from.checked_sub(back))
                    .and_then(|from| self.seen.get(from))
                    .copied()
                    .unwrap_or(0)
            };
            let carried = if bits == 0 { 0 } else { part(1) >> (64 - bits) };
            let shifted = (part(0) << bits) | carried;
            if let Some(slot) = self.seen.get_mut(to) {
                *slot = shifted;
            }
        }
    }
}

/// A receiver that lost its window, or restored an old one.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
struct Cold {
    /// Only what was sealed after this is accepted.
    after: u32,
    /// A timed message has been committed since: whatever the counter puts above it is newer than the cold start too.
    anchored: bool,
}

/// The replay window of one sender: which of its messages the receiver has acted on, over its newest two boots.
///
/// One per (device, direction, generation, sender), for class live, and for class stored on uplink; a command of class
/// stored needs a [`StrictMark`](crate::StrictMark). It is `64 * WORDS` counts wide: 64
/// on a device, more on a backend, where messages overtake each other by more. It holds no secret and may be cloned,
/// so that a clone that has the ticket can be stored in one transaction with the effect.
///
/// A message that was judged [`Judgement::Fresh`] stays fresh until its ticket is committed:
///
/// ```
/// # fn effect(_: &[u8]) {}
/// use mqward_crypto::{Judgement, Message, Window};
///
/// fn receive(window: &mut Window, message: &Message<'_>) {
///     match window.judge(message.receipt()) {
///         Judgement::Fresh(ticket) => {
///             effect(message.payload()); // with a database: in the same transaction as window.export()
///             let _ = window.commit(ticket);
///         }
///         Judgement::Duplicate | Judgement::TooOld => {} // acknowledge, drop
///         Judgement::Closed => {}                        // refuse
///     }
/// }
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Window<const WORDS: usize = 1> {
    newest: BootWindow<WORDS>,
    older: BootWindow<WORDS>,
    cold: Option<Cold>,
}

impl<const WORDS: usize> Default for Window<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Window<WORDS> {
    /// Bytes of an export.
    pub const EXPORT_LEN: usize = 2 + 5 + 2 * (8 + 8 * WORDS) + 4;

    /// A window that has seen nothing and accepts everything.
    ///
    /// Right for a sender that is new, and for downlink live at every boot of the device (its key is new then). A
    /// receiver that lost its window starts [`cold`](Self::cold).
    #[must_use]
    pub const fn new() -> Self {
        const { assert!(WORDS > 0 && WORDS <= 255, "a window has 1 to 255 words") };
        Self {
            newest: BootWindow::UNUSED,
            older: BootWindow::UNUSED,
            cold: None,
        }
    }

    /// The window of a receiver that starts at `start` without a stored one.
    ///
    /// Messages sealed after `start + skew_secs` are accepted; it reopens by itself within about that time. Older ones,
    /// and senders without a clock, stay [`Judgement::Closed`] until [`reopen`](Self::reopen) (spec §8.5).
    ///
    /// The rule rests on clocks: pass every message by [`Receipt::check_age`](crate::Receipt::check_age) first, so that a
    /// sender whose clock runs ahead is refused. A skew below 60 seconds, what that check allows, counts as 60.
    #[must_use]
    pub fn cold(start: UnixTime, skew_secs: u16) -> Self {
        let mut window = Self::new();
        window.set_cold(start, skew_secs);
        window
    }

    /// The window of a receiver that lost its own and has no clock: closed until [`reopen`](Self::reopen).
    #[must_use]
    pub const fn closed() -> Self {
        let cold = Cold {
            after: u32::MAX,
            anchored: false,
        };
        Self {
            newest: BootWindow::UNUSED,
            older: BootWindow::UNUSED,
            cold: Some(cold),
        }
    }

    /// Puts an existing window under the cold-start rule, as after restoring it from a backup.
    pub fn set_cold(&mut self, start: UnixTime, skew_secs: u16) {
        let after = start
            .get()
            .saturating_add(u32::from(skew_secs.max(MAX_AHEAD_SECS)));
        self.cold = Some(Cold {
            after,
            anchored: false,
        });
    }

    /// Tells the window the sender's last stamp: everything up to it is over, everything above it fresh.
    ///
    /// What the window knows already is not forgotten: a stamp below its newest counts as that newest. Boot 0 is no
    /// stamp and changes nothing.
    pub fn reopen(&mut self, boot: u32, count: u32) {
        if boot == 0 {
            return;
        }
        let (boot, count) = (boot, count).max((self.newest.boot, self.newest.highest));
        self.newest = BootWindow::over(boot, count.min(MAX_COUNT));
        self.older = BootWindow::over(boot.saturating_sub(1), MAX_COUNT);
        self.cold = None;
    }

    /// Judges an authentic message without remembering it.
    pub fn judge(&self, receipt: &Receipt) -> Judgement {
        // A stored command needs the strict mark: this window may start empty at every boot of a device.
        match (receipt.class(), receipt.direction()) {
            (Class::Live, _) | (Class::Stored, Direction::Up) => {}
            _ => return Judgement::Closed,
        }
        let (boot, count) = (receipt.boot(), receipt.count());
        let above = (boot, count) > (self.newest.boot, self.newest.highest);
        let mut timed = false;
        if let Some(cold) = self.cold {
            timed = receipt.time().is_some_and(|time| time.get() > cold.after);
            if !(timed || cold.anchored && above) {
                return Judgement::Closed;
            }
        }
        let place = if boot == self.newest.boot {
            self.newest.place(count)
        } else if boot == self.older.boot {
            self.older.place(count)
        } else if boot > self.older.boot {
            Place::Unseen
        } else {
            Place::Below
        };
        match place {
            Place::Unseen => Judgement::Fresh(Ticket { boot, count, timed }),
            Place::Seen => Judgement::Duplicate,
            Place::Below => Judgement::TooOld,
        }
    }

    /// Remembers a fresh message.
    ///
    /// # Errors
    /// [`TicketError`] if it is no longer fresh: the same message was committed under another ticket in between.
    pub fn commit(&mut self, ticket: Ticket) -> Result<(), TicketError> {
        let Ticket { boot, count, timed } = ticket;
        let above = (boot, count) > (self.newest.boot, self.newest.highest);
        if boot == self.newest.boot || boot == self.older.boot {
            let window = if boot == self.newest.boot {
                &mut self.newest
            } else {
                &mut self.older
            };
            if !matches!(window.place(count), Place::Unseen) {
                return Err(TicketError);
            }
            window.mark(count);
        } else if boot > self.newest.boot {
            self.older = self.newest;
            self.newest = BootWindow::starting(boot, count);
        } else if boot > self.older.boot {
            self.older = BootWindow::starting(boot, count);
        } else {
            return Err(TicketError);
        }
        if let Some(cold) = &mut self.cold {
            cold.anchored |= timed && above;
        }
        Ok(())
    }

    /// Writes the window into `out` and returns [`EXPORT_LEN`](Self::EXPORT_LEN).
    ///
    /// # Errors
    /// [`ImportError::Length`] if `out` is shorter; it is unchanged then.
    pub fn export(&self, out: &mut [u8]) -> Result<usize, ImportError> {
        let out = out.get_mut(..Self::EXPORT_LEN).ok_or(ImportError::Length)?;
        let (body, check) = out.split_last_chunk_mut::<4>().ok_or(ImportError::Length)?;
        let mut writer = Writer(body);
        writer.put(&[EXPORT_VERSION, u8::try_from(WORDS).unwrap_or(0)]);
        let cold = self.cold.unwrap_or(Cold {
            after: 0,
            anchored: false,
        });
        let flags = u8::from(self.cold.is_some()) | u8::from(cold.anchored) << 1;
        writer.put(&[flags]);
        writer.put(&cold.after.to_be_bytes());
        for boot in [&self.newest, &self.older] {
            writer.put(&boot.boot.to_be_bytes());
            writer.put(&boot.highest.to_be_bytes());
            for word in &boot.seen {
                writer.put(&word.to_be_bytes());
            }
        }
        *check = crc32(body).to_be_bytes();
        Ok(Self::EXPORT_LEN)
    }

    /// Reads what [`export`](Self::export) wrote.
    ///
    /// An export that is older than the receiver's last effect forgets what came after it: follow with
    /// [`set_cold`](Self::set_cold) whenever it comes from a backup.
    ///
    /// # Errors
    /// [`ImportError`]; fall back to [`cold`](Self::cold), never to [`new`](Self::new).
    pub fn import(bytes: &[u8]) -> Result<Self, ImportError> {
        if bytes.len() != Self::EXPORT_LEN {
            return Err(ImportError::Length);
        }
        let (body, check) = bytes.split_last_chunk::<4>().ok_or(ImportError::Length)?;
        if crc32(body).to_be_bytes() != *check {
            return Err(ImportError::Checksum);
        }
        let mut reader = Reader(body);
        let [version, words, flags] = reader.take()?;
        if version != EXPORT_VERSION || usize::from(words) != WORDS || flags > 3 {
            return Err(ImportError::Format);
        }
        let after = u32::from_be_bytes(reader.take()?);
        let mut read = || -> Result<BootWindow<WORDS>, ImportError> {
            let boot = u32::from_be_bytes(reader.take()?);
            let highest = u32::from_be_bytes(reader.take()?);
            let mut seen = [0; WORDS];
            for word in &mut seen {
                *word = u64::from_be_bytes(reader.take()?);
            }
            Ok(BootWindow {
                boot,
                highest,
                seen,
            })
        };
        let (newest, older) = (read()?, read()?);
        let ordered = newest.boot > older.boot || newest.boot == older.boot && newest.boot == 0;
        if !ordered || newest.highest > MAX_COUNT || older.highest > MAX_COUNT {
            return Err(ImportError::Format);
        }
        let cold = (flags & 1 != 0).then_some(Cold {
            after,
            anchored: flags & 2 != 0,
        });
        Ok(Self {
            newest,
            older,
            cold,
        })
    }
}

/// Fills a buffer from the front; its length is exact by construction.
struct Writer<'a>(&'a mut [u8]);

impl Writer<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let whole = core::mem::take(&mut self.0);
        if let Some((slot, rest)) = whole.split_at_mut_checked(bytes.len()) {
            slot.copy_from_slice(bytes);
            self.0 = rest;
        }
    }
}

/// Takes arrays from the front of a slice.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N], ImportError> {
        let (array, rest) = self.0.split_first_chunk().ok_or(ImportError::Length)?;
        self.0 = rest;
        Ok(*array)
    }
}

/// A stored window cannot be written or read.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ImportError {
    /// The buffer does not have the length of this window's export.
    Length,
    /// The checksum is wrong: torn or changed.
    Checksum,
    /// Another version or width, or numbers that no window has.
    Format,
}

impl fmt::Display for ImportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a stored window of another length",
            Self::Checksum => "a stored window with a wrong checksum",
            Self::Format => "a stored window of another version or width",
        })
    }
}

impl core::error::Error for ImportError {}
