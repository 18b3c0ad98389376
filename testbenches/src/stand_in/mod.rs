//! An engine in software behind the engine's pins: the driver's and the models' test double, and nothing else.
//!
//! It keeps to the host interface to the letter (rings, phases, credits, responses in order, buffers back before the
//! termination response), so that a test that fails on it shows a fault of the driver, of a model or of the test. TCP
//! itself is smoltcp's.
//!
//! ```text
//!   dma.rs         the pins of the memory port: tags, splits, lanes
//!   tables.rs      both descriptor tables, doorbells, status line, interrupt
//!   connections.rs all connections and listeners: requests find theirs, sockets get their turn
//!   connection.rs  one connection: what the host posted for it, moved between memory and its socket
//!   stack.rs       smoltcp, with the addresses of the registers
//! ```

mod connection;
mod connections;
mod dma;
mod stack;
mod tables;

use crate::simulator::{Changed, EnginePorts, Inputs, Outputs};
use connections::Connections;
use dma::Dma;
use std::collections::VecDeque;
use stevedore_abi::register::offset;
use tables::Tables;

/// Bytes of a word.
const BYTES: usize = 8;

/// The double; 64-bit streams.
pub struct StandIn {
    inputs: Inputs,
    outputs: Outputs,
    tables: Tables,
    dma: Dma,
    connections: Connections,
    write_address: Option<u32>,
    write_data: Option<u32>,
    receiving: Vec<u8>,
    sending: VecDeque<u8>,
    cycle: u64,
}

impl Default for StandIn {
    fn default() -> Self {
        StandIn {
            inputs: Inputs::default(),
            outputs: Outputs { rx_ready: true, ..Outputs::default() },
            tables: Tables::new(),
            dma: Dma::default(),
            connections: Connections::default(),
            write_address: None,
            write_data: None,
            receiving: Vec::new(),
            sending: VecDeque::new(),
            cycle: 0,
        }
    }
}

impl StandIn {
    /// The double, with everything idle.
    pub fn new() -> Self {
        StandIn::default()
    }

    fn registers(&mut self) {
        let (inputs, outputs) = (&self.inputs, &mut self.outputs);
        if inputs.bready && outputs.bvalid {
            outputs.bvalid = false;
        }
        if inputs.rready && outputs.rvalid {
            outputs.rvalid = false;
        }
        if inputs.awvalid && outputs.awready {
            self.write_address = Some(inputs.awaddr);
        }
        if inputs.wvalid && outputs.wready {
            self.write_data = Some(inputs.wdata);
        }
        if let (Some(address), Some(data)) = (self.write_address, self.write_data) {
            self.tables.write(address, data);
            (self.write_address, self.write_data) = (None, None);
            outputs.bvalid = true;
        }
        if inputs.arvalid && outputs.arready {
            outputs.rdata = self.tables.read(inputs.araddr, &self.connections);
            outputs.rvalid = true;
        }
        outputs.awready = self.write_address.is_none() && !outputs.bvalid;
        outputs.wready = self.write_data.is_none() && !outputs.bvalid;
        outputs.arready = !outputs.rvalid;
    }

    fn wire(&mut self) {
        let (inputs, outputs) = (&self.inputs, &mut self.outputs);
        if inputs.rx_valid && outputs.rx_ready {
            let count = inputs.rx_keep.count_ones() as usize;
            self.receiving.extend_from_slice(&inputs.rx_data[0].to_le_bytes()[..count]);
            if inputs.rx_last {
                let frame = std::mem::take(&mut self.receiving);
                if !inputs.rx_error && self.tables.enabled() {
                    self.connections.frame(frame);
                }
            }
        }
        outputs.rx_ready = true;
        if outputs.tx_valid && !inputs.tx_ready {
            return;
        }
        if self.sending.is_empty() && !self.tables.restarting() {
            self.sending = self.connections.next_frame().into();
        }
        outputs.tx_valid = !self.sending.is_empty();
        if outputs.tx_valid {
            let mut bytes = [0; BYTES];
            let count = self.sending.len().min(BYTES);
            self.sending.drain(..count).zip(&mut bytes).for_each(|(byte, place)| *place = byte);
            outputs.tx_data[0] = u64::from_le_bytes(bytes);
            outputs.tx_keep = (1 << count) - 1;
            outputs.tx_last = self.sending.is_empty();
        }
    }
}

impl EnginePorts for StandIn {
    fn bytes(&self) -> usize {
        BYTES
    }

    /// smoltcp acknowledges what lies in its own buffers.
    fn places_before_it_acknowledges(&self) -> bool {
        false
    }

    fn settle(&mut self, inputs: &mut Inputs, outputs: &mut Outputs) {
        if !inputs.changed.is_empty() {
            inputs.changed = Changed::default();
            self.inputs = inputs.clone();
        }
        *outputs = self.outputs.clone();
    }

    fn edge(&mut self) {
        self.cycle += 1;
        if self.inputs.reset {
            *self = StandIn::default();
            self.inputs.reset = true;
            return;
        }
        self.registers();
        self.wire();
        let quiet = self.dma.is_idle(&self.outputs) && !self.outputs.tx_valid;
        if self.tables.restarting() && quiet {
            self.tables = self.tables.restarted();
            (self.connections, self.receiving) = (Connections::default(), Vec::new());
        }
        let completed = self.inputs.completion_valid && self.outputs.completion_ready && self.inputs.completion_last;
        if completed && self.inputs.completion_error {
            self.tables.count(offset::STAT_BUS_ERRORS);
        }
        if let Some((job, bytes)) = self.dma.clock(&self.inputs, &mut self.outputs) {
            match job {
                dma::Job::Requests => self.tables.fetched(bytes, &mut self.connections, &mut self.dma),
                dma::Job::Payload(slot) => self.connections.payload(slot, bytes),
            }
        }
        if !self.tables.restarting() {
            self.tables.clock(&mut self.dma);
            self.connections.clock(self.cycle, &mut self.tables, &mut self.dma);
        }
        self.outputs.interrupt = self.tables.interrupt();
    }
}
