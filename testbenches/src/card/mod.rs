//! The card as a process: a simulated engine that another program finds behind a socket, as if it were on its PCIe bus.
//!
//! ```text
//!   driver, or QEMU --socket--> backend.rs --mailbox.rs--> clock.rs: Simulator <--> wire
//!                                  |                          |
//!                                  |-- configuration.rs       |
//!                                  |-- client_memory.rs <-----' DMA, by mapping.rs
//!                                  '-- vectors.rs <-----------  interrupts, eventfds
//! ```
//!
//! Two threads: one answers the socket, one lets the engine's time pass. The socket is vfio-user's. QEMU has its other
//! end (`-device vfio-user-pci`), and the driver has it, too: `stevedore_driver::transports::VfioUser`. The engine is
//! whatever stands behind [`EnginePorts`].
//!
//! A reset of the function, whoever asks for it, resets everything here: the engine, and what the models around it had
//! in hand.

mod backend;
mod client_memory;
mod clock;
mod configuration;
mod mailbox;
mod mapping;
mod vectors;

pub use client_memory::DmaCounts;
pub use clock::Pace;

use crate::peers::Peer;
use crate::simulator::{EnginePorts, SimulatorOptions};
use anyhow::{anyhow, bail, ensure, Context, Result};
use backend::{Backend, Shared};
use std::fmt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{mpsc, Arc};
use std::thread::JoinHandle;
use std::time::Duration;
use vfio_user::Server;

/// Time between looks at the threads.
const LOOK: Duration = Duration::from_millis(200);

/// What a card is set up with.
#[derive(Clone, Debug)]
pub struct CardOptions {
    /// Path of the socket; what is there already is replaced if nobody listens.
    pub socket: PathBuf,
    /// Bus, wire, capture.
    pub simulator: SimulatorOptions,
    /// How fast the engine's time may pass.
    pub pace: Pace,
    /// Tell on standard error who comes, who goes, and what was refused.
    pub verbose: bool,
}

/// What happened while a card ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardCounts {
    /// Accesses of memory.
    pub dma: DmaCounts,
    /// Reads of registers that were answered with all ones, because the simulation did not get to them in time.
    pub late_reads: u64,
    /// Writes of registers lost for the same reason.
    pub lost_writes: u64,
    /// Accesses of registers that are not of four aligned bytes.
    pub refused_accesses: u64,
    /// Resets of the function.
    pub resets: u64,
    /// Interrupt messages.
    pub interrupts: u64,
    /// Things the engine did that it must not.
    pub violations: u64,
}

impl fmt::Display for CardCounts {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        let CardCounts { dma, late_reads, lost_writes, refused_accesses, resets, interrupts, violations } = self;
        write!(
            formatter,
            "so far: {} bytes read, {} written, {} reads and {} writes refused; {interrupts} interrupts, \
             {resets} resets; registers: {refused_accesses} refused, {late_reads} answered too late, {lost_writes} lost; \
             {violations} rules broken",
            dma.read, dma.written, dma.refused_reads, dma.refused_writes
        )
    }
}

/// A running card.
pub struct Card {
    shared: Arc<Shared>,
    stopping: Arc<AtomicBool>,
    socket: PathBuf,
    server: Option<JoinHandle<()>>,
    clock: Option<JoinHandle<()>>,
}

impl Card {
    /// Makes the engine and its peer, in the thread that will run them, and opens the socket.
    pub fn start<P: Peer + 'static>(
        options: CardOptions,
        parts: impl FnOnce() -> Result<(Box<dyn EnginePorts>, P)> + Send + 'static,
    ) -> Result<Card> {
        let shared = Arc::new(Shared::new(options.verbose));
        let (ready, made) = mpsc::channel();
        let clock = {
            let (shared, simulator, pace) = (Arc::clone(&shared), options.simulator.clone(), options.pace);
            std::thread::Builder::new().name("clock".to_string()).spawn(move || {
                clock::run(&shared, parts, simulator, pace, &ready);
            })?
        };
        made.recv().map_err(|_| anyhow!("the engine's thread ended"))?.context("the engine cannot be made")?;
        let listener = listen(&options.socket)?;
        let stopping = Arc::new(AtomicBool::new(false));
        let server = {
            let (shared, stopping) = (Arc::clone(&shared), Arc::clone(&stopping));
            std::thread::Builder::new().name("server".to_string()).spawn(move || serve(listener, &shared, &stopping))?
        };
        Ok(Card { shared, stopping, socket: options.socket, server: Some(server), clock: Some(clock) })
    }

    /// What happened so far.
    pub fn counts(&self) -> CardCounts {
        self.shared.counts()
    }

    /// Runs until one of its threads ends, which only a failure brings about.
    pub fn run(self) -> Result<()> {
        let ended = |thread: &Option<JoinHandle<()>>| thread.as_ref().is_none_or(JoinHandle::is_finished);
        loop {
            ensure!(!ended(&self.clock), "the engine's thread ended");
            ensure!(!ended(&self.server), "the socket does not work any more");
            std::thread::sleep(LOOK);
        }
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.shared.mailbox.stop();
        if let Some(clock) = self.clock.take() {
            // A thread that failed has said why.
            let _ = clock.join();
        }
        // The server waits for a client: here is one that says nothing. One that is there reads all ones from now on,
        // as from a card that was pulled out; the server's thread ends with it, and is not waited for.
        let _ = UnixStream::connect(&self.socket);
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// The socket, also where a card that was killed left one behind.
fn listen(path: &PathBuf) -> Result<UnixListener> {
    if path.exists() {
        if UnixStream::connect(path).is_ok() {
            bail!("{}: another card listens there; end it, or choose another socket", path.display());
        }
        std::fs::remove_file(path).with_context(|| format!("cannot replace {}", path.display()))?;
    }
    UnixListener::bind(path).with_context(|| format!("cannot listen at {}: is its folder there?", path.display()))
}

/// Serves one client after the other.
fn serve(listener: UnixListener, shared: &Arc<Shared>, stopping: &AtomicBool) {
    let server = Server::from_owned_fd(listener.into(), true, backend::interrupts(), backend::regions());
    while !stopping.load(Ordering::SeqCst) {
        let client = |server: &Server| server.run(&mut Backend::new(shared));
        // The protocol's crate panics at some messages that no client in its senses sends.
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| client(&server)));
        match ended {
            Ok(Ok(())) => shared.say("the client is gone"),
            Ok(Err(error)) => shared.say(&format!("the client is gone: {error}")),
            Err(_) => shared.say("the client sent what is no message; it was cut off"),
        }
        shared.reset();
        shared.memory().clear();
        shared.vectors().disable();
        shared.say(&shared.counts().to_string());
    }
}
