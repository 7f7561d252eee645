use mqward_crypto::{Device, HardwareId, Sealer, Sender, UpSeed};

fn command(reader: &UpSeed, device: Device<'_>, sender: Sender) {
    let _ = Sealer::downlink(reader, device, HardwareId::EMPTY, sender, 1);
}

fn main() {}
