//! `check_retain_source`: whether the sender of a retained message might still send it, without anybody sending.

use mqward_testbed::{Publish, Version};

use crate::fleet::{ALICE, BOB, FieldDevice, RELOADED, message, reader, reload};
use crate::live_fleet::{Seen, assert_sound, live_fleet, now, policy};

#[test]
fn senders_are_judged_anew_and_nothing_is_logged_about_them() {
    let (fleet, mut registry) = live_fleet();
    let checked = fleet.setup().line("check_retain_source true");
    let mut broker = checked.start().unwrap();
    for id in [ALICE, BOB] {
        let mut wire = FieldDevice::new(id).log_in(&broker, Version::V5);
        wire.publish(&Publish::new(&format!("tx/{id}/t"), id, 1).retained())
            .unwrap();
        wire.receive().unwrap();
    }
    let alices = (format!("tx/{ALICE}/t"), ALICE.as_bytes().to_vec());
    let bobs = (format!("tx/{BOB}/t"), BOB.as_bytes().to_vec());
    for version in Version::ALL {
        let mut wire = reader(&broker, version);
        let mut both = [message(&mut wire), message(&mut wire)];
        both.sort();
        assert_eq!(both, [alices.clone(), bobs.clone()]);

        // Of a device that was revoked, nothing more.
        let seen = Seen::before(&fleet);
        registry.revoke(BOB, "", now()).unwrap();
        seen.wait(&fleet);
        let mut wire = reader(&broker, version);
        assert_eq!(message(&mut wire), alices);
        assert!(wire.is_open_and_quiet().unwrap());
        let seen = Seen::before(&fleet);
        registry.unrevoke(BOB, now()).unwrap();
        seen.wait(&fleet);

        // Of a role that may not publish, neither.
        let none = policy().replace(r#"publish = [{ allow = "tx/%c/#" }]"#, "publish = []");
        fleet.write("policy.toml", &none);
        reload(&broker, RELOADED);
        assert!(reader(&broker, version).is_open_and_quiet().unwrap());
        fleet.write("policy.toml", &policy());
        reload(&broker, RELOADED);
    }
    // Nobody published, so nobody was refused.
    assert!(
        !fleet.audit().contains(r#""event":"publish""#),
        "{}",
        fleet.audit()
    );
    assert!(
        !broker.log().contains("refused publish"),
        "{}",
        broker.log()
    );
    assert_sound(&mut broker);
}
