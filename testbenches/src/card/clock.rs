//! The thread in which the engine's time passes.
#![forbid(unsafe_code)]

use super::backend::Shared;
use super::client_memory::BusPort;
use super::mailbox::Command;
use crate::peers::Peer;
use crate::simulator::{BusMemory, EnginePorts, Simulator, SimulatorOptions};
use anyhow::Result;
use std::sync::atomic::Ordering;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};
use stevedore_abi::register::offset;

/// Cycles between looks at the mailbox.
const BATCH: u64 = 64;
/// Cycles after which a register that did not answer never will.
const PATIENCE: u64 = 100_000;
/// The vector that the engine's interrupt line belongs to.
const VECTOR: usize = 0;

/// How fast the engine's time may pass.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Cycles per second at most. The engine's timers run on cycles: at a million they are not faster than a clock on
    /// the wall if a microsecond is one cycle.
    pub cycles_per_second: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Pace { cycles_per_second: 1_000_000 }
    }
}

/// Makes the engine, says so, and runs it until told to stop.
pub fn run<P: Peer>(
    shared: &Shared,
    parts: impl FnOnce() -> Result<(Box<dyn EnginePorts>, P)>,
    options: SimulatorOptions,
    pace: Pace,
    ready: &Sender<Result<()>>,
) {
    let made = parts().and_then(|(engine, peer)| {
        Simulator::with_memory(engine, peer, BusPort::new(shared.kept_memory()), options.clone())
    });
    match made {
        Ok(simulator) => {
            // Whoever started the card waits for this word, or is gone.
            let _ = ready.send(Ok(()));
            Clock { shared, simulator: Some(simulator), options, pace, raised: false, told: 0 }.run();
        }
        Err(error) => drop(ready.send(Err(error))),
    }
}

struct Clock<'a, P: Peer> {
    shared: &'a Shared,
    /// None only while it is taken apart.
    simulator: Option<Simulator<P, BusPort>>,
    options: SimulatorOptions,
    pace: Pace,
    /// A message was sent for the interrupt line as it is.
    raised: bool,
    /// Violations told of.
    told: usize,
}

impl<P: Peer> Clock<'_, P> {
    fn run(&mut self) {
        let mut began = Instant::now();
        let mut ahead = Duration::ZERO;
        loop {
            let Some(simulator) = &mut self.simulator else { return };
            match self.shared.mailbox.next(ahead) {
                Some(Command::Stop) => return,
                Some(Command::Write(offset, value)) => self.write(offset, value),
                Some(Command::Read(offset, number)) => {
                    let value = read(simulator, offset);
                    self.shared.mailbox.answer(number, value);
                }
                Some(Command::Reset(number)) => {
                    self.reset();
                    began = Instant::now();
                    self.shared.mailbox.answer(number, 0);
                }
                None => simulator.cycles(BATCH),
            }
            self.interrupt();
            self.tell();
            let now = self.simulator.as_ref().map_or(0, Simulator::now);
            let due = Duration::from_nanos(now.saturating_mul(1_000_000_000 / self.pace.cycles_per_second.max(1)));
            ahead = due.saturating_sub(began.elapsed());
        }
    }

    fn write(&mut self, offset: u32, value: u32) {
        let Some(simulator) = &mut self.simulator else { return };
        simulator.write_blindly(offset, value);
        for _ in 0..PATIENCE {
            if simulator.is_idle() {
                break;
            }
            simulator.cycle();
        }
        // The line may have fallen and risen again within these cycles, or have stayed high for another cause. Then
        // the host hears once more than it must, and never once less.
        if [offset::INTERRUPT_CAUSE, offset::INTERRUPT_ENABLE, offset::CONTROL].contains(&offset) {
            self.raised = false;
        }
    }

    /// A message for the line's every rise.
    fn interrupt(&mut self) {
        let line = self.simulator.as_ref().is_some_and(Simulator::interrupt);
        if line && !self.raised {
            let bus_master = self.shared.memory().bus_master;
            self.shared.vectors().raise(VECTOR, bus_master);
        }
        self.raised = line;
    }

    /// Resets the engine without warning, and empties every model around it.
    fn reset(&mut self) {
        let Some(simulator) = self.simulator.take() else { return };
        let (engine, peer, _) = simulator.into_parts();
        let memory = BusPort::new(self.shared.kept_memory());
        match Simulator::with_memory(engine, peer, memory, self.options.clone()) {
            Ok(simulator) => self.simulator = Some(simulator),
            Err(error) => eprintln!("the card cannot be reset: {error:#}"),
        }
        (self.raised, self.told) = (false, 0);
    }

    fn tell(&mut self) {
        let Some(simulator) = &self.simulator else { return };
        let violations = simulator.memory.violations();
        for violation in &violations[self.told..] {
            eprintln!("the engine broke a rule: {violation}");
            self.shared.violations.fetch_add(1, Ordering::Relaxed);
        }
        self.told = violations.len();
    }
}

/// Reads a register; all ones if the engine does not answer, or answers with an error.
fn read<P: Peer>(simulator: &mut Simulator<P, BusPort>, offset: u32) -> u32 {
    simulator.ask(offset);
    for _ in 0..PATIENCE {
        if let Some(answer) = simulator.answer() {
            return answer.unwrap_or(u32::MAX);
        }
        simulator.cycle();
    }
    u32::MAX
}
