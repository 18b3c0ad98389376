//! Where things are in this workspace, and how its cargo is called.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace's root.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// The installed tools.
pub fn tools() -> PathBuf {
    root().join(".tools")
}

/// Cargo's words to run a binary of another crate. No package is named: the whole workspace's features hold then, as
/// in `cargo test`, and nothing is compiled twice.
pub fn program(name: &str) -> [&str; 5] {
    ["run", "--quiet", "--bin", name, "--"]
}

/// Set for everything `cargo xtask test` starts: the RTL's kernels are optimized. Tests that step them in Rust take a
/// sixth of the time, which is more than the compiler takes longer; for a single run it is not.
pub const OPTIMIZED_KERNELS: &str = "STEVEDORE_OPTIMIZED_KERNELS";

/// Cargo's words for the same.
pub const OPTIMIZE: [&str; 2] = ["--config", "profile.dev.package.stevedore-rtl.opt-level=1"];

/// Cargo, the one that started this program, at the workspace's root.
pub fn cargo<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    if std::env::var_os(OPTIMIZED_KERNELS).is_some() {
        command.args(OPTIMIZE);
    }
    command.args(arguments);
    command
}
