//! The Rust of `docs/backend.md`, which quotes it from here.

use mqward::{
    AgeRule, Clock, Device, Generation, HEADER_LEN, HardwareId, Judgement, Opened, Opener, Pattern,
    Sender, TopicName, UnixTime, UpRoot, Window,
};

#[rustfmt::skip]
fn receive(
    up_root: &UpRoot,
    topic: &str,
    payload: &mut [u8],
    row: &mut Vec<u8>,
    now: UnixTime,
) -> Result<Option<Vec<u8>>, Box<dyn core::error::Error>> {
    let id = Pattern::new("tx/%c/#")?.client_id(TopicName::new(topic)?).ok_or("nobody's topic")?;
    // What the registry knows of this device.
    let device = Device::new(id.as_str(), Generation::FIRST)?;
    let hardware_id = HardwareId::new(&[0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3])?;
    let opener = Opener::uplink(&up_root.seed(device), device, hardware_id, Sender::DEVICE)?;
    let Opened::Message(message) = opener.open_in_place(topic, payload)? else {
        return Ok(None); // cleared: somebody deleted a retained value
    };
    message.receipt().check_age(&AgeRule::UPLINK, Clock::Trusted(now))?;
    let mut window = Window::<16>::import(row)?;
    let Judgement::Fresh(ticket) = window.judge(message.receipt()) else {
        return Ok(None); // acted on before; or closed, and it cannot be told (§5): not acted on
    };
    window.commit(ticket)?;
    row.resize(Window::<16>::EXPORT_LEN, 0);
    window.export(row)?;
    Ok(Some(message.payload().to_vec())) // act on it in the transaction that stores the row
}

/// The example of the specification's §2.3.
#[test]
fn a_message_is_received_once() -> Result<(), Box<dyn core::error::Error>> {
    let topic = "tx/device-0123456789ab/t";
    let sealed = [
        0x10, 0x01, 0x00, 0x69, 0x55, 0xb9, 0x00, 0x68, 0xe7, 0x78, 0x01, 0x00, 0x00, 0x07, 0x80,
        0x13, 0xdf, 0xf5, 0x1d, 0xb5, 0xb3, 0x43, 0x0a, 0x73, 0x70, 0x8a, 0xf1, 0xe5, 0x7f, 0x44,
        0xdd, 0x62, 0xe3, 0xad,
    ];
    let up_root = UpRoot::from_bytes([
        0x68, 0x76, 0xb2, 0xe3, 0xf7, 0xa3, 0x90, 0xd1, 0x9c, 0x93, 0x36, 0xb7, 0xe2, 0x6f, 0xa9,
        0x3b, 0x31, 0xe1, 0xf4, 0x66, 0x20, 0x07, 0x31, 0xef, 0xb3, 0xae, 0xa2, 0x82, 0x13, 0xc7,
        0x71, 0x29,
    ]);
    let now = UnixTime::from_secs(1_767_225_601).ok_or("range")?;
    let mut row = vec![0; Window::<16>::EXPORT_LEN];
    Window::<16>::new().export(&mut row)?;

    let first = receive(&up_root, topic, &mut sealed.clone(), &mut row, now)?;
    assert_eq!(first.as_deref(), Some(b"21.5".as_slice()));
    assert_eq!(
        receive(&up_root, topic, &mut sealed.clone(), &mut row, now)?,
        None
    );
    assert_eq!(receive(&up_root, topic, &mut [], &mut row, now)?, None);

    let mut tampered = sealed;
    tampered[HEADER_LEN] ^= 1;
    assert!(receive(&up_root, topic, &mut tampered, &mut row, now).is_err());
    assert!(
        receive(
            &up_root,
            "tx/device-1/t",
            &mut sealed.clone(),
            &mut row,
            now
        )
        .is_err()
    );
    assert!(
        receive(
            &up_root,
            "rx/device-0123456789ab/t",
            &mut sealed.clone(),
            &mut row,
            now
        )
        .is_err()
    );
    let mut damaged = row.clone();
    damaged[9] ^= 1;
    assert!(receive(&up_root, topic, &mut sealed.clone(), &mut damaged, now).is_err());
    Ok(())
}
