//! Test vectors of the mqward protocol.
