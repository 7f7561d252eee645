//! What the fuzz targets compare with: models written to be read.

mod device;
mod topic_sets;
mod window_model;

pub use device::{Flash, at, device, sealed_messages, uplink};
pub use topic_sets::{is_subset, matches, meet};
pub use window_model::WindowModel;
