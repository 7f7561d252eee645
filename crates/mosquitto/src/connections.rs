//! Who is logged in on which connection: what tells the broker asking again from somebody logging in.
//!
//! On SIGHUP Mosquitto judges every session once more with the password of its CONNECT, which was used up then
//! and is outside its window now. Without this table each log rotation would throw the fleet out.

use core::time::Duration;
use std::collections::HashMap;
use std::time::Instant;

/// How long the broker may be thought to ask again if it sends no tick that ends it: Mosquitto 2.0.11 with
/// `per_listener_settings true` sends none.
const ASKING_LIMIT: Duration = Duration::from_secs(10);

/// What the broker asks about when it asks about a login.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Asked {
    /// A CONNECT that has just come in.
    Login,
    /// A connection that logged in before, asked about again.
    Connection,
    /// A session without a connection, asked about again: its client must log in before it can do anything.
    Session,
}

/// The last session of each client that was admitted here.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    sessions: HashMap<Box<[u8]>, Session>,
    /// Set from a reload to the next tick. No CONNECT is read in between, in 2.0.11, 2.0.21 and 2.1.2.
    asking: Option<Instant>,
    ticks: bool,
}

#[derive(Debug)]
struct Session {
    key: usize,
    connected: bool,
}

impl Connections {
    /// The broker reloads and will ask about every session again.
    pub(crate) fn reload(&mut self) {
        self.asking = Some(Instant::now());
    }

    /// The broker goes on with its work.
    pub(crate) fn tick(&mut self) {
        self.asking = None;
        self.ticks = true;
    }

    /// What a question about `client_id` on the connection `key` is; `addressed` if it has a peer address.
    pub(crate) fn asked(&self, client_id: &[u8], key: usize, addressed: bool) -> Asked {
        let asking = match self.asking {
            Some(since) => self.ticks || since.elapsed() < ASKING_LIMIT,
            None => false,
        };
        if !asking {
            return Asked::Login;
        }
        let session = self
            .sessions
            .get(client_id)
            .filter(|session| session.key == key);
        match session {
            Some(Session {
                connected: true, ..
            }) => Asked::Connection,
            // The memory of a session that expired may belong to a new connection by now: only the tick
            // proves that nobody could connect since the reload.
            Some(_) if self.ticks => Asked::Session,
            // Read back from the broker's own storage, and nobody has connected to it since.
            None if self.ticks && !addressed => Asked::Session,
            _ => Asked::Login,
        }
    }

    /// `client_id` was admitted on the connection `key`, which supersedes any older one.
    pub(crate) fn admit(&mut self, client_id: &[u8], key: usize) {
        self.sessions.insert(
            client_id.into(),
            Session {
                key,
                connected: true,
            },
        );
    }

    /// The connection `key` of `client_id` ended. A connection that was taken over ends after its successor
    /// was admitted, and is not the one in the table any more.
    pub(crate) fn end(&mut self, client_id: &[u8], key: usize) {
        if let Some(session) = self.sessions.get_mut(client_id) {
            session.connected &= session.key != key;
        }
    }
}
