//! Rounds in which every contender runs a batch, in an order that rotates.

use std::time::{Duration, Instant};

/// How long a batch takes, about.
const BATCH: Duration = Duration::from_micros(150);

/// One implementation of the operation of a column.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    batch: Box<dyn FnMut(u32) + 'a>,
}

impl<'a> Contender<'a> {
    /// The loop is compiled with the operation, so that a call through a pointer counts once in a batch.
    pub(crate) fn new(name: &'static str, mut operation: impl FnMut() + 'a) -> Self {
        let batch = move |times| {
            for _ in 0..times {
                operation();
            }
        };
        Self {
            name,
            batch: Box::new(batch),
        }
    }

    fn time(&mut self, times: u32) -> Duration {
        forget_upper_halves();
        let start = Instant::now();
        (self.batch)(times);
        start.elapsed()
    }

    /// How often the operation fits into a batch.
    fn calibrated(&mut self) -> u32 {
        let mut times = 1;
        while self.time(times) < BATCH / 2 && times < 1 << 24 {
            times *= 2;
        }
        times
    }
}

/// Zeroes the upper halves of the vector registers, which OpenSSL's batch leaves set: with them, code of SSE and SHA-NI takes up
/// to twice the time on processors of Intel, whoever's code it is.
#[cfg(target_arch = "x86_64")]
fn forget_upper_halves() {
    if std::is_x86_feature_detected!("avx") {
        // SAFETY: the instruction is there, and nothing that is compiled without AVX keeps anything in these halves.
        unsafe { std::arch::asm!("vzeroupper", options(nomem, nostack, preserves_flags)) };
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn forget_upper_halves() {}

/// The median over the rounds of the nanoseconds per operation of each contender.
pub(crate) fn medians(contenders: &mut [Contender<'_>], rounds: usize) -> Vec<f64> {
    let times: Vec<u32> = contenders.iter_mut().map(Contender::calibrated).collect();
    let mut samples = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let elapsed = contenders[index].time(times[index]);
            samples[index].push(elapsed.as_secs_f64() * 1e9 / f64::from(times[index]));
        }
    }
    samples
        .into_iter()
        .map(|mut samples| {
            samples.sort_by(f64::total_cmp);
            samples[samples.len() / 2]
        })
        .collect()
}
