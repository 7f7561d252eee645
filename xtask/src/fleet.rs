//! `cargo xtask fleet`: twenty emulated microcontrollers at a real Mosquitto, in C and in Rust, and who attacks them.

mod backend;
mod device;
mod image;
mod recorder;
mod sources;
mod stage;
mod tap;

use crate::command::Failure;
use crate::packages::{MOSQUITTO, need};
use backend::Backend;
use device::Device;
use recorder::Recorder;
use stage::Stage;
use tap::Tap;

/// What every device publishes once it is subscribed.
const BIRTH: &[u8] = b"firmware 0.1.0";
/// What the broker publishes for a device in Rust when it is lost.
const LAST_WORDS: &[u8] = b"gone";
/// What a device prints of a command that it has carried out, and one that it has not.
const AGAIN: &str = "command again: dropped";
const REFUSED: &str = "command refused";

pub(crate) fn run() -> Result<(), Failure> {
    let images = image::build()?;
    need(&[MOSQUITTO])?;
    let mut stage = Stage::build(images)?;
    let mut backend = Backend::log_in(&stage)?;
    let mut recorder = Recorder::log_in(&stage)?;

    for index in stage::watched() {
        step(&format!(
            "One device in {}, with a listener on its wire",
            if stage::is_in_rust(index) {
                "Rust"
            } else {
                "C"
            }
        ));
        let tap = Tap::before(stage.address())?;
        let mut device = stage.device(index, tap.port())?;
        live(
            &mut backend,
            &mut recorder,
            core::slice::from_mut(&mut device),
        )?;
        device.cut_power()?;
        stage.refuses_replay(&tap.first_connect()?, index)?;
        done("its CONNECT, sent again by the listener, was refused as replayed");
        let mut clone = device.cloned()?;
        clone.power_on()?;
        stage.refuses_clone(&clone)?;
        done("its flash, copied to another board, was refused: that chip makes other keys of it");
    }

    step(&format!(
        "{} devices at once, half of each kind",
        stage::FLEET
    ));
    let mut devices = (0..stage::FLEET)
        .map(|index| stage.device(index, stage.address().port()))
        .collect::<Result<Vec<Device>, Failure>>()?;
    live(&mut backend, &mut recorder, &mut devices)?;
    done("two of them have no clock: the boot counter alone makes their passwords new");

    // Each comes back with the next password of the same boot: the last one is of no use to anybody, itself included.
    let before = boots(&backend, &devices)?;
    stage.restart_broker()?;
    backend.log_in_again(&stage)?;
    for device in &devices {
        hear(&mut backend, device)?;
    }
    if boots(&backend, &devices)? != before {
        return Err("a device started again with its broker".into());
    }
    done("the broker started again, and all came back with a fresh password each");
    stage.every_login_was_honest()?;
    done("the audit log has no other login, and refusals of the listener and of the clones alone");
    let left = devices
        .iter()
        .filter(|device| !device.is_in_rust())
        .map(Device::stack_left)
        .collect::<Result<Vec<u32>, Failure>>()?;
    let least = left.into_iter().min().unwrap_or(0);
    done(&format!(
        "in C, the task that does all this never used {least} of its 4096 bytes of stack"
    ));
    Ok(())
}

/// Two boots of some devices, and what was recorded in the first one replayed in the second.
fn live(
    backend: &mut Backend,
    recorder: &mut Recorder,
    devices: &mut [Device],
) -> Result<(), Failure> {
    let all = devices.len();
    power_on(backend, devices)?;
    done(&format!(
        "{all} logged in, with a sealed birth and telemetry that opened"
    ));
    let first_boots = boots(backend, devices)?;
    command(backend, devices, "open valve")?;
    done(&format!("{all} carried a sealed command out and said so"));

    let recorded = recorder.record(devices)?;
    recorder.send(&recorded)?;
    for device in &*devices {
        device.prints(AGAIN)?;
    }
    done(&format!(
        "{all} dropped the recorded command that came again"
    ));

    for device in &mut *devices {
        device.cut_power()?;
    }
    // lwIP's client takes a will for a text, which what is sealed is not.
    let with_will = devices.iter().filter(|device| device.is_in_rust());
    let wills = with_will.clone().count();
    for device in with_will {
        backend.wait(&format!("will of {}", device.id()), |backend| {
            backend.heard(device.id(), "will", |payload| payload == LAST_WORDS)
        })?;
    }
    if wills > 0 {
        done(&format!("{wills} in Rust left a sealed will"));
    }
    power_on(backend, devices)?;
    for ((device, before), after) in devices
        .iter()
        .zip(first_boots)
        .zip(boots(backend, devices)?)
    {
        if after != before + 1 {
            return Err(format!("{}: boot {after} after {before}", device.id()).into());
        }
    }
    done(&format!(
        "{all} lost power, started again with the next boot and logged in"
    ));

    recorder.send(&recorded)?;
    for device in &*devices {
        device.prints(REFUSED)?;
        if device.console()?.contains("command: ") {
            return Err(format!("{} carried an old command out", device.id()).into());
        }
    }
    done(&format!(
        "{all} refused the command that was recorded before"
    ));
    command(backend, devices, "close valve")?;
    done(&format!("{all} carried a new command out"));
    Ok(())
}

/// Starts the emulators and waits until each device was heard in a new boot.
fn power_on(backend: &mut Backend, devices: &mut [Device]) -> Result<(), Failure> {
    let before: Vec<u32> = devices
        .iter()
        .map(|device| backend.boot(device.id()))
        .collect();
    for device in &mut *devices {
        device.power_on()?;
    }
    for (device, before) in devices.iter().zip(before) {
        let id = device.id();
        device.prints("logged in")?;
        backend.wait(&format!("new boot of {id}"), |backend| {
            backend.boot(id) > before
        })?;
        hear(backend, device)?;
        let printed = format!("boot {}\n", backend.boot(id));
        if !device.console()?.contains(&printed) {
            return Err(format!("{id} did not print {printed}").into());
        }
    }
    Ok(())
}

/// Waits for birth and telemetry of a device.
fn hear(backend: &mut Backend, device: &Device) -> Result<(), Failure> {
    let id = device.id();
    backend.wait(&format!("birth of {id}"), |backend| {
        backend.heard(id, "birth", |payload| payload == BIRTH)
    })?;
    backend.wait(&format!("telemetry of {id}"), |backend| {
        backend.heard(id, "t", is_temperature)
    })
}

fn boots(backend: &Backend, devices: &[Device]) -> Result<Vec<u32>, Failure> {
    let boots: Vec<u32> = devices
        .iter()
        .map(|device| backend.boot(device.id()))
        .collect();
    if boots.contains(&0) {
        return Err("a device without a boot".into());
    }
    Ok(boots)
}

/// Commands every device, and waits until each has said sealed that it is done.
fn command(backend: &mut Backend, devices: &[Device], text: &str) -> Result<(), Failure> {
    let texts: Vec<String> = (1..=devices.len())
        .map(|number| format!("{text} {number}"))
        .collect();
    for (device, text) in devices.iter().zip(&texts) {
        backend.command(device.id(), text)?;
    }
    for (device, text) in devices.iter().zip(&texts) {
        backend.wait(&format!("{} to {text}", device.id()), |backend| {
            backend.heard(device.id(), "done", |payload| payload == text.as_bytes())
        })?;
    }
    Ok(())
}

/// `21.5` and its like.
fn is_temperature(payload: &[u8]) -> bool {
    matches!(payload, [tens, ones, b'.', tenths]
        if [tens, ones, tenths].iter().all(|digit| digit.is_ascii_digit()))
}

fn step(title: &str) {
    eprintln!("… {title}");
}

fn done(what: &str) {
    eprintln!("  {what}");
}
