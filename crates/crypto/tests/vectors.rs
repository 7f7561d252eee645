//! Every vector of the independent program, through the public API.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod stampers;

use mqward_crypto::{
    Advance, Audience, AuthRoot, AuthSeed, BLOB_OVERHEAD, BOOT_SLOT_LEN, Blob, BlobError,
    BootError, BootRecord, BootStorage, Claim, Class, Clock, ClockRule, Device, DownSeed,
    Generation, HEADER_LEN, HardwareId, Header, LoginKey, LoginRefusal, LoginTerms, Mark,
    OpenError, Opened, Opener, Root, Sealer, Sender, Slot, UnixTime, UpSeed, cose, is_sealed_shape,
    sealed_len,
};
use mqward_vectors as vectors;

fn device(client_id: &str, generation: u8) -> Device<'_> {
    Device::new(client_id, Generation::new(generation).unwrap()).unwrap()
}

fn sender(number: u8) -> Sender {
    Sender::device(number).or(Sender::backend(number)).unwrap()
}

fn clock(time: u32) -> Clock {
    UnixTime::from_secs(time.into()).map_or(Clock::None, Clock::Trusted)
}

#[test]
fn key_tree() {
    for tree in &vectors::keys().trees {
        let root = Root::from_bytes(tree.root);
        let (auth, up, down) = (root.auth(), root.up(), root.down());
        assert_eq!(*auth.expose(), tree.auth_root);
        assert_eq!(*up.expose(), tree.up_root);
        assert_eq!(*down.expose(), tree.down_root);
        for keys in &tree.devices {
            let device = device(&keys.client_id, keys.generation);
            let (auth, up, down) = (auth.seed(device), up.seed(device), down.seed(device));
            assert_eq!(*auth.expose(), keys.auth_seed);
            assert_eq!(*up.expose(), keys.up_seed);
            assert_eq!(*down.expose(), keys.down_seed);
            for case in &keys.login_keys {
                let hw = HardwareId::new(&case.hardware_id).unwrap();
                let audience = Audience::new(&case.audience).unwrap();
                assert_eq!(*auth.login_key(hw, audience).expose(), case.login_key);
            }
            for case in &keys.sender_keys {
                let hw = HardwareId::new(&case.hardware_id).unwrap();
                let key = match case.direction {
                    vectors::Direction::Up => up.sender_key(sender(case.sender), hw),
                    vectors::Direction::Down => {
                        down.sender_key(sender(case.sender), case.rboot, hw)
                    }
                };
                assert_eq!(*key.expose(), case.sender_key);
            }
        }
    }
}

#[test]
fn passwords() {
    let passwords = &vectors::passwords().passwords;
    assert!(
        passwords
            .iter()
            .any(|case| case.text == "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY")
    );
    for case in passwords {
        let device = device(&case.client_id, case.generation);
        let hw = HardwareId::new(&case.hardware_id).unwrap();
        let audience = Audience::new(&case.audience).unwrap();
        let key = Root::from_bytes(case.root)
            .auth()
            .seed(device)
            .login_key(hw, audience);
        assert_eq!(*key.expose(), case.login_key, "{}", case.name);

        let (mut stamper, _) = stampers::at(case.boot, case.count, 0, 0);
        let password = stamper.mint(&key, device, clock(case.time)).unwrap();
        assert_eq!(password.as_str(), case.text, "{}", case.name);

        let claim = Claim::parse(case.text.as_bytes()).unwrap();
        assert_eq!(claim.generation().get(), case.generation);
        assert_eq!(claim.time().map_or(0, UnixTime::get), case.time);
        assert_eq!(
            (claim.stamp().boot(), claim.stamp().count()),
            (case.boot, case.count)
        );
        assert_eq!(claim.mark().get(), case.mark, "{}", case.name);
    }
}

/// What a verifier says, with the replay store's answer, in the words of the vectors.
fn verify(case: &vectors::Login) -> vectors::LoginOutcome {
    use vectors::LoginOutcome as Outcome;
    let verifier = &case.verifier;
    let Ok(claim) = Claim::parse(case.text.as_bytes()) else {
        return Outcome::Malformed;
    };
    let known = verifier
        .known_generations
        .contains(&claim.generation().get());
    let device = Device::new(&verifier.client_id, claim.generation()).unwrap();
    let hw = HardwareId::new(&verifier.hardware_id).unwrap();
    let audience = Audience::new(&verifier.audience).unwrap();
    // A decoy that differs from the root, as a verifier's process secret does.
    let root = if known {
        Root::from_bytes(verifier.root)
    } else {
        Root::from_bytes([0xdc; 32])
    };
    let key = root.auth().seed(device).login_key(hw, audience);
    let rule = match verifier.clock {
        vectors::ClockRule::Required => ClockRule::Required,
        vectors::ClockRule::Accepted => ClockRule::Accepted,
    };
    let terms = LoginTerms::new(verifier.window, rule).unwrap();
    let now = UnixTime::from_secs(verifier.now.into()).unwrap();
    let login = match claim.verify(&key, known, &verifier.client_id, &terms, now) {
        Ok(login) => login,
        Err(LoginRefusal::UnknownDevice) => return Outcome::Unknown,
        Err(LoginRefusal::WrongTag) => return Outcome::Tag,
        Err(LoginRefusal::OutsideWindow { skew }) => return Outcome::Window { skew },
        Err(LoginRefusal::NoClock) => return Outcome::Clock,
        Err(other) => panic!("{other:?}"),
    };
    let (mark, skew) = (login.mark().get(), login.skew());
    let stored = verifier
        .stored_mark
        .map(|mark| Mark::from_u64(mark).unwrap());
    match login.mark().compare(stored) {
        Advance::Advanced => Outcome::Accepted { mark, skew },
        Advance::Same => Outcome::Replay {
            advance: vectors::ReplayAdvance::Same,
            mark,
            skew,
        },
        Advance::Behind => Outcome::Replay {
            advance: vectors::ReplayAdvance::Behind,
            mark,
            skew,
        },
        Advance::Unavailable => panic!("a pure comparison is always available"),
    }
}

#[test]
fn logins_accepted_and_refused_at_the_right_step() {
    for case in &vectors::failures().logins {
        assert_eq!(verify(case), case.outcome, "{}", case.name);
    }
}

#[test]
fn a_decoy_key_never_lets_in_even_if_it_is_the_right_one() {
    let good = &vectors::passwords().passwords[0];
    let claim = Claim::parse(good.text.as_bytes()).unwrap();
    let terms = LoginTerms::new(3600, ClockRule::Accepted).unwrap();
    let now = UnixTime::from_secs(good.time.into()).unwrap();
    let key = LoginKey::from_bytes(good.login_key);
    let refusal = claim.verify(&key, false, &good.client_id, &terms, now);
    assert_eq!(refusal.unwrap_err(), LoginRefusal::UnknownDevice);
}

fn class(class: vectors::Class) -> Class {
    match class {
        vectors::Class::Live => Class::Live,
        vectors::Class::Retained => Class::Retained,
        vectors::Class::Will => Class::Will,
        vectors::Class::Stored => Class::Stored,
    }
}

#[test]
fn sealed_payloads_both_ways() {
    let messages = &vectors::sealed().messages;
    for case in messages {
        let device = device(&case.client_id, case.generation);
        let hw = HardwareId::new(&case.hardware_id).unwrap();
        let root = Root::from_bytes(case.root);
        let from = sender(case.sender);
        let (up, down) = (root.up().seed(device), root.down().seed(device));
        let (sealer, opener) = match case.direction {
            vectors::Direction::Up => (
                Sealer::uplink(&up, device, hw, from).unwrap(),
                Opener::uplink(&up, device, hw, from).unwrap(),
            ),
            vectors::Direction::Down => (
                Sealer::downlink(&down, device, hw, from, case.device_boot).unwrap(),
                Opener::downlink(&down, device, hw, from, case.device_boot).unwrap(),
            ),
        };
        let (topic, payload) = (case.topic.to_text(), case.payload.to_vec());
        let clock = if case.has_clock {
            clock(case.time_or_salt)
        } else {
            Clock::None
        };
        let (_, mut stamper) = stampers::at(case.boot, case.count, case.sender, case.time_or_salt);

        // Garbage in the buffer shows that it is not read; one byte more shows that it is not written.
        let mut buf = vec![0xaa; sealed_len(payload.len()) + 1];
        buf[HEADER_LEN..HEADER_LEN + payload.len()].copy_from_slice(&payload);
        let len = sealer
            .seal_in_place(
                &mut stamper,
                class(case.class),
                &topic,
                clock,
                &mut buf,
                payload.len(),
            )
            .unwrap();
        assert_eq!(buf[..len], case.sealed, "{}", case.name);
        assert_eq!(buf[len..], [0xaa]);

        let Ok(Opened::Message(message)) = opener.open_in_place(&topic, &mut buf[..len]) else {
            panic!("{} does not open", case.name);
        };
        assert_eq!(message.payload(), payload, "{}", case.name);
        let receipt = message.receipt();
        assert_eq!((receipt.boot(), receipt.count()), (case.boot, case.count));
        assert_eq!(receipt.class(), class(case.class));
        assert_eq!(
            receipt.time().map(UnixTime::get),
            case.has_clock.then_some(case.time_or_salt)
        );
    }
}

#[test]
fn openings_refused_at_the_right_step() {
    use vectors::OpeningOutcome as Outcome;
    for case in &vectors::failures().openings {
        let opener = &case.opener;
        let device = device(&opener.client_id, opener.generation);
        let hw = HardwareId::new(&opener.hardware_id).unwrap();
        let root = Root::from_bytes(opener.root);
        let from = sender(opener.sender);
        let keys = match opener.direction {
            vectors::Direction::Up => {
                Opener::uplink(&root.up().seed(device), device, hw, from).unwrap()
            }
            vectors::Direction::Down => Opener::downlink(
                &root.down().seed(device),
                device,
                hw,
                from,
                opener.device_boot,
            )
            .unwrap(),
        };
        let mut buf = case.sealed.clone();
        let outcome = match keys.open_in_place(&case.topic, &mut buf) {
            Ok(Opened::Message(message)) => Outcome::Opened {
                payload: message.payload().to_vec(),
            },
            Ok(Opened::Cleared) => panic!("{}: no case is empty", case.name),
            Err(OpenError::Frame(_)) => Outcome::Frame,
            Err(OpenError::OtherKey) => Outcome::WrongKey,
            Err(OpenError::Refused) => Outcome::Refused,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(outcome, case.outcome, "{}", case.name);
        match outcome {
            Outcome::Refused => assert!(
                buf.iter().all(|byte| *byte == 0),
                "{}: not zeroed",
                case.name
            ),
            Outcome::Frame | Outcome::WrongKey => {
                assert_eq!(buf, case.sealed, "{}: touched", case.name);
            }
            Outcome::Opened { .. } => {}
        }
    }
}

#[test]
fn shapes_as_a_broker_sees_them() {
    for case in &vectors::failures().shapes {
        let shape = is_sealed_shape(&case.payload, case.retain);
        assert_eq!(
            shape, case.sealed,
            "{:02x?} retain {}",
            case.payload, case.retain
        );
    }
}

#[test]
fn cose_form_there_and_back() {
    let file = vectors::cose();
    for pair in &file.pairs {
        let (sealed, full) = (pair.sealed(), pair.cose());
        let mut out = vec![0xaa; sealed.len() + cose::MAX_EXTRA_LEN];
        let len = cose::expand(&sealed, &mut out).unwrap();
        assert_eq!(out[..len], full, "{}", pair.name);
        let mut back = vec![0xaa; sealed.len()];
        assert_eq!(
            cose::compact(&full, &mut back),
            Ok(sealed.len()),
            "{}",
            pair.name
        );
        assert_eq!(back, sealed, "{}", pair.name);
        assert!(cose::expand(&sealed, &mut out[..len - 1]).is_err());
        assert!(cose::compact(&full, &mut back[1..]).is_err());
    }
    let mut out = [0xaa; 4096];
    for case in &file.refused_full {
        assert!(
            cose::compact(&case.cose, &mut out).is_err(),
            "{}",
            case.name
        );
    }
    for case in &file.refused_compact {
        assert!(
            cose::expand(&case.sealed, &mut out).is_err(),
            "{}",
            case.name
        );
    }
    assert_eq!(out, [0xaa; 4096], "a refused form was written");
}

#[test]
fn a_general_cose_library_opens_what_this_one_sealed() {
    let target = std::path::Path::new(env!("CARGO_TARGET_TMPDIR"));
    let oracle = vectors::Oracle::prepare(target).unwrap();
    let mut questions = Vec::new();
    let mut answers = Vec::new();
    for case in vectors::sealed()
        .messages
        .iter()
        .filter(|case| !case.topic.to_text().contains('\t'))
    {
        let mut full = vec![0; case.sealed.len() + cose::MAX_EXTRA_LEN];
        let len = cose::expand(&case.sealed, &mut full).unwrap();
        full.truncate(len);
        let topic = case.topic.to_text();
        answers.push(Some(case.payload.to_vec()));
        questions.push(vectors::CoseQuestion {
            key: case.sender_key,
            topic: topic.clone(),
            cose: full.clone(),
        });
        // Its modified twin: the same on another topic.
        answers.push(None);
        questions.push(vectors::CoseQuestion {
            key: case.sender_key,
            topic: format!("{topic}x"),
            cose: full,
        });
    }
    assert_eq!(oracle.open_cose(&questions).unwrap(), answers);
}

#[test]
fn provisioning_blobs() {
    let file = vectors::blobs();
    for case in &file.blobs {
        let device = device(&case.client_id, case.generation);
        let (auth, up, down) = (
            AuthSeed::from_bytes(case.auth_seed),
            UpSeed::from_bytes(case.up_seed),
            DownSeed::from_bytes(case.down_seed),
        );
        let mut out = [0xff; 400];
        let len = Blob::write(device, &auth, &up, &down, &mut out).unwrap();
        assert_eq!(out[..len], case.blob, "{}", case.name);
        assert_eq!(len, BLOB_OVERHEAD + case.client_id.len());
        assert!(Blob::write(device, &auth, &up, &down, &mut [0; 106]).is_err());

        assert_eq!(Blob::parse(&out).unwrap_err(), BlobError::TrailingBytes);
        let blob = Blob::parse_partition(&out).unwrap();
        assert_eq!(blob.device(), device);
        assert_eq!(*blob.auth_seed().expose(), case.auth_seed);
        assert_eq!(*blob.up_seed().expose(), case.up_seed);
        assert_eq!(*blob.down_seed().expose(), case.down_seed);
        assert_eq!(blob.encoded_len(), len);
        for end in 0..len {
            assert!(
                Blob::parse(&case.blob[..end]).is_err(),
                "{} cut to {end}",
                case.name
            );
        }
    }
    for case in &file.refused_blobs {
        assert!(Blob::parse(&case.blob).is_err(), "{}", case.name);
    }
}

struct Slots([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Slots {
    type Error = core::convert::Infallible;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        *buf = self.0[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        self.0[slot as usize] = *buf;
        Ok(())
    }
}

#[test]
fn boot_slots_and_starts() {
    let file = vectors::blobs();
    for case in &file.slots {
        let mut slots = Slots([case.slot, [0xff; BOOT_SLOT_LEN]]);
        let boot = match BootRecord::start(&mut slots) {
            Ok(boot) => Some(boot.number() - 3), // the other slot is erased
            Err(BootError::Exhausted) => Some(u32::MAX),
            Err(_) => None,
        };
        assert_eq!(boot, case.boot, "{}", case.name);
    }
    for case in &file.starts {
        let mut slots = Slots([case.slot_a, case.slot_b]);
        let before = slots.0;
        match (BootRecord::start(&mut slots), &case.outcome) {
            (
                Ok(started),
                vectors::StartOutcome::Started {
                    boot,
                    slot_a,
                    slot_b,
                },
            ) => {
                assert_eq!(started.number(), *boot, "{}", case.name);
                assert_eq!(slots.0, [*slot_a, *slot_b], "{}", case.name);
            }
            (Err(BootError::Missing), vectors::StartOutcome::Missing)
            | (Err(BootError::Exhausted), vectors::StartOutcome::UsedUp) => {
                assert_eq!(slots.0, before, "{}: written", case.name);
            }
            (result, expected) => panic!("{}: {result:?}, not {expected:?}", case.name),
        }
    }
}

#[test]
fn an_auth_root_alone_reproduces_every_login_key() {
    // What a broker holds is enough for logins, and the seeds of payloads are not among what it can derive.
    for tree in &vectors::keys().trees {
        let auth = AuthRoot::from_bytes(tree.auth_root);
        for keys in &tree.devices {
            let device = device(&keys.client_id, keys.generation);
            assert_eq!(*auth.seed(device).expose(), keys.auth_seed);
            assert_ne!(*auth.seed(device).expose(), keys.up_seed);
            assert_ne!(keys.up_seed, keys.down_seed);
        }
    }
    let header = Header::parse(&vectors::sealed().messages[0].sealed).unwrap();
    assert_eq!(
        header.generation().get(),
        vectors::sealed().messages[0].generation
    );
}
