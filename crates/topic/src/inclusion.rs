//! Inclusion of one text of levels in another, eight bytes at a time.

use crate::word;

/// Whether every name that `inner`, a valid Topic Filter, stands for is one that `outer`, a valid Topic
/// Filter, stands for: what [`level::covers`](crate::level::covers) finds out level by level.
///
/// Where both texts have the same bytes, where levels begin is of no interest; only where they differ does `outer` need
/// a wildcard. Linear in the length, and each byte is read a bounded number of times.
pub(crate) fn includes(outer: &str, inner: &str) -> bool {
    let (outer, inner) = (outer.as_bytes(), told(inner).as_bytes());
    // [MQTT-4.7.2-1]
    if let ([b'+' | b'#', ..], [b'$', ..]) = (outer, inner) {
        return false;
    }
    let (mut left, mut right) = (0, 0);
    loop {
        let (a, b) = (word::load(outer, left), word::load(inner, right));
        let equal = word::zeros_before(a ^ b);
        left += equal;
        right += equal;
        if equal == word::LEN {
            // The same eight bytes; or both end here, because a text holds no zero.
            if word::byte(a, word::LEN - 1) == 0 {
                return true;
            }
            continue;
        }
        match (word::byte(a, equal), word::byte(b, equal)) {
            // `+` is narrower than `#`.
            (b'+', b'#') => return false,
            (b'+', _) => {
                left += 1;
                right = word::level_end(inner, right);
            }
            (b'#', _) => return true,
            // `a/#` holds `a` too.
            (b'/', 0) => return outer.get(left..) == Some(b"/#"),
            _ => return false,
        }
    }
}

/// `#` as `+/#` and `/#` as `/+/#`, which are the same sets: see [`Levels`](crate::level::Levels).
pub(crate) fn told(filter: &str) -> &str {
    match filter {
        "#" => "+/#",
        "/#" => "/+/#",
        other => other,
    }
}
