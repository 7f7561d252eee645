//! `cargo xtask backports`: the plugin's tests against the newer Mosquitto of Debian's backports, unpacked beside the
//! system's own, which stays as it is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::{Failure, root, run as run_command};
use crate::packages::{
    LIBMOSQUITTO_DEV, LIBPAHO_MQTT_DEV, MOSQUITTO, MOSQUITTO_CLIENTS, MOSQUITTO_DEV, OPENSSL, need,
};

/// Runs the tests.
pub(crate) fn run() -> Result<(), Failure> {
    need(&[
        MOSQUITTO,
        MOSQUITTO_CLIENTS,
        MOSQUITTO_DEV,
        LIBMOSQUITTO_DEV,
        LIBPAHO_MQTT_DEV,
        OPENSSL,
    ])?;
    let (version, broker) = unpack(&root().join("target/backports"))?;
    eprintln!("mosquitto {version}: {}", broker.display());
    let arguments = [
        "test",
        "--locked",
        "--no-fail-fast",
        "--package",
        "mqward-mosquitto",
    ];
    run_command(
        Command::new(env!("CARGO"))
            .args(arguments)
            .env("MQWARD_MOSQUITTO", &broker),
        &format!(
            "MQWARD_MOSQUITTO={} cargo {}",
            broker.display(),
            arguments.join(" ")
        ),
    )
}

/// Fetches the broker and the libraries that only it needs; the answer is its version, and what starts it.
fn unpack(folder: &Path) -> Result<(String, PathBuf), Failure> {
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    for part in ["lists/partial", "cache/archives/partial", "root"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let folder = folder.canonicalize()?;
    let apt = Apt::new(&folder)?;
    apt.print("apt-get", &["update", "--quiet"])?;
    let known = apt.ask("apt-cache", &["madison", "mosquitto"])?;
    let version = known
        .lines()
        .filter(|line| line.contains("-backports"))
        .find_map(|line| Some(line.split('|').nth(1)?.trim().to_owned()))
        .ok_or("no mosquitto in the backports of this system")?;
    let wanted = format!("mosquitto={version}");
    let mut packages = vec![wanted.clone()];
    let about = apt.ask("apt-cache", &["show", &wanted])?;
    let needs = about
        .lines()
        .find_map(|line| line.strip_prefix("Depends: "));
    for dependency in needs.unwrap_or_default().split(", ") {
        let name = dependency.split([' ', ':']).next().unwrap_or_default();
        if !is_installed(name)? {
            packages.push(name.to_owned());
        }
    }
    let mut download = vec!["download"];
    download.extend(packages.iter().map(String::as_str));
    apt.print("apt-get", &download)?;
    for entry in fs::read_dir(&folder)? {
        let file = entry?.path();
        if file.extension().is_some_and(|extension| extension == "deb") {
            let mut unpack = Command::new("dpkg");
            unpack.arg("--extract").arg(&file).arg(folder.join("root"));
            run_command(&mut unpack, &format!("dpkg --extract {}", file.display()))?;
        }
    }
    let mut libraries = Vec::new();
    for entry in fs::read_dir(folder.join("root/usr/lib"))? {
        libraries.push(entry?.path().display().to_string());
    }
    let broker = folder.join("mosquitto");
    let script = format!(
        "#!/bin/sh\nLD_LIBRARY_PATH='{}' exec '{}' \"$@\"\n",
        libraries.join(":"),
        folder.join("root/usr/sbin/mosquitto").display()
    );
    fs::write(&broker, script)?;
    fs::set_permissions(&broker, fs::Permissions::from_mode(0o755))?;
    Ok((version, broker))
}

/// apt with lists and downloads of its own.
struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// Takes the mirror that the system takes its own release from.
    fn new(folder: &Path) -> Result<Self, Failure> {
        let about = fs::read_to_string("/etc/os-release")?;
        let codename = about
            .lines()
            .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
            .ok_or("/etc/os-release names no release of Debian")?
            .trim_matches('"');
        let targets = output(Command::new("apt-get").args([
            "indextargets",
            "--format",
            "$(REPO_URI) $(CODENAME) $(COMPONENT)",
            "Created-By: Packages",
        ]))?;
        let end = format!(" {codename} main");
        let mirror = targets
            .lines()
            .find_map(|line| line.strip_suffix(&end))
            .ok_or_else(|| {
                format!("apt knows no {codename}: is this Debian, after `apt-get update`?")
            })?;
        let list = folder.join("sources.list");
        fs::write(
            &list,
            format!("deb {mirror} {codename}-backports main\ndeb {mirror} {codename} main\n"),
        )?;
        let place = folder.display();
        Ok(Self {
            folder: folder.to_owned(),
            options: vec![
                format!("Dir::Etc::sourcelist={}", list.display()),
                "Dir::Etc::sourceparts=/dev/null".to_owned(),
                format!("Dir::State::lists={place}/lists"),
                format!("Dir::Cache={place}/cache"),
            ],
        })
    }

    fn command(&self, program: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        for option in &self.options {
            command.args(["-o", option]);
        }
        command.args(arguments);
        command
    }

    fn ask(&self, program: &str, arguments: &[&str]) -> Result<String, Failure> {
        output(&mut self.command(program, arguments))
    }

    /// Runs it in its folder, where downloads go, with its output shown.
    fn print(&self, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let shown = format!("{program} {}", arguments.join(" "));
        eprintln!("+ {shown}");
        let mut command = self.command(program, arguments);
        let status = command.current_dir(&self.folder).status()?;
        match status.success() {
            true => Ok(()),
            false => Err(format!("`{shown}` failed: {status}").into()),
        }
    }
}

fn is_installed(package: &str) -> Result<bool, Failure> {
    let query = ["--show", "--showformat=${db:Status-Status}", package];
    let answer = Command::new("dpkg-query").args(query).output()?;
    Ok(answer.stdout == b"installed")
}

fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?} failed: {told}").into());
    }
    Ok(String::from_utf8(output.stdout)?)
}
