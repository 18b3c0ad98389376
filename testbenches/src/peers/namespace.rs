//! A network namespace of its own for the kernel's end of the wire: nothing on this machine sees the traffic, or
//! changes it.

use anyhow::{ensure, Context, Result};
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// An error unless this process may make TAP devices and namespaces: `what` needs them, `instead` does not.
pub fn ensure_kernel(what: &str, instead: &str) -> Result<()> {
    let root = std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    ensure!(
        root && Path::new("/dev/net/tun").exists(),
        "{what} needs root and /dev/net/tun: become root and run `modprobe tun`, or run {instead}, which needs neither"
    );
    Ok(())
}

/// A namespace; deleted when dropped.
pub struct Namespace {
    name: String,
}

impl Namespace {
    /// Creates it, or replaces one of this name that a killed run left behind.
    pub fn create(name: &str) -> Result<Self> {
        // Fails when there is none, which is the usual case.
        let _ = ip(&["netns", "delete", name]);
        check(ip(&["netns", "add", name]))?;
        let namespace = Namespace { name: name.to_string() };
        namespace.ip(&["link", "set", "lo", "up"])?;
        Ok(namespace)
    }

    /// Moves a device here, gives it an address and brings it up.
    pub fn adopt(&self, device: &str, address: Ipv4Addr, prefix: u8) -> Result<()> {
        check(ip(&["link", "set", device, "netns", &self.name]))?;
        self.ip(&["addr", "add", &format!("{address}/{prefix}"), "dev", device])?;
        // Without it the kernel announces itself over IPv6 in the middle of every capture.
        self.sysctl(&format!("net/ipv6/conf/{device}/disable_ipv6"), "1");
        self.ip(&["link", "set", device, "mtu", "1500", "up"])?;
        // The route the address brought, with a retransmission time-out that suits a simulated wire: 200 ms, the
        // kernel's own lower bound, is a hundred thousand cycles of silence for every tail loss.
        let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
        let network = format!("{}/{prefix}", Ipv4Addr::from_bits(address.to_bits() & mask));
        let source = address.to_string();
        self.ip(&["route", "replace", &network, "dev", device, "src", &source, "rto_min", "10ms"])
    }

    /// A command that will run inside.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name, program]);
        command
    }

    /// Sets a kernel parameter of the namespace, where the kernel has it.
    fn sysctl(&self, path: &str, value: &str) {
        let mut command = self.command("sh");
        command.args(["-c", &format!("echo {value} > /proc/sys/{path}")]).stderr(Stdio::null());
        // A kernel without IPv6 has nothing to be switched off.
        let _ = command.status();
    }

    fn ip(&self, arguments: &[&str]) -> Result<()> {
        let mut all = vec!["-netns", &self.name];
        all.extend(arguments);
        check(ip(&all))
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        // Nothing to be done about a failure here; the next run deletes it again.
        let _ = ip(&["netns", "delete", &self.name]);
    }
}

fn ip(arguments: &[&str]) -> Result<(String, Output)> {
    let output = Command::new("ip")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .context("ip is missing: run `cargo xtask setup`")?;
    Ok((arguments.join(" "), output))
}

fn check(result: Result<(String, Output)>) -> Result<()> {
    let (arguments, output) = result?;
    ensure!(output.status.success(), "ip {arguments}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(())
}
