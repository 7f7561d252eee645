//! The two firmware images for Cortex-M3: `bindings/firmware/mqtt` with kernel, lwIP and `libmqward.a`, and
//! `bindings/firmware/embassy`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::board::{BOARDS, Build, COMPACT};
use crate::command::{Failure, root, run};
use crate::fleet::sources;
use crate::packages::install;
use crate::sysroot::{Toolchain, folder};

const TARGET: &str = "thumbv7m-none-eabi";
const COMPILER: &str = "arm-none-eabi-gcc";
const FLAGS: [&str; 7] = [
    "-mcpu=cortex-m3",
    "-mthumb",
    "-std=c11",
    "-Os",
    "-ffunction-sections",
    "-fdata-sections",
    // The string functions of newlib.
    "--specs=nano.specs",
];

/// Compiler, emulator and C library, each known by a file that it brings.
const NEEDED: [(&str, &str); 3] = [
    ("gcc-arm-none-eabi", "/usr/bin/arm-none-eabi-gcc"),
    ("libnewlib-arm-none-eabi", "/usr/lib/arm-none-eabi/newlib"),
    ("qemu-system-arm", "/usr/bin/qemu-system-arm"),
];

/// Of the kernel: scheduler, queues, the port to this core.
const KERNEL: [&str; 4] = [
    "tasks.c",
    "list.c",
    "queue.c",
    "portable/GCC/ARM_CM3/port.c",
];

/// Of lwIP: TCP over IPv4 over Ethernet, and the MQTT client.
const LWIP: [&str; 18] = [
    "core/def.c",
    "core/inet_chksum.c",
    "core/init.c",
    "core/ip.c",
    "core/mem.c",
    "core/memp.c",
    "core/netif.c",
    "core/pbuf.c",
    "core/tcp.c",
    "core/tcp_in.c",
    "core/tcp_out.c",
    "core/timeouts.c",
    "core/ipv4/etharp.c",
    "core/ipv4/icmp.c",
    "core/ipv4/ip4.c",
    "core/ipv4/ip4_addr.c",
    "netif/ethernet.c",
    "apps/mqtt/mqtt.c",
];

/// What devices run.
pub(crate) struct Images {
    /// FreeRTOS, lwIP and its client for MQTT 3.1.1, in C.
    pub(crate) c: PathBuf,
    /// Embassy and a client for MQTT 5, in Rust.
    pub(crate) rust: PathBuf,
}

/// Installs what is missing and builds both images.
pub(crate) fn build() -> Result<Images, Failure> {
    let missing: Vec<&str> = NEEDED
        .into_iter()
        .filter(|(_, file)| !Path::new(file).exists())
        .map(|(package, _)| package)
        .collect();
    install(&missing)?;
    let toolchain = Toolchain::ready(&[TARGET])?;
    let images = Images {
        c: in_c(&toolchain)?,
        rust: in_rust(&toolchain)?,
    };
    for (name, elf) in [
        ("FreeRTOS and lwIP", &images.c),
        ("Embassy in Rust", &images.rust),
    ] {
        allocates_nothing(elf)?;
        size(name, elf)?;
    }
    Ok(images)
}

fn in_rust(toolchain: &Toolchain) -> Result<PathBuf, Failure> {
    let target_dir = folder().join("embassy");
    let mut flags = vec!["-Clinker=arm-none-eabi-ld", "-Clinker-flavor=ld"];
    flags.extend(COMPACT);
    let mut command = toolchain.cargo(&flags);
    command
        // Not `--locked`: what our own crates depend on may change without this lock file, and nothing else does.
        .args(["build", "--quiet", "--release"])
        .args(["--manifest-path", "bindings/firmware/embassy/Cargo.toml"])
        .args(["--target", TARGET, "--target-dir"])
        .arg(&target_dir);
    run(&mut command, "cargo build bindings/firmware/embassy")?;
    Ok(target_dir
        .join(TARGET)
        .join("release/mqward-firmware-embassy"))
}

fn in_c(toolchain: &Toolchain) -> Result<PathBuf, Failure> {
    let board = BOARDS
        .iter()
        .find(|board| board.target == TARGET)
        .ok_or("there is no board with this core")?;
    let library = board.library(toolchain, Build::SMALL, "panic-handler")?;
    let (kernel, lwip) = (sources::kernel()?, sources::lwip()?);

    let firmware = root().join("bindings/firmware");
    let includes = [
        kernel.join("include"),
        kernel.join("portable/GCC/ARM_CM3"),
        lwip.join("include"),
    ];
    let objects = folder().join("mqtt-objects");
    if objects.exists() {
        fs::remove_dir_all(&objects)?;
    }
    fs::create_dir_all(&objects)?;
    let compiler = || {
        let mut command = Command::new(COMPILER);
        command.args(FLAGS);
        command.arg("-I").arg(firmware.join("mqtt/config"));
        for include in &includes {
            command.arg("-isystem").arg(include);
        }
        command
    };

    // What others wrote is compiled without our warnings, each file to an object of its own.
    let others = KERNEL
        .iter()
        .map(|file| kernel.join(file))
        .chain(LWIP.iter().map(|file| lwip.join(file)));
    eprintln!("+ {COMPILER} -c FreeRTOS and lwIP");
    for source in others {
        let name = source.file_stem().unwrap_or_default();
        let mut command = compiler();
        command.args(["-w", "-c"]).arg(&source);
        command
            .arg("-o")
            .arg(objects.join(name).with_extension("o"));
        if !command.status()?.success() {
            return Err(format!("{} does not compile", source.display()).into());
        }
    }

    let elf = folder().join("mqtt-device.elf");
    let mut command = compiler();
    command
        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .arg("-I")
        .arg(root().join("include"));
    for include in ["board", "c", "mqtt"] {
        command.arg("-I").arg(firmware.join(include));
    }
    command.args(files(&firmware.join("mqtt"), "c")?);
    command.args(files(&objects, "o")?);
    command
        .arg(&library)
        .args(["-nostartfiles", "-Wl,--gc-sections"])
        .args(["-Wl,--no-warn-rwx-segments", "-Wl,--no-warn-execstack"])
        .arg("-L")
        .arg(firmware.join("board"))
        .args(["-T", "mps2.ld", "-o"])
        .arg(&elf);
    run(
        &mut command,
        &format!("{COMPILER} bindings/firmware/mqtt/*.c"),
    )?;
    Ok(elf)
}

/// Fails if a heap was linked: of the C library, of the kernel, of Rust. lwIP takes its packets from static pools.
fn allocates_nothing(elf: &Path) -> Result<(), Failure> {
    let symbols = Command::new("arm-none-eabi-nm").arg(elf).output()?.stdout;
    let symbols = String::from_utf8(symbols)?;
    let heap = [
        "malloc",
        "_malloc_r",
        "_sbrk",
        "pvPortMalloc",
        "__rust_alloc",
    ];
    let found = symbols
        .lines()
        .filter_map(|line| line.split_whitespace().last())
        .find(|name| heap.contains(name));
    match found {
        Some(name) => Err(format!("the firmware has a heap: {name}").into()),
        None => Ok(()),
    }
}

/// Prints what the image takes; `size` calls flash text and data, RAM data and bss.
fn size(name: &str, elf: &Path) -> Result<(), Failure> {
    let printed = Command::new("arm-none-eabi-size").arg(elf).output()?.stdout;
    let printed = String::from_utf8(printed)?;
    let numbers = printed.lines().nth(1).unwrap_or_default();
    let numbers: Vec<u32> = numbers
        .split_whitespace()
        .map_while(|number| number.parse().ok())
        .collect();
    let [text, data, bss, ..] = numbers.as_slice() else {
        return Err(format!("arm-none-eabi-size printed {printed}").into());
    };
    eprintln!(
        "  {name}: {} bytes of flash, {} of static RAM",
        text + data,
        data + bss
    );
    Ok(())
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, Failure> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}
