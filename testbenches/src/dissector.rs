//! tshark's opinion of a capture.

use crate::bench::PEER;
use anyhow::{ensure, Context, Result};
use std::path::Path;
use std::process::Stdio;
use stevedore_verilated::tools::{Tool, Tools};

/// Malformed packets, wrong checksums, and expert messages of severity error; one line each, none if all is well.
///
/// Linux writes the TCP checksum 0xffff where RFC 1624 asks for 0; that is allowed to the peer, and not to the engine.
pub fn complaints(capture: &Path) -> Result<Vec<String>> {
    /// `PI_ERROR` of Wireshark.
    const ERROR: &str = "8388608";
    let filter = format!(
        "(_ws.malformed or eth.fcs.status == 0 or ip.checksum.status == 0 or tcp.checksum.status == 0 or \
         icmp.checksum.status == 0 or _ws.expert.severity == {ERROR}) and \
         not (ip.src == {PEER} and tcp.checksum == 0xffff)"
    );
    let mut command = Tools::of_workspace().command(Tool::Tshark)?;
    // TCP payload is bytes, not whatever protocol it happens to look like.
    command.arg("-r").arg(capture).args(["-2", "-n", "-R", &filter, "-d", "tcp.port==1-65535,data"]);
    // Checksums are not looked at unless asked for.
    for option in ["ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE"] {
        command.args(["-o", option]);
    }
    let output = command.stdin(Stdio::null()).stderr(Stdio::piped()).output().context("cannot run tshark")?;
    ensure!(output.status.success(), "tshark: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_string).collect())
}
