//! What the fuzz targets found, each as its smallest case.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use mqward_crypto::{Blob, Device, Generation, MAX_BLOB_LEN, Root};

/// Target `blob`: a blob was written for an identifier that is not ASCII, and then refused.
#[test]
fn a_blob_that_was_written_reads_back_whatever_the_identifier() {
    for id in ["\u{ffff}", "ä", "\0", "+", "a/b"] {
        let device = Device::new(id, Generation::FIRST).unwrap();
        let root = Root::from_bytes([1; 32]);
        let mut out = [0; MAX_BLOB_LEN];
        let (auth, up, down) = (
            root.auth().seed(device),
            root.up().seed(device),
            root.down().seed(device),
        );
        let len = Blob::write(device, &auth, &up, &down, &mut out).unwrap();
        assert_eq!(Blob::parse(&out[..len]).unwrap().device(), device);
    }
}
