//! A device without an operating system: it boots, logs in, seals what it measures, opens what it is told.
//!
//! `c/device.c` is the same device in C; both print the same.

#![no_std]
#![no_main]

#[cfg(target_arch = "arm")]
mod arm;
mod board;
mod flash;
#[cfg(target_arch = "riscv32")]
mod riscv;

use board::{print, print_hex};
use flash::{BootSectors, provisioning_partition};
use mqward::{
    Audience, Blob, Boot, BootError, BootRecord, Class, ClockGate, HEADER_LEN, HardwareId, Judgement,
    OpenError, Opened, Opener, Sealer, Sender, UnixTime, Window, sealed_len,
};

/// What the chip says of itself at every boot: its base MAC.
const HARDWARE_ID: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];
/// Configured, never taken from the network.
const AUDIENCE: &str = "mqtt.example.com";
/// The backend that may command this device.
const BACKEND: u8 = 16;
const TELEMETRY_TOPIC: &str = "tx/device-0123456789ab/t";
const COMMAND_TOPIC: &str = "rx/device-0123456789ab/cmd";
/// A command as MQTT delivers it, sealed for boot 1760000001.
const COMMAND: &[u8; 34] = include_bytes!("../../inputs/command.bin");
/// When this firmware was built.
const BUILD_TIME: u32 = 1_767_000_000;
/// What the clock shows.
const NOW: u64 = 1_767_225_600;

/// The device's life, in which each step that must fail fails.
fn run() -> Result<(), &'static str> {
    #[cfg(feature = "planted-panic")]
    print_hex("", &[COMMAND[core::hint::black_box(COMMAND.len())]]);
    let mut sectors = BootSectors::after_some_boots();
    first_boot(&mut sectors)?;
    second_boot(&mut sectors)?;

    // A lost boot record is an error, never "start at 0": the old nonces would come again.
    sectors.slots = [[0xff; 16]; 2];
    match BootRecord::start(&mut sectors) {
        Err(BootError::Missing) => print("erased boot record: refused\n"),
        _ => return Err("a boot started without a boot record"),
    }
    sectors = BootSectors::after_some_boots();
    for slot in &mut sectors.slots {
        slot[11] ^= 1;
    }
    match BootRecord::start(&mut sectors) {
        Err(BootError::Missing) => print("corrupt boot record: refused\n"),
        _ => return Err("a boot started from a corrupt boot record"),
    }
    sectors = BootSectors::after_some_boots();
    sectors.broken = true;
    match BootRecord::start(&mut sectors) {
        Err(BootError::Storage(_)) => print("broken flash: refused\n"),
        _ => return Err("a boot started from broken flash"),
    }
    Ok(())
}

fn first_boot(sectors: &mut BootSectors) -> Result<(), &'static str> {
    let blob = Blob::parse_partition(provisioning_partition()).map_err(|_| "no provisioning blob")?;
    let device = blob.device();
    let hardware = HardwareId::new(&HARDWARE_ID).map_err(|_| "hardware id")?;
    let audience = Audience::new(AUDIENCE).map_err(|_| "audience")?;
    print("client ");
    print(device.client_id());
    print("\n");

    let mut boot = start(sectors)?;
    let clock = ClockGate::new(UnixTime::from_secs(u64::from(BUILD_TIME)).ok_or("build time")?).judge(NOW);

    // A fresh password for every connection attempt, here of a bad evening with eight.
    let login_key = blob.auth_seed().login_key(hardware, audience);
    let mut logins = boot.login_stamper().ok_or("the login stamper was taken")?;
    for _ in 0..8 {
        let password = logins.mint(&login_key, device, clock).map_err(|_| "no stamp is left")?;
        print("password ");
        print(password.as_str());
        print("\n");
    }

    // Telemetry: the payload is sealed where it stands.
    let sealer = Sealer::uplink(blob.up_seed(), device, hardware, Sender::DEVICE).map_err(|_| "sealer")?;
    let mut stamper = boot.seal_stamper(Sender::DEVICE, [0; 4]).ok_or("the seal stamper was taken")?;
    for _ in 0..8 {
        let mut buf = [0; sealed_len(4)];
        buf[HEADER_LEN..HEADER_LEN + 4].copy_from_slice(b"21.5");
        sealer
            .seal_in_place(&mut stamper, Class::Live, TELEMETRY_TOPIC, clock, &mut buf, 4)
            .map_err(|_| "not sealed")?;
        print_hex("sealed ", &buf);
    }

    // A command is acted on once.
    let backend = Sender::backend(BACKEND).map_err(|_| "sender")?;
    let opener = Opener::downlink(blob.down_seed(), device, hardware, backend, boot.number()).map_err(|_| "opener")?;
    let mut window: Window = Window::new();
    for _ in 0..2 {
        let mut received = *COMMAND;
        let Ok(Opened::Message(message)) = opener.open_in_place(COMMAND_TOPIC, &mut received) else {
            return Err("the command does not open");
        };
        match window.judge(message.receipt()) {
            Judgement::Fresh(ticket) => {
                print_hex("command ", message.payload());
                window.commit(ticket).map_err(|_| "the ticket is stale")?;
            }
            Judgement::Duplicate => print("command again: dropped\n"),
            _ => return Err("the command is not judged as it should be"),
        }
    }

    let mut tampered = *COMMAND;
    tampered[HEADER_LEN] ^= 1;
    refused(&opener, COMMAND_TOPIC, &mut tampered, "tampered command: refused\n")?;
    refused(&opener, "rx/device-0123456789ab/cmd2", &mut COMMAND.clone(), "command on another topic: refused\n")
}

/// After a reboot, what was recorded before it is dead.
fn second_boot(sectors: &mut BootSectors) -> Result<(), &'static str> {
    let blob = Blob::parse_partition(provisioning_partition()).map_err(|_| "no provisioning blob")?;
    let hardware = HardwareId::new(&HARDWARE_ID).map_err(|_| "hardware id")?;
    let backend = Sender::backend(BACKEND).map_err(|_| "sender")?;
    let boot = start(sectors)?;
    let opener =
        Opener::downlink(blob.down_seed(), blob.device(), hardware, backend, boot.number()).map_err(|_| "opener")?;
    refused(&opener, COMMAND_TOPIC, &mut COMMAND.clone(), "command from before the reboot: refused\n")
}

fn start(sectors: &mut BootSectors) -> Result<Boot, &'static str> {
    let boot = BootRecord::start(sectors).map_err(|_| "the boot did not start")?;
    print_hex("boot ", &boot.number().to_be_bytes());
    Ok(boot)
}

/// What must not open, and must leave nothing of itself behind.
fn refused(opener: &Opener, topic: &str, sealed: &mut [u8], line: &str) -> Result<(), &'static str> {
    match opener.open_in_place(topic, sealed) {
        Err(OpenError::Refused) => {}
        _ => return Err("something opened that must not"),
    }
    if sealed.iter().any(|byte| *byte != 0) {
        return Err("a refused payload was left in the buffer");
    }
    print(line);
    Ok(())
}
