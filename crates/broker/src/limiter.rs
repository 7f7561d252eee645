//! The limiter of failures: of what they write to the log, and of how often a breach ends a connection.

use core::hash::{BuildHasher, Hash};
use core::net::IpAddr;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::collections::hash_map::RandomState;

use mqward::UnixTime;

use crate::services::LimiterRule;

/// How many buckets a table has. Keys that fall into the same one share it.
const BUCKETS: usize = 4096;
/// What a failure weighs: leaks by whole units every second.
const WEIGHT: u32 = 60;

/// How many logins in a row of one client are logged one by one, and how many a minute: far above what honest devices need.
const ADMISSIONS: LimiterRule = LimiterRule {
    failures: 600,
    per_minute: 60,
    closes: None,
};

/// Counts failures in a fixed number of leaky buckets; nobody can make it grow.
///
/// **It never refuses anybody.** Every password is verified, and one that is right is admitted whatever happened
/// before: with a lock, anyone could lock out a victim by failing in its name, and thousands of devices share one
/// address. A verification costs a microsecond. What a flood of failures would use up is the log, and what an endless
/// loop of reconnects would is everything; those are limited. So a shared bucket does no harm: a neighbour's failures
/// are counted together with others, no more.
#[derive(Debug)]
pub(crate) struct Limiter {
    hasher: RandomState,
    addresses: Box<[Bucket]>,
    clients: Box<[Bucket]>,
    closes: Box<[Bucket]>,
    admissions: Box<[NamedBucket]>,
}

/// A bucket of the one key that was counted last, so that a whole fleet coming back at once is not taken for one client.
#[derive(Debug, Default)]
struct NamedBucket {
    /// Half of a hash of the key.
    name: AtomicU32,
    bucket: Bucket,
}

#[derive(Debug, Default)]
struct Bucket {
    /// When it was last counted into, in seconds, above; how full it is, below.
    state: AtomicU64,
    over: AtomicU32,
}

/// What to do about a failure that was counted.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Counted {
    /// Below the limit; so many before it were not.
    Within { over_before: u32 },
    /// The first one above.
    First,
    /// One more above.
    Over,
}

/// Who an address stands for.
#[derive(Hash)]
enum Origin<'a> {
    V4([u8; 4]),
    /// Whoever has one address of IPv6 has all of its /64.
    V6([u16; 4]),
    Other(&'a str),
}

impl<'a> Origin<'a> {
    fn of(address: Option<&'a str>) -> Self {
        let text = address.unwrap_or("");
        match text.parse() {
            Ok(IpAddr::V4(address)) => Self::V4(address.octets()),
            Ok(IpAddr::V6(address)) => match address.to_ipv4_mapped() {
                Some(address) => Self::V4(address.octets()),
                None => {
                    let [a, b, c, d, ..] = address.segments();
                    Self::V6([a, b, c, d])
                }
            },
            Err(_) => Self::Other(text),
        }
    }
}

impl Default for Limiter {
    fn default() -> Self {
        let table = || (0..BUCKETS).map(|_| Bucket::default()).collect();
        Self {
            hasher: RandomState::new(),
            addresses: table(),
            clients: table(),
            closes: table(),
            admissions: (0..BUCKETS).map(|_| NamedBucket::default()).collect(),
        }
    }
}

impl Limiter {
    /// A login failed and proved nothing: whoever it was came from this address.
    pub(crate) fn failure_of_address(
        &self,
        address: Option<&str>,
        now: UnixTime,
        rule: &LimiterRule,
    ) -> Counted {
        self.count_in(&self.addresses, Origin::of(address), now, rule)
    }

    /// A login was left to the broker, which does not tell how it went: whoever it was came from this address.
    pub(crate) fn deferral_of_address(
        &self,
        address: Option<&str>,
        now: UnixTime,
        rule: &LimiterRule,
    ) -> Counted {
        let key = ("deferred", Origin::of(address));
        self.count_in(&self.addresses, key, now, rule)
    }

    /// A client that proved who it is did something wrong.
    pub(crate) fn breach_of_client(
        &self,
        client_id: &[u8],
        now: UnixTime,
        rule: &LimiterRule,
    ) -> Counted {
        self.count_in(&self.clients, client_id, now, rule)
    }

    /// A client did something that enforcement would refuse. Each reason counts for itself: a dry run that hears the
    /// loudest alone would say too little.
    pub(crate) fn report_of_client(
        &self,
        client_id: &[u8],
        reason: &str,
        now: UnixTime,
        rule: &LimiterRule,
    ) -> Counted {
        self.count_in(&self.clients, (client_id, reason), now, rule)
    }

    /// A connected client is to be disconnected for a breach on a topic. Above the limit, where the policy sets one, it
    /// is not: its packet alone is refused.
    ///
    /// Clients send a message again that a connection ended over, also after a login with a fresh password: without
    /// this they go on forever. What goes on to other topics is no such loop.
    pub(crate) fn close_of_client(
        &self,
        client_id: &[u8],
        topic: &[u8],
        now: UnixTime,
        rule: &LimiterRule,
    ) -> Counted {
        let Some(closes) = rule.closes else {
            return Counted::Within { over_before: 0 };
        };
        let rule = LimiterRule {
            failures: closes,
            // As many in ten minutes as at once.
            per_minute: closes.div_ceil(10),
            ..*rule
        };
        self.count_in(&self.closes, (client_id, topic), now, &rule)
    }

    /// A client logged in. Who has a key of its own and logs in without end would fill the log as failures would.
    pub(crate) fn admission_of_client(&self, client_id: &[u8], now: UnixTime) -> Counted {
        let hash = self.hasher.hash_one(client_id);
        let place = usize::try_from(hash % BUCKETS as u64);
        let place = place.ok().and_then(|index| self.admissions.get(index));
        let (Some(place), Ok(name)) = (place, u32::try_from(hash >> 32)) else {
            return Counted::Within { over_before: 0 };
        };
        if place.name.swap(name, Ordering::Relaxed) != name {
            place.bucket.state.store(0, Ordering::Relaxed);
            place.bucket.over.store(0, Ordering::Relaxed);
        }
        place.bucket.count(now, &ADMISSIONS)
    }

    fn count_in(
        &self,
        table: &[Bucket],
        key: impl Hash,
        now: UnixTime,
        rule: &LimiterRule,
    ) -> Counted {
        let hash = self.hasher.hash_one(key) % BUCKETS as u64;
        let bucket = usize::try_from(hash)
            .ok()
            .and_then(|index| table.get(index));
        bucket.map_or(Counted::Over, |bucket| bucket.count(now, rule))
    }
}

impl Bucket {
    fn count(&self, now: UnixTime, rule: &LimiterRule) -> Counted {
        let size = rule.failures.saturating_mul(WEIGHT);
        let mut fits = false;
        let update = |state: u64| {
            let [last, level] = split(state);
            let leaked = now
                .get()
                .saturating_sub(last)
                .saturating_mul(rule.per_minute);
            let level = level.saturating_sub(leaked);
            fits = level.saturating_add(WEIGHT) <= size;
            let level = if fits {
                level.saturating_add(WEIGHT)
            } else {
                level
            };
            Some(u64::from(now.get()) << 32 | u64::from(level))
        };
        // The closure always answers.
        let _ = self
            .state
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, update);
        if fits {
            return Counted::Within {
                over_before: self.over.swap(0, Ordering::Relaxed),
            };
        }
        match self.over.fetch_add(1, Ordering::Relaxed) {
            0 => Counted::First,
            _ => Counted::Over,
        }
    }
}

fn split(state: u64) -> [u32; 2] {
    let [a, b, c, d, e, f, g, h] = state.to_be_bytes();
    [
        u32::from_be_bytes([a, b, c, d]),
        u32::from_be_bytes([e, f, g, h]),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: LimiterRule = LimiterRule {
        failures: 3,
        per_minute: 6,
        closes: Some(2),
    };

    fn at(secs: u64) -> UnixTime {
        UnixTime::from_secs(1_767_225_600 + secs).unwrap()
    }

    #[test]
    fn a_bucket_fills_leaks_and_says_how_many_were_above() {
        let limiter = Limiter::default();
        let fail = |secs| limiter.failure_of_address(Some("192.0.2.7"), at(secs), &RULE);
        let within = |over_before| Counted::Within { over_before };
        assert_eq!([fail(0), fail(0), fail(0)], [within(0); 3]);
        assert_eq!(
            [fail(0), fail(1), fail(9)],
            [Counted::First, Counted::Over, Counted::Over]
        );
        // One every ten seconds leaks out.
        assert_eq!([fail(10), fail(10)], [within(3), Counted::First]);
        assert_eq!(
            [fail(1_000), fail(1_000), fail(1_000)],
            [within(1), within(0), within(0)]
        );
        assert_eq!(fail(1_000), Counted::First);
        assert_eq!(
            fail(0),
            Counted::Over,
            "a clock that went back empties nothing"
        );
    }

    #[test]
    fn an_ipv6_network_is_one_address_and_a_mapped_ipv4_address_is_itself() {
        let limiter = Limiter::default();
        let count = |address: &str| limiter.failure_of_address(Some(address), at(0), &RULE);
        for _ in 0..3 {
            assert!(matches!(count("2001:db8::1"), Counted::Within { .. }));
        }
        assert_eq!(count("2001:db8::ffff:1"), Counted::First);
        for _ in 0..3 {
            assert!(matches!(count("192.0.2.1"), Counted::Within { .. }));
        }
        assert_eq!(count("::ffff:192.0.2.1"), Counted::First);
    }

    #[test]
    fn closes_are_fewer_than_failures() {
        let limiter = Limiter::default();
        let close = |secs| limiter.close_of_client(b"device-1", b"x", at(secs), &RULE);
        assert!(matches!(
            [close(0), close(0)],
            [Counted::Within { .. }, Counted::Within { .. }]
        ));
        assert_eq!([close(0), close(30)], [Counted::First, Counted::Over]);
        assert!(matches!(close(60), Counted::Within { over_before: 2 }));
    }

    #[test]
    fn a_fleet_that_comes_back_is_not_one_client_that_never_stops() {
        let limiter = Limiter::default();
        let admit = |id: &str, secs| limiter.admission_of_client(id.as_bytes(), at(secs));
        let within = Counted::Within { over_before: 0 };
        for number in 0..100_000 {
            assert_eq!(admit(&format!("device-{number}"), 0), within);
        }
        for _ in 0..600 {
            assert_eq!(admit("rogue", 0), within);
        }
        let over = [admit("rogue", 0), admit("rogue", 0)];
        assert_eq!(over, [Counted::First, Counted::Over]);
        assert_eq!(admit("rogue", 1), Counted::Within { over_before: 2 });
        // Once a second is no loop.
        for secs in 1_000..3_000 {
            assert_eq!(admit("often", secs), within);
        }
    }

    #[test]
    fn it_does_not_grow() {
        let limiter = Limiter::default();
        for number in 0..100_000_u32 {
            let _ = limiter.breach_of_client(&number.to_be_bytes(), at(0), &RULE);
        }
        assert_eq!(limiter.clients.len(), BUCKETS);
        // What does not fit is over the limit, so however many names there are, the lines are bounded.
        let mut within = 0;
        for number in 0..100_000_u32 {
            let counted = limiter.breach_of_client(&number.to_le_bytes(), at(10), &RULE);
            within += usize::from(matches!(counted, Counted::Within { .. }));
        }
        assert!(within <= BUCKETS, "{within}");
    }
}
