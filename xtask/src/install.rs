//! `cargo xtask install --prefix P`: the C header and libraries, for pkg-config and CMake.

use std::path::{Path, PathBuf};
use std::{env, fs};

use crate::command::{Failure, cargo, root};

/// What the static library asks of the linker, as `rustc --print native-static-libs` says.
const SYSTEM_LIBRARIES: &str = "-lgcc_s -lutil -lrt -lpthread -lm -ldl -lc";

const VERSION: &str = env!("CARGO_PKG_VERSION");
const MAJOR: &str = env!("CARGO_PKG_VERSION_MAJOR");
const MINOR: &str = env!("CARGO_PKG_VERSION_MINOR");

/// Builds both libraries and installs them with all that C and C++ programs need to find them.
pub(crate) fn run(prefix: &Path) -> Result<(), Failure> {
    if !cfg!(target_os = "linux") {
        return Err(
            "the names of shared libraries are those of Linux: install by hand elsewhere".into(),
        );
    }
    cargo([
        "build",
        "--locked",
        "--release",
        "--package",
        "mqward-ffi",
        "--lib",
    ])?;
    let built = target().join("release");
    let (include, lib) = (prefix.join("include"), prefix.join("lib"));
    for header in ["mqward.h", "mqward.hpp"] {
        copy(&root().join("include").join(header), &include.join(header))?;
    }
    copy(&built.join("libmqward.a"), &lib.join("libmqward.a"))?;
    let shared = format!("libmqward.so.{VERSION}");
    copy(&built.join("libmqward.so"), &lib.join(&shared))?;
    // The linker takes the first name, programs the second, which is the library's soname.
    for link in ["libmqward.so".to_owned(), format!("libmqward.so.{MAJOR}")] {
        point(&lib.join(link), &shared)?;
    }
    fill("mqward.pc", &lib.join("pkgconfig"), SYSTEM_LIBRARIES)?;
    // CMake wants a list.
    let libraries = SYSTEM_LIBRARIES.replace(' ', ";");
    fill("mqwardConfig.cmake", &lib.join("cmake/mqward"), &libraries)?;
    fill(
        "mqwardConfigVersion.cmake",
        &lib.join("cmake/mqward"),
        &libraries,
    )?;
    eprintln!("Installed mqward {VERSION} below {}", prefix.display());
    Ok(())
}

/// Where cargo builds.
fn target() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| root().join("target"), |folder| root().join(folder))
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to.parent().ok_or("a file without a folder")?)?;
    fs::copy(from, to)
        .map_err(|error| format!("{} to {}: {error}", from.display(), to.display()))?;
    Ok(())
}

/// Makes a link, in place of the one of an earlier version.
#[cfg(unix)]
fn point(link: &Path, to: &str) -> Result<(), Failure> {
    if link.is_symlink() {
        fs::remove_file(link)?;
    }
    std::os::unix::fs::symlink(to, link)?;
    Ok(())
}

#[cfg(not(unix))]
fn point(_: &Path, _: &str) -> Result<(), Failure> {
    Err("no links here".into())
}

/// Fills in a template of `bindings/c/package`.
fn fill(name: &str, folder: &Path, libraries: &str) -> Result<(), Failure> {
    let template =
        fs::read_to_string(root().join("bindings/c/package").join(format!("{name}.in")))?;
    let text = template
        .replace("@VERSION@", VERSION)
        .replace("@MAJOR@", MAJOR)
        .replace("@MINOR@", MINOR)
        .replace("@SYSTEM_LIBRARIES@", libraries);
    fs::create_dir_all(folder)?;
    fs::write(folder.join(name), text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const EXAMPLES: [&str; 3] = ["device", "backend", "gate"];

    /// Runs a command to its end and gives what it printed.
    fn output(command: &mut Command) -> String {
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, error) = (text(&output.stdout), text(&output.stderr));
        assert!(
            output.status.success(),
            "{command:?}: {}\n{out}{error}",
            output.status
        );
        out
    }

    fn pkg_config(prefix: &Path, arguments: &[&str]) -> Vec<String> {
        let mut command = Command::new("pkg-config");
        command
            .env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig"))
            .args(arguments)
            .arg("mqward");
        output(&mut command)
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    }

    /// Compiles and runs the examples as C and as C++, with the shared and with the static library.
    fn examples_by_pkg_config(prefix: &Path) {
        assert_eq!(pkg_config(prefix, &["--modversion"]), [VERSION]);
        let compile = pkg_config(prefix, &["--cflags"]);
        let shared = pkg_config(prefix, &["--libs"]);
        let archive = prefix.join("lib/libmqward.a").display().to_string();
        let mut whole = vec![archive];
        whole.extend(
            pkg_config(prefix, &["--static", "--libs"])
                .into_iter()
                .filter(|flag| flag != "-lmqward"),
        );
        for example in EXAMPLES {
            let source = root().join(format!("bindings/c/examples/{example}.c"));
            for language in [
                &["gcc", "-std=c99"][..],
                &["g++", "-std=c++17", "-x", "c++"],
            ] {
                for libraries in [&shared, &whole] {
                    let program = prefix.join(example);
                    let mut command = Command::new(language[0]);
                    command
                        .args(&language[1..])
                        .args(["-Wall", "-Wextra", "-Wpedantic", "-Werror"])
                        .args(&compile);
                    command
                        .arg(&source)
                        .args(["-x", "none"])
                        .args(libraries)
                        .arg("-o")
                        .arg(&program);
                    output(&mut command);
                    output(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")));
                }
            }
        }
        let device =
            output(Command::new(prefix.join("gate")).env("LD_LIBRARY_PATH", prefix.join("lib")));
        assert!(
            device.contains("the password was used before, 3.1.1 code 5, 5 code 0x87, close"),
            "{device}"
        );
    }

    /// What `mqward.hpp` promises, with either compiler and standard, without what firmware turns off.
    fn wrapper(prefix: &Path) {
        let compile = pkg_config(prefix, &["--cflags"]);
        let libraries = pkg_config(prefix, &["--libs"]);
        let built = |compiler: &str, standard: &str, source: &str| {
            let program = prefix.join("wrapper");
            let mut command = Command::new(compiler);
            command
                .arg(standard)
                .args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow"])
                .args(["-Wnon-virtual-dtor", "-Werror"])
                // The optimiser is what would take a wiping away.
                .args(["-O2", "-fno-exceptions", "-fno-rtti"])
                .args(&compile)
                .arg(root().join("bindings/c").join(source))
                .args(&libraries)
                .arg("-o")
                .arg(&program);
            output(&mut command);
            output(Command::new(&program).env("LD_LIBRARY_PATH", prefix.join("lib")))
        };
        let in_c =
            output(Command::new(prefix.join("device")).env("LD_LIBRARY_PATH", prefix.join("lib")));
        for compiler in ["g++", "clang++"] {
            for standard in ["-std=c++17", "-std=c++20"] {
                built(compiler, standard, "tests/wrapper.cpp");
                let in_cpp = built(compiler, standard, "examples/device.cpp");
                assert_eq!(in_cpp.strip_prefix(&in_c), Some("read       21.5\n"));
            }
        }
    }

    fn examples_by_cmake(prefix: &Path) {
        let build = prefix.join("build");
        let mut configure = Command::new("cmake");
        configure
            .arg("-S")
            .arg(root().join("bindings/c/examples"))
            .arg("-B")
            .arg(&build);
        configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()));
        output(&mut configure);
        output(Command::new("cmake").arg("--build").arg(&build));
        let tests = output(
            Command::new("ctest")
                .arg("--test-dir")
                .arg(&build)
                .arg("--output-on-failure"),
        );
        assert!(
            tests.contains("100% tests passed, 0 tests failed out of 7"),
            "{tests}"
        );
    }

    #[test]
    fn examples_build_and_run_against_the_installed_package() {
        let prefix = tempfile::tempdir().unwrap();
        run(prefix.path()).unwrap();
        // A second time over the first, as an update.
        run(prefix.path()).unwrap();
        let symbols = output(
            Command::new("readelf")
                .arg("-d")
                .arg(prefix.path().join("lib/libmqward.so")),
        );
        assert!(
            symbols.contains(&format!("[libmqward.so.{MAJOR}]")),
            "{symbols}"
        );
        examples_by_pkg_config(prefix.path());
        wrapper(prefix.path());
        examples_by_cmake(prefix.path());
    }
}
