//! Verilator's lint, with every warning on.

use crate::process::{capture, said};
use crate::scratch::Scratch;
use crate::tools::{Tool, Tools};
use anyhow::{bail, Result};

/// A warning that is right about the text and yet no fault.
#[derive(Clone, Debug)]
pub struct Waiver {
    /// Verilator's name of the rule, such as `UNUSEDSIGNAL`.
    pub rule: &'static str,
    /// What the message must look like, with `*` for any text: as narrow as can be.
    pub message: &'static str,
    /// Why it is no fault.
    pub reason: &'static str,
}

/// Asks Verilator about module `top` of `verilog`, all warnings on; any finding that no waiver covers is an error,
/// whose text lists them all.
pub fn lint(verilog: &str, top: &str, waivers: &[Waiver]) -> Result<()> {
    let scratch = Scratch::new()?;
    // A last line without its end is a finding about the file this function writes, not about the design.
    scratch.write("design.v", &format!("{}\n", verilog.trim_end()))?;
    let mut rules = String::from("`verilator_config\n");
    for waiver in waivers {
        rules += &format!("// {}\n", waiver.reason.replace('\n', " "));
        rules += &format!("lint_off -rule {} -file \"*\" -match \"{}\"\n", waiver.rule, waiver.message);
    }
    scratch.write("waivers.vlt", &rules)?;
    let mut command = Tools::of_workspace().command(Tool::Verilator)?;
    command.current_dir(scratch.path()).args(["--lint-only", "-Wall", "-Wno-fatal", "--no-timing", "--quiet-stats"]);
    // All modules of a design arrive as one text: file names carry no meaning.
    command.args(["-Wno-DECLFILENAME", "--top-module", top, "waivers.vlt", "design.v"]);
    let output = capture(&mut command)?;
    let said = said(&output);
    let findings = said.lines().filter(|line| line.starts_with("%Warning") || line.starts_with("%Error")).count();
    if findings > 0 || !output.status.success() {
        bail!("{top}: {findings} lint findings\n{}", said.trim_end());
    }
    Ok(())
}
