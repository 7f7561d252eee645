//! What the fuzz targets compare with: models written to be read.

mod arena;
mod device;
mod function;
mod policy;
pub mod stub_broker;
mod topic_sets;
mod window_model;

pub use arena::{Arena, Argument, Pointee, erase};
pub use device::{Flash, at, device, sealed_messages, uplink};
pub use function::{Answer, Function};
pub use policy::judge_with_drawn_roles;
pub use topic_sets::{is_subset, matches, meet};
pub use window_model::WindowModel;
