//! The device's connection to its broker: MQTT 5, with a password minted for each attempt and payloads sealed.

use core::num::NonZero;

use embassy_futures::select::{Either3, select3};
use embassy_net::Stack;
use embassy_net::tcp::TcpSocket;
use embassy_sync::blocking_mutex::raw::CriticalSectionRawMutex;
use embassy_sync::channel::Channel;
use embassy_time::{Duration, Timer};
use mqward::Class;
use rust_mqtt::buffer::BumpBuffer;
use rust_mqtt::client::event::Event;
use rust_mqtt::client::options::{
    ConnectOptions, PublicationOptions, SubscriptionOptions, TopicReference, WillOptions,
};
use rust_mqtt::client::{Client, MqttError};
use rust_mqtt::config::KeepAlive;
use rust_mqtt::types::{MqttBinary, MqttString, ReasonCode, TopicFilter, TopicName};

use crate::device::{Command, Device, SEALED_MAX};
use crate::line;
use crate::settings::Settings;

const FIRMWARE: &[u8] = b"firmware 0.1.0";
const LAST_WORDS: &[u8] = b"gone";
const KEEP_ALIVE_SECS: NonZero<u16> = NonZero::new(30).unwrap();
/// No packet of this fleet is longer, neither sent nor received.
const PACKET: usize = 512;
/// How many publications may wait for their acknowledgement.
const IN_FLIGHT: usize = 4;

/// Temperatures in tenths of a degree, on their way from the sensor.
pub(crate) static MEASUREMENTS: Channel<CriticalSectionRawMutex, i16, 4> = Channel::new();

/// MQTT without subscription identifiers, user properties and topic aliases.
type Mqtt<'c, 's> = Client<'c, 'c, TcpSocket<'s>, BumpBuffer<'c>, 1, IN_FLIGHT, IN_FLIGHT, 0, 0, 0, 0>;

/// Why a connection ended.
#[derive(Debug)]
#[allow(dead_code, reason = "printed by Debug")]
pub(crate) enum Lost {
    NoTcp,
    NotSubscribed,
    /// All counts of this boot are used, or a name is too long: the next boot has new ones.
    UsedUp,
    Refused(ReasonCode),
    Mqtt,
}

impl<const N: usize> From<MqttError<'_, N>> for Lost {
    fn from(error: MqttError<'_, N>) -> Self {
        match error {
            MqttError::Disconnect { reason, .. } => Self::Refused(reason),
            _ => Self::Mqtt,
        }
    }
}

/// One connection, from its password to its end. Sets `was_up` once the broker has let the device in.
pub(crate) async fn connection(
    stack: Stack<'_>,
    device: &mut Device,
    settings: &Settings,
    was_up: &mut bool,
) -> Result<(), Lost> {
    let (mut rx, mut tx, mut memory) = ([0; PACKET], [0; PACKET], [0; PACKET]);
    let mut socket = TcpSocket::new(stack, &mut rx, &mut tx);
    socket.set_timeout(Some(Duration::from_secs(10)));
    socket
        .connect((settings.broker, settings.port))
        .await
        .map_err(|_| Lost::NoTcp)?;

    let mut buffer = BumpBuffer::new(&mut memory);
    let mut mqtt: Mqtt<'_, '_> = Client::new(&mut buffer);
    // Anew for every attempt, a failed one included: whoever heard the last one has nothing.
    let password = device.password().ok_or(Lost::UsedUp)?;
    // The will is sealed anew for every attempt too: the broker publishes it when the device is lost.
    let mut will = [0; SEALED_MAX];
    let last_topic = device.topic("tx", "will").ok_or(Lost::UsedUp)?;
    let will = device
        .seal(Class::Will, &last_topic, LAST_WORDS, &mut will)
        .ok_or(Lost::UsedUp)?;
    let last_topic = MqttString::from_str(&last_topic).map_err(|_| Lost::UsedUp)?;
    let will = WillOptions::new(
        TopicName::new(last_topic).ok_or(Lost::UsedUp)?,
        MqttBinary::from_slice(will).map_err(|_| Lost::UsedUp)?,
    );
    let name = MqttString::from_str(device.id()).map_err(|_| Lost::UsedUp)?;
    let login = ConnectOptions::new()
        .clean_start()
        .keep_alive(KeepAlive::Seconds(KEEP_ALIVE_SECS))
        .maximum_packet_size(NonZero::new(PACKET as u32).ok_or(Lost::UsedUp)?)
        .user_name(name.as_borrowed())
        .password(MqttBinary::from_slice(password.as_bytes()).map_err(|_| Lost::UsedUp)?)
        .will(will.at_least_once());
    mqtt.connect(socket, &login, Some(name.as_borrowed())).await?;
    *was_up = true;
    line!("logged in");

    let commands = device.topic("rx", "cmd").ok_or(Lost::UsedUp)?;
    let filter = MqttString::from_str(&commands).map_err(|_| Lost::UsedUp)?;
    let filter = TopicFilter::new(filter).ok_or(Lost::UsedUp)?;
    mqtt.subscribe(filter, &SubscriptionOptions::new().at_least_once())
        .await?;
    match mqtt.poll().await? {
        Event::Suback(suback) if suback.reason_code.is_success() => {}
        _ => return Err(Lost::NotSubscribed),
    }
    publish(&mut mqtt, device, "birth", Class::Retained, FIRMWARE).await?;

    loop {
        let quiet = Timer::after_secs(u64::from(KEEP_ALIVE_SECS.get()) / 2);
        match select3(mqtt.poll_header(), MEASUREMENTS.receive(), quiet).await {
            Either3::First(header) => {
                let event = mqtt.poll_body(header?).await?;
                let mut sealed = [0; SEALED_MAX];
                let len = match &event {
                    Event::Publish(publish) => {
                        let message = publish.message.as_bytes();
                        // One that is too long, or on another topic, is passed over.
                        let ours = publish
                            .topic
                            .name()
                            .is_some_and(|name| name.as_ref().as_str() == commands);
                        match sealed.get_mut(..message.len()) {
                            Some(place) if ours => {
                                place.copy_from_slice(message);
                                Some(message.len())
                            }
                            _ => None,
                        }
                    }
                    _ => None,
                };
                drop(event);
                // SAFETY: the event is gone, and with it all that was lent from this memory.
                unsafe { mqtt.buffer_mut().reset() };
                if let Some(sealed) = len.and_then(|len| sealed.get_mut(..len)) {
                    obey(&mut mqtt, device, &commands, sealed).await?;
                }
            }
            Either3::Second(tenths) => {
                let digit = |number: i16| b'0' + (number % 10).unsigned_abs() as u8;
                let text = [digit(tenths / 100), digit(tenths / 10), b'.', digit(tenths)];
                publish(&mut mqtt, device, "t", Class::Live, &text).await?;
            }
            Either3::Third(()) => mqtt.ping().await?,
        }
    }
}

async fn obey(mqtt: &mut Mqtt<'_, '_>, device: &mut Device, topic: &str, sealed: &mut [u8]) -> Result<(), Lost> {
    match device.open(topic, sealed) {
        Command::Fresh(payload) => {
            line!("command: {}", Hex(payload));
            publish(mqtt, device, "done", Class::Live, payload).await?;
        }
        Command::Again => line!("command again: dropped"),
        Command::Stale => line!("command too old: dropped"),
        Command::Refused => line!("command refused"),
    }
    Ok(())
}

/// Seals a payload and publishes it as `tx/<id>/<name>`.
async fn publish(
    mqtt: &mut Mqtt<'_, '_>,
    device: &mut Device,
    name: &str,
    class: Class,
    payload: &[u8],
) -> Result<(), Lost> {
    let topic = device.topic("tx", name).ok_or(Lost::UsedUp)?;
    let mut buf = [0; SEALED_MAX];
    let sealed = device.seal(class, &topic, payload, &mut buf).ok_or(Lost::UsedUp)?;
    let topic = MqttString::from_str(&topic).map_err(|_| Lost::UsedUp)?;
    let topic = TopicName::new(topic).ok_or(Lost::UsedUp)?;
    let mut options = PublicationOptions::new(TopicReference::Name(topic)).at_least_once();
    options.retain = class == Class::Retained;
    match mqtt.publish(&options, sealed.into()).await {
        // The broker does not keep up: a measurement is dropped, and the next one is not.
        Err(MqttError::SendQuotaExceeded) => line!("lost: {name}"),
        other => {
            other?;
        }
    }
    Ok(())
}

/// Bytes in hexadecimal.
struct Hex<'a>(&'a [u8]);

impl core::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
