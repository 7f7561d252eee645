//! Parts of the library that are linked and measured apart.

/// A part of the library that a firmware may link.
pub(super) struct Part {
    pub(super) name: &'static str,
    /// Exported functions; one that ends in `_` stands for all that begin so.
    pub(super) functions: &'static [&'static str],
    /// Operations of `c/measure.c` whose stack counts.
    pub(super) operations: &'static [&'static str],
}

pub(super) const PASSWORD: Part = Part {
    name: "password",
    functions: &["mqward_auth_seed_login_key", "mqward_password_mint"],
    operations: &["login_key", "password_mint"],
};
pub(super) const SEALING: Part = Part {
    name: "seal and open",
    functions: &[
        "mqward_sealer_init_up",
        "mqward_opener_init_down",
        "mqward_seal_in_place",
        "mqward_open_in_place",
    ],
    operations: &["sealer_init_up", "opener_init_down", "seal_256", "open_256"],
};
pub(super) const BARE: Part = Part {
    name: "password, seal, open",
    functions: &[
        "mqward_auth_seed_login_key",
        "mqward_password_mint",
        "mqward_sealer_init_up",
        "mqward_opener_init_down",
        "mqward_seal_in_place",
        "mqward_open_in_place",
    ],
    operations: &[
        "login_key",
        "password_mint",
        "sealer_init_up",
        "opener_init_down",
        "seal_256",
        "open_256",
    ],
};
/// All that runs on a device in the field.
pub(super) const DEVICE: Part = Part {
    name: "device set",
    functions: &[
        "mqward_blob_parse",
        "mqward_blob_parse_partition",
        "mqward_boot_start",
        "mqward_boot_number",
        "mqward_boot_login_stamper",
        "mqward_boot_seal_stamper",
        "mqward_resume_",
        "mqward_clock_gate_",
        "mqward_auth_seed_login_key",
        "mqward_password_mint",
        "mqward_sealer_init_up",
        "mqward_sealer_wipe",
        "mqward_opener_init_down",
        "mqward_opener_wipe",
        "mqward_seal_in_place",
        "mqward_seal",
        "mqward_open_in_place",
        "mqward_header_parse",
        "mqward_window_",
        "mqward_strict_mark_",
        "mqward_latest_mark_",
        "mqward_receipt_",
        "mqward_topic_name_check",
        "mqward_topic_filter_check",
        "mqward_client_id_check",
        "mqward_wipe",
    ],
    operations: &[
        "blob_parse_partition",
        "boot_start",
        "login_key",
        "password_mint",
        "sealer_init_up",
        "opener_init_down",
        "seal_256",
        "open_256",
        "open_tampered_256",
        "window",
    ],
};
/// The library with the gate, with which a lab build judges the device's own topics, and the texts of the status codes.
pub(super) const ALL: Part = Part {
    name: "everything",
    functions: &["mqward_"],
    operations: &[],
};
pub(super) const PARTS: [&Part; 5] = [&PASSWORD, &SEALING, &BARE, &DEVICE, &ALL];
