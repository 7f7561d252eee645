#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod audit_log;
mod device;
mod device_file;
mod fleet;
mod guard;
mod key_source;
mod login;
mod login_history;
mod policy;
mod policy_error;
mod policy_file;
mod private_file;
mod registry;
mod replay_store;
mod rule_set;

pub use device::{
    DeviceClock, DeviceRecord, DeviceRule, DeviceStage, GenerationRecord, NewDevice, Revocation,
    UnknownWord,
};
pub use guard::Guard;
pub use login::{LoginRequest, Outcome};
pub use policy::Policy;
pub use policy_error::PolicyError;
pub use registry::{LineError, Registry, RegistryError};
pub use replay_store::{ColdStart, MemoryReplayStore, ReplayStore, StoreUnavailable};
