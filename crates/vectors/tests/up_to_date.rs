//! The committed vectors are what the Python program prints.

use std::path::Path;

use mqward_vectors::{CoseQuestion, Oracle};

#[test]
fn committed_files_are_what_the_program_prints() {
    let oracle = Oracle::prepare(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    oracle.check().unwrap();
}

/// The form that a general COSE library opens, and that it does not open under another key, topic or content.
#[test]
fn cwt_opens_the_full_form() {
    let vectors = mqward_vectors::cose();
    let mut questions = Vec::new();
    let mut expected = Vec::new();
    for pair in &vectors.pairs {
        let Some(opens) = &pair.opens else { continue };
        let good = CoseQuestion {
            key: opens.sender_key,
            topic: opens.topic.to_text(),
            cose: pair.cose(),
        };
        let mut other_key = good.clone();
        other_key.key[31] ^= 1;
        let mut other_topic = good.clone();
        other_topic.topic.push('x');
        let mut other_body = good.clone();
        *other_body.cose.last_mut().unwrap() ^= 1;
        let mut other_iv = good.clone();
        other_iv.cose[25] ^= 1;
        questions.extend([good, other_key, other_topic, other_body, other_iv]);
        expected.extend([Some(opens.payload.to_vec()), None, None, None, None]);
    }
    assert!(questions.len() >= 80, "{} questions", questions.len());
    let oracle = Oracle::prepare(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    assert_eq!(oracle.open_cose(&questions).unwrap(), expected);
}
