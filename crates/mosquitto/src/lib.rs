#![doc = include_str!("../README.md")]

#[cfg(panic = "abort")]
compile_error!("a panic must become a refusal: build this crate with panic = \"unwind\"");

mod bridges;
mod connections;
mod entry;
mod log_budget;
mod options;
mod plugin;
mod presence;
mod sys;
mod unwind;
