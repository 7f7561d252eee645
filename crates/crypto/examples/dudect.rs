//! Times two classes of input against each other with Welch's t-test, as dudect does.
//!
//! What depends on a secret shows as a |t| that grows with the number of samples: above 10 it is there. A comparison
//! that is known to leak has to show, or the machine is too noisy to say anything. Below 10 nothing is proven: the check
//! under memcheck (`tests/constant_time.rs`) looks at every branch, this one at whatever takes time.
//!
//! `cargo run --release -p mqward-crypto --example dudect [samples]`

#![allow(
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a tool that cannot go on stops; nanoseconds are small numbers"
)]

use core::convert::Infallible;
use core::hint::black_box;
use std::process::ExitCode;
use std::time::Instant;

use mqward_crypto::{
    AuthSeed, BOOT_SLOT_LEN, BootRecord, BootStorage, Claim, Class, Clock, ClockRule, Device,
    Generation, HardwareId, LoginKey, LoginTerms, Opener, Sealer, Sender, Slot, UnixTime, UpSeed,
    sealed_len,
};
use subtle::ConstantTimeEq;

/// From here on a difference is taken for real (Reparaz, Balasch, Verbauwhede, "Dude, is my code constant time?", §2).
const LIMIT: f64 = 10.0;
/// Samples are drawn this many at a time, so that drawing them is not what is timed.
const BATCH: usize = 1000;

/// SplitMix64: the same classes and inputs in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next().to_le_bytes()[0];
        }
    }
}

/// The t of the two classes, without the slowest tenth of all samples: interrupts, not code.
fn welch(times: &[(bool, u64)]) -> f64 {
    let mut all: Vec<u64> = times.iter().map(|(_, time)| *time).collect();
    all.sort_unstable();
    let limit = all[all.len() * 9 / 10];
    let [a, b] = [false, true].map(|class| {
        let kept: Vec<f64> = times
            .iter()
            .filter(|(other, time)| *other == class && *time <= limit)
            .map(|(_, time)| *time as f64)
            .collect();
        let count = kept.len() as f64;
        let mean = kept.iter().sum::<f64>() / count;
        let variance = kept.iter().map(|time| (time - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, variance / count)
    });
    (a.0 - b.0) / (a.1 + b.1).sqrt()
}

/// Times `run` on inputs of two classes in random order; `false` is the class that never changes.
fn measure<T>(
    samples: usize,
    mut input: impl FnMut(bool, &mut Random) -> T,
    run: impl Fn(&mut T),
) -> f64 {
    let mut random = Random(1);
    let mut times = Vec::with_capacity(samples);
    while times.len() < samples {
        let mut batch: Vec<(bool, T)> = (0..BATCH)
            .map(|_| {
                let class = random.next() & 1 == 1;
                (class, input(class, &mut random))
            })
            .collect();
        for (class, input) in &mut batch {
            let start = Instant::now();
            run(black_box(input));
            times.push((*class, u64::try_from(start.elapsed().as_nanos()).unwrap()));
        }
    }
    welch(&times)
}

struct Flash([[u8; BOOT_SLOT_LEN]; 2]);

impl BootStorage for Flash {
    type Error = Infallible;

    fn read(&mut self, slot: Slot, buf: &mut [u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
        *buf = self.0[usize::from(slot == Slot::B)];
        Ok(())
    }

    fn write(&mut self, slot: Slot, buf: &[u8; BOOT_SLOT_LEN]) -> Result<(), Infallible> {
        self.0[usize::from(slot == Slot::B)] = *buf;
        Ok(())
    }
}

fn now() -> UnixTime {
    UnixTime::from_secs(1_767_225_600).unwrap()
}

fn device() -> Device<'static> {
    Device::new("device-1", Generation::FIRST).unwrap()
}

/// A password whose tag is right but for one character, or whose characters behind the head are random.
fn password(text: &[u8; 39], class: bool, random: &mut Random) -> [u8; 39] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = *text;
    // Drawn for both classes alike: drawing leaves traces in the caches.
    let mut other = text;
    // The last character has two bits that must be zero (RFC 4648 §3.5).
    for digit in &mut other[18..38] {
        *digit = DIGITS[usize::from(random.next().to_le_bytes()[0] & 63)];
    }
    text[37] = if text[37] == b'A' { b'B' } else { b'A' };
    if class { other } else { text }
}

/// Forty bytes, that never change or are random.
fn bytes<const N: usize>(class: bool, random: &mut Random) -> [u8; N] {
    let mut drawn = [0; N];
    random.fill(&mut drawn);
    if class { drawn } else { [0; N] }
}

fn main() -> ExitCode {
    let samples = std::env::args()
        .nth(1)
        .map_or(500_000, |text| text.parse().unwrap());
    let mut flash = Flash([[0xff; BOOT_SLOT_LEN]; 2]);
    BootRecord::provision(&mut flash, now()).unwrap();
    let mut boot = BootRecord::start(&mut flash).unwrap();
    let (mut logins, mut seals) = (
        boot.login_stamper().unwrap(),
        boot.seal_stamper(Sender::DEVICE, [7; 4]).unwrap(),
    );
    let key = LoginKey::from_bytes([2; 32]);
    let minted = logins.mint(&key, device(), Clock::Trusted(now())).unwrap();
    let text: [u8; 39] = *minted.as_bytes();
    let terms = LoginTerms::new(60, ClockRule::Required).unwrap();
    let seed = UpSeed::from_bytes([4; 32]);
    let hardware = HardwareId::new(b"\x24\x6f").unwrap();
    let sealer = Sealer::uplink(&seed, device(), hardware, Sender::DEVICE).unwrap();
    let opener = Opener::uplink(&seed, device(), hardware, Sender::DEVICE).unwrap();
    let mut seal = |payload: &[u8; 64]| {
        let mut sealed = [0; sealed_len(64)];
        sealer
            .seal(
                &mut seals,
                Class::Live,
                "t",
                Clock::Trusted(now()),
                payload,
                &mut sealed,
            )
            .unwrap();
        sealed
    };
    let whole = seal(&[0; 64]);
    let open = |sealed: &mut [u8; 94]| {
        let _ = black_box(opener.open_in_place("t", sealed).is_ok());
    };

    let results = [
        (
            "password verification, wrong tags",
            measure(
                samples,
                |class, random| password(&text, class, random),
                |text| {
                    let verified = Claim::parse(text)
                        .map(|claim| claim.verify(&key, true, "device-1", &terms, now()));
                    let _ = black_box(verified.is_ok());
                },
            ),
        ),
        (
            "base64url decoding of tags",
            measure(
                samples,
                |class, random| password(&text, class, random),
                |text| {
                    for _ in 0..8 {
                        let _ = black_box(Claim::parse(black_box(text)).is_ok());
                    }
                },
            ),
        ),
        (
            "comparison of keys",
            measure(
                samples,
                |class, random| {
                    let mut other = bytes(class, random);
                    other[31] |= 1;
                    AuthSeed::from_bytes(other)
                },
                |other| {
                    let zero = AuthSeed::from_bytes([0; 32]);
                    for _ in 0..64 {
                        black_box(black_box(&zero).ct_eq(black_box(other)).unwrap_u8());
                    }
                },
            ),
        ),
        (
            "opening, wrong tags",
            measure(
                samples,
                |class, random| {
                    let mut sealed = whole;
                    let tag: [u8; 16] = bytes(true, random);
                    sealed[93] ^= 1;
                    if class {
                        sealed[78..].copy_from_slice(&tag);
                    }
                    sealed
                },
                open,
            ),
        ),
        (
            "opening, contents",
            measure(
                samples.min(200_000),
                |class, random| seal(&bytes(class, random)),
                open,
            ),
        ),
    ];
    let leak = measure(samples, bytes::<32>, |other| {
        for _ in 0..64 {
            let (zero, other) = (black_box([0_u8; 32]), black_box(&*other));
            black_box(zero.iter().zip(other).position(|(a, b)| a != b));
        }
    });

    println!("{samples} samples each; a difference is taken for real from |t| = {LIMIT} on");
    let mut right = true;
    for (what, t) in results {
        let constant = t.abs() < LIMIT;
        right &= constant;
        println!(
            "{what:<36} t = {t:>8.2}  {}",
            if constant { "no difference" } else { "LEAKS" }
        );
    }
    let found = leak.abs() >= LIMIT;
    let verdict = if found {
        "found, as it must be"
    } else {
        "NOT FOUND: this machine is too noisy"
    };
    println!(
        "{:<36} t = {leak:>8.2}  {verdict}",
        "a comparison that leaks"
    );
    if right && found {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
