//! The demo with this machine's Linux kernel as the peer: a TAP device in a network namespace, curl, and a server of
//! our own.
//!
//! Two clocks meet here. The kernel's timers run in real time; the engine's run in cycles, through the prescaler. The
//! simulation makes a few hundred thousand to a million cycles per second, so one cycle per microsecond of engine time
//! makes the engine's timers run at about the kernel's pace, or somewhat slower. Slower is the safe side as long as an
//! acknowledgement the engine delays leaves before the kernel's retransmission time-out of 200 ms: hence the short
//! delay below.

use super::{Attached, Demo, DemoOptions, Report, HTTP_PORT, PEER_PORT};
use crate::bench::{Bench, ENGINE, PEER, PREFIX};
use crate::peers::{ensure_kernel, Namespace, TapPeer};
use crate::sessions::{digest, fetch, http_server, run_over, Pattern, Uploads};
use crate::simulator::Simulated;
use anyhow::{bail, ensure, Context, Result};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use stevedore_driver::TcpTuning;

/// Runs the three transfers. `server` is a command line that calls [`serve`], to be run in the namespace.
pub fn kernel(attached: Attached, options: &DemoOptions, server: &[String]) -> Result<Report> {
    ensure_kernel("the kernel as the peer", "`cargo xtask demo`")?;
    let id = std::process::id();
    let device = format!("stv{id}");
    let peer = TapPeer::create(&device)?;
    let namespace = Namespace::create(&format!("stevedore{id}"))?;
    namespace.adopt(&device, PEER, PREFIX)?;
    std::fs::create_dir_all(&options.scratch)?;

    let mut configuration = DemoOptions::configuration();
    configuration.tcp = TcpTuning {
        minimum_rto: 60_000,
        initial_rto: 200_000,
        delayed_ack: 2_000,
        time_wait: 100_000,
        ..configuration.tcp
    };
    match attached {
        Attached::Ports(engine) => {
            transfers(Demo::start(engine, peer, options, &configuration)?, options, server, &namespace)
        }
        Attached::Link(engine) => {
            transfers(Demo::start_linked(engine, peer, options, &configuration)?, options, server, &namespace)
        }
    }
}

fn transfers<T: Simulated<Peer = TapPeer>>(
    mut demo: Demo<TapPeer, T>,
    options: &DemoOptions,
    server: &[String],
    namespace: &Namespace,
) -> Result<Report> {
    let curl = || -> Command {
        let mut command = namespace.command("curl");
        command.args(["--silent", "--show-error", "--fail", "--http1.1", "--noproxy", "*"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        command
    };
    let url = format!("http://{ENGINE}:{HTTP_PORT}");
    let downloaded = options.scratch.join("download");
    let mut child = Program::start(curl().arg("--output").arg(&downloaded).arg(format!("{url}/file")))?;
    demo.stage("download", true, |bench| watch(bench, &mut child))?;
    ensure!(file_digest(&downloaded)? == options.served().digest(), "the download arrived damaged");

    let upload = options.scratch.join("upload");
    write_pattern(&upload, options.stored())?;
    let mut child = Program::start(curl().arg("--upload-file").arg(&upload).arg(format!("{url}/upload")))?;
    demo.stage("upload", false, |bench| watch(bench, &mut child))?;
    let (length, hash) = demo.uploads.borrow().first().cloned().context("the upload never came")?;
    let stored = (length, &hash) == (options.size, &options.stored().digest());
    ensure!(stored, "the upload arrived damaged: {length} bytes, {hash}");

    let (program, arguments) = server.split_first().context("no server given")?;
    let file = options.fetched();
    let mut command = namespace.command(program);
    command.args(arguments).stdout(Stdio::piped());
    let mut child = Program::start(&mut command)?;
    child.wait_until_ready()?;
    demo.bench.open((PEER, PEER_PORT), 50_000, fetch("peer", file))?;
    demo.stage("fetch", false, |bench| watch(bench, &mut child))?;
    let report = demo.finish()?;
    for scratch in [downloaded, upload] {
        std::fs::remove_file(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    }
    Ok(report)
}

/// The server in the namespace: says that it is ready, serves `file` to one client, and ends.
pub fn serve(file: Pattern) -> Result<()> {
    let listener = TcpListener::bind((PEER, PEER_PORT)).context("cannot listen")?;
    println!("ready");
    std::io::stdout().flush()?;
    let (stream, _) = listener.accept().context("cannot accept")?;
    let mut session = http_server(file, Uploads::default());
    run_over(stream, &mut session).context("the transfer broke")
}

/// True when the program has ended well.
fn watch<T: Simulated<Peer = TapPeer>>(bench: &mut Bench<TapPeer, T>, program: &mut Program) -> Result<bool> {
    if let Some(error) = bench.device.transport().peer().failure() {
        bail!("the TAP device: {error}");
    }
    program.is_done(bench.now())
}

/// A program on the kernel's side; killed when dropped.
struct Program {
    child: Child,
    name: String,
    looked: u64,
    done: bool,
}

impl Program {
    /// Cycles between looks: each is a system call.
    const INTERVAL: u64 = 4096;

    fn start(command: &mut Command) -> Result<Self> {
        let name = format!("{command:?}");
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        Ok(Program { child, name, looked: 0, done: false })
    }

    fn wait_until_ready(&mut self) -> Result<()> {
        let output = self.child.stdout.as_mut().context("no output to wait for")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        ensure!(line == "ready\n", "{} did not start", self.name);
        Ok(())
    }

    fn is_done(&mut self, now: u64) -> Result<bool> {
        if self.done || now < self.looked + Self::INTERVAL {
            return Ok(self.done);
        }
        self.looked = now;
        if let Some(status) = self.child.try_wait()? {
            ensure!(status.success(), "{} ended with {status}", self.name);
            self.done = true;
        }
        Ok(self.done)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if !self.done {
            // It may have ended by itself meanwhile.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn write_pattern(path: &Path, pattern: Pattern) -> Result<()> {
    let mut file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    let (mut chunk, mut offset) = (vec![0; 65536], 0);
    loop {
        let count = pattern.fill(offset, &mut chunk);
        if count == 0 {
            return Ok(());
        }
        file.write_all(&chunk[..count])?;
        offset += count as u64;
    }
}

fn file_digest(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    hash.update(std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?);
    Ok(digest(hash))
}
