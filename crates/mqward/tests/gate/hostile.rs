//! Bytes that nobody meant: an answer for every one of them.

use mqward::{Connect, Publish, Will};

use crate::policy::{DEVICE, PASSWORD, with_gate};

/// A fixed pseudo-random sequence (xorshift32), so that a failure can be repeated.
struct Bytes(u32);

impl Bytes {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    /// Text that is nearly a topic, an identifier, a share.
    fn text(&mut self) -> Vec<u8> {
        const PIECES: [&[u8]; 16] = [
            b"/",
            b"+",
            b"#",
            b"$share/g/",
            b"$",
            b"%c",
            b"rx/",
            b"rx/device-0123456789ab/",
            DEVICE,
            b"log/device-0123456789ab",
            b"\0",
            b"\xff",
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xef\xbf\xbf",
            b"//////////////////",
        ];
        let n = self.next() % 7;
        (0..n)
            .flat_map(|_| PIECES[usize::try_from(self.next() % 16).unwrap()])
            .copied()
            .collect()
    }
}

#[test]
fn a23_a24_a25_no_input_panics_and_what_passes_is_ones_own() {
    with_gate(|gate| {
        let mut bytes = Bytes(0x9e37_79b9);
        let mut passed = 0;
        for _ in 0..50_000 {
            let (id, topic, payload) = (bytes.text(), bytes.text(), bytes.text());
            let retain = bytes.next() % 2 == 0;
            for id in [&id[..], DEVICE] {
                let verdicts = [
                    gate.publish(
                        id,
                        &Publish {
                            topic: &topic,
                            payload: &payload,
                            retain,
                            packet_len: None,
                        },
                    ),
                    gate.subscribe(id, &topic),
                    gate.deliver(id, &topic),
                ];
                for verdict in verdicts {
                    let text = verdict.explain(gate).to_string();
                    assert!(!text.is_empty());
                    assert_eq!(verdict.is_allowed(), verdict.reason().is_none());
                    if verdict.is_allowed() {
                        passed += 1;
                        // Somewhere it spells the one identifier.
                        assert!(topic.windows(DEVICE.len()).any(|part| part == DEVICE));
                    } else {
                        assert_ne!(verdict.v5(), 0);
                    }
                }
                let connect = Connect {
                    client_id: id,
                    user_name: Some(&topic),
                    password: Some(PASSWORD),
                    will: Some(Will {
                        topic: &topic,
                        payload: &payload,
                        retain,
                    }),
                    packet_len: Some(topic.len()),
                };
                assert!(!gate.connect(&connect).is_allowed(), "{connect:?}");
            }
        }
        assert!(passed > 1_000, "{passed}");
    });
}

#[test]
fn largest_input() {
    with_gate(|gate| {
        for topic in [vec![b'a'; 65_535], vec![b'/'; 10_000], vec![0xff; 1 << 20]] {
            assert!(!gate.subscribe(DEVICE, &topic).is_allowed());
            assert!(!gate.deliver(DEVICE, &topic).is_allowed());
            assert!(!gate.deliver(&topic, b"all").is_allowed());
        }
    });
}
