//! All that a device does with mqward: start, log in, seal, open. Neither MQTT nor tasks here.

use heapless::String;
use mqward::{
    AgeRule, Audience, Blob, BootRecord, Class, Clock, ClockGate, HEADER_LEN, HardwareId, Judgement, LoginKey,
    LoginStamper, Opened, Opener, Password, SEAL_OVERHEAD, SealStamper, Sealer, Sender, UnixTime, Window,
};
use static_cell::StaticCell;
use zeroize::Zeroizing;

use crate::flash::PROVISIONING;
use crate::machine::{FlashChip, time};
use crate::settings::Settings;

/// When this firmware was built: no clock is believed that shows less.
const BUILD_TIME: u64 = 1_767_000_000;
/// The backend that may command this fleet.
const BACKEND: u8 = 16;
/// The longest Client Identifier of this fleet.
const ID_MAX: usize = 32;
/// The longest payload in the clear, and sealed.
const PAYLOAD_MAX: usize = 128;
pub(crate) const SEALED_MAX: usize = PAYLOAD_MAX + SEAL_OVERHEAD;

/// A Topic Name of this fleet.
pub(crate) type Topic = String<64>;

/// One per board. Its counters cannot be copied.
pub(crate) struct Device {
    identity: mqward::Device<'static>,
    boot: u32,
    clock: Option<ClockGate>,
    login_key: LoginKey,
    logins: LoginStamper,
    sealer: Sealer,
    seals: SealStamper,
    opener: Opener,
    window: Window,
}

/// A step of the start failed; whatever it was is for the service desk.
#[derive(Debug)]
#[allow(dead_code, reason = "printed by Debug")]
pub(crate) struct StartFailed(&'static str);

/// What became of a command.
pub(crate) enum Command<'a> {
    Fresh(&'a [u8]),
    Again,
    Stale,
    Refused,
}

impl Device {
    /// Takes the next boot from the flash and derives the keys.
    pub(crate) fn start(
        flash: &mut FlashChip,
        hardware_id: &[u8; 6],
        settings: &Settings,
    ) -> Result<Self, StartFailed> {
        static ID: StaticCell<String<ID_MAX>> = StaticCell::new();
        // Without a boot record there is no start: a counter that begins anew repeats nonces.
        let mut boot = BootRecord::start(flash).map_err(|_| StartFailed("boot record"))?;
        let mut partition = Zeroizing::new([0; 512]);
        flash
            .read(PROVISIONING, partition.as_mut_slice())
            .map_err(|_| StartFailed("flash"))?;
        let blob = Blob::parse_partition(partition.as_slice()).map_err(|_| StartFailed("provisioning"))?;
        let id = String::try_from(blob.device().client_id()).map_err(|_| StartFailed("client id"))?;
        let identity =
            mqward::Device::new(ID.init(id), blob.device().generation()).map_err(|_| StartFailed("identity"))?;
        let hardware_id = HardwareId::new(hardware_id).map_err(|_| StartFailed("hardware id"))?;
        let audience = Audience::new(&settings.audience).map_err(|_| StartFailed("audience"))?;
        let backend = Sender::backend(BACKEND).map_err(|_| StartFailed("sender"))?;
        let clock = UnixTime::from_secs(BUILD_TIME).ok_or(StartFailed("build time"))?;
        Ok(Self {
            identity,
            boot: boot.number(),
            clock: settings.has_clock.then(|| ClockGate::new(clock)),
            login_key: blob.auth_seed().login_key(hardware_id, audience),
            logins: boot.login_stamper().ok_or(StartFailed("login stamper"))?,
            sealer: Sealer::uplink(blob.up_seed(), identity, hardware_id, Sender::DEVICE)
                .map_err(|_| StartFailed("sealer"))?,
            // The salt stands in for the time where there is no clock; this board has no random source, so it is 0.
            seals: boot
                .seal_stamper(Sender::DEVICE, [0; 4])
                .ok_or(StartFailed("seal stamper"))?,
            opener: Opener::downlink(blob.down_seed(), identity, hardware_id, backend, boot.number())
                .map_err(|_| StartFailed("opener"))?,
            // Commands are sealed for one boot of this device, so the window may begin empty.
            window: Window::new(),
        })
    }

    pub(crate) fn id(&self) -> &'static str {
        self.identity.client_id()
    }

    pub(crate) fn boot(&self) -> u32 {
        self.boot
    }

    /// `tx/<id>/<name>`, or another prefix than `tx`. None if it is too long.
    pub(crate) fn topic(&self, prefix: &str, name: &str) -> Option<Topic> {
        let mut topic = Topic::new();
        for part in [prefix, "/", self.id(), "/", name] {
            topic.push_str(part).ok()?;
        }
        Some(topic)
    }

    fn now(&self) -> Clock {
        self.clock.as_ref().map_or(Clock::None, |gate| gate.judge(time()))
    }

    /// Mints the password of one connection attempt; none when all counts of this boot are used.
    pub(crate) fn password(&mut self) -> Option<Password> {
        let now = self.now();
        self.logins.mint(&self.login_key, self.identity, now).ok()
    }

    /// Seals a payload into `buf`. None if it is too long, or when all counts of this boot are used.
    pub(crate) fn seal<'b>(
        &mut self,
        class: Class,
        topic: &str,
        payload: &[u8],
        buf: &'b mut [u8; SEALED_MAX],
    ) -> Option<&'b [u8]> {
        let now = self.now();
        buf.get_mut(HEADER_LEN..)?
            .get_mut(..payload.len())?
            .copy_from_slice(payload);
        let len = payload.len();
        self.sealer
            .seal_in_place(&mut self.seals, class, topic, now, buf, len)
            .ok()?;
        buf.get(..len + SEAL_OVERHEAD)
    }

    /// Opens a command where it stands. A fresh one is fresh once.
    pub(crate) fn open<'b>(&mut self, topic: &str, sealed: &'b mut [u8]) -> Command<'b> {
        let now = self.now();
        let Ok(Opened::Message(message)) = self.opener.open_in_place(topic, sealed) else {
            return Command::Refused;
        };
        let (payload, receipt) = message.into_parts();
        if receipt.class() != Class::Live {
            return Command::Refused;
        }
        if now != Clock::None && receipt.check_age(&AgeRule::DOWNLINK_LIVE, now).is_err() {
            return Command::Stale;
        }
        match self.window.judge(&receipt) {
            // Committed before it is carried out: after a crash in between it is sent anew, never done twice.
            Judgement::Fresh(ticket) => match self.window.commit(ticket) {
                Ok(()) => Command::Fresh(payload),
                Err(_) => Command::Again,
            },
            Judgement::Duplicate => Command::Again,
            _ => Command::Stale,
        }
    }
}
