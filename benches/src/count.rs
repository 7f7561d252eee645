//! Operations whose instructions are counted: `side-by-side --count NAME TIMES` runs one of them so often.
//!
//! `cargo xtask bench` does that under callgrind with two numbers of times and divides the difference, so that neither the start of
//! the program counts nor what prepares an operation.

use std::error::Error;
use std::hint::black_box;

use mqward::{
    BOOT_SLOT_LEN, BootRecord, BootStorage, Clock, Device, Generation, LoginKey, Slot, UnixTime,
};
use mqward_aead::{Aad, Path};
use mqward_topic::{Access, ClientId, CompiledAcl, Effect, Pattern, Rule, TopicFilter, TopicName};
use sha2::block_api::compress256;

use crate::{login, topics};

/// Prints what is counted, one operation a line, and first what of the processor decides the numbers.
pub(crate) fn list() {
    let sha = if has_sha() { "SHA-NI" } else { "no SHA-NI" };
    println!("{}, {sha}", Path::best().name());
    for path in Path::available() {
        for len in [16, 64, 256] {
            println!("seal {len} {}", path.name());
            println!("open {len} {}", path.name());
        }
    }
    println!("read and check a login - compress ten blocks");
    println!("mint a password - compress four blocks");
    println!("match 4096 pairs");
    println!("decide by the last of 1000 rules");
}

#[cfg(target_arch = "x86_64")]
fn has_sha() -> bool {
    std::is_x86_feature_detected!("sha")
}

#[cfg(not(target_arch = "x86_64"))]
fn has_sha() -> bool {
    false
}

/// Runs an operation of the list so many times.
pub(crate) fn run(name: &str, times: u32) -> Result<(), Box<dyn Error>> {
    let words: Vec<&str> = name.split(' ').collect();
    match (name, &words[..]) {
        (_, ["seal", len, path]) => sealing(len.parse()?, path, false, times),
        (_, ["open", len, path]) => sealing(len.parse()?, path, true, times),
        ("read and check a login", _) => login::repeat(times),
        ("mint a password", _) => minting(times),
        ("compress ten blocks", _) => compressing(10, times),
        ("compress four blocks", _) => compressing(4, times),
        ("match 4096 pairs", _) => matching(times),
        ("decide by the last of 1000 rules", _) => deciding(times),
        _ => Err("no such operation".into()),
    }
}

/// What SHA-256 takes of a login or a password.
fn compressing(blocks: usize, times: u32) -> Result<(), Box<dyn Error>> {
    let mut state = [1; 8];
    for _ in 0..times {
        for _ in 0..blocks {
            compress256(black_box(&mut state), black_box(&[[7; 64]]));
        }
    }
    Ok(())
}

fn sealing(len: usize, path: &str, opens: bool, times: u32) -> Result<(), Box<dyn Error>> {
    let path = Path::available().find(|known| known.name() == path);
    let path = path.ok_or("this processor has no such path")?;
    let (key, nonce) = ([7; 32], [9; 12]);
    let aad = Aad {
        head: &[1; 16],
        tail: &[2; 16],
    };
    let mut message = vec![3; len];
    let seal = |message: &mut [u8]| {
        let tag = path.seal(black_box(&key), black_box(&nonce), black_box(&aad), message);
        tag.ok_or("a message is not sealed")
    };
    if !opens {
        for _ in 0..times {
            seal(black_box(&mut message))?;
        }
        return Ok(());
    }
    let tag = seal(&mut message)?;
    let sealed = message.clone();
    for _ in 0..times {
        message.copy_from_slice(&sealed);
        let message = black_box(&mut message[..]);
        path.open(black_box(&key), &nonce, &aad, message, black_box(&tag))
            .ok_or("a message is not opened")?;
    }
    Ok(())
}

struct Slots([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Slots {
    type Error = std::convert::Infallible;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        *buf = self.0[slot as usize];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Self::Error> {
        self.0[slot as usize] = *buf;
        Ok(())
    }
}

fn minting(times: u32) -> Result<(), Box<dyn Error>> {
    let now = UnixTime::from_secs(1_767_225_600).ok_or("a time in range")?;
    let mut slots = Slots([BootRecord::first_slot(now), [0xff; BOOT_SLOT_LEN]]);
    let mut boot = BootRecord::start(&mut slots).map_err(|_| "no boot")?;
    let mut stamper = boot.login_stamper().ok_or("no stamper")?;
    let key = LoginKey::from_bytes([7; 32]);
    let device = Device::new("device-0123456789ab", Generation::FIRST)?;
    for _ in 0..times {
        black_box(stamper.mint(black_box(&key), device, Clock::Trusted(now))?);
    }
    Ok(())
}

/// The whole mixed set each time.
fn matching(times: u32) -> Result<(), Box<dyn Error>> {
    let texts = topics::pairs();
    let mut typed = Vec::new();
    for (filter, topic) in &texts {
        typed.push((TopicFilter::new(filter)?, TopicName::new(topic)?));
    }
    for _ in 0..times {
        for (filter, topic) in &typed {
            black_box(black_box(filter).matches(black_box(*topic)));
        }
    }
    Ok(())
}

/// The last of a thousand rules.
fn deciding(times: u32) -> Result<(), Box<dyn Error>> {
    let patterns: Vec<_> = (0..1000).map(topics::pattern).collect();
    let mut rules = Vec::new();
    for pattern in &patterns {
        rules.push(Rule {
            effect: Effect::Allow,
            access: Access::Publish,
            pattern: Pattern::new(pattern)?,
            sealed: false,
        });
    }
    let compiled = CompiledAcl::new(&rules);
    let client = ClientId::new("device-0123456789ab")?;
    let topic = TopicName::new(&patterns[999])?;
    for _ in 0..times {
        let decision = black_box(&compiled).publish(black_box(client), black_box(topic));
        if !black_box(decision).is_allowed() {
            return Err("the last rule does not allow".into());
        }
    }
    Ok(())
}
