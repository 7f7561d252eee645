//! Compact and full form: each is accepted exactly if it is what the other expands or shrinks to, byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward::{Header, cose};

fuzz_target!(|data: &[u8]| {
    let mut buf = vec![0; data.len() + cose::MAX_EXTRA_LEN];
    let mut again = vec![0; data.len() + cose::MAX_EXTRA_LEN];
    let expanded = cose::expand(data, &mut buf);
    assert_eq!(expanded.is_ok(), Header::parse(data).is_ok());
    if let Ok(len) = expanded {
        assert_eq!(cose::compact(&buf[..len], &mut again), Ok(data.len()));
        assert_eq!(&again[..data.len()], data);
        assert!(cose::compact(&buf[..len - 1], &mut again).is_err());
    }
    if let Ok(len) = cose::compact(data, &mut buf) {
        assert_eq!(cose::expand(&buf[..len], &mut again), Ok(data.len()));
        assert_eq!(&again[..data.len()], data);
    }
});
