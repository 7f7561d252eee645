use mqward_crypto::{Clock, Device, LoginStamper, Password, StampError, UpSeed};

fn mint(stamper: &mut LoginStamper, seed: &UpSeed, device: Device<'_>) -> Result<Password, StampError> {
    stamper.mint(seed, device, Clock::None)
}

fn main() {}
