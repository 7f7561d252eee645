//! Three lines, two filters and a name: parse-print-parse, and the fast comparisons equal trying names.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::{Subscription, TopicFilter, TopicName};
use mqward_fuzz::{is_subset, matches, meet};

fuzz_target!(|data: &[u8]| {
    if let Ok(subscription) = Subscription::from_bytes(data) {
        let share = subscription
            .share_name()
            .map_or(String::new(), |name| format!("$share/{name}/"));
        assert_eq!(format!("{share}{}", subscription.filter()).as_bytes(), data);
    }
    let mut lines = data.splitn(3, |byte| *byte == b'\n');
    let (Some(a), Some(b), Some(name)) = (lines.next(), lines.next(), lines.next()) else {
        return;
    };
    if let Ok(name) = TopicName::from_bytes(name) {
        assert_eq!(TopicName::new(&name.to_string()), Ok(name));
        if let Ok(filter) = TopicFilter::from_bytes(a) {
            assert_eq!(
                filter.matches(name),
                matches(filter.as_str(), name.as_str())
            );
        }
    }
    let (Ok(a), Ok(b)) = (TopicFilter::from_bytes(a), TopicFilter::from_bytes(b)) else {
        return;
    };
    assert_eq!(TopicFilter::new(&a.to_string()), Ok(a));
    assert_eq!(a.covers(b), is_subset(b.as_str(), &[a.as_str()]));
    assert_eq!(a.overlaps(b), meet(a.as_str(), b.as_str()));
});
