//! The host's side of the register port: AXI4-Lite, one access at a time, writes posted.

use super::bus_memory::BusMemory;
use super::ports::{Changed, Inputs, Outputs};
use super::watch::Watch;
use std::collections::VecDeque;
use stevedore_abi::register::offset;

/// An access, or its answer.
#[derive(Clone, Copy, Debug)]
enum Access {
    Write(u32, u32),
    Read(u32),
}

/// The model.
#[derive(Default)]
pub struct RegisterPort {
    queue: VecDeque<Access>,
    busy: bool,
    /// Answer to the last read: the value, or none for a bus error.
    answer: Option<Option<u32>>,
}

impl RegisterPort {
    /// Posts a write.
    pub fn write(&mut self, offset: u32, value: u32) {
        self.queue.push_back(Access::Write(offset, value));
    }

    /// Asks for a register; `answer` follows.
    pub fn read(&mut self, offset: u32) {
        self.answer = None;
        self.queue.push_back(Access::Read(offset));
    }

    /// The answer to the last read: a value, or none for a bus error.
    pub fn answer(&mut self) -> Option<Option<u32>> {
        self.answer.take()
    }

    /// Every access is done.
    pub fn is_idle(&self) -> bool {
        !self.busy && self.queue.is_empty()
    }

    /// Sets this cycle's inputs.
    #[inline]
    pub fn drive(&mut self, inputs: &mut Inputs) {
        if self.busy || self.queue.is_empty() {
            return;
        }
        match self.queue.pop_front() {
            Some(Access::Write(offset, value)) => {
                (inputs.awvalid, inputs.wvalid, inputs.bready) = (true, true, true);
                (inputs.awaddr, inputs.wdata) = (offset, value);
            }
            Some(Access::Read(offset)) => {
                (inputs.arvalid, inputs.rready) = (true, true);
                inputs.araddr = offset;
            }
            None => return,
        }
        self.busy = true;
        inputs.changed.add(Changed::REGISTERS);
    }

    /// Takes what happened in this cycle.
    #[inline]
    pub fn commit(
        &mut self,
        inputs: &mut Inputs,
        outputs: &Outputs,
        memory: &mut impl BusMemory,
        watch: &mut Watch,
        now: u64,
    ) {
        if !self.busy {
            return;
        }
        let before = (inputs.awvalid, inputs.wvalid, inputs.arvalid, inputs.bready, inputs.rready);
        if watch.running && inputs.wvalid && outputs.wready && inputs.awaddr == offset::INPUT_DOORBELL {
            Watch::first(&mut watch.doorbell, now);
        }
        inputs.awvalid &= !outputs.awready;
        inputs.wvalid &= !outputs.wready;
        inputs.arvalid &= !outputs.arready;
        if inputs.bready && outputs.bvalid {
            inputs.bready = false;
            if outputs.bresp != 0 {
                memory.violate(now, format!("write of register {:#x} answered with {}", inputs.awaddr, outputs.bresp));
            }
        }
        if inputs.rready && outputs.rvalid {
            inputs.rready = false;
            self.answer = Some((outputs.rresp == 0).then_some(outputs.rdata));
        }
        self.busy = inputs.bready || inputs.rready;
        if before != (inputs.awvalid, inputs.wvalid, inputs.arvalid, inputs.bready, inputs.rready) {
            inputs.changed.add(Changed::REGISTERS);
        }
    }
}
