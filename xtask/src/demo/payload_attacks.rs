//! Attempts on sealed payloads by a broker that was broken into, and by who holds other keys.

use mqward::{
    AuthRoot, DownSeed, HardwareId, Judgement, OpenError, Opened, Opener, Sealer, Sender, UpRoot,
    UpSeed, Window,
};
use mqward_testbed::{Packet, Publish, Version, Wire};

use crate::command::Failure;
use crate::demo::honest::{BACKEND_SENDER, Traffic};
use crate::demo::node::{device, now};
use crate::demo::stage::{READER, Stage};
use crate::demo::table::Table;

/// The insider publishes, the backend or device receives through the real broker, and opens what arrived.
struct Scene<'a> {
    insider: Wire,
    backend: Wire,
    device: Wire,
    table: &'a mut Table,
}

impl Scene<'_> {
    /// Sends as the insider, and returns what a receiver got.
    fn relay(&mut self, topic: &str, payload: &[u8]) -> Result<(String, Vec<u8>), Failure> {
        self.insider.publish(&Publish::new(topic, payload, 0))?;
        let receiver = if topic.starts_with("tx/") {
            &mut self.backend
        } else {
            &mut self.device
        };
        match receiver.receive()? {
            Packet::Publish(publish) => Ok((publish.topic, publish.payload)),
            other => {
                Err(format!("the receiver got {other:?} instead of the insider's message").into())
            }
        }
    }

    /// An attack that must not open.
    fn must_not_open(
        &mut self,
        name: &str,
        opener: &Opener,
        topic: &str,
        payload: &[u8],
    ) -> Result<(), Failure> {
        let (topic, mut arrived) = self.relay(topic, payload)?;
        let answer = opener.open_in_place(&topic, &mut arrived);
        let refused = matches!(answer, Err(OpenError::Refused));
        let zeroed = arrived.iter().all(|byte| *byte == 0);
        let shown = if refused {
            "receiver: not authentic, buffer zeroed"
        } else {
            "OPENED"
        };
        self.table.attack(
            name,
            refused && zeroed,
            shown,
            &format!("{} bytes delivered on {topic}", payload.len()),
        );
        Ok(())
    }

    /// A replay: authentic, so the window has to know it.
    fn must_be(
        &mut self,
        name: &str,
        window: &Window,
        expected: &Judgement,
        opener: &Opener,
        sent: (&str, &[u8]),
    ) -> Result<(), Failure> {
        let (topic, mut arrived) = self.relay(sent.0, sent.1)?;
        let Opened::Message(message) = opener.open_in_place(&topic, &mut arrived)? else {
            return Err("a replay that is empty".into());
        };
        let judgement = window.judge(message.receipt());
        let answer = format!("receiver: {judgement:?}");
        self.table.attack(
            name,
            judgement == *expected,
            &answer,
            &format!("{} bytes delivered on {topic}", sent.1.len()),
        );
        Ok(())
    }
}

pub(crate) fn run(stage: &Stage, traffic: &Traffic, table: &mut Table) -> Result<(), Failure> {
    let id = traffic.device.client_id()?;
    let identity = device(&id)?;
    let hw = HardwareId::new(traffic.device.hardware_id())?;
    let opener = Opener::uplink(
        &stage.up_root()?.seed(identity),
        identity,
        hw,
        Sender::DEVICE,
    )?;
    let mut scene = scene(stage, &id, table)?;
    let (topic, telemetry) = (traffic.up_topic.as_str(), traffic.telemetry.as_slice());

    let mut tampered = telemetry.to_vec();
    if let Some(byte) = tampered.get_mut(15) {
        *byte ^= 0x01;
    }
    scene.must_not_open("tampered payload: one bit", &opener, topic, &tampered)?;
    let moved = format!("tx/{id}/alarm");
    scene.must_not_open("payload moved to another topic", &opener, &moved, telemetry)?;

    scene.must_be(
        "payload replayed",
        &traffic.up_window,
        &Judgement::Duplicate,
        &opener,
        (topic, telemetry),
    )?;
    let mut stored = vec![0; Window::<1>::EXPORT_LEN];
    traffic.up_window.export(&mut stored)?;
    let rebooted = Window::import(&stored)?;
    let name = "payload replayed after the receiver restarted";
    scene.must_be(
        name,
        &rebooted,
        &Judgement::Duplicate,
        &opener,
        (topic, telemetry),
    )?;
    let lost = Window::cold(now()?, 60);
    let name = "payload replayed after the receiver lost its window";
    scene.must_be(name, &lost, &Judgement::Closed, &opener, (topic, telemetry))?;

    // A command recorded before the device rebooted: its key died with that boot.
    let backend = Sender::backend(BACKEND_SENDER)?;
    let after = stage.device(0)?;
    let reopened = after.command_opener(backend)?;
    let (down_topic, command) = (traffic.down_topic.as_str(), traffic.command.as_slice());
    scene.must_not_open(
        "command replayed after the device rebooted",
        &reopened,
        down_topic,
        command,
    )?;

    forged_command(stage, &mut scene, &id, &after, down_topic)?;
    broker_keys(stage, traffic, &mut scene)
}

fn scene<'a>(stage: &Stage, id: &str, table: &'a mut Table) -> Result<Scene<'a>, Failure> {
    // The receivers' connections: a second backend process of the same fleet, and the insider in the device's place.
    let mut reader = stage.service(READER, 17)?;
    let mut backend = stage.log_in(&mut reader, Version::V3)?;
    backend.subscribe(&["tx/+/#"])?;
    backend.receive()?;
    let mut victim = stage.device(0)?;
    let mut device = stage.log_in(&mut victim, Version::V5)?;
    device.subscribe(&[&format!("rx/{id}/#")])?;
    device.receive()?;
    Ok(Scene {
        insider: stage.insider()?,
        backend,
        device,
        table,
    })
}

/// A telemetry reader holds the up root; the device opens commands under the down root.
fn forged_command(
    stage: &Stage,
    scene: &mut Scene<'_>,
    id: &str,
    target: &crate::demo::node::Node,
    topic: &str,
) -> Result<(), Failure> {
    let identity = device(id)?;
    let hw = HardwareId::new(target.hardware_id())?;
    let mut reader = stage.service(READER, BACKEND_SENDER)?;
    let up_seed = stage.up_root()?.seed(identity);
    // The only seed that it has, used as if it were the other one.
    let as_down = DownSeed::from_bytes(*up_seed.expose());
    let backend = Sender::backend(BACKEND_SENDER)?;
    let sealer = Sealer::downlink(&as_down, identity, hw, backend, target.boot_number())?;
    let forged = reader.seal_with(&sealer, topic, b"open valve")?;
    let opener = target.command_opener(backend)?;
    scene.must_not_open(
        "telemetry reader forges a command with its keys",
        &opener,
        topic,
        &forged,
    )
}

/// Whoever breaks into the broker finds the auth root, and from it every login seed and login key.
fn broker_keys(stage: &Stage, traffic: &Traffic, scene: &mut Scene<'_>) -> Result<(), Failure> {
    let id = traffic.device.client_id()?;
    let identity = device(&id)?;
    let hw = HardwareId::new(traffic.device.hardware_id())?;
    let auth: AuthRoot = stage.auth_root()?;
    let seed = auth.seed(identity);
    let audience = mqward::Audience::new(crate::demo::node::AUDIENCE)?;
    let guesses = [
        UpRoot::from_bytes(*auth.expose()).seed(identity),
        UpSeed::from_bytes(*seed.expose()),
        UpSeed::from_bytes(*seed.login_key(hw, audience).expose()),
    ];
    for (guess, name) in
        guesses
            .iter()
            .zip(["auth root", "device's login seed", "device's login key"])
    {
        let opener = Opener::uplink(guess, identity, hw, Sender::DEVICE)?;
        let name = format!("broker's own keys used to open: {name}");
        scene.must_not_open(&name, &opener, &traffic.up_topic, &traffic.telemetry)?;
    }
    Ok(())
}
