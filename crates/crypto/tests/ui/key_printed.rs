use mqward_crypto::{LoginKey, Root};

fn leak(root: Root, key: &LoginKey) -> String {
    let _copy: LoginKey = key.clone();
    format!("{root}")
}

fn main() {}
