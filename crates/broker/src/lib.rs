#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod audit_log;
mod change_log;
mod core_state;
mod device;
mod device_file;
mod device_gate;
mod fleet;
mod guard;
mod journal;
mod keeper;
mod key_source;
mod limiter;
mod loaded;
mod login;
mod login_history;
mod metrics;
mod policy;
mod policy_error;
mod policy_file;
mod policy_files;
mod private_file;
mod registry;
mod replay_journal;
mod replay_store;
mod replay_table;
mod rounds;
mod rule_set;
mod services;
mod stages;

pub use change_log::DeviceChanges;
pub use device::{
    DeviceClock, DeviceRecord, DeviceRule, DeviceStage, GenerationRecord, NewDevice, Revocation,
    UnknownWord,
};
pub use guard::Guard;
pub use login::{LoginRequest, Outcome};
pub use policy::Policy;
pub use policy_error::PolicyError;
pub use registry::{LineError, Registry, RegistryError};
pub use replay_journal::{ReplayError, ReplayJournal, ReplayMark, ReplayStart};
pub use replay_store::{ColdStart, MemoryReplayStore, ReplayStore, StoreUnavailable};
pub use stages::read_stages;
