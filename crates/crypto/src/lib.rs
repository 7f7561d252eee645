#![no_std]
#![forbid(unsafe_code)]
#![doc = include_str!("../README.md")]

#[cfg(test)]
extern crate std;

mod aead;
mod base64url;
#[cfg(target_pointer_width = "64")]
mod base64url_words;
mod blob;
mod boot;
mod boot_record;
mod clock_gate;
pub mod cose;
mod crc32;
mod header;
mod identity;
mod judgement;
mod key;
mod latest_mark;
mod login;
mod mac;
mod mark;
#[cfg(target_pointer_width = "64")]
mod one_block;
mod opener;
mod param_error;
mod password;
mod receipt;
mod resume_record;
mod sealer;
mod sender_keys;
mod stamp;
mod stamper;
mod strict_mark;
mod time;
mod time_question;
mod window;
#[cfg(test)]
mod wycheproof;

pub use blob::{BLOB_OVERHEAD, Blob, BlobError, MAX_BLOB_LEN};
pub use boot::Boot;
pub use boot_record::{BOOT_SLOT_LEN, BootError, BootRecord, BootStorage, Slot};
pub use clock_gate::{CLOCK_JUMP_SECS, ClockGate, FIRST_CLOCK_JUMP_SECS};
pub use header::{Class, FrameError, HEADER_LEN, Header, is_sealed_shape};
pub use identity::{Audience, Device, Generation, HardwareId, Sender};
pub use judgement::{Judgement, Ticket, TicketError};
pub use key::{AuthRoot, AuthSeed, DownRoot, DownSeed, LoginKey, Root, SenderKey, UpRoot, UpSeed};
pub use latest_mark::{LatestJudgement, LatestMark};
pub use login::{ClockRule, DEFAULT_WINDOW_SECS, Login, LoginRefusal, LoginTerms};
pub use mark::{Advance, Mark};
pub use opener::{Message, OpenError, Opened, Opener};
pub use param_error::ParamError;
pub use password::{Claim, MalformedPassword, PASSWORD_LEN, Password};
pub use receipt::{AgeError, AgeRule, Direction, Receipt};
pub use resume_record::{RESUME_RECORD_LEN, ResumeRecord};
pub use sealer::{SealError, Sealer, sealed_len};
pub use stamp::{MAX_COUNT, Stamp};
pub use stamper::{LoginStamper, SealStamper, StampError};
pub use strict_mark::StrictMark;
pub use time::{Clock, UnixTime};
pub use time_question::{
    TIME_ANSWER_LEN, TIME_ANSWER_MAX_MS, TimeAnswerError, TimeQuestion, time_answer,
};
pub use window::{ImportError, Window};

/// Bytes of every key and seed.
pub const KEY_LEN: usize = 32;
/// Bytes of every tag.
pub const TAG_LEN: usize = 16;
/// Bytes of a stamp.
pub const STAMP_LEN: usize = 11;
/// Bytes that sealing adds to a payload: header before it, tag behind it.
pub const SEAL_OVERHEAD: usize = HEADER_LEN + TAG_LEN;
/// The longest Client Identifier, in bytes.
pub const MAX_CLIENT_ID_LEN: usize = 255;
/// The longest hardware id, in bytes.
pub const MAX_HARDWARE_ID_LEN: usize = 32;
/// The longest audience, in bytes.
pub const MAX_AUDIENCE_LEN: usize = 64;
/// The longest Topic Name, in bytes (MQTT §1.5.4).
pub const MAX_TOPIC_LEN: usize = 65_535;
