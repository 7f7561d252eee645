use mqward_crypto::{Boot, LoginStamper};

fn main() {
    let _ = LoginStamper::new(1, 0);
    let _ = Boot::new(1);
}
