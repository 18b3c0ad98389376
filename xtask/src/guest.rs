//! `cargo xtask guest`: gets QEMU, a kernel and busybox, builds the driver program for the guest, and runs it all.
//!
//! Nothing is installed, and the download needs no root: apt works on folders of its own, and the packages are only
//! unpacked. The guest's distribution is newer than this machine's, because its QEMU knows vfio-user.

use crate::process::quiet;
use crate::progress::Progress;
use crate::setup::{self, Need};
use crate::test::kernel_can_be_peer;
use crate::workspace::{cargo, program, root, tools};
use anyhow::{ensure, Context, Result};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The release that the guest is of.
const RELEASE: &str = "trixie";
/// Where its QEMU comes from.
const BACKPORTS: &str = "trixie-backports";
/// Packages of the release itself.
const PACKAGES: [&str; 2] = ["linux-image-cloud-amd64", "busybox-static"];
/// The package of the newer QEMU.
const QEMU: &str = "qemu-system-x86";
const KEYRING: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";
/// What the guest's program is compiled for: static, whatever the guest's libraries.
const TARGET: &str = "x86_64-unknown-linux-musl";

/// Runs it with these words.
pub fn run(words: &[String]) -> Result<()> {
    // A program that only tells its options needs nothing else.
    let tells_options = words.iter().any(|word| word == "--help" || word == "-h");
    let mut all: Vec<String> = program("guest").into_iter().map(str::to_string).collect();
    if !tells_options {
        let (tree, driver) = prepare()?;
        all.extend([format!("--tools={}", tree.display()), format!("--program={}", driver.display())]);
    }
    all.extend_from_slice(words);
    let status = cargo(all.iter().map(String::as_str)).status()?;
    ensure!(status.success(), "the guest failed, see above");
    Ok(())
}

/// Gets what is missing; where QEMU's tree and the driver program are.
fn prepare() -> Result<(PathBuf, PathBuf)> {
    ensure!(kernel_can_be_peer(), "the guest's card needs a TAP device: become root and run `modprobe tun`");
    setup::ensure(Need::Models)?;
    let tree = tools().join("guest").join("tree");
    let stamp = tools().join("guest").join("stamp");
    let wanted = format!("{} {BACKPORTS} {QEMU} {}\n", tree.display(), PACKAGES.join(" "));
    let there = fs::read_to_string(&stamp).unwrap_or_default() == wanted;
    let mut progress = Progress::new(if there { 1 } else { 3 });
    if !there {
        let archives = progress.quiet_step("QEMU, a kernel and busybox (90 MB, kept)", download)?;
        progress.quiet_step("unpacking them", || unpack(&archives, &tree))?;
        fs::write(&stamp, wanted).context("cannot write the stamp file")?;
    }
    let driver = progress.quiet_step("the driver program for the guest", build)?;
    Ok((tree, driver))
}

/// The folder with the downloaded packages.
fn download() -> Result<PathBuf> {
    ensure!(Path::new(KEYRING).exists(), "{KEYRING} is missing: run `apt-get install debian-archive-keyring`");
    let home = tools().join("guest").join("apt");
    for folder in ["lists/partial", "cache/archives/partial", "state"] {
        fs::create_dir_all(home.join(folder)).context("cannot create folders in .tools")?;
    }
    let mirror = mirror()?;
    let line = |suite: &str| format!("deb [signed-by={KEYRING}] {mirror} {suite} main\n");
    fs::write(home.join("sources.list"), line(RELEASE) + &line(BACKPORTS)).context("cannot write apt's sources")?;
    fs::write(home.join("status"), "").context("cannot write apt's status")?;
    let settings = [
        ("Dir::Etc::sourcelist", home.join("sources.list").display().to_string()),
        ("Dir::Etc::sourceparts", "-".to_string()),
        ("Dir::Etc::preferencesparts", "-".to_string()),
        ("Dir::State", home.join("state").display().to_string()),
        ("Dir::State::lists", home.join("lists").display().to_string()),
        ("Dir::State::status", home.join("status").display().to_string()),
        ("Dir::Cache", home.join("cache").display().to_string()),
        // The folders are this user's: nobody else needs to write to them.
        ("APT::Sandbox::User", "root".to_string()),
        ("APT::Architecture", "amd64".to_string()),
    ];
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        for (name, value) in &settings {
            command.arg("-o").arg(format!("{name}={value}"));
        }
        quiet(command.args(words)).context("cannot download: is the network there?")
    };
    let install = ["--yes", "--no-install-recommends", "--download-only", "install"];
    apt(&["update"])?;
    apt(&[&install[..], &["--target-release", BACKPORTS, QEMU]].concat())?;
    apt(&[&install[..], &PACKAGES].concat())?;
    Ok(home.join("cache/archives"))
}

/// The mirror that this machine itself uses.
fn mirror() -> Result<String> {
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    files.extend(fs::read_dir("/etc/apt/sources.list.d").into_iter().flatten().flatten().map(|entry| entry.path()));
    let texts: Vec<String> = files.iter().filter_map(|file| fs::read_to_string(file).ok()).collect();
    let lines = texts.iter().flat_map(|text| text.lines()).filter(|line| !line.trim_start().starts_with('#'));
    let mut words = lines.flat_map(str::split_whitespace).map(|word| word.trim_end_matches('/'));
    let mirror = words.find(|word| word.contains("://") && word.ends_with("/debian"));
    mirror.map(str::to_string).context("no mirror of Debian is named in /etc/apt: this is no Debian, or it has none")
}

fn unpack(archives: &Path, tree: &Path) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree).context("cannot replace .tools/guest/tree")?;
    }
    fs::create_dir_all(tree).context("cannot create .tools/guest/tree")?;
    // Debian's folders of programs are links into /usr since this release; some packages name the old places.
    for folder in ["bin", "sbin", "lib", "lib64"] {
        fs::create_dir_all(tree.join("usr").join(folder))?;
        std::os::unix::fs::symlink(Path::new("usr").join(folder), tree.join(folder))?;
    }
    let packages = fs::read_dir(archives)?.flatten().map(|entry| entry.path());
    let packages: Vec<PathBuf> = packages.filter(|path| path.extension().is_some_and(|kind| kind == "deb")).collect();
    ensure!(!packages.is_empty(), "no package was downloaded");
    for package in packages {
        quiet(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(tree))?;
        fs::remove_file(package).context("cannot remove an unpacked package")?;
    }
    Ok(())
}

/// The driver program, small and static.
fn build() -> Result<PathBuf> {
    if quiet(Command::new("rustup").args(["target", "list", "--installed"]))?.lines().all(|line| line != TARGET) {
        quiet(Command::new("rustup").args(["target", "add", TARGET])).context("cannot install Rust's target")?;
    }
    let features = ["--no-default-features", "--features", "program,vfio"];
    let words = ["build", "--release", "--package", "stevedore-driver", "--bin", "stevedore", "--target", TARGET];
    quiet(&mut cargo(words.into_iter().chain(features)))?;
    Ok(root().join("target").join(TARGET).join("release").join("stevedore"))
}
