#![no_std]
#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod acl;
mod client_id;
mod client_id_rule;
mod decision;
mod error;
mod filter;
mod level;
mod limits;
mod name;
mod pattern;
mod rule;
mod subscription;
mod utf8_string;

pub use acl::Acl;
pub use client_id::{ClientId, MAX_CLIENT_ID_LEN};
pub use client_id_rule::{CharClass, ClientIdRule};
pub use decision::{Decision, Why};
pub use error::{ClientIdError, ClientIdRuleError, PatternError, SyntaxError};
pub use filter::TopicFilter;
pub use limits::{Limit, LimitError, Limits};
pub use name::TopicName;
pub use pattern::Pattern;
pub use rule::{Access, Effect, Rule};
pub use subscription::Subscription;
pub use utf8_string::MAX_STRING_LEN;
