//! Whose packets count at all, and who has to go: judged beside the rules, by connection.

use core::ffi::c_int;
use core::sync::atomic::Ordering;

use mqward_broker::Outcome;

use crate::connections::Standing;
use crate::plugin::Plugin;
use crate::sys::{self, Access, Client};

/// How many connections end on one tick; the next comes after the packets of everybody else.
const ENDS_PER_TICK: usize = 64;

/// Whose packet the broker asks about.
pub(crate) enum Presence {
    /// A client that was let in, now or in an earlier life of its session: the rules decide.
    In,
    /// Nobody: the broker asks whether the sender of a retained message might still send it.
    Past,
    /// A client that has to go, for this reason.
    Out(&'static str),
}

impl Plugin {
    /// Tells whose packet this is.
    pub(crate) fn presence(&self, access: &Access<'_>, client_id: &[u8]) -> Presence {
        let client = access.client;
        let mut connections = self.connections();
        if !connections.has_ticks() {
            drop(connections);
            self.follow_changes();
            connections = self.connections();
        }
        if is_request(access.kind) {
            connections.requested();
        }
        let standing = connections.standing(client_id, client.key());
        let is_left = matches!(standing, Standing::Offline { .. })
            && connections.may_be_left_by(client_id, client.user_name());
        drop(connections);
        match standing {
            Standing::Trusted => Presence::In,
            Standing::Gone => Presence::Out(REVOKED),
            Standing::Unasked => Presence::Out(UNASKED),
            Standing::Deferred => {
                let may_stay = self.guard.may_stay(client_id);
                let mut connections = self.connections();
                if may_stay {
                    connections.found(client_id, client.key(), Standing::Trusted);
                } else {
                    connections.found(client_id, client.key(), Standing::Gone);
                    connections.doom(client_id, client.key());
                }
                of_right(may_stay)
            }
            // A connection that Mosquitto has closed asks for nothing, and shows no certificate.
            Standing::Offline { may_stay }
                if is_left && !is_request(access.kind) && !client.shows_certificate() =>
            {
                of_right(may_stay)
            }
            // No connection is without address and version: this is the broker's stand-in for a sender.
            Standing::Unknown
                if access.kind == sys::ACL_WRITE
                    && client.address().is_none()
                    && client.protocol_version() == 0 =>
            {
                match self.guard.may_stay(client_id) {
                    true => Presence::Past,
                    false => Presence::Out(REVOKED),
                }
            }
            // A session that the broker has from its own storage. To get at it, its client has to log in.
            Standing::Unknown if client.address().is_none() => {
                let may_stay = self.guard.may_stay(client_id);
                self.connections().found_session(
                    client_id,
                    client.key(),
                    client.user_name(),
                    may_stay,
                );
                of_right(may_stay)
            }
            Standing::Offline { .. } | Standing::Unknown => self.judge_unasked(access, client_id),
        }
    }

    /// Judges a connection whose login nobody asked about, when its first packet comes in.
    fn judge_unasked(&self, access: &Access<'_>, client_id: &[u8]) -> Presence {
        let (client, key) = (access.client, access.client.key());
        let address = client.address();
        let outcome = self
            .guard
            .login_unasked(client_id, client.user_name(), address);
        let presence = match &outcome {
            Outcome::Refuse(verdict) => {
                self.report("login", client, None, verdict);
                sys::log(sys::LOG_NOTICE, UNASKED_HINT);
                Presence::Out(UNASKED)
            }
            Outcome::Defer | Outcome::Admit => Presence::In,
        };
        let is_in = matches!(presence, Presence::In);
        let is_open = is_request(access.kind) || client.shows_certificate();
        let mut connections = self.connections();
        if connections.has_just_ended(key) {
            // Its will, and the last that there is of it.
        } else if !is_open {
            // A session, or a connection with a shared key instead of a certificate: not one to be ended. Under another
            // name it is none that anybody logged in to, and says nothing about who does.
            if connections.may_be_left_by(client_id, client.user_name()) {
                connections.found_session(client_id, key, client.user_name(), is_in);
            }
        } else if is_in {
            connections.found(client_id, key, Standing::Trusted);
        } else {
            connections.found(client_id, key, Standing::Unasked);
            if access.kind == sys::ACL_READ {
                connections.doom(client_id, key);
            }
        }
        presence
    }

    /// Follows what was changed in the registry, or by a reload, and says whether anything was. Costs next to nothing
    /// when that is nothing.
    pub(crate) fn follow_changes(&self) -> bool {
        let seen = self.seen.load(Ordering::Relaxed);
        if self.guard.changes_upto() == seen {
            return false;
        }
        let changes = self.guard.changes_since(seen);
        self.seen.store(changes.upto, Ordering::Relaxed);
        let changed = match &changes.client_ids {
            Some(client_ids) => self.connections().clients_of(client_ids),
            None => self.connections().clients(),
        };
        for client_id in changed {
            let may_stay = self.guard.may_stay(&client_id);
            self.connections().set_may_stay(&client_id, may_stay);
        }
        true
    }

    /// Ends connections that have to go. For ticks alone: inside any other event Mosquitto works on a client.
    pub(crate) fn end_doomed(&self) {
        for _ in 0..ENDS_PER_TICK {
            // Locked for this statement alone: ending a connection calls back into the plugin.
            let doomed = self.connections().next_doomed();
            let Some((client_id, standing)) = doomed else {
                return;
            };
            if standing == Standing::Gone {
                self.guard.note_ended(&client_id, None);
            }
            let why = if standing == Standing::Unasked {
                UNASKED
            } else {
                REVOKED
            };
            let line = format!(
                "mqward: disconnected \"{}\": {why}",
                client_id.escape_ascii()
            );
            sys::log(sys::LOG_NOTICE, &line);
            self.ending.store(true, Ordering::Relaxed);
            sys::kick(&client_id);
            self.ending.store(false, Ordering::Relaxed);
        }
    }

    /// Warns of a message that nobody was asked about.
    pub(crate) fn message(&self, client: Client<'_>) {
        if self.bridges.is_new(client.key(), client.id()) {
            let id = client.id().unwrap_or_default().escape_ascii();
            let line = format!(
                "mqward: warning: messages come in over the bridge \"{id}\", which Mosquitto asks no plugin about: \
                 limit its topics in mosquitto.conf"
            );
            sys::log(sys::LOG_WARNING, &line);
        }
    }
}

/// Taken off the list, revoked, or without a role.
const REVOKED: &str = "revoked";
/// Connected where nobody asked about its login.
const UNASKED: &str = "login not judged";
const UNASKED_HINT: &str = "mqward: its listener takes a certificate for a login \
    (use_identity_as_username, use_subject_as_username): that is for roles with auth = \"broker\", \
    and for client ids that are the name in the certificate";

/// What only a connection asks for: Mosquitto asks about wills and deliveries of sessions too.
const fn is_request(kind: c_int) -> bool {
    matches!(kind, sys::ACL_SUBSCRIBE | sys::ACL_UNSUBSCRIBE)
}

const fn of_right(may_stay: bool) -> Presence {
    if may_stay {
        Presence::In
    } else {
        Presence::Out(REVOKED)
    }
}
