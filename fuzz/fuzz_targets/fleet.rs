//! A device, a broker and a receiver over restarts, torn writes, lost stores and replays: nothing is accepted twice,
//! and no nonce is used twice.
#![no_main]

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use mqward::{
    Advance, AgeRule, Boot, BootRecord, Claim, Class, Clock, ClockRule, LoginKey, LoginStamper,
    LoginTerms, Opened, SealStamper, Sender, Window, sealed_len,
};
use mqward_broker::{ColdStart, MemoryReplayStore, ReplayStore};
use mqward_fuzz::{Flash, at, device, uplink};

fn stampers(mut boot: Boot) -> (LoginStamper, SealStamper) {
    (
        boot.login_stamper().unwrap(),
        boot.seal_stamper(Sender::DEVICE, [0; 4]).unwrap(),
    )
}

fuzz_target!(|steps: &[u8]| {
    let (key, (sealer, opener)) = (LoginKey::from_bytes([3; 32]), uplink(9));
    let terms = LoginTerms::new(60, ClockRule::Accepted).unwrap();
    let mut flash = Flash::provisioned(at(0));
    let (mut logins, mut seals) = stampers(BootRecord::start(&mut flash).unwrap());
    let mut store = MemoryReplayStore::new(ColdStart::Open);
    let mut window = Window::<1>::new();
    let mut backup = window.clone();
    let (mut now, mut skew) = (1000u32, 0i32);
    let (mut passwords, mut messages) = (Vec::new(), Vec::new());
    let (mut nonces, mut admitted, mut acted) = (HashSet::new(), HashSet::new(), HashSet::new());
    for pair in steps.chunks_exact(2) {
        let (step, argument) = (pair[0], pair[1]);
        let clock = if argument & 1 == 0 {
            Clock::Trusted(at(now.saturating_add_signed(skew)))
        } else {
            Clock::None
        };
        match step % 9 {
            0 => passwords.push(logins.mint(&key, device(), clock).unwrap()),
            1 => {
                let mut buf = [0; sealed_len(1)];
                sealer
                    .seal(&mut seals, Class::Live, "t", clock, &[step], &mut buf)
                    .unwrap();
                assert!(nonces.insert(buf[3..14].to_vec()), "a nonce is used twice");
                messages.push(buf);
            }
            2 | 3 if !passwords.is_empty() => {
                let claim =
                    Claim::parse(passwords[usize::from(argument) % passwords.len()].as_bytes())
                        .unwrap();
                let Ok(login) = claim.verify(&key, true, "device-1", &terms, at(now)) else {
                    continue;
                };
                if store.advance("device-1", login.mark(), login.time()) == Advance::Advanced {
                    assert!(admitted.insert(login.mark()), "a password worked twice");
                }
            }
            4 | 5 if !messages.is_empty() => {
                let mut buf = messages[usize::from(argument) % messages.len()];
                let Ok(Opened::Message(message)) = opener.open_in_place("t", &mut buf) else {
                    panic!("does not open")
                };
                let receipt = message.receipt();
                if receipt
                    .check_age(&AgeRule::UPLINK, Clock::Trusted(at(now)))
                    .is_err()
                {
                    continue;
                }
                if let mqward::Judgement::Fresh(ticket) = window.judge(receipt) {
                    window.commit(ticket).unwrap();
                    assert!(
                        acted.insert((receipt.boot(), receipt.count())),
                        "a message had its effect twice"
                    );
                }
            }
            6 => {
                flash.torn = usize::from(argument % 33).min(16);
                if BootRecord::start(&mut flash).is_err() {
                    flash.torn = 16;
                }
                (logins, seals) = stampers(BootRecord::start(&mut flash).unwrap());
            }
            7 => {
                now += u32::from(argument);
                skew = i32::from(argument as i8);
            }
            8 if argument < 80 => {
                store = MemoryReplayStore::new(ColdStart::Strict {
                    start: at(now),
                    window_secs: 60,
                });
            }
            8 if argument < 120 => backup = window.clone(),
            8 if argument < 180 => {
                window = backup.clone();
                window.set_cold(at(now), 60);
            }
            8 => window = Window::cold(at(now), 60),
            _ => {}
        }
    }
});
