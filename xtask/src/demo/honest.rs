//! The honest fleet: telemetry up and a command down, sealed, over ordinary MQTT clients.

use core::time::Duration;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use mqward::{Class, HardwareId, Judgement, Opened, Opener, Sealer, Sender, Window};
use rumqttc::v5;
use rumqttc::{Client, Event, MqttOptions, Packet, QoS};

use crate::command::Failure;
use crate::demo::node::{Node, device};
use crate::demo::stage::{BACKEND, Stage};
use crate::demo::table::Table;

/// The backend's number among the senders of every device.
pub(crate) const BACKEND_SENDER: u8 = 16;

const PATIENCE: Duration = Duration::from_secs(10);

/// What an attacker on the network has seen of the honest exchange.
pub(crate) struct Traffic {
    pub(crate) device: Node,
    pub(crate) up_topic: String,
    pub(crate) telemetry: Vec<u8>,
    pub(crate) up_window: Window,
    pub(crate) down_topic: String,
    pub(crate) command: Vec<u8>,
}

/// A device on MQTT 3.1.1 and a backend on MQTT 5, each with a mqward password of its own role.
pub(crate) fn exchange(stage: &Stage, table: &mut Table) -> Result<Traffic, Failure> {
    let mut backend = stage.service(BACKEND, BACKEND_SENDER)?;
    let mut sensor = stage.device(0)?;
    let id = sensor.client_id()?;
    let (up_topic, down_topic) = (format!("tx/{id}/t"), format!("rx/{id}/cmd"));

    let (backend_client, at_backend) = backend_client(stage, &mut backend)?;
    let (device_client, at_device) = device_client(stage, &mut sensor, &down_topic)?;

    // Up: sealed by the device, opened by whoever has the up root.
    let sealed = sensor.seal_up(&up_topic, b"21.5")?;
    device_client.publish(&*up_topic, QoS::AtLeastOnce, false, sealed)?;
    let (topic, telemetry) = at_backend
        .recv_timeout(PATIENCE)
        .map_err(|_| "telemetry never arrived")?;
    let identity = device(&id)?;
    let hw = HardwareId::new(sensor.hardware_id())?;
    let opener = Opener::uplink(
        &stage.up_root()?.seed(identity),
        identity,
        hw,
        Sender::DEVICE,
    )?;
    let mut buf = telemetry.clone();
    let Opened::Message(message) = opener.open_in_place(&topic, &mut buf)? else {
        return Err("telemetry was empty".into());
    };
    let mut up_window = Window::new();
    let judgement = up_window.judge(message.receipt());
    let fresh = matches!(judgement, Judgement::Fresh(_));
    if let Judgement::Fresh(ticket) = judgement {
        up_window.commit(ticket)?;
    }
    let device_boot = message.receipt().boot();
    let opened = fresh && message.payload() == b"21.5";
    table.honest(
        "device-…1 logs in and publishes sealed telemetry",
        opened,
        "backend opened 21.5, fresh",
        &format!("{} bytes on {topic}, QoS 1", telemetry.len()),
    );

    // Down: bound to the boot that the backend has just learnt.
    let seed = stage.down_root()?.seed(identity);
    let sealer = Sealer::downlink(
        &seed,
        identity,
        hw,
        Sender::backend(BACKEND_SENDER)?,
        device_boot,
    )?;
    let sealed = backend.seal_with(&sealer, &down_topic, b"open valve")?;
    backend_client.publish(&*down_topic, v5::mqttbytes::QoS::AtLeastOnce, false, sealed)?;
    let (topic, command) = at_device
        .recv_timeout(PATIENCE)
        .map_err(|_| "the command never arrived")?;
    let opener = sensor.command_opener(Sender::backend(BACKEND_SENDER)?)?;
    let mut buf = command.clone();
    let Opened::Message(message) = opener.open_in_place(&topic, &mut buf)? else {
        return Err("the command was empty".into());
    };
    let fresh = matches!(
        Window::<1>::new().judge(message.receipt()),
        Judgement::Fresh(_)
    );
    let opened =
        fresh && message.payload() == b"open valve" && message.receipt().class() == Class::Live;
    table.honest(
        "backend-1 logs in and sends a sealed command",
        opened,
        "device opened `open valve`, fresh",
        &format!("{} bytes on {topic}, QoS 1", command.len()),
    );

    // Reconnecting within the same second takes the next stamp, nothing else.
    let mut again = true;
    for _ in 0..3 {
        again &= stage
            .log_in(&mut sensor, mqward_testbed::Version::V3)
            .is_ok();
    }
    table.honest(
        "device-…1 reconnects three times within a second",
        again,
        "allowed each time",
        "CONNACK 0",
    );
    Ok(Traffic {
        device: sensor,
        up_topic,
        telemetry,
        up_window,
        down_topic,
        command,
    })
}

type Messages = Receiver<(String, Vec<u8>)>;

/// A subscribed MQTT 3.1.1 client of the device.
fn device_client(
    stage: &Stage,
    node: &mut Node,
    filter: &str,
) -> Result<(Client, Messages), Failure> {
    let id = node.client_id()?;
    let mut options = MqttOptions::new(&id, "127.0.0.1", stage.address().port());
    options.set_credentials(&id, node.password()?.as_str());
    let (client, mut connection) = Client::new(options, 10);
    client.subscribe(filter, QoS::AtLeastOnce)?;
    let (ready, subscribed) = channel();
    let (out, messages) = channel();
    thread::spawn(move || {
        // A password works once: the thread ends with its connection, and a reconnect would mint a new one.
        for event in connection.iter().map_while(Result::ok) {
            let _ = match event {
                Event::Incoming(Packet::SubAck(_)) => ready.send(()).is_ok(),
                Event::Incoming(Packet::Publish(publish)) => {
                    out.send((publish.topic, publish.payload.to_vec())).is_ok()
                }
                _ => true,
            };
        }
    });
    subscribed
        .recv_timeout(PATIENCE)
        .map_err(|_| format!("{id} could not log in and subscribe"))?;
    Ok((client, messages))
}

/// A subscribed MQTT 5 client of the backend.
fn backend_client(stage: &Stage, node: &mut Node) -> Result<(v5::Client, Messages), Failure> {
    let id = node.client_id()?;
    let mut options = v5::MqttOptions::new(&id, "127.0.0.1", stage.address().port());
    options.set_credentials(&id, node.password()?.as_str());
    let (client, mut connection) = v5::Client::new(options, 10);
    client.subscribe("tx/+/#", v5::mqttbytes::QoS::AtLeastOnce)?;
    let (ready, subscribed) = channel();
    let (out, messages) = channel();
    thread::spawn(move || {
        for event in connection.iter().map_while(Result::ok) {
            let _ = match event {
                v5::Event::Incoming(v5::mqttbytes::v5::Packet::SubAck(_)) => ready.send(()).is_ok(),
                v5::Event::Incoming(v5::mqttbytes::v5::Packet::Publish(publish)) => {
                    let topic = String::from_utf8_lossy(&publish.topic).into_owned();
                    out.send((topic, publish.payload.to_vec())).is_ok()
                }
                _ => true,
            };
        }
    });
    subscribed
        .recv_timeout(PATIENCE)
        .map_err(|_| format!("{id} could not log in and subscribe"))?;
    Ok((client, messages))
}
