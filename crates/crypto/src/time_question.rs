//! Sealed time: a device without TLS asks its backend what time it is (spec §9).

use core::fmt;

use crate::{
    Class, Clock, Direction, Message, SEAL_OVERHEAD, SealError, SealStamper, Sealer, UnixTime,
};

/// How long an answer may take, in milliseconds: by so much the time in it may be late.
pub const TIME_ANSWER_MAX_MS: u64 = 5_000;

/// Bytes of an answer's payload: boot and count of the question, then Unix time.
pub const TIME_ANSWER_LEN: usize = ECHO_LEN + 4;

/// Boot and count, as in a header.
const ECHO_LEN: usize = 7;

/// The one question that a device has open, if it has one.
///
/// The question is an empty payload; its answer holds the question's boot and count, which nobody else can have answered
/// before, and the time. It is taken once, and only soon: whoever holds it back makes the time late by
/// [`TIME_ANSWER_MAX_MS`] at most. Both are sealed, so neither broker nor network can change or make one up.
///
/// Milliseconds are those of a clock that never goes back within a boot, deep sleep included: an uptime, not the time of
/// day.
///
/// ```
/// use mqward_crypto::*;
/// # struct Ram([[u8; BOOT_SLOT_LEN]; 2]);
/// # impl BootStorage for Ram {
/// #     type Error = core::convert::Infallible;
/// #     fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> { *buf = self.0[slot as usize]; Ok(()) }
/// #     fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> { self.0[slot as usize] = *buf; Ok(()) }
/// # }
/// # let built = UnixTime::from_secs(1_767_000_000).ok_or("range")?;
/// # let now = UnixTime::from_secs(1_767_225_600).ok_or("range")?;
/// # let mut flash = Ram([BootRecord::first_slot(built), [0xff; BOOT_SLOT_LEN]]);
/// # let mut backend_flash = Ram([BootRecord::first_slot(built), [0xff; BOOT_SLOT_LEN]]);
/// # let device = Device::new("device-0123456789ab", Generation::FIRST)?;
/// # let hw = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3])?;
/// # let (up, down) = (UpSeed::from_bytes([7; 32]), DownSeed::from_bytes([8; 32]));
/// # let mut boot = BootRecord::start(&mut flash)?;
/// # let own_boot = boot.number();
/// # let mut stamper = boot.seal_stamper(Sender::DEVICE, [0; 4]).ok_or("taken")?;
/// # let sealer = Sealer::uplink(&up, device, hw, Sender::DEVICE)?;
/// # let backend = Sender::backend(16)?;
/// # let opener = Opener::downlink(&down, device, hw, backend, own_boot)?;
/// # let mut backend_stamper = BootRecord::start(&mut backend_flash)?.seal_stamper(backend, [0; 4]).ok_or("taken")?;
/// // The device asks, and publishes `question` on this topic.
/// let mut open = TimeQuestion::new();
/// let mut question = [0; SEAL_OVERHEAD];
/// open.ask(&sealer, &mut stamper, "tx/device-0123456789ab/time", 12_000, &mut question)?;
///
/// // The backend opens it like any uplink, and answers in the boot that it names.
/// let uplink = Opener::uplink(&up, device, hw, Sender::DEVICE)?;
/// let Opened::Message(asked) = uplink.open_in_place("tx/device-0123456789ab/time", &mut question)? else { panic!() };
/// let payload = time_answer(&asked, now).ok_or("no question")?;
/// let downlink = Sealer::downlink(&down, device, hw, backend, asked.receipt().boot())?;
/// let mut answer = [0; sealed_len(TIME_ANSWER_LEN)];
/// downlink.seal(&mut backend_stamper, Class::Live, "rx/device-0123456789ab/time", Clock::Trusted(now), &payload, &mut answer)?;
///
/// // The device takes the time. Its age is not judged: that would take the clock that is to be set.
/// let Opened::Message(message) = opener.open_in_place("rx/device-0123456789ab/time", &mut answer)? else { panic!() };
/// let time = open.take(&message, 12_300)?;
/// assert_eq!(time, now);
/// let mut gate = ClockGate::new(built);
/// gate.raise(time); // authenticated; store `gate.floor()`, and set the clock
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct TimeQuestion(Option<Open>);

#[derive(Debug)]
struct Open {
    echo: [u8; ECHO_LEN],
    asked_ms: u64,
}

impl TimeQuestion {
    /// No question is open.
    #[must_use]
    pub const fn new() -> Self {
        Self(None)
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.0.is_some()
    }

    /// Seals a question into `out`, the payload of a PUBLISH on `topic`. One that was open before is closed.
    ///
    /// It is sealed without a time, whatever the device's clock shows: a question with a wrong one would be refused.
    ///
    /// # Errors
    /// [`SealError`]; no question is open then.
    pub fn ask(
        &mut self,
        sealer: &Sealer,
        stamper: &mut SealStamper,
        topic: &str,
        now_ms: u64,
        out: &mut [u8; SEAL_OVERHEAD],
    ) -> Result<(), SealError> {
        self.0 = None;
        let echo = echo(stamper.boot(), stamper.next());
        sealer.seal_in_place(stamper, Class::Live, topic, Clock::None, out, 0)?;
        self.0 = Some(Open {
            echo,
            asked_ms: now_ms,
        });
        Ok(())
    }

    /// Takes the time out of an answer that was opened on the device's topic for answers, and closes the question.
    ///
    /// Give it to [`ClockGate::raise`](crate::ClockGate::raise), which leaves out one below the floor.
    ///
    /// # Errors
    /// [`TimeAnswerError`]. What does not answer the open question leaves it open.
    pub fn take(&mut self, answer: &Message<'_>, now_ms: u64) -> Result<UnixTime, TimeAnswerError> {
        let open = self.0.as_ref().ok_or(TimeAnswerError::NoQuestion)?;
        let (echo, time) = match answer.payload().split_first_chunk() {
            Some((echo, time)) if is_live(answer, Direction::Down) => (echo, time),
            _ => return Err(TimeAnswerError::NoAnswer),
        };
        let time = <[u8; 4]>::try_from(time)
            .ok()
            .and_then(|time| UnixTime::from_field(u32::from_be_bytes(time)))
            .ok_or(TimeAnswerError::NoAnswer)?;
        if *echo != open.echo {
            return Err(TimeAnswerError::OtherQuestion);
        }
        // A clock that went back tells nothing of how long it took.
        let is_soon = now_ms
            .checked_sub(open.asked_ms)
            .is_some_and(|took| took <= TIME_ANSWER_MAX_MS);
        self.0 = None;
        if is_soon {
            Ok(time)
        } else {
            Err(TimeAnswerError::Late)
        }
    }
}

/// The payload of the answer to a question that a backend has opened; `None` if it is no question.
///
/// It goes out as downlink live, sealed for the boot of the question
/// ([`Receipt::boot`](crate::Receipt::boot)), on the device's topic for answers.
#[must_use]
pub fn time_answer(question: &Message<'_>, now: UnixTime) -> Option<[u8; TIME_ANSWER_LEN]> {
    if !is_live(question, Direction::Up) || !question.payload().is_empty() {
        return None;
    }
    let receipt = question.receipt();
    let mut payload = [0; TIME_ANSWER_LEN];
    payload[..ECHO_LEN].copy_from_slice(&echo(receipt.boot(), receipt.count()));
    payload[ECHO_LEN..].copy_from_slice(&now.get().to_be_bytes());
    Some(payload)
}

fn is_live(message: &Message<'_>, direction: Direction) -> bool {
    let receipt = message.receipt();
    (receipt.class(), receipt.direction()) == (Class::Live, direction)
}

fn echo(boot: u32, count: u32) -> [u8; ECHO_LEN] {
    let [a, b, c, d] = boot.to_be_bytes();
    let [_, e, f, g] = count.to_be_bytes();
    [a, b, c, d, e, f, g]
}

/// Why an authentic message gives no time.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TimeAnswerError {
    /// No question is open.
    NoQuestion,
    /// Another class, direction or length than an answer has, or a time of 0.
    NoAnswer,
    /// The answer to an earlier question.
    OtherQuestion,
    /// It took more than [`TIME_ANSWER_MAX_MS`]. The question is closed: ask again.
    Late,
}

impl fmt::Display for TimeAnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoQuestion => "nobody asked for the time",
            Self::NoAnswer => "not an answer to a question for the time",
            Self::OtherQuestion => "the answer to an earlier question for the time",
            Self::Late => "the answer to a question for the time took too long",
        })
    }
}

impl core::error::Error for TimeAnswerError {}
