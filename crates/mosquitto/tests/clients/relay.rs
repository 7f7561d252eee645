//! What lies between a client and its broker: it passes bytes on, keeps every CONNECT, and can be cut.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicBool, Ordering};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// A port that leads to the broker while there is one.
pub(crate) struct Relay {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    done: AtomicBool,
    open: Mutex<Vec<TcpStream>>,
    connects: Mutex<Vec<Vec<u8>>>,
}

impl Relay {
    pub(crate) fn new(broker: SocketAddr) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if shared.done.load(Ordering::Acquire) {
                    return;
                }
                // With no broker there the client's connection ends at once, and nothing was sent.
                if let Ok(broker) = TcpStream::connect(broker) {
                    shared.pass_on(client, broker);
                }
            }
        });
        Self { address, state }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends every connection.
    pub(crate) fn cut(&self) {
        for stream in locked(&self.state.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// Every CONNECT so far, byte for byte: what somebody who listens has got.
    pub(crate) fn connects(&self) -> Vec<Vec<u8>> {
        locked(&self.state.connects).clone()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.done.store(true, Ordering::Release);
        self.cut();
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    fn pass_on(self: &Arc<Self>, client: TcpStream, broker: TcpStream) {
        let copies = [&client, &client, &broker, &broker].map(TcpStream::try_clone);
        let [Ok(from_client), Ok(kept), Ok(from_broker), Ok(also_kept)] = copies else {
            return;
        };
        locked(&self.open).extend([kept, also_kept]);
        let state = Arc::clone(self);
        thread::spawn(move || {
            let _ = state.upwards(&from_client, &broker);
            let _ = broker.shutdown(Shutdown::Both);
        });
        thread::spawn(move || {
            let _ = io::copy(&mut &from_broker, &mut &client);
            let _ = client.shutdown(Shutdown::Both);
        });
    }

    fn upwards(&self, mut client: &TcpStream, mut broker: &TcpStream) -> io::Result<()> {
        let connect = packet(client)?;
        locked(&self.connects).push(connect.clone());
        broker.write_all(&connect)?;
        io::copy(&mut client, &mut broker).map(drop)
    }
}

/// One MQTT packet: fixed header, Remaining Length (MQTT 5 §1.5.5) and the rest.
fn packet(mut stream: &TcpStream) -> io::Result<Vec<u8>> {
    let mut packet = vec![0];
    stream.read_exact(&mut packet)?;
    let mut length = 0;
    for digit in 0..4 {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        packet.extend(byte);
        length |= usize::from(byte[0] & 0x7f) << (7 * digit);
        if byte[0] < 0x80 {
            break;
        }
    }
    let head = packet.len();
    packet.resize(head + length, 0);
    stream.read_exact(&mut packet[head..])?;
    Ok(packet)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
