//! The tables of `policy.toml` as they are written, before anything is judged.

use serde::Deserialize;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PolicyTable {
    pub(crate) audience: Option<Spanned<String>>,
    pub(crate) window: Option<Spanned<u16>>,
    pub(crate) keys: Option<Spanned<KeysTable>>,
    pub(crate) devices: Option<Spanned<DevicesTable>>,
    pub(crate) replay: Option<ReplayTable>,
    pub(crate) audit: Option<AuditTable>,
    pub(crate) limiter: Option<LimiterTable>,
    pub(crate) metrics: Option<MetricsTable>,
    pub(crate) migration: Option<MigrationTable>,
    #[serde(default)]
    pub(crate) role: Vec<Spanned<RoleTable>>,
}

/// `[keys]`: exactly one of the two.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeysTable {
    pub(crate) auth_root: Option<String>,
    pub(crate) login_keys: Option<String>,
}

/// `[devices]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DevicesTable {
    pub(crate) hardware_id: Option<Spanned<HardwareIdName>>,
    pub(crate) file: Option<String>,
    pub(crate) registry: Option<String>,
}

/// Where a device's hardware id comes from.
#[derive(Copy, Clone, Debug, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum HardwareIdName {
    Registry,
    ClientId,
    None,
}

/// `[replay]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReplayTable {
    #[serde(default)]
    pub(crate) cold_start: ColdStartName,
    pub(crate) file: Option<String>,
}

/// What a store without marks does.
#[derive(Copy, Clone, Debug, Default, Eq, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ColdStartName {
    #[default]
    Strict,
    Open,
}

/// `[audit]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditTable {
    pub(crate) file: String,
}

/// `[limiter]`, each optional.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimiterTable {
    pub(crate) failures: Option<Spanned<u32>>,
    pub(crate) per_minute: Option<Spanned<u32>>,
    pub(crate) closes: Option<Spanned<u32>>,
}

/// `[metrics]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetricsTable {
    pub(crate) file: String,
    pub(crate) interval: Option<Spanned<u32>>,
}

/// `[migration]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MigrationTable {
    pub(crate) file: String,
}

/// `[[role]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleTable {
    pub(crate) name: Spanned<String>,
    pub(crate) client_id: Spanned<ClientIdTable>,
    pub(crate) auth: AuthName,
    #[serde(default)]
    pub(crate) on_refuse: OnRefuseName,
    pub(crate) hardware_id: Option<Spanned<HardwareIdName>>,
    pub(crate) development: Option<Spanned<bool>>,
    #[serde(default)]
    pub(crate) limits: LimitsTable,
    #[serde(default)]
    pub(crate) publish: Vec<Spanned<RuleTable>>,
    #[serde(default)]
    pub(crate) subscribe: Vec<Spanned<RuleTable>>,
}

/// `client_id = { … }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientIdTable {
    pub(crate) prefix: String,
    pub(crate) chars: CharsName,
    pub(crate) min: usize,
    pub(crate) max: usize,
}

/// A character class by name.
#[derive(Copy, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CharsName {
    Digits,
    LowerHex,
    Hex,
    Word,
    WordDot,
}

/// Who checks the password.
#[derive(Copy, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AuthName {
    Mqward,
    Broker,
}

/// What a refusal does.
#[derive(Copy, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnRefuseName {
    #[default]
    Close,
    Refuse,
    Report,
}

/// `limits = { … }`, each optional.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitsTable {
    pub(crate) packet: Option<Spanned<u32>>,
    pub(crate) payload: Option<Spanned<u32>>,
    pub(crate) topic: Option<Spanned<u16>>,
    pub(crate) levels: Option<Spanned<u16>>,
    pub(crate) filters: Option<Spanned<u16>>,
}

/// One rule: `{ allow = "…" }`, `{ allow = "…", sealed = true }` or `{ deny = "…" }`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RuleTable {
    pub(crate) allow: Option<String>,
    pub(crate) deny: Option<String>,
    pub(crate) sealed: Option<bool>,
}
