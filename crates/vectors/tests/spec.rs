//! The example in `docs/spec.md` §2.3 is the case `design` of the vectors.

const SPEC: &str = include_str!("../../../docs/spec.md");

/// The example's value of that name.
fn example(name: &str) -> Option<&'static str> {
    let (_, section) = SPEC.split_once("### 2.3 An example")?;
    let (section, _) = section.split_once("\n## ")?;
    section.lines().find_map(|line| {
        let value = line.strip_prefix(name)?;
        value.starts_with("  ").then(|| value.trim())
    })
}

fn hex(name: &str) -> Vec<u8> {
    let value = example(name).unwrap_or_default();
    mqward_vectors::decode_hex(value).unwrap_or_default()
}

#[test]
fn example_is_the_design_vector() {
    let tree = &mqward_vectors::keys().trees[0];
    let device = &tree.devices[0];
    assert_eq!(hex("root"), tree.root);
    assert_eq!(hex("auth_root"), tree.auth_root);
    assert_eq!(hex("up_root"), tree.up_root);
    assert_eq!(hex("auth_seed"), device.auth_seed);
    assert_eq!(hex("up_seed"), device.up_seed);

    let password = &mqward_vectors::passwords().passwords[0];
    assert_eq!(hex("login_key"), password.login_key);
    assert_eq!(hex("head"), password.head);
    assert_eq!(hex("tag"), password.tag);
    assert_eq!(example("password"), Some(password.text.as_str()));
    assert_eq!(hex("mark"), password.mark.to_be_bytes());

    let message = &mqward_vectors::sealed().messages[0];
    assert_eq!(hex("sender_key"), message.sender_key);
    assert_eq!(example("topic"), Some(message.topic.to_text().as_str()));
    assert_eq!(hex("iv"), message.iv);
    let mqward_vectors::Aad::Hex(aad) = &message.aad else {
        panic!("the AAD is short enough to print");
    };
    assert_eq!(&hex("aad"), aad);
    assert_eq!(hex("sealed"), message.sealed);
    assert_eq!(hex("COSE form"), mqward_vectors::cose().pairs[0].cose());
}

/// Sections that the documentation of the vectors cites exist.
#[test]
fn sections_are_numbered_without_gaps() {
    let chapters: Vec<_> = SPEC
        .lines()
        .filter_map(|line| line.strip_prefix("## "))
        .collect();
    for (number, title) in (1..).zip(&chapters) {
        assert!(title.starts_with(&format!("{number}. ")), "{title}");
    }
    let mut last = (0, 0);
    for title in SPEC.lines().filter_map(|line| line.strip_prefix("### ")) {
        let number = title.split(' ').next().unwrap();
        let (chapter, section) = number.split_once('.').unwrap();
        let this: (u32, u32) = (chapter.parse().unwrap(), section.parse().unwrap());
        let follows = this == (last.0, last.1 + 1) || (this.0 > last.0 && this.1 == 1);
        assert!(follows, "{number} after {}.{}", last.0, last.1);
        last = this;
    }
    assert_eq!(chapters.len(), 13);
}
