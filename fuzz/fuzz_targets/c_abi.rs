//! The C boundary: any function with any pointers into one block of memory, NULL, misaligned, overlapping, absurd lengths.
//!
//! The first half of the input lies in the block; the rest draws functions and arguments. Asserted for every call: no
//! panic, NULL and misaligned structs are refused, and nothing is written but outputs, and those on success alone.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqward_ffi::*;
use mqward_fuzz::{Arena, Function, erase, judge_with_drawn_roles};

macro_rules! functions {
    ($($any:tt: $($name:ident)*;)*) => {
        /// All functions of the header, but the one that makes gates.
        const FUNCTIONS: &[&str] = &[$($(stringify!($name)),*),*];

        fn call(name: &str, arena: &mut Arena<'_>) {
            match name {
                $($(stringify!($name) => {
                    arena.call(name, |arena| ($name as unsafe extern "C" fn $any -> _).bind(arena));
                })*)*
                _ => unreachable!("{name} is in no table"),
            }
        }
    };
}

functions! {
    (): mqward_version;
    (_): mqward_status_str mqward_sealer_wipe mqward_opener_wipe mqward_window_init mqward_window_init_closed mqward_strict_mark_init_closed;
    (_, _): mqward_wipe mqward_root_auth mqward_root_up mqward_root_down mqward_boot_start mqward_boot_number mqward_boot_login_stamper mqward_boot_provision mqward_clock_gate_init mqward_clock_gate_raise mqward_window_commit mqward_strict_mark_commit mqward_latest_mark_commit mqward_topic_name_check mqward_topic_filter_check mqward_client_id_check mqward_mark_compare;
    (_, _, _): mqward_auth_root_seed mqward_up_root_seed mqward_down_root_seed mqward_blob_parse mqward_blob_parse_partition mqward_boot_start_at_least mqward_boot_first_slot mqward_clock_gate_resume mqward_clock_gate_judge mqward_header_parse mqward_receipt_age mqward_receipt_check_age mqward_window_init_cold mqward_window_set_cold mqward_window_reopen mqward_window_judge mqward_window_export mqward_window_import mqward_strict_mark_init_cold mqward_strict_mark_init_at mqward_strict_mark_judge mqward_latest_mark_judge mqward_verdict_refuse_login mqward_claim_parse mqward_gate_connect;
    (_, _, _, _): mqward_up_seed_sender_key mqward_boot_seal_stamper mqward_resume_sleep mqward_resume_wake mqward_is_sealed_shape mqward_sealer_init_up mqward_opener_init_up mqward_subscription_parse;
    (_, _, _, _, _): mqward_auth_seed_login_key mqward_down_seed_sender_key mqward_sealer_init_down mqward_opener_init_down mqward_cose_expand mqward_cose_compact mqward_topic_filter_matches mqward_topic_filter_covers mqward_topic_filter_overlaps mqward_gate_login mqward_gate_publish mqward_gate_subscribe_count;
    (_, _, _, _, _, _): mqward_password_mint mqward_open_in_place mqward_pattern_client_id mqward_gate_subscribe mqward_gate_deliver;
    (_, _, _, _, _, _, _): mqward_blob_write mqward_login_verify;
    (_, _, _, _, _, _, _, _, _): mqward_claim_verify;
    (_, _, _, _, _, _, _, _, _, _): mqward_seal_in_place;
    (_, _, _, _, _, _, _, _, _, _, _): mqward_seal;
}

fuzz_target!(
    init: {
        // A function that is new in the header is new here.
        let header = include_str!("../../include/mqward.h");
        for line in header.lines().filter(|line| line.contains("mqward_") && !line.starts_with([' ', '#', '/', '*'])) {
            let name = line.split_once('(').and_then(|(before, _)| before.rsplit([' ', '*']).next());
            let Some(name) = name.filter(|name| name.starts_with("mqward_")) else { continue };
            assert!(name == "mqward_gate_init" || FUNCTIONS.contains(&name), "{name} is not fuzzed");
        }
    },
    |bytes: &[u8]| {
        erase();
        let mut arena = Arena::new(bytes);
        while let Some(step) = arena.step() {
            match FUNCTIONS.get(usize::from(step)) {
                Some(name) => call(name, &mut arena),
                None => judge_with_drawn_roles(bytes),
            }
        }
    }
);
