//! What the tasks need of the system, installed with its package manager after saying so.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command::{Failure, cargo, run};

/// A Debian package, known to be there by a file that it brings.
pub(crate) struct Package {
    name: &'static str,
    file: &'static str,
}

/// A real broker.
pub(crate) const MOSQUITTO: Package = Package {
    name: "mosquitto",
    file: "/usr/sbin/mosquitto",
};
/// Its command-line clients.
pub(crate) const MOSQUITTO_CLIENTS: Package = Package {
    name: "mosquitto-clients",
    file: "/usr/bin/mosquitto_sub",
};
/// The headers that the plugin's layout test compiles against.
pub(crate) const MOSQUITTO_DEV: Package = Package {
    name: "mosquitto-dev",
    file: "/usr/include/mosquitto_plugin.h",
};
/// `mosquitto.h`, which those headers include.
pub(crate) const LIBMOSQUITTO_DEV: Package = Package {
    name: "libmosquitto-dev",
    file: "/usr/include/mosquitto.h",
};

/// The client whose reconnect hook the guide for firmware shows.
pub(crate) const LIBPAHO_MQTT_DEV: Package = Package {
    name: "libpaho-mqtt-dev",
    file: "/usr/include/MQTTAsync.h",
};

/// Certificates and TLS connections of clients, where a test needs them.
pub(crate) const OPENSSL: Package = Package {
    name: "openssl",
    file: "/usr/bin/openssl",
};

/// What the C side is compiled and examined with: every test of it runs, and none is passed over.
pub(crate) const C_TOOLS: [Package; 8] = [
    Package {
        name: "g++",
        file: "/usr/bin/g++",
    },
    Package {
        name: "clang",
        file: "/usr/bin/clang",
    },
    Package {
        name: "cmake",
        file: "/usr/bin/cmake",
    },
    Package {
        name: "pkg-config",
        file: "/usr/bin/pkg-config",
    },
    Package {
        name: "valgrind",
        file: "/usr/bin/valgrind",
    },
    Package {
        name: "gcc-arm-none-eabi",
        file: "/usr/bin/arm-none-eabi-gcc",
    },
    Package {
        name: "libnewlib-arm-none-eabi",
        file: "/usr/share/doc/libnewlib-arm-none-eabi",
    },
    Package {
        name: "gcc-riscv64-unknown-elf",
        file: "/usr/bin/riscv64-unknown-elf-gcc",
    },
];

/// A 32-bit big-endian machine to test on.
pub(crate) const BIG_ENDIAN: [Package; 3] = [
    Package {
        name: "gcc-powerpc-linux-gnu",
        file: "/usr/bin/powerpc-linux-gnu-gcc",
    },
    Package {
        name: "libc6-dev-powerpc-cross",
        file: "/usr/powerpc-linux-gnu/lib/libc.so.6",
    },
    Package {
        name: "qemu-user",
        file: "/usr/bin/qemu-ppc",
    },
];
/// The sanitizers' runtime, for the LLVM that Debian's rustc has.
pub(crate) const SANITIZERS: [Package; 2] = [
    Package {
        name: "clang-22",
        file: "/usr/bin/clang-22",
    },
    Package {
        name: "libclang-rt-22-dev",
        file: "/usr/lib/llvm-22/lib/clang/22/lib/linux/libclang_rt.msan-x86_64.a",
    },
];
/// What Debian's oldest compiler and its cargo load: they are unpacked without the packages that they depend on.
pub(crate) const OLDEST_COMPILER: [Package; 3] = [
    Package {
        name: "libllvm19",
        file: "/usr/lib/x86_64-linux-gnu/libLLVM.so.19.1",
    },
    Package {
        name: "libpcre3",
        file: "/usr/lib/x86_64-linux-gnu/libpcre.so.3",
    },
    Package {
        name: "libhttp-parser2.9",
        file: "/usr/lib/x86_64-linux-gnu/libhttp_parser.so.2.9",
    },
];
/// Reads what instrumented tests write.
pub(crate) const COVERAGE: [Package; 1] = [Package {
    name: "llvm-22",
    file: "/usr/bin/llvm-cov-22",
}];

/// Installs what is missing. Only Debian and its descendants are known; elsewhere the error names the packages.
pub(crate) fn need(packages: &[Package]) -> Result<(), Failure> {
    let mut missing: Vec<&str> = packages
        .iter()
        .filter(|package| !Path::new(package.file).exists())
        .map(|package| package.name)
        .collect();
    if !answers("cc", "--version") {
        missing.push("gcc");
    }
    install(&missing)
}

/// Python with its `venv` module, for the independent vectors.
pub(crate) fn need_python() -> Result<(), Failure> {
    let venv = Command::new("python3")
        .args(["-c", "import venv, ensurepip"])
        .stderr(Stdio::null())
        .status();
    if venv.is_ok_and(|status| status.success()) {
        Ok(())
    } else {
        install(&["python3-venv"])
    }
}

/// Node, for the reader in JavaScript.
pub(crate) fn need_node() -> Result<(), Failure> {
    if answers("node", "--version") {
        Ok(())
    } else {
        install(&["nodejs"])
    }
}

/// Whether a program starts.
pub(crate) fn answers(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A subcommand of cargo, for example `mutants`, by its package `cargo-mutants`.
pub(crate) fn need_subcommand(name: &str) -> Result<(), Failure> {
    let answer = Command::new(env!("CARGO"))
        .args([name, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    if answer.is_ok_and(|status| status.success()) {
        return Ok(());
    }
    let package = format!("cargo-{name}");
    eprintln!("Installing with cargo: {package}");
    cargo(["install", "--locked", &package])
}

/// Installs Debian packages, each a name or `name=version`.
pub(crate) fn install(names: &[&str]) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    let list = names.join(" ");
    if !Path::new("/usr/bin/apt-get").exists() {
        return Err(
            format!("this needs the Debian packages {list}, or what they are called here").into(),
        );
    }
    eprintln!("Installing with apt-get: {list}");
    update()?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(names);
    apt_get(&arguments, &format!("apt-get install {list}"))
}

/// Fetches the lists of packages, which a fresh machine may lack.
pub(crate) fn update() -> Result<(), Failure> {
    apt_get(&["update"], "apt-get update")
}

fn apt_get(arguments: &[&str], shown: &str) -> Result<(), Failure> {
    let root = is_root();
    let mut command = Command::new(if root { "apt-get" } else { "sudo" });
    if !root {
        command.arg("apt-get");
    }
    command
        .args(arguments)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .stdout(Stdio::null());
    run(&mut command, shown)
}

/// Whether this user may install without `sudo`, as far as `id` tells.
fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
        || env::var_os("USER").is_some_and(|user| user == "root")
}
