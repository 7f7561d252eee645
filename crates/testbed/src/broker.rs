//! A Mosquitto process of its own: configuration, start, log, reload, end.

use core::net::{Ipv4Addr, SocketAddr};
use core::time::Duration;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::io::{Error, ErrorKind, Read, Result};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Instant;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Where Debian's package `mosquitto` puts the broker.
const MOSQUITTO: &str = "/usr/sbin/mosquitto";
/// How long a broker may take to accept its first connection.
const START_LIMIT: Duration = Duration::from_secs(15);
/// Between two looks at something that will happen soon.
const PAUSE: Duration = Duration::from_millis(10);

/// What a broker is to be started with.
///
/// The environment variable `MQWARD_MOSQUITTO` names another broker binary than Debian's, to test other versions.
#[derive(Debug, Default)]
pub struct Setup {
    plugin: Option<PathBuf>,
    options: Vec<(String, String)>,
    users: Vec<(String, String)>,
    lines: Vec<String>,
    environment: Environment,
    per_listener_settings: bool,
}

/// Variables of a process.
type Environment = Vec<(OsString, OsString)>;

impl Setup {
    /// A broker that refuses everybody: no plugin, no users.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads the plugin at `path`.
    #[must_use]
    pub fn plugin(mut self, path: &Path) -> Self {
        self.plugin = Some(path.into());
        self
    }

    /// Adds `plugin_opt_<key> <value>`; Mosquitto wants keys of three characters or more.
    #[must_use]
    pub fn option(mut self, key: &str, value: impl AsRef<Path>) -> Self {
        self.options
            .push((key.into(), value.as_ref().display().to_string()));
        self
    }

    /// Adds a user to the broker's own password file.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.into(), password.into()));
        self
    }

    /// Adds a line to the end of the configuration file.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.into());
        self
    }

    /// Sets an environment variable of the broker's process.
    #[must_use]
    pub fn environment(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment
            .push((name.into(), value.as_ref().to_owned()));
        self
    }

    /// Starts the broker on a free loopback port and waits until it accepts connections.
    ///
    /// # Errors
    /// When Mosquitto is not installed, or ends instead of accepting connections: then the error holds its log.
    pub fn start(self) -> Result<Broker> {
        let dir = TempDir::with_prefix("mqward-")?;
        if !self.users.is_empty() {
            self.write_password_file(&dir.path().join("passwords"))?;
        }
        // A port that was free a moment ago may be taken by somebody else: then try the next one.
        for attempt in 0.. {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
                .local_addr()?
                .port();
            fs::write(
                dir.path().join("mosquitto.conf"),
                self.configuration(dir.path(), port),
            )?;
            let mut child = spawn(dir.path(), &self.environment)?;
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match wait_until_ready(&mut child, address, dir.path()) {
                Ok(()) => {
                    return Ok(Broker {
                        child,
                        address,
                        dir,
                        environment: self.environment,
                    });
                }
                Err(e) => {
                    end(&mut child);
                    let log = read_log(dir.path());
                    if attempt < 5 && log.contains("Address already in use") {
                        continue;
                    }
                    return Err(Error::new(e.kind(), format!("{e}; its log:\n{log}")));
                }
            }
        }
        Err(Error::other("no free port"))
    }

    /// Gives every listener security settings of its own; those of this setup are the first one's.
    #[must_use]
    pub fn per_listener_settings(mut self) -> Self {
        self.per_listener_settings = true;
        self
    }

    fn configuration(&self, dir: &Path, port: u16) -> String {
        let mut text = format!("per_listener_settings {}\n", self.per_listener_settings);
        text.push_str(&format!(
            "listener {port} 127.0.0.1\nlog_dest stderr\nlog_type all\n"
        ));
        text.push_str(&format!("persistence_location {}/\n", dir.display()));
        // Started by root, Mosquitto would change to a user that cannot read the files of this run.
        if rustix::process::geteuid().is_root() {
            text.push_str("user root\n");
        }
        if !self
            .lines
            .iter()
            .any(|line| line.starts_with("allow_anonymous"))
        {
            text.push_str("allow_anonymous false\n");
        }
        if !self.users.is_empty() {
            text.push_str(&format!(
                "password_file {}\n",
                dir.join("passwords").display()
            ));
        }
        if let Some(plugin) = &self.plugin {
            text.push_str(&format!("plugin {}\n", plugin.display()));
            for (key, value) in &self.options {
                text.push_str(&format!("plugin_opt_{key} {value}\n"));
            }
        }
        for line in &self.lines {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// Plain text first, then hashed in place by the tool that comes with the broker.
    fn write_password_file(&self, path: &Path) -> Result<()> {
        let mut text = String::new();
        for (name, password) in &self.users {
            text.push_str(&format!("{name}:{password}\n"));
        }
        fs::write(path, text)?;
        restrict(path)?;
        let status = Command::new("mosquitto_passwd")
            .arg("-U")
            .arg(path)
            .status();
        match status.map_err(|e| not_installed("mosquitto_passwd", &e))? {
            status if status.success() => Ok(()),
            status => Err(Error::other(format!("mosquitto_passwd failed: {status}"))),
        }
    }
}

/// A running Mosquitto; it ends when this is dropped.
#[derive(Debug)]
pub struct Broker {
    child: Child,
    address: SocketAddr,
    dir: TempDir,
    environment: Environment,
}

impl Broker {
    /// Address and port that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that it has logged since it was started or restarted.
    #[must_use]
    pub fn log(&self) -> String {
        read_log(self.dir.path())
    }

    /// Waits until the log holds `text`; `false` after ten seconds without it.
    #[must_use]
    pub fn logs(&self, text: &str) -> bool {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !self.log().contains(text) {
            if Instant::now() > deadline {
                return false;
            }
            sleep(PAUSE);
        }
        true
    }

    /// Sends SIGHUP, on which Mosquitto reads its configuration again and asks about every client again.
    ///
    /// # Errors
    /// When the process is gone.
    pub fn hang_up(&self) -> Result<()> {
        self.signal(Signal::HUP)
    }

    /// Whether the process still runs.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn is_running(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_none())
    }

    /// Its process id, for what `/proc` tells about it.
    #[must_use]
    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the broker with SIGKILL, in the middle of whatever it does; [`Broker::restart`] starts it again.
    ///
    /// # Errors
    /// When the process cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Ends the broker and starts it again with the same configuration on the same port; the log starts anew.
    ///
    /// # Errors
    /// As for [`Setup::start`].
    pub fn restart(&mut self) -> Result<()> {
        end(&mut self.child);
        self.child = spawn(self.dir.path(), &self.environment)?;
        wait_until_ready(&mut self.child, self.address, self.dir.path())
            .map_err(|e| Error::new(e.kind(), format!("{e}; its log:\n{}", self.log())))
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

fn spawn(dir: &Path, environment: &Environment) -> Result<Child> {
    let binary = std::env::var_os("MQWARD_MOSQUITTO").unwrap_or_else(|| MOSQUITTO.into());
    let log = File::create(dir.join("log"))?;
    Command::new(&binary)
        .arg("-c")
        .arg(dir.join("mosquitto.conf"))
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()
        .map_err(|e| not_installed(&binary.to_string_lossy(), &e))
}

fn not_installed(program: &str, e: &Error) -> Error {
    if e.kind() == ErrorKind::NotFound {
        let why = format!("{program} not found: install the Debian package `mosquitto`");
        return Error::new(ErrorKind::NotFound, why);
    }
    Error::new(e.kind(), format!("cannot run {program}: {e}"))
}

/// Ready means that this very process says so: another one may answer on a port that it failed to get.
fn wait_until_ready(child: &mut Child, address: SocketAddr, dir: &Path) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        if let Some(status) = child.try_wait()? {
            return Err(Error::other(format!("mosquitto ended with {status}")));
        }
        let running = read_log(dir).lines().any(|line| line.ends_with(" running"));
        if running && TcpStream::connect_timeout(&address, START_LIMIT).is_ok() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(Error::new(
                ErrorKind::TimedOut,
                "mosquitto does not accept connections",
            ));
        }
        sleep(PAUSE);
    }
}

/// Ends the process: it may write its files first, but not for long. Errors mean that it has ended already.
fn end(child: &mut Child) {
    // The number of a process that was waited for may be another's by now.
    if !matches!(child.try_wait(), Ok(None)) {
        return;
    }
    let _ = kill_process(Pid::from_child(child), Signal::TERM);
    let deadline = Instant::now() + START_LIMIT;
    while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
        sleep(PAUSE);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn read_log(dir: &Path) -> String {
    let mut bytes = Vec::new();
    if let Ok(mut file) = File::open(dir.join("log")) {
        let _ = file.read_to_end(&mut bytes);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Mosquitto wants its password file unreadable to others.
fn restrict(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, Permissions::from_mode(0o600))
}
