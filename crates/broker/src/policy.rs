//! The policy: one TOML file that says who may do what.

use core::fmt;
use core::ops::Range;
use std::path::{Path, PathBuf};

use mqward::{
    Access, Audience, Authentication, CharClass, ClientId, ClockRule, DEFAULT_WINDOW_SECS, Effect,
    Gate, KEY_LEN, Limits, LoginTerms, OnRefuse,
};
use toml::Spanned;

use crate::PolicyError;
use crate::fleet::Fleet;
use crate::policy_error::line_of;
use crate::policy_file::{
    AuthName, CharsName, DevicesTable, HardwareIdName, KeysTable, LimitsTable, OnRefuseName,
    PolicyTable, RoleTable, RuleTable,
};
use crate::rule_set::{HardwareIdSource, PolicyText, RoleText, RuleSet, RuleText};
use crate::services::Services;

/// The longest packet of MQTT (§2.1.4: Remaining Length of four bytes, plus the fixed header).
const MAX_PACKET: u32 = 268_435_455 + 5;

/// A policy file, read and found without mistake.
///
/// Reading it opens no other file; [`check_files`](Self::check_files) and [`Guard`](crate::Guard) do.
///
/// ```
/// use mqward_broker::Policy;
///
/// let text = r#"
///     [[role]]
///     name = "dashboard"
///     client_id = { prefix = "dash-", chars = "word", min = 6, max = 20 }
///     auth = "broker"
///     subscribe = [{ allow = "tx/#" }]
/// "#;
/// let policy = Policy::parse(text, "policy.toml")?;
/// assert!(policy.gate().subscribe(b"dash-1", b"tx/+/t").is_allowed());
/// assert!(!policy.gate().subscribe(b"dash-1", b"rx/+/t").is_allowed());
/// # Ok::<(), mqward_broker::PolicyError>(())
/// ```
#[derive(Debug)]
pub struct Policy {
    rules: RuleSet,
    window_secs: u16,
    keys: Option<KeysFile>,
    devices: DevicesSource,
    services: Services,
}

/// Where devices are listed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) enum DevicesSource {
    /// Nowhere: every client id that fits a role is one.
    #[default]
    Roles,
    File(PathBuf),
    Registry(PathBuf),
}

/// The file that login keys come from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum KeysFile {
    AuthRoot(PathBuf),
    LoginKeys(PathBuf),
}

impl Policy {
    /// Reads and validates a policy file.
    ///
    /// # Errors
    /// The first mistake, with its line; or that the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| PolicyError::of_file(path, error.to_string()))?;
        Self::parse(&text, path)
    }

    /// Validates the text of a policy. `path` is what errors name and what relative paths inside start from.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(text: &str, path: impl AsRef<Path>) -> Result<Self, PolicyError> {
        let source = Source {
            text,
            path: path.as_ref(),
        };
        let table: PolicyTable = toml::from_str(text).map_err(|error| match error.span() {
            Some(span) => source.error(&span, error.message()),
            None => PolicyError::of_file(source.path, error.message()),
        })?;
        source.policy(table)
    }

    /// Reads the key and device files that the policy names, as a broker would at its start, and forgets them.
    ///
    /// # Errors
    /// The first mistake in either, with its file and line.
    pub fn check_files(&self) -> Result<(), PolicyError> {
        Fleet::read(self, None).map(drop)
    }

    /// The gate over the policy's roles.
    #[must_use]
    pub fn gate(&self) -> Gate<'_> {
        self.rules.gate()
    }

    /// The audience that login keys are bound to; `None` where no role needs one.
    #[must_use]
    pub fn audience(&self) -> Option<Audience<'_>> {
        self.rules.audience()
    }

    /// How far a password's time may be from the broker's, in seconds, 1 to 3600.
    #[must_use]
    pub const fn window_secs(&self) -> u16 {
        self.window_secs
    }

    /// The number of the role with mqward passwords that a client id of a file belongs to, or what is wrong.
    pub(crate) fn mqward_role(&self, client_id: &str) -> Result<usize, String> {
        let id = ClientId::new(client_id).map_err(|error| format!("client id: {error}"))?;
        match self.gate().role_of(id) {
            // The line is told, never the text: with swapped columns it would be a key.
            None => Err("this client id fits no role of the policy".to_owned()),
            Some((_, role)) if role.authentication != Authentication::Mqward => Err(format!(
                "this client id has role `{}`, which uses no mqward passwords",
                role.name
            )),
            Some((index, _)) => Ok(index),
        }
    }

    /// Where a role's hardware ids come from, with the length of its prefix.
    pub(crate) fn hardware_id(&self, role: usize) -> (HardwareIdSource, usize) {
        self.rules
            .role(role)
            .map_or((HardwareIdSource::None, 0), |role| {
                (role.hardware_id, role.prefix.len())
            })
    }

    pub(crate) const fn keys_file(&self) -> Option<&KeysFile> {
        self.keys.as_ref()
    }

    pub(crate) const fn devices(&self) -> &DevicesSource {
        &self.devices
    }

    pub(crate) const fn services(&self) -> &Services {
        &self.services
    }

    pub(crate) fn text(&self) -> &PolicyText {
        self.rules.text()
    }
}

/// The text being judged, for errors with lines.
pub(crate) struct Source<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Source<'_> {
    fn line(&self, span: &Range<usize>) -> u64 {
        line_of(self.text, span)
    }

    pub(crate) fn error(&self, span: &Range<usize>, reason: impl Into<String>) -> PolicyError {
        PolicyError::at_line(self.path, self.line(span), reason)
    }

    /// A path of the policy, relative to its own folder.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(name)
    }

    fn policy(&self, table: PolicyTable) -> Result<Policy, PolicyError> {
        let window_secs = self.window(table.window.as_ref())?;
        let keys = match &table.keys {
            None => None,
            Some(keys) => Some(self.keys(keys)?),
        };
        let devices = match &table.devices {
            None => DevicesSource::Roles,
            Some(devices) => self.devices(devices)?,
        };
        let default_source = table
            .devices
            .as_ref()
            .and_then(|devices| devices.get_ref().hardware_id.as_ref());
        let context = RoleContext {
            has_audience: table.audience.is_some(),
            keys: keys.as_ref(),
            devices: &devices,
            default_source: default_source.map(|source| *source.get_ref()),
        };
        let mut roles: Vec<RoleText> = Vec::with_capacity(table.role.len());
        for role in &table.role {
            let role = self.role(role, &context)?;
            if let Some(first) = roles.iter().find(|first| first.name == role.name) {
                let reason = format!(
                    "role `{}` stands on line {} already",
                    role.name, first.name_line
                );
                return Err(PolicyError::at_line(self.path, role.name_line, reason));
            }
            roles.push(role);
        }
        let services = Services::new(self, &table)?;
        let audience = table.audience.map(|audience| {
            let line = self.line(&audience.span());
            (audience.into_inner(), line)
        });
        Ok(Policy {
            rules: RuleSet::new(PolicyText { audience, roles }, self.path)?,
            window_secs,
            keys,
            devices,
            services,
        })
    }

    fn window(&self, window: Option<&Spanned<u16>>) -> Result<u16, PolicyError> {
        let Some(window) = window else {
            return Ok(DEFAULT_WINDOW_SECS);
        };
        let secs = *window.get_ref();
        match LoginTerms::new(secs, ClockRule::Required) {
            Ok(_) => Ok(secs),
            Err(error) => Err(self.error(&window.span(), format!("{error}, not {secs}"))),
        }
    }

    fn keys(&self, keys: &Spanned<KeysTable>) -> Result<KeysFile, PolicyError> {
        let table = keys.get_ref();
        let named = table.auth_root.as_ref().or(table.login_keys.as_ref());
        // Said before anything prints the name: the key itself in place of its file's name.
        if named.is_some_and(|name| {
            name.len() >= 2 * KEY_LEN && name.bytes().all(|c| c.is_ascii_hexdigit())
        }) {
            return Err(self.error(
                &keys.span(),
                "`[keys]` names a file; a key does not belong in the policy",
            ));
        }
        match (&table.auth_root, &table.login_keys) {
            (Some(file), None) => Ok(KeysFile::AuthRoot(self.beside(file))),
            (None, Some(file)) => Ok(KeysFile::LoginKeys(self.beside(file))),
            _ => Err(self.error(
                &keys.span(),
                "`[keys]` names exactly one file: `auth_root` or `login_keys`",
            )),
        }
    }

    fn devices(&self, devices: &Spanned<DevicesTable>) -> Result<DevicesSource, PolicyError> {
        let table = devices.get_ref();
        match (&table.file, &table.registry) {
            (None, None) => Ok(DevicesSource::Roles),
            (Some(file), None) => Ok(DevicesSource::File(self.beside(file))),
            (None, Some(file)) => Ok(DevicesSource::Registry(self.beside(file))),
            (Some(_), Some(_)) => Err(self.error(
                &devices.span(),
                "`[devices]` names one of `file` and `registry`, not both",
            )),
        }
    }

    fn role(
        &self,
        role: &Spanned<RoleTable>,
        context: &RoleContext<'_>,
    ) -> Result<RoleText, PolicyError> {
        let table = role.get_ref();
        let name = table.name.get_ref();
        let name_span = table.name.span();
        if name.is_empty() {
            return Err(self.error(&name_span, "a role needs a name"));
        }
        let authentication = match table.auth {
            AuthName::Mqward => Authentication::Mqward,
            AuthName::Broker => Authentication::Broker,
        };
        let mqward = authentication == Authentication::Mqward;
        if let (Some(source), false) = (&table.hardware_id, mqward) {
            let reason =
                format!("role `{name}` has auth = \"broker\": `hardware_id` means nothing");
            return Err(self.error(&source.span(), reason));
        }
        if let (Some(development), false) = (&table.development, mqward) {
            let reason =
                format!("role `{name}` has auth = \"broker\": `development` means nothing");
            return Err(self.error(&development.span(), reason));
        }
        let hardware_id = if mqward {
            let own = table.hardware_id.as_ref().map(|source| *source.get_ref());
            context.hardware_id(own).map_err(|missing| {
                self.error(
                    &name_span,
                    format!("role `{name}` has auth = \"mqward\": {missing}"),
                )
            })?
        } else {
            HardwareIdSource::None
        };
        let client_id = table.client_id.get_ref();
        let publish = table
            .publish
            .iter()
            .map(|rule| self.rule(rule, Access::Publish));
        let subscribe = table
            .subscribe
            .iter()
            .map(|rule| self.rule(rule, Access::Subscribe));
        Ok(RoleText {
            name: name.clone(),
            name_line: self.line(&name_span),
            prefix: client_id.prefix.clone(),
            class: match client_id.chars {
                CharsName::Digits => CharClass::Digits,
                CharsName::LowerHex => CharClass::LowerHex,
                CharsName::Hex => CharClass::Hex,
                CharsName::Word => CharClass::Word,
                CharsName::WordDot => CharClass::WordDot,
            },
            min_len: client_id.min,
            max_len: client_id.max,
            client_id_line: self.line(&table.client_id.span()),
            authentication,
            on_refuse: match table.on_refuse {
                OnRefuseName::Close => OnRefuse::Close,
                OnRefuseName::Refuse => OnRefuse::Refuse,
                OnRefuseName::Report => OnRefuse::Report,
            },
            hardware_id,
            development: table
                .development
                .as_ref()
                .is_some_and(|development| *development.get_ref()),
            limits: self.limits(&table.limits)?,
            rules: publish.chain(subscribe).collect::<Result<_, _>>()?,
        })
    }

    fn limits(&self, table: &LimitsTable) -> Result<Limits, PolicyError> {
        let default = Limits::default();
        let limits = Limits {
            max_packet: self.limit(
                "packet",
                table.packet.as_ref(),
                default.max_packet,
                MAX_PACKET,
            )?,
            max_payload: self.limit(
                "payload",
                table.payload.as_ref(),
                default.max_payload,
                MAX_PACKET,
            )?,
            max_topic_len: self.limit(
                "topic",
                table.topic.as_ref(),
                default.max_topic_len,
                u16::MAX,
            )?,
            max_levels: self.limit(
                "levels",
                table.levels.as_ref(),
                default.max_levels,
                u16::MAX,
            )?,
            max_filters: self.limit(
                "filters",
                table.filters.as_ref(),
                default.max_filters,
                u16::MAX,
            )?,
        };
        if limits.max_payload > limits.max_packet {
            let Limits {
                max_payload,
                max_packet,
                ..
            } = limits;
            let reason =
                format!("a payload of {max_payload} bytes never fits a packet of {max_packet}");
            let written = [table.payload.as_ref(), table.packet.as_ref()];
            let span = written.into_iter().flatten().next().map(Spanned::span);
            return Err(self.error(&span.unwrap_or_default(), reason));
        }
        Ok(limits)
    }

    fn limit<N: Copy + PartialOrd + From<u8> + fmt::Display>(
        &self,
        name: &str,
        written: Option<&Spanned<N>>,
        default: N,
        max: N,
    ) -> Result<N, PolicyError> {
        let Some(written) = written else {
            return Ok(default);
        };
        let value = *written.get_ref();
        if value >= N::from(1) && value <= max {
            return Ok(value);
        }
        Err(self.error(
            &written.span(),
            format!("limit `{name}` is 1 to {max}, not {value}"),
        ))
    }

    fn rule(&self, rule: &Spanned<RuleTable>, access: Access) -> Result<RuleText, PolicyError> {
        let span = rule.span();
        let RuleTable {
            allow,
            deny,
            sealed,
        } = rule.get_ref();
        let (effect, pattern) = match (allow, deny) {
            (Some(pattern), None) => (Effect::Allow, pattern),
            (None, Some(pattern)) => (Effect::Deny, pattern),
            _ => return Err(self.error(&span, "a rule has exactly one of `allow` and `deny`")),
        };
        if sealed.is_some() && (effect == Effect::Deny || access == Access::Subscribe) {
            return Err(self.error(
                &span,
                "`sealed` belongs to an `allow` rule of `publish` only",
            ));
        }
        Ok(RuleText {
            effect,
            access,
            pattern: pattern.clone(),
            sealed: sealed.unwrap_or(false),
            line: self.line(&span),
        })
    }
}

/// What a role's validity depends on outside its own table.
struct RoleContext<'a> {
    has_audience: bool,
    keys: Option<&'a KeysFile>,
    devices: &'a DevicesSource,
    default_source: Option<HardwareIdName>,
}

impl RoleContext<'_> {
    /// Where the hardware ids of an mqward role come from, or what the policy lacks for such a role.
    fn hardware_id(&self, own: Option<HardwareIdName>) -> Result<HardwareIdSource, &'static str> {
        if !self.has_audience {
            return Err("the policy needs an `audience`");
        }
        match self.keys {
            // A registry may hold seeds in place of a root.
            None if matches!(self.devices, DevicesSource::Registry(_)) => {}
            None => return Err("the policy needs `[keys]`"),
            Some(KeysFile::LoginKeys(_)) => return Ok(HardwareIdSource::InLoginKey),
            Some(KeysFile::AuthRoot(_)) => {}
        }
        match own.or(self.default_source) {
            None => Err("the policy needs `[devices]` with `hardware_id`"),
            Some(HardwareIdName::Registry) if *self.devices == DevicesSource::Roles => {
                Err("hardware_id = \"registry\" needs `registry` or `file` in `[devices]`")
            }
            Some(HardwareIdName::Registry) => Ok(HardwareIdSource::Registry),
            Some(HardwareIdName::ClientId) => Ok(HardwareIdSource::ClientId),
            Some(HardwareIdName::None) => Ok(HardwareIdSource::None),
        }
    }
}
