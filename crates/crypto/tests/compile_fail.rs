//! What must not compile: a key of the wrong kind, a second counter, a stamp or ticket built by hand.

#[test]
fn misuse_does_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
