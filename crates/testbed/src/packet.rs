//! MQTT control packets as a test writes them down and reads them back, alike for 3.1.1 and 5.

use std::io::{Error, ErrorKind, Result};

use bytes::{Buf, BufMut, Bytes, BytesMut};
use rumqttc::mqttbytes::{self, QoS, v4};
use rumqttc::v5::mqttbytes::{self as mqttbytes5, v5};

/// The longest packet that a test sends or expects, in bytes.
const MAX_PACKET: u32 = 4 << 20;

/// The protocol version that a connection speaks.
#[derive(Copy, Clone, Debug, Eq, PartialEq)]
pub enum Version {
    /// MQTT 3.1.1, protocol level 4.
    V3,
    /// MQTT 5, protocol level 5.
    V5,
}

impl Version {
    /// Both versions, for tests that hold for either.
    pub const ALL: [Version; 2] = [Version::V3, Version::V5];
}

/// A will as sent in CONNECT, QoS 0.
#[derive(Clone, Debug)]
pub struct Will {
    /// Will topic.
    pub topic: Vec<u8>,
    /// Will payload.
    pub payload: Vec<u8>,
    /// Will retain flag.
    pub retain: bool,
    /// Will Delay Interval in seconds, 0 for none; MQTT 5 only.
    pub delay: u32,
}

/// A CONNECT packet (MQTT 3.1.1 §3.1, MQTT 5 §3.1), every field free to be absent, empty or wrong.
#[derive(Clone, Debug)]
pub struct Connect {
    /// Client Identifier, any bytes.
    pub client_id: Vec<u8>,
    /// User Name; `None` leaves the field and its flag out, `Some(vec![])` sends an empty one.
    pub user_name: Option<Vec<u8>>,
    /// Password, as for the user name.
    pub password: Option<Vec<u8>>,
    /// Will, if any.
    pub will: Option<Will>,
    /// Clean Session (3.1.1) or Clean Start (5).
    pub clean: bool,
    /// Session Expiry Interval in seconds; MQTT 5 only.
    pub session_expiry: Option<u32>,
    /// Authentication Method; MQTT 5 only.
    pub auth_method: Option<String>,
    /// Keep Alive in seconds, 0 for none.
    pub keep_alive: u16,
}

impl Connect {
    /// A CONNECT with a client identifier only: clean, no keep-alive, no user name, no password.
    #[must_use]
    pub fn new(client_id: impl AsRef<[u8]>) -> Self {
        Self {
            client_id: client_id.as_ref().to_vec(),
            user_name: None,
            password: None,
            will: None,
            clean: true,
            session_expiry: None,
            auth_method: None,
            keep_alive: 0,
        }
    }

    /// Sets user name and password.
    #[must_use]
    pub fn login(mut self, user_name: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Self {
        self.user_name = Some(user_name.as_ref().to_vec());
        self.password = Some(password.as_ref().to_vec());
        self
    }

    /// Sets the will.
    #[must_use]
    pub fn will(mut self, topic: &str, payload: &[u8]) -> Self {
        self.will = Some(Will {
            topic: topic.into(),
            payload: payload.into(),
            retain: false,
            delay: 0,
        });
        self
    }

    /// Has the will wait this many seconds after the end of the connection; MQTT 5 only.
    #[must_use]
    pub fn will_delay(mut self, seconds: u32) -> Self {
        if let Some(will) = &mut self.will {
            will.delay = seconds;
        }
        self
    }

    /// Keeps the session when the connection ends.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.clean = false;
        self.session_expiry = Some(3600);
        self
    }

    /// The packet's bytes. Own encoder: the codecs of `rumqttc` can say neither "empty" nor "not UTF-8" here.
    #[must_use]
    pub fn encode(&self, version: Version) -> Vec<u8> {
        let mut body = BytesMut::new();
        put_field(&mut body, b"MQTT");
        body.put_u8(if version == Version::V3 { 4 } else { 5 });
        let mut flags = u8::from(self.clean) << 1;
        if let Some(will) = &self.will {
            flags |= 0x04 | u8::from(will.retain) << 5;
        }
        flags |= u8::from(self.password.is_some()) << 6;
        flags |= u8::from(self.user_name.is_some()) << 7;
        body.put_u8(flags);
        body.put_u16(self.keep_alive);
        if version == Version::V5 {
            let mut properties = BytesMut::new();
            if let Some(seconds) = self.session_expiry {
                properties.put_u8(17);
                properties.put_u32(seconds);
            }
            if let Some(method) = &self.auth_method {
                properties.put_u8(21);
                put_field(&mut properties, method.as_bytes());
            }
            put_length(&mut body, properties.len());
            body.put(properties);
        }
        put_field(&mut body, &self.client_id);
        if let Some(will) = &self.will {
            match (version, will.delay) {
                (Version::V3, _) => {}
                (Version::V5, 0) => body.put_u8(0),
                (Version::V5, delay) => {
                    body.put_slice(&[5, 24]);
                    body.put_u32(delay);
                }
            }
            put_field(&mut body, &will.topic);
            put_field(&mut body, &will.payload);
        }
        for field in [&self.user_name, &self.password].into_iter().flatten() {
            put_field(&mut body, field);
        }
        let mut packet = BytesMut::new();
        packet.put_u8(0x10);
        put_length(&mut packet, body.len());
        packet.put(body);
        packet.to_vec()
    }
}

/// A PUBLISH packet as sent or received.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Publish {
    /// Topic Name.
    pub topic: String,
    /// Payload.
    pub payload: Vec<u8>,
    /// QoS 0, 1 or 2.
    pub qos: u8,
    /// RETAIN flag.
    pub retain: bool,
    /// Packet Identifier, 0 for QoS 0.
    pub id: u16,
}

impl Publish {
    /// A PUBLISH that is not retained; its Packet Identifier is 1 above QoS 0.
    #[must_use]
    pub fn new(topic: &str, payload: impl AsRef<[u8]>, qos: u8) -> Self {
        let payload = payload.as_ref().to_vec();
        Self {
            topic: topic.into(),
            payload,
            qos,
            retain: false,
            id: u16::from(qos > 0),
        }
    }

    /// Sets the RETAIN flag.
    #[must_use]
    pub fn retained(mut self) -> Self {
        self.retain = true;
        self
    }

    /// The packet's bytes.
    ///
    /// # Errors
    /// When QoS is above 2, or what is to be sent is longer than a packet can be.
    pub fn encode(&self, version: Version) -> Result<Vec<u8>> {
        let mut out = BytesMut::new();
        let qos = mqttbytes::qos(self.qos).map_err(invalid)?;
        match version {
            Version::V3 => {
                let mut packet = v4::Publish::new(self.topic.as_str(), qos, self.payload.clone());
                packet.retain = self.retain;
                packet.pkid = self.id;
                packet.write(&mut out).map_err(invalid)?;
            }
            Version::V5 => {
                let qos = mqttbytes5::qos(self.qos).ok_or_else(|| invalid("QoS above 2"))?;
                let payload = Bytes::from(self.payload.clone());
                let mut packet = v5::Publish::new(self.topic.as_str(), qos, payload, None);
                packet.retain = self.retain;
                packet.pkid = self.id;
                packet.write(&mut out).map_err(invalid)?;
            }
        }
        Ok(out.to_vec())
    }
}

/// The bytes of a SUBSCRIBE, QoS 1 for every filter, Packet Identifier `id`.
///
/// # Errors
/// When there is no filter.
pub fn subscribe(version: Version, id: u16, filters: &[&str]) -> Result<Vec<u8>> {
    let mut out = BytesMut::new();
    match version {
        Version::V3 => {
            let filter = |f: &&str| v4::SubscribeFilter::new((*f).into(), QoS::AtLeastOnce);
            let mut packet = v4::Subscribe::new_many(filters.iter().map(filter));
            packet.pkid = id;
            packet.write(&mut out).map_err(invalid)?;
        }
        Version::V5 => {
            let filter = |f: &&str| v5::Filter::new(*f, mqttbytes5::QoS::AtLeastOnce);
            let mut packet = v5::Subscribe::new_many(filters.iter().map(filter), None);
            packet.pkid = id;
            packet.write(&mut out).map_err(invalid)?;
        }
    }
    Ok(out.to_vec())
}

/// The bytes of an UNSUBSCRIBE of one filter, Packet Identifier `id`.
///
/// # Errors
/// When the filter is longer than a packet can be.
pub fn unsubscribe(version: Version, id: u16, filter: &str) -> Result<Vec<u8>> {
    let mut out = BytesMut::new();
    match version {
        Version::V3 => {
            let mut packet = v4::Unsubscribe::new(filter);
            packet.pkid = id;
            packet.write(&mut out).map_err(invalid)?;
        }
        Version::V5 => {
            let mut packet = v5::Unsubscribe::new(filter, None);
            packet.pkid = id;
            packet.write(&mut out).map_err(invalid)?;
        }
    }
    Ok(out.to_vec())
}

/// What came back from the broker, with return codes and reason codes as they were on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Packet {
    /// CONNACK with its return code (3.1.1) or reason code (5).
    ConnAck {
        /// Session Present flag.
        session_present: bool,
        /// Code, 0 for accepted.
        code: u8,
    },
    /// PUBLISH.
    Publish(Publish),
    /// PUBACK; the code is 0 in 3.1.1, which has none.
    PubAck {
        /// Packet Identifier.
        id: u16,
        /// Reason code.
        code: u8,
    },
    /// PUBREC; the code is 0 in 3.1.1, which has none.
    PubRec {
        /// Packet Identifier.
        id: u16,
        /// Reason code.
        code: u8,
    },
    /// PUBCOMP; the code is 0 in 3.1.1, which has none.
    PubComp {
        /// Packet Identifier.
        id: u16,
        /// Reason code.
        code: u8,
    },
    /// SUBACK, one code per filter.
    SubAck {
        /// Packet Identifier.
        id: u16,
        /// Granted QoS or failure, per filter.
        codes: Vec<u8>,
    },
    /// UNSUBACK.
    UnsubAck {
        /// Packet Identifier.
        id: u16,
    },
    /// PINGRESP.
    PingResp,
    /// DISCONNECT by the broker (MQTT 5).
    Disconnect {
        /// Reason code.
        code: u8,
    },
    /// The broker closed the connection.
    Closed,
    /// Nothing came within the time limit, and the connection is open.
    Silence,
}

/// Takes one whole packet off `stream`, or `None` when more bytes are needed.
pub(crate) fn decode(version: Version, stream: &mut BytesMut) -> Result<Option<Packet>> {
    let whole = stream.clone();
    match version {
        Version::V3 => match v4::Packet::read(stream, MAX_PACKET as usize) {
            Ok(packet) => from_v3(packet).map(Some),
            Err(mqttbytes::Error::InsufficientBytes(_)) if *stream == whole => Ok(None),
            Err(e) => Err(invalid(e)),
        },
        // The codec cannot read a DISCONNECT that ends after its reason code, though MQTT 5 §3.14.2.2.1 allows it.
        Version::V5 if whole.starts_with(&[0xe0, 1]) => Ok(whole.get(2).map(|code| {
            stream.advance(3);
            Packet::Disconnect { code: *code }
        })),
        Version::V5 => match v5::Packet::read(stream, Some(MAX_PACKET)) {
            Ok(packet) => from_v5(packet, &whole[..whole.len() - stream.len()]).map(Some),
            Err(mqttbytes5::Error::InsufficientBytes(_)) if *stream == whole => Ok(None),
            Err(e) => Err(invalid(e)),
        },
    }
}

fn from_v3(packet: v4::Packet) -> Result<Packet> {
    Ok(match packet {
        v4::Packet::ConnAck(p) => Packet::ConnAck {
            session_present: p.session_present,
            code: p.code as u8,
        },
        v4::Packet::Publish(p) => Packet::Publish(Publish {
            topic: p.topic,
            payload: p.payload.to_vec(),
            qos: p.qos as u8,
            retain: p.retain,
            id: p.pkid,
        }),
        v4::Packet::PubAck(p) => Packet::PubAck {
            id: p.pkid,
            code: 0,
        },
        v4::Packet::PubRec(p) => Packet::PubRec {
            id: p.pkid,
            code: 0,
        },
        v4::Packet::PubComp(p) => Packet::PubComp {
            id: p.pkid,
            code: 0,
        },
        v4::Packet::SubAck(p) => {
            let code = |c: &v4::SubscribeReasonCode| match c {
                v4::SubscribeReasonCode::Success(qos) => *qos as u8,
                v4::SubscribeReasonCode::Failure => 0x80,
            };
            Packet::SubAck {
                id: p.pkid,
                codes: p.return_codes.iter().map(code).collect(),
            }
        }
        v4::Packet::UnsubAck(p) => Packet::UnsubAck { id: p.pkid },
        v4::Packet::PingResp => Packet::PingResp,
        other => return Err(invalid(format!("a broker does not send {other:?}"))),
    })
}

/// `frame` holds the same packet's bytes: the codec turns reason codes into names, a test wants the number.
fn from_v5(packet: v5::Packet, frame: &[u8]) -> Result<Packet> {
    // Reason code after a fixed header of two bytes and `skip` more; left out by the sender means 0.
    let code = |skip: usize| frame.get(2 + skip).copied().unwrap_or(0);
    Ok(match packet {
        v5::Packet::ConnAck(p) => Packet::ConnAck {
            session_present: p.session_present,
            code: code(1),
        },
        v5::Packet::Publish(p) => Packet::Publish(Publish {
            topic: String::from_utf8(p.topic.to_vec()).map_err(invalid)?,
            payload: p.payload.to_vec(),
            qos: p.qos as u8,
            retain: p.retain,
            id: p.pkid,
        }),
        v5::Packet::PubAck(p) => Packet::PubAck {
            id: p.pkid,
            code: code(2),
        },
        v5::Packet::PubRec(p) => Packet::PubRec {
            id: p.pkid,
            code: code(2),
        },
        v5::Packet::PubComp(p) => Packet::PubComp {
            id: p.pkid,
            code: code(2),
        },
        v5::Packet::SubAck(p) => {
            let start = frame.len() - p.return_codes.len();
            Packet::SubAck {
                id: p.pkid,
                codes: frame[start..].to_vec(),
            }
        }
        v5::Packet::UnsubAck(p) => Packet::UnsubAck { id: p.pkid },
        v5::Packet::PingResp(_) => Packet::PingResp,
        v5::Packet::Disconnect(_) => Packet::Disconnect { code: code(0) },
        other => return Err(invalid(format!("a broker does not send {other:?}"))),
    })
}

/// Two bytes of length, then the bytes (MQTT 3.1.1 §1.5.3).
fn put_field(out: &mut BytesMut, field: &[u8]) {
    out.put_u16(u16::try_from(field.len()).unwrap_or(u16::MAX));
    out.put_slice(&field[..field.len().min(usize::from(u16::MAX))]);
}

/// Variable Byte Integer (MQTT 5 §1.5.5).
fn put_length(out: &mut BytesMut, mut length: usize) {
    loop {
        let digit = u8::try_from(length % 128).unwrap_or(0);
        length /= 128;
        out.put_u8(digit | if length > 0 { 0x80 } else { 0 });
        if length == 0 {
            return;
        }
    }
}

pub(crate) fn invalid(why: impl Into<Box<dyn core::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}
