//! `mqward mosquitto config`: a mosquitto.conf that lets the policy decide, with a reason for every line.

use core::fmt::Write as _;
use core::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use mqward::Authentication;
use mqward_broker::Policy;
use serde::Serialize;

use crate::error::{CliError, Status};
use crate::output;

/// The name of the file in the folder of `--out`.
const NAME: &str = "mosquitto.conf";
/// What a packet may be longer than the largest limit of the policy, in bytes.
const PACKET_ROOM: u32 = 1024;

#[derive(Args, Debug)]
pub(crate) struct ConfigArgs {
    /// The policy that the broker shall run
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Folder to write mosquitto.conf into [default: it is printed]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite a mosquitto.conf that is there
    #[arg(long, requires = "out")]
    force: bool,
    /// The plugin
    #[arg(
        long,
        value_name = "FILE",
        default_value = "/usr/lib/mqward/libmqward_mosquitto.so"
    )]
    plugin: PathBuf,
    /// The address to listen on [default: all of this machine]
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<IpAddr>,
    /// The port to listen on [default: 8883 with a certificate, 1883 without]
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    /// The broker's certificate chain, for TLS
    #[arg(long, value_name = "FILE", requires = "key")]
    cert: Option<PathBuf>,
    /// The key of the certificate
    #[arg(long, value_name = "FILE", requires = "cert")]
    key: Option<PathBuf>,
    /// The broker's own password file, for roles with auth = "broker"
    #[arg(long, value_name = "FILE", default_value = "/etc/mosquitto/passwords")]
    users: PathBuf,
    /// Folder for sessions and retained messages
    #[arg(long, value_name = "DIR", default_value = "/var/lib/mosquitto")]
    data: PathBuf,
    /// Log file [default: standard error, which systemd keeps]
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// The user that the broker runs as when root starts it
    #[arg(long, value_name = "NAME", default_value = "mosquitto")]
    user: String,
}

#[derive(Serialize)]
struct Report<'a> {
    file: &'a Path,
}

/// A configuration file in the making.
#[derive(Default)]
struct Conf(String);

impl Conf {
    /// An empty line, and a comment of one or more lines.
    fn why(&mut self, text: &str) {
        self.0.push('\n');
        for line in text.lines() {
            // Writing to a String cannot fail.
            let _ = writeln!(self.0, "# {}", line.trim());
        }
    }

    fn set(&mut self, key: &str, value: impl core::fmt::Display) {
        let _ = writeln!(self.0, "{key} {value}");
    }

    fn path(&mut self, key: &str, path: &Path) -> Result<(), CliError> {
        // A broker starts in another folder than this one.
        let whole = std::path::absolute(path).map_err(|error| CliError::file(path, error))?;
        // Mosquitto's file has no way to write these.
        let text = whole.to_str().filter(|text| !text.contains(['\n', '\r']));
        let text =
            text.ok_or_else(|| CliError::file(path, "mosquitto.conf cannot hold this name"))?;
        self.set(key, text);
        Ok(())
    }
}

impl ConfigArgs {
    pub(super) fn run(&self, json: bool) -> Result<Status, CliError> {
        let policy = Policy::read(&self.policy).map_err(CliError::refused)?;
        let text = self.conf(&policy)?;
        let Some(folder) = &self.out else {
            output::write(text.as_bytes())?;
            return Ok(Status::Ok);
        };
        let file = folder.join(NAME);
        if !self.force && file.symlink_metadata().is_ok() {
            return Err(CliError::file(&file, "is there already").hint("`--force` overwrites it."));
        }
        std::fs::write(&file, text).map_err(|error| CliError::file(&file, error))?;
        output::either(json, &Report { file: &file }, || {
            format!(
                "wrote {}; look at it with `mqward doctor --config {}`",
                file.display(),
                file.display()
            )
        })?;
        Ok(Status::Ok)
    }

    fn conf(&self, policy: &Policy) -> Result<String, CliError> {
        let mut conf = Conf(format!(
            "# Mosquitto with mqward, written by mqward {}.\n",
            env!("CARGO_PKG_VERSION")
        ));
        self.security(policy, &mut conf)?;
        self.listener(policy, &mut conf)?;
        sizes(policy, &mut conf);
        self.storage(&mut conf)?;
        Ok(conf.0)
    }

    fn security(&self, policy: &Policy, conf: &mut Conf) -> Result<(), CliError> {
        conf.why(
            "Whoever has no password is nobody. The plugin refuses them as well; this is the second lock.",
        );
        conf.set("allow_anonymous", "false");
        conf.why(
            "per_listener_settings stays off, its default: with it Mosquitto 2.0.11 sends plugins no ticks, so revoked \
             devices\nwould stay connected and sessions without a connection be refused on SIGHUP.",
        );
        conf.set("per_listener_settings", "false");
        conf.why(
            "Who may log in, publish and subscribe. SIGHUP reads the policy again; a mistake in it keeps the old one in \
             force.\nThe path of the policy itself is read at the start only.",
        );
        conf.path("plugin", &self.plugin)?;
        conf.path("plugin_opt_policy", &self.policy)?;
        if has_static_passwords(policy) {
            conf.why(
                "Roles with auth = \"broker\" have static passwords, kept here. `mosquitto_passwd FILE CLIENT_ID` adds \
                 one;\nthe user name has to be the client id.",
            );
            conf.path("password_file", &self.users)?;
        }
        conf.why(
            "An empty client id would become a random one that no role fits: refused at once.",
        );
        conf.set("allow_zero_length_clientid", "false");
        conf.why(
            "A retained message of somebody who has lost the right to publish it is not handed out any more.",
        );
        conf.set("check_retain_source", "true");
        Ok(())
    }

    fn listener(&self, policy: &Policy, conf: &mut Conf) -> Result<(), CliError> {
        let tls = self.cert.as_deref().zip(self.key.as_deref());
        let port = self.port.unwrap_or(if tls.is_some() { 8883 } else { 1883 });
        match tls {
            Some(_) => conf.why(
                "One listener, with TLS. No use_identity_as_username, no use_subject_as_username: with either of them\n\
                 Mosquitto asks no plugin about a login.",
            ),
            None => conf.why(
                "One listener without TLS: who listens on the way reads topics and whatever is not sealed, and who is in \
                 the way\ncan take a connection over. Devices' passwords cannot be used again. Better: --cert and --key.",
            ),
        }
        if tls.is_none()
            && has_static_passwords(policy)
            && !self.bind.is_some_and(|address| address.is_loopback())
        {
            conf.why(
                "Static passwords of roles with auth = \"broker\" can be used again by whoever reads them here: keep those \
                 clients off\nthe network, behind a listener on 127.0.0.1, or use TLS.",
            );
        }
        match self.bind {
            Some(address) => conf.set("listener", format_args!("{port} {address}")),
            None => conf.set("listener", port),
        }
        if let Some((cert, key)) = tls {
            conf.path("certfile", cert)?;
            conf.path("keyfile", key)?;
            conf.set("tls_version", "tlsv1.2");
        }
        Ok(())
    }

    fn storage(&self, conf: &mut Conf) -> Result<(), CliError> {
        conf.why(
            "Sessions and retained messages live through a restart. mqward's own store is apart, and written at every login \
             that\nneeds it.",
        );
        conf.set("persistence", "true");
        conf.path("persistence_location", &self.data.join(""))?;
        conf.set("autosave_interval", "300");
        conf.why("A session that nobody came back to is forgotten, and with it what waits for it.");
        conf.set("persistent_client_expiration", "14d");
        conf.set("max_queued_messages", "1000");
        conf.why("Refusals are at level notice; the policy's audit log has them with the reason.");
        match &self.log {
            Some(file) => conf.path("log_dest file", file)?,
            None => conf.set("log_dest", "stderr"),
        }
        for kind in ["error", "warning", "notice", "information"] {
            conf.set("log_type", kind);
        }
        conf.set("log_timestamp_format", "%Y-%m-%dT%H:%M:%S");
        conf.why("Without rights of its own as soon as the ports are open.");
        conf.set("user", &self.user);
        Ok(())
    }
}

/// Whether the broker's own password file decides about some role.
fn has_static_passwords(policy: &Policy) -> bool {
    let mut roles = policy.gate().roles().iter();
    roles.any(|role| role.authentication == Authentication::Broker)
}

fn sizes(policy: &Policy, conf: &mut Conf) {
    let roles = policy.gate().roles();
    let largest = roles
        .iter()
        .map(|role| role.limits.max_packet)
        .max()
        .unwrap_or(0);
    let max = largest.saturating_add(PACKET_ROOM).min(268_435_455);
    conf.why(&format!(
        "The largest packet of any role is {largest} bytes. What is a bit more is refused by the plugin, with a line in the \
         audit log;\nwhat is longer than this ends the connection before it is read into memory."
    ));
    conf.set("max_packet_size", max);
    conf.why(
        "message_size_limit stays unset: it swallows a long PUBLISH and leaves the connection open, and the plugin never \
         hears of it.",
    );
}
