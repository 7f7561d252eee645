//! Attempts to log in with what a listener, a thief or a guesser has.

use core::time::Duration;
use std::thread::sleep;

use mqward::{LoginKey, UnixTime};
use mqward_testbed::{Connect, Packet, Version, Wire};

use crate::command::Failure;
use crate::demo::node::{Node, now, password_under};
use crate::demo::stage::{Stage, WINDOW_SECS};
use crate::demo::table::Table;

pub(crate) fn run(stage: &Stage, table: &mut Table) -> Result<(), Failure> {
    let mut victim = stage.device(0)?;
    let mut other = stage.device(1)?;
    let victim_id = victim.client_id()?;

    // The password that a listener copies from the honest device's CONNECT.
    let sniffed = victim.password()?.as_str().to_owned();
    let honest = Connect::new(&victim_id).login(&victim_id, &sniffed);
    let (mut connection, answer) = Wire::dial(stage.address(), Version::V3, &honest)?;
    if !matches!(answer, Packet::ConnAck { code: 0, .. }) {
        return Err(format!("the honest login was answered with {answer:?}").into());
    }
    attempt(
        stage,
        table,
        "sniffed password, replayed while its owner is connected",
        &victim_id,
        &[&sniffed],
    )?;
    let unharmed = connection.is_open_and_quiet()?;
    table.attack(
        "… and its owner's connection",
        unharmed,
        if unharmed { "stays open" } else { "was lost" },
        "PINGRESP",
    );
    connection.disconnect()?;
    attempt(
        stage,
        table,
        "sniffed password, replayed after its owner left",
        &victim_id,
        &[&sniffed],
    )?;
    let swallowed = victim.password()?.as_str().to_owned();
    sleep(Duration::from_secs(u64::from(WINDOW_SECS) + 1));
    attempt(
        stage,
        table,
        "sniffed password, replayed after the window",
        &victim_id,
        &[&sniffed],
    )?;
    attempt(
        stage,
        table,
        "password that never arrived, used after the window",
        &victim_id,
        &[&swallowed],
    )?;

    let fresh = |node: &mut Node| node.password().map(|password| password.as_str().to_owned());
    let passwords = [fresh(&mut other)?, fresh(&mut other)?];
    let both: Vec<&str> = passwords.iter().map(String::as_str).collect();
    attempt(
        stage,
        table,
        "fresh password of another device",
        &victim_id,
        &both,
    )?;
    for (name, id) in [
        ("client id `+`", "+"),
        ("client id `#`", "#"),
        ("client id with `/`", "device-246f28a10001/x"),
        ("client id of no role", "thermostat-7"),
    ] {
        let passwords = [fresh(&mut other)?, fresh(&mut other)?];
        let both: Vec<&str> = passwords.iter().map(String::as_str).collect();
        attempt(stage, table, name, id, &both)?;
    }

    // MAC and device id are on the label; the key is not.
    let guesses: Vec<String> = [[0; 32], *b"device-246f28a10001+246f28a10001"]
        .into_iter()
        .map(|guess| password_under(&LoginKey::from_bytes(guess), &victim_id))
        .collect::<Result<_, _>>()?;
    let both: Vec<&str> = guesses.iter().map(String::as_str).collect();
    attempt(
        stage,
        table,
        "MAC and device id known, no key",
        &victim_id,
        &both,
    )?;

    let mut clone = stage
        .device(2)?
        .cloned_to(&[0x24, 0x6f, 0x28, 0xff, 0xff, 0xff])?;
    let clone_id = clone.client_id()?;
    let passwords = [fresh(&mut clone)?, fresh(&mut clone)?];
    let both: Vec<&str> = passwords.iter().map(String::as_str).collect();
    attempt(
        stage,
        table,
        "flash copied to another board",
        &clone_id,
        &both,
    )?;

    // A forged clock: a password for an hour from now, to be used before then.
    let later =
        UnixTime::from_secs(u64::from(now()?.get()) + 3600).ok_or("the clock is near 2106")?;
    let passwords = [victim.password_at(later)?, victim.password_at(later)?];
    let both: Vec<&str> = passwords.iter().map(mqward::Password::as_str).collect();
    attempt(
        stage,
        table,
        "password minted for an hour from now",
        &victim_id,
        &both,
    )?;
    attempt(stage, table, "no password at all", &victim_id, &[])?;
    Ok(())
}

/// Tries to log in over MQTT 3.1.1 and 5, with the first password in one and the last in the other.
fn attempt(
    stage: &Stage,
    table: &mut Table,
    name: &str,
    client_id: &str,
    passwords: &[&str],
) -> Result<(), Failure> {
    let mut stopped = true;
    let mut wire = Vec::new();
    for (version, password) in [
        (Version::V3, passwords.first()),
        (Version::V5, passwords.last()),
    ] {
        let mut connect = Connect::new(client_id);
        if let Some(password) = password {
            connect = connect.login(client_id, password);
        }
        let (mut connection, answer) = Wire::dial(stage.address(), version, &connect)?;
        let admitted = matches!(answer, Packet::ConnAck { code: 0, .. });
        let closed =
            !admitted && (answer == Packet::Closed || connection.until_closed()?.is_some());
        stopped &= closed;
        wire.push(shown(version, &answer, closed));
    }
    let reason = stage.last_reason()?;
    table.attack(name, stopped, &reason, &wire.join("; "));
    Ok(())
}

fn shown(version: Version, answer: &Packet, closed: bool) -> String {
    let version = if version == Version::V3 { "3.1.1" } else { "5" };
    let end = if closed { ", closed" } else { ", OPEN" };
    match answer {
        Packet::ConnAck { code, .. } => format!("{version}: CONNACK {code:#04x}{end}"),
        Packet::Closed => format!("{version}: closed"),
        other => format!("{version}: {other:?}{end}"),
    }
}
