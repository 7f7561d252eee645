//! A listener on the wire between a device and its broker.

use core::net::{Ipv4Addr, SocketAddr};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use crate::command::Failure;

/// Passes bytes on in both directions, and keeps what the device said on its first connection.
pub(crate) struct Tap {
    port: u16,
    heard: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Tap {
    /// Listens on a free port of the loopback; its threads end with this process.
    pub(crate) fn before(broker: SocketAddr) -> Result<Self, Failure> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let keep = Arc::clone(&heard);
        thread::spawn(move || {
            for device in listener.incoming().map_while(Result::ok) {
                // A connection that fails is the device's to try again.
                let _ = pass_on(device, broker, &keep);
            }
        });
        Ok(Self { port, heard })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// The first bytes that the device sent: its CONNECT, before which it may say nothing (MQTT 3.1.1 §3.1).
    pub(crate) fn first_connect(&self) -> Result<Vec<u8>, Failure> {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(heard.first().ok_or("the device said nothing")?.clone())
    }
}

fn pass_on(
    device: TcpStream,
    broker: SocketAddr,
    heard: &Arc<Mutex<Vec<Vec<u8>>>>,
) -> io::Result<()> {
    let broker = TcpStream::connect(broker)?;
    let (mut from_broker, mut to_device) = (broker.try_clone()?, device.try_clone()?);
    thread::spawn(move || {
        // The end of one direction is the end of both.
        let _ = io::copy(&mut from_broker, &mut to_device);
        let _ = to_device.shutdown(Shutdown::Both);
    });
    let heard = Arc::clone(heard);
    let (mut from_device, mut to_broker) = (device, broker);
    thread::spawn(move || {
        let mut buf = [0; 2048];
        while let Ok(len @ 1..) = from_device.read(&mut buf) {
            let said = buf.get(..len).unwrap_or_default();
            heard
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(said.to_vec());
            if to_broker.write_all(said).is_err() {
                break;
            }
        }
        let _ = to_broker.shutdown(Shutdown::Both);
    });
    Ok(())
}
