//! A password field: parsed as another decoder reads it, and never accepted under a key that did not mint it.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use libfuzzer_sys::fuzz_target;
use mqward::{BootRecord, Claim, Clock, ClockRule, LoginKey, LoginTerms, UnixTime};
use mqward_fuzz::{Flash, device};

fuzz_target!(|data: &[u8]| {
    let raw = BASE64_URL_SAFE_NO_PAD
        .decode(data)
        .ok()
        .filter(|raw| raw.len() == 29);
    let head = raw.filter(|raw| raw[0] == 1 && raw[1] != 0 && raw[6..10] != [0; 4]);
    let claim = Claim::parse(data).ok();
    assert_eq!(claim.is_some(), head.is_some());
    let (Some(claim), Some(raw)) = (claim, head) else {
        return;
    };
    let number = |range: core::ops::Range<usize>| {
        raw[range]
            .iter()
            .fold(0u32, |sum, byte| sum << 8 | u32::from(*byte))
    };
    assert_eq!(claim.generation().get(), raw[1]);
    assert_eq!(
        (claim.stamp().boot(), claim.stamp().count()),
        (number(6..10), number(10..13))
    );
    assert_eq!(claim.time(), UnixTime::from_secs(u64::from(number(2..6))));
    assert_eq!(
        claim.mark().get().to_be_bytes(),
        [&raw[1..2], &raw[6..13]].concat()[..]
    );
    let terms = LoginTerms::new(3600, ClockRule::Accepted).unwrap();
    let now = claim.time().unwrap_or(mqward_fuzz::at(0));
    let key = LoginKey::from_bytes([raw[1]; 32]);
    assert!(
        claim.verify(&key, true, "device-1", &terms, now).is_err(),
        "a forgery"
    );

    // A device at this boot and time mints a password that parses back and verifies. With one slot, as it was
    // provisioned, the first start is three boots on (spec §5.2).
    let Some(first) = claim
        .stamp()
        .boot()
        .checked_sub(3)
        .and_then(|boot| UnixTime::from_secs(boot.into()))
    else {
        return;
    };
    let mut stamper = BootRecord::start(&mut Flash::provisioned(first))
        .unwrap()
        .login_stamper()
        .unwrap();
    let clock = claim.time().map_or(Clock::None, Clock::Trusted);
    let minted = stamper.mint(&key, device(), clock).unwrap();
    let again = Claim::parse(minted.as_bytes()).unwrap();
    assert_eq!(
        (again.stamp().boot(), again.stamp().count(), again.time()),
        (claim.stamp().boot(), 0, claim.time())
    );
    assert!(again.verify(&key, true, "device-1", &terms, now).is_ok());
});
