//! Whom a gate asks about topics: the rules of its roles, plain or compiled.

#[cfg(feature = "alloc")]
use mqward_topic::CompiledAcl;
use mqward_topic::{Acl, ClientId, Decision, TopicFilter, TopicName};

#[cfg(feature = "alloc")]
use crate::CompiledRoles;
use crate::Role;

/// The roles of a gate.
#[derive(Copy, Clone, Debug)]
pub(crate) enum Roles<'a> {
    Plain(&'a [Role<'a>]),
    #[cfg(feature = "alloc")]
    Compiled(&'a CompiledRoles<'a>),
}

// The C library keeps a gate in memory of this size, whatever else is built with it.
#[cfg(feature = "alloc")]
const _: () = assert!(size_of::<Roles<'_>>() == size_of::<&[Role<'_>]>());

impl<'a> Roles<'a> {
    pub(crate) const fn list(self) -> &'a [Role<'a>] {
        match self {
            Self::Plain(roles) => roles,
            #[cfg(feature = "alloc")]
            Self::Compiled(compiled) => compiled.roles(),
        }
    }

    /// The rules of `role`, which is in this place.
    #[cfg_attr(
        not(feature = "alloc"),
        allow(
            unused_variables,
            reason = "only what is compiled lies beside its role"
        )
    )]
    pub(crate) fn judge(self, index: usize, role: &'a Role<'a>) -> Judge<'a> {
        match self {
            #[cfg(feature = "alloc")]
            Self::Compiled(compiled) => compiled
                .acl(index)
                .map_or(Judge::Plain(Acl::new(role.rules)), Judge::Compiled),
            Self::Plain(_) => Judge::Plain(Acl::new(role.rules)),
        }
    }
}

/// The rules of one role.
#[derive(Copy, Clone)]
pub(crate) enum Judge<'a> {
    Plain(Acl<'a>),
    #[cfg(feature = "alloc")]
    Compiled(&'a CompiledAcl<'a>),
}

impl Judge<'_> {
    pub(crate) fn publish(self, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        match self {
            Self::Plain(acl) => acl.publish(client, topic),
            #[cfg(feature = "alloc")]
            Self::Compiled(acl) => acl.publish(client, topic),
        }
    }

    pub(crate) fn deliver(self, client: ClientId<'_>, topic: TopicName<'_>) -> Decision {
        match self {
            Self::Plain(acl) => acl.deliver(client, topic),
            #[cfg(feature = "alloc")]
            Self::Compiled(acl) => acl.deliver(client, topic),
        }
    }

    pub(crate) fn subscribe(self, client: ClientId<'_>, filter: TopicFilter<'_>) -> Decision {
        match self {
            Self::Plain(acl) => acl.subscribe(client, filter),
            #[cfg(feature = "alloc")]
            Self::Compiled(acl) => acl.subscribe(client, filter),
        }
    }
}
