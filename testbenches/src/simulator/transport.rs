//! The simulator as the driver's way to an engine.

use super::clock::Simulator;
use crate::peers::Peer;
use std::ops::Range;
use std::ptr::NonNull;
use std::rc::Rc;
use stevedore_abi::register::offset;
use stevedore_driver::{Memory, Purpose, Transport, TransportError};

/// Cycles after which a register that did not answer never will.
const PATIENCE: u64 = 100_000;
/// Unmapped bytes behind every allocation: an engine that runs past a buffer hits nothing.
const GUARD: u64 = 256;

fn other(what: impl ToString) -> TransportError {
    TransportError::Other(what.to_string().into())
}

impl<P: Peer> Simulator<P> {
    /// A violation ends the run at the next call of the driver.
    fn healthy(&self) -> Result<(), TransportError> {
        self.violation().map_or(Ok(()), |violation| Err(other(violation)))
    }
}

impl<P: Peer> Transport for Simulator<P> {
    fn read(&mut self, offset: u32) -> Result<u32, TransportError> {
        self.registers.read(offset);
        for _ in 0..PATIENCE {
            if let Some(answer) = self.registers.answer() {
                self.healthy()?;
                return answer.ok_or(TransportError::Register { offset });
            }
            self.cycle();
        }
        Err(TransportError::NoAnswer { offset })
    }

    fn write(&mut self, offset: u32, value: u32) -> Result<(), TransportError> {
        match offset {
            offset::CYCLES_PER_MICROSECOND => self.cycles_per_microsecond = u64::from(value).max(1),
            offset::OUTPUT_SIZE => self.output_entries = 1 << value,
            offset::OUTPUT_DOORBELL => self.memory.credit_output(value as u16, self.output_entries),
            _ => {}
        }
        self.registers.write(offset, value);
        Ok(())
    }

    fn allocate(&mut self, bytes: usize, alignment: usize) -> Result<Memory, TransportError> {
        let address = self.next_address.next_multiple_of(alignment.max(1) as u64);
        self.next_address = address + bytes as u64 + GUARD;
        // Words, so that the host's pointer is as aligned as ring entries need it.
        let mut space = vec![0u64; bytes.div_ceil(8)].into_boxed_slice();
        let pointer = NonNull::new(space.as_mut_ptr().cast::<u8>()).ok_or(TransportError::OutOfMemory { bytes })?;
        let owner = Rc::new(Allocation { words: Box::into_raw(space) });
        // SAFETY: the words live as long as `owner`, which alone frees them and never touches them otherwise; the
        // memory model reaches them through the same pointer, inside granted ranges only.
        Ok(unsafe { Memory::new(address, pointer, bytes, owner) })
    }

    fn grant(&mut self, memory: &Memory, range: Range<usize>, purpose: Purpose) -> Result<(), TransportError> {
        self.memory.grant(memory, range, purpose).map_err(other)
    }

    fn revoke(&mut self, address: u64) -> Result<(), TransportError> {
        self.memory.revoke(address).map_err(other)
    }

    fn progress(&mut self) -> Result<(), TransportError> {
        self.cycles(self.pause);
        self.healthy()
    }

    fn wait_for_interrupt(&mut self, microseconds: u32) -> Result<bool, TransportError> {
        let end = self.now + u64::from(microseconds) * self.cycles_per_microsecond;
        while self.now < end {
            // A cause just cleared still shows until the write arrives.
            if self.outputs.interrupt && self.registers.is_idle() {
                self.healthy()?;
                return Ok(true);
            }
            self.cycle();
        }
        self.healthy()?;
        Ok(false)
    }
}

/// Host memory as a raw pointer: a `Box` would claim to be the only way to its bytes.
struct Allocation {
    words: *mut [u64],
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` in `allocate`, freed only here.
        drop(unsafe { Box::from_raw(self.words) });
    }
}
