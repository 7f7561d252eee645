//! A decision of the compiled list allocates nothing.
#![allow(clippy::unwrap_used, reason = "a test may stop at a broken table")]

use std::alloc::System;

use mqward_topic::{Access, ClientId, CompiledAcl, Effect, Pattern, Rule, TopicFilter, TopicName};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

// One test only: others would be counted too.
#[test]
fn decisions_allocate_nothing() {
    let patterns: Vec<_> = (0..1000)
        .map(|i| format!("site-{i}/+/%c/a-level-of-more-than-16-bytes"))
        .collect();
    let wide: Vec<_> = (0..32)
        .map(|i| {
            (0..5)
                .map(|bit| if i >> bit & 1 == 0 { "a" } else { "+" })
                .collect::<Vec<_>>()
                .join("/")
        })
        .collect();
    let rules: Vec<_> = patterns
        .iter()
        .chain(&wide)
        .flat_map(|pattern| {
            [Access::Publish, Access::Subscribe].map(|access| Rule {
                effect: Effect::Allow,
                access,
                pattern: Pattern::new(pattern).unwrap(),
                sealed: false,
            })
        })
        .collect();
    let region = Region::new(ALLOCATOR);
    let acl = CompiledAcl::new(&rules);
    assert!(region.change().allocations > 0);
    let client = ClientId::new("device-07").unwrap();
    let names = [
        "site-7/x/device-07/a-level-of-more-than-16-bytes",
        "site-7/x",
        "a/a/a/a/a",
        "$x",
    ]
    .map(|name| TopicName::new(name).unwrap());
    let filters = [
        "site-7/+/device-07/a-level-of-more-than-16-bytes",
        "a/#",
        "#",
        "site-7/a/+/#",
    ]
    .map(|filter| TopicFilter::new(filter).unwrap());

    let region = Region::new(ALLOCATOR);
    let mut allowed = 0;
    for name in names {
        allowed += usize::from(acl.publish(client, name).is_allowed());
        allowed += usize::from(acl.deliver(client, name).is_allowed());
    }
    for filter in filters {
        allowed += usize::from(acl.subscribe(client, filter).is_allowed());
    }
    let change = region.change();
    assert_eq!((change.allocations, change.reallocations), (0, 0));
    assert_eq!(allowed, 5);
}
