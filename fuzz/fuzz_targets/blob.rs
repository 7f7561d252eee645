//! A provisioning blob that parses is exactly what writing it again gives; two slots give a boot above all that they may have held.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::{
    BOOT_SLOT_LEN, Blob, BootError, BootRecord, Device, Generation, MAX_BLOB_LEN, UnixTime,
};
use mqward_fuzz::Flash;

fuzz_target!(|data: &[u8]| {
    let mut out = [0; MAX_BLOB_LEN];
    if let Ok(blob) = Blob::parse(data) {
        let len = Blob::write(
            blob.device(),
            blob.auth_seed(),
            blob.up_seed(),
            blob.down_seed(),
            &mut out,
        );
        assert_eq!(len.map(|len| &out[..len]), Ok(data));
    }
    // What is written reads back, whatever the identifier.
    if let (Some((generation, id)), Ok(seeds)) = (data.split_first(), Blob::parse(SEEDS)) {
        let device = Generation::new(*generation)
            .ok()
            .zip(core::str::from_utf8(id).ok());
        if let Some(Ok(device)) = device.map(|(generation, id)| Device::new(id, generation)) {
            let len = Blob::write(
                device,
                seeds.auth_seed(),
                seeds.up_seed(),
                seeds.down_seed(),
                &mut out,
            )
            .unwrap();
            assert_eq!(
                Blob::parse(&out[..len]).map(|blob| blob.device()),
                Ok(device)
            );
        }
    }

    let Some((a, rest)) = data.split_first_chunk::<BOOT_SLOT_LEN>() else {
        return;
    };
    let Some(b) = rest.first_chunk::<BOOT_SLOT_LEN>() else {
        return;
    };
    let value = |slot: &[u8; BOOT_SLOT_LEN]| {
        let boot = UnixTime::from_secs(u32::from_be_bytes(slot[8..12].try_into().unwrap()).into())?;
        (BootRecord::first_slot(boot) == *slot).then_some(boot.get())
    };
    let mut flash = Flash {
        slots: [*a, *b],
        torn: BOOT_SLOT_LEN,
    };
    let known = [value(a), value(b)];
    let whole = matches!(known, [Some(a), Some(b)] if a.abs_diff(b) == 1);
    let next = known
        .iter()
        .flatten()
        .max()
        .map(|highest| highest.checked_add(if whole { 1 } else { 3 }));
    match (next, BootRecord::start(&mut flash)) {
        (Some(Some(next)), Ok(boot)) => {
            assert_eq!(boot.number(), next);
            let mut left = flash.slots.map(|slot| value(&slot));
            left.sort();
            assert_eq!(left, [Some(next - 1), Some(next)]);
        }
        (Some(None), Err(BootError::Exhausted)) | (None, Err(BootError::Missing)) => {
            assert_eq!(flash.slots, [*a, *b]);
        }
        other => panic!("{other:?}"),
    }
});

/// The blob of the specification's example.
const SEEDS: &[u8] = include_bytes!("../corpus/blob/design");
