//! An engine behind its host link: the wire is all there is, and the host is one of the stations on it.

use super::clock::Simulator;
use super::ports::{word_of, EnginePorts, Inputs, Outputs};
use super::SimulatorOptions;
use crate::peers::Peer;
use crate::random::Random;
use anyhow::{Context, Result};
use std::collections::VecDeque;
use std::io;
use stevedore_abi::link::ETHER_TYPE;
use stevedore_driver::transports::link::{FrameInterface, LinkOptions, LinkTransport};
use stevedore_rtl::link::LinkParameters;
use stevedore_verilated::{Model, Port, Source};

/// A link with a simulation behind it.
pub type LinkedSimulator<P> = LinkTransport<SimulatedWire<P>>;

/// What the simulation's links are built with. The times are long enough for frames that wait behind those of the peer.
pub const LINK_PARAMETERS: LinkParameters =
    LinkParameters { timeout: 20_000, patience: 1_000_000, ..LinkParameters::BOARD };
/// The MAC of the host's interface.
const HOST_MAC: [u8; 6] = [0x02, 0x53, 0x54, 0x56, 0x44, 0x03];
/// Cycles of a pause.
const PAUSE: u64 = 64;

/// Connects a simulation, and opens the link: a microsecond of the link is a cycle, as it is of the engine.
pub fn open_link<P: Peer>(
    engine: Box<dyn EnginePorts>,
    peer: P,
    options: SimulatorOptions,
    loss: f64,
    session: u32,
) -> Result<LinkedSimulator<P>> {
    let random = Random::new(options.seed ^ 0x11);
    let fork = Fork { peer, loss, random, to_host: VecDeque::new(), from_host: VecDeque::new(), carried: 0, lost: 0 };
    let wire = SimulatedWire { simulator: Simulator::new(engine, fork, options)? };
    reopen_link(wire, session)
}

/// Opens the link of a simulation that runs.
pub fn reopen_link<P: Peer>(wire: SimulatedWire<P>, session: u32) -> Result<LinkedSimulator<P>> {
    let options = LinkOptions {
        timeout: u64::from(LINK_PARAMETERS.timeout),
        keep_alive: u64::from(LINK_PARAMETERS.patience) / 10,
        patience: 3 * u64::from(LINK_PARAMETERS.patience),
        ..LinkOptions::new(LINK_PARAMETERS.mac, session)
    };
    Ok(LinkTransport::open(wire, options)?)
}

/// Two stations at the far end of the wire: the peer, and the host's interface.
pub struct Fork<P> {
    /// The peer.
    pub peer: P,
    /// Frames of the link that get lost, each way.
    loss: f64,
    random: Random,
    to_host: VecDeque<Vec<u8>>,
    from_host: VecDeque<Vec<u8>>,
    /// Frames of the link, both ways, and how many of them were lost.
    pub carried: u64,
    /// See `carried`.
    pub lost: u64,
}

impl<P> Fork<P> {
    fn loses(&mut self) -> bool {
        let lost = self.random.chance(self.loss);
        self.carried += 1;
        self.lost += u64::from(lost);
        lost
    }
}

impl<P: Peer> Peer for Fork<P> {
    fn deliver(&mut self, frame: Vec<u8>) {
        if frame[12..14] != ETHER_TYPE.to_be_bytes() {
            self.peer.deliver(frame);
        } else if !self.loses() {
            self.to_host.push_back(frame);
        }
    }

    fn poll(&mut self, now: u64, room: usize, sent: &mut Vec<Vec<u8>>) -> u64 {
        // The host's frames are few, and wait behind those of the peer in the simulated cable: they find room.
        sent.extend(self.from_host.drain(..));
        self.peer.poll(now, room.saturating_sub(sent.len()), sent)
    }
}

/// The host's interface.
pub struct SimulatedWire<P: Peer> {
    /// The simulation.
    pub simulator: Simulator<Fork<P>>,
}

impl<P: Peer> FrameInterface for SimulatedWire<P> {
    fn address(&self) -> [u8; 6] {
        HOST_MAC
    }

    fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let fork = &mut self.simulator.peer;
        if !fork.loses() {
            fork.from_host.push_back(frame.to_vec());
            self.simulator.wake_peer();
        }
        Ok(())
    }

    fn receive(&mut self, frame: &mut Vec<u8>) -> io::Result<bool> {
        let Some(next) = self.simulator.peer.to_host.pop_front() else { return Ok(false) };
        *frame = next;
        Ok(true)
    }

    fn now(&self) -> u64 {
        self.simulator.now()
    }

    fn pause(&mut self) -> io::Result<()> {
        self.simulator.cycles(PAUSE);
        self.simulator.violation().map_or(Ok(()), |violation| Err(io::Error::other(violation.to_string())))
    }
}

/// A Verilated [`stevedore_rtl::link::LinkedEngine`]: of the engine's ports it has those of the wire.
pub struct VerilatedLink {
    model: Model,
    reset: Port,
    /// Data, keep, last, error, valid, ready.
    rx: [Port; 6],
    tx: [Port; 6],
}

impl VerilatedLink {
    /// Builds the model, or finds it built.
    pub fn build(source: &Source) -> Result<Self> {
        let model = Model::build(source)?;
        let port = |name: &str| model.find_port(name).with_context(|| format!("the engine has no port {name}"));
        let stream = |prefix: &str| -> Result<[Port; 6]> {
            let part = |part| port(&format!("{prefix}_t{part}"));
            Ok([part("data")?, part("keep")?, part("last")?, part("user")?, part("valid")?, part("ready")?])
        };
        let (reset, rx, tx) = (port("reset")?, stream("s_axis_rx")?, stream("m_axis_tx")?);
        Ok(VerilatedLink { model, reset, rx, tx })
    }
}

impl EnginePorts for VerilatedLink {
    fn bytes(&self) -> usize {
        8
    }

    fn settle(&mut self, inputs: &mut Inputs, outputs: &mut Outputs) {
        if !inputs.changed.is_empty() {
            let [data, keep, last, error, valid, ready] =
                [self.rx[0], self.rx[1], self.rx[2], self.rx[3], self.rx[4], self.tx[5]];
            self.model.set(self.reset, u64::from(inputs.reset));
            self.model.set(valid, u64::from(inputs.rx_valid));
            self.model.set(data, inputs.rx_data[0]);
            self.model.set(keep, inputs.rx_keep & 0xff);
            self.model.set(last, u64::from(inputs.rx_last));
            self.model.set(error, u64::from(inputs.rx_error));
            self.model.set(ready, u64::from(inputs.tx_ready));
            inputs.changed = Default::default();
            self.model.eval();
        }
        let [data, keep, last, error, valid, _] = self.tx;
        outputs.rx_ready = self.model.get(self.rx[5]) != 0;
        outputs.tx_valid = self.model.get(valid) != 0;
        if outputs.tx_valid {
            outputs.tx_data = word_of(&self.model.get(data).to_le_bytes());
            outputs.tx_keep = self.model.get(keep);
            outputs.tx_last = self.model.get(last) != 0;
            outputs.tx_error = self.model.get(error) != 0;
        }
    }

    fn edge(&mut self) {
        self.model.step();
    }

    /// Before they are acknowledged they are in the link's store, which delivers them.
    fn places_before_it_acknowledges(&self) -> bool {
        false
    }
}
