//! When what failed is tried again: later and later, and at once where it lacked room that is there now.

use core::time::Duration;
use std::io;
use std::path::Path;
use std::time::Instant;

/// The first wait, which each failure doubles.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest one.
pub(super) const LONGEST_WAIT: Duration = Duration::from_secs(256);

/// Failures of one kind of work, one after the other; none at first.
#[derive(Debug, Default)]
pub(super) struct Retry {
    failed: Option<Failed>,
}

#[derive(Debug)]
struct Failed {
    at: Instant,
    wait: Duration,
    told: String,
    /// How much room it lacked, where there was less.
    lacked: Option<u64>,
}

impl Retry {
    /// Whether it is time, where nothing is to be waited for longer than `longest`. `room` is asked for in case that there was
    /// too little of it.
    pub(super) fn is_due(
        &self,
        now: Instant,
        longest: Duration,
        room: impl FnOnce() -> Option<u64>,
    ) -> bool {
        let Some(failed) = &self.failed else {
            return true;
        };
        let waited = now.saturating_duration_since(failed.at);
        waited >= failed.wait.min(longest)
            || failed
                .lacked
                .is_some_and(|lacked| room().is_some_and(|room| room >= lacked))
    }

    /// Notes a failure that `wanted` so much room and had `room`; says what the operator has to be told that he was not yet.
    pub(super) fn failed(
        &mut self,
        now: Instant,
        error: &io::Error,
        (wanted, room): (u64, Option<u64>),
    ) -> Option<String> {
        let text = error.to_string();
        let is_full = error.kind() == io::ErrorKind::StorageFull;
        // Where there seemed to be enough, more says nothing.
        let lacked = (is_full && room.is_some_and(|room| room < wanted)).then_some(wanted);
        let before = self.failed.take();
        let wait = before
            .as_ref()
            .map_or(FIRST_WAIT, |failed| (failed.wait * 2).min(LONGEST_WAIT));
        let is_told = before.is_some_and(|failed| failed.told == text);
        self.failed = Some(Failed {
            at: now,
            wait,
            told: text.clone(),
            lacked,
        });
        (!is_told).then_some(text)
    }

    /// Notes that it was done; says whether the operator was told that it had failed.
    pub(super) fn done(&mut self) -> bool {
        self.failed.take().is_some()
    }
}

/// How much room there is for a file beside `path`, in bytes, where the system tells.
#[cfg(unix)]
pub(super) fn room(path: &Path) -> Option<u64> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let found = rustix::fs::statvfs(folder.unwrap_or(Path::new("."))).ok()?;
    found.f_bavail.checked_mul(found.f_frsize)
}

#[cfg(not(unix))]
pub(super) fn room(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew() {
        let mut now = Instant::now();
        let mut retry = Retry::default();
        for _ in 0..2 {
            assert!(retry.is_due(now, LONGEST_WAIT, || None));
            for wait in [1, 2, 4, 8, 16, 32, 64, 128, 256, 256] {
                retry.failed(now, &full(), (1, None));
                let early = now + secs(wait) - Duration::from_nanos(1);
                assert!(!retry.is_due(early, LONGEST_WAIT, || None), "{wait}");
                assert!(retry.is_due(early, secs(wait) / 2, || None), "{wait}");
                now += secs(wait);
                assert!(retry.is_due(now, LONGEST_WAIT, || None), "{wait}");
            }
            assert!(retry.done());
            assert!(!retry.done());
        }
    }

    #[test]
    fn each_reason_is_told_once() {
        let now = Instant::now();
        let mut retry = Retry::default();
        let other = || io::Error::other("another");
        assert!(retry.failed(now, &full(), (1, None)).is_some());
        assert_eq!(retry.failed(now, &full(), (1, None)), None);
        let told = retry.failed(now, &other(), (1, None));
        assert_eq!(told.as_deref(), Some("another"));
        assert_eq!(retry.failed(now, &other(), (1, None)), None);
        assert!(retry.done());
        assert!(retry.failed(now, &other(), (1, None)).is_some());
    }

    #[test]
    fn room_ends_the_wait_where_there_was_too_little() {
        let now = Instant::now();
        let mut retry = Retry::default();
        retry.failed(now, &full(), (100, Some(99)));
        assert!(!retry.is_due(now, LONGEST_WAIT, || Some(99)));
        assert!(!retry.is_due(now, LONGEST_WAIT, || None));
        assert!(retry.is_due(now, LONGEST_WAIT, || Some(100)));
        // Of something else than room, or where it was no help.
        retry.failed(now, &full(), (100, Some(100)));
        assert!(!retry.is_due(now, LONGEST_WAIT, || Some(1000)));
        retry.failed(now, &io::Error::other("another"), (100, Some(99)));
        assert!(!retry.is_due(now, LONGEST_WAIT, || Some(1000)));
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_has_room_and_no_folder_has_none_to_tell_of() {
        let folder = tempfile::tempdir().unwrap();
        assert!(room(&folder.path().join("file")).is_some_and(|room| room > 0));
        assert_eq!(room(&folder.path().join("none").join("file")), None);
    }
}
