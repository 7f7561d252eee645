//! rumqttc, in a thread of the test.

use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::sync::Arc;
use std::thread::{self, sleep};

use mqward_testbed::Version;
use rumqttc::{MqttOptions, v5};

use crate::{Client, Passwords};

const PAUSE: Duration = Duration::from_millis(300);

/// A thread that goes on until this is dropped and its connection ends.
pub(crate) struct Running(Arc<AtomicBool>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

/// Starts the client.
pub(crate) fn start(client: &Client<'_>) -> Running {
    let done = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&done);
    let (mint, port, passwords) = (client.mint.clone(), client.port, client.passwords);
    let (id, first) = (mint.id, mint.password());
    // After each error, as docs/firmware.md says; without a new password where the old one is to be sent again.
    let next = move || {
        sleep(PAUSE);
        match (ended.load(Ordering::Acquire), passwords) {
            (true, _) => None,
            (false, Passwords::Fresh) => Some(Some(mint.password())),
            (false, Passwords::Old) => Some(None),
        }
    };
    match client.version {
        Version::V3 => {
            let mut options = MqttOptions::new(id, "127.0.0.1", port);
            options.set_credentials(id, first);
            let (client, mut connection) = rumqttc::Client::new(options, 10);
            thread::spawn(move || {
                let _client = client;
                while let Ok(event) = connection.recv() {
                    if event.is_err() {
                        match next() {
                            None => return,
                            Some(None) => {}
                            Some(Some(password)) => {
                                let options = &mut connection.eventloop.mqtt_options;
                                options.set_credentials(id, password);
                            }
                        }
                    }
                }
            });
        }
        Version::V5 => {
            let mut options = v5::MqttOptions::new(id, "127.0.0.1", port);
            options.set_credentials(id, first);
            let (client, mut connection) = v5::Client::new(options, 10);
            thread::spawn(move || {
                let _client = client;
                while let Ok(event) = connection.recv() {
                    if event.is_err() {
                        match next() {
                            None => return,
                            Some(None) => {}
                            Some(Some(password)) => {
                                let options = &mut connection.eventloop.options;
                                options.set_credentials(id, password);
                            }
                        }
                    }
                }
            });
        }
    }
    Running(done)
}
