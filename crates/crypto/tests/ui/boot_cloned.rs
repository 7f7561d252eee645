use mqward_crypto::{Boot, SealStamper};

fn two(boot: Boot, stamper: SealStamper) -> (Boot, SealStamper) {
    let _ = (boot.clone(), stamper.clone());
    (boot, stamper)
}

fn main() {}
