//! The backend: it opens whatever devices publish, learns their boots from it, and seals commands for those.

use std::collections::BTreeMap;
use std::time::Instant;

use mqward::{
    Class, Device, DownRoot, Generation, HardwareId, Judgement, LatestJudgement, LatestMark,
    Opened, Opener, Sealer, Sender, UpRoot, Window,
};
use mqward_testbed::{Packet, Publish, Wire};

use crate::command::Failure;
use crate::demo::node::Node;
use crate::fleet::device::PATIENCE;
use crate::fleet::stage::{BACKEND_SENDER, Stage, client_id, everyone, has_clock, mac};

/// One device as the backend knows it.
struct Known {
    mac: [u8; 6],
    has_clock: bool,
    /// The newest boot of which something fresh was opened, or 0.
    boot: u32,
    window: Window<4>,
    birth: LatestMark,
    will: LatestMark,
    /// Topic level and payload of what was fresh in that boot.
    heard: Vec<(String, Vec<u8>)>,
}

pub(crate) struct Backend {
    node: Node,
    wire: Wire,
    up_root: UpRoot,
    down_root: DownRoot,
    devices: BTreeMap<String, Known>,
    /// Packet Identifier of the last command.
    sent: u16,
}

impl Backend {
    /// Logs in and subscribes to all that devices publish.
    pub(crate) fn log_in(stage: &Stage) -> Result<Self, Failure> {
        let mut node = stage.backend()?;
        let mut wire = stage.backend_connection(&mut node)?;
        subscribe(&mut wire, "tx/+/#")?;
        let mut devices = BTreeMap::new();
        for index in everyone() {
            let known = Known {
                mac: mac(index)?,
                has_clock: has_clock(index),
                boot: 0,
                window: Window::new(),
                birth: LatestMark::default(),
                will: LatestMark::default(),
                heard: Vec::new(),
            };
            devices.insert(client_id(index)?, known);
        }
        Ok(Self {
            node,
            wire,
            up_root: stage.up_root()?,
            down_root: stage.down_root()?,
            devices,
            sent: 0,
        })
    }

    /// Logs in again with a fresh password, and forgets what was heard; what makes a message old is kept.
    pub(crate) fn log_in_again(&mut self, stage: &Stage) -> Result<(), Failure> {
        self.wire = stage.backend_connection(&mut self.node)?;
        subscribe(&mut self.wire, "tx/+/#")?;
        for known in self.devices.values_mut() {
            known.heard.clear();
        }
        Ok(())
    }

    /// The newest boot of a device that was heard of, or 0.
    pub(crate) fn boot(&self, id: &str) -> u32 {
        self.devices.get(id).map_or(0, |known| known.boot)
    }

    /// Whether a device has published such a payload on `tx/<id>/<level>` in its newest boot.
    pub(crate) fn heard(&self, id: &str, level: &str, is_it: impl Fn(&[u8]) -> bool) -> bool {
        self.devices.get(id).is_some_and(|known| {
            let mut heard = known.heard.iter();
            heard.any(|(name, payload)| name == level && is_it(payload))
        })
    }

    /// Receives until something is so.
    pub(crate) fn wait(
        &mut self,
        what: &str,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        while !is_so(self) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            match self.wire.receive_within(left)? {
                Packet::Publish(publish) => self.receive(&publish)?,
                Packet::PubAck { .. } => {}
                Packet::Silence => return Err(format!("no {what} came").into()),
                other => {
                    return Err(format!("waiting for {what}, the backend got {other:?}").into());
                }
            }
        }
        Ok(())
    }

    /// Seals a command for the boot of the device that was heard last.
    pub(crate) fn command(&mut self, id: &str, text: &str) -> Result<(), Failure> {
        let known = self.devices.get(id).ok_or("no such device")?;
        let device = Device::new(id, Generation::FIRST)?;
        let sealer = Sealer::downlink(
            &self.down_root.seed(device),
            device,
            HardwareId::new(&known.mac)?,
            Sender::backend(BACKEND_SENDER)?,
            known.boot,
        )?;
        let topic = format!("rx/{id}/cmd");
        let sealed = self.node.seal_with(&sealer, &topic, text.as_bytes())?;
        let mut publish = Publish::new(&topic, &sealed, 1);
        self.sent += 1;
        publish.id = self.sent;
        self.wire.publish(&publish)?;
        Ok(())
    }

    /// Opens a message; every one must be authentic, and counts once.
    fn receive(&mut self, publish: &Publish) -> Result<(), Failure> {
        let topic = publish.topic.as_str();
        let (id, level) = topic
            .strip_prefix("tx/")
            .and_then(|rest| rest.split_once('/'))
            .ok_or_else(|| format!("a message on {topic}"))?;
        let known = self.devices.get_mut(id).ok_or("an unknown device")?;
        let device = Device::new(id, Generation::FIRST)?;
        let opener = Opener::uplink(
            &self.up_root.seed(device),
            device,
            HardwareId::new(&known.mac)?,
            Sender::DEVICE,
        )?;
        let mut payload = publish.payload.to_vec();
        let Opened::Message(message) = opener.open_in_place(topic, &mut payload)? else {
            return Err(format!("an empty message on {topic}").into());
        };
        let receipt = *message.receipt();
        if receipt.time().is_some() != known.has_clock {
            return Err(format!("the time on {topic} is {:?}", receipt.time()).into());
        }
        // A message may come again, as MQTT allows; an old one in the place of a new one may not.
        let latest = |mark: &mut LatestMark| match mark.judge(&receipt) {
            LatestJudgement::Newer(ticket) => mark.commit(ticket).is_ok(),
            other => other == LatestJudgement::Same,
        };
        let fresh = match receipt.class() {
            Class::Retained => latest(&mut known.birth),
            Class::Will => latest(&mut known.will),
            _ => match known.window.judge(&receipt) {
                Judgement::Fresh(ticket) => known.window.commit(ticket).is_ok(),
                other => other == Judgement::Duplicate,
            },
        };
        if !fresh {
            return Err(format!("an old message on {topic}").into());
        }
        if receipt.boot() > known.boot {
            known.boot = receipt.boot();
            known.heard.clear();
        }
        if receipt.boot() == known.boot {
            known
                .heard
                .push((level.to_owned(), message.payload().to_vec()));
        }
        if publish.qos > 0 {
            self.wire.acknowledge(publish.id)?;
        }
        Ok(())
    }
}

/// Subscribes and waits until it is granted.
pub(crate) fn subscribe(wire: &mut Wire, filter: &str) -> Result<(), Failure> {
    wire.subscribe(&[filter])?;
    match wire.receive()? {
        Packet::SubAck { codes, .. } if codes == [1] => Ok(()),
        other => Err(format!("{filter} was answered with {other:?}").into()),
    }
}
