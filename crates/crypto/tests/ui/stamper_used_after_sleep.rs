use mqward_crypto::{Clock, Device, LoginKey, LoginStamper, RESUME_RECORD_LEN, ResumeRecord, SealStamper};

fn sleep(mut login: LoginStamper, seal: SealStamper, key: &LoginKey, device: Device<'_>) {
    let mut retained = [0; RESUME_RECORD_LEN];
    ResumeRecord::sleep(login, seal, &mut retained);
    let _ = login.mint(key, device, Clock::None);
}

fn main() {}
