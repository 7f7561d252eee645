//! What the fuzz targets compare with: models written to be read.

mod arena;
mod device;
mod policy;
pub mod stub_broker;
mod topic_sets;
mod window_model;

pub use arena::{Answer, Arena, Argument, Function, Pointee, erase};
pub use device::{Flash, at, device, sealed_messages, uplink};
pub use policy::judge_with_drawn_roles;
pub use topic_sets::{is_subset, matches, meet};
pub use window_model::WindowModel;
