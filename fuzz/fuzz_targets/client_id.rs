//! Two lines with a rule each (class, shortest, spread, prefix), then an identifier: judged as the grammar reads, and the rules meet exactly if some identifier fits both.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::{CharClass, ClientId, ClientIdRule, Pattern, TopicName};

const CLASSES: [CharClass; 5] = [
    CharClass::Digits,
    CharClass::LowerHex,
    CharClass::Hex,
    CharClass::Word,
    CharClass::WordDot,
];

fn rule(line: &[u8]) -> Option<ClientIdRule<'_>> {
    let ([class, min, more], prefix) = line.split_first_chunk()?;
    let min = usize::from(min % 24);
    let prefix = core::str::from_utf8(prefix).ok()?;
    ClientIdRule::new(
        prefix,
        CLASSES[usize::from(class % 5)],
        min,
        min + usize::from(more % 24),
    )
    .ok()
}

fuzz_target!(|data: &[u8]| {
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let (Some(a), Some(b), Some(id)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    let legal = |byte: &u8| byte.is_ascii_graphic() && !b"+#/$%*".contains(byte);
    let parsed = ClientId::from_bytes(id);
    assert_eq!(
        parsed.is_ok(),
        (1..=255).contains(&id.len()) && id.iter().all(legal)
    );
    let Some(a) = rule(a) else { return };
    if let Ok(id) = parsed {
        let rest = id.as_str().strip_prefix(a.prefix());
        let fits = rest.is_some_and(|rest| rest.bytes().all(|byte| a.class().contains(byte)))
            && (a.min_len()..=a.max_len()).contains(&id.as_str().len());
        assert_eq!(a.check(id).is_ok(), fits);
        let topic = format!("tx/{}/t", id.as_str());
        let owner = Pattern::new("tx/%c/#")
            .unwrap()
            .client_id(TopicName::new(&topic).unwrap());
        assert_eq!(owner, Some(id));
    }
    // Whatever fits both begins with both prefixes, and goes on with what every class holds.
    let Some(b) = rule(b) else { return };
    let meets = [a.prefix(), b.prefix()].iter().any(|prefix| {
        (0..=255 - prefix.len()).any(|more| {
            let id = format!("{prefix}{}", "0".repeat(more));
            ClientId::new(&id).is_ok_and(|id| a.check(id).is_ok() && b.check(id).is_ok())
        })
    });
    assert_eq!((a.overlaps(&b), b.overlaps(&a)), (meets, meets));
});
