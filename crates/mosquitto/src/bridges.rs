//! Bridges of this broker, of which a plugin is told nothing but the messages that come in over them.

use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// How many bridges are told of one by one. There are few, by the nature of their configuration.
const TOLD: usize = 64;

/// Finds messages that were published though nobody was asked about them: what a bridge brings in.
///
/// Mosquitto asks about a PUBLISH and tells of its message right after that, in one piece, so a message of another
/// client than the one that was asked about last is one that bypassed the rules.
#[derive(Debug, Default)]
pub(crate) struct Bridges {
    asked: AtomicUsize,
    known: Mutex<BTreeSet<Box<[u8]>>>,
}

impl Bridges {
    /// The broker asks about a PUBLISH of the connection `key`.
    pub(crate) fn ask(&self, key: usize) {
        self.asked.store(key, Ordering::Relaxed);
    }

    /// The broker tells of a message of `client_id` on `key`; whether that is a bridge not heard of before.
    pub(crate) fn is_new(&self, key: usize, client_id: Option<&[u8]>) -> bool {
        if self.asked.load(Ordering::Relaxed) == key {
            return false;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < TOLD && known.insert(client_id.unwrap_or_default().into())
    }

    /// Has every bridge told of again, after a reload.
    pub(crate) fn forget(&self) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.clear();
    }
}
