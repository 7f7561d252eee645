//! The login check beside the same derivations and the same MAC by other hands.

use std::error::Error;
use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use mqward::{
    Audience, AuthRoot, Claim, ClockRule, Device, Generation, HardwareId, LoginTerms, UnixTime,
};
use ring::hkdf::{HKDF_SHA256, KeyType, Prk};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::document::{Row, Section};
use crate::harness::{Contender, medians};

const OURS: &str = "mqward";
const PLAIN: &str = "hkdf + hmac + sha2, root kept";
const PLAIN_NEW: &str = "hkdf + hmac + sha2, root anew";
const RING: &str = "ring, root kept";

const ROOT: [u8; 32] = [7; 32];
const CLIENT_ID: &str = "device-0123456789ab";
const HARDWARE_ID: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];
const AUDIENCE: &str = "mqtt.example.com";
/// Version, generation, time, boot, count.
const HEAD: [u8; 13] = [1, 1, 0x69, 0x55, 0xb9, 0, 0x68, 0xe7, 0x78, 1, 0, 0, 7];
const TIME: u64 = 0x6955_b900;

/// The length of a text before it (spec §3.4).
fn len(text: &[u8]) -> [u8; 1] {
    [u8::try_from(text.len()).unwrap_or(u8::MAX)]
}

/// A password as a broker reads it.
struct Password {
    head: [u8; 13],
    tag: [u8; 16],
}

fn read(text: &[u8]) -> Option<Password> {
    let mut raw = [0; 29];
    Base64UrlUnpadded::decode(text, &mut raw).ok()?;
    let (head, tag) = raw.split_at(13);
    Some(Password {
        head: head.try_into().ok()?,
        tag: tag.try_into().ok()?,
    })
}

/// What a broker does up to the replay store, with the crates of RustCrypto as their examples use them.
fn plain(root: &Hkdf<Sha256>, client_id: &[u8], password: &Password) -> Option<bool> {
    let (mut seed, mut key) = ([0; 32], [0; 32]);
    let info = [
        b"mqward1a".as_slice(),
        &[password.head[1]],
        &len(client_id),
        client_id,
    ];
    root.expand_multi_info(&info, &mut seed).ok()?;
    let info = [
        b"mqward1l".as_slice(),
        &len(&HARDWARE_ID),
        &HARDWARE_ID,
        &len(AUDIENCE.as_bytes()),
        AUDIENCE.as_bytes(),
    ];
    Hkdf::<Sha256>::from_prk(&seed)
        .ok()?
        .expand_multi_info(&info, &mut key)
        .ok()?;
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&key).ok()?;
    for part in [
        b"mqward1c".as_slice(),
        &password.head,
        &len(client_id),
        client_id,
    ] {
        mac.update(part);
    }
    Some(
        mac.finalize().into_bytes()[..16]
            .ct_eq(&password.tag)
            .into(),
    )
}

struct KeyLen;

impl KeyType for KeyLen {
    fn len(&self) -> usize {
        32
    }
}

fn ring(root: &Prk, client_id: &[u8], password: &Password) -> Option<bool> {
    let (mut seed, mut key) = ([0; 32], [0; 32]);
    let info = [
        b"mqward1a".as_slice(),
        &[password.head[1]],
        &len(client_id),
        client_id,
    ];
    root.expand(&info, KeyLen).ok()?.fill(&mut seed).ok()?;
    let info = [
        b"mqward1l".as_slice(),
        &len(&HARDWARE_ID),
        &HARDWARE_ID,
        &len(AUDIENCE.as_bytes()),
        AUDIENCE.as_bytes(),
    ];
    let prk = Prk::new_less_safe(HKDF_SHA256, &seed);
    prk.expand(&info, KeyLen).ok()?.fill(&mut key).ok()?;
    let mut mac =
        ring::hmac::Context::with_key(&ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key));
    for part in [
        b"mqward1c".as_slice(),
        &password.head,
        &len(client_id),
        client_id,
    ] {
        mac.update(part);
    }
    Some(mac.sign().as_ref()[..16].ct_eq(&password.tag).into())
}

fn ours(root: &AuthRoot, client_id: &str, claim: &Claim) -> Option<bool> {
    let terms = LoginTerms::new(60, ClockRule::Required).ok()?;
    let now = UnixTime::from_secs(TIME)?;
    let device = Device::new(client_id, claim.generation()).ok()?;
    let hardware = HardwareId::new(&HARDWARE_ID).ok()?;
    let key = root
        .seed(device)
        .login_key(hardware, Audience::new(AUDIENCE).ok()?);
    Some(claim.verify(&key, true, client_id, &terms, now).is_ok())
}

/// The password that the peers accept, made by one of them.
fn password(root: &Prk) -> Result<String, Box<dyn Error>> {
    let (mut seed, mut key) = ([0; 32], [0; 32]);
    let id = CLIENT_ID.as_bytes();
    let all = |_| "ring refuses a length";
    let info = [b"mqward1a".as_slice(), &[1], &len(id), id];
    root.expand(&info, KeyLen)
        .map_err(all)?
        .fill(&mut seed)
        .map_err(all)?;
    let audience = AUDIENCE.as_bytes();
    let info = [
        b"mqward1l".as_slice(),
        &len(&HARDWARE_ID),
        &HARDWARE_ID,
        &len(audience),
        audience,
    ];
    let prk = Prk::new_less_safe(HKDF_SHA256, &seed);
    prk.expand(&info, KeyLen)
        .map_err(all)?
        .fill(&mut key)
        .map_err(all)?;
    let message = [b"mqward1c".as_slice(), &HEAD, &len(id), id].concat();
    let tag = ring::hmac::sign(
        &ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key),
        &message,
    );
    let raw = [HEAD.as_slice(), &tag.as_ref()[..16]].concat();
    let mut text = [0; 39];
    Ok(Base64UrlUnpadded::encode(&raw, &mut text)
        .map_err(|error| error.to_string())?
        .to_owned())
}

/// Reads, derives and verifies so many times.
pub(crate) fn repeat(times: u32) -> Result<(), Box<dyn Error>> {
    let root = AuthRoot::from_bytes(ROOT);
    let text = password(&Prk::new_less_safe(HKDF_SHA256, &ROOT))?;
    for _ in 0..times {
        let claim = Claim::parse(black_box(text.as_bytes()))?;
        if ours(black_box(&root), black_box(CLIENT_ID), &claim) != Some(true) {
            return Err("a login is refused".into());
        }
    }
    Ok(())
}

/// One section: derive and verify alone, then with the password read from its text too.
pub(crate) fn sections(rounds: usize) -> Result<Vec<Section>, Box<dyn Error>> {
    let our_root = AuthRoot::from_bytes(ROOT);
    let ring_root = Prk::new_less_safe(HKDF_SHA256, &ROOT);
    let plain_root = Hkdf::<Sha256>::from_prk(&ROOT).map_err(|error| error.to_string())?;
    let text = password(&ring_root)?;
    let claim = Claim::parse(text.as_bytes())?;
    let read_once = read(text.as_bytes()).ok_or("base64ct refuses the password")?;
    let id = CLIENT_ID.as_bytes();
    let agree = [
        ours(&our_root, CLIENT_ID, &claim),
        plain(&plain_root, id, &read_once),
        ring(&ring_root, id, &read_once),
    ];
    if agree != [Some(true); 3] || ours(&our_root, "device-0123456789ac", &claim) != Some(false) {
        return Err("the login checks do not agree".into());
    }
    debug_assert_eq!(claim.generation(), Generation::FIRST);

    let mut derive = [
        Contender::new(OURS, || {
            black_box(ours(
                black_box(&our_root),
                black_box(CLIENT_ID),
                black_box(&claim),
            ));
        }),
        Contender::new(PLAIN, || {
            black_box(plain(
                black_box(&plain_root),
                black_box(id),
                black_box(&read_once),
            ));
        }),
        Contender::new(PLAIN_NEW, || {
            let root = Hkdf::from_prk(black_box(&ROOT)).ok();
            black_box(root.and_then(|root| plain(&root, black_box(id), black_box(&read_once))));
        }),
        Contender::new(RING, || {
            black_box(ring(
                black_box(&ring_root),
                black_box(id),
                black_box(&read_once),
            ));
        }),
    ];
    let alone = medians(&mut derive, rounds);
    let names: Vec<&'static str> = derive.iter().map(|contender| contender.name).collect();
    drop(derive);
    let mut whole = [
        Contender::new(OURS, || {
            let claim = Claim::parse(black_box(text.as_bytes())).ok();
            black_box(
                claim.and_then(|claim| ours(black_box(&our_root), black_box(CLIENT_ID), &claim)),
            );
        }),
        Contender::new(PLAIN, || {
            let password = read(black_box(text.as_bytes()));
            black_box(
                password
                    .and_then(|password| plain(black_box(&plain_root), black_box(id), &password)),
            );
        }),
        Contender::new(PLAIN_NEW, || {
            let (root, password) = (
                Hkdf::from_prk(black_box(&ROOT)).ok(),
                read(black_box(text.as_bytes())),
            );
            black_box(
                root.zip(password)
                    .and_then(|(root, password)| plain(&root, black_box(id), &password)),
            );
        }),
        Contender::new(RING, || {
            let password = read(black_box(text.as_bytes()));
            black_box(
                password.and_then(|password| ring(black_box(&ring_root), black_box(id), &password)),
            );
        }),
    ];
    let with_text = medians(&mut whole, rounds);

    let rows = names.into_iter().zip(alone.into_iter().zip(with_text));
    let mut section = Section {
        title: "Login check",
        note: "Two HKDF-Expand from the root of the login seeds to the device's key, the HMAC of the password and its comparison, \
               up to the replay store; in the second column the 39 characters are read too (peers: base64ct).",
        columns: vec![
            "derive, verify".to_owned(),
            "read, derive, verify".to_owned(),
        ],
        rows: rows
            .map(|(name, (alone, with_text))| Row {
                name,
                is_ours: name == OURS,
                times: vec![alone, with_text],
            })
            .collect(),
        goals: Vec::new(),
        chart: None,
    };
    section.goal(OURS, PLAIN, 0, 0.8);
    section.goal(OURS, RING, 0, 0.6);
    Ok(vec![section])
}
