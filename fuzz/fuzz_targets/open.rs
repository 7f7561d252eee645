//! Class and clock, changes, topic, payload: a payload opens if it was sealed by us for that topic, and never otherwise; what is refused leaves no plaintext.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::{BootRecord, Class, Clock, OpenError, Opened, Sender, sealed_len};
use mqward_fuzz::{Flash, at, uplink};

const CLASSES: [Class; 4] = [Class::Live, Class::Retained, Class::Will, Class::Stored];

fuzz_target!(|input: &[u8]| {
    let Some(([flags, changes], rest)) = input.split_first_chunk() else {
        return;
    };
    let Some((changes, rest)) = rest.split_at_checked(3 * usize::from(changes % 8)) else {
        return;
    };
    let mut halves = rest.splitn(2, |byte| *byte == b'\n');
    let (Some(topic), Some(data)) = (halves.next(), halves.next()) else {
        return;
    };
    let Ok(topic) = core::str::from_utf8(topic) else {
        return;
    };
    // A key under which nothing is ever sealed: the fuzzer reads operands of comparisons, sealed payloads among them.
    let (_, unused) = uplink(8);
    let mut foreign = data.to_vec();
    let opened = unused.open_in_place(topic, &mut foreign);
    assert_eq!(opened.is_ok(), data.is_empty(), "opened what nobody sealed");
    if matches!(opened, Err(OpenError::Refused)) {
        assert!(foreign.iter().all(|byte| *byte == 0));
    }

    let (sealer, opener) = uplink(9);
    let mut stamper = BootRecord::start(&mut Flash::provisioned(at(0)))
        .unwrap()
        .seal_stamper(Sender::DEVICE, [1; 4])
        .unwrap();
    let clock = if flags & 4 == 0 {
        Clock::Trusted(at(5))
    } else {
        Clock::None
    };
    let mut sealed = vec![0xa5; sealed_len(data.len())];
    let result = sealer.seal(
        &mut stamper,
        CLASSES[usize::from(flags % 4)],
        topic,
        clock,
        data,
        &mut sealed,
    );
    assert_eq!(result.is_ok(), (1..=65_535).contains(&topic.len()));
    if result.is_err() {
        return;
    }
    let mut changed = sealed.clone();
    for change in changes.chunks_exact(3) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]])) % changed.len();
        changed[at] ^= change[2];
    }
    let untouched = changed == sealed;
    match opener.open_in_place(topic, &mut changed) {
        Ok(Opened::Message(message)) => assert!(untouched && message.payload() == data),
        other => assert!(!untouched, "{other:?}"),
    }
    assert!(
        opener
            .open_in_place(&format!("{topic}/"), &mut sealed)
            .is_err()
    );
});
