//! Who is logged in on which connection, and who must not be any more.
//!
//! Mosquitto asks about logins, tells of ended connections and asks about packets, all by the address of its client
//! structure. This table tells three things from it:
//!
//! - the broker asking again from somebody logging in: on SIGHUP Mosquitto judges every session once more with the
//!   password of its CONNECT, which was used up then and is outside its window now;
//! - a connection whose login was judged from one whose login nobody asked about, though its structure may lie where
//!   that of a judged one did;
//! - who is connected for certain, for Mosquitto 2.0.11 reads freed memory when a plugin ends a connection that has
//!   ended already.

use core::time::Duration;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use foldhash::fast::RandomState;

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

/// What is known about a client that a packet is to be judged of.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub(crate) enum Standing {
    /// Its connection was let in, and it may stay.
    Trusted,
    /// Its connection was left to the broker, which let it in; whether it may stay was not asked since.
    Deferred,
    /// Its connection was let in, and it has to go.
    Gone,
    /// Nobody asked about the login of its connection, and it has to go.
    Unasked,
    /// It is the session of a connection that was let in and ended: what it gets is kept for it, and a will may be due.
    /// Or it is a new connection of the same client whose structure lies in the same place: the caller has to look.
    Offline {
        /// Nobody revoked it meanwhile.
        may_stay: bool,
    },
    /// Nothing: a session of an earlier broker process, or a connection whose login nobody asked about.
    Unknown,
}

/// A connection that has not ended.
#[derive(Debug)]
struct Open {
    id: Arc<[u8]>,
    standing: Standing,
    name: OtherName,
}

/// A user name that is not the client id: of a device that comes from static passwords (spec §3.4), or of nobody.
type OtherName = Option<Box<[u8]>>;

/// The connections and sessions of one client.
#[derive(Debug)]
struct Session {
    /// Connections that are let in and have not ended, the newest last. More than one during a takeover only.
    open: Vec<usize>,
    /// The structure that keeps the session since the last connection ended.
    offline: Option<usize>,
    /// What that connection logged in with, which the structure keeps.
    name: OtherName,
    may_stay: bool,
    /// Somebody was let in to it, or the broker had it. Whoever was not can name as many clients as he likes.
    is_known: bool,
}

/// A connection that has ended, and how it stood.
#[derive(Debug)]
struct Ended {
    key: usize,
    /// Its client; another one in the same place is not meant.
    id: Option<Arc<[u8]>>,
    standing: Standing,
}

/// Every connection and session that the plugin has met.
#[derive(Debug, Default)]
pub(crate) struct Connections {
    /// Addresses, which no client chooses.
    open: HashMap<usize, Open, RandomState>,
    sessions: HashMap<Arc<[u8]>, Session>,
    /// Connections to end, in this order.
    doomed: VecDeque<(Arc<[u8]>, usize)>,
    /// The connection that ended last: its will is the very next thing to be asked about.
    ended: Option<Ended>,
    /// Set from a reload to the next tick. No CONNECT is read in between, in 2.0.11, 2.0.21 and 2.1.2.
    asking: Option<Instant>,
    ticks: bool,
}

impl Connections {
    /// The broker reloads and will ask about every session again.
    pub(crate) fn reload(&mut self) {
        self.asking = Some(Instant::now());
    }

    /// The broker goes on with its work. What ended before is over, with its will.
    pub(crate) fn tick(&mut self) {
        self.asking = None;
        self.ended = None;
        self.ticks = true;
    }

    /// Whether this broker sends ticks at all.
    pub(crate) const fn has_ticks(&self) -> bool {
        self.ticks
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
        if self.is_open(client_id, key) {
            return Asked::Connection;
        }
        let session = self.sessions.get(client_id);
        match session.filter(|session| session.offline == Some(key)) {
            // The memory of a session that expired may belong to a new connection by now: only the tick
            // proves that nobody could connect since the reload.
            Some(_) if self.ticks => Asked::Session,
            // Read back from the broker's own storage, and nobody has connected to it since.
            None if self.ticks && !addressed => Asked::Session,
            _ => Asked::Login,
        }
    }

    /// `client_id` is logged in on the connection `key`: the broker cannot refuse it any more.
    pub(crate) fn admit(&mut self, client_id: &[u8], key: usize) {
        self.ended = None;
        self.found(client_id, key, Standing::Trusted);
    }

    /// `client_id` on the connection `key` is left to the broker, which may refuse it without a word: it gets an entry
    /// with its first packet.
    pub(crate) fn defer(&mut self, client_id: &[u8], key: usize) {
        self.ended = None;
        if !self.is_open(client_id, key) {
            self.insert(client_id, key, Standing::Deferred);
        }
    }

    /// What the connection `key`, just let in or left to the broker, logged in with.
    pub(crate) fn named(&mut self, key: usize, user_name: Option<&[u8]>) {
        if let Some(open) = self.open.get_mut(&key) {
            open.name = other_name(user_name, &open.id);
        }
    }

    /// The open connection `key` of `client_id` turned out to stand like this.
    pub(crate) fn found(&mut self, client_id: &[u8], key: usize, standing: Standing) {
        let id = self.insert(client_id, key, standing);
        let session = self.session(id);
        session.open.retain(|other| *other != key);
        session.open.push(key);
        match standing {
            Standing::Trusted => session.may_stay = true,
            Standing::Gone => session.may_stay = false,
            // Says nothing about the client whose id it took.
            _ => return,
        }
        session.is_known = true;
    }

    /// The session `key` of `client_id` has no connection that is known here; it was left with this user name.
    pub(crate) fn found_session(
        &mut self,
        client_id: &[u8],
        key: usize,
        user_name: Option<&[u8]>,
        may_stay: bool,
    ) {
        let session = self.session(client_id.into());
        session.offline = Some(key);
        session.name = other_name(user_name, client_id);
        session.may_stay = may_stay;
        session.is_known = true;
    }

    /// The connection `key` ended, of `client_id` if it had one. One that was taken over ends after its successor was
    /// let in.
    pub(crate) fn end(&mut self, client_id: Option<&[u8]>, key: usize) {
        let Some(open) = self.open.remove(&key) else {
            // Nobody asked about its login. Its will comes all the same, now or later, and must not be taken for one
            // of the session whose structure was in the same place.
            self.ended = Some(Ended {
                key,
                id: client_id.map(Arc::from),
                standing: Standing::Unknown,
            });
            let session = client_id.and_then(|id| self.sessions.get_mut(id));
            if let Some(session) = session.filter(|session| session.offline == Some(key)) {
                session.offline = None;
            }
            return;
        };
        self.ended = Some(Ended {
            key,
            id: Some(Arc::clone(&open.id)),
            standing: open.standing,
        });
        let Some(session) = self.sessions.get_mut(&open.id) else {
            return;
        };
        if session.open.last() == Some(&key) {
            // Those before it were taken over: none of them is what the broker knows by this id.
            session.open.clear();
            session.offline = Some(key);
        } else {
            session.open.retain(|other| *other != key);
        }
        if session.offline == Some(key) {
            session.name = open.name;
        }
        if !session.is_known && session.open.is_empty() {
            self.sessions.remove(&open.id);
        }
    }

    /// Somebody asks for something that no session and no will asks for: what ended before is over, with its will.
    pub(crate) fn requested(&mut self) {
        self.ended = None;
    }

    /// How `client_id` on the connection or session `key` stands.
    pub(crate) fn standing(&mut self, client_id: &[u8], key: usize) -> Standing {
        if let Some(open) = self.open.get(&key) {
            if *open.id == *client_id {
                return open.standing;
            }
        }
        let ended = self.ended_standing(client_id, key);
        let session = self.sessions.get(client_id);
        match (ended, session) {
            (Standing::Trusted | Standing::Deferred, _) => {
                match session.is_none_or(|session| session.may_stay) {
                    true => Standing::Trusted,
                    false => Standing::Gone,
                }
            }
            (standing @ (Standing::Gone | Standing::Unasked), _) => standing,
            (_, Some(session)) if session.offline == Some(key) => Standing::Offline {
                may_stay: session.may_stay,
            },
            _ => Standing::Unknown,
        }
    }

    /// Whether the session of `client_id` may have been left by a connection with this user name. One that takes the
    /// place of its structure without a login, by a shared key, has the name of that key.
    pub(crate) fn may_be_left_by(&self, client_id: &[u8], user_name: Option<&[u8]>) -> bool {
        user_name.is_none_or(|name| name == client_id)
            || self
                .sessions
                .get(client_id)
                .is_some_and(|session| session.name.as_deref() == user_name)
    }

    /// How `client_id` stood on `key`, if that is the connection that ended last.
    fn ended_standing(&mut self, client_id: &[u8], key: usize) -> Standing {
        let is_meant =
            |ended: &&mut Ended| ended.key == key && ended.id.as_deref() == Some(client_id);
        let Some(ended) = self.ended.as_mut().filter(is_meant) else {
            return Standing::Unknown;
        };
        let standing = ended.standing;
        // Without ticks nothing else says that its will is over, and that a new connection may be in its place.
        if !self.ticks && matches!(standing, Standing::Trusted | Standing::Deferred) {
            ended.standing = Standing::Unknown;
        }
        standing
    }

    /// Whether `key` is the connection that ended last, so that what is asked about it is its will.
    pub(crate) fn has_just_ended(&self, key: usize) -> bool {
        self.ended.as_ref().is_some_and(|ended| ended.key == key)
    }

    /// All clients with an entry.
    pub(crate) fn clients(&self) -> Vec<Arc<[u8]>> {
        self.sessions.keys().map(Arc::clone).collect()
    }

    /// Those of `client_ids` that have an entry.
    pub(crate) fn clients_of(&self, client_ids: &[String]) -> Vec<Arc<[u8]>> {
        client_ids
            .iter()
            .filter_map(|id| self.sessions.get_key_value(id.as_bytes()))
            .map(|(id, _)| Arc::clone(id))
            .collect()
    }

    /// Whether `client_id` may stay, from now on. A connection that has to go is doomed, and does nothing more.
    pub(crate) fn set_may_stay(&mut self, client_id: &[u8], may_stay: bool) {
        let Some(session) = self.sessions.get_mut(client_id) else {
            return;
        };
        session.may_stay = may_stay;
        let newest = session.open.last().copied();
        if let (false, Some(key)) = (may_stay, newest) {
            if let Some(open) = self.open.get_mut(&key) {
                if *open.id == *client_id && open.standing == Standing::Trusted {
                    open.standing = Standing::Gone;
                }
            }
            self.doom(client_id, key);
        }
    }

    /// Has the connection `key` of `client_id` ended on a tick. Without ticks there is no safe moment for it.
    pub(crate) fn doom(&mut self, client_id: &[u8], key: usize) {
        if self.ticks {
            self.doomed.push_back((client_id.into(), key));
        }
    }

    /// Whether there may be a [next one](Self::next_doomed).
    pub(crate) fn is_any_doomed(&self) -> bool {
        !self.doomed.is_empty()
    }

    /// The next connection to end, with how it stands: certainly what the broker has connected under this id now. It
    /// is told once.
    pub(crate) fn next_doomed(&mut self) -> Option<(Arc<[u8]>, Standing)> {
        while let Some((id, key)) = self.doomed.pop_front() {
            let Some(open) = self.open.get(&key).filter(|open| open.id == id) else {
                continue;
            };
            match self.sessions.get_mut(&id) {
                Some(session) if session.open.last() == Some(&key) => {
                    session.open.clear();
                    session.offline = Some(key);
                    return Some((id, open.standing));
                }
                _ => {}
            }
        }
        None
    }

    fn is_open(&self, client_id: &[u8], key: usize) -> bool {
        let open = self.open.get(&key);
        open.is_some_and(|open| *open.id == *client_id && open.standing != Standing::Unasked)
    }

    fn insert(&mut self, client_id: &[u8], key: usize, standing: Standing) -> Arc<[u8]> {
        let id: Arc<[u8]> = match self.sessions.get_key_value(client_id) {
            Some((id, _)) => Arc::clone(id),
            None => client_id.into(),
        };
        let before = self.open.remove(&key).filter(|open| open.id == id);
        let open = Open {
            id: Arc::clone(&id),
            standing,
            name: before.and_then(|open| open.name),
        };
        self.open.insert(key, open);
        id
    }

    fn session(&mut self, id: Arc<[u8]>) -> &mut Session {
        self.sessions.entry(id).or_insert(Session {
            open: Vec::new(),
            offline: None,
            name: None,
            may_stay: true,
            is_known: false,
        })
    }
}

fn other_name(user_name: Option<&[u8]>, client_id: &[u8]) -> OtherName {
    user_name.filter(|name| *name != client_id).map(Box::from)
}
