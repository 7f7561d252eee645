//! The judgement of one CONNECT: gate, password, key, tag, time, replay store, in this order (spec §6.3).

use mqward::{
    Advance, Authentication, Claim, ClientId, ClockRule, Connect, Device, Gate, LoginRefusal, Mark,
    Reason, UnixTime, Verdict,
};

use crate::device::{DeviceClock, DeviceStage};
use crate::fleet::Standing;
use crate::loaded::Loaded;
use crate::login_history::LoginHistory;
use crate::replay_store::{ReplayStore, StoreUnavailable};

/// A CONNECT as the adapter sees it. Absent and empty are different, and both are refused.
#[derive(Copy, Clone)]
pub struct LoginRequest<'a> {
    /// The Client Identifier.
    pub client_id: &'a [u8],
    /// The User Name, if there is one.
    pub user_name: Option<&'a [u8]>,
    /// The Password, if there is one.
    pub password: Option<&'a [u8]>,
    /// Where the connection comes from, for the log.
    pub address: Option<&'a str>,
    /// The adapter proves that the network connection that used this password asks again, as Mosquitto does on
    /// SIGHUP. The password's time is not judged then; that the device and its generation are still accepted is.
    pub same_connection: bool,
}

impl core::fmt::Debug for LoginRequest<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LoginRequest")
            .field("client_id", &String::from_utf8_lossy(self.client_id))
            .field("address", &self.address)
            .field("same_connection", &self.same_connection)
            .finish_non_exhaustive()
    }
}

/// What the adapter answers to a CONNECT.
#[derive(Copy, Clone, Debug)]
#[must_use]
pub enum Outcome {
    /// The password was right, fresh and new; it is used up now.
    Admit,
    /// The client's role has `auth = "broker"`: the broker's own users or certificates decide.
    Defer,
    /// Refused, with the codes for the wire.
    Refuse(Verdict),
}

/// An outcome with what the log says about it.
pub(crate) struct Judged {
    outcome: Outcome,
    verdict: Verdict,
    skew: Option<i64>,
    detail: Option<&'static str>,
    /// The password's tag was right, whatever else was wrong: the device itself was here.
    pub(crate) is_authentic: bool,
    /// The stage that the device reached with this login.
    pub(crate) reached: Option<DeviceStage>,
}

/// Why a password was refused.
struct Refusal {
    reason: Reason,
    skew: Option<i64>,
    detail: Option<&'static str>,
    is_authentic: bool,
}

impl From<Reason> for Refusal {
    fn from(reason: Reason) -> Self {
        Self {
            reason,
            skew: None,
            detail: None,
            is_authentic: false,
        }
    }
}

/// The stored mark was to be asked for before the tag was checked.
impl From<StoreUnavailable> for Refusal {
    fn from(_: StoreUnavailable) -> Self {
        Self {
            detail: Some("the replay store cannot be asked"),
            ..Reason::Unavailable.into()
        }
    }
}

/// What an admitted password says beside that.
struct Admitted {
    skew: Option<i64>,
    reached: Option<DeviceStage>,
}

impl Judged {
    pub(crate) fn new(
        loaded: &Loaded,
        store: &dyn ReplayStore,
        history: &LoginHistory,
        request: &LoginRequest<'_>,
        now: UnixTime,
    ) -> Self {
        let own = loaded.own_gates(request.client_id);
        let gate = match &own {
            None => loaded.policy.gate(),
            Some(Some(own)) => own.identity(),
            Some(None) => {
                let detail =
                    "the registry gives it a role or rules that this policy does not allow";
                return Self {
                    detail: Some(detail),
                    ..Self::refused(Verdict::refuse_login(None, Reason::NoRole))
                };
            }
        };
        let verdict = gate.connect(&Connect {
            client_id: request.client_id,
            user_name: request.user_name,
            password: request.password,
            will: None,
            packet_len: None,
        });
        let stage = loaded.stage(request.client_id);
        if !verdict.is_allowed() {
            let of_password = matches!(
                verdict.reason(),
                Some(Reason::UserName | Reason::NoPassword | Reason::Password)
            );
            return match stage == DeviceStage::Legacy && of_password {
                true => Self::deferred(loaded, request, verdict),
                false => Self::refused(verdict),
            };
        }
        let role = verdict
            .role()
            .and_then(|index| Some((index, gate.roles().get(index)?)));
        let Some((index, role)) = role else {
            return Self::refused(Verdict::refuse_login(None, Reason::NoRole));
        };
        if role.authentication == Authentication::Broker {
            return Self::deferred(loaded, request, verdict);
        }
        match check_password(loaded, store, history, (index, stage), request, now) {
            Ok(Admitted { skew, reached }) => Self {
                outcome: Outcome::Admit,
                verdict,
                skew,
                detail: request
                    .same_connection
                    .then_some("the same connection asked again"),
                is_authentic: true,
                reached,
            },
            // Nothing says that this was meant as an mqward password.
            Err(refusal) if stage == DeviceStage::Legacy && !refusal.is_authentic => {
                Self::deferred(loaded, request, verdict)
            }
            Err(refusal) => Self {
                skew: refusal.skew,
                detail: refusal.detail,
                is_authentic: refusal.is_authentic,
                ..Self::refused(Verdict::refuse_login(Some(index), refusal.reason))
            },
        }
    }

    const fn refused(verdict: Verdict) -> Self {
        Self {
            outcome: Outcome::Refuse(verdict),
            verdict,
            skew: None,
            detail: None,
            is_authentic: false,
            reached: None,
        }
    }

    /// The broker's own users decide, unless the registry says that the client is revoked.
    fn deferred(loaded: &Loaded, request: &LoginRequest<'_>, verdict: Verdict) -> Self {
        let standing = core::str::from_utf8(request.client_id)
            .map_or(Standing::Unknown, |id| loaded.fleet.standing(id, None));
        if standing == Standing::Revoked {
            return Self::refused(Verdict::refuse_login(verdict.role(), Reason::Revoked));
        }
        Self {
            outcome: Outcome::Defer,
            ..Self::refused(verdict)
        }
    }

    pub(crate) const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// The verdict behind the outcome: of an admitted client, the gate's, which may report something.
    pub(crate) const fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Device's clock minus broker's in seconds, where the password was right and has a time.
    pub(crate) const fn skew(&self) -> Option<i64> {
        self.skew
    }

    pub(crate) fn detail(&self, gate: &Gate<'_>) -> Option<String> {
        match (self.detail, self.outcome, self.verdict.reason()) {
            (Some(detail), _, _) => Some(detail.to_owned()),
            (None, Outcome::Defer, Some(_)) => {
                Some("stage legacy: the broker's own users decide".to_owned())
            }
            (None, _, Some(_)) => Some(self.verdict.explain(gate).to_string()),
            (None, _, None) => None,
        }
    }
}

/// Steps 1 to 5 of spec §6.3. The mark is used up last, when everything else has passed.
fn check_password(
    loaded: &Loaded,
    store: &dyn ReplayStore,
    history: &LoginHistory,
    (role, stage): (usize, DeviceStage),
    request: &LoginRequest<'_>,
    now: UnixTime,
) -> Result<Admitted, Refusal> {
    let policy = &loaded.policy;
    let password = request.password.ok_or(Reason::NoPassword)?;
    let client_id = ClientId::from_bytes(request.client_id)
        .map_err(Reason::ClientId)?
        .as_str();
    let claim = Claim::parse(password).map_err(|_| Reason::Password)?;
    let device = Device::new(client_id, claim.generation()).map_err(|_| Reason::UnknownDevice)?;
    let audience = policy.audience().ok_or(Reason::UnknownDevice)?;

    // A connection that asks again shows a mark that the store has; what is newer than that is a login like any other.
    let stored = if request.same_connection {
        store.newest(client_id)?
    } else {
        None
    };
    let asks_again = stored.filter(|stored| *stored >= claim.mark());
    let found = loaded.fleet.find(policy, role, device);
    let (clock, verified_at) = match (asks_again, found.clock) {
        (Some(_), _) => (ClockRule::Accepted, claim.time().unwrap_or(now)),
        (None, DeviceClock::Required) => (ClockRule::Required, now),
        (None, DeviceClock::None) => (ClockRule::Accepted, now),
        (None, DeviceClock::Optional) if history.may_lack_time(client_id) => {
            (ClockRule::Accepted, now)
        }
        (None, DeviceClock::Optional) => (ClockRule::Required, now),
    };
    let terms = (policy.window_secs(), clock);
    store.announce(client_id);
    let login = loaded
        .fleet
        .verify(&found, &claim, audience, terms, verified_at)
        .map_err(|refusal| refused(refusal, request.same_connection))?;
    let skew = if asks_again.is_some() {
        None
    } else {
        login.skew()
    };
    let refuse = |reason, detail| Refusal {
        reason,
        skew,
        detail,
        is_authentic: true,
    };
    if found.revoked {
        return Err(refuse(Reason::Revoked, None));
    }
    // Before anything is used up: a device whose new stage cannot be kept tries again with its next password.
    let mut reached = None;
    if let (DeviceStage::Legacy, Some(stages)) = (stage, &loaded.stages) {
        stages
            .reach(client_id, DeviceStage::Login)
            .map_err(|_| refuse(Reason::Unavailable, Some("its new stage cannot be stored")))?;
        reached = Some(DeviceStage::Login);
    }
    let advance = match asks_again {
        // Never advances: its time was not judged.
        Some(stored) if stored == login.mark() => {
            return Ok(Admitted { skew, reached });
        }
        Some(_) => Advance::Behind,
        None => store.advance(client_id, login.mark(), login.time()),
    };
    match advance {
        Advance::Advanced => {
            // The store may have taken a while.
            let standing = loaded.fleet.standing(client_id, Some(claim.generation()));
            if standing != Standing::Accepted {
                return Err(refuse(Reason::Revoked, None));
            }
            history.record(client_id, login.time(), found.clock);
            Ok(Admitted { skew, reached })
        }
        Advance::Same => Err(refuse(Reason::Replayed, None)),
        Advance::Behind => {
            let reason = went_back(store, history, client_id, login.mark(), login.time());
            Err(refuse(reason, None))
        }
        Advance::Unavailable => Err(refuse(
            Reason::Unavailable,
            Some(
                "the replay store cannot be written, or may have forgotten a mark of this client id (cold start)",
            ),
        )),
    }
}

fn refused(refusal: LoginRefusal, same_connection: bool) -> Refusal {
    match refusal {
        // It was known when it connected.
        LoginRefusal::UnknownDevice if same_connection => Reason::Revoked.into(),
        LoginRefusal::UnknownDevice => Reason::UnknownDevice.into(),
        LoginRefusal::OutsideWindow { skew } => Refusal {
            skew: Some(skew),
            is_authentic: true,
            ..Reason::OutsideWindow.into()
        },
        LoginRefusal::NoClock => Refusal {
            is_authentic: true,
            ..Reason::NoClock.into()
        },
        _ => Reason::WrongTag.into(),
    }
}

/// Tells a retired generation, an old password and a counter that went back apart, for the operator.
fn went_back(
    store: &dyn ReplayStore,
    history: &LoginHistory,
    client_id: &str,
    mark: Mark,
    time: Option<UnixTime>,
) -> Reason {
    match store.newest(client_id) {
        Ok(Some(stored)) if stored.generation() > mark.generation() => Reason::Revoked,
        _ if history.is_later(client_id, time) => Reason::CounterWentBack,
        _ => Reason::Replayed,
    }
}

#[cfg(test)]
mod tests {
    use core::convert::Infallible;

    use mqward::{
        Audience, AuthRoot, BOOT_SLOT_LEN, BootRecord, BootStorage, Clock, Generation, HardwareId,
        LoginStamper, Slot,
    };

    use super::*;
    use crate::key_source::CHECKED;
    use crate::{ColdStart, MemoryReplayStore};

    const NOW: u64 = 1_767_225_600;
    const KNOWN: &str = "device-0123456789ab";
    const POLICY: &str = r#"
audience = "mqtt.example.com"
[keys]
auth_root = "auth_root.key"
[devices]
hardware_id = "registry"
file = "devices.csv"
[[role]]
name = "device"
client_id = { prefix = "device-", chars = "lower-hex", min = 19, max = 19 }
auth = "mqward"
"#;

    struct Ram([[u8; BOOT_SLOT_LEN]; 2]);

    impl BootStorage for Ram {
        type Error = Infallible;

        fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
            *buf = self.0[usize::from(slot == Slot::B)];
            Ok(())
        }

        fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
            self.0[usize::from(slot == Slot::B)] = *buf;
            Ok(())
        }
    }

    fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(secs).unwrap()
    }

    fn stamper() -> LoginStamper {
        let mut ram = Ram([BootRecord::first_slot(at(1)), [0xff; BOOT_SLOT_LEN]]);
        let mut boot = BootRecord::start(&mut ram).unwrap();
        boot.login_stamper().unwrap()
    }

    fn loaded(folder: &std::path::Path) -> Loaded {
        let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).unwrap();
        write("policy.toml", POLICY);
        write("auth_root.key", &format!("{}\n", "07".repeat(32)));
        write(
            "devices.csv",
            &format!("client_id,generation,hardware_id,clock\n{KNOWN},1,246f28a1b2c3,required\n"),
        );
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;

            let private = std::fs::Permissions::from_mode(0o600);
            std::fs::set_permissions(folder.join("auth_root.key"), private).unwrap();
        }
        Loaded::read(&folder.join("policy.toml"), None).unwrap()
    }

    /// The same work whatever is wrong: who is unknown is not told from a wrong key by a refusal that comes sooner (spec §6.3).
    #[test]
    fn a27_every_password_is_checked_with_one_key_whoever_sends_it() {
        let folder = tempfile::tempdir().unwrap();
        let (loaded, history) = (loaded(folder.path()), LoginHistory::default());
        let store = MemoryReplayStore::new(ColdStart::Open);
        let mut stamper = stamper();
        let mut judge = |client_id: &str, generation, root: u8, clock| {
            let device = Device::new(client_id, Generation::new(generation).unwrap()).unwrap();
            let seed = AuthRoot::from_bytes([root; 32]).seed(device);
            let hw = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3]).unwrap();
            let key = seed.login_key(hw, Audience::new("mqtt.example.com").unwrap());
            let password = stamper.mint(&key, device, clock).unwrap();
            let request = LoginRequest {
                client_id: client_id.as_bytes(),
                user_name: Some(client_id.as_bytes()),
                password: Some(password.as_bytes()),
                address: None,
                same_connection: false,
            };
            let mut checked = [0; 2];
            let reasons = checked.each_mut().map(|checked| {
                let before = CHECKED.get();
                let judged = Judged::new(&loaded, &store, &history, &request, at(NOW));
                *checked = CHECKED.get() - before;
                judged.verdict().reason()
            });
            (reasons[0], checked)
        };
        let now = Clock::Trusted(at(NOW));
        let late = Clock::Trusted(at(NOW - 61));
        // One key each time, the second time too, when the first password was used up.
        for (client_id, generation, root, clock, reason) in [
            (KNOWN, 1, 7, now, None),
            (KNOWN, 1, 8, now, Some(Reason::WrongTag)),
            (KNOWN, 2, 7, now, Some(Reason::UnknownDevice)),
            (KNOWN, 1, 7, late, Some(Reason::OutsideWindow)),
            (KNOWN, 1, 7, Clock::None, Some(Reason::NoClock)),
            (
                "device-ffffffffffff",
                1,
                7,
                now,
                Some(Reason::UnknownDevice),
            ),
            (
                "device-ffffffffffff",
                1,
                8,
                late,
                Some(Reason::UnknownDevice),
            ),
        ] {
            let judged = judge(client_id, generation, root, clock);
            assert_eq!(judged, (reason, [1, 1]), "{client_id} {generation} {root}");
        }
    }
}
