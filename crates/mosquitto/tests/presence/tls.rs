//! TLS with client certificates or shared keys, by the `openssl` program: the files, and a tunnel for a plain connection.

use core::net::{Ipv4Addr, SocketAddr};
use core::sync::atomic::{AtomicU16, Ordering};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;

use tempfile::TempDir;

const NO_OPENSSL: &str = "cannot run openssl: install the Debian package `openssl`";

/// An authority with a certificate for the broker; makes certificates for clients.
pub(crate) struct Authority {
    dir: TempDir,
}

impl Authority {
    pub(crate) fn new() -> Self {
        let authority = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let path = |name: &str| authority.dir.path().join(name);
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
            "-subj",
            "/CN=authority",
            "-keyout",
        ])
        .arg(path("ca.key"))
        .arg("-out")
        .arg(path("ca.crt"))
        .success();
        authority.issue("localhost");
        authority
    }

    /// Makes a key and a certificate with this common name, once.
    pub(crate) fn issue(&self, name: &str) {
        if self.path(name, "crt").exists() {
            return;
        }
        let (key, request) = (self.path(name, "key"), self.path(name, "csr"));
        openssl(&[
            "req",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-subj",
        ])
        .arg(format!("/CN={name}"))
        .arg("-keyout")
        .arg(&key)
        .arg("-out")
        .arg(&request)
        .success();
        openssl(&["x509", "-req", "-days", "2", "-in"])
            .arg(&request)
            .arg("-CA")
            .arg(self.path("ca", "crt"))
            .arg("-CAkey")
            .arg(self.path("ca", "key"))
            .arg("-out")
            .arg(self.path(name, "crt"))
            .success();
    }

    fn path(&self, name: &str, ending: &str) -> PathBuf {
        self.dir.path().join(format!("{name}.{ending}"))
    }

    /// Lines of mosquitto.conf for a listener that asks for a certificate.
    pub(crate) fn listener(&self, port: u16) -> Vec<String> {
        vec![
            format!("listener {port} 127.0.0.1"),
            format!("cafile {}", self.path("ca", "crt").display()),
            format!("certfile {}", self.path("localhost", "crt").display()),
            format!("keyfile {}", self.path("localhost", "key").display()),
            "require_certificate true".into(),
        ]
    }

    /// A tunnel to `server` under the certificate of `name`.
    pub(crate) fn tunnel(&self, server: SocketAddr, name: &str) -> Tunnel {
        self.issue(name);
        let (certificate, key) = (self.path(name, "crt"), self.path(name, "key"));
        let words = ["-cert".as_ref(), certificate.as_os_str()];
        Tunnel::new(
            server,
            &[&words[..], &["-key".as_ref(), key.as_ref()]].concat(),
        )
    }
}

/// Keys that a broker shares with clients, which name themselves by an identity (RFC 4279).
pub(crate) struct SharedKeys {
    dir: TempDir,
}

/// The key of every identity.
const SHARED_KEY: &str = "000102030405060708090a0b0c0d0e0f";

impl SharedKeys {
    pub(crate) fn new(identities: &[&str]) -> Self {
        let keys = Self {
            dir: tempfile::tempdir().unwrap(),
        };
        let lines = identities
            .iter()
            .map(|identity| format!("{identity}:{SHARED_KEY}\n"));
        fs::write(keys.path(), lines.collect::<String>()).unwrap();
        fs::set_permissions(keys.path(), Permissions::from_mode(0o600)).unwrap();
        keys
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("keys")
    }

    /// Lines of mosquitto.conf for a listener that takes them.
    pub(crate) fn listener(&self, port: u16) -> Vec<String> {
        vec![
            format!("listener {port} 127.0.0.1"),
            "psk_hint fleet".into(),
            format!("psk_file {}", self.path().display()),
        ]
    }

    /// A tunnel to `server` under this identity.
    pub(crate) fn tunnel(server: SocketAddr, identity: &str) -> Tunnel {
        let words = ["-tls1_2", "-psk", SHARED_KEY, "-psk_identity", identity];
        Tunnel::new(server, &words.map(OsStr::new))
    }
}

/// Takes one plain connection on a port of its own and passes it on over TLS. It ends when this is dropped.
pub(crate) struct Tunnel {
    /// Where the plain connection goes.
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Tunnel {
    fn new(server: SocketAddr, credentials: &[&OsStr]) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let mut child = Command::new("openssl")
            .args(["s_client", "-quiet", "-connect"])
            .arg(server.to_string())
            .args(credentials)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|e| panic!("{NO_OPENSSL}: {e}"));
        let mut to_server = child.stdin.take().unwrap();
        let mut from_server = child.stdout.take().unwrap();
        thread::spawn(move || {
            let (plain, _) = listener.accept().unwrap();
            let mut back = plain.try_clone().unwrap();
            thread::spawn(move || {
                pump(&mut from_server, &mut back);
                let _ = back.shutdown(Shutdown::Both);
            });
            // The end of its input ends the program, and with it the connection.
            pump(&mut { plain }, &mut to_server);
        });
        Self { address, child }
    }
}

impl Drop for Tunnel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn pump(from: &mut impl Read, to: &mut impl Write) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if to
            .write_all(&buffer[..length])
            .and_then(|()| to.flush())
            .is_err()
        {
            return;
        }
    }
}

/// A free loopback port, for a listener; none of those that the system gives to outgoing connections.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test processes that run at the same time begin in different places.
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    loop {
        let port = 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

fn openssl(arguments: &[&str]) -> Run {
    let mut command = Command::new("openssl");
    command.args(arguments);
    Run(command)
}

struct Run(Command);

impl Run {
    fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    #[track_caller]
    fn success(mut self) {
        let output = self
            .0
            .output()
            .unwrap_or_else(|e| panic!("{NO_OPENSSL}: {e}"));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {said}", self.0);
    }
}
