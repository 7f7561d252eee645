//! One TCP connection to a broker, packet by packet.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Instant;

use bytes::BytesMut;

use crate::packet::{self, Connect, Packet, Publish, Version};

/// How long [`Wire::receive`] waits for a packet. Long, for a loaded machine; a healthy broker answers in milliseconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// One connection that speaks MQTT packet by packet and answers nothing by itself.
///
/// Sending to a connection that the broker has closed is no error: [`Wire::receive`] then says [`Packet::Closed`].
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    version: Version,
    received: BytesMut,
}

impl Wire {
    /// Opens the TCP connection; nothing is sent yet.
    ///
    /// # Errors
    /// When the connection is refused or times out.
    pub fn open(address: SocketAddr, version: Version) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream,
            version,
            received: BytesMut::new(),
        })
    }

    /// Opens a connection, sends `connect` and returns it with the broker's answer.
    ///
    /// # Errors
    /// As for [`Wire::open`] and [`Wire::receive`].
    pub fn dial(
        address: SocketAddr,
        version: Version,
        connect: &Connect,
    ) -> Result<(Self, Packet)> {
        let mut wire = Self::open(address, version)?;
        wire.connect(connect)?;
        let answer = wire.receive()?;
        Ok((wire, answer))
    }

    /// The version that this connection speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version
    }

    /// Sends CONNECT.
    ///
    /// # Errors
    /// When the socket fails otherwise than by being closed.
    pub fn connect(&mut self, connect: &Connect) -> Result<()> {
        self.send(&connect.encode(self.version))
    }

    /// Sends PUBLISH.
    ///
    /// # Errors
    /// When the packet cannot be encoded, or the socket fails otherwise than by being closed.
    pub fn publish(&mut self, publish: &Publish) -> Result<()> {
        self.send(&publish.encode(self.version)?)
    }

    /// Sends SUBSCRIBE for all of `filters`, QoS 1, Packet Identifier 2.
    ///
    /// # Errors
    /// As for [`Wire::publish`].
    pub fn subscribe(&mut self, filters: &[&str]) -> Result<()> {
        self.send(&packet::subscribe(self.version, 2, filters)?)
    }

    /// Sends UNSUBSCRIBE for one filter, Packet Identifier 3.
    ///
    /// # Errors
    /// As for [`Wire::publish`].
    pub fn unsubscribe(&mut self, filter: &str) -> Result<()> {
        self.send(&packet::unsubscribe(self.version, 3, filter)?)
    }

    /// Sends PUBREL for `id`, the second half of a QoS 2 PUBLISH.
    ///
    /// # Errors
    /// As for [`Wire::connect`].
    pub fn release(&mut self, id: u16) -> Result<()> {
        let [high, low] = id.to_be_bytes();
        self.send(&[0x62, 2, high, low])
    }

    /// Sends PUBACK for `id`.
    ///
    /// # Errors
    /// As for [`Wire::connect`].
    pub fn acknowledge(&mut self, id: u16) -> Result<()> {
        let [high, low] = id.to_be_bytes();
        self.send(&[0x40, 2, high, low])
    }

    /// Sends DISCONNECT, so that the broker publishes no will.
    ///
    /// # Errors
    /// As for [`Wire::connect`].
    pub fn disconnect(&mut self) -> Result<()> {
        self.send(&[0xe0, 0])
    }

    /// Sends these bytes, whatever they are.
    ///
    /// # Errors
    /// When the socket fails otherwise than by being closed.
    pub fn send(&mut self, bytes: &[u8]) -> Result<()> {
        match self.stream.write_all(bytes) {
            Err(e) if is_closed(e.kind()) => Ok(()),
            other => other,
        }
    }

    /// Says that nothing more will be sent; what the broker still says can be received.
    ///
    /// # Errors
    /// When the socket fails otherwise than by being closed.
    pub fn finish(&mut self) -> Result<()> {
        match self.stream.shutdown(Shutdown::Write) {
            Err(e) if is_closed(e.kind()) || e.kind() == ErrorKind::NotConnected => Ok(()),
            other => other,
        }
    }

    /// All bytes up to the end of the connection, undecoded; `None` if the broker does not close within the usual time.
    ///
    /// # Errors
    /// When the socket fails otherwise than by being closed.
    pub fn bytes_until_closed(&mut self) -> Result<Option<Vec<u8>>> {
        let mut seen = self.received.split().to_vec();
        self.stream.set_read_timeout(Some(PATIENCE))?;
        match self.stream.read_to_end(&mut seen) {
            Err(e) if is_timeout(e.kind()) => Ok(None),
            Err(e) if !is_closed(e.kind()) => Err(e),
            _ => Ok(Some(seen)),
        }
    }

    /// The next packet, [`Packet::Closed`] when the broker closed the connection, or [`Packet::Silence`] after ten seconds.
    ///
    /// # Errors
    /// When what came is no MQTT packet, or the socket fails otherwise than by being closed.
    pub fn receive(&mut self) -> Result<Packet> {
        self.receive_within(PATIENCE)
    }

    /// As [`Wire::receive`] with a time limit of its own.
    ///
    /// # Errors
    /// As for [`Wire::receive`].
    pub fn receive_within(&mut self, limit: Duration) -> Result<Packet> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(packet) = packet::decode(self.version, &mut self.received)? {
                return Ok(packet);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(Packet::Silence);
            }
            self.stream.set_read_timeout(Some(left))?;
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return Ok(Packet::Closed),
                Ok(n) => self.received.extend_from_slice(&chunk[..n]),
                Err(e) if is_closed(e.kind()) => return Ok(Packet::Closed),
                Err(e) if is_timeout(e.kind()) => return Ok(Packet::Silence),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Sends PINGREQ and tells whether PINGRESP is the very next packet: the connection is open, and nothing else was said.
    ///
    /// # Errors
    /// As for [`Wire::receive`].
    pub fn is_open_and_quiet(&mut self) -> Result<bool> {
        self.send(&[0xc0, 0])?;
        Ok(self.receive()? == Packet::PingResp)
    }

    /// Everything up to the end of the connection, which must come within the usual time.
    ///
    /// Returns the packets before the end, or `None` if the broker did not close.
    ///
    /// # Errors
    /// As for [`Wire::receive`].
    pub fn until_closed(&mut self) -> Result<Option<Vec<Packet>>> {
        let mut seen = Vec::new();
        loop {
            match self.receive()? {
                Packet::Closed => return Ok(Some(seen)),
                Packet::Silence => return Ok(None),
                packet => seen.push(packet),
            }
        }
    }
}

fn is_closed(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe
    )
}

fn is_timeout(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut)
}
