//! `cargo xtask guest`: a Linux guest in QEMU finds the simulated card by its PCI id, and the driver program in it
//! moves files through the RTL.
//!
//! ```text
//!   guest: init.sh --> stevedore --vfio--> vfio-pci, vIOMMU     } QEMU
//!                                             | vfio-user
//!   this program:                           card/ --> engine --> TAP --> namespace: HTTP server, curl
//! ```
//!
//! What is proved is proved out here: what the guest fetched by the hash it prints, what it served by what curl got,
//! what the card refused by the card's own count.

mod console;
mod initrd;

use crate::bench::{ENGINE, PEER, PREFIX};
use crate::card::{Card, CardCounts, CardOptions, Pace};
use crate::demo::{DemoOptions, HTTP_PORT, PEER_PORT};
use crate::peers::{Namespace, TapPeer};
use crate::rtl;
use crate::sessions::{digest, http_server, run_over, Pattern, Uploads};
use crate::simulator::SimulatorOptions;
use anyhow::{ensure, Context, Result};
use console::Console;
use sha2::{Digest, Sha256};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use stevedore_rtl::geometry::Geometry;

/// Longest run of the guest.
const PATIENCE: Duration = Duration::from_secs(300);
/// The kernel's modules, in the order in which they are loaded.
const MODULES: [&str; 5] = ["irqbypass", "vfio", "vfio_iommu_type1", "vfio-pci-core", "vfio-pci"];

/// What to run.
#[derive(Clone, Debug)]
pub struct GuestOptions {
    /// Where QEMU, the kernel and busybox were unpacked.
    pub tools: PathBuf,
    /// The driver program, linked statically.
    pub program: PathBuf,
    /// For sockets, the initial file system, what curl gets.
    pub scratch: PathBuf,
    /// Bytes of each file.
    pub size: u64,
    /// Capture of the wire.
    pub capture: Option<PathBuf>,
}

/// Runs it. `server` is a command line that calls [`serve`], to be run in the namespace.
pub fn run(options: &GuestOptions, server: &[String]) -> Result<()> {
    let began = Instant::now();
    let step = |what: &str| eprintln!("[{:5.1} s] {what}", began.elapsed().as_secs_f64());
    std::fs::create_dir_all(&options.scratch)?;
    step("the model of the card (kept for the next time)");
    let id = std::process::id();
    let socket = options.scratch.join(format!("card-{id}.socket"));
    let tap = TapPeer::create(&format!("stv{id}"))?;
    let namespace = Namespace::create(&format!("stevedore{id}"))?;
    namespace.adopt(&format!("stv{id}"), PEER, PREFIX)?;
    let simulator = SimulatorOptions { capture: options.capture.clone(), ..SimulatorOptions::default() };
    let card = CardOptions { socket: socket.clone(), simulator, pace: Pace::default(), verbose: true };
    let card = Card::start(card, move || Ok((rtl::card(&Geometry::SMALL, None)? as _, tap)))?;
    let (program, words) = server.split_first().context("no server given")?;
    let mut server = Killed(namespace.command(program).args(words).stdout(Stdio::piped()).spawn()?);
    let ready = console::first_line(server.0.stdout.as_mut().context("no output")?)?;
    ensure!(ready == "ready", "the server in the namespace did not start: {ready:?}");

    step("the guest's file system");
    let initrd = options.scratch.join("initrd");
    std::fs::write(&initrd, file_system(options)?).context("cannot write the guest's file system")?;
    step("the guest boots");
    let mut console = Console::start(&mut qemu(&options.tools, &initrd, &socket)?, PATIENCE)?;
    let mut seen = String::new();
    let mut curl = None;
    let (mut fetched, mut before_trespass, mut after_trespass) = (None, None, None);
    let downloaded = options.scratch.join("served");
    while let Some(line) = console.next_line()? {
        println!("guest: {line}");
        let Some(word) = line.strip_prefix("GUEST ") else { continue };
        seen += &format!("{word}\n");
        match word.split_once(' ').unwrap_or((word, "")) {
            ("fetched", hash) => fetched = Some(hash.to_string()),
            ("serving", _) => curl = Some(Killed(start_curl(&namespace, &downloaded)?)),
            ("trespass", "begins") => before_trespass = Some(card.counts()),
            ("trespass", "ends") => after_trespass = Some(card.counts()),
            _ => {}
        }
    }
    ensure!(seen.ends_with("done\n"), "the guest did not come to its end; its last step: {:?}", seen.lines().last());

    step("compared");
    let file = DemoOptions::fetched_of(options.size);
    ensure!(fetched.as_deref() == Some(&file.digest()), "the guest fetched {fetched:?}, not {}", file.digest());
    let status = curl.context("curl was never started")?.0.wait()?;
    ensure!(status.success(), "curl ended with {status}");
    let served = digest(Sha256::new().chain_update(std::fs::read(&downloaded)?));
    ensure!(served == file.digest(), "curl got {served}, not {}", file.digest());
    let refused = |counts: Option<CardCounts>| counts.map_or(0, |counts| counts.dma.refused_reads);
    let refused = refused(after_trespass) - refused(before_trespass);
    ensure!(refused > 0, "the card's reads of memory that was taken away were not refused");
    let counts = card.counts();
    let at_other_times = counts.dma.refused_reads + counts.dma.refused_writes - refused;
    ensure!(at_other_times == 0, "{at_other_times} accesses of memory were refused that should not have been made");
    ensure!(counts.violations == 0, "the engine broke {} rules, see above", counts.violations);
    ensure!(counts.late_reads + counts.lost_writes == 0, "the simulation was too slow: {counts:?}");
    println!("fetched through the card:  {} bytes, SHA-256 {}", options.size, file.digest());
    println!("served through the card:   {} bytes, SHA-256 {served}", options.size);
    println!("memory taken away:         {refused} reads refused and reported, the next open worked");
    println!(
        "the card:                  {} bytes read, {} written, {} interrupts, {} resets",
        counts.dma.read, counts.dma.written, counts.interrupts, counts.resets
    );
    println!("guest passed after {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// The server in the namespace: says that it is ready, and serves `file` to everybody.
pub fn serve(file: Pattern) -> Result<()> {
    let listener = TcpListener::bind((PEER, PEER_PORT)).context("cannot listen")?;
    println!("ready");
    for stream in listener.incoming() {
        let stream = stream.context("cannot accept")?;
        // A client that goes away in the middle is its own affair, and may never say so.
        std::thread::spawn(move || run_over(stream, &mut http_server(file, Uploads::default())));
    }
    Ok(())
}

fn start_curl(namespace: &Namespace, output: &Path) -> Result<Child> {
    let mut command = namespace.command("curl");
    command.args(["--silent", "--show-error", "--fail", "--http1.1", "--noproxy", "*", "--max-time", "120"]);
    command.arg("--output").arg(output).arg(format!("http://{ENGINE}:{HTTP_PORT}/"));
    command.stdin(Stdio::null()).spawn().context("cannot start curl")
}

/// The file system that the kernel starts with.
fn file_system(options: &GuestOptions) -> Result<Vec<u8>> {
    let mut archive = initrd::Archive::default();
    for folder in ["bin", "dev", "proc", "sys", "modules"] {
        archive.folder(folder);
    }
    let busybox = options.tools.join("usr/bin/busybox");
    archive.file("bin/busybox", 0o755, &read(&busybox)?);
    archive.file("bin/stevedore", 0o755, &read(&options.program)?);
    let modules = options.tools.join("usr/lib/modules");
    for (number, name) in MODULES.iter().enumerate() {
        let packed = find(&modules, &format!("{name}.ko.xz")).with_context(|| format!("the kernel has no {name}"))?;
        let unpacked = Command::new(&busybox).args(["unxz", "-c"]).arg(&packed).output()?;
        ensure!(unpacked.status.success(), "cannot unpack {}", packed.display());
        archive.file(&format!("modules/{number}-{name}.ko"), 0o644, &unpacked.stdout);
    }
    let abi = format!(
        "vendor={:#06x}\ndevice={:#06x}\nip={ENGINE}\nport={HTTP_PORT}\nurl=http://{PEER}:{PEER_PORT}/file\n",
        stevedore_abi::pci::VENDOR,
        stevedore_abi::pci::DEVICE
    );
    let init = include_str!("init.sh").replacen("# settings\n", &abi, 1);
    archive.file("init", 0o755, init.as_bytes());
    Ok(archive.finish())
}

/// QEMU with the card behind a root port and a virtual IOMMU.
fn qemu(tools: &Path, initrd: &Path, socket: &Path) -> Result<Command> {
    let user = tools.join("usr");
    let libraries = user.join("lib/x86_64-linux-gnu");
    let kernels = std::fs::read_dir(tools.join("boot"))?.flatten().map(|entry| entry.path());
    let kernel =
        kernels.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz")));
    let kernel = kernel.max().context("no kernel was unpacked")?;
    let card =
        format!(r#"{{"driver":"vfio-user-pci","bus":"rp0","socket":{{"type":"unix","path":"{}"}}}}"#, socket.display());
    // The unpacked tree brings its own loader and libraries: nothing is installed.
    let mut command = Command::new(user.join("lib64/ld-linux-x86-64.so.2"));
    command.env("QEMU_MODULE_DIR", libraries.join("qemu"));
    command.arg("--library-path").arg(&libraries).arg(user.join("bin/qemu-system-x86_64"));
    command.arg("-L").arg(user.join("share/qemu")).arg("-L").arg(user.join("share/seabios"));
    // Shared memory: the card's process maps it. Caching mode: the IOMMU tells of every map.
    command.args(["-M", "q35,accel=tcg,memory-backend=m0", "-m", "256M"]);
    command.args(["-object", "memory-backend-memfd,id=m0,size=256M,share=on", "-nodefaults", "-no-user-config"]);
    command.args(["-display", "none", "-serial", "stdio", "-no-reboot"]);
    command.args(["-device", "intel-iommu,intremap=on,caching-mode=on"]);
    command.args(["-device", "pcie-root-port,id=rp0,chassis=1", "-device", &card]);
    command.arg("-kernel").arg(kernel).arg("-initrd").arg(initrd);
    // A busy machine does not give the guest enough ticks for the kernel's check of its timer.
    command.args(["-append", "console=ttyS0 panic=-1 quiet intel_iommu=on no_timer_check"]);
    Ok(command)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

/// A file of this name somewhere below a folder.
fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let found = match path.is_dir() && !path.is_symlink() {
            true => find(&path, name),
            false => (path.file_name()? == name).then_some(path),
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

/// A program that ends with this value.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
