//! How long a broker waits for a verdict of the gate, from the bytes of the packet on.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use mqward::{
    Access, Authentication, CharClass, ClientIdRule, Effect, Gate, Limits, OnRefuse, Pattern,
    Publish, Role, Rule,
};

const DEVICE: &[u8] = b"device-0123456789ab";

fn rule(effect: Effect, access: Access, pattern: &str) -> Rule<'_> {
    Rule {
        effect,
        access,
        pattern: Pattern::new(pattern).expect("a pattern"),
        sealed: false,
    }
}

fn role<'a>(name: &'a str, prefix: &'a str, rules: &'a [Rule<'a>]) -> Role<'a> {
    Role {
        name,
        client_id: ClientIdRule::new(prefix, CharClass::LowerHex, 1, 64).expect("a rule"),
        authentication: Authentication::Mqward,
        limits: Limits::default(),
        on_refuse: OnRefuse::Close,
        rules,
    }
}

fn verdict(c: &mut Criterion) {
    let device_rules = [
        rule(Effect::Allow, Access::Publish, "tx/%c/#"),
        rule(Effect::Allow, Access::Subscribe, "rx/%c/#"),
        rule(Effect::Deny, Access::Subscribe, "rx/%c/secret/#"),
    ];
    let roles = [
        role("device", "device-", &device_rules),
        role("backend", "backend-", &[]),
    ];
    let gate = Gate::new(&roles).expect("roles apart");

    let publish = Publish {
        topic: b"tx/device-0123456789ab/room/temperature",
        payload: b"21.5",
        retain: false,
        packet_len: None,
    };
    assert!(gate.publish(DEVICE, &publish).is_allowed());
    c.bench_function("publish, 4 levels", |b| {
        b.iter(|| gate.publish(black_box(DEVICE), black_box(&publish)));
    });

    for (name, filter, allowed) in [
        (
            "subscribe, 4 levels",
            &b"rx/device-0123456789ab/room/+"[..],
            true,
        ),
        ("subscribe, 4 levels, refused", b"rx/+/room/#", false),
        (
            "subscribe, 4 levels, shared",
            b"$share/g/rx/device-0123456789ab/room/+",
            true,
        ),
    ] {
        assert_eq!(gate.subscribe(DEVICE, filter).is_allowed(), allowed);
        c.bench_function(name, |b| {
            b.iter(|| gate.subscribe(black_box(DEVICE), black_box(filter)));
        });
    }

    let topic = b"rx/device-0123456789ab/room/lamp";
    assert!(gate.deliver(DEVICE, topic).is_allowed());
    c.bench_function("deliver, 4 levels", |b| {
        b.iter(|| gate.deliver(black_box(DEVICE), black_box(topic)));
    });
}

criterion_group!(benches, verdict);
criterion_main!(benches);
