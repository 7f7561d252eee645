//! Keys do not stay behind a call from C: the dead stack is searched for them, in optimised builds.

#![allow(
    unsafe_code,
    clippy::unwrap_used,
    reason = "a scan of memory that nobody owns any more, behind calls as C makes them"
)]

#[path = "../../crypto/tests/residue/mod.rs"]
mod residue;

use core::ffi::{c_char, c_void};
use core::hint::black_box;
use core::mem::MaybeUninit;

use mqward::*;
use mqward_core::{Audience, Blob, Device, Generation, HardwareId, MAX_BLOB_LEN, Root};
use residue::{careless, deep, look_for, paint, residue};

/// The example of the specification (spec §2.3).
const NOW: u32 = 1_767_225_600;
const PASSWORD: &str = "AQFpVbkAaOd4AQAABzWDvWBDZNfhUzH90vNwBCY";
const ID: &str = "device-0123456789ab";
const AUDIENCE: &str = "mqtt.example.com";
const HW: [u8; 6] = [0x24, 0x6f, 0x28, 0xa1, 0xb2, 0xc3];

/// What the calls work on, all of it on the heap: six bytes, then the login key, as the careless function wants it.
struct Place {
    blob: Vec<u8>,
    seed: Box<mqward_auth_seed>,
    flashed: Vec<u8>,
    verifier: Box<mqward_verifier>,
}

/// Copies the key to where the library asks for it, as a host's database does.
unsafe extern "C" fn lookup(
    context: *mut c_void,
    _: *const c_char,
    _: usize,
    _: u8,
    key: *mut mqward_login_key,
    _: *mut mqward_terms,
) -> i32 {
    let known = context.cast_const().cast::<u8>();
    // SAFETY: the context is 32 bytes of the place, and the library gives 32 of its own.
    unsafe { core::ptr::copy_nonoverlapping(known, key.cast::<u8>(), MQWARD_KEY_LEN) };
    MQWARD_OK
}

/// The same, and says no.
unsafe extern "C" fn lookup_revoked(
    context: *mut c_void,
    client_id: *const c_char,
    client_id_len: usize,
    generation: u8,
    key: *mut mqward_login_key,
    terms: *mut mqward_terms,
) -> i32 {
    // SAFETY: the same arguments.
    unsafe { lookup(context, client_id, client_id_len, generation, key, terms) };
    MQWARD_ERR_REVOKED
}

unsafe extern "C" fn advance(_: *mut c_void, _: *const c_char, _: usize, _: u64) -> i32 {
    MQWARD_OK
}

fn place(is_revoked: bool) -> Place {
    let device = Device::new(ID, Generation::FIRST).unwrap();
    let root = Root::from_bytes(core::array::from_fn(|at| u8::try_from(at).unwrap()));
    let (seed, up, down) = (
        root.auth().seed(device),
        root.up().seed(device),
        root.down().seed(device),
    );
    let mut flashed = vec![0; MAX_BLOB_LEN];
    let len = Blob::write(device, &seed, &up, &down, &mut flashed).unwrap();
    flashed.truncate(len);
    let key = seed.login_key(
        HardwareId::new(&HW).unwrap(),
        Audience::new(AUDIENCE).unwrap(),
    );
    look_for(seed.expose());
    look_for(up.expose());
    look_for(down.expose());
    look_for(key.expose());
    let mut blob = vec![0; 6];
    blob.extend_from_slice(key.expose());
    let verifier = Box::new(mqward_verifier {
        context: blob[6..].as_ptr().cast_mut().cast(),
        lookup: Some(if is_revoked { lookup_revoked } else { lookup }),
        advance: Some(advance),
        decoy: mqward_login_key { bytes: [9; 32] },
        terms: mqward_terms {
            window_secs: 60,
            clock: MQWARD_CLOCK_REQUIRED,
        },
    });
    Place {
        blob,
        seed: Box::new(mqward_auth_seed {
            bytes: *seed.expose(),
        }),
        flashed,
        verifier,
    }
}

thread_local! {
    static PLACE: core::cell::RefCell<Option<Place>> = const { core::cell::RefCell::new(None) };
}

fn with_place(call: fn(&Place)) {
    PLACE.with_borrow(|place| call(place.as_ref().unwrap()));
}

const fn text(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

/// A password verified whole: with a lookup that finds the key, or that says no after it wrote one.
#[inline(never)]
fn verify(_: &[u8]) {
    with_place(|place| {
        let mut login = MaybeUninit::uninit();
        let ((id, id_len), (password, password_len)) = (text(ID), text(PASSWORD));
        let verifier = &raw const *place.verifier;
        let out = login.as_mut_ptr();
        // SAFETY: everything lives during the call.
        let status =
            unsafe { mqward_login_verify(verifier, id, id_len, password, password_len, NOW, out) };
        assert!(matches!(status, MQWARD_OK | MQWARD_ERR_REVOKED), "{status}");
    });
}

/// The second of two steps, with a key that the caller has.
#[inline(never)]
fn verify_claim(_: &[u8]) {
    with_place(|place| {
        let mut login = MaybeUninit::uninit();
        let ((id, id_len), (password, password_len)) = (text(ID), text(PASSWORD));
        let key = place.blob[6..].as_ptr().cast();
        let (terms, out) = (&raw const place.verifier.terms, login.as_mut_ptr());
        // SAFETY: everything lives during the call.
        let status = unsafe {
            mqward_claim_verify(
                password,
                password_len,
                key,
                true,
                id,
                id_len,
                terms,
                NOW,
                out,
            )
        };
        assert_eq!(status, MQWARD_OK);
    });
}

/// The key of a device, to where the caller has it.
#[inline(never)]
fn derive(_: &[u8]) {
    with_place(|place| {
        let mut key = Box::new(mqward_login_key { bytes: [0; 32] });
        let ((client_id, client_id_len), (audience, audience_len)) = (text(ID), text(AUDIENCE));
        let device = mqward_device {
            client_id,
            client_id_len,
            hardware_id: HW.as_ptr(),
            hardware_id_len: HW.len(),
            generation: 1,
        };
        // SAFETY: everything lives during the call.
        let status = unsafe {
            mqward_auth_seed_login_key(
                &raw const *place.seed,
                &raw const device,
                audience,
                audience_len,
                &raw mut *key,
            )
        };
        assert_eq!(status, MQWARD_OK);
        assert_ne!(black_box(&key).bytes, [0; 32]);
    });
}

/// The seeds of a blob, to where the caller has them.
#[inline(never)]
fn parse_blob(_: &[u8]) {
    with_place(|place| {
        let mut parsed = Box::new(MaybeUninit::<mqward_blob>::uninit());
        // SAFETY: everything lives during the call.
        let status = unsafe {
            mqward_blob_parse(
                place.flashed.as_ptr(),
                place.flashed.len(),
                parsed.as_mut_ptr(),
            )
        };
        assert_eq!(status, MQWARD_OK);
        black_box(&parsed);
    });
}

#[test]
fn no_key_stays_on_the_stack() {
    for is_revoked in [false, true] {
        let made = place(is_revoked);
        let blob = made.blob.clone();
        PLACE.set(Some(made));
        paint();
        deep(careless, &blob);
        assert!(residue() > 0, "the search finds nothing");
        if cfg!(debug_assertions) {
            eprintln!("not searched: run this test with --release");
            return;
        }
        let mut found = Vec::new();
        for (name, call) in [
            ("mqward_login_verify", verify as fn(&[u8])),
            ("mqward_claim_verify", verify_claim),
            ("mqward_auth_seed_login_key", derive),
            ("mqward_blob_parse", parse_blob),
        ] {
            paint();
            assert_eq!(residue(), 0, "the paint does not cover the stack");
            deep(call, &blob);
            found.push((name, residue()));
        }
        found.retain(|(_, parts)| *parts > 0);
        assert_eq!(found, [], "parts of keys on the dead stack");
    }
}
