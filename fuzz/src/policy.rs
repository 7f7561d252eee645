//! Roles as a C caller writes them: the one gate of all calls, and gates from drawn roles in drawn memory.

use std::ffi::c_char;
use std::mem::MaybeUninit;
use std::sync::OnceLock;

use mqward_ffi::*;

/// Texts that names, prefixes and patterns are taken from.
const TEXTS: [&str; 8] = [
    "device-", "d", "", "tx/%c/#", "rx/%c/+", "#", "a/+/%c", "%d",
];

fn rule(text: u8, kind: u8) -> mqward_rule {
    let pattern = TEXTS[usize::from(text) % TEXTS.len()];
    mqward_rule {
        pattern: pattern.as_ptr().cast(),
        pattern_len: pattern.len(),
        effect: kind & 3,
        access: kind >> 2 & 3,
        sealed: kind >> 4 & 1,
    }
}

fn role(prefix: u8, kind: u8, rules: &[mqward_rule]) -> mqward_role {
    let prefix = TEXTS[usize::from(prefix) % TEXTS.len()];
    mqward_role {
        name: prefix.as_ptr().cast(),
        name_len: prefix.len(),
        prefix: prefix.as_ptr().cast(),
        prefix_len: prefix.len(),
        rules: rules.as_ptr(),
        rules_len: rules.len(),
        limits: mqward_limits {
            max_packet: 0,
            max_payload: 0,
            max_topic_len: 0,
            max_levels: 0,
            max_filters: 0,
        },
        char_class: kind & 7,
        min_len: u8::try_from(prefix.len()).unwrap_or(0) + (kind >> 3 & 3),
        max_len: 12,
        authentication: kind >> 6 & 1,
        on_refuse: kind >> 5 & 3,
    }
}

/// A gate that stays: one role with rules of every kind.
pub(crate) fn gate() -> *const mqward_gate {
    static GATE: OnceLock<usize> = OnceLock::new();
    let address = GATE.get_or_init(|| {
        let rules = [rule(3, 5), rule(4, 9), rule(6, 8), rule(5, 0x15)];
        let roles = [role(0, 0x0c, &rules)];
        let role_memory = Box::leak(Box::new(MaybeUninit::<[mqward_role_memory; 1]>::uninit()));
        let rule_memory = Box::leak(Box::new(MaybeUninit::<[mqward_rule_memory; 4]>::uninit()));
        let gate = Box::leak(Box::new(MaybeUninit::<mqward_gate>::uninit())).as_mut_ptr();
        // SAFETY: memory for as many roles and rules, which stays.
        let status = unsafe {
            mqward_gate_init(
                roles.as_ptr(),
                1,
                role_memory.as_mut_ptr().cast(),
                1,
                rule_memory.as_mut_ptr().cast(),
                4,
                gate,
            )
        };
        assert_eq!(status, MQWARD_OK);
        gate.addr()
    });
    std::ptr::with_exposed_provenance(*address)
}

/// Makes a gate of drawn roles in drawn places of one block, and asks it, if it is one.
pub fn judge_with_drawn_roles(bytes: &[u8]) {
    let mut drawn = bytes.iter().copied();
    let mut byte = || drawn.next().unwrap_or(0);
    let rules: Vec<mqward_rule> = (0..byte() % 5).map(|_| rule(byte(), byte())).collect();
    let roles: Vec<mqward_role> = (0..byte() % 4)
        .map(|_| role(byte(), byte(), &rules))
        .collect();
    // Roles first, the rest anywhere.
    let mut block = vec![0_u64; 256];
    let base = block.as_mut_ptr();
    // SAFETY: at most three roles: less than the block.
    unsafe {
        base.cast::<mqward_role>()
            .copy_from(roles.as_ptr(), roles.len())
    };
    let mut place = |size: usize| {
        let choice = usize::from(byte());
        let at = choice * 8 % 1536 + choice / 192;
        let room = (2048 - at) / size;
        let len = usize::from(byte()) % (room.min(8) + 1);
        let pointer = if choice == 255 {
            std::ptr::null_mut()
        } else {
            base.wrapping_byte_add(at)
        };
        (pointer, if choice == 255 { 0 } else { len })
    };
    let (role_memory, role_len) = place(size_of::<mqward_role_memory>());
    let (rule_memory, rule_len) = place(size_of::<mqward_rule_memory>());
    let mut gate = MaybeUninit::<mqward_gate>::zeroed();
    // SAFETY: pointers into the block with the room that they say; texts that stay.
    let status = unsafe {
        mqward_gate_init(
            base.cast(),
            roles.len(),
            role_memory.cast(),
            role_len,
            rule_memory.cast(),
            rule_len,
            gate.as_mut_ptr(),
        )
    };
    assert_ne!(status, MQWARD_ERR_PANIC);
    let (id, topic) = ("device-1", "tx/device-1/t");
    let packet = mqward_publish {
        topic: topic.as_ptr().cast(),
        topic_len: topic.len(),
        payload: std::ptr::null(),
        payload_len: 0,
        packet_len: 0,
        retain: 0,
    };
    let mut verdict = MaybeUninit::<mqward_verdict>::zeroed();
    let id_len = id.len();
    let id: *const c_char = id.as_ptr().cast();
    // SAFETY: a gate that was set up or is zero; texts with their lengths.
    let answer = unsafe {
        mqward_gate_publish(
            gate.as_ptr(),
            id,
            id_len,
            &raw const packet,
            verdict.as_mut_ptr(),
        )
    };
    assert_eq!(
        answer == MQWARD_ERR_STATE,
        status != MQWARD_OK,
        "{status} and then {answer}"
    );
}
