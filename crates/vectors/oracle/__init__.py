"""An independent implementation of docs/spec.md, only as long as the vectors need.

It shares no code with the Rust crates: HKDF-Expand and ChaCha20-Poly1305 come from `cryptography`, CBOR from `cbor2`,
COSE from `cwt`, and every ACL decision is taken by looking at each topic of a finite set.
"""
