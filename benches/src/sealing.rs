//! ChaCha20-Poly1305 in place: seal and open, from the size of one number to that of an image.

use std::error::Error;
use std::hint::black_box;

use chacha20poly1305::ChaCha20Poly1305;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};
use mqward_aead::{Aad, Path};
use openssl::cipher::Cipher;
use openssl::cipher_ctx::CipherCtx;

use crate::document::{Chart, Row, Section};
#[cfg(feature = "peers")]
use crate::fiat;
use crate::harness::{Contender, medians};

const SIZES: [usize; 6] = [16, 64, 256, 1024, 4096, 65_536];
const KEY: [u8; 32] = *b"thirty-two bytes that are secret";
const NONCE: [u8; 12] = *b"mqward nonce";
/// As long as the head of an Enc_structure with a Topic Name of 16 bytes, in the product's two pieces.
const AAD: &[u8; 32] = b"\x83\x68Encrypt0\x44\xa1\x01\x18\x18\x50tx/device-1/temp";
const AAD_HEAD_LEN: usize = 16;

/// What the product takes where the processor has no vector code for it, or the host forbids it.
const WITHOUT_UNSAFE: &str = "mqward, no unsafe";
const AVX2: &str = "mqward, AVX2";
const AVX512: &str = "mqward, AVX-512";
const RUST_CRYPTO: &str = "chacha20poly1305";
const RING: &str = "ring";

fn name_of(path: Path) -> &'static str {
    match path.name() {
        "AVX2" => AVX2,
        "AVX-512" => AVX512,
        _ => WITHOUT_UNSAFE,
    }
}

pub(crate) fn sections(rounds: usize) -> Result<Vec<Section>, Box<dyn Error>> {
    // SAFETY: it may be called at any time. Without it libsodium stays with its portable code.
    #[cfg(feature = "peers")]
    if unsafe { libsodium_sys::sodium_init() } < 0 {
        return Err("libsodium does not start".into());
    }
    let mut seal = section("Seal", SEAL_NOTE, rounds, sealers)?;
    for (column, at_most) in [(0, 1.0), (1, 1.0), (2, 1.3)] {
        seal.goal(WITHOUT_UNSAFE, RING, column, at_most);
    }
    seal.goal(WITHOUT_UNSAFE, RUST_CRYPTO, 1, 1.0 / 8.0);
    // Not slower than ring at 1024 bytes where either is present: each is held to it on its own.
    for vectors in [AVX2, AVX512] {
        for (column, at_most) in [(0, 0.75), (1, 0.75), (2, 1.0), (3, 1.0)] {
            seal.goal(vectors, RING, column, at_most);
        }
    }
    seal.chart = Some(Chart {
        file: "performance-seal.svg",
        title: "Seal 64 bytes (ChaCha20-Poly1305, 32 bytes of AAD): time per message",
        column: 1,
    });
    let mut open = section("Open", OPEN_NOTE, rounds, openers)?;
    for vectors in [AVX2, AVX512] {
        for (column, at_most) in [(0, 0.75), (1, 0.75), (2, 1.0), (3, 1.0)] {
            open.goal(vectors, RING, column, at_most);
        }
    }
    Ok(vec![seal, open])
}

const SEAL_NOTE: &str = "ChaCha20-Poly1305 (RFC 8439) in place with 32 bytes of AAD, by bytes of the message. The peers keep their key objects from \
message\nto message; mqward takes the bytes of the key each time and wipes what it makes of them. `mqward_aead::seal` takes the last of the\nmqward rows.";
const OPEN_NOTE: &str = "Each run copies the ciphertext back first, which takes 2 ns at 16 bytes and 2 µs at 65 536. mqward decrypts nothing before the\ntag is verified; \
ring, aws-lc-rs and OpenSSL decrypt first.";

type Contenders = fn(len: usize) -> Result<Vec<Contender<'static>>, Box<dyn Error>>;

fn section(
    title: &'static str,
    note: &'static str,
    rounds: usize,
    contenders: Contenders,
) -> Result<Section, Box<dyn Error>> {
    let mut rows: Vec<Row> = Vec::new();
    for len in SIZES {
        let mut contenders = contenders(len)?;
        let times = medians(&mut contenders, rounds);
        for (index, (contender, time)) in contenders.iter().zip(times).enumerate() {
            if rows.len() == index {
                rows.push(Row {
                    name: contender.name,
                    is_ours: contender.name.starts_with("mqward"),
                    times: Vec::new(),
                });
            }
            rows[index].times.push(time);
        }
    }
    Ok(Section {
        title,
        note,
        columns: SIZES.iter().map(|len| format!("{len} B")).collect(),
        rows,
        goals: Vec::new(),
        chart: None,
    })
}

/// Plaintext, ciphertext and tag.
type Sealed = (Vec<u8>, Vec<u8>, [u8; 16]);

/// As the reference seals it.
fn sealed(len: usize) -> Result<Sealed, Box<dyn Error>> {
    let plain: Vec<u8> = (0..251).cycle().take(len).collect();
    let mut message = plain.clone();
    let tag = ChaCha20Poly1305::new(&KEY.into())
        .encrypt_inout_detached(&NONCE.into(), AAD, InOutBuf::from(&mut message[..]))
        .map_err(|_| "the reference does not seal")?;
    Ok((plain, message, tag.into()))
}

/// A contender that seals, once it has sealed as the reference does.
fn sealer(
    name: &'static str,
    len: usize,
    mut seal: impl FnMut(&mut [u8]) -> [u8; 16] + 'static,
) -> Result<Contender<'static>, Box<dyn Error>> {
    let (mut message, ciphertext, expected) = sealed(len)?;
    let tag = seal(&mut message);
    if message != ciphertext || tag != expected {
        return Err(format!("{name} seals {len} bytes otherwise").into());
    }
    Ok(Contender::new(name, move || {
        black_box(seal(black_box(&mut message)));
    }))
}

/// A contender that opens, once it has opened what the reference sealed, and refused what it did not.
fn opener(
    name: &'static str,
    len: usize,
    mut open: impl FnMut(&mut [u8], &[u8; 16]) -> bool + 'static,
) -> Result<Contender<'static>, Box<dyn Error>> {
    let (plain, ciphertext, tag) = sealed(len)?;
    // Some peers want the tag behind the message.
    let mut message = ciphertext.clone();
    if !open(&mut message, &tag) || message != plain {
        return Err(format!("{name} does not open {len} bytes").into());
    }
    let mut wrong = tag;
    wrong[7] ^= 1;
    message.copy_from_slice(&ciphertext);
    if open(&mut message, &wrong) {
        return Err(format!("{name} opens {len} bytes that were changed").into());
    }
    Ok(Contender::new(name, move || {
        message.copy_from_slice(&ciphertext);
        assert!(open(black_box(&mut message), black_box(&tag)));
    }))
}

fn aad() -> Aad<'static> {
    let (head, tail) = black_box(AAD).split_at(AAD_HEAD_LEN);
    Aad { head, tail }
}

fn sealers(len: usize) -> Result<Vec<Contender<'static>>, Box<dyn Error>> {
    let mut all = Vec::new();
    for path in Path::available() {
        all.push(sealer(name_of(path), len, move |message| {
            let tag = path.seal(black_box(&KEY), black_box(&NONCE), &aad(), message);
            tag.unwrap_or_default()
        })?);
    }
    let cipher = ChaCha20Poly1305::new(&KEY.into());
    all.push(sealer(RUST_CRYPTO, len, move |message| {
        let nonce = black_box(NONCE).into();
        let tag = black_box(&cipher).encrypt_inout_detached(&nonce, black_box(AAD), message.into());
        tag.map_or([0; 16], Into::into)
    })?);
    #[cfg(feature = "peers")]
    all.push(sealer("chacha20 + fiat-crypto", len, |message| {
        fiat::seal(black_box(&KEY), black_box(&NONCE), black_box(AAD), message)
    })?);
    let key = ring_key()?;
    all.push(sealer(RING, len, move |message| {
        let nonce = ring::aead::Nonce::assume_unique_for_key(black_box(NONCE));
        let aad = ring::aead::Aad::from(black_box(AAD));
        let tag = black_box(&key).seal_in_place_separate_tag(nonce, aad, message);
        tag.map_or([0; 16], |tag| copied(tag.as_ref()))
    })?);
    #[cfg(feature = "peers")]
    all.extend(more_sealers(len)?);
    let mut context = CipherCtx::new()?;
    context.encrypt_init(Some(Cipher::chacha20_poly1305()), Some(&KEY), Some(&NONCE))?;
    all.push(sealer("OpenSSL", len, move |message| {
        openssl_seal(&mut context, message).unwrap_or_default()
    })?);
    Ok(all)
}

fn openers(len: usize) -> Result<Vec<Contender<'static>>, Box<dyn Error>> {
    let mut all = Vec::new();
    for path in Path::available() {
        all.push(opener(name_of(path), len, move |message, tag| {
            let opened = path.open(black_box(&KEY), black_box(&NONCE), &aad(), message, tag);
            opened.is_some()
        })?);
    }
    let cipher = ChaCha20Poly1305::new(&KEY.into());
    all.push(opener(RUST_CRYPTO, len, move |message, tag| {
        let nonce = black_box(NONCE).into();
        let opened = black_box(&cipher).decrypt_inout_detached(
            &nonce,
            black_box(AAD),
            message.into(),
            tag.into(),
        );
        opened.is_ok()
    })?);
    let key = ring_key()?;
    all.push(opener(RING, len, move |message, tag| {
        let nonce = ring::aead::Nonce::assume_unique_for_key(black_box(NONCE));
        let aad = ring::aead::Aad::from(black_box(AAD));
        let tag = (*tag).into();
        let opened = black_box(&key).open_in_place_separate_tag(nonce, aad, tag, message, 0..);
        opened.is_ok()
    })?);
    #[cfg(feature = "peers")]
    all.extend(more_openers(len)?);
    let mut context = CipherCtx::new()?;
    context.decrypt_init(Some(Cipher::chacha20_poly1305()), Some(&KEY), Some(&NONCE))?;
    all.push(opener("OpenSSL", len, move |message, tag| {
        openssl_open(&mut context, message, tag).is_ok()
    })?);
    Ok(all)
}

/// Those that no goal names: the gate does without, because they take long to build.
#[cfg(feature = "peers")]
fn more_sealers(len: usize) -> Result<Vec<Contender<'static>>, Box<dyn Error>> {
    let mut all = Vec::new();
    let key = aws_lc_key()?;
    all.push(sealer("aws-lc-rs", len, move |message| {
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(black_box(NONCE));
        let aad = aws_lc_rs::aead::Aad::from(black_box(AAD));
        let tag = black_box(&key).seal_in_place_separate_tag(nonce, aad, message);
        tag.map_or([0; 16], |tag| copied(tag.as_ref()))
    })?);
    all.push(sealer("libsodium", len, libsodium_seal)?);
    Ok(all)
}

#[cfg(feature = "peers")]
fn more_openers(len: usize) -> Result<Vec<Contender<'static>>, Box<dyn Error>> {
    let mut all = Vec::new();
    let key = aws_lc_key()?;
    let mut joined = vec![0; len + 16];
    all.push(opener("aws-lc-rs", len, move |message, tag| {
        let nonce = aws_lc_rs::aead::Nonce::assume_unique_for_key(black_box(NONCE));
        let aad = aws_lc_rs::aead::Aad::from(black_box(AAD));
        let opened =
            black_box(&key).open_separate_gather(nonce, aad, message, tag, &mut joined[..len]);
        let opened = opened.is_ok();
        message.copy_from_slice(&joined[..len]);
        opened
    })?);
    all.push(opener("libsodium", len, libsodium_open)?);
    Ok(all)
}

fn copied(tag: &[u8]) -> [u8; 16] {
    tag.try_into().unwrap_or_default()
}

fn ring_key() -> Result<ring::aead::LessSafeKey, Box<dyn Error>> {
    let key = ring::aead::UnboundKey::new(&ring::aead::CHACHA20_POLY1305, &KEY);
    Ok(ring::aead::LessSafeKey::new(
        key.map_err(|_| "ring takes no key")?,
    ))
}

#[cfg(feature = "peers")]
fn aws_lc_key() -> Result<aws_lc_rs::aead::LessSafeKey, Box<dyn Error>> {
    let key = aws_lc_rs::aead::UnboundKey::new(&aws_lc_rs::aead::CHACHA20_POLY1305, &KEY);
    Ok(aws_lc_rs::aead::LessSafeKey::new(
        key.map_err(|_| "aws-lc takes no key")?,
    ))
}

#[cfg(feature = "peers")]
fn libsodium_seal(message: &mut [u8]) -> [u8; 16] {
    let mut tag = [0; 16];
    let mut tag_len = 0;
    let (key, nonce, aad) = (black_box(&KEY), black_box(&NONCE), black_box(AAD));
    // SAFETY: every pointer comes from a slice of the length beside it or of the length that the function asks for.
    unsafe {
        libsodium_sys::crypto_aead_chacha20poly1305_ietf_encrypt_detached(
            message.as_mut_ptr(),
            tag.as_mut_ptr(),
            &mut tag_len,
            message.as_ptr(),
            message.len() as u64,
            aad.as_ptr(),
            aad.len() as u64,
            core::ptr::null(),
            nonce.as_ptr(),
            key.as_ptr(),
        );
    }
    tag
}

#[cfg(feature = "peers")]
fn libsodium_open(message: &mut [u8], tag: &[u8; 16]) -> bool {
    let (key, nonce, aad) = (black_box(&KEY), black_box(&NONCE), black_box(AAD));
    // SAFETY: every pointer comes from a slice of the length beside it or of the length that the function asks for.
    let status = unsafe {
        libsodium_sys::crypto_aead_chacha20poly1305_ietf_decrypt_detached(
            message.as_mut_ptr(),
            core::ptr::null_mut(),
            message.as_ptr(),
            message.len() as u64,
            tag.as_ptr(),
            aad.as_ptr(),
            aad.len() as u64,
            nonce.as_ptr(),
            key.as_ptr(),
        )
    };
    status == 0
}

fn openssl_seal(
    context: &mut CipherCtx,
    message: &mut [u8],
) -> Result<[u8; 16], openssl::error::ErrorStack> {
    let mut tag = [0; 16];
    context.encrypt_init(None, None, Some(black_box(&NONCE)))?;
    context.cipher_update(black_box(AAD), None)?;
    context.cipher_update_inplace(message, message.len())?;
    context.cipher_final(&mut [])?;
    context.tag(&mut tag)?;
    Ok(tag)
}

fn openssl_open(
    context: &mut CipherCtx,
    message: &mut [u8],
    tag: &[u8; 16],
) -> Result<(), openssl::error::ErrorStack> {
    context.decrypt_init(None, None, Some(black_box(&NONCE)))?;
    context.set_tag(tag)?;
    context.cipher_update(black_box(AAD), None)?;
    context.cipher_update_inplace(message, message.len())?;
    context.cipher_final(&mut [])?;
    Ok(())
}
