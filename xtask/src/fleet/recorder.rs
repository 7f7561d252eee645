//! Who sits on the broker, records what the backend sends to devices, and sends it again.

use std::collections::BTreeMap;

use mqward_testbed::{Packet, Publish, Wire};

use crate::command::Failure;
use crate::fleet::backend::subscribe;
use crate::fleet::device::Device;
use crate::fleet::stage::Stage;

pub(crate) struct Recorder {
    wire: Wire,
    /// The first message on each topic.
    heard: BTreeMap<String, Vec<u8>>,
}

/// Topic and payload of one recorded command per device.
pub(crate) type Recorded = Vec<(String, Vec<u8>)>;

impl Recorder {
    /// Logs in with the insider's rights.
    pub(crate) fn log_in(stage: &Stage) -> Result<Self, Failure> {
        let mut wire = stage.insider()?;
        subscribe(&mut wire, "rx/#")?;
        Ok(Self {
            wire,
            heard: BTreeMap::new(),
        })
    }

    /// The first command that each of these devices was sent.
    pub(crate) fn record(&mut self, devices: &[Device]) -> Result<Recorded, Failure> {
        let topics: Vec<String> = devices
            .iter()
            .map(|device| format!("rx/{}/cmd", device.id()))
            .collect();
        while !topics.iter().all(|topic| self.heard.contains_key(topic)) {
            self.receive()?;
        }
        let payload = |topic: &String| Some((topic.clone(), self.heard.get(topic)?.clone()));
        Ok(topics.iter().filter_map(payload).collect())
    }

    /// Sends commands again, byte for byte, and waits until the broker has taken them all.
    pub(crate) fn send(&mut self, recorded: &Recorded) -> Result<(), Failure> {
        for (topic, payload) in recorded {
            self.wire.publish(&Publish::new(topic, payload, 1))?;
            while !self.receive()? {}
        }
        Ok(())
    }

    /// Takes one packet; tells whether it says that something sent was taken.
    fn receive(&mut self) -> Result<bool, Failure> {
        match self.wire.receive()? {
            Packet::Publish(publish) => {
                if publish.qos > 0 {
                    self.wire.acknowledge(publish.id)?;
                }
                let payload = publish.payload.to_vec();
                self.heard.entry(publish.topic).or_insert(payload);
                Ok(false)
            }
            Packet::PubAck { .. } => Ok(true),
            other => Err(format!("the recorder got {other:?}").into()),
        }
    }
}
