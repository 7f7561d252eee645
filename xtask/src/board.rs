//! The emulated boards: how a program for each is built and run.

use core::time::Duration;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use crate::command::{Failure, root, run};
use crate::packages::install;
use crate::sysroot::{Toolchain, folder};

/// SHA-256 in rolled loops: what the prebuilt libraries use.
pub(crate) const COMPACT: [&str; 2] = [
    "--cfg=sha2_backend=\"soft\"",
    "--cfg=sha2_backend_soft=\"compact\"",
];

/// How long any program may run.
const PATIENCE: Duration = Duration::from_secs(60);

/// A board of QEMU with its compilers.
pub(crate) struct Board {
    /// The core's name.
    pub(crate) core: &'static str,
    /// Its Rust target.
    pub(crate) target: &'static str,
    compiler: &'static str,
    flags: &'static [&'static str],
    linker: &'static str,
    linker_flags: &'static [&'static str],
    start: &'static str,
    script: &'static str,
    emulator: &'static str,
    machine: &'static [&'static str],
    /// Instructions per 1000 steps of the board's counter, under `-icount shift=0`.
    pub(crate) instructions_per_1000: u64,
}

const ARM_LINKER: &str = "arm-none-eabi-ld";

/// Every core that firmware is built for.
pub(crate) const BOARDS: [Board; 5] = [
    Board {
        core: "Cortex-M0+",
        target: "thumbv6m-none-eabi",
        compiler: "arm-none-eabi-gcc",
        flags: &["-mcpu=cortex-m0plus", "-mthumb"],
        linker: ARM_LINKER,
        linker_flags: &[],
        start: "start_arm.c",
        script: "microbit.ld",
        emulator: "qemu-system-arm",
        machine: &["-M", "microbit"],
        instructions_per_1000: 62_500,
    },
    Board {
        core: "Cortex-M3",
        target: "thumbv7m-none-eabi",
        compiler: "arm-none-eabi-gcc",
        flags: &["-mcpu=cortex-m3", "-mthumb"],
        linker: ARM_LINKER,
        linker_flags: &[],
        start: "start_arm.c",
        script: "mps2.ld",
        emulator: "qemu-system-arm",
        machine: &["-M", "mps2-an385"],
        instructions_per_1000: 40_000,
    },
    Board {
        core: "Cortex-M4F",
        target: "thumbv7em-none-eabihf",
        compiler: "arm-none-eabi-gcc",
        flags: &[
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfloat-abi=hard",
            "-mfpu=fpv4-sp-d16",
        ],
        linker: ARM_LINKER,
        linker_flags: &[],
        start: "start_arm.c",
        script: "mps2.ld",
        emulator: "qemu-system-arm",
        machine: &["-M", "mps2-an386"],
        instructions_per_1000: 40_000,
    },
    Board {
        core: "Cortex-M33",
        target: "thumbv8m.main-none-eabi",
        compiler: "arm-none-eabi-gcc",
        flags: &["-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=soft"],
        linker: ARM_LINKER,
        linker_flags: &[],
        start: "start_arm.c",
        script: "an505.ld",
        emulator: "qemu-system-arm",
        machine: &["-M", "mps2-an505"],
        instructions_per_1000: 50_000,
    },
    Board {
        core: "RV32IMC",
        target: "riscv32imc-unknown-none-elf",
        compiler: "riscv64-unknown-elf-gcc",
        flags: &["-march=rv32imc", "-mabi=ilp32"],
        linker: "riscv64-unknown-elf-ld",
        linker_flags: &["-Clink-arg=-melf32lriscv"],
        start: "start_riscv.c",
        script: "virt.ld",
        emulator: "qemu-system-riscv32",
        machine: &["-M", "virt", "-bios", "none"],
        instructions_per_1000: 1_000,
    },
];

/// How the library is optimised.
#[derive(Copy, Clone)]
pub(crate) struct Build {
    /// `s` or `3`.
    pub(crate) opt_level: &'static str,
    /// Whether SHA-256 is in its compact form.
    pub(crate) compact: bool,
}

impl Build {
    /// How the prebuilt libraries are built.
    pub(crate) const SMALL: Self = Self {
        opt_level: "s",
        compact: true,
    };

    fn name(self) -> String {
        format!(
            "{}{}",
            self.opt_level,
            if self.compact { "-compact" } else { "" }
        )
    }
}

/// What ran and what it printed.
pub(crate) struct Printed {
    /// The exit status of the emulated program.
    pub(crate) status: i32,
    /// Its lines.
    pub(crate) lines: Vec<String>,
}

/// Installs compilers and emulators, and readies the Rust toolchain.
pub(crate) fn ready() -> Result<Toolchain, Failure> {
    let needed = [
        ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
        ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
        ("qemu-system-arm", "qemu-system-arm"),
        ("qemu-system-riscv32", "qemu-system-misc"),
    ];
    let missing: Vec<&str> = needed
        .into_iter()
        .filter(|(program, _)| !Path::new("/usr/bin").join(program).exists())
        .map(|(_, package)| package)
        .collect();
    install(&missing)?;
    Toolchain::ready(&BOARDS.map(|board| board.target))
}

impl Board {
    /// Builds `libmqward.a` with these features of `mqward-ffi`.
    pub(crate) fn library(
        &self,
        toolchain: &Toolchain,
        build: Build,
        features: &str,
    ) -> Result<PathBuf, Failure> {
        let target_dir = folder().join(format!("lib-{}", build.name()));
        let compact: &[&str] = if build.compact { &COMPACT } else { &[] };
        let mut command = toolchain.cargo(compact);
        command
            .args(["rustc", "--quiet", "--locked", "--release"])
            .args(["--package", "mqward-ffi", "--crate-type", "staticlib"])
            .args(["--no-default-features", "--features", features])
            .args(["--target", self.target, "--target-dir"])
            .arg(&target_dir)
            .env("CARGO_PROFILE_RELEASE_LTO", "fat")
            .env("CARGO_PROFILE_RELEASE_PANIC", "abort")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", build.opt_level);
        let shown = format!(
            "cargo rustc -p mqward-ffi --features {features} --target {} ({})",
            self.target,
            build.name()
        );
        run(&mut command, &shown)?;
        // The next features would overwrite it.
        let release = target_dir.join(self.target).join("release");
        let kept = release.join(format!("libmqward-{features}.a"));
        fs::copy(release.join("libmqward.a"), &kept)?;
        Ok(kept)
    }

    /// Builds the device in Rust alone, with one of its features or none.
    pub(crate) fn rust_device(
        &self,
        toolchain: &Toolchain,
        build: Build,
        feature: &str,
    ) -> Result<PathBuf, Failure> {
        let (mut command, elf) = self.rust_device_command(toolchain, build, feature);
        let shown = format!(
            "cargo build firmware/rust --features '{feature}' --target {} ({})",
            self.target,
            build.name()
        );
        run(&mut command, &shown)?;
        Ok(elf)
    }

    /// What the linker says of a device in Rust that is not expected to link.
    pub(crate) fn rust_device_failure(
        &self,
        toolchain: &Toolchain,
        build: Build,
        feature: &str,
    ) -> Result<String, Failure> {
        let (mut command, _) = self.rust_device_command(toolchain, build, feature);
        let output = command.current_dir(root()).output()?;
        Ok(String::from_utf8_lossy(&output.stderr).into_owned())
    }

    fn rust_device_command(
        &self,
        toolchain: &Toolchain,
        build: Build,
        feature: &str,
    ) -> (Command, PathBuf) {
        let target_dir = folder().join(format!("rust-{}", build.name()));
        let linker = format!("-Clinker={}", self.linker);
        let mut flags = vec![
            linker.as_str(),
            "-Clinker-flavor=ld",
            "-Clink-arg=--no-warn-rwx-segments",
        ];
        flags.extend(self.linker_flags);
        if build.compact {
            flags.extend(COMPACT);
        }
        let mut command = toolchain.cargo(&flags);
        command
            .args(["build", "--quiet", "--locked", "--release"])
            .args(["--manifest-path", "bindings/firmware/rust/Cargo.toml"])
            .args([
                "--features",
                feature,
                "--target",
                self.target,
                "--target-dir",
            ])
            .arg(&target_dir)
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", build.opt_level);
        let elf = target_dir.join(self.target).join("release/mqward-firmware");
        (command, elf)
    }

    /// Compiles a C program of `bindings/firmware/c` and links it with the library.
    pub(crate) fn c_program(&self, name: &str, library: &Path) -> Result<PathBuf, Failure> {
        let firmware = root().join("bindings/firmware");
        let board = firmware.join("board");
        let elf = folder().join(format!("{name}-{}.elf", self.target));
        let mut command = self.gcc();
        command
            .args([
                "-std=c11",
                "-Os",
                "-Wall",
                "-Wextra",
                "-Wpedantic",
                "-Werror",
                "-ffreestanding",
            ])
            .args(["-ffunction-sections", "-fdata-sections"])
            .arg("-I")
            .arg(root().join("include"))
            .arg("-I")
            .arg(&board)
            .arg(format!("-Wa,-I{}", firmware.join("inputs").display()))
            .arg(board.join(self.start))
            .arg(firmware.join("c/inputs.S"))
            .arg(firmware.join("c").join(name).with_extension("c"))
            .arg(library)
            .args(self.link_arguments())
            .arg("-o")
            .arg(&elf);
        run(
            &mut command,
            &format!("{} {name}.c ({})", self.compiler, self.core),
        )?;
        Ok(elf)
    }

    /// Links functions of the library and what they need, nothing else.
    pub(crate) fn link(
        &self,
        roots: &[String],
        library: &Path,
        name: &str,
    ) -> Result<PathBuf, Failure> {
        let elf = folder().join(format!("{name}-{}.elf", self.target));
        let mut command = self.link_command(roots, library, &elf);
        run(
            &mut command,
            &format!(
                "{} {} functions ({})",
                self.compiler,
                roots.len(),
                self.core
            ),
        )?;
        Ok(elf)
    }

    /// The symbols that such a link lacks.
    pub(crate) fn undefined(
        &self,
        roots: &[String],
        library: &Path,
    ) -> Result<Vec<String>, Failure> {
        let elf = folder().join(format!("gate-{}.elf", self.target));
        let output = self.link_command(roots, library, &elf).output()?;
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let undefined: Vec<String> = text
            .lines()
            .filter(|line| line.contains("undefined reference"))
            .map(str::to_owned)
            .collect();
        if undefined.is_empty() && !output.status.success() {
            return Err(format!("the link for {} failed otherwise:\n{text}", self.core).into());
        }
        Ok(undefined)
    }

    fn link_command(&self, roots: &[String], library: &Path, elf: &Path) -> Command {
        let mut command = self.gcc();
        command.arg(library).args(self.link_arguments());
        for (index, root) in roots.iter().enumerate() {
            if index == 0 {
                command.arg(format!("-Wl,--entry={root}"));
            }
            command.arg(format!("-Wl,--undefined={root}"));
        }
        command.arg("-o").arg(elf);
        command
    }

    fn gcc(&self) -> Command {
        let mut command = Command::new(self.compiler);
        command.args(self.flags);
        command
    }

    fn link_arguments(&self) -> Vec<OsString> {
        let board = root().join("bindings/firmware/board");
        let mut arguments: Vec<OsString> = [
            "-nostdlib",
            "-lgcc",
            "-Wl,--gc-sections",
            "-Wl,--no-warn-rwx-segments",
            "-Wl,--no-warn-execstack",
        ]
        .map(OsString::from)
        .into();
        arguments.extend(["-L".into(), board.into(), "-T".into(), self.script.into()]);
        arguments
    }

    /// A binary tool of this board's compiler: `nm`, `size`.
    pub(crate) fn tool(&self, name: &str) -> Command {
        Command::new(self.compiler.replace("gcc", name))
    }

    /// Runs a program until it ends; one that hangs is an error.
    pub(crate) fn run(&self, elf: &Path) -> Result<Printed, Failure> {
        let log = elf.with_extension("log");
        let mut child = Command::new(self.emulator)
            .args(self.machine)
            .args([
                "-nographic",
                "-monitor",
                "none",
                "-serial",
                "none",
                "-icount",
                "shift=0",
            ])
            .args(["-semihosting-config", "enable=on,target=native", "-kernel"])
            .arg(elf)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .spawn()?;
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if begun.elapsed() > PATIENCE {
                child.kill()?;
                child.wait()?;
                return Err(format!("{} on {} did not end", elf.display(), self.core).into());
            }
            thread::sleep(Duration::from_millis(10));
        };
        let text = String::from_utf8_lossy(&fs::read(&log)?).into_owned();
        Ok(Printed {
            status: status.code().unwrap_or(-1),
            lines: text.lines().map(str::to_owned).collect(),
        })
    }
}
