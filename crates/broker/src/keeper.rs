//! The thread that does what no login waits for: registry, replay store, metrics, log rotation.

use core::panic::AssertUnwindSafe;
use core::time::Duration;
use std::io;
use std::panic::catch_unwind;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::{Builder, JoinHandle};

/// How long a change of a file takes to be seen, at most, beside the time of reading it.
const PERIOD: Duration = Duration::from_secs(1);

/// A thread that ends with its guard.
#[derive(Debug)]
pub(crate) struct Keeper {
    stop: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Starts the thread; `work` is called about once a second, and with `true` a last time.
    ///
    /// # Errors
    /// When the system has no thread to give.
    pub(crate) fn start(mut work: impl FnMut(bool) + Send + 'static) -> io::Result<Self> {
        let (stop, stopped) = channel();
        let thread = Builder::new().name("mqward".to_owned()).spawn(move || {
            loop {
                let is_last = stopped.recv_timeout(PERIOD) != Err(RecvTimeoutError::Timeout);
                // Told by the runtime. Without further rounds no revocation would be seen, and no mark made durable.
                drop(catch_unwind(AssertUnwindSafe(|| work(is_last))));
                if is_last {
                    return;
                }
            }
        })?;
        Ok(Self {
            stop: Some(stop),
            thread: Some(thread),
        })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_one_round_does_not_end_the_next() {
        let (told, rounds) = channel();
        let mut is_first = true;
        let keeper = Keeper::start(move |is_last| {
            if core::mem::take(&mut is_first) {
                std::panic::resume_unwind(Box::new(()));
            }
            let _ = told.send(is_last);
        });
        assert_eq!(rounds.recv(), Ok(false), "a round after the panic");
        drop(keeper.unwrap());
        assert_eq!(rounds.iter().last(), Some(true));
    }
}
