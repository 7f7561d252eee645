#![no_std]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;

mod acl;
mod client_id;
mod client_id_rule;
#[cfg(feature = "alloc")]
mod compiled_acl;
mod decision;
mod error;
mod filter;
mod inclusion;
mod level;
mod limits;
mod name;
mod pattern;
mod rule;
#[cfg(target_pointer_width = "64")]
mod shape;
mod subscription;
#[cfg(feature = "alloc")]
mod trie;
mod utf8_string;
mod word;

pub use acl::Acl;
pub use client_id::{ClientId, MAX_CLIENT_ID_LEN};
pub use client_id_rule::{CharClass, ClientIdRule};
#[cfg(feature = "alloc")]
pub use compiled_acl::CompiledAcl;
pub use decision::{Decision, Why};
pub use error::{ClientIdError, ClientIdRuleError, PatternError, SyntaxError};
pub use filter::TopicFilter;
pub use limits::{Limit, LimitError, Limits};
pub use name::TopicName;
pub use pattern::Pattern;
pub use rule::{Access, Effect, Rule};
pub use subscription::Subscription;
pub use utf8_string::MAX_STRING_LEN;
