//! Attempts of a device with honest credentials to reach what is not its own.

use core::time::Duration;

use mqward_testbed::{Packet, Publish, Version, Wire};

use crate::command::Failure;
use crate::demo::node::Node;
use crate::demo::stage::{DEVICES, READER, Stage};
use crate::demo::table::Table;

/// How long a witness listens for what must not come.
const LISTEN: Duration = Duration::from_millis(200);

pub(crate) fn run(stage: &Stage, table: &mut Table) -> Result<(), Failure> {
    let mut rogue = stage.device(1)?;
    let (own, victim) = (rogue.client_id()?, stage.device(0)?.client_id()?);

    for (name, filter) in [
        ("subscribe to everything", "#".to_owned()),
        ("subscribe over all device ids", "rx/+/#".to_owned()),
        ("subscribe to another device", format!("rx/{victim}/cmd")),
        ("shared subscription", format!("$share/g/rx/{victim}/#")),
        ("subscribe to the broker's topics", "$SYS/#".to_owned()),
    ] {
        subscribe(stage, table, &mut rogue, name, &filter)?;
    }

    // The witness sees every message that any client is allowed to publish.
    let mut witness = stage.insider()?;
    witness.subscribe(&["tx/#", "rx/#"])?;
    witness.receive()?;
    let sealed = rogue.seal_up(&format!("tx/{victim}/t"), b"99.9")?;
    publish(
        stage,
        table,
        &mut witness,
        &mut rogue,
        "publish as another device",
        &format!("tx/{victim}/t"),
        &sealed,
    )?;
    publish(
        stage,
        table,
        &mut witness,
        &mut rogue,
        "publish a command to another device",
        &format!("rx/{victim}/cmd"),
        &sealed,
    )?;
    publish(
        stage,
        table,
        &mut witness,
        &mut rogue,
        "publish in the clear where sealed is the rule",
        &format!("tx/{own}/t"),
        b"21.5",
    )?;
    let mut oversize = rogue.seal_up(&format!("tx/{own}/t"), &[0; 1500])?;
    publish(
        stage,
        table,
        &mut witness,
        &mut rogue,
        "oversize packet",
        &format!("tx/{own}/t"),
        &oversize,
    )?;
    oversize.truncate(1024);
    let mut reader = stage.service(READER, 17)?;
    publish(
        stage,
        table,
        &mut witness,
        &mut reader,
        "telemetry reader publishes a command",
        &format!("rx/{victim}/cmd"),
        &oversize,
    )?;
    will(
        stage,
        table,
        &mut witness,
        &mut rogue,
        &format!("tx/{victim}/status"),
    )
}

fn subscribe(
    stage: &Stage,
    table: &mut Table,
    rogue: &mut Node,
    name: &str,
    filter: &str,
) -> Result<(), Failure> {
    let mut stopped = true;
    let mut wire = Vec::new();
    for version in Version::ALL {
        let mut connection = stage.log_in(rogue, version)?;
        connection.subscribe(&[filter])?;
        let packets = connection.until_closed()?;
        stopped &= packets
            .as_ref()
            .is_some_and(|packets| !packets.iter().any(granted));
        wire.push(shown(version, packets.as_deref()));
    }
    table.attack(
        &format!("{name}: {}", filter.replace(DEVICES[0].0, "device-…1")),
        stopped,
        &stage.last_reason()?,
        &wire.join("; "),
    );
    Ok(())
}

fn publish(
    stage: &Stage,
    table: &mut Table,
    witness: &mut Wire,
    rogue: &mut Node,
    name: &str,
    topic: &str,
    payload: &[u8],
) -> Result<(), Failure> {
    let mut stopped = true;
    let mut wire = Vec::new();
    for version in Version::ALL {
        for qos in 0..=2 {
            let mut connection = stage.log_in(rogue, version)?;
            connection.publish(&Publish::new(topic, payload, qos))?;
            let packets = connection.until_closed()?;
            stopped &= packets
                .as_ref()
                .is_some_and(|packets| !packets.iter().any(granted));
            if qos == 1 {
                wire.push(shown(version, packets.as_deref()));
            }
        }
    }
    let heard = witness.receive_within(LISTEN)?;
    stopped &= heard == Packet::Silence;
    table.attack(
        name,
        stopped,
        &stage.last_reason()?,
        &format!("{} (QoS 0, 1, 2 alike)", wire.join("; ")),
    );
    Ok(())
}

/// A will to another device's topic: judged when the broker fires it, after the connection is lost.
fn will(
    stage: &Stage,
    table: &mut Table,
    witness: &mut Wire,
    rogue: &mut Node,
    topic: &str,
) -> Result<(), Failure> {
    let id = rogue.client_id()?;
    let payload = rogue.seal_up(topic, b"dead")?;
    let password = rogue.password()?;
    let connect = mqward_testbed::Connect::new(&id)
        .login(&id, password.as_str())
        .will(topic, &payload);
    let (connection, answer) = Wire::dial(stage.address(), Version::V3, &connect)?;
    drop(connection);
    let heard = witness.receive_within(LISTEN)?;
    let stopped = heard == Packet::Silence;
    let code = match answer {
        Packet::ConnAck { code, .. } => format!("CONNACK {code:#04x}, then silence"),
        other => format!("{other:?}"),
    };
    table.attack(
        "will on another device's topic",
        stopped,
        &stage.last_reason()?,
        &code,
    );
    Ok(())
}

/// An acknowledgement that grants something.
fn granted(packet: &Packet) -> bool {
    match packet {
        Packet::SubAck { codes, .. } => codes.iter().any(|code| *code < 0x80),
        Packet::PubAck { code, .. } | Packet::PubRec { code, .. } => *code < 0x80,
        Packet::Publish(_) => true,
        _ => false,
    }
}

fn shown(version: Version, packets: Option<&[Packet]>) -> String {
    let version = if version == Version::V3 { "3.1.1" } else { "5" };
    match packets {
        None => format!("{version}: OPEN"),
        Some([]) => format!("{version}: closed"),
        Some([Packet::Disconnect { code }]) => format!("{version}: DISCONNECT {code:#04x}, closed"),
        Some(packets) => format!("{version}: {packets:?}, closed"),
    }
}
